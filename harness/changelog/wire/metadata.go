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

// metadata finds the address of each partition's leader, "" for one that has none now. It
// asks the brokers in turn, and also returns the connection to the one that answered.
func (d dialer) metadata(ctx context.Context, brokers, topic string) (leaders map[int32]string, address string, c *conn, err error) {
	var failed []error
	for address := range strings.SplitSeq(brokers, ",") {
		c, err := d.dial(ctx, address)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		resp, err := describe(ctx, c, topic)
		if err == nil {
			leaders, err = pick(resp, topic)
		}
		if err == nil {
			return leaders, address, c, nil
		}
		c.Close()
		if isKafka(err) {
			return nil, "", nil, err // every broker would say so
		}
		failed = append(failed, fmt.Errorf("%s: %w", address, err))
	}
	return nil, "", nil, errors.Join(failed...)
}

func describe(ctx context.Context, c *conn, topic string) (*kmsg.MetadataResponse, error) {
	req := kmsg.NewPtrMetadataRequest()
	req.Version = 9
	t := kmsg.NewMetadataRequestTopic()
	t.Topic = &topic
	req.Topics = append(req.Topics, t)
	var resp kmsg.MetadataResponse
	return &resp, c.Ask(ctx, req, &resp)
}

func pick(m *kmsg.MetadataResponse, topic string) (map[int32]string, error) {
	if len(m.Topics) != 1 {
		return nil, fmt.Errorf("the broker described %d topics instead of %s", len(m.Topics), topic)
	}
	if err := kerr.ErrorForCode(m.Topics[0].ErrorCode); err != nil {
		return nil, fmt.Errorf("topic %s: %w", topic, err)
	}
	addresses := map[int32]string{}
	for _, b := range m.Brokers {
		addresses[b.NodeID] = net.JoinHostPort(b.Host, strconv.Itoa(int(b.Port)))
	}
	leaders := map[int32]string{}
	for _, p := range m.Topics[0].Partitions {
		leaders[p.Partition] = addresses[p.Leader]
	}
	return leaders, nil
}
