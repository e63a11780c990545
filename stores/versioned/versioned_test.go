package versioned

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"testing"

	"restorebench/stores"
	"restorebench/stores/format"
	"restorebench/stores/memory"
	"restorebench/stores/storetest"
)

// With all records at time 0, a versioned store is a key-value store.

func TestAtOneTimeMemory(t *testing.T) { suite(t, false) }
func TestAtOneTimeRocks(t *testing.T)  { suite(t, true) }

func suite(t *testing.T, durable bool) {
	prepare(t, durable)
	storetest.Run(t, storetest.Harness{Durable: durable, Open: func(dir string) (stores.Store, error) {
		s, err := Open(space(durable, dir), "", Options{History: 10}, nil)
		return &atOneTime{s}, err
	}})
}

// atOneTime shows the latest versions only.
type atOneTime struct{ *Store }

func (s *atOneTime) Get(key []byte) ([]byte, error) {
	r, err := s.Latest(key)
	if r == nil {
		return nil, err
	}
	return r.Value, err
}

func (s *atOneTime) Range(from, to []byte) stores.Iterator {
	atZero := func(key []byte) []byte {
		if key == nil {
			return nil
		}
		return append(bytes.Clone(key), make([]byte, format.TimestampBytes)...)
	}
	return &atOneTimeIterator{s.Store.Range(atZero(from), atZero(to))}
}

type atOneTimeIterator struct{ stores.Iterator }

func (it *atOneTimeIterator) Next() bool {
	for it.Iterator.Next() {
		if len(it.Iterator.Value()) > 0 { // no tombstone
			return true
		}
	}
	return false
}

func (it *atOneTimeIterator) Key() []byte {
	key := it.Iterator.Key()
	return key[:len(key)-format.TimestampBytes]
}

func (it *atOneTimeIterator) Value() []byte { return it.Iterator.Value()[format.TimestampBytes:] }

func BenchmarkApply(b *testing.B) {
	storetest.Benchmark(b, storetest.Harness{Open: func(dir string) (stores.Store, error) {
		return Open(memory.NewSpace(), "", Options{History: 60_000}, nil)
	}}, 1_000_000, 100)
}

func newStore(t *testing.T, history int64) *Store {
	t.Helper()
	s, err := Open(memory.NewSpace(), "s", Options{History: history}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func put(t *testing.T, s *Store, value string, time int64) {
	t.Helper()
	if _, err := s.Put([]byte("a"), []byte(value), time); err != nil {
		t.Fatal(err)
	}
}

func latest(t *testing.T, s *Store) string {
	t.Helper()
	r, err := s.Latest([]byte("a"))
	if err != nil {
		t.Fatal(err)
	}
	if r == nil {
		return "none"
	}
	return string(r.Value)
}

// Kafka Streams 4.3.1 restores this batch with the late value as the latest one: it
// takes the stream time of the batch's end for all of it, at which the tombstone has
// expired, and leaves it out.
func TestRestoreKeepsTombstones(t *testing.T) {
	b := &stores.Batch{}
	b.Append([]byte("a"), nil, 5, 0)
	b.Append([]byte("a"), []byte("late"), 3, 1)
	b.Append([]byte("b"), []byte("v"), 1_000_000, 2)
	s := newStore(t, 60_000)
	if err := s.Apply(b); err != nil {
		t.Fatal(err)
	}
	if got := latest(t, s); got != "none" {
		t.Errorf("a deleted value is back: %s", got)
	}
}

// Kafka Streams 4.3.1 finds nothing here: the old version lies in the segment of its
// end, behind the range.
func TestHistoryOfVersionThatEndsLater(t *testing.T) {
	s := newStore(t, 200_000)
	put(t, s, "v", 10)
	put(t, s, "w", 100_000)
	found, err := s.History([]byte("a"), 0, 50, false)
	if err != nil || len(found) != 1 || string(found[0].Value) != "v" {
		t.Errorf("found %v, %v; want v", found, err)
	}
}

func TestFarFuture(t *testing.T) {
	s := newStore(t, 60_000)
	put(t, s, "v", 0)
	put(t, s, "w", math.MaxInt64)
	if got := latest(t, s); got != "w" {
		t.Errorf("latest is %s", got)
	}
	if validTo, err := s.Put([]byte("a"), []byte("x"), 1<<62); validTo != NotPut || err != nil {
		t.Errorf("a late put is %d, %v", validTo, err)
	}
	r, err := s.AsOf([]byte("a"), math.MaxInt64-1)
	if err != nil || r == nil || string(r.Value) != "v" || r.To != math.MaxInt64 {
		t.Errorf("as of just before: %v, %v", r, err)
	}
}

func TestBadArguments(t *testing.T) {
	s := newStore(t, 10)
	if _, err := s.Put([]byte("a"), nil, -1); err == nil {
		t.Error("a negative timestamp is taken")
	}
	if _, err := s.Put(nil, nil, 1); err == nil {
		t.Error("a nil key is taken")
	}
	b := &stores.Batch{}
	b.Append([]byte("a"), []byte("v"), 5, 0)
	b.Append([]byte("a"), []byte("v"), -1, 1)
	if err := s.Apply(b); err == nil || s.StreamTime() != -1 || latest(t, s) != "none" {
		t.Errorf("a batch with a negative timestamp: %v, and the store is changed", err)
	}
	if _, err := Open(memory.NewSpace(), "s", Options{History: -1}, nil); err == nil {
		t.Error("a negative history is taken")
	}
}

func TestInterval(t *testing.T) {
	for history, want := range map[int64]int64{
		0: 2_000, 3_000: 2_000, 60_000: 20_000, 61_000: 20_000, 300_000: 60_000, 300_001: 60_000, 330_000: 60_000,
		3_600_000: 300_000, 3_600_001: 300_000, 3_660_000: 300_000, 86_400_000: 3_600_000,
	} {
		if got := Interval(history); got != want {
			t.Errorf("interval for a history of %d ms is %d ms, want %d", history, got, want)
		}
	}
}

// A deleted value leaves a row that ends at the deletion; what comes late for that
// very time follows it.
func TestPutWhereARowEnds(t *testing.T) {
	s := newStore(t, 60_000)
	put(t, s, "v", 5)
	if _, err := s.Delete([]byte("a"), 10); err != nil {
		t.Fatal(err)
	}
	put(t, s, "x", 20)
	put(t, s, "w", 10)
	found, err := s.History([]byte("a"), 0, 30, true)
	if err != nil || len(found) != 3 || string(found[1].Value) != "w" || found[1].From != 10 || found[1].To != 20 {
		t.Errorf("history is %v, %v", found, err)
	}
}

// A tombstone that had nothing to end still ends what comes late, also when newer versions share its row.
func TestTombstoneAlone(t *testing.T) {
	s := newStore(t, 60_000)
	if _, err := s.Delete([]byte("a"), 10); err != nil {
		t.Fatal(err)
	}
	put(t, s, "v", 20)
	put(t, s, "w", 30)
	if validTo, err := s.Put([]byte("a"), []byte("late"), 5); validTo != 10 || err != nil {
		t.Errorf("the late version is valid to %d, %v; want 10", validTo, err)
	}
	if r, err := s.AsOf([]byte("a"), 15); r != nil || err != nil {
		t.Errorf("as of 15: %v, %v; want none", r, err)
	}
	if _, err := s.Delete([]byte("b"), 10); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Put([]byte("b"), []byte("late"), 5); err != nil {
		t.Fatal(err)
	}
	if r, err := s.AsOf([]byte("b"), 5); r == nil || string(r.Value) != "late" || r.To != 10 || err != nil {
		t.Errorf("as of 5: %v, %v; want the late version to 10", r, err)
	}
}

// Ranges and the history have both of their ends.
func TestEdges(t *testing.T) {
	s := newStore(t, 100)
	put(t, s, "v", 10)
	put(t, s, "w", 50)
	finds := func(from, to int64, want string) {
		t.Helper()
		found, err := s.History([]byte("a"), from, to, false)
		got := ""
		for _, r := range found {
			got += string(r.Value)
		}
		if got != want || err != nil {
			t.Errorf("at %d, from %d to %d: found %q, %v; want %q", s.StreamTime(), from, to, got, err, want)
		}
	}
	finds(0, 9, "")
	finds(0, 10, "v")
	finds(0, 49, "v")
	finds(49, 50, "vw")
	finds(50, 60, "w")
	finds(60, 70, "w")
	if _, err := s.Put([]byte("b"), []byte("x"), 110); err != nil {
		t.Fatal(err)
	}
	finds(0, 9, "")
	finds(0, 10, "v")
	if r, err := s.AsOf([]byte("a"), 10); err != nil || r == nil || string(r.Value) != "v" {
		t.Errorf("as of the first time of the history: %v, %v; want v", r, err)
	}
	if before, err := s.Delete([]byte("a"), 10); err != nil || before == nil || string(before.Value) != "v" {
		t.Errorf("deleted at the first time of the history: %v, %v; want v", before, err)
	}
	finds(0, 10, "")
}

// A version that ended where the history begins is not shown, nor is a tombstone from there, though their segment is still there.
func TestHistoryEndsWithinASegment(t *testing.T) {
	s := newStore(t, 100)
	put(t, s, "v", 10)
	put(t, s, "w", 50)
	if _, err := s.Delete([]byte("b"), 50); err != nil {
		t.Fatal(err)
	}
	put(t, s, "x", 150)
	found, err := s.History([]byte("a"), 0, 200, true)
	if err != nil || len(found) != 2 || string(found[0].Value) != "x" || string(found[1].Value) != "w" {
		t.Errorf("history is %v, %v; want x and w", found, err)
	}
	for key, from := range map[string]byte{"a": 10, "b": 50} {
		if value, err := s.Get(append([]byte(key), 0, 0, 0, 0, 0, 0, 0, from)); value != nil || err != nil {
			t.Errorf("what %s had from %d on is %x, %v; want none", key, from, value, err)
		}
	}
}

// What is put is logged, late as it may be, but for what was refused with an error.
func TestLog(t *testing.T) {
	var logged []string
	s, err := Open(memory.NewSpace(), "s", Options{}, func(key, value []byte, time int64) {
		logged = append(logged, fmt.Sprintf("%s=%s@%d", key, value, time))
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	put(t, s, "v", 10)
	put(t, s, "late", 9)
	if _, err := s.Put([]byte("a"), []byte("w"), -1); err == nil {
		t.Error("a negative timestamp is taken")
	}
	if want := []string{"a=v@10", "a=late@9"}; !slices.Equal(logged, want) {
		t.Errorf("logged are %q, want %q", logged, want)
	}
}
