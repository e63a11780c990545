package wire

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

// conn is one connection that speaks Kafka's protocol. One goroutine uses it.
type conn struct {
	net     net.Conn
	format  *kmsg.RequestFormatter
	sent    int32 // id of the last request
	asked   int32 // id of the last one that was answered
	fetches int16 // version of Fetch to be spoken
	out, in []byte
}

// Limits of one exchange.
const (
	connectTimeout  = 10 * time.Second
	exchangeTimeout = 30 * time.Second // without a byte; however slow a link is, what comes over it counts
	prolongAfter    = time.Second      // a deadline is moved on when it is this old: not for every read
	maxResponse     = 1 << 30          // bytes; more than any fetch of ours gets
)

// dialer makes the connections; net.Dialer's DialContext, but for tests.
type dialer func(ctx context.Context, network, address string) (net.Conn, error)

// dial connects to one broker and makes sure that it speaks what we do.
func (d dialer) dial(ctx context.Context, address string) (*conn, error) {
	n, err := d(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	c := &conn{net: n, format: kmsg.NewRequestFormatter(kmsg.FormatterClientID("restorebench"))}
	if err := c.checkVersions(ctx); err != nil {
		c.Close()
		return nil, fmt.Errorf("%s: %w", address, err)
	}
	return c, nil
}

// Close ends the connection.
func (c *conn) Close() { c.net.Close() }

// Ask sends a request and reads its response, which then points into the connection's
// buffer.
func (c *conn) Ask(ctx context.Context, req kmsg.Request, resp kmsg.Response) error {
	if err := c.send(req); err != nil {
		return err
	}
	var err error
	if c.in, err = c.receive(ctx, c.in[:0]); err != nil {
		return err
	}
	return parse(req, resp, c.in)
}

// send writes a request.
func (c *conn) send(req kmsg.Request) error {
	c.sent++
	c.out = c.format.AppendRequest(c.out[:0], req, c.sent)
	if err := c.net.SetWriteDeadline(time.Now().Add(exchangeTimeout)); err != nil {
		return err
	}
	_, err := c.net.Write(c.out)
	return err
}

// receive appends the next response to buf, without its size. Responses come in the order
// of the requests. After an error, the end of ctx among them, the connection is of no
// more use.
func (c *conn) receive(ctx context.Context, buf []byte) ([]byte, error) {
	a := arriving{ctx: ctx, net: c.net}
	if err := a.prolong(); err != nil {
		return buf, err
	}
	stop := context.AfterFunc(ctx, func() { _ = c.net.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	buf, err := c.read(&a, buf)
	if ctx.Err() != nil {
		return buf, ctx.Err()
	}
	return buf, err
}

// arriving is a response that comes in: the deadline of its connection moves on as long as it does.
type arriving struct {
	ctx   context.Context // whose end sets the deadline to a time that is over
	net   net.Conn
	since time.Time // when the deadline was set
}

func (a *arriving) Read(b []byte) (int, error) {
	n, err := a.net.Read(b)
	if err == nil && time.Since(a.since) > prolongAfter {
		err = a.prolong()
	}
	return n, err
}

func (a *arriving) prolong() error {
	a.since = time.Now()
	if err := a.net.SetReadDeadline(a.since.Add(exchangeTimeout)); err != nil {
		return err
	}
	return a.ctx.Err() // its deadline may have been overwritten
}

func (c *conn) read(from io.Reader, buf []byte) ([]byte, error) {
	var size [4]byte
	if _, err := io.ReadFull(from, size[:]); err != nil {
		return buf, err
	}
	n := binary.BigEndian.Uint32(size[:])
	if n < 4 || n > maxResponse {
		return buf, fmt.Errorf("response of %d bytes; is this a Kafka listener without TLS?", n)
	}
	start := len(buf)
	buf = slices.Grow(buf, int(n))[:start+int(n)]
	if _, err := io.ReadFull(from, buf[start:]); err != nil {
		return buf[:start], err
	}
	c.asked++
	if got := int32(binary.BigEndian.Uint32(buf[start:])); got != c.asked {
		return buf[:start], fmt.Errorf("response %d to request %d", got, c.asked)
	}
	return buf, nil
}

// parse reads a response that receive has returned; what is bytes in it points there.
func parse(req kmsg.Request, resp kmsg.Response, raw []byte) error {
	body := raw[4:]
	// The header of a flexible response ends with tags, of which there are none so far.
	// That of ApiVersions never does (KIP-511).
	if req.IsFlexible() && req.Key() != int16(kmsg.ApiVersions) {
		if len(body) == 0 || body[0] != 0 {
			return errors.New("response header has unknown tags")
		}
		body = body[1:]
	}
	resp.SetVersion(req.GetVersion())
	if err := resp.ReadFrom(body); err != nil {
		return fmt.Errorf("%s response: %w", kmsg.NameForKey(req.Key()), err)
	}
	return nil
}

// Versions of requests.
const (
	metadataVersion = 10 // with topic ids (KIP-516), since Kafka 2.8
	fetchByName     = 12 // the last one that names topics, since Kafka 2.7
	fetchByID       = 13 // numbers them, so that no other topic of the name is read; since Kafka 3.1
)

// checkVersions tells a broker that is too old before its first fetch.
func (c *conn) checkVersions(ctx context.Context) error {
	var resp kmsg.ApiVersionsResponse
	if err := c.Ask(ctx, kmsg.NewPtrApiVersionsRequest(), &resp); err != nil {
		return err
	}
	spoken := func(request kmsg.Key, version int16) bool {
		return slices.ContainsFunc(resp.ApiKeys, func(k kmsg.ApiVersionsResponseApiKey) bool {
			return k.ApiKey == int16(request) && k.MinVersion <= version && version <= k.MaxVersion
		})
	}
	for _, needed := range []struct {
		request kmsg.Key
		version int16
	}{{kmsg.Metadata, metadataVersion}, {kmsg.Fetch, fetchByName}} {
		if !spoken(needed.request, needed.version) {
			return fmt.Errorf("the broker does not speak version %d of %s (Kafka 2.8 and later do)", needed.version, kmsg.NameForKey(int16(needed.request)))
		}
	}
	c.fetches = fetchByName
	if spoken(kmsg.Fetch, fetchByID) {
		c.fetches = fetchByID
	}
	return nil
}
