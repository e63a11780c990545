//go:build cgo && !norocksdb

package rocks

import (
	"math/rand/v2"
	"testing"

	"restorebench/stores"
	"restorebench/stores/storetest"
)

var (
	options = Options{Topic: "app-store-changelog", CreateIfMissing: true}
	harness = storetest.Harness{
		Open:    func(dir string) (stores.Store, error) { return Open(dir, options) },
		Durable: true,
	}
)

func TestStore(t *testing.T) { storetest.Run(t, harness) }

func BenchmarkApply(b *testing.B) { storetest.Benchmark(b, harness, 1_000_000, 100) }

// open opens a store for the length of a test.
func open(t testing.TB, dir string, o Options) *Store {
	t.Helper()
	s, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// apply adds n records of 100 bytes from the store's offset on.
func apply(t *testing.T, s *Store, n int) {
	t.Helper()
	next, _ := s.Offset()
	b := &stores.Batch{}
	value := make([]byte, 100)
	for range n {
		key := []byte{byte(next >> 16), byte(next >> 8), byte(next)}
		b.Append(key, value, 0, next)
		next++
	}
	if err := s.Apply(b); err != nil {
		t.Fatal(err)
	}
}

// scattered is n records of 16 + 1000 bytes whose keys lie all over.
func scattered(seed, n int) *stores.Batch {
	random := rand.NewChaCha8([32]byte{byte(seed)})
	b := &stores.Batch{Next: stores.Offset(seed * n)}
	key, value := make([]byte, 16), make([]byte, 1000)
	for range n {
		_, _ = random.Read(key)
		_, _ = random.Read(value)
		b.Append(key, value, 0, b.Next)
	}
	return b
}
