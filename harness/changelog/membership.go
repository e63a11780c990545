package changelog

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// GroupOptions say how a member joins a consumer group. What is 0 or empty is as librdkafka
// and the broker have it.
type GroupOptions struct {
	Protocol       string        // classic or consumer (KIP-848)
	SessionTimeout time.Duration // under classic only: under consumer it is the broker's to say
	Heartbeat      time.Duration // the same
	InstanceID     string        // of static membership (KIP-345)
	Settings       Settings      // that not every cluster asks for
}

// Member is a member of a consumer group, by confluent-kafka-go's subscription. It reads
// nothing; it exists for the partitions that it is given.
type Member struct {
	consumer *kafka.Consumer
	done     chan struct{}
	failed   chan error // of the client, for good
	broken   bool       // there was such an error; to be read once done is closed
	stop     context.CancelFunc
}

// Join subscribes to a topic and waits until partitions are assigned. The member stays in the
// group until Leave, or until it has been silent for the session time-out.
func Join(ctx context.Context, bootstrap, group, topic string, o GroupOptions) (m *Member, partitions []int32, err error) {
	assigned := make(chan []int32, 1)
	m, err = subscribe(bootstrap, group, topic, o.config(), func(c Change) {
		if len(c.Gained) == 0 {
			return
		}
		select {
		case assigned <- c.Gained:
		default: // a later one
		}
	})
	if err != nil {
		return nil, nil, err
	}
	select {
	case partitions = <-assigned:
		slices.Sort(partitions)
		return m, partitions, nil
	case err := <-m.failed:
		return nil, nil, fmt.Errorf("group %s: no partition of %s was assigned: %w", group, topic, errors.Join(err, m.Leave()))
	case <-ctx.Done():
		return nil, nil, fmt.Errorf("group %s: no partition of %s was assigned: %w", group, topic, errors.Join(ctx.Err(), m.Leave()))
	}
}

// Change is what a group does to the partitions of a member.
type Change struct{ Gained, Lost []int32 }

// Share subscribes to a topic as one of several members, and calls changed for every change of what this one has, one at
// a time. It keeps the rest meanwhile, and nobody has what it is to lose before changed returns: under the classic protocol, too,
// assignment is incremental (KIP-429).
func Share(bootstrap, group, topic string, o GroupOptions, changed func(Change)) (*Member, error) {
	config := o.config()
	if o.Protocol == "classic" {
		config["partition.assignment.strategy"] = "cooperative-sticky"
	}
	return subscribe(bootstrap, group, topic, config, changed)
}

// Failed has the error that a client can't go on after, if there is one.
func (m *Member) Failed() <-chan error { return m.failed }

func subscribe(bootstrap, group, topic string, config Settings, changed func(Change)) (*Member, error) {
	c, err := newConsumer(bootstrap, config, Settings{"group.id": group, "enable.auto.commit": "false", "log_level": "0"})
	if err != nil {
		return nil, fmt.Errorf("group %s: %w", group, err)
	}
	err = c.Subscribe(topic, func(_ *kafka.Consumer, e kafka.Event) error {
		switch e := e.(type) {
		case kafka.AssignedPartitions:
			changed(Change{Gained: numbers(e.Partitions)})
		case kafka.RevokedPartitions:
			changed(Change{Lost: numbers(e.Partitions)})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("group %s: subscribe to %s: %w", group, topic, errors.Join(err, c.Close()))
	}
	polling, stop := context.WithCancel(context.Background())
	m := &Member{consumer: c, done: make(chan struct{}), failed: make(chan error, 1), stop: stop}
	go m.poll(polling)
	return m, nil
}

func numbers(partitions []kafka.TopicPartition) (all []int32) {
	for _, p := range partitions {
		all = append(all, p.Partition)
	}
	return all
}

func (o *GroupOptions) config() Settings {
	c := Settings{"group.protocol": o.Protocol}
	if o.SessionTimeout > 0 && o.Protocol == "classic" {
		c["session.timeout.ms"] = strconv.FormatInt(o.SessionTimeout.Milliseconds(), 10)
	}
	if o.Heartbeat > 0 && o.Protocol == "classic" {
		c["heartbeat.interval.ms"] = strconv.FormatInt(o.Heartbeat.Milliseconds(), 10)
	}
	if o.InstanceID != "" {
		c["group.instance.id"] = o.InstanceID
	}
	maps.Copy(c, o.Settings)
	return c
}

// poll serves the group's events; librdkafka sends the heartbeats by itself.
func (m *Member) poll(ctx context.Context) {
	defer close(m.done)
	for ctx.Err() == nil {
		if e, is := m.consumer.Poll(pollWait).(kafka.Error); is && e.IsFatal() {
			m.broken = true
			select {
			case m.failed <- e:
			default: // not the first one
			}
		}
	}
}

// Leave ends the membership. That of a member that has failed is over already, and its client is left to end in the background.
func (m *Member) Leave() error {
	m.stop()
	<-m.done
	if m.broken {
		go func() { _ = m.consumer.Close() }() // librdkafka 2.14 does not come back from closing it
		return nil
	}
	return m.consumer.Close()
}
