package versioned

import (
	"encoding/binary"
	"errors"
	"slices"
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

// Each write that moves the stream time saves it, and no other: opening looks at no other row then.
func TestStreamTimeIsSaved(t *testing.T) {
	rows := memory.New()
	defer rows.Close()
	engine := &failing{Store: rows}
	s := reopened(t, engine)
	if err := s.Apply(&stores.Batch{}); err != nil {
		t.Fatal(err)
	}
	if got := reopened(t, rows).StreamTime(); got != -1 {
		t.Errorf("the stream time is %d before the first record, want -1", got)
	}
	var size int
	engine.apply = func(b *stores.Batch) error {
		size = b.Len()
		return nil
	}
	for i, c := range []struct {
		time int64
		rows int
	}{{0, 2}, {5, 2}, {5, 1}, {9, 2}} {
		if _, err := s.Put([]byte{byte(i)}, []byte("v"), c.time); err != nil {
			t.Fatal(err)
		}
		if got := reopened(t, rows).StreamTime(); got != c.time || size != c.rows {
			t.Errorf("the stream time is %d, want %d; %d rows were written, want %d", got, c.time, size, c.rows)
		}
	}
}

// rowsOf is an engine with rows that no Store wrote.
func rowsOf(t *testing.T, add func(*stores.Batch)) stores.Store {
	t.Helper()
	rows := memory.New()
	t.Cleanup(func() { _ = rows.Close() })
	b := &stores.Batch{}
	add(b)
	if err := rows.Apply(b); err != nil {
		t.Fatal(err)
	}
	return rows
}

func addLatest(b *stores.Batch, key string, from byte) {
	b.Append(appendKey(nil, latestValues, []byte(key)), []byte{0, 0, 0, 0, 0, 0, 0, from, 'v'}, 0, 0)
}

// addRow adds a row of one version, in a segment of the interval that a history of 10 s has.
func addRow(b *stores.Batch, key string, from, to int64) {
	r := row{next: to, versions: []version{{from, []byte("v")}}}
	b.Append(appendKey(nil, to/Interval(10_000), []byte(key)), r.encode(), 0, 0)
}

// In a store of Kafka Streams nothing says the stream time but its rows: those of segments, which may be all that there are,
// once the latest values are deleted, and the latest values, which may be all before anything is replaced.
func TestStreamTimeOfRows(t *testing.T) {
	for name, c := range map[string]struct {
		add  func(*stores.Batch)
		want int64
	}{
		"nothing":  {func(*stores.Batch) {}, -1},
		"segments": {func(b *stores.Batch) { addRow(b, "k", 3, 10) }, 10},
		"latest":   {func(b *stores.Batch) { addLatest(b, "a", 3); addLatest(b, "b", 9); addLatest(b, "c", 5) }, 9},
		"a segment is newer": {func(b *stores.Batch) {
			addRow(b, "k", 3, 10)
			addRow(b, "l", 3, 12)
			addRow(b, "m", 3, 11)
			addLatest(b, "a", 9)
		}, 12},
		"a latest value is newer": {func(b *stores.Batch) { addRow(b, "k", 3, 10); addLatest(b, "a", 7); addLatest(b, "b", 20) }, 20},
	} {
		t.Run(name, func(t *testing.T) {
			if got := reopened(t, rowsOf(t, c.add)).StreamTime(); got != c.want {
				t.Errorf("the stream time is %d, want %d", got, c.want)
			}
		})
	}
}

// All segments are found again after opening, also next to each other, and those that have expired are not: the next write
// deletes them.
func TestSegmentsAreFound(t *testing.T) {
	rows := rowsOf(t, func(b *stores.Batch) {
		addRow(b, "a", 1, 3_000)
		addRow(b, "", 29_000, 30_000)
		addRow(b, "c", 31_000, 33_500)
		addRow(b, "d", 33_600, 37_000)
	})
	s := reopened(t, rows)
	for key, want := range map[string]bool{"a": false, "": true, "c": true, "d": true} {
		at := map[string]int64{"a": 2_000, "": 29_500, "c": 32_000, "d": 34_000}[key]
		if r, err := s.AsOf([]byte(key), at); (r != nil) != want || err != nil {
			t.Errorf("%q as of %d: %v, %v", key, at, r, err)
		}
	}
	put(t, s, "v", 37_000)
	if key, _, err := first(rows.Range(nil, appendKey(nil, 1, nil))); key != nil || err != nil {
		t.Errorf("%x is left, %v", key, err)
	}
}

// Where the stream time is saved, the first latest value is looked at all the same: it tells what bytes these are.
func TestLatestIsLookedAt(t *testing.T) {
	rows := rowsOf(t, func(b *stores.Batch) {
		b.Append(appendKey(nil, streamTime, nil), make([]byte, 8), 0, 0)
		b.Append(appendKey(nil, latestValues, []byte("k")), []byte("short"), 0, 0)
	})
	if _, err := Open(one{rows}, "s", Options{History: 10_000}, nil); !errors.Is(err, stores.ErrLayout) {
		t.Errorf("the error is %v", err)
	}
}

// Whichever read fails, opening does.
func TestOpenTellsOfAFailedRead(t *testing.T) {
	busy := errors.New("busy")
	for name, add := range map[string]func(*stores.Batch){
		"ours": func(b *stores.Batch) {
			addLatest(b, "a", 9)
			addRow(b, "k", 3, 10)
			b.Append(appendKey(nil, streamTime, nil), make([]byte, 8), 0, 0)
		},
		"of Kafka Streams": func(b *stores.Batch) { addLatest(b, "a", 9); addRow(b, "k", 3, 10) },
	} {
		rows := rowsOf(t, add)
		for n := 1; n <= 4; n++ {
			engine := &failing{Store: rows, read: busy, only: n}
			if _, err := Open(one{engine}, "s", Options{History: 10_000}, nil); !errors.Is(err, busy) {
				t.Errorf("%s: read %d of %d failed, and the error is %v", name, n, engine.reads, err)
			}
		}
	}
}

// failing is an engine of which some calls fail.
type failing struct {
	stores.Store
	apply func(*stores.Batch) error // nil: none
	read  error                     // of an iterator, at its end; nil: none
	only  int                       // the iterator that fails; 0: all do
	reads int                       // iterators so far
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
	if f.reads++; f.only != 0 && f.reads != f.only {
		return f.Store.Range(from, to)
	}
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

// Of a sweep that can't read all of its rows the write tells, even if those that it found could be deleted.
func TestSweepTellsOfAFailedRead(t *testing.T) {
	rows := memory.New()
	defer rows.Close()
	engine := &failing{Store: rows}
	s := reopened(t, engine)
	for _, time := range []int64{1, 5} {
		put(t, s, "v", time)
	}
	engine.read = errors.New("i/o error")
	if _, err := s.Put([]byte("b"), []byte("v"), 1_000_000); !errors.Is(err, engine.read) {
		t.Errorf("the error is %v", err)
	}
}

// Many rows are swept in several writes, all of the batch that made them expire: the offset stays at its end.
func TestSweepIsBounded(t *testing.T) {
	rows := memory.New()
	defer rows.Close()
	engine := &failing{Store: rows}
	s := reopened(t, engine)
	b := &stores.Batch{}
	for i := range 2 * (sweepRecords + 100) {
		b.Append(binary.BigEndian.AppendUint32(nil, uint32(i/2)), []byte("v"), int64(i%2), 0)
	}
	if err := s.Apply(b); err != nil {
		t.Fatal(err)
	}
	var sizes []int
	engine.apply = func(b *stores.Batch) error {
		if sizes = append(sizes, b.Len()); b.Partition != 7 {
			t.Errorf("a write to partition %d, want 7", b.Partition)
		}
		return nil
	}
	late := &stores.Batch{Partition: 7}
	late.Append([]byte("b"), []byte("v"), 1_000_000, 76)
	if err := s.Apply(late); err != nil {
		t.Fatal(err)
	}
	// the first is the write itself: a latest value and the stream time
	if want := []int{2, sweepRecords, 100}; !slices.Equal(sizes, want) {
		t.Errorf("writes of %d records, want %d", sizes, want)
	}
	if next, _ := s.Offset(); next != 77 {
		t.Errorf("the offset is %d, want 77", next)
	}
}

// What expires within the batch that it comes in is not written at all: nothing would sweep it.
func TestExpiredInItsBatch(t *testing.T) {
	rows := memory.New()
	defer rows.Close()
	s := reopened(t, rows)
	b := &stores.Batch{}
	for offset, time := range []int64{1, 5, 1_000_000} {
		b.Append([]byte("a"), []byte("v"), time, stores.Offset(offset))
	}
	if err := s.Apply(b); err != nil {
		t.Fatal(err)
	}
	if key, _, err := first(rows.Range(nil, appendKey(nil, 1, nil))); key != nil || err != nil {
		t.Errorf("%x is left, %v", key, err)
	}
	if next, _ := s.Offset(); next != 3 {
		t.Errorf("the offset is %d, want 3", next)
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
