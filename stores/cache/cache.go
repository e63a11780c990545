package cache

import (
	"bytes"
	"container/list"
	"errors"

	"restorebench/stores"
)

// Budget is what the caches of one processor share (ThreadCache). It belongs to one
// goroutine, as they do.
type Budget struct {
	limit int64 // bytes
	used  int64
}

// NewBudget returns a budget of so many bytes, counted as the package says. With 0
// every write is flushed at once.
func NewBudget(limit int64) *Budget { return &Budget{limit: limit} }

// Below is the store behind a cache: a stores.Ordered is one.
type Below interface {
	Get(key []byte) ([]byte, error)
	Range(from, to []byte) stores.Iterator
	ReverseRange(from, to []byte) stores.Iterator
}

// Change is a key's write that leaves the cache. Its bytes are only borrowed.
type Change struct {
	Key []byte
	// Old is what the store below held so far, known with SendOld and of deletes; New
	// is what it holds now. nil is nothing.
	Old, New  []byte
	Timestamp int64 // of the write, ms
}

// Options says what becomes of the writes.
type Options struct {
	// Topic is where the records come from that make the writes; its name counts.
	Topic string
	// Segmented: of a window or session store. Its keys count their segment, and
	// what is read is not kept, as in CachingWindowStore and CachingSessionStore.
	Segmented bool
	// SendOld reads each key's old value before it is overwritten (sendOldValues).
	SendOld bool
	// Write is a live write to the store below, which logs it. A nil value deletes.
	Write func(key, value []byte, timestamp int64) error
	// Forward sends a change on, after Write; it may use the other caches of the
	// budget, not this one. nil: nothing is downstream, and even deletes of absent keys
	// are written.
	Forward func(Change) error
}

// Cache holds back the writes to one store. It belongs to one goroutine. After an
// error of the store below or of Forward it must not be used any more: some of the
// writes may be lost.
type Cache struct {
	budget  *Budget
	below   Below
	options Options

	entries map[string]*entry
	sorted  sorted     // by key
	used    *list.List // of *entry, the last used first
	dirty   *list.List // of *entry, the first written first
}

// New puts a cache in front of a store, whose writes all go through it from now on.
func New(budget *Budget, below Below, o Options) *Cache {
	return &Cache{
		budget: budget, below: below, options: o,
		entries: map[string]*entry{}, used: list.New(), dirty: list.New(),
	}
}

// entry is a key's value. The value's bytes are never changed, only replaced.
type entry struct {
	key       []byte
	value     []byte // nil deletes the key
	timestamp int64
	size      int64         // bytes, as counted when it was written
	used      *list.Element // in Cache.used
	dirty     *list.Element // in Cache.dirty, nil when it is clean
	next      []*entry      // in Cache.sorted
}

const (
	entryBytes   = 24 + 1 + 20
	segmentBytes = 8
)

func (c *Cache) size(key, value []byte, dirty bool) int64 {
	n := entryBytes + len(key) + len(value)
	if dirty {
		n += len(c.options.Topic)
	}
	if c.options.Segmented {
		n += segmentBytes
	}
	return int64(n)
}

var errNilKey = errors.New("cache: the key is nil")

// Put writes a record; a nil value deletes the key. The timestamp is the record's, in
// ms. The bytes are copied. When the cache is full, this flushes.
func (c *Cache) Put(key, value []byte, timestamp int64) error {
	if key == nil {
		return errNilKey
	}
	e := c.set(key, value, timestamp, true)
	if e.dirty != nil {
		c.dirty.MoveToBack(e.dirty)
	} else {
		e.dirty = c.dirty.PushBack(e)
	}
	return c.evict()
}

// Get returns the value of a key, nil when it has none. The caller owns the bytes. A
// read that comes from the store below is kept, unless the cache is Segmented; when
// the cache is full, it flushes.
func (c *Cache) Get(key []byte) ([]byte, error) {
	if e := c.entries[string(key)]; e != nil {
		c.used.MoveToFront(e.used)
		return bytes.Clone(e.value), nil
	}
	value, err := c.below.Get(key)
	if err != nil || value == nil || c.options.Segmented {
		return value, err
	}
	c.set(key, value, 0, false)
	return value, c.evict()
}

// set replaces or adds an entry, as the last used.
func (c *Cache) set(key, value []byte, timestamp int64, dirty bool) *entry {
	e := c.entries[string(key)]
	if e == nil {
		e = &entry{key: append([]byte{}, key...)}
		e.used = c.used.PushFront(e)
		c.entries[string(key)] = e
		c.sorted.insert(e)
	} else {
		c.used.MoveToFront(e.used)
		c.budget.used -= e.size
	}
	e.value, e.timestamp, e.size = bytes.Clone(value), timestamp, c.size(key, value, dirty)
	c.budget.used += e.size
	return e
}

// unlink takes an entry out of the cache, and leaves it in dirty and in the budget.
func (c *Cache) unlink(e *entry) {
	c.used.Remove(e.used)
	delete(c.entries, string(e.key))
	c.sorted.remove(e.key)
}
