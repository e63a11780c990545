package wire

import (
	"context"
	"net"

	"github.com/twmb/franz-go/pkg/kmsg"
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

// Verdict is verdict.
var Verdict = verdict

// LoadTimeout is loadTimeout.
const LoadTimeout = loadTimeout

// TransactionalBatch is a record batch of a producer's transaction.
func TransactionalBatch(producer int64, epoch int16) []byte {
	return encode(0, []record{{timestamp: 99_000, key: []byte("k")}}, func(b *kmsg.RecordBatch) {
		b.Attributes, b.ProducerID, b.ProducerEpoch = transactional, producer, epoch
	})
}
