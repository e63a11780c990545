package ceilings

import (
	"context"
	"fmt"
	"time"

	"restorebench/harness/changelog"
)

// Poll is what most Go applications would do instead of a restore: confluent-kafka-go
// with its default settings, one Poll per record, into a Go map; see changelog.Poller.
// Several partitions share the one consumer, and have a map each.
func Poll(ctx context.Context, s Source) (Result, error) {
	p, err := changelog.NewPoller(s.Brokers, s.Topic)
	if err != nil {
		return Result{}, err
	}
	defer p.Close()
	if err := p.Connect(s.Spans, connectTimeout); err != nil {
		return Result{}, err
	}
	state := map[int32]map[string][]byte{}
	for _, span := range s.Spans {
		state[span.Partition] = map[string][]byte{}
	}
	var done tally
	moving, stop := whileMoving(ctx, stallLimit, &done.records)
	defer stop()
	start := time.Now()
	err = p.Each(moving, s.Spans, func(partition int32, key, value []byte) {
		done.add(1, int64(len(key)+len(value)))
		switch {
		case key == nil:
		case value == nil:
			delete(state[partition], string(key))
		default:
			state[partition][string(key)] = value
		}
	})
	if err != nil {
		return done.result(start), fmt.Errorf("poll: %w", because(moving, err))
	}
	return done.result(start), nil
}
