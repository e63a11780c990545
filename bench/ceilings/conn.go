package ceilings

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// conn is one connection that speaks Kafka's protocol, a request at a time.
type conn struct {
	net.Conn
	unhook func() bool
	format *kmsg.RequestFormatter
	id     int32
	out    []byte
	in     []byte // the last response; what was read from it points here
}

// Limits of one exchange.
const (
	exchangeTimeout = 30 * time.Second
	maxResponse     = 1 << 30 // bytes; more than any fetch of ours gets
)

// dial connects to one broker. The end of ctx ends whatever the connection waits for.
func dial(ctx context.Context, address string) (*conn, error) {
	dialer := net.Dialer{Timeout: connectTimeout}
	c, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return &conn{
		Conn:   c,
		unhook: context.AfterFunc(ctx, func() { c.Close() }),
		format: kmsg.NewRequestFormatter(kmsg.FormatterClientID("restorebench-wire")),
	}, nil
}

// Close ends the connection.
func (c *conn) Close() error {
	c.unhook()
	return c.Conn.Close()
}

// ask sends a request and reads its response into resp, which then points into the
// connection's buffer. It returns the bytes that came off the socket.
func (c *conn) ask(req kmsg.Request, resp kmsg.Response) (int64, error) {
	c.id++
	c.out = c.format.AppendRequest(c.out[:0], req, c.id)
	if err := c.SetDeadline(time.Now().Add(exchangeTimeout)); err != nil {
		return 0, err
	}
	if _, err := c.Write(c.out); err != nil {
		return 0, err
	}
	if err := c.receive(); err != nil {
		return 0, err
	}
	if got := int32(binary.BigEndian.Uint32(c.in)); got != c.id {
		return 0, fmt.Errorf("response %d to request %d", got, c.id)
	}
	body := c.in[4:]
	// The header of a flexible response ends with tags, of which there are none so far.
	// That of ApiVersions never does (KIP-511).
	if req.IsFlexible() && req.Key() != int16(kmsg.ApiVersions) {
		if len(body) == 0 || body[0] != 0 {
			return 0, errors.New("response header has unknown tags")
		}
		body = body[1:]
	}
	resp.SetVersion(req.GetVersion())
	if err := resp.ReadFrom(body); err != nil {
		return 0, fmt.Errorf("%s response: %w", kmsg.NameForKey(req.Key()), err)
	}
	return int64(4 + len(c.in)), nil
}

// receive reads one response into the buffer.
func (c *conn) receive() error {
	var size [4]byte
	if _, err := io.ReadFull(c, size[:]); err != nil {
		return err
	}
	n := binary.BigEndian.Uint32(size[:])
	if n < 4 || n > maxResponse {
		return fmt.Errorf("response of %d bytes; is this a Kafka listener without TLS?", n)
	}
	c.in = slices.Grow(c.in[:0], int(n))[:n]
	_, err := io.ReadFull(c, c.in)
	return err
}

// fetchVersion is the last one that names topics instead of numbering them (KIP-516),
// spoken since Kafka 2.7.
const fetchVersion = 12

// checkVersions tells a broker that is too old before its first fetch.
func (c *conn) checkVersions() error {
	var resp kmsg.ApiVersionsResponse
	if _, err := c.ask(kmsg.NewPtrApiVersionsRequest(), &resp); err != nil {
		return err
	}
	for _, k := range resp.ApiKeys {
		if k.ApiKey == int16(kmsg.Fetch) && k.MinVersion <= fetchVersion && fetchVersion <= k.MaxVersion {
			return nil
		}
	}
	return fmt.Errorf("the broker does not speak version %d of Fetch (Kafka 2.7 and later do)", fetchVersion)
}
