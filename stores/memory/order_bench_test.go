package memory_test

import (
	"encoding/binary"
	"testing"

	"restorebench/stores/memory"
	"restorebench/stores/window"
)

// BenchmarkLiveWindows is a window store at work: an operation puts a window and
// fetches those of its key in the last second. One in every ms, of 1,000 keys in turn,
// as many in all as there are operations: -benchtime 100000x.
func BenchmarkLiveWindows(b *testing.B) {
	s, err := window.New(memory.NewSpace(), window.Options{Name: "w", Retention: 3_600_000, WindowSize: 1000})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	value := make([]byte, 100)
	key := make([]byte, 16)
	b.ReportAllocs()
	for i := range b.N {
		at := int64(i)
		binary.BigEndian.PutUint64(key, uint64(i%1000)*0x9e3779b97f4a7c15)
		if err := s.Put(key, value, at, at); err != nil {
			b.Fatal(err)
		}
		it := s.FetchRange(key, at-999, at)
		n := 0
		for ; it.Next(); n++ {
		}
		if err := it.Close(); err != nil || n != 1 {
			b.Fatalf("%d windows, %v", n, err)
		}
	}
}
