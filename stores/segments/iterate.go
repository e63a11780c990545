package segments

import (
	"bytes"
	"errors"
	"fmt"
	"math"

	"restorebench/stores"
)

// Range iterates in byte order over the records that are not expired, of all segments.
func (s *Store) Range(from, to []byte) stores.Iterator {
	return s.Scan(Query{From: from, To: to, Latest: math.MaxInt64})
}

// ReverseRange is Range from the last key to the first.
func (s *Store) ReverseRange(from, to []byte) stores.Iterator {
	return s.Scan(Query{From: from, To: to, Latest: math.MaxInt64, Reverse: true})
}

// Query says which records to iterate over.
type Query struct {
	From, To         []byte // from <= key < to; nil is unbounded
	Earliest, Latest int64  // the times, both inclusive
	Reverse          bool   // from the last key to the first
	// Keep says whether a key between them is asked for; nil keeps all.
	Keep func(key []byte) bool
}

// Scan iterates in byte order over the records that are asked for and not expired. It
// reads only the segments of their times.
func (s *Store) Scan(q Query) stores.Iterator {
	if s.closed {
		return &iterator{err: errClosed}
	}
	q.Earliest = max(q.Earliest, s.firstLive())
	it := &iterator{query: q, time: s.timeIn, at: -1}
	for _, seg := range s.live {
		if q.Latest < q.Earliest || seg.id < q.Earliest/s.interval || seg.id > q.Latest/s.interval {
			continue
		}
		seg.users.Add(1)
		source := seg.store.Range
		if q.Reverse {
			source = seg.store.ReverseRange
		}
		it.parts = append(it.parts, part{segment: seg, records: source(q.From, q.To)})
	}
	return it
}

// iterator merges those of the segments. They are few, so that looking at each for
// the next record is faster than to keep them sorted.
type iterator struct {
	query Query
	time  func(*segment, []byte) (int64, error)
	parts []part
	at    int // the part with the present record, -1 before the first
	begun bool
	err   error
}

type part struct {
	segment *segment
	records stores.Iterator
	key     []byte // nil at the end
}

func (it *iterator) Next() bool {
	if it.err != nil || it.parts == nil {
		return false
	}
	for i := range it.parts {
		if it.begun && i != it.at {
			continue
		}
		if it.err = it.advance(&it.parts[i]); it.err != nil {
			it.at = -1
			return false
		}
	}
	it.begun, it.at = true, -1
	for i := range it.parts {
		if key := it.parts[i].key; key != nil && (it.at < 0 || it.before(key, it.parts[it.at].key)) {
			it.at = i
		}
	}
	return it.at >= 0
}

func (it *iterator) before(a, b []byte) bool {
	if it.query.Reverse {
		a, b = b, a
	}
	return bytes.Compare(a, b) < 0
}

// advance moves a part to its next record that is asked for.
func (it *iterator) advance(p *part) error {
	p.key = nil
	for p.records.Next() {
		key := p.records.Key()
		time, err := it.time(p.segment, key)
		if err != nil {
			return fmt.Errorf("segments: %s: %w", p.segment.name, err)
		}
		if time >= it.query.Earliest && time <= it.query.Latest && (it.query.Keep == nil || it.query.Keep(key)) {
			p.key = key
			return nil
		}
	}
	return p.records.Err()
}

func (it *iterator) Key() []byte {
	if it.at < 0 {
		return nil
	}
	return it.parts[it.at].key
}

func (it *iterator) Value() []byte {
	if it.at < 0 {
		return nil
	}
	return it.parts[it.at].records.Value()
}

func (it *iterator) Err() error { return it.err }

func (it *iterator) Close() error {
	var errs []error
	for i := range it.parts {
		errs = append(errs, it.parts[i].records.Close())
		it.parts[i].segment.users.Add(-1)
	}
	it.parts, it.at = nil, -1
	return errors.Join(errs...)
}
