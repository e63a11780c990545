package changelog

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"restorebench/stores"
)

// Transactions is a transactional producer (KIP-98, KIP-447): what it sends to any number of topics, and
// the offsets of the input that came from, become visible together or not at all. One
// goroutine uses it.
type Transactions struct {
	id       string
	producer *kafka.Producer
	acks     chan kafka.Event
	begun    time.Time // the last one that was; zero: none
}

// transactionTimeout is how long a transaction may take, and each of its steps: less than the time after which
// a processor that reports nothing has hung.
const transactionTimeout = 45 * time.Second

// silenceTimeout is how long a connection may not answer: what was asked is asked again over another one while there
// is time. librdkafka's own is as long as the transaction. (The wire's exchanges have the same.)
const silenceTimeout = 30 * time.Second

// NewTransactions makes the producer of a transactional id, and fences the one before it:
// what that had begun and not committed is aborted when this returns, so that nothing of
// it is pending for a reader of committed records. Settings override LoadSettings, and for how long the broker leaves a transaction open.
func NewTransactions(ctx context.Context, bootstrap, id string, overrides Settings) (*Transactions, error) {
	limit := strconv.FormatInt(transactionTimeout.Milliseconds(), 10)
	p, err := newProducer(LoadSettings().with(bootstrap, Settings{"transaction.timeout.ms": limit}, overrides, Settings{
		"transactional.id":   id,
		"message.timeout.ms": limit, // not more than a transaction may take
		"socket.timeout.ms":  strconv.FormatInt(silenceTimeout.Milliseconds(), 10),
	}))
	if err != nil {
		return nil, fmt.Errorf("transactions of %s: %w", id, err)
	}
	t := &Transactions{id: id, producer: p, acks: make(chan kafka.Event, 1024)}
	go func() {
		for range p.Events() { // errors come back from the calls
		}
	}()
	err = retry(ctx, transactionTimeout, p.InitTransactions)
	if err != nil {
		t.Close()
		return nil, fmt.Errorf("transactions of %s: %w", id, away(err))
	}
	return t, nil
}

// retry repeats what librdkafka says can be, up to a limit. That is needed: a coordinator that has come back at another
// address, and is the same broker, is looked for at the old one for ever. Only another client finds it.
func retry(ctx context.Context, limit time.Duration, step func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		err := step(ctx)
		var failure kafka.Error
		switch {
		case err == nil || !errors.As(err, &failure) || !failure.IsRetriable():
			return err
		case errors.Is(ctx.Err(), context.DeadlineExceeded):
			return fmt.Errorf("not done within %v: %w", limit, err)
		case ctx.Err() != nil:
			return err
		}
	}
}

// Begin begins a transaction.
func (t *Transactions) Begin() error {
	t.begun = time.Now()
	return t.failed(t.producer.BeginTransaction())
}

// Send writes a batch to a partition within the transaction, and returns the offset behind
// its last record once all of it is acknowledged. It stands for nothing before Commit.
func (t *Transactions) Send(ctx context.Context, topic string, b *stores.Batch) (next stores.Offset, err error) {
	sent, got := 0, 0
	for i := range b.Len() {
		for ; sent-got >= cap(t.acks); got++ { // full: librdkafka would drop acknowledgements
			if next, err = t.ack(ctx, next); err != nil {
				return 0, err
			}
		}
		err := t.producer.Produce(&kafka.Message{
			TopicPartition: kafka.TopicPartition{Topic: &topic, Partition: b.Partition},
			Key:            b.Key(i), Value: b.Value(i), Timestamp: time.UnixMilli(b.Entries[i].Timestamp),
		}, t.acks)
		if err != nil {
			return 0, t.failed(err)
		}
		sent++
	}
	for ; got < sent; got++ {
		if next, err = t.ack(ctx, next); err != nil {
			return 0, err
		}
	}
	return next, nil
}

// ack takes one acknowledgement.
func (t *Transactions) ack(ctx context.Context, next stores.Offset) (stores.Offset, error) {
	select {
	case e := <-t.acks:
		m, ok := e.(*kafka.Message)
		if !ok {
			return 0, t.failed(fmt.Errorf("%v instead of an acknowledgement", e))
		}
		if err := m.TopicPartition.Error; err != nil {
			return 0, t.failed(fmt.Errorf("a record was not acknowledged: %w", err))
		}
		return max(next, stores.Offset(m.TopicPartition.Offset)+1), nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// SendOffset makes the group's offset of partition 0 of a topic part of the transaction.
func (t *Transactions) SendOffset(ctx context.Context, g *Group, topic string, next stores.Offset) error {
	meta, err := g.consumer.GetConsumerGroupMetadata()
	if err != nil {
		return t.failed(err)
	}
	offsets := []kafka.TopicPartition{{Topic: &topic, Offset: kafka.Offset(next)}}
	return t.failed(retry(ctx, transactionTimeout, func(ctx context.Context) error {
		return t.producer.SendOffsetsToTransaction(ctx, offsets, meta)
	}))
}

// Commit makes all of the transaction visible.
func (t *Transactions) Commit(ctx context.Context) error {
	return t.failed(retry(ctx, transactionTimeout, t.producer.CommitTransaction))
}

// Abort takes all of the transaction back.
func (t *Transactions) Abort(ctx context.Context) error {
	return t.failed(retry(ctx, transactionTimeout, t.producer.AbortTransaction))
}

func (t *Transactions) failed(err error) error {
	if err == nil {
		return nil
	}
	var fatal kafka.Error
	if !errors.As(t.producer.GetFatalError(), &fatal) { // which is behind whatever else fails
		errors.As(err, &fatal)
	}
	return fmt.Errorf("transaction of %s: %w", t.id, why(fatal.Code(), t.begun, err))
}

// why is an error of a transaction that began at a time, the zero one if none did, as that by which it is to be known.
func why(code kafka.ErrorCode, begun time.Time, err error) error {
	switch code {
	case kafka.ErrFenced, kafka.ErrInvalidProducerEpoch, kafka.ErrProducerFenced:
		if open := time.Since(begun); !begun.IsZero() && open >= transactionTimeout {
			return fmt.Errorf("%w, which is %v: it was open for %v (%w)", ErrExpired, transactionTimeout, open.Round(time.Millisecond), err)
		}
		return fmt.Errorf("%w (%w)", ErrFenced, err)
	case kafka.ErrMsgSizeTooLarge:
		return fmt.Errorf("%w (%w)", ErrRecordTooLarge, err)
	default:
		return away(err)
	}
}

// Close ends the producer, and leaves a transaction that is open to its successor.
func (t *Transactions) Close() { t.producer.Close() }
