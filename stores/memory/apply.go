package memory

import (
	"bytes"

	"restorebench/internal/defect"
	"restorebench/stores"
	"restorebench/stores/killpoint"
)

// window is how many records are hashed, and their places in the index read
// ahead of time, before the first of them is applied.
const window = 64

// Apply adds the records of b. When it fails, for want of memory, records of b
// may have been applied while Offset has not moved: applying them again from
// there gives the same contents.
func (s *Store) Apply(b *stores.Batch) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	killpoint.Reached(killpoint.Write)
	dead := s.slabs.dead
	frozen := s.users.Load() > 1
	if s.wrote(b.Len()); s.order != nil {
		s.order.unshare(frozen)
	}
	for start := 0; start < len(b.Entries); start += window {
		end := min(start+window, len(b.Entries))
		s.warm(b, start, end)
		for i := start; i < end; i++ {
			if err := s.applyOne(b, i, s.tags[i-start], frozen); err != nil {
				return err
			}
		}
	}
	if !frozen {
		if err := s.compact(s.slabs.dead - dead); err != nil {
			return err
		}
	}
	s.applyDone(b)
	return nil
}

// warm computes the tags of records start to end, and reads each one's home in
// the index. These reads do not wait for each other, so that their cache misses
// overlap; applying then finds its slots in the cache. At a million records this
// makes Apply 1.5 to 2 times as fast.
func (s *Store) warm(b *stores.Batch, start, end int) {
	for i := start; i < end; i++ {
		s.tags[i-start] = tagOf(b.Key(i))
	}
	if s.index.slots == nil {
		return
	}
	sum := s.sink
	for _, tag := range s.tags[:end-start] {
		sum += s.index.slots[s.index.home(tag)]
	}
	s.sink = sum
}

func (s *Store) applyOne(b *stores.Batch, i int, tag uint64, frozen bool) error {
	if b.Entries[i].ValueLen == stores.Tombstone || b.Entries[i].ValueLen == 0 && defect.Is(defect.EmptyTakenForNull) {
		return s.remove(tag, b.Key(i))
	}
	return s.put(tag, b.Key(i), b.Value(i), frozen)
}

// put writes over the old record when the new one takes the same room, unless an
// iterator may still read it.
func (s *Store) put(tag uint64, key, value []byte, frozen bool) error {
	if err := s.index.reserve(); err != nil {
		return err
	}
	slot, found := s.find(tag, key)
	if found && !frozen {
		old := s.slabs.record(s.index.at(slot))
		if size := old.size(); size == recordSize(len(key), len(value)) {
			writeRecord(old.bytes[:size], key, value)
			return nil
		}
	}
	address, err := s.slabs.append(key, value)
	if err != nil {
		return err
	}
	if found {
		s.slabs.discard(s.index.at(slot))
	} else {
		s.index.count++
	}
	s.index.set(slot, tag, address)
	switch {
	case s.order == nil:
	case found:
		s.order.move(key, address)
	default:
		s.order.insert(key, address)
	}
	return nil
}

func (s *Store) remove(tag uint64, key []byte) error {
	slot, found := s.find(tag, key)
	if !found || defect.Is(defect.DeleteForgotten) {
		return nil
	}
	if s.order != nil {
		s.order.remove(key)
	}
	s.slabs.discard(s.index.at(slot))
	return s.index.remove(slot)
}

// find returns the slot that holds the key, or else the empty slot that it would
// take.
func (s *Store) find(tag uint64, key []byte) (slot int, found bool) {
	slots := s.index.slots
	if len(slots) == 0 {
		return 0, false
	}
	mask := len(slots) - 1
	for slot = s.index.home(tag); ; slot++ {
		v := slots[slot&mask]
		if v == 0 {
			return slot & mask, false
		}
		if v>>addressBits == tag && bytes.Equal(s.slabs.record(v&addressMask).key(), key) {
			return slot & mask, true
		}
	}
}
