package cache

import (
	"container/list"

	"restorebench/internal/defect"
)

// Flush hands all writes on, in order, and keeps them for reads. It belongs before a
// commit of the input. Where a store's changes flow into another one, its cache is
// flushed first.
func (c *Cache) Flush() error { return c.flush(nil) }

// evict removes the entries that were not used for longest, until the budget is kept
// or this cache is empty: those of the other caches stay. An evicted write takes all
// others with it (NamedCache.evict). What is evicted counts until it is handed on, so
// that another cache that is written meanwhile finds the budget exceeded and evicts as
// well (ThreadCache.maybeEvict).
func (c *Cache) evict() error {
	for c.budget.used > c.budget.limit && c.used.Len() > 0 {
		eldest := c.used.Back().Value.(*entry)
		c.unlink(eldest)
		if eldest.dirty != nil {
			if err := c.flush(eldest); err != nil {
				return err
			}
		}
		c.budget.used -= eldest.size
	}
	return nil
}

// flush hands on the evicted entry, if there is one, and then all that are dirty.
func (c *Cache) flush(evicted *entry) error {
	var writes []*entry
	if evicted != nil && defect.Is(defect.CachedWriteLost) {
		c.dirty.Remove(evicted.dirty)
		evicted = nil
	}
	if evicted != nil {
		writes = append(writes, evicted)
		c.dirty.Remove(evicted.dirty)
	}
	for at := c.dirty.Front(); at != nil; at = at.Next() {
		e := at.Value.(*entry)
		e.dirty = nil
		writes = append(writes, e)
	}
	c.dirty = list.New()
	for _, e := range writes {
		if err := c.handOn(e); err != nil {
			return err
		}
	}
	for _, e := range writes {
		if e.value == nil && e != evicted {
			c.unlink(e)
			c.budget.used -= e.size
		}
	}
	return nil
}

// handOn writes an entry to the store below and tells who is downstream
// (CachingKeyValueStore.putAndMaybeForward). The delete of a key that never got there
// is nothing to tell, nor then to write.
func (c *Cache) handOn(e *entry) error {
	change := Change{Key: e.key, New: e.value, Timestamp: e.timestamp}
	if c.options.Forward == nil {
		return c.options.Write(change.Key, change.New, change.Timestamp)
	}
	if c.options.SendOld || change.New == nil {
		old, err := c.below.Get(e.key)
		if err != nil || old == nil && change.New == nil {
			return err
		}
		change.Old = old
	}
	if err := c.options.Write(change.Key, change.New, change.Timestamp); err != nil {
		return err
	}
	return c.options.Forward(change)
}
