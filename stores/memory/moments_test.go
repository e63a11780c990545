package memory

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"restorebench/stores"
)

// waiting is a store with a live write, and what a snapshot gets that waits for it to be committed.
func waiting(ctx context.Context, t *testing.T) (*Store, <-chan *image) {
	t.Helper()
	s := openSnapshot(t, t.TempDir())
	live(t, s, "first")
	got := make(chan *image)
	go func() {
		im, err := s.committed(ctx)
		if err != nil {
			t.Error(err)
		}
		got <- im
	}()
	untilWanted(s)
	return s, got
}

// untilWanted returns once a snapshot waits for its moment.
func untilWanted(s *Store) {
	for waits := false; !waits; runtime.Gosched() {
		s.mu.Lock()
		waits = s.wanted != nil
		s.mu.Unlock()
	}
}

// live writes a record that the changelog does not have yet.
func live(t *testing.T, s *Store, key string) {
	t.Helper()
	b := &stores.Batch{}
	b.Append([]byte(key), []byte("v"), 0, 0)
	b.Next = 0
	if err := s.Apply(b); err != nil {
		t.Fatal(err)
	}
}

// A snapshot that waits for a commit is of the commit's moment, not of a write's before it.
func TestMomentOfCommit(t *testing.T) {
	s, got := waiting(t.Context(), t)
	live(t, s, "second")
	if err := s.Apply(&stores.Batch{}); err != nil { // commits nothing, since it brings the store no further
		t.Fatal(err)
	}
	if s.wanted == nil {
		t.Error("an image of what is not committed")
	}
	if err := s.Apply(&stores.Batch{Next: 2}); err != nil {
		t.Fatal(err)
	}
	im := <-got
	if im.next != 2 || im.contents.Records != 2 {
		t.Errorf("an image of offset %d with %d records, want 2 with 2", im.next, im.contents.Records)
	}
	if err := im.free(); err != nil {
		t.Fatal(err)
	}
}

// Flush does not wait for a snapshot that waits for a commit.
func TestFlushBesideSnapshot(t *testing.T) {
	s := openSnapshot(t, t.TempDir())
	live(t, s, "first")
	saved, flushed := make(chan error, 1), make(chan error, 1)
	go func() { saved <- s.Snapshot(t.Context()) }()
	untilWanted(s)
	go func() { flushed <- s.Flush() }()
	select {
	case err := <-flushed:
		if err := errors.Join(err, <-saved); err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Error("it waits")
	}
}

// Close waits for what is being written: until then nobody else may have the directory.
func TestCloseWaitsForTheWriter(t *testing.T) {
	s := openSnapshot(t, t.TempDir())
	<-s.saver.turn // as one that writes
	closed := make(chan error, 1)
	go func() { closed <- s.Close() }()
	<-s.saver.life.Done()
	select {
	case err := <-closed:
		t.Fatalf("it is closed (%v) before the snapshot ends", err)
	case <-time.After(50 * time.Millisecond):
	}
	s.saver.turn <- struct{}{}
	if err := <-closed; err != nil {
		t.Error(err)
	}
}

// A moment that came just before the snapshot was given up is taken: its image holds room.
func TestMomentBesideTheEnd(t *testing.T) {
	for range 32 { // either may be seen first
		ctx, cancel := context.WithCancel(t.Context())
		s, got := waiting(ctx, t)
		s.mu.Lock()
		cancel()
		s.ahead = false
		s.serve()
		s.mu.Unlock()
		im := <-got
		if im == nil {
			t.Fatal("no image")
		}
		if err := im.free(); err != nil {
			t.Fatal(err)
		}
	}
}

// A snapshot that was given up while it waited for a commit holds nothing back afterwards.

// A snapshot that was given up while it waited for a commit holds nothing back afterwards.
func TestSnapshotThatWasGivenUp(t *testing.T) {
	s := openSnapshot(t, t.TempDir())
	b := &stores.Batch{}
	b.Append([]byte("live"), []byte("v"), 0, 0)
	b.Next = 0
	if err := s.Apply(b); err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Snapshot(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("the snapshot ends with %v", err)
	}
	im, err := s.committed(ended) // as one that waits when its context ends
	if im != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("an image: %v, %v", im != nil, err)
	}
	if err := s.Apply(&stores.Batch{Next: 1}); err != nil { // the commit
		t.Fatal(err)
	}
	if n := s.users.Load(); n != 1 || s.wanted != nil || s.index.capture != nil {
		t.Errorf("%d users, wanted: %v, captured: %v", n, s.wanted != nil, s.index.capture != nil)
	}
}
