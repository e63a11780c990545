package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"pgregory.net/rapid"

	"restorebench/stores"
)

// Record is one of a changelog; a nil value is a tombstone.
type Record struct {
	Key, Value []byte
	Timestamp  int64 // ms
}

// Changelog is what live writes have logged.
type Changelog []Record

// Write is a stores.Log. It keeps copies.
func (c *Changelog) Write(key, value []byte, timestamp int64) {
	*c = append(*c, Record{bytes.Clone(key), bytes.Clone(value), timestamp})
}

// Replay applies the changelog to a store, from an offset to its end, in batches of
// any size, and tells applied about each of them, unless it is nil.
func Replay(t *rapid.T, s stores.Store, log Changelog, from stores.Offset, applied func(...Record)) {
	for rest := log[from:]; len(rest) > 0; {
		n := rapid.IntRange(1, len(rest)).Draw(t, "batch")
		b := &stores.Batch{Next: from}
		for _, r := range rest[:n] {
			b.Append(r.Key, r.Value, r.Timestamp, b.Next)
		}
		fatal(t, s.Apply(b))
		if applied != nil {
			applied(rest[:n]...)
		}
		from, rest = b.Next, rest[n:]
	}
	if next, ok := s.Offset(); int(next) != len(log) || !ok && len(log) > 0 {
		t.Fatalf("restored to offset %d, %v; want %d", next, ok, len(log))
	}
}

func fatal(t *rapid.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Contents is what an iterator yields, as lines of `key = value` in hexadecimal. It
// closes the iterator.
func Contents(t interface {
	Helper()
	Fatal(args ...any)
}, it stores.Iterator,
) string {
	t.Helper()
	var lines []string
	for it.Next() {
		lines = append(lines, fmt.Sprintf("%x = %x", it.Key(), it.Value()))
	}
	if err := errors.Join(it.Err(), it.Close()); err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}
