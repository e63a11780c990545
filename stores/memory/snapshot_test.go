package memory_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"restorebench/stores"
	"restorebench/stores/memory"
	"restorebench/stores/storetest"
)

var options = memory.Options{Topic: "topic", Partition: 3}

func openIn(t testing.TB, dir string) *memory.Store {
	t.Helper()
	s, err := memory.NewSpaceIn(dir, options).Open("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s.(*memory.Store)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// changelog is one made of a seed: sizes and keys such that records are overwritten
// in place, moved and deleted, that slabs are given back, and the index is resized.
type changelog struct {
	records stores.Batch
	ends    []int // of batches
}

func newChangelog(seed uint64, batches int) *changelog {
	random := rand.New(rand.NewPCG(seed, 0))
	c := &changelog{}
	for range batches {
		kind, n := random.IntN(4), random.IntN(2000)
		for range n {
			key := fmt.Appendf(nil, "key-%d", random.IntN(6000))
			var value []byte
			switch {
			case kind == 0: // mostly deletes
				if random.IntN(5) == 0 {
					value = []byte{}
				}
			case kind == 1 && random.IntN(200) == 0:
				value = bytes.Repeat([]byte{byte(random.Uint32())}, random.IntN(2<<20))
			default:
				value = fmt.Appendf(nil, "%0*d", 20+random.IntN(8)*random.IntN(100), random.Uint64())
			}
			c.records.Append(key, value, 0, stores.Offset(c.records.Len()))
		}
		c.ends = append(c.ends, c.records.Len())
	}
	return c
}

// apply applies the batch that begins at an offset.
func (c *changelog) apply(s stores.Store) error {
	next, _ := s.Offset()
	i, _ := slices.BinarySearch(c.ends, int(next)+1)
	b := &stores.Batch{Next: next}
	for at := int(next); at < c.ends[i]; at++ {
		b.Append(c.records.Key(at), c.records.Value(at), 0, stores.Offset(at))
	}
	return s.Apply(b)
}

func (c *changelog) end() stores.Offset { return stores.Offset(c.records.Len()) }

// check compares a store with the changelog up to its offset.
func (c *changelog) check(s stores.Store) error {
	next, _ := s.Offset()
	want := map[string]string{}
	for at := range int(next) {
		if value := c.records.Value(at); value != nil {
			want[string(c.records.Key(at))] = string(value)
		} else {
			delete(want, string(c.records.Key(at)))
		}
	}
	it := s.Range(nil, nil)
	defer it.Close()
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if !it.Next() {
			return fmt.Errorf("at offset %d: the store ends before %s", next, key)
		}
		if string(it.Key()) != key || string(it.Value()) != want[key] {
			return fmt.Errorf("at offset %d: %s has %d bytes, want %s with %d", next, it.Key(), len(it.Value()), key, len(want[key]))
		}
		if value, err := s.Get(it.Key()); err != nil || string(value) != want[key] {
			return fmt.Errorf("at offset %d: get %s: %d bytes, %w", next, key, len(value), err)
		}
	}
	if it.Next() {
		return fmt.Errorf("at offset %d: the store goes on with %s", next, it.Key())
	}
	return nil
}

// Snapshots are written at any moment of a restore; each is the state at one batch's
// end, and the rest of the changelog makes it whole.
func TestSnapshotBesideApply(t *testing.T) {
	storetest.Seldom(t, 10)
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp("", "memory-")
		must(t, err)
		defer os.RemoveAll(dir)
		c := newChangelog(rapid.Uint64().Draw(rt, "seed"), 20)
		var flushed stores.Offset
		for done := false; !done; {
			s := openIn(t, dir)
			if next, _ := s.Offset(); next < flushed {
				rt.Fatalf("came back at %d; flushed was %d", next, flushed)
			}
			if err := c.check(s); err != nil {
				rt.Fatal(err)
			}
			batches, flush := rapid.IntRange(0, 15).Draw(rt, "batches"), rapid.Bool().Draw(rt, "flush")
			done, err = restoreBeside(s, c, batches)
			if err == nil && flush {
				err = s.Flush()
				flushed, _ = s.Offset()
			}
			if err = errors.Join(err, s.Close()); err != nil {
				rt.Fatal(err)
			}
			done = done && flush
		}
		if flushed != c.end() {
			rt.Fatalf("restored to %d of %d", flushed, c.end())
		}
	})
}

// restoreBeside applies batches while one snapshot after the other is written; done
// at the changelog's end.
func restoreBeside(s *memory.Store, c *changelog, batches int) (done bool, err error) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() {
		var err error
		for err == nil && ctx.Err() == nil {
			err = s.Snapshot(ctx)
		}
		if errors.Is(err, context.Canceled) {
			err = nil
		}
		ended <- err
	}()
	for range batches {
		if next, _ := s.Offset(); next == c.end() {
			done = true
			break
		}
		if err = c.apply(s); err != nil {
			break
		}
	}
	cancel()
	return done, errors.Join(err, <-ended)
}

// A snapshot does not hold what no commit has acknowledged; Flush does.
func TestSnapshotWaitsForCommit(t *testing.T) {
	dir := t.TempDir()
	s := openIn(t, dir)
	write := func(key string, next stores.Offset) {
		b := &stores.Batch{}
		if key != "" {
			b.Append([]byte(key), []byte("v"), 0, 0)
		}
		b.Next = next
		must(t, s.Apply(b))
	}
	write("committed", 0)
	write("", 1)
	write("live", 1)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if err := s.Snapshot(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("snapshot with a live write: %v", err)
	}
	must(t, s.Close())

	dir = t.TempDir()
	s = openIn(t, dir)
	key := func(i stores.Offset) string { return fmt.Sprintf("live-%06d", i) }
	write(key(0), 0)
	done := make(chan error, 1)
	go func() { done <- s.Snapshot(context.Background()) }()
	for at := stores.Offset(1); len(done) == 0; at++ {
		write("", at) // commits one, and the next follows
		write(key(at), at)
	}
	must(t, <-done)
	must(t, s.Close())
	s = openIn(t, dir)
	at, _ := s.Offset()
	last, _ := s.Get([]byte(key(at - 1)))
	next, _ := s.Get([]byte(key(at)))
	if n, _ := s.ApproximateCount(); n != int64(at) || last == nil || next != nil {
		t.Errorf("snapshot of offset %d has %d records, the last %q, the next %q", at, n, last, next)
	}

	write("more", at)
	go func() { done <- s.Snapshot(context.Background()) }()
	must(t, s.Flush()) // a snapshot may wait by now
	must(t, <-done)
	must(t, s.Close())
	if more, _ := openIn(t, dir).Get([]byte("more")); string(more) != "v" {
		t.Errorf("a flushed live write came back as %q", more)
	}
}

// When nothing has changed nothing is written, when only the offset has, only that.
func TestSnapshotOfOffset(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "snapshot")
	s := openIn(t, dir)
	for range 2 { // it exists from the start on, without an offset
		must(t, s.Close())
		s = openIn(t, dir)
		if next, ok := s.Offset(); ok || next != 0 {
			t.Errorf("a store that was never written to is at %d, %v", next, ok)
		}
		must(t, s.Flush())
	}
	c := newChangelog(1, 3)
	must(t, c.apply(s))
	must(t, s.Flush())
	first, err := os.Stat(path)
	must(t, err)
	next, _ := s.Offset()
	for i := range stores.Offset(4) {
		must(t, s.Apply(&stores.Batch{Next: next + i}))
		must(t, s.Flush())
		again, err := os.Stat(path)
		must(t, err)
		if !os.SameFile(first, again) {
			t.Error("the records were written again")
		}
		must(t, s.Close())
		s = openIn(t, dir)
		if at, ok := s.Offset(); at != next+i || !ok {
			t.Errorf("offset %d came back as %d, %v", next+i, at, ok)
		}
	}
}

func TestSnapshotWithoutDirectory(t *testing.T) {
	if err := memory.New().Snapshot(context.Background()); err == nil {
		t.Error("no error")
	}
}

// A snapshot that fails leaves the last one, and a store that goes on.
func TestSnapshotFails(t *testing.T) {
	dir := t.TempDir()
	s := openIn(t, dir)
	c := newChangelog(2, 6)
	must(t, c.apply(s))
	must(t, s.Flush())
	saved, _ := s.Offset()
	must(t, c.apply(s))

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Snapshot(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("snapshot of a cancelled context: %v", err)
	}
	inTheWay := filepath.Join(dir, ".writing-snapshot")
	must(t, os.Mkdir(inTheWay, 0o755))
	if err := s.Flush(); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("flush to a path that can't be written: %v", err)
	}
	must(t, os.RemoveAll(inTheWay))
	limitFiles(t, 8<<10, func() {
		if err := s.Flush(); err == nil || !strings.Contains(err.Error(), dir) {
			t.Errorf("flush to a full disk: %v", err)
		}
	})
	must(t, c.check(s))
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
	must(t, s.Close())
	s = openIn(t, dir)
	if next, _ := s.Offset(); next != saved {
		t.Errorf("came back at %d, want %d", next, saved)
	}
	must(t, c.check(s))
	must(t, c.apply(s))
	must(t, s.Flush())
}

// Close ends a snapshot that waits or is being written, and takes no further one.
func TestCloseEndsSnapshot(t *testing.T) {
	s := openIn(t, t.TempDir())
	b := &stores.Batch{}
	b.Append([]byte("live"), []byte("v"), 0, 0)
	b.Next = 0
	must(t, s.Apply(b))
	done := make(chan error)
	go func() { done <- s.Snapshot(context.Background()) }()
	must(t, s.Close())
	if err := <-done; !errors.Is(err, stores.ErrClosed) {
		t.Errorf("the snapshot that waits for a commit: %v", err)
	}
	for name, err := range map[string]error{"snapshot": s.Snapshot(context.Background()), "flush": s.Flush()} {
		if !errors.Is(err, stores.ErrClosed) {
			t.Errorf("%s of a closed store: %v", name, err)
		}
	}
}

// No file stays open that a store has read or written.
func TestFilesAreClosed(t *testing.T) {
	files := func() int {
		all, err := os.ReadDir("/proc/self/fd")
		if errors.Is(err, fs.ErrNotExist) {
			t.Skip("only Linux tells which files are open: ", err)
		}
		must(t, err)
		return len(all)
	}
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // the collector closes what nobody else does
	dir := t.TempDir()
	before := files()
	for next := stores.Offset(0); next < 20; next++ {
		s := openIn(t, dir)
		b := &stores.Batch{}
		b.Append([]byte("key"), []byte("value"), 0, next)
		must(t, s.Apply(b))
		must(t, s.Flush())
		must(t, s.Apply(&stores.Batch{Next: next + 2}))
		must(t, s.Flush())
		must(t, s.Close())
	}
	if after := files(); after > before+5 { // the runtime's own
		t.Errorf("%d files are open, and %d were before", after, before)
	}
}
