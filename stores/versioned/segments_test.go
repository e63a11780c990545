package versioned

import (
	"errors"
	"testing"

	"restorebench/stores"
	"restorebench/stores/memory"
)

// reopened is a store over rows that there are.
func reopened(t *testing.T, rows stores.Store) *Store {
	t.Helper()
	s, err := Open(one{rows}, "s", Options{History: 10_000}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// Each write that moves the stream time saves it: opening looks at no other row then.
func TestStreamTimeIsSaved(t *testing.T) {
	rows := memory.New()
	defer rows.Close()
	s := reopened(t, rows)
	for i, time := range []int64{5, 5, 9} {
		if _, err := s.Put([]byte{byte(i)}, []byte("v"), time); err != nil {
			t.Fatal(err)
		}
	}
	if got := reopened(t, rows).StreamTime(); got != 9 {
		t.Errorf("the stream time is %d, want 9", got)
	}
}

// In a store of Kafka Streams nothing says the stream time but its rows, which may all be of segments, once the latest values are deleted.
func TestStreamTimeOfSegmentsAlone(t *testing.T) {
	rows := memory.New()
	defer rows.Close()
	b := &stores.Batch{}
	b.Append(appendKey(nil, 0, []byte("k")), (&row{next: 10, versions: []version{{3, []byte("v")}}}).encode(), 0, 0)
	if err := rows.Apply(b); err != nil {
		t.Fatal(err)
	}
	s := reopened(t, rows)
	if r, err := s.AsOf([]byte("k"), 3); s.StreamTime() != 10 || r == nil || string(r.Value) != "v" || err != nil {
		t.Errorf("the stream time is %d, want 10; as of 3: %v, %v", s.StreamTime(), r, err)
	}
}

// failing is an engine of which some calls fail.
type failing struct {
	stores.Store
	apply func(*stores.Batch) error // nil: none
	read  error                     // of each iterator, at its end
}

func (f *failing) Apply(b *stores.Batch) error {
	if f.apply != nil {
		if err := f.apply(b); err != nil {
			return err
		}
	}
	return f.Store.Apply(b)
}

func (f *failing) Range(from, to []byte) stores.Iterator {
	return &failingIterator{f.Store.Range(from, to), f.read}
}

type failingIterator struct {
	stores.Iterator
	err error
}

func (it *failingIterator) Err() error { return errors.Join(it.Iterator.Err(), it.err) }

// What could not be swept is swept by the next write.
func TestSweepIsTriedAgain(t *testing.T) {
	rows := memory.New()
	defer rows.Close()
	engine := &failing{Store: rows}
	s := reopened(t, engine)
	busy := errors.New("busy")
	sweeps := 0
	engine.apply = func(b *stores.Batch) error {
		for i := range b.Len() {
			if b.Value(i) == nil && timeAt(b.Key(i), 0) == 0 { // a row of the first segment goes
				sweeps++
				return busy
			}
		}
		return nil
	}
	for _, time := range []int64{1, 5} {
		put(t, s, "v", time)
	}
	for range 2 {
		if _, err := s.Put([]byte("b"), []byte("v"), 1_000_000); !errors.Is(err, busy) {
			t.Errorf("the sweep failed, and the error is %v", err)
		}
	}
	engine.apply = nil
	put(t, s, "w", 1_000_000)
	if key, _, err := first(rows.Range(nil, appendKey(nil, 1, nil))); sweeps != 2 || key != nil || err != nil {
		t.Errorf("swept %d times, %x is left, %v", sweeps, key, err)
	}
}

// An error at the end of a segment's rows is one of the iterator over all of them.
func TestIteratorTellsOfAFailedRead(t *testing.T) {
	rows := memory.New()
	defer rows.Close()
	engine := &failing{Store: rows}
	s := reopened(t, engine)
	put(t, s, "v", 5)
	engine.read = errors.New("i/o error")
	it := s.Range(nil, nil)
	for it.Next() {
	}
	if err := it.Err(); !errors.Is(err, engine.read) {
		t.Errorf("the error is %v", err)
	}
	_ = it.Close()
}
