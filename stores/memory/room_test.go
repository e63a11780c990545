package memory

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/zeebo/xxh3"

	"restorebench/stores"
)

// restore applies records with the keys from..to and values of a size; -1 deletes.
func restore(t *testing.T, s *Store, from, to, valueBytes int) {
	t.Helper()
	b := &stores.Batch{}
	key, value := make([]byte, 16), []byte(nil)
	if valueBytes >= 0 {
		value = make([]byte, valueBytes)
	}
	for i := from; i < to; i++ {
		binary.LittleEndian.PutUint64(key, xxh3.HashSeed(key[8:], uint64(i)))
		b.Append(key, value, 0, stores.Offset(i))
		if b.Len() == 4096 || i == to-1 {
			if err := s.Apply(b); err != nil {
				t.Fatal(err)
			}
			b.Reset()
		}
	}
}

// What an iterator reads is neither moved nor given back, however dead it is.
func TestIteratorHoldsRoom(t *testing.T) {
	const n = 100_000
	s := New()
	defer s.Close()
	restore(t, s, 0, n, 100)
	it := s.Range(nil, nil)
	for round := range 3 {
		restore(t, s, 0, n, 200+round*100)
	}
	held := s.Stats()
	seen := 0
	for ; it.Next(); seen++ {
		if len(it.Key()) != 16 || len(it.Value()) != 100 {
			t.Fatalf("record %d has changed: key %x, %d bytes of value", seen, it.Key(), len(it.Value()))
		}
	}
	if err := it.Close(); err != nil || seen != n {
		t.Fatalf("read %d records of %d, then %v", seen, n, err)
	}
	restore(t, s, 0, 1, 100)
	if after := s.Stats(); held.Dead < 300*n || after.Dead > after.Live {
		t.Errorf("with the iterator: %+v; after it was closed: %+v", held, after)
	}
}

func TestOverwriteStaysInPlace(t *testing.T) {
	s := New()
	defer s.Close()
	restore(t, s, 0, 1000, 101)
	before := s.Stats()
	restore(t, s, 0, 1000, 102) // the same after alignment
	if after := s.Stats(); after != before {
		t.Errorf("overwriting moved records: %+v, before %+v", after, before)
	}
}

func TestApplyAllocatesNothing(t *testing.T) {
	s := New()
	defer s.Close()
	b := &stores.Batch{}
	for i := range 1000 {
		b.Append(binary.BigEndian.AppendUint64(nil, uint64(i)), make([]byte, 100), 0, stores.Offset(i))
	}
	allocations := testing.AllocsPerRun(10, func() {
		if err := s.Apply(b); err != nil {
			t.Fatal(err)
		}
	})
	if allocations > 0 {
		t.Errorf("a batch costs %v allocations", allocations)
	}
}

// An iterator outlives the store, since another goroutine may be reading it.
func TestIteratorOutlivesClose(t *testing.T) {
	s := New()
	restore(t, s, 0, 1000, 100)
	it := s.Range(nil, nil)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	var last []byte
	n := 0
	for ; it.Next(); n++ {
		if bytes.Compare(last, it.Key()) >= 0 || len(it.Value()) != 100 {
			t.Fatalf("%x = %d bytes after %x", it.Key(), len(it.Value()), last)
		}
		last = append(last[:0], it.Key()...)
	}
	if n != 1000 || it.Err() != nil || it.Close() != nil {
		t.Errorf("read %d records, then %v", n, it.Err())
	}
	if err := it.Close(); err != nil || it.Next() || s.users.Load() != 0 {
		t.Errorf("closed twice: %v, %d users", err, s.users.Load())
	}
	if err := s.Apply(&stores.Batch{}); err == nil {
		t.Error("a closed store takes a batch")
	}
	if _, err := s.Get(nil); err == nil {
		t.Error("a closed store is read")
	}
	if it := s.Range(nil, nil); it.Next() || it.Err() == nil {
		t.Error("a closed store is iterated")
	}
}
