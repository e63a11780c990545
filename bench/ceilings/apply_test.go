package ceilings_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"restorebench/bench/ceilings"
	"restorebench/harness/workload"
	"restorebench/stores"
	"restorebench/stores/memory"
)

// Prepared batches hold the workload's records in their order, in the sizes asked for.
func TestPrepare(t *testing.T) {
	w := workload.New(1, 0, 1, 10_000, 16, 500, 2, 0.1, 0)
	whole := &stores.Batch{Arena: make([]byte, 0, 16<<20), Entries: make([]stores.Entry, 0, w.Load())}
	w.Append(whole, 0, w.Load())
	for _, perBatch := range []int{ceilings.KafkaStreamsBatch, ceilings.OwnBatch} {
		at := 0
		for _, b := range ceilings.Prepare(w, perBatch) {
			if b.Len() > perBatch || b.Bytes() > 1<<20 || b.Len() == 0 {
				t.Fatalf("a batch of %d records and %d bytes", b.Len(), b.Bytes())
			}
			for i := range b.Len() {
				if !bytes.Equal(b.Key(i), whole.Key(at)) || !bytes.Equal(b.Value(i), whole.Value(at)) || b.Entries[i].Offset != int64(at) {
					t.Fatalf("record %d is another one, at offset %d", at, b.Entries[i].Offset)
				}
				at++
			}
			if b.Next != stores.Offset(at) {
				t.Fatalf("position %d behind record %d", b.Next, at)
			}
		}
		if int64(at) != w.Load() {
			t.Fatalf("%d records, want %d", at, w.Load())
		}
	}
}

// flushed counts the calls of Flush.
type flushed struct {
	*memory.Store
	n int
}

func (f *flushed) Flush() error { f.n++; return f.Store.Flush() }

func TestApply(t *testing.T) {
	var into []stores.Store
	var batches [][]*stores.Batch
	var records int64
	for p := range 2 {
		w := workload.New(1, p, 2, 9000, 16, 100, 1, 0.01, 0)
		s := &flushed{Store: memory.New()}
		t.Cleanup(func() { s.Close() })
		into, batches = append(into, s), append(batches, ceilings.Prepare(w, ceilings.OwnBatch))
		records += w.Load()
	}
	res, err := ceilings.Apply(t.Context(), into, batches)
	if err != nil || res.Records != records || res.Bytes < 9000*116 || res.Elapsed <= 0 {
		t.Errorf("%+v (%v), want %d records", res, err, records)
	}
	for _, s := range into {
		s := s.(*flushed)
		if n := s.Stats().Records; n != 4500 || s.n != 1 {
			t.Errorf("%d entries after %d flushes, want 4500 after one", n, s.n)
		}
	}
}

// failing refuses every batch.
type failing struct{ *memory.Store }

var errRefused = errors.New("refused")

func (failing) Apply(*stores.Batch) error { return errRefused }

func TestApplyFails(t *testing.T) {
	batches := ceilings.Prepare(workload.New(1, 0, 1, 10, 16, 100, 1, 0, 0), 5)
	if _, err := ceilings.Apply(t.Context(), []stores.Store{failing{}}, [][]*stores.Batch{batches}); !errors.Is(err, errRefused) {
		t.Errorf("%v, want the store's error", err)
	}
}

func TestDisk(t *testing.T) {
	const n = 3<<20 + 17
	path := filepath.Join(t.TempDir(), "file")
	written, err := ceilings.WriteDisk(t.Context(), path, n)
	if err != nil || written.Bytes != n || written.Elapsed <= 0 {
		t.Errorf("written: %+v (%v)", written, err)
	}
	if info, err := os.Stat(path); err != nil || info.Size() != n {
		t.Errorf("the file has %d bytes (%v), want %d", info.Size(), err, n)
	}
	read, err := ceilings.ReadDisk(t.Context(), path)
	if err != nil || read.Bytes != n || read.Elapsed <= 0 {
		t.Errorf("read: %+v (%v)", read, err)
	}
	if _, err := ceilings.WriteDisk(t.Context(), path, n); !errors.Is(err, os.ErrExist) {
		t.Errorf("%v for a file that is there", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ceilings.ReadDisk(ctx, path); !errors.Is(err, context.Canceled) {
		t.Errorf("%v after the end of the context", err)
	}
}
