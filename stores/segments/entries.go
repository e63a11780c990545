package segments

import (
	"bytes"
	"errors"

	"restorebench/stores"
)

// Entries iterates over records as a typed store shows them. Entry is valid until the
// next call of Next; callers check Err after Next returns false and always Close.
type Entries[T any] struct {
	raw   stores.Iterator
	split func(key, value []byte) (T, error)
	entry T
	err   error
}

// NewEntries returns an iterator over the entries that split makes of raw's records.
func NewEntries[T any](raw stores.Iterator, split func(key, value []byte) (T, error)) *Entries[T] {
	return &Entries[T]{raw: raw, split: split}
}

// Next moves to the next entry; false at the end, and when there is an error.
func (e *Entries[T]) Next() bool {
	if e.err != nil || !e.raw.Next() {
		return false
	}
	e.entry, e.err = e.split(e.raw.Key(), e.raw.Value())
	return e.err == nil
}

// Entry is the present entry.
func (e *Entries[T]) Entry() T { return e.entry }

// Err wraps stores.ErrLayout when a record could not be taken apart.
func (e *Entries[T]) Err() error { return errors.Join(e.err, e.raw.Err()) }

// Close releases what the iterator reads.
func (e *Entries[T]) Close() error { return e.raw.Close() }

// Keys are those from From to To, both inclusive; a nil one is unbounded.
type Keys struct{ From, To []byte }

// Only is a single key, for which nil is the empty one.
func Only(key []byte) Keys {
	if key == nil {
		key = []byte{}
	}
	return Keys{key, key}
}

// Has is whether a key is one of them.
func (k Keys) Has(key []byte) bool {
	return (k.From == nil || bytes.Compare(key, k.From) >= 0) && (k.To == nil || bytes.Compare(key, k.To) <= 0)
}
