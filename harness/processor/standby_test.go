package processor

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"restorebench/harness/changelog"
	"restorebench/harness/spec"
	"restorebench/harness/subject"
	"restorebench/stores"
	"restorebench/stores/memory"
)

// still is a changelog that nothing is written to for two hours; then there is a record, with a hole before it.
type still struct {
	asked
	changelog.PartitionReader
	begun     time.Time
	next, end stores.Offset
	away      error // in place of where it ends
	over      context.CancelFunc
}

func (s *still) EndOffsets(int32, time.Duration) (begin, end stores.Offset, err error) {
	if time.Since(s.begun) > 0 && s.away != nil {
		return 0, 0, s.away
	}
	return 0, s.end, nil
}

func (s *still) Partition(_ int32, from stores.Offset) (changelog.PartitionReader, error) {
	s.next = from
	return s, nil
}

func (s *still) Read(ctx context.Context, b *stores.Batch, _ stores.Offset, wait time.Duration) error {
	time.Sleep(wait)
	b.Reset()
	switch {
	case s.next == 2: // the copy has got over the hole
		s.over()
	case time.Since(s.begun) > 2*time.Hour:
		s.next = 2
	}
	b.Next = s.next
	return ctx.Err()
}

func (s *still) Stats() changelog.ReadStats { return changelog.ReadStats{Holes: int64(s.next)} }
func (s *still) Close()                     {}

// A copy is as old as the last time when it had all that there was, however long it has been kept.
func TestCopyStaysYoung(t *testing.T) {
	for name, c := range map[string]struct {
		end  stores.Offset // of the changelog, of which there is nothing to be had for long
		away error
		old  bool
	}{
		"kept up":                      {0, nil, false},
		"behind":                       {1, nil, true},
		"nobody says where the end is": {0, errors.New("away"), true},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "events")
			if err := os.WriteFile(file, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			events, err := subject.OpenEvents(file)
			if err != nil {
				t.Fatal(err)
			}
			defer events.Close()
			store := memory.New()
			defer store.Close()
			synctest.Test(t, func(t *testing.T) {
				ctx, over := context.WithCancel(t.Context())
				defer over()
				reader := &still{begun: time.Now(), end: c.end, away: c.away, over: over}
				reader.kept = time.Hour.Milliseconds()
				p := &processor{task: &subject.Task{}, events: events}
				part := &partition{task: subject.Store{Store: spec.StoreMemory}, reader: reader, store: store, origin: origin{kept: unknown}}
				err := p.keepPartition(ctx, part)
				if errors.Is(err, errForgotten) != c.old || !c.old && err != nil {
					t.Errorf("%v, old: %v", err, c.old)
				}
			})
		})
	}
}
