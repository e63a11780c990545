package targets

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"restorebench/bench/ceilings"
	"restorebench/harness/changelog"
	"restorebench/harness/workload"
	"restorebench/internal/balloon"
	"restorebench/stores"
	"restorebench/stores/memory"
	"restorebench/stores/rocks"
)

// setup is what the measures share.
type setup struct {
	brokers string
	dir     string // for stores; what is made there is removed again
	topics  string // prefix of the topics that loads make
	records int64
	memory  int64 // for bulk loading, bytes

	plain, updated ceilings.Source // the first holds more than records, see large
	workload       workload.Spec   // of plain
	snapshot       string          // directory with a snapshot of the first records of plain
	loads          atomic.Int64    // that were made
}

// part is the plain source's first records.
func (s *setup) part(records int64) ceilings.Source {
	source := s.plain
	span := source.Spans[0]
	span.To = span.From + stores.Offset(records)
	source.Spans = []changelog.Span{span}
	return source
}

func (s *setup) large() int64 { return int64(largeTimes * float64(s.records)) }

// measures lists all that the targets compare.
func (s *setup) measures() []ceilings.Ceiling {
	whole := s.part(s.records)
	inMemory := func(source ceilings.Source) func(context.Context) (ceilings.Result, error) {
		return func(ctx context.Context) (ceilings.Result, error) { return s.intoMemory(ctx, source) }
	}
	inRocks := func(source ceilings.Source, wrap func(*rocks.Store) (stores.Store, error)) func(context.Context) (ceilings.Result, error) {
		return func(ctx context.Context) (ceilings.Result, error) { return s.intoRocks(ctx, source, wrap) }
	}
	return []ceilings.Ceiling{
		{Name: Drain, Measure: func(ctx context.Context) (ceilings.Result, error) { return ceilings.Drain(ctx, whole) }},
		{Name: Poll, Measure: func(ctx context.Context) (ceilings.Result, error) { return ceilings.Poll(ctx, whole) }},
		{Name: Memory, Measure: inMemory(whole)},
		{Name: MemorySmall, Measure: inMemory(s.part(s.records / smallShare))},
		{Name: MemoryLarge, Measure: inMemory(s.plain)},
		{Name: Bulk, Measure: inRocks(whole, s.inBulk)},
		{Name: Batch, Measure: inRocks(whole, asStreams)},
		{Name: BulkUpdated, Measure: inRocks(s.updated, s.inBulk)},
		{Name: BatchUpdated, Measure: inRocks(s.updated, asStreams)},
		{Name: Snapshot, Measure: s.fromSnapshot},
		{Name: Load, Measure: func(ctx context.Context) (ceilings.Result, error) {
			store := memory.New()
			res, err := s.load(ctx, store)
			return res, errors.Join(err, store.Close())
		}},
		{Name: Produce, Measure: func(ctx context.Context) (ceilings.Result, error) { return s.load(ctx, nothing{}) }},
	}
}

// inWarmMemory measures when the memory for the largest store has just been there.
func (s *setup) inWarmMemory(measure func(context.Context) (ceilings.Result, error)) func(context.Context) (ceilings.Result, error) {
	const perRecord = keyBytes + valueBytes + 50 // more than the in-memory store needs
	return func(ctx context.Context) (ceilings.Result, error) {
		if _, err := balloon.Refill(s.large() * perRecord); err != nil {
			return ceilings.Result{}, err
		}
		return measure(ctx)
	}
}

func (s *setup) intoMemory(ctx context.Context, source ceilings.Source) (ceilings.Result, error) {
	store := memory.New()
	res, err := ceilings.Restore(ctx, source, []stores.Store{store})
	return res, errors.Join(err, store.Close())
}

func (s *setup) intoRocks(ctx context.Context, source ceilings.Source, wrap func(*rocks.Store) (stores.Store, error)) (res ceilings.Result, err error) {
	dir, err := os.MkdirTemp(s.dir, "rocksdb-")
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	store, err := rocks.Open(filepath.Join(dir, "store"), rocks.Options{
		Topic: source.Topic, CreateIfMissing: true, Settings: rocks.KafkaStreams(),
	})
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	into, err := wrap(store)
	if err != nil {
		return res, err
	}
	return ceilings.Restore(ctx, source, []stores.Store{into})
}

func (s *setup) inBulk(store *rocks.Store) (stores.Store, error) {
	return ceilings.InBulk(store, s.memory)
}

func asStreams(store *rocks.Store) (stores.Store, error) { return polled{store}, nil }

// polled writes at most as many records at a time as Kafka Streams takes out of a poll.
type polled struct{ *rocks.Store }

func (p polled) Apply(b *stores.Batch) error {
	for from := 0; from < b.Len(); from += polledRecords {
		part := *b
		to := min(from+polledRecords, b.Len())
		part.Entries = b.Entries[from:to]
		if to < b.Len() {
			part.Next = stores.Offset(b.Entries[to-1].Offset) + 1
		}
		if err := p.Store.Apply(&part); err != nil {
			return err
		}
	}
	return nil
}

// writeSnapshot restores the records once, for fromSnapshot.
func (s *setup) writeSnapshot(ctx context.Context) error {
	store, err := s.openSnapshot()
	if err != nil {
		return err
	}
	_, err = ceilings.Restore(ctx, s.part(s.records), []stores.Store{store}) // its end flushes, to a snapshot
	return errors.Join(err, store.Close())
}

func (s *setup) openSnapshot() (stores.Store, error) {
	return memory.NewSpaceIn(s.snapshot, memory.Options{Topic: s.plain.Topic}).Open("")
}

// fromSnapshot opens the store, which is all there is to do where the changelog has
// nothing newer. Its records are entries.
func (s *setup) fromSnapshot(context.Context) (ceilings.Result, error) {
	start := time.Now()
	store, err := s.openSnapshot()
	if err != nil {
		return ceilings.Result{}, err
	}
	res := ceilings.Result{Elapsed: time.Since(start), Records: s.records}
	res.Bytes = s.records * int64(s.workload.KeyBytes+s.workload.ValueBytes)
	if next, ok := store.Offset(); !ok || int64(next) != s.records {
		err = fmt.Errorf("the snapshot stands for offset %d, want %d", next, s.records)
	}
	return res, errors.Join(err, store.Close())
}

// load loads the records into a topic of its own and, once they are acknowledged, into
// a store.
func (s *setup) load(ctx context.Context, store stores.Store) (ceilings.Result, error) {
	w := s.workload
	w.Keys = s.records
	topic := changelog.TopicName(fmt.Sprintf("%s-%d", s.topics, s.loads.Add(1)), "load")
	return ceilings.LoadInto(ctx, s.brokers, topic, w, store)
}

// nothing is a store that applies nothing.
type nothing struct{ stores.Store }

func (nothing) Apply(*stores.Batch) error { return nil }
func (nothing) Flush() error              { return nil }
