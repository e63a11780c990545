package changelog

import (
	"errors"
	"fmt"
	"strconv"
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
	connect  func() (*kafka.Consumer, error)
	consumer *kafka.Consumer
}

const (
	// groupTimeout bounds how long the coordinator may take: a broker that was just
	// started creates the topic of the offsets first, and one that is restarted within half
	// a minute is waited for.
	groupTimeout = 45 * time.Second
	// searchTimeout is how long a client looks for the coordinator, or waits for its answer, before another one takes its place. librdkafka 2.14
	// looks for a coordinator that has come back at another address, and is the same broker, at the old one for ever.
	searchTimeout = 10 * time.Second
)

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
	limit := strconv.FormatInt(searchTimeout.Milliseconds(), 10)
	settings := append([]Settings{{
		"group.id": name, "enable.auto.commit": "false", "log_level": "0",
		isolationLevel: isolation,
		// So that a connection that does not answer is given up, and another one tried, within groupTimeout.
		"socket.timeout.ms": limit,
		// So long a commit waits for a coordinator. There is no member that could have a session.
		"session.timeout.ms": limit,
	}}, overrides...)
	g := &Group{name: name, connect: func() (*kafka.Consumer, error) { return newConsumer(bootstrap, settings...) }}
	var err error
	if g.consumer, err = g.connect(); err != nil {
		return nil, fmt.Errorf("group %s: %w", name, err)
	}
	return g, nil
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
	err := g.ask(func(int) error {
		done, err := g.consumer.CommitOffsets([]kafka.TopicPartition{{Topic: &topic, Offset: kafka.Offset(next)}})
		if err == nil {
			err = done[0].Error
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("commit offset %d of %s for group %s: %w", next, topic, g.name, err)
	}
	return nil
}

// Committed is the offset that Commit saved, 0 when there is none.
func (g *Group) Committed(topic string) (next stores.Offset, err error) {
	err = g.ask(func(limit int) error {
		got, err := g.consumer.Committed([]kafka.TopicPartition{{Topic: &topic}}, limit)
		if err == nil {
			err = got[0].Error
		}
		if err == nil {
			next = stores.Offset(max(got[0].Offset, 0)) // negative: nothing was committed
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("committed offset of %s for group %s: %w", topic, g.name, err)
	}
	return next, nil
}

// ask asks the coordinator until it answers, or the time is over. A question gets the time that it may take, in ms. To ask again, by
// another client too, does no harm: the group has no members, and one offset is committed at a time.
func (g *Group) ask(question func(limit int) error) error {
	begun := time.Now()
	for search := begun; ; time.Sleep(50 * time.Millisecond) {
		err := question(int(searchTimeout.Milliseconds()))
		if err == nil {
			return nil
		}
		if !coordinatorMoves(err) || time.Since(begun) >= groupTimeout {
			return away(err)
		}
		if time.Since(search) >= searchTimeout {
			if err := g.reconnect(); err != nil {
				return err
			}
			search = time.Now()
		}
	}
}

// reconnect puts another client in the place of the one that there is.
func (g *Group) reconnect() error {
	c, err := g.connect()
	if err != nil {
		return err
	}
	before := g.consumer
	g.consumer = c
	return before.Close()
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
