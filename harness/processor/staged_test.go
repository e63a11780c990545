package processor

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"restorebench/harness/subject"
	"restorebench/stores"
	"restorebench/stores/rocks"
)

func openStaged(t *testing.T, dir string) *staged {
	t.Helper()
	s, err := rocks.Open(dir, rocks.Options{Topic: "t", CreateIfMissing: true})
	if err != nil {
		t.Fatal(err)
	}
	return &staged{Store: s}
}

// What a stage holds can be read at any time, and is in RocksDB at the end, whether it
// had the room for all or not.
func TestStaged(t *testing.T) {
	for name, room := range map[string]int64{"all fits": 64 << 20, "it overflows": 8 << 20} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "s")
			s := openStaged(t, dir)
			if err := s.BeginBulk(room); err != nil {
				t.Fatal(err)
			}
			want := map[string]string{}
			random := rand.New(rand.NewPCG(1, 2))
			for n := range 200 {
				write(t, s, random, want, stores.Offset(100*(n+1)))
			}
			if overflows := room < 32<<20; (s.stage == nil) != overflows {
				t.Fatalf("the stage is gone: %v, want %v", s.stage == nil, overflows)
			}
			if err := s.EndBulk(); err != nil {
				t.Fatal(err)
			}
			compare(t, s, want)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			again := openStaged(t, dir)
			compare(t, again, want)
			if next, ok := again.Offset(); !ok || next != 20_000 {
				t.Errorf("offset %d, %v", next, ok)
			}
			if err := again.BeginBulk(room); !errors.Is(err, stores.ErrNotEmpty) {
				t.Errorf("bulk load over it: %v", err)
			}
			if err := again.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// write applies a hundred random writes, and reads each back.
func write(t *testing.T, s *staged, random *rand.Rand, want map[string]string, next stores.Offset) {
	t.Helper()
	var b stores.Batch
	for range 100 {
		key := fmt.Sprintf("key%d", random.IntN(8000))
		if random.IntN(10) == 0 {
			b.Append([]byte(key), nil, 0, 0)
			delete(want, key)
			continue
		}
		value := make([]byte, random.IntN(2000))
		value = fmt.Appendf(value, "%d", random.Uint64())
		b.Append([]byte(key), value, 0, 0)
		want[key] = string(value)
	}
	b.Next = next
	if err := s.Apply(&b); err != nil {
		t.Fatal(err)
	}
	for i := range b.Len() {
		value, err := s.Get(b.Key(i))
		if held, ok := want[string(b.Key(i))]; err != nil || ok != (value != nil) || held != string(value) {
			t.Fatalf("key %s: %d bytes (%v), want %d", b.Key(i), len(value), err, len(held))
		}
	}
}

func compare(t *testing.T, s stores.Store, want map[string]string) {
	t.Helper()
	it := s.Range(nil, nil)
	n := 0
	for ; it.Next(); n++ {
		if want[string(it.Key())] != string(it.Value()) {
			t.Fatalf("key %s differs", it.Key())
		}
	}
	if err := errors.Join(it.Err(), it.Close()); err != nil || n != len(want) {
		t.Fatalf("%d records (%v), want %d", n, err, len(want))
	}
}

// Rows of a versioned store without an offset are what a kill leaves between the two.
func TestVersionedRowsWithoutOffsetAreRefused(t *testing.T) {
	part := &partition{task: subject.Store{StoreOptions: subject.StoreOptions{RetentionMS: 1000}}}
	dir := filepath.Join(t.TempDir(), "s")
	open := func() (stores.Store, error) {
		part.space = newSpace(rocks.NewSpace(dir, rocks.Options{Topic: "t"}))
		part.space.readable = true
		return openVersioned(part)
	}
	s, err := open()
	if err != nil {
		t.Fatal(err)
	}
	var b stores.Batch
	b.Append([]byte("k"), []byte("v"), 5, 0)
	if err := errors.Join(s.Apply(&b), s.Flush(), s.Close()); err != nil {
		t.Fatal(err)
	}
	if s, err = open(); err != nil {
		t.Fatalf("with an offset: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	forget(t, dir, "t")
	if _, err := open(); !errors.Is(err, stores.ErrCorrupt) {
		t.Errorf("without an offset: %v", err)
	}
	engine, err := rocks.Open(dir, rocks.Options{Topic: "t"})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(engine.Apply(&stores.Batch{}), engine.Flush(), engine.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := open(); !errors.Is(err, stores.ErrCorrupt) {
		t.Errorf("with the offset of an unfinished load: %v", err)
	}
}

// forget makes a store's offset unknown: that of another topic is none.
func forget(t *testing.T, dir, topic string) {
	t.Helper()
	from, err := rocks.Open(dir, rocks.Options{Topic: topic})
	if err != nil {
		t.Fatal(err)
	}
	it := from.Range(nil, nil)
	var all stores.Batch
	for it.Next() {
		all.Append(it.Key(), it.Value(), 0, 0)
	}
	if err := errors.Join(it.Err(), it.Close(), from.Close()); err != nil {
		t.Fatal(err)
	}
	other := dir + "-other"
	to, err := rocks.Open(other, rocks.Options{CreateIfMissing: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(to.Apply(&all), to.Flush(), to.Close()); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.RemoveAll(dir), os.Rename(other, dir)); err != nil {
		t.Fatal(err)
	}
}
