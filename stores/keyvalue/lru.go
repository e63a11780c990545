package keyvalue

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync"

	"restorebench/internal/defect"
	"restorebench/stores"
)

var errClosed = fmt.Errorf("keyvalue: LRU map: %w", stores.ErrClosed)

// NewLRU returns an empty map that holds at most size entries, in memory
// (MemoryLRUCache). A write over that evicts the entry that was read or written
// longest ago, and logs a tombstone for it before its own record. While restoring it
// evicts too, but logs nothing.
//
// Kafka Streams' map knows no ranges; here they are for reading it all, and don't
// count as uses.
func NewLRU(size int, log stores.Log) (*KeyValue, error) {
	if size < 1 {
		return nil, fmt.Errorf("keyvalue: an LRU map of %d entries, want at least 1", size)
	}
	l := &lru{size: size, entries: map[string]*entry{}}
	l.ends.newer, l.ends.older = &l.ends, &l.ends
	s := live(l, nil, log)
	s.write = func(b *stores.Batch) error {
		return l.apply(b, func(evicted string) { s.log([]byte(evicted), nil, b.Entries[0].Timestamp) })
	}
	return s, nil
}

// lru is the map with a ring through its entries in the order of their use.
type lru struct {
	mu      sync.Mutex // reads move entries too
	size    int
	entries map[string]*entry // nil once closed
	ends    entry             // older: the newest entry, newer: the oldest one
	next    stores.Offset
	applied bool
}

type entry struct {
	key          string
	value        []byte // never written to again, so that iterators may keep it
	older, newer *entry
}

func (l *lru) Apply(b *stores.Batch) error { return l.apply(b, func(string) {}) }

func (l *lru) apply(b *stores.Batch, evict func(key string)) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.entries == nil {
		return errClosed
	}
	for i := range b.Entries {
		if value := b.Value(i); value == nil {
			l.remove(l.entries[string(b.Key(i))])
		} else {
			l.put(b.Key(i), append([]byte{}, value...), evict)
		}
	}
	l.next, l.applied = b.Next, true
	return nil
}

func (l *lru) put(key, value []byte, evict func(key string)) {
	e := l.entries[string(key)]
	if e == nil {
		e = &entry{key: string(key)}
		l.entries[e.key] = e
	} else {
		e.unlink()
	}
	e.value = value
	l.use(e)
	if len(l.entries) > l.size && !defect.Is(defect.EvictionForgotten) {
		eldest := l.ends.newer
		l.remove(eldest)
		evict(eldest.key)
	}
}

// use links an entry that is in no place as the newest.
func (l *lru) use(e *entry) {
	e.newer, e.older = &l.ends, l.ends.older
	e.newer.older, e.older.newer = e, e
}

func (e *entry) unlink() { e.newer.older, e.older.newer = e.older, e.newer }

func (l *lru) remove(e *entry) {
	if e != nil {
		e.unlink()
		delete(l.entries, e.key)
	}
}

func (l *lru) Get(key []byte) ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.entries == nil {
		return nil, errClosed
	}
	e := l.entries[string(key)]
	if e == nil {
		return nil, nil
	}
	e.unlink()
	l.use(e)
	return append([]byte{}, e.value...), nil
}

func (l *lru) Offset() (stores.Offset, bool)    { return l.next, l.applied }
func (l *lru) ApproximateCount() (int64, error) { return int64(len(l.entries)), nil }
func (l *lru) Flush() error                     { return nil }

func (l *lru) Close() error {
	l.entries = nil
	return nil
}

func (l *lru) Range(from, to []byte) stores.Iterator { return l.collect(from, to) }

func (l *lru) ReverseRange(from, to []byte) stores.Iterator {
	it := l.collect(from, to)
	slices.Reverse(it.left)
	return it
}

// collect copies the entries of a range, in order.
func (l *lru) collect(from, to []byte) *lruIterator {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.entries == nil {
		return &lruIterator{err: errClosed}
	}
	it := &lruIterator{}
	for key, e := range l.entries {
		if key >= string(from) && (to == nil || bytes.Compare([]byte(key), to) < 0) {
			it.left = append(it.left, pair{key, e.value})
		}
	}
	slices.SortFunc(it.left, func(a, b pair) int { return strings.Compare(a.key, b.key) })
	return it
}

type pair struct {
	key   string
	value []byte
}

type lruIterator struct {
	left []pair
	at   pair
	err  error
}

func (it *lruIterator) Next() bool {
	if len(it.left) == 0 {
		return false
	}
	it.at, it.left = it.left[0], it.left[1:]
	return true
}

func (it *lruIterator) Key() []byte   { return []byte(it.at.key) }
func (it *lruIterator) Value() []byte { return it.at.value }
func (it *lruIterator) Err() error    { return it.err }

func (it *lruIterator) Close() error {
	it.left = nil
	return nil
}
