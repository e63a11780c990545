package changelog

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"restorebench/stores"
)

// HeaderWriter writes one partition of a changelog whose records carry headers, as Quix Streams' do. It makes a message of
// each record and is several times as slow as a Writer. One goroutine uses it.
type HeaderWriter struct {
	topic     string
	partition int32
	headers   []kafka.Header
	producer  *kafka.Producer
	acks      chan kafka.Event
}

// NewHeaderWriter creates the writer of a partition, each of whose records gets the headers. Settings override LoadSettings.
func NewHeaderWriter(bootstrap, topic string, partition int32, headers map[string]string, overrides Settings) (*HeaderWriter, error) {
	p, err := newProducer(LoadSettings().with(bootstrap, overrides))
	if err != nil {
		return nil, fmt.Errorf("write %s-%d: %w", topic, partition, err)
	}
	w := &HeaderWriter{topic: topic, partition: partition, producer: p, acks: make(chan kafka.Event, 1<<16)}
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		w.headers = append(w.headers, kafka.Header{Key: name, Value: []byte(headers[name])})
	}
	go func() {
		for range p.Events() { // errors come back with the records
		}
	}()
	return w, nil
}

func newProducer(s Settings) (*kafka.Producer, error) {
	m, err := s.configMap()
	if err != nil {
		return nil, err
	}
	p, err := kafka.NewProducer(m)
	return p, s.made(err)
}

// Write writes a batch, and returns the offset behind its last record once all of it is acknowledged.
func (w *HeaderWriter) Write(ctx context.Context, b *stores.Batch) (next stores.Offset, err error) {
	acked := 0
	for i := range b.Len() {
		if i-acked == cap(w.acks) { // full: librdkafka would drop acknowledgements
			if next, err = w.ack(ctx, next); err != nil {
				return 0, err
			}
			acked++
		}
		err := w.producer.Produce(&kafka.Message{
			TopicPartition: kafka.TopicPartition{Topic: &w.topic, Partition: w.partition},
			Key:            b.Key(i), Value: b.Value(i), Timestamp: time.UnixMilli(b.Entries[i].Timestamp), Headers: w.headers,
		}, w.acks)
		if err != nil {
			return 0, w.failed(err)
		}
	}
	for ; acked < b.Len(); acked++ {
		if next, err = w.ack(ctx, next); err != nil {
			return 0, err
		}
	}
	return next, nil
}

func (w *HeaderWriter) ack(ctx context.Context, next stores.Offset) (stores.Offset, error) {
	select {
	case e := <-w.acks:
		m, ok := e.(*kafka.Message)
		if !ok {
			return 0, w.failed(fmt.Errorf("%v instead of an acknowledgement", e))
		}
		if err := m.TopicPartition.Error; err != nil {
			return 0, w.failed(fmt.Errorf("a record was not acknowledged: %w", err))
		}
		return max(next, stores.Offset(m.TopicPartition.Offset)+1), nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

func (w *HeaderWriter) failed(err error) error {
	return fmt.Errorf("write %s-%d: %w", w.topic, w.partition, err)
}

// Close ends the producer.
func (w *HeaderWriter) Close() { w.producer.Close() }
