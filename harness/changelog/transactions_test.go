package changelog_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"restorebench/harness/changelog"
	"restorebench/stores"
)

func transactions(t *testing.T, bootstrap, id string) *changelog.Transactions {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	tx, err := changelog.NewTransactions(ctx, bootstrap, id, nil)
	if err != nil {
		t.Fatal(err)
	}
	return tx
}

// committed reads a topic as committed to its end.
func committed(t *testing.T, fetcher, bootstrap, topic string) (text string) {
	t.Helper()
	r, err := changelog.NewReader(bootstrap, topic, changelog.ReaderOptions{Fetcher: fetcher, Settings: changelog.Committed()})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	_, end, err := r.EndOffsets(0, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	p, err := r.Partition(0, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for b := changelog.NewBatch(); b.Next < end; {
		if err := p.Read(ctx, b, end, 100*time.Millisecond); err != nil {
			t.Fatal(err)
		}
		for i := range b.Len() {
			text += fmt.Sprintf("%s=%s ", b.Key(i), b.Value(i))
		}
	}
	return text
}

func one(key, value string) *stores.Batch {
	b := &stores.Batch{}
	b.Append([]byte(key), []byte(value), 1_700_000_000_000, 0)
	return b
}

// Records and the input's offset become visible together, or not at all: neither by an abort nor
// by the death of the producer, which its successor fences.
func TestTransactions(t *testing.T) {
	bootstrap, topic := newTopic(t, map[string]string{"retention.ms": "-1"}) // its records are old
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	group, err := changelog.NewGroup(bootstrap, topic)
	if err != nil {
		t.Fatal(err)
	}
	defer group.Close()
	watch, err := changelog.WatchGroup(bootstrap, topic)
	if err != nil {
		t.Fatal(err)
	}
	defer watch.Close()
	write := func(tx *changelog.Transactions, key string, next stores.Offset) error {
		if err := tx.Begin(); err != nil {
			return err
		}
		if _, err := tx.Send(ctx, topic, one(key, "1")); err != nil {
			return err
		}
		return tx.SendOffset(ctx, group, topic, next)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	tx := transactions(t, bootstrap, topic)
	defer tx.Close()
	must(write(tx, "a", 1))
	must(tx.Commit(ctx))
	must(write(tx, "b", 2))
	must(tx.Abort(ctx))
	must(write(tx, "c", 3)) // and nothing more: as a process that dies
	if at, err := watch.Committed(topic); at != 1 || err != nil {
		t.Errorf("with a transaction open, the offset is %d (%v), want 1", at, err)
	}

	next := transactions(t, bootstrap, topic)
	defer next.Close()
	if err := tx.Commit(ctx); !errors.Is(err, changelog.ErrFenced) {
		t.Errorf("a fenced producer committed: %v", err)
	}
	must(write(next, "d", 4))
	must(next.Commit(ctx))
	transactions(t, bootstrap, topic).Close() // begins once the markers are written, which the coordinator does behind its answer
	for _, fetcher := range []string{changelog.FetcherWire, changelog.FetcherLibrdkafka} {
		if got := committed(t, fetcher, bootstrap, topic); got != "a=1 d=1 " {
			t.Errorf("committed, by %s: %s", fetcher, got)
		}
	}
	if at, err := group.Committed(topic); at != 4 || err != nil {
		t.Errorf("the offset is %d (%v), want 4", at, err)
	}
}

// More records than acknowledgements are kept for.
func TestTransactionOfManyRecords(t *testing.T) {
	bootstrap, topic := newTopic(t, map[string]string{"retention.ms": "-1"}) // its records are old
	ctx := context.Background()
	tx := transactions(t, bootstrap, topic)
	defer tx.Close()
	b := &stores.Batch{}
	for i := range 5000 {
		b.Append(fmt.Appendf(nil, "%d", i), nil, 1_700_000_000_000, b.Next)
	}
	if err := tx.Begin(); err != nil {
		t.Fatal(err)
	}
	next, err := tx.Send(ctx, topic, b)
	if err != nil || next != 5000 {
		t.Errorf("next offset %d (%v), want 5000", next, err)
	}
	if err := tx.Commit(ctx); err != nil {
		t.Fatal(err)
	}
}

// The end is the high watermark, whoever reads: what is committed behind an open transaction is waited for, up to a deadline.
func TestEndOffsetsWaitForOpenTransactions(t *testing.T) {
	bootstrap, topic := newTopic(t, map[string]string{"retention.ms": "-1"})
	tx := transactions(t, bootstrap, topic)
	defer tx.Close()
	err := tx.Begin()
	if err == nil {
		_, err = tx.Send(t.Context(), topic, one("a", "1"))
	}
	if err != nil {
		t.Fatal(err)
	}
	write(t, bootstrap, topic, nil, rec{[]byte("b"), []byte("1"), 1_700_000_000_000})
	ends := func(timeout time.Duration, check func(end stores.Offset, err error) bool) {
		t.Helper()
		for _, fetcher := range fetchers {
			r, err := changelog.NewReader(bootstrap, topic, changelog.ReaderOptions{Fetcher: fetcher, Settings: changelog.Committed()})
			if err != nil {
				t.Fatal(err)
			}
			_, end, err := r.EndOffsets(0, timeout)
			r.Close()
			if !check(end, err) {
				t.Errorf("by %s: end %d, %v", fetcher, end, err)
			}
		}
	}
	ends(6*time.Second, func(_ stores.Offset, err error) bool {
		return errors.Is(err, changelog.ErrOpenTransaction) && strings.Contains(err.Error(), "at offset 0, and the end is 2: of producer id ") &&
			strings.Contains(err.Error(), "; its transactional id "+topic+" is Ongoing in epoch ")
	})
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	ends(30*time.Second, func(end stores.Offset, err error) bool { return err == nil && end >= 2 })
}
