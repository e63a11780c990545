// Package alloctest holds, in tests, how much memory a parser takes to what its input is long: a length that is read
// and believed takes more.
package alloctest

import (
	"runtime"
	"testing"
)

// AtMost fails a test if do allocates more bytes of Go's heap than limit, freed ones included. It counts what goroutines
// beside it allocate, too, so the limit has room for these.
func AtMost(t testing.TB, limit int, do func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > uint64(limit) {
		t.Errorf("%d bytes were allocated, want at most %d", took, limit)
	}
}
