package memory_test

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"restorebench/stores"
	"restorebench/stores/memory"
)

const (
	benchKeys  = 4_000_000
	benchBatch = 4096
	benchRate  = 400_000 // records per second, beside a snapshot
)

// writer writes a changelog of random 16-byte keys and values of 100 bytes. The store
// holds the keys of the numbers from first to last.
type writer struct {
	store       *memory.Store
	random      *rand.Rand
	batch       stores.Batch
	first, last uint64
}

func openWriter(b *testing.B, dir string) *writer {
	b.Helper()
	s, err := memory.NewSpaceIn(dir, memory.Options{Topic: "t"}).Open("")
	if err != nil {
		b.Fatal(err)
	}
	return &writer{store: s.(*memory.Store), random: rand.New(rand.NewPCG(1, 2))}
}

// add appends the record of a number to the batch; a nil value deletes it.
func (w *writer) add(number uint64, value []byte) {
	key := binary.LittleEndian.AppendUint64(nil, number*0x9e3779b97f4a7c15)
	w.batch.Append(append(key, key...), value, 0, w.batch.Next)
}

func (w *writer) value() []byte {
	return binary.BigEndian.AppendUint64(make([]byte, 92, 100), w.random.Uint64())
}

func (w *writer) put() {
	w.add(w.last, w.value())
	w.last++
}

// overwrite makes a batch of records over old ones.
func (w *writer) overwrite() {
	for range benchBatch {
		w.add(w.first+w.random.Uint64N(w.last-w.first), w.value())
	}
}

// replace makes a batch of new records, and deletes as many.
func (w *writer) replace() {
	for range benchBatch / 2 {
		w.put()
		w.add(w.first, nil)
		w.first++
	}
}

// apply makes a batch, waits until it is due, and returns how long Apply took.
func (w *writer) apply(b *testing.B, batch func(*writer)) time.Duration {
	due := time.After(time.Second * benchBatch / benchRate)
	next := w.batch.Next
	w.batch.Reset()
	w.batch.Next = next
	batch(w)
	<-due
	start := time.Now()
	if err := w.store.Apply(&w.batch); err != nil {
		b.Fatal(err)
	}
	return time.Since(start)
}

// fill puts benchKeys records into the store.
func (w *writer) fill(b *testing.B) {
	for w.last < benchKeys {
		w.batch.Reset()
		w.batch.Next = stores.Offset(w.last)
		for range benchBatch {
			w.put()
		}
		if err := w.store.Apply(&w.batch); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSnapshot writes snapshots of 4 million records of 16 + 100 bytes while
// 400,000 records/s are written: over old ones, or new ones with an old one deleted
// for each. It gives the longest Apply without a snapshot, beside one, and for as
// many batches after it, when its room is given back: each as the median over all
// snapshots, since on a busy machine the largest is that of waiting for a core.
func BenchmarkSnapshot(b *testing.B) {
	b.Run("writes=overwrite", func(b *testing.B) { benchmarkSnapshot(b, (*writer).overwrite) })
	b.Run("writes=replace", func(b *testing.B) { benchmarkSnapshot(b, (*writer).replace) })
}

func benchmarkSnapshot(b *testing.B, batch func(*writer)) {
	w := openWriter(b, b.TempDir())
	defer w.store.Close()
	w.fill(b)
	var alone, beside, after []time.Duration
	for b.Loop() {
		b.StopTimer()
		longest := func(more func() bool) (longest time.Duration, batches int) {
			for ; more(); batches++ {
				longest = max(longest, w.apply(b, batch))
			}
			return longest, batches
		}
		count := func(n int) func() bool { return func() bool { n--; return n >= 0 } }
		without, _ := longest(count(100))
		var written atomic.Bool
		b.StartTimer()
		go func() {
			if err := w.store.Snapshot(context.Background()); err != nil {
				b.Error(err)
			}
			written.Store(true)
		}()
		with, batches := longest(func() bool { return !written.Load() })
		b.StopTimer()
		then, _ := longest(count(batches))
		alone, beside, after = append(alone, without), append(beside, with), append(after, then)
		b.StartTimer()
	}
	reportMedian(b, alone, "apply-ms")
	reportMedian(b, beside, "apply-beside-ms")
	reportMedian(b, after, "apply-after-ms")
}

func reportMedian(b *testing.B, all []time.Duration, unit string) {
	slices.Sort(all)
	b.ReportMetric(all[len(all)/2].Seconds()*1000, unit)
}

// BenchmarkLoad opens a store with a snapshot of 4 million records of 16 + 100 bytes.
func BenchmarkLoad(b *testing.B) {
	dir := b.TempDir()
	w := openWriter(b, dir)
	w.fill(b)
	start := time.Now()
	if err := w.store.Flush(); err != nil {
		b.Fatal(err)
	}
	b.Logf("flushed in %v", time.Since(start))
	if err := w.store.Close(); err != nil {
		b.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, "snapshot"))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(info.Size())
	for b.Loop() {
		again := openWriter(b, dir)
		b.StopTimer()
		if err := again.store.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	b.ReportMetric(float64(w.last)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}
