package wire

import (
	"context"
	"net"
)

// NewReaderOver is NewReader with connections of a test's.
func NewReaderOver(brokers, topic string, o Options, connect func(ctx context.Context, network, address string) (net.Conn, error)) *Reader {
	if o.FetchBytes == 0 {
		o.FetchBytes = DefaultFetchBytes
	}
	return newReader(brokers, topic, o, connect)
}

// Insist is insist.
var Insist = insist
