// Package topology is what a processor computes. Load is the simplest of all: a
// table with one entry per key, fed by a generated input.
package topology

import (
	"context"
	"fmt"
	"sync/atomic"

	"restorebench/harness/changelog"
	"restorebench/harness/workload"
	"restorebench/stores"
	"restorebench/stores/cache"
)

// LoadTask is the input of a load, as it travels to the processor.
type LoadTask struct {
	Workloads []workload.Spec `json:"workloads"` // one per partition
	// Tail adds the workload's tail behind the load. It reaches the changelog and
	// the store, but the store's files stay at the end of the load.
	Tail bool `json:"tail"`
	// Pause adds it too, but when the parent says so: see Tail, the function.
	Pause bool `json:"pause,omitempty"`
	// CacheBytes is the size of the record cache in front of each store. With one, the
	// changelog gets only the last write of a key between two flushes: when the cache is
	// full, and at the load's and the tail's end.
	CacheBytes int64 `json:"cache_bytes,omitempty"`
}

// Writer is the changelog side of a load; changelog.Writer is the real one.
type Writer interface {
	Send(b *stores.Batch) (changelog.Ticket, error)
	Wait(ctx context.Context, t changelog.Ticket) (stores.Offset, error)
}

// inFlight batches wait for their acknowledgement while the next ones are
// generated: enough that the network never waits for us.
const inFlight = 16

// Load processes one partition's workload: each batch goes to the changelog, and
// once that is acknowledged to the store, together with the changelog offset that
// it brings the store to. hold keeps the store from making so many bytes durable by
// itself; a tail needs it. So the store never holds what the changelog may lose,
// and its offset never runs ahead of either. It returns the changelog's offset
// behind the last record. loaded counts the records that are through.
func Load(ctx context.Context, task *LoadTask, spec workload.Spec, w Writer, store stores.Store, hold func(bytes int) error, loaded *atomic.Int64) (stores.Offset, error) {
	l := newLoader(ctx, task, spec, w, store, loaded)
	if err := l.run(0, spec.Load()); err != nil {
		return 0, err
	}
	if err := store.Flush(); err != nil {
		return 0, fmt.Errorf("checkpoint after load: %w", err)
	}
	if !task.Tail {
		return l.next, nil
	}
	// A memtable holds more than the payload; one that fills up would flush and
	// shorten the tail that the next incarnation finds.
	bytes := int(spec.Tail) * (spec.KeyBytes + spec.ValueBytes + 256)
	if err := hold(2*bytes + 64<<20); err != nil {
		return 0, fmt.Errorf("hold flush for tail: %w", err)
	}
	return l.next, l.run(spec.Load(), spec.Total())
}

// Tail goes on behind a Load without a tail, with the tail. What becomes durable of it is the engine's to say.
func Tail(ctx context.Context, task *LoadTask, spec workload.Spec, w Writer, store stores.Store, loaded *atomic.Int64) (stores.Offset, error) {
	l := newLoader(ctx, task, spec, w, store, loaded)
	l.next, _ = store.Offset()
	err := l.run(spec.Load(), spec.Total())
	return l.next, err
}

func newLoader(ctx context.Context, task *LoadTask, spec workload.Spec, w Writer, store stores.Store, loaded *atomic.Int64) *loader {
	l := &loader{ctx: ctx, spec: spec, writer: w, store: store, loaded: loaded}
	if task.CacheBytes > 0 {
		l.cache = cache.New(cache.NewBudget(task.CacheBytes), nil, cache.Options{Write: l.add})
	}
	return l
}

// loader has sent batches on their way, oldest first.
type loader struct {
	ctx    context.Context
	spec   workload.Spec
	writer Writer
	store  stores.Store
	loaded *atomic.Int64
	next   stores.Offset
	cache  *cache.Cache // nil: every record goes to the changelog

	sent   []sentBatch
	free   []*stores.Batch
	filled *stores.Batch // by the cache, not yet sent
}

type sentBatch struct {
	batch  *stores.Batch
	ticket changelog.Ticket
}

// run loads the records [from, to) and waits until all of them are through.
func (l *loader) run(from, to int64) error {
	for from < to {
		b := l.batch()
		from = l.spec.Append(b, from, to)
		pass := l.send
		if l.cache != nil {
			pass = l.hold
		}
		if err := pass(b); err != nil {
			return err
		}
	}
	if l.cache != nil {
		if err := l.commit(); err != nil {
			return err
		}
	}
	for len(l.sent) > 0 {
		if err := l.settle(); err != nil {
			return err
		}
	}
	return nil
}

// send sends a batch to the changelog, and settles the oldest if too many are on their way.
func (l *loader) send(b *stores.Batch) error {
	t, err := l.writer.Send(b)
	if err != nil {
		return err
	}
	if l.sent = append(l.sent, sentBatch{b, t}); len(l.sent) < inFlight {
		return nil
	}
	return l.settle()
}

// hold puts a batch into the cache.
func (l *loader) hold(b *stores.Batch) error {
	defer func() { l.free = append(l.free, b) }()
	for i := range b.Len() {
		if err := l.cache.Put(b.Key(i), b.Value(i), b.Entries[i].Timestamp); err != nil {
			return err
		}
	}
	return nil
}

// add takes a record that leaves the cache.
func (l *loader) add(key, value []byte, timestamp int64) error {
	if b := l.filled; b != nil && (b.Len() == cap(b.Entries) || len(b.Arena)+len(key)+len(value) > cap(b.Arena)) {
		l.filled = nil
		if err := l.send(b); err != nil {
			return err
		}
	}
	if l.filled == nil {
		l.filled = l.batch()
	}
	l.filled.Append(key, value, timestamp, l.filled.Next)
	return nil
}

// commit sends what the cache holds.
func (l *loader) commit() error {
	err := l.cache.Flush()
	if b := l.filled; err == nil && b != nil {
		l.filled = nil
		err = l.send(b)
	}
	return err
}

// settle waits for the oldest batch and applies it.
func (l *loader) settle() error {
	s := l.sent[0]
	l.sent = l.sent[1:]
	next, err := l.writer.Wait(l.ctx, s.ticket)
	if err != nil {
		return err
	}
	s.batch.Next = next
	if err := l.store.Apply(s.batch); err != nil {
		return fmt.Errorf("apply at offset %d: %w", next, err)
	}
	l.next = next
	l.loaded.Add(int64(s.batch.Len()))
	l.free = append(l.free, s.batch)
	return nil
}

func (l *loader) batch() *stores.Batch {
	if n := len(l.free); n > 0 {
		b := l.free[n-1]
		l.free = l.free[:n-1]
		b.Reset()
		b.Partition = l.spec.Partition
		return b
	}
	b := changelog.NewBatch()
	b.Partition = l.spec.Partition
	return b
}
