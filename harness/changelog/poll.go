package changelog

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"restorebench/stores"
)

// Span is a part of one partition: from (inclusive) to (exclusive).
type Span struct {
	Partition int32
	From, To  stores.Offset
}

// Poller reads a topic as most Go applications do: one Poll of confluent-kafka-go
// per record, with the library's default settings. It is the baseline that Reader
// is compared with, and nothing else uses it.
//
// Only what a replay can't do without differs from the defaults: no commits, an
// error instead of a jump where an offset is gone, and an event at the partition's
// end, which tells the position behind markers and holes. The default isolation
// level is read_committed.
type Poller struct {
	topic    string
	consumer *kafka.Consumer
}

// NewPoller creates the consumer. It connects in the background.
func NewPoller(bootstrap, topic string) (*Poller, error) {
	c, err := kafka.NewConsumer(&kafka.ConfigMap{
		"bootstrap.servers": bootstrap,
		// The library wants one; partitions are assigned, so it gets no members.
		"group.id":             topic + "-poll",
		"enable.auto.commit":   false,
		"auto.offset.reset":    "error",
		"enable.partition.eof": true,
		"log_level":            3,
	})
	if err != nil {
		return nil, fmt.Errorf("poll %s: %w", topic, err)
	}
	return &Poller{topic: topic, consumer: c}, nil
}

// Connect asks for the end offsets of the spans' partitions, so that Each finds the
// connections made. The error tells a partition that does not exist, and a span
// beyond its partition's end.
func (p *Poller) Connect(spans []Span, timeout time.Duration) error {
	for _, s := range spans {
		_, end, err := p.consumer.QueryWatermarkOffsets(p.topic, s.Partition, int(timeout.Milliseconds()))
		if err != nil {
			return fmt.Errorf("end offset of %s-%d: %w", p.topic, s.Partition, err)
		}
		if s.To > stores.Offset(end) {
			return fmt.Errorf("poll %s-%d up to offset %d: %w: the partition ends at %d", p.topic, s.Partition, s.To, ErrOffsetOutOfRange, end)
		}
	}
	return nil
}

// Each calls fn for every record of the spans, each partition's in order, until all
// of them are through. The record is the callee's to keep; a nil value is a
// tombstone, a nil key a record without one. A broker that does not answer is
// waited for until ctx ends.
func (p *Poller) Each(ctx context.Context, spans []Span, fn func(partition int32, key, value []byte)) error {
	open := map[int32]stores.Offset{} // partitions that are not through, and where they end
	var assignment []kafka.TopicPartition
	for _, s := range spans {
		if s.From < s.To {
			open[s.Partition] = s.To
			assignment = append(assignment, kafka.TopicPartition{Topic: &p.topic, Partition: s.Partition, Offset: kafka.Offset(s.From)})
		}
	}
	if err := p.consumer.Assign(assignment); err != nil {
		return fmt.Errorf("poll %s: %w", p.topic, err)
	}
	for len(open) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		at, err := p.poll(open, fn)
		if err != nil {
			return fmt.Errorf("poll %s: %w", p.topic, err)
		}
		if to, is := open[at.Partition]; is && at.From >= to {
			delete(open, at.Partition)
		}
	}
	return nil
}

// pollWait bounds how late Each notices the end of its context.
const pollWait = 100 // ms

// poll handles one event and returns the position that it tells, of a partition that
// is none if it tells nothing.
func (p *Poller) poll(open map[int32]stores.Offset, fn func(partition int32, key, value []byte)) (at Span, err error) {
	nowhere := Span{Partition: -1}
	switch e := p.consumer.Poll(pollWait).(type) {
	case *kafka.Message:
		if e.TopicPartition.Error != nil {
			return nowhere, e.TopicPartition.Error
		}
		partition, offset := e.TopicPartition.Partition, stores.Offset(e.TopicPartition.Offset)
		if offset < open[partition] {
			fn(partition, e.Key, e.Value)
		}
		return Span{Partition: partition, From: offset + 1}, nil
	case kafka.PartitionEOF:
		return Span{Partition: e.Partition, From: stores.Offset(e.Offset)}, nil
	case kafka.Error:
		if unreached(e.Code()) {
			return nowhere, nil
		}
		if e.Code() == kafka.ErrAutoOffsetReset {
			return nowhere, errors.Join(ErrOffsetOutOfRange, e)
		}
		return nowhere, e
	default:
		return nowhere, nil
	}
}

// unreached tells the errors of brokers that could not be reached. librdkafka goes on trying after it has reported one.
func unreached(code kafka.ErrorCode) bool {
	switch code {
	case kafka.ErrTransport, kafka.ErrAllBrokersDown, kafka.ErrTimedOut, kafka.ErrResolve:
		return true
	default:
		return false
	}
}

// Close ends the consumer.
func (p *Poller) Close() error { return p.consumer.Close() }
