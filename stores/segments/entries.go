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

// Between is whether from <= key <= to, where nil is unbounded.
func Between(key, from, to []byte) bool {
	return (from == nil || bytes.Compare(key, from) >= 0) && (to == nil || bytes.Compare(key, to) <= 0)
}

// Only makes bounds of a single key, for which nil is the empty key.
func Only(key []byte) (from, to []byte) {
	if key == nil {
		key = []byte{}
	}
	return key, key
}
