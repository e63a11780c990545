package cache

import (
	"bytes"
	"slices"

	"restorebench/stores"
)

// Range iterates in byte order over from <= key < to, as the cache and the store below
// are now together; nil is unbounded. To pass an entry in the cache is to use it.
func (c *Cache) Range(from, to []byte) stores.Iterator {
	return c.merge(c.sorted.between(from, to), c.below.Range(from, to), 1)
}

// ReverseRange is Range from the last key to the first.
func (c *Cache) ReverseRange(from, to []byte) stores.Iterator {
	entries := c.sorted.between(from, to)
	slices.Reverse(entries)
	return c.merge(entries, c.below.ReverseRange(from, to), -1)
}

func (c *Cache) merge(entries []*entry, below stores.Iterator, order int) *iterator {
	it := &iterator{cache: c, below: below, order: order, cached: make([]cached, len(entries))}
	for i, e := range entries {
		it.cached[i] = cached{e.key, e.value}
	}
	it.advance()
	return it
}

// iterator merges a snapshot of the cache with an iterator of the store below, whose
// records the cache hides (AbstractMergedSortedCacheStoreIterator).
type iterator struct {
	cache  *Cache
	cached []cached // those to come
	below  stores.Iterator
	more   bool // below stands at a record
	order  int  // 1, or -1 backwards

	present cached
	lent    bool // present is where below stands
}

// cached is an entry as it was.
type cached struct{ key, value []byte }

func (it *iterator) Next() bool {
	if it.lent {
		it.advance()
	}
	for it.below.Err() == nil && (it.more || len(it.cached) > 0) {
		c := it.compare()
		if c > 0 {
			it.present, it.lent = cached{it.below.Key(), it.below.Value()}, true
			return true
		}
		if c == 0 {
			it.advance() // past what the cache hides
		}
		if it.present = it.take(); it.present.value != nil {
			return true
		}
	}
	it.present = cached{}
	return false
}

func (it *iterator) advance() { it.more, it.lent = it.below.Next(), false }

// compare is negative when the next record is the cache's, positive when it is that of
// the store below, 0 when both have the key.
func (it *iterator) compare() int {
	switch {
	case !it.more:
		return -1
	case len(it.cached) == 0:
		return 1
	default:
		return it.order * bytes.Compare(it.cached[0].key, it.below.Key())
	}
}

func (it *iterator) take() cached {
	next := it.cached[0]
	it.cached = it.cached[1:]
	if e := it.cache.entries[string(next.key)]; e != nil {
		it.cache.used.MoveToFront(e.used)
	}
	return next
}

func (it *iterator) Key() []byte   { return it.present.key }
func (it *iterator) Value() []byte { return it.present.value }
func (it *iterator) Err() error    { return it.below.Err() }
func (it *iterator) Close() error  { return it.below.Close() }
