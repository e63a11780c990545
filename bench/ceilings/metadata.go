package ceilings

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// leaders finds the address of each partition's leader.
func leaders(ctx context.Context, brokers, topic string, partitions []int32) ([]string, error) {
	var failed []error
	for address := range strings.SplitSeq(brokers, ",") {
		resp, err := metadata(ctx, address, topic)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		return pick(resp, topic, partitions)
	}
	return nil, fmt.Errorf("wire: %w", errors.Join(failed...))
}

func metadata(ctx context.Context, address, topic string) (*kmsg.MetadataResponse, error) {
	c, err := dial(ctx, address)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	req := kmsg.NewPtrMetadataRequest()
	req.Version = 9
	t := kmsg.NewMetadataRequestTopic()
	t.Topic = &topic
	req.Topics = append(req.Topics, t)
	var resp kmsg.MetadataResponse
	if _, err := c.ask(req, &resp); err != nil {
		return nil, fmt.Errorf("%s: %w", address, err)
	}
	return &resp, nil
}

func pick(m *kmsg.MetadataResponse, topic string, partitions []int32) ([]string, error) {
	if len(m.Topics) != 1 {
		return nil, fmt.Errorf("wire: the broker described %d topics instead of %s", len(m.Topics), topic)
	}
	if err := kerr.ErrorForCode(m.Topics[0].ErrorCode); err != nil {
		return nil, fmt.Errorf("wire: topic %s: %w", topic, err)
	}
	var addresses []string
	for _, p := range partitions {
		i := slices.IndexFunc(m.Topics[0].Partitions, func(q kmsg.MetadataResponseTopicPartition) bool { return q.Partition == p })
		if i < 0 {
			return nil, fmt.Errorf("wire: topic %s has no partition %d", topic, p)
		}
		leader := m.Topics[0].Partitions[i].Leader
		j := slices.IndexFunc(m.Brokers, func(b kmsg.MetadataResponseBroker) bool { return b.NodeID == leader })
		if j < 0 {
			return nil, fmt.Errorf("wire: %s-%d has no leader", topic, p)
		}
		addresses = append(addresses, net.JoinHostPort(m.Brokers[j].Host, strconv.Itoa(int(m.Brokers[j].Port))))
	}
	return addresses, nil
}
