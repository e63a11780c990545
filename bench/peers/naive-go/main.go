// Command naive-go is the restore that most Go services have, as a subject of the harness: a loop over
// confluent-kafka-go's Poll into a map[string][]byte. Arguments NAME=VALUE are settings of its consumer.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"restorebench/harness/secret"
	"restorebench/harness/subject"
	"restorebench/harness/verify"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "naive-go:", err)
		os.Exit(1)
	}
}

func run() (err error) {
	task, err := subject.TaskFromEnv()
	if err != nil {
		return err
	}
	events, err := subject.OpenEvents(task.Events)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = events.Emit(subject.Event{Event: subject.Failed, Code: "failed", Message: err.Error()})
		}
		err = errors.Join(err, events.Close())
	}()
	_, version := kafka.LibraryVersion()
	s := &service{task: task, events: events, tables: map[int32]map[string][]byte{}}
	if err := events.Emit(subject.Event{Event: subject.Hello, Name: "naive-go", Version: version}); err != nil {
		return err
	}
	if err := s.restore(); err != nil {
		return err
	}
	if err := s.serve(); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// service keeps a table per partition.
type service struct {
	task   *subject.Task
	events *subject.Emitter
	tables map[int32]map[string][]byte
}

const timeout = 30 * time.Second

// restore reads every partition from its beginning to the end that it has now.
func (s *service) restore() error {
	client, err := secret.Resolve(s.task.Config.Client)
	if err != nil {
		return err
	}
	config := kafka.ConfigMap{
		"bootstrap.servers": s.task.Brokers, "group.id": s.task.Topic + "-naive-go",
		"enable.auto.commit": false, "auto.offset.reset": "earliest",
	}
	for name, value := range client {
		config[name] = value
	}
	for _, setting := range os.Args[1:] {
		name, value, _ := strings.Cut(setting, "=")
		config[name] = value
	}
	c, err := kafka.NewConsumer(&config)
	if err != nil {
		return err
	}
	defer c.Close()
	partitions := s.task.Config.Partitions
	if err := s.emit(subject.Event{Event: subject.Assigned, Partitions: partitions}, subject.Event{Event: subject.Opened, Path: subject.PathEmpty}); err != nil {
		return err
	}
	ends, assignment := map[int32]int64{}, []kafka.TopicPartition(nil)
	for _, p := range partitions {
		low, high, err := c.QueryWatermarkOffsets(s.task.Topic, p, int(timeout.Milliseconds()))
		if err != nil {
			return err
		}
		s.tables[p] = map[string][]byte{}
		if err := s.emit(subject.Event{Event: subject.RestoreStart, Partition: p, From: low, To: high}); err != nil {
			return err
		}
		if low == high {
			if err := s.emit(subject.Event{Event: subject.CaughtUp, Partition: p, Offset: high}); err != nil {
				return err
			}
			continue
		}
		ends[p] = high
		assignment = append(assignment, kafka.TopicPartition{Topic: &s.task.Topic, Partition: p, Offset: kafka.OffsetBeginning})
	}
	if err := c.Assign(assignment); err != nil {
		return err
	}
	return s.poll(c, ends)
}

// poll is the loop.
func (s *service) poll(c *kafka.Consumer, ends map[int32]int64) error {
	records, size := map[int32]int64{}, map[int32]int64{}
	for len(ends) > 0 {
		switch e := c.Poll(100).(type) {
		case *kafka.Message:
			p := e.TopicPartition.Partition
			if e.TopicPartition.Error != nil {
				return e.TopicPartition.Error
			}
			if e.Value == nil {
				delete(s.tables[p], string(e.Key))
			} else {
				s.tables[p][string(e.Key)] = e.Value
			}
			records[p]++
			size[p] += int64(len(e.Key) + len(e.Value))
			if int64(e.TopicPartition.Offset)+1 < ends[p] {
				continue
			}
			if err := s.emit(subject.Event{Event: subject.CaughtUp, Partition: p, Offset: ends[p], Records: records[p], Bytes: size[p]}); err != nil {
				return err
			}
			delete(ends, p)
		case kafka.Error:
			if e.IsFatal() {
				return e
			}
		}
	}
	return nil
}

// serve answers the harness's reads.
func (s *service) serve() error {
	if err := s.emit(subject.Event{Event: subject.Ready}); err != nil {
		return err
	}
	config := s.task.Config
	if r := config.FirstRead; r != nil {
		if err := s.emit(subject.Event{Event: subject.FirstRead, OK: bytes.Equal(s.tables[r.Partition][string(r.Key)], r.Value)}); err != nil {
			return err
		}
	}
	if config.Digest {
		for _, p := range config.Partitions {
			var d verify.Digest
			for key, value := range s.tables[p] {
				d.Add([]byte(key), value)
			}
			if err := s.emit(subject.Event{Event: subject.DigestOf, Partition: p, Count: d.Count, Bytes: d.Bytes, Digest: d.String(), Sums: d.Sums()}); err != nil {
				return err
			}
		}
	}
	if config.Reads == nil {
		return nil
	}
	var values []subject.Value
	for _, r := range config.Reads {
		if value, ok := s.tables[r.Partition][string(r.Key)]; ok {
			values = append(values, subject.Value{Value: &value})
		} else {
			values = append(values, subject.Value{})
		}
	}
	return s.emit(subject.Event{Event: subject.Reads, Values: values})
}

func (s *service) emit(events ...subject.Event) error {
	for _, e := range events {
		if err := s.events.Emit(e); err != nil {
			return err
		}
	}
	return nil
}
