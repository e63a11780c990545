package changelog

import (
	"context"
	"fmt"
	"time"

	"restorebench/stores"
)

// TransactionalWriter writes one partition as Writer does, in transactions: a batch that is waited
// for is committed, with all that were sent by then. It is the partition's only writer.
type TransactionalWriter struct {
	*Transactions
	topic     string
	partition int32
	ends      Reader
	open      bool
	sent      stores.Offset // behind the last record
	committed stores.Offset // behind the marker of the last transaction
}

// Writer makes a writer of a partition, whose end offset it asks of a reader of the topic.
func (t *Transactions) Writer(topic string, partition int32, ends Reader) *TransactionalWriter {
	return &TransactionalWriter{Transactions: t, topic: topic, partition: partition, ends: ends}
}

// Send sends a batch, in a new transaction if none is open, and waits for acknowledgements.
func (w *TransactionalWriter) Send(b *stores.Batch) (Ticket, error) {
	if !w.open {
		if err := w.Begin(); err != nil {
			return Ticket{}, err
		}
		w.open = true
	}
	ctx, cancel := context.WithTimeout(context.Background(), transactionTimeout)
	defer cancel()
	next, err := w.Transactions.Send(ctx, w.topic, b)
	w.sent = max(w.sent, next)
	return Ticket{next: next}, err
}

// Wait commits what is open, and returns the offset behind a batch, or behind the marker that follows the
// last one: a store that stands there is current.
func (w *TransactionalWriter) Wait(ctx context.Context, ticket Ticket) (stores.Offset, error) {
	if w.open {
		if err := w.Commit(ctx); err != nil {
			return 0, err
		}
		w.open = false
		if err := w.awaitMarker(ctx); err != nil {
			return 0, err
		}
	}
	if ticket.next == w.sent {
		return w.committed, nil
	}
	return ticket.next, nil
}

// awaitMarker waits until the marker of a commit is in the partition: the coordinator confirms
// one before it writes that.
func (w *TransactionalWriter) awaitMarker(ctx context.Context) error {
	for {
		_, end, err := w.ends.EndOffsets(w.partition, transactionTimeout)
		if err != nil {
			return err
		}
		if end > w.sent {
			w.committed = end
			return nil
		}
		select {
		case <-time.After(leaderPause):
		case <-ctx.Done():
			return w.failed(fmt.Errorf("no marker behind offset %d of %s-%d: %w", w.sent, w.topic, w.partition, ctx.Err()))
		}
	}
}
