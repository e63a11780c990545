package memory

import (
	"bytes"
	"sync"

	"restorebench/stores"
)

// Range iterates in byte order. The index has no order, so the records between from
// and to are collected and sorted, in time proportional to all records of the store
// plus n log n of those in the range (about 0.4 s for a million), with 16 bytes of
// heap for each of these until the iterator is closed.
//
// A store that is asked for ranges again and again, with few writes in between, makes
// an order of all its records (16 to 32 bytes of heap each, about 23) and keeps it up
// to date: a range then takes a search, and each record that comes, goes or moves a
// microsecond or two. It drops the order when many writes come without a range.
//
// The iterator sees the store as it was, whatever is applied meanwhile. As long
// as it is open, overwrites and deletes give no room back.
func (s *Store) Range(from, to []byte) stores.Iterator {
	it := s.scan(from, to)
	it.next = it.start
	return it
}

// ReverseRange is Range with the order turned round, at the same cost.
func (s *Store) ReverseRange(from, to []byte) stores.Iterator {
	it := s.scan(from, to)
	it.next, it.reverse = it.end, true
	return it
}

// ApproximateCount is exact.
func (s *Store) ApproximateCount() (int64, error) {
	if s.closed {
		return 0, errClosed
	}
	return int64(s.index.count), nil
}

// demand is how ranges and writes alternate. Its mutex guards the order too, against
// several readers.
type demand struct {
	mu     sync.Mutex
	scans  int // ranges that had to look at all records
	writes int // records applied since the last range
}

// orderScans is how many scans cost about as much as to make an order.
const orderScans = 16

// wrote counts the records of a batch, and drops an order that costs more than it is
// asked for.
func (s *Store) wrote(records int) {
	s.demand.writes += records
	if s.demand.writes > s.index.count/8+4096 {
		s.order, s.demand.scans = nil, 0
	}
}

// scan returns an iterator over a range without its first position.
func (s *Store) scan(from, to []byte) *iterator {
	if s.closed {
		return &iterator{err: errClosed}
	}
	s.users.Add(1)
	it := &iterator{store: s, slabs: slabs{memory: s.slabs.memory}}
	d := &s.demand
	d.mu.Lock()
	defer d.mu.Unlock()
	d.writes = 0
	bounded := from != nil || to != nil
	if s.order == nil && bounded {
		if d.scans++; d.scans > orderScans {
			s.order = newOrder(&s.slabs, s.collect(nil, nil))
		}
	}
	if s.order != nil {
		s.order.shared = true
		it.runs = s.order.runs
		it.start, it.end = s.order.between(from, to)
	} else if positions := s.collect(from, to); len(positions) > 0 {
		it.runs = []*run{{positions: positions}}
		it.end = cursor{1, 0}
		if bounded && 2*len(positions) > s.index.count {
			d.scans = orderScans // to sort most of them costs as much as an order: next time that is made
		}
	}
	return it
}

// collect returns the records between from and to in order.
func (s *Store) collect(from, to []byte) []position {
	var positions []position
	for _, slot := range s.index.slots {
		if slot == 0 {
			continue
		}
		address := slot & addressMask
		key := s.slabs.record(address).key()
		if (from == nil || bytes.Compare(key, from) >= 0) && (to == nil || bytes.Compare(key, to) < 0) {
			positions = append(positions, position{prefix(key), address})
		}
	}
	s.slabs.sort(positions)
	return positions
}

type iterator struct {
	store      *Store
	slabs      slabs // the slabs' memory as it was: Apply may add slabs meanwhile
	runs       []*run
	start, end cursor
	next       cursor
	reverse    bool
	at         record
	err        error
}

func (it *iterator) Next() bool {
	var at position
	if it.reverse {
		if it.next == it.start {
			return false
		}
		if it.next.at == 0 {
			it.next.run--
			it.next.at = len(it.runs[it.next.run].positions)
		}
		it.next.at--
		at = it.runs[it.next.run].positions[it.next.at]
	} else {
		if it.next == it.end {
			return false
		}
		positions := it.runs[it.next.run].positions
		at = positions[it.next.at]
		if it.next.at++; it.next.at == len(positions) {
			it.next = cursor{it.next.run + 1, 0}
		}
	}
	it.at = it.slabs.record(at.address)
	return true
}

func (it *iterator) Key() []byte   { return it.at.key() }
func (it *iterator) Value() []byte { return it.at.value() }
func (it *iterator) Err() error    { return it.err }

func (it *iterator) Close() error {
	store := it.store
	if store == nil {
		return nil
	}
	*it = iterator{}
	return store.release()
}
