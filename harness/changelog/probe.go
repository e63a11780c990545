package changelog

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// ErrRefused means that a cluster answers and does not let us in: a wrong user or password, or a certificate that one of the two
// does not trust. To ask again would not help.
var ErrRefused = errors.New("the cluster refuses the connection")

// Probe succeeds when the cluster at bootstrap answers a metadata request before
// ctx ends.
func Probe(ctx context.Context, bootstrap string) error { return Prober(nil)(ctx, bootstrap) }

// Prober makes a Probe with settings that not every cluster asks for. It is ErrRefused as soon as a connection
// is refused for good.
func Prober(overrides Settings) func(ctx context.Context, bootstrap string) error {
	return func(ctx context.Context, bootstrap string) error {
		_, err := Hosts(ctx, bootstrap, overrides)
		return err
	}
}

// Hosts asks as a Prober does, and returns the hosts at which the cluster says that its brokers are.
func Hosts(ctx context.Context, bootstrap string, overrides Settings) (hosts []string, err error) {
	// A producer that sends nothing: it tells why connections fail, as an admin client does not; and a consumer would
	// look for its group's coordinator, for which a broker makes the topic of the groups' offsets.
	s := Settings{
		"log_level": "0", "reconnect.backoff.ms": "20", "reconnect.backoff.max.ms": "500", "socket.nagle.disable": "true",
	}.with(bootstrap, overrides)
	m, err := s.configMap()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", bootstrap, err)
	}
	p, err := kafka.NewProducer(m)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", bootstrap, s.made(err))
	}
	defer p.Close()
	for {
		md, err := p.GetMetadata(nil, false, 250)
		if err == nil {
			for _, b := range md.Brokers {
				hosts = append(hosts, b.Host)
			}
			return hosts, nil
		}
		if why := refusal(p.Events()); why != nil {
			return nil, fmt.Errorf("%s: %w: %w", bootstrap, ErrRefused, s.made(why))
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%s: %w (%w)", bootstrap, ctx.Err(), err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// alerted is what OpenSSL says of a peer that ends a connection. Under TLS 1.3 who lacks a certificate is told so behind the handshake,
// which librdkafka takes for a failure of the transport.
const alerted = "SSL alert number"

// refusal is the first of the client's errors so far that says that a connection is refused, or nil.
func refusal(events <-chan kafka.Event) error {
	for {
		select {
		case event := <-events:
			e, is := event.(kafka.Error)
			if is && (e.Code() == kafka.ErrAuthentication || e.Code() == kafka.ErrSsl || strings.Contains(e.Error(), alerted)) {
				return e
			}
		default:
			return nil
		}
	}
}
