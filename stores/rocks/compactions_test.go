// RocksDB's own threads, and much to write: make test runs it without the race detector.

//go:build cgo && !norocksdb && !race

package rocks

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"
)

// A bulk load leaves a run of files per round, which are compacted afterwards.
func TestDebt(t *testing.T) {
	const rounds, records = 5, 50_000
	s := open(t, t.TempDir(), options)
	begin(t, s, 128<<20)
	for round := range rounds {
		if err := errors.Join(s.Apply(scattered(round, records)), s.Flush()); err != nil {
			t.Fatal(err)
		}
	}
	d := debt(t, s)
	if d.Files[0] > 0 || d.Files[1] > 0 || slices.Contains(d.Files[2:], 0) { // one level each, from the last on
		t.Errorf("%d rounds lie on levels as %v", rounds, d.Files)
	}
	want := int64(rounds * records * 1016)
	if d.BytesWritten < want-10<<20 || d.BytesWritten > want*11/10 {
		t.Errorf("%d bytes were written, want about %d", d.BytesWritten, want)
	}
	if err := s.EndBulk(); err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond) // a tenth of what the compaction takes, or less
	defer cancel()
	if err := s.WaitForCompactions(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("waiting for too short a time ends with %v", err)
	}
	if err := s.WaitForCompactions(t.Context()); err != nil {
		t.Fatal(err)
	}
	d = debt(t, s)
	if d.RunningJobs > 0 || d.CompactionPending || d.PendingBytes > 0 {
		t.Errorf("compaction is not quiet: %+v", d)
	}
	if d.BytesWritten < 2*want-20<<20 {
		t.Errorf("%d bytes were written with the compaction, want about %d", d.BytesWritten, 2*want)
	}
}

func debt(t *testing.T, s *Store) Debt {
	t.Helper()
	d, err := s.Debt()
	if err != nil {
		t.Fatal(err)
	}
	return d
}
