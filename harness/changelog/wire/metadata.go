package wire

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// view is what a broker knows of a topic.
type view struct {
	id      [16]byte         // KIP-516; zero where the cluster gives none
	leaders map[int32]string // addresses, by partition; "" for one that has none now
}

// metadata asks the brokers in turn for a topic, and also returns the connection to the one
// that answered.
func (d dialer) metadata(ctx context.Context, brokers, topic string) (v view, address string, c *conn, err error) {
	var failed []error
	for address := range strings.SplitSeq(brokers, ",") {
		v, c, err := d.ask(ctx, address, topic)
		if err == nil {
			return v, address, c, nil
		}
		if isKafka(err) {
			return view{}, "", nil, err // every broker would say so
		}
		failed = append(failed, err)
	}
	return view{}, "", nil, errors.Join(failed...)
}

// askTimeout is how long a broker may take that knows where a topic is: the next one may, too.
const askTimeout = connectTimeout

// ask asks one broker for a topic.
func (d dialer) ask(ctx context.Context, address, topic string) (view, *conn, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	c, err := d.dial(ctx, address)
	if err != nil {
		return view{}, nil, err
	}
	resp, err := describe(ctx, c, topic)
	if err == nil {
		var v view
		if v, err = pick(resp, topic); err == nil {
			return v, c, nil
		}
	}
	c.Close()
	if isKafka(err) {
		return view{}, nil, err
	}
	return view{}, nil, fmt.Errorf("%s: %w", address, err)
}

func describe(ctx context.Context, c *conn, topic string) (*kmsg.MetadataResponse, error) {
	req := kmsg.NewPtrMetadataRequest()
	req.Version = metadataVersion
	t := kmsg.NewMetadataRequestTopic()
	t.Topic = &topic
	req.Topics = append(req.Topics, t)
	var resp kmsg.MetadataResponse
	return &resp, c.Ask(ctx, req, &resp)
}

func pick(m *kmsg.MetadataResponse, topic string) (view, error) {
	if len(m.Topics) != 1 {
		return view{}, fmt.Errorf("the broker described %d topics instead of %s", len(m.Topics), topic)
	}
	if err := kerr.ErrorForCode(m.Topics[0].ErrorCode); err != nil {
		return view{}, fmt.Errorf("topic %s: %w", topic, err)
	}
	all, v := addresses(m), view{m.Topics[0].TopicID, map[int32]string{}}
	for _, p := range m.Topics[0].Partitions {
		v.leaders[p.Partition] = all[p.Leader]
	}
	return v, nil
}

// addresses are those of all brokers, by their ids.
func addresses(m *kmsg.MetadataResponse) map[int32]string {
	all := map[int32]string{}
	for _, b := range m.Brokers {
		all[b.NodeID] = net.JoinHostPort(b.Host, strconv.Itoa(int(b.Port)))
	}
	return all
}
