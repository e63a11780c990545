package changelog

import (
	"errors"
	"fmt"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"restorebench/stores"
)

// Group keeps offsets for a consumer group that has no members: partitions are
// assigned by whoever restores them. It is a consumer that reads nothing; the admin
// client can do the same, but librdkafka 2.14 crashes there when the group's
// coordinator is still coming up (a null rd_kafka_cgrp_t behind OffsetCommit).
type Group struct {
	name     string
	consumer *kafka.Consumer
}

// groupTimeout bounds how long the coordinator may take: a broker that was just
// started creates the topic of the offsets first, and one that is restarted within half
// a minute is waited for.
const groupTimeout = 45 * time.Second

// NewGroup connects to a consumer group. overrides are settings that not every cluster asks for.
func NewGroup(bootstrap, name string, overrides ...Settings) (*Group, error) {
	return newGroup(bootstrap, name, readCommitted, overrides...)
}

// WatchGroup connects to a group to look at its offsets, also while a transaction that
// moves them is open: Committed is then what it was before.
func WatchGroup(bootstrap, name string) (*Group, error) {
	return newGroup(bootstrap, name, readUncommitted)
}

func newGroup(bootstrap, name, isolation string, overrides ...Settings) (*Group, error) {
	c, err := newConsumer(bootstrap, append([]Settings{{
		"group.id": name, "enable.auto.commit": "false", "log_level": "0",
		isolationLevel: isolation,
		// So that a connection that does not answer is given up, and another one tried, within groupTimeout.
		"socket.timeout.ms": "10000",
	}}, overrides...)...)
	if err != nil {
		return nil, fmt.Errorf("group %s: %w", name, err)
	}
	return &Group{name: name, consumer: c}, nil
}

// newConsumer makes a consumer of settings, of which later ones count.
func newConsumer(bootstrap string, settings ...Settings) (*kafka.Consumer, error) {
	s := Settings{}.with(bootstrap, settings...)
	m, err := s.configMap()
	if err != nil {
		return nil, err
	}
	c, err := kafka.NewConsumer(m)
	return c, s.made(err)
}

// Commit saves the offset of partition 0 of a topic: of the next record to process.
func (g *Group) Commit(topic string, next stores.Offset) error {
	for deadline := time.Now().Add(groupTimeout); ; time.Sleep(50 * time.Millisecond) {
		done, err := g.consumer.CommitOffsets([]kafka.TopicPartition{{Topic: &topic, Offset: kafka.Offset(next)}})
		if err == nil {
			err = done[0].Error
		}
		if err == nil {
			return nil
		}
		if !coordinatorMoves(err) || time.Now().After(deadline) {
			return fmt.Errorf("commit offset %d of %s for group %s: %w", next, topic, g.name, away(err))
		}
	}
}

// Committed is the offset that Commit saved, 0 when there is none.
func (g *Group) Committed(topic string) (stores.Offset, error) {
	for deadline := time.Now().Add(groupTimeout); ; time.Sleep(50 * time.Millisecond) {
		left := max(time.Until(deadline), time.Millisecond)
		got, err := g.consumer.Committed([]kafka.TopicPartition{{Topic: &topic}}, int(left.Milliseconds()))
		if err == nil {
			err = got[0].Error
		}
		if err == nil {
			return stores.Offset(max(got[0].Offset, 0)), nil // negative: nothing was committed
		}
		if !coordinatorMoves(err) || time.Now().After(deadline) {
			return 0, fmt.Errorf("committed offset of %s for group %s: %w", topic, g.name, away(err))
		}
	}
}

// Close disconnects.
func (g *Group) Close() error { return g.consumer.Close() }

// coordinatorMoves tells the errors of a coordinator that is not ready yet, or did not answer: to ask again does no harm.
func coordinatorMoves(err error) bool {
	var failure kafka.Error
	if !errors.As(err, &failure) {
		return false
	}
	switch failure.Code() {
	case kafka.ErrCoordinatorLoadInProgress, kafka.ErrCoordinatorNotAvailable, kafka.ErrNotCoordinator, kafka.ErrWaitCoord:
		return true
	default:
		return unreached(failure.Code())
	}
}
