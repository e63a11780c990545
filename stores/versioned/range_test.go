package versioned

import (
	"errors"
	"strings"
	"testing"

	"restorebench/stores"
	"restorebench/stores/memory"
	"restorebench/stores/storetest"
)

// A range reads nothing that lies before its beginning: there the latest value is bad.
// Only a key that begins the range may still have versions in it.
func TestRangeBeginsNearFrom(t *testing.T) {
	rows := memory.New()
	s, err := Open(one{rows}, "votes", Options{History: 10_000}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, key := range []string{"a", "k", "z"} {
		for time := range int64(5) {
			if _, err := s.Put([]byte(key), []byte("v"), time); err != nil {
				t.Fatal(err)
			}
		}
	}
	b := &stores.Batch{}
	b.Append(appendKey(nil, latestValues, []byte("a")), []byte("short"), 0, 0)
	if err := rows.Apply(b); err != nil {
		t.Fatal(err)
	}
	it := s.Range(nil, nil)
	if it.Next() || !errors.Is(it.Err(), stores.ErrLayout) {
		t.Errorf("the bad value is read: %v", it.Err())
	}
	it.Close()
	got := storetest.Contents(t, s.Range([]byte("k\x00\x00\x00\x00\x00\x00\x00\x02"), []byte("k\x01")))
	want := `6b0000000000000002 = 000000000000000376
6b0000000000000003 = 000000000000000476
6b0000000000000004 = ffffffffffffffff76`
	if got != want {
		t.Errorf("range is\n%s\nwant\n%s", got, want)
	}
}

// A range shows what all segments hold, in the order of its own keys: with a late time behind it, a key comes after a longer one
// with an early time.
func TestRangeMerges(t *testing.T) {
	s := newStore(t, 60_000)
	for i, time := range []int64{10, 25_000, 45_000} { // each ends in the next segment
		put(t, s, strings.Repeat(string(rune('u'+i)), 9), time)
	}
	if _, err := s.Put([]byte("a\x00"), []byte("x"), 5); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Delete([]byte("a"), 50_000); err != nil {
		t.Fatal(err)
	}
	all := []string{
		"61000000000000000005 = ffffffffffffffff78",
		"61000000000000000a = 00000000000061a8757575757575757575",
		"6100000000000061a8 = 000000000000afc8767676767676767676",
		"61000000000000afc8 = 000000000000c350777777777777777777",
		"61000000000000c350 = ",
	}
	for _, c := range []struct {
		from, to string
		want     []string
	}{
		{"", "b", all},
		{"a\x00\x00\x00\x00\x00\x00\x00\x0a", "a\x00\x00\x00\x00\x00\x00\xaf\xc8", all[1:3]},
		{"a\x00\x00\x00\x00\x00\x00\xc3\x50", "b", all[4:]},
	} {
		if got, want := storetest.Contents(t, s.Range([]byte(c.from), []byte(c.to))), strings.Join(c.want, "\n"); got != want {
			t.Errorf("from %x to %x there is\n%s\nwant\n%s", c.from, c.to, got, want)
		}
	}
	if got, want := storetest.Contents(t, s.Range(nil, nil)), strings.Join(all, "\n"); got != want {
		t.Errorf("all is\n%s\nwant\n%s", got, want)
	}
}

// The empty key has entries, too.
func TestGetOfTheEmptyKey(t *testing.T) {
	s := newStore(t, 10_000)
	if _, err := s.Put([]byte{}, []byte("v"), 5); err != nil {
		t.Fatal(err)
	}
	value, err := s.Get([]byte{0, 0, 0, 0, 0, 0, 0, 5})
	if want := "\xff\xff\xff\xff\xff\xff\xff\xffv"; string(value) != want || err != nil {
		t.Errorf("its version from 5 on is %x, %v; want %x", value, err, want)
	}
}

// A closed iterator shows nothing more, of what it had read ahead neither.
func TestClosedIterator(t *testing.T) {
	s := newStore(t, 10_000)
	put(t, s, "v", 1)
	put(t, s, "w", 5)
	it := s.Range(nil, nil)
	if !it.Next() {
		t.Fatal(it.Err())
	}
	if err := it.Close(); err != nil || it.Next() {
		t.Errorf("closed it goes on, %v", err)
	}
}

// BenchmarkRange opens a range in the middle of many keys and reads its first entry.
func BenchmarkRange(b *testing.B) {
	s, err := Open(memory.NewSpace(), "s", Options{History: 60_000}, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	batch := &stores.Batch{}
	for i := range 100_000 {
		batch.Append([]byte{'k', byte(i >> 16), byte(i >> 8), byte(i)}, []byte("v"), 1_700_000_000_000, stores.Offset(i))
	}
	if err := s.Apply(batch); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		it := s.Range([]byte{'k', 0, 0xff, 0xff}, nil)
		if !it.Next() {
			b.Fatal(it.Err())
		}
		if err := it.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
