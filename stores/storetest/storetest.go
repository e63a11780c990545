// Package storetest is what a store must do to be one: every engine runs the
// same suite, real kills included, and the same benchmark.
package storetest

import (
	"os"
	"testing"

	"restorebench/stores"
)

// Harness tells the suite how to get a store.
type Harness struct {
	// Open opens the store in dir, or creates it there. The suite closes it.
	Open func(dir string) (stores.Store, error)
	// Durable: what was flushed is there again after Close, or a kill, and Open.
	Durable bool
	// Ahead: after a kill, parts of the store may hold more than its offset says.
	Ahead bool
	// Key makes a key of the changelog of any bytes, for a store whose keys have a
	// structure; nil takes them as they are. Keys of equal length keep their order.
	Key func(any []byte) []byte
	// Kept is how the store keeps a value of a record whose timestamp is 0; nil keeps
	// it as it is.
	Kept func(value []byte) []byte
}

func (h Harness) key(bytes []byte) []byte {
	if h.Key == nil {
		return bytes
	}
	return h.Key(bytes)
}

func (h Harness) kept(value []byte) []byte {
	if h.Kept == nil || value == nil {
		return value
	}
	return h.Kept(value)
}

func (h Harness) model() *model { return &model{h: h} }

// Run runs the whole suite. It is called by a top-level test function, which for
// a durable store it runs again in a child process, to be killed there.
func Run(t *testing.T, h Harness) {
	if dir := os.Getenv(victimDir); dir != "" {
		runVictim(t, h, dir)
		return
	}
	t.Run("empty", h.testEmpty)
	t.Run("put, overwrite, delete", h.testLastWriteWins)
	t.Run("keys", h.testKeys)
	t.Run("values", h.testValues)
	t.Run("range", h.testRange)
	t.Run("range is a snapshot", h.testSnapshot)
	t.Run("batch is borrowed", h.testBorrowed)
	t.Run("offset", h.testOffset)
	t.Run("reopen", h.testReopen)
	t.Run("growth and shrinking", h.testGrowth)
	t.Run("concurrent reads", h.testConcurrentReads)
	t.Run("closed", h.testClosed)
	t.Run("random", h.testRandom)
	if h.Durable {
		t.Run("SIGKILL", h.testKill)
	}
}

// open opens a store for the length of a test.
func (h Harness) open(t *testing.T, dir string) stores.Store {
	t.Helper()
	s, err := h.Open(dir)
	if err != nil {
		t.Fatalf("open %s: %v", dir, err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// fixture is a new store with the model that it is held against.
func (h Harness) fixture(t *testing.T) (stores.Store, *model) {
	t.Helper()
	return h.open(t, TempDir(t)), h.model()
}
