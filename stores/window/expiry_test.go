package window_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"restorebench/stores"
	"restorebench/stores/format"
	"restorebench/stores/memory"
	"restorebench/stores/segments"
	"restorebench/stores/window"
)

func TestExpiry(t *testing.T) {
	logged := 0
	s := open(t, memory.NewSpace(), options(true, func(_, _ []byte, _ int64) { logged++ }))
	has := func(start int64, want bool) {
		t.Helper()
		if v, _, err := s.Fetch([]byte("k"), start); (v != nil) != want || err != nil {
			t.Errorf("window at %d is %q, %v; want one: %v", start, v, err, want)
		}
	}
	wantStats := func(want segments.Stats) {
		t.Helper()
		if s.Stats() != want {
			t.Errorf("stats are %+v, want %+v", s.Stats(), want)
		}
	}
	put(t, s, "k", []byte{}, 0, 0) // an empty value is a value
	put(t, s, "k", []byte("v"), 1, 0)
	has(0, true)
	put(t, s, "other", []byte("v"), retention-1, 0)
	has(0, true)
	put(t, s, "other", []byte("v"), retention, 0)
	has(0, false) // start <= stream time - retention
	has(1, true)
	wantStats(segments.Stats{})
	put(t, s, "k", []byte("late"), 0, 0) // its segment is still there
	has(0, false)
	wantStats(segments.Stats{Expired: 1})
	put(t, s, "other", []byte("v"), retention+interval, 0)
	put(t, s, "k", []byte("late"), 2, 0) // its segment is gone
	has(2, false)
	wantStats(segments.Stats{Expired: 2, Dropped: 1})
	put(t, s, "k", []byte("v"), math.MaxInt64, 0)
	has(math.MaxInt64, true)
	has(retention+interval, false)
	if it := s.All(); !it.Next() || it.Entry().End != math.MaxInt64 || it.Next() || it.Close() != nil {
		t.Error("want one window, to the end of time")
	}
	put(t, s, "k", []byte("v"), 0, 0)
	wantStats(segments.Stats{Expired: 3, Dropped: 2})
	if logged != 9 {
		t.Errorf("%d records were logged, want each of 9, as Kafka Streams does", logged)
	}
}

// In a batch, stream time goes to the latest record first, wherever it is.
func TestExpiryInABatch(t *testing.T) {
	s := open(t, memory.NewSpace(), options(false, nil))
	b := &stores.Batch{}
	for _, start := range []int64{0, 1, 2 * retention, 2} {
		b.Append(format.AppendWindowKey(nil, []byte("k"), start, 0), []byte("v"), 0, b.Next)
	}
	if err := s.Apply(b); err != nil {
		t.Fatal(err)
	}
	if n, err := s.ApproximateCount(); n != 1 || err != nil || s.Stats() != (segments.Stats{Expired: 3, Dropped: 3}) {
		t.Errorf("%d windows, %v, %+v", n, err, s.Stats())
	}
}

// After a restart the time is unknown, as in Kafka Streams, unless it is asked for.
func TestRestartForgetsTheTime(t *testing.T) {
	dir := home(t)
	s := open(t, rocksSpace(dir, false), options(false, nil))
	put(t, s, "old", []byte("v"), 0, 0)
	put(t, s, "new", []byte("v"), retention, 0)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, rocksSpace(dir, false), options(false, nil))
	if _, known := s.StreamTime(); known || count(t, s) != 2 {
		t.Errorf("stream time known: %v; %d windows, want 2", known, count(t, s))
	}
	if err := s.RecoverStreamTime(); err != nil {
		t.Fatal(err)
	}
	if at, known := s.StreamTime(); at != retention || !known || count(t, s) != 1 {
		t.Errorf("stream time %d, %v; %d windows, want 1", at, known, count(t, s))
	}
}

func count(t *testing.T, s *window.Store) (n int) {
	t.Helper()
	it := s.All()
	for it.Next() {
		n++
	}
	if err := errors.Join(it.Err(), it.Close()); err != nil {
		t.Fatal(err)
	}
	return n
}

// An iterator outlives the segment that it reads, which goes afterwards.
func TestIteratorOfADroppedSegment(t *testing.T) {
	dir := home(t)
	s := open(t, rocksSpace(dir, false), options(false, nil))
	put(t, s, "a", []byte("1"), 0, 0)
	put(t, s, "b", []byte("2"), 0, 0)
	it := s.All()
	if !it.Next() {
		t.Fatal(it.Err())
	}
	put(t, s, "c", []byte("3"), 4*retention, 0)
	if !it.Next() || string(it.Entry().Key) != "b" || it.Next() || it.Err() != nil {
		t.Errorf("the iterator lost its segment: %v", it.Err())
	}
	if err := s.Close(); err == nil || !strings.Contains(err.Error(), "iterators") {
		t.Errorf("closed with an open iterator: %v", err)
	}
	wantDirectories(t, dir, "w.0", "w.600000")
	if err := errors.Join(it.Close(), s.Flush()); err != nil {
		t.Fatal(err)
	}
	wantDirectories(t, dir, "w.600000")
}
