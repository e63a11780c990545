package benchmarks

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/shirou/gopsutil/v4/process"

	"restorebench/harness/spec"
	"restorebench/harness/workload"
	"restorebench/stores"
)

// discard is a store that applies nothing: what is left is the way from the
// broker to the batch.
type discard struct{ stores.Store }

func (discard) Apply(*stores.Batch) error     { return nil }
func (discard) Flush() error                  { return nil }
func (discard) Offset() (stores.Offset, bool) { return 0, false }

// Drain reads a changelog from end to end and applies nothing: the ceiling of
// every restore.
func Drain(b *testing.B) {
	eachSize(b, func(b *testing.B, w workload.Spec) {
		t := newTopic(b)
		t.load(b, t.writer(b), w, discard{})
		var bytes int64
		before := resident(b)
		for b.Loop() {
			bytes = t.restore(b, discard{}).Bytes
		}
		report(b, t.records, bytes, resident(b)-before)
	})
}

// Load writes a changelog and applies every batch that it acknowledged.
func Load(b *testing.B) {
	for _, e := range engines {
		b.Run("store="+e.name, func(b *testing.B) {
			eachSize(b, func(b *testing.B, w workload.Spec) {
				var memory int64
				t := newTopic(b)
				out := t.writer(b)
				for b.Loop() {
					b.StopTimer()
					dir := filepath.Join(b.TempDir(), "store")
					before := resident(b)
					s := open(b, e.open, dir, t.name)
					b.StartTimer()
					t.load(b, out, w, s)
					b.StopTimer()
					memory = resident(b) - before
					closeStore(b, s)
					remove(b, dir)
					b.StartTimer()
				}
				report(b, t.records, payload(w, 0, w.Load()), memory)
			})
		})
	}
}

// Replay restores an empty store from the whole changelog.
func Replay(b *testing.B) {
	for _, e := range engines {
		b.Run("store="+e.name, func(b *testing.B) {
			eachSize(b, func(b *testing.B, w workload.Spec) {
				t := newTopic(b)
				t.load(b, t.writer(b), w, discard{})
				var memory, bytes int64
				for b.Loop() {
					b.StopTimer()
					dir := filepath.Join(b.TempDir(), "store")
					before := resident(b)
					b.StartTimer()
					s := open(b, e.open, dir, t.name)
					bytes = t.restore(b, s).Bytes
					b.StopTimer()
					memory = resident(b) - before
					closeStore(b, s)
					remove(b, dir)
					b.StartTimer()
				}
				report(b, t.records, bytes, memory)
			})
		})
	}
}

// Local opens files that are current, and finds that out from the broker. Its
// records are the store's entries.
func Local(b *testing.B) { reopen(b, false) }

// LocalTail opens files that are older than the changelog's end and replays the
// rest. Its records are those of the tail.
func LocalTail(b *testing.B) { reopen(b, true) }

func reopen(b *testing.B, tail bool) {
	b.Run("store="+spec.StoreRocks, func(b *testing.B) {
		eachSize(b, func(b *testing.B, w workload.Spec) {
			t := newTopic(b)
			kept := filepath.Join(b.TempDir(), "kept")
			s := open(b, openRocks, kept, t.name)
			out := t.writer(b)
			t.load(b, out, w, s)
			closeStore(b, s)
			if tail { // reaches the changelog only
				t.write(b, out, w, w.Load(), w.Total())
			}
			records, bytes := w.Keys, payload(w, 0, w.Keys)
			if tail {
				records, bytes = w.Tail, payload(w, w.Load(), w.Total())
			}
			var memory int64
			for b.Loop() {
				b.StopTimer()
				dir := copyStore(b, kept)
				before := resident(b)
				b.StartTimer()
				s := open(b, openRocks, dir, t.name)
				got := t.restore(b, s).Records
				b.StopTimer()
				if want := map[bool]int64{true: w.Tail}[tail]; got != want {
					b.Fatalf("%d records restored, want %d", got, want)
				}
				memory = resident(b) - before
				closeStore(b, s)
				remove(b, dir)
				b.StartTimer()
			}
			report(b, records, bytes, memory)
		})
	})
}

func open(b *testing.B, how func(dir, topic string) (stores.Store, error), dir, topic string) stores.Store {
	b.Helper()
	s, err := how(dir, topic)
	if err != nil {
		b.Fatal(err)
	}
	return s
}

func closeStore(b *testing.B, s stores.Store) {
	b.Helper()
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
}

func remove(b *testing.B, dir string) {
	b.Helper()
	if err := os.RemoveAll(dir); err != nil {
		b.Fatal(err)
	}
}

// payload is the keys and values of the records [from, to).
func payload(w workload.Spec, from, to int64) (bytes int64) {
	batch := &stores.Batch{Arena: make([]byte, 0, 1<<20), Entries: make([]stores.Entry, 0, 4096)}
	for from < to {
		batch.Reset()
		from = w.Append(batch, from, to)
		bytes += batch.Bytes()
	}
	return bytes
}

// resident is this process's resident memory in bytes: the Go heap, and what
// RocksDB and librdkafka hold.
func resident(b *testing.B) int64 {
	b.Helper()
	p, err := process.NewProcess(int32(os.Getpid()))
	if err != nil {
		b.Fatal(err)
	}
	m, err := p.MemoryInfo()
	if err != nil {
		b.Fatal(err)
	}
	return int64(m.RSS)
}
