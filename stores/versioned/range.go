package versioned

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"

	"restorebench/stores"
	"restorebench/stores/format"
)

// Range iterates over all versions that were valid within the history, and the
// tombstones in it, in byte order:
//
//	key validFrom(8)  ->  validTo(8) value, validTo being -1 for the latest
//	key validFrom(8)  ->  empty, for a tombstone
//
// which does not depend on how they are spread over segments, nor on the batches that
// they came in.
func (s *Store) Range(from, to []byte) stores.Iterator {
	it := &iterator{store: s, begin: s.time - s.history, from: slices.Clone(from), to: slices.Clone(to)}
	begin := s.firstKey(from)
	for _, segment := range append(slices.Clone(s.segments), latestValues) {
		end := appendKey(nil, segment+1, nil)
		switch {
		case to != nil: // a key from there on gives only entries behind it
			end = appendKey(nil, segment, to)
		case segment == latestValues:
			end = nil
		}
		it.sources = append(it.sources, &source{segment: segment, rows: s.rows.Range(appendKey(nil, segment, begin), end)})
	}
	for _, src := range it.sources {
		it.advance(src)
	}
	return it
}

// firstKey is the first key that may have an entry from from on: one that begins from,
// if a time that a version can have is no less than the rest of it.
func (s *Store) firstKey(from []byte) []byte {
	latest := binary.BigEndian.AppendUint64(nil, uint64(max(s.time, 0)))
	for n := range from {
		if bytes.Compare(from[n:], latest) <= 0 {
			return from[:n]
		}
	}
	return from
}

// Get returns one entry of Range, nil when it is absent.
func (s *Store) Get(key []byte) ([]byte, error) {
	n := len(key) - format.TimestampBytes
	if n < 0 {
		return nil, nil
	}
	entries, err := s.entries(key[:n])
	if err != nil {
		return nil, s.wrap(err)
	}
	i := slices.IndexFunc(entries, func(e entry) bool { return e.from == timeAt(key, n) })
	if i < 0 {
		return nil, nil
	}
	return entries[i].encode(), nil
}

func (e *entry) encode() []byte {
	if e.value == nil {
		return []byte{}
	}
	b := binary.BigEndian.AppendUint64(make([]byte, 0, format.TimestampBytes+len(e.value)), uint64(e.to))
	return append(b, e.value...)
}

// iterator merges the segments key by key. Their entries may have to wait: with a
// late time behind, `a` comes after `a\x00` with an early one.
type iterator struct {
	store    *Store
	begin    int64 // of the history
	from, to []byte
	sources  []*source
	waiting  []item // in order
	at       item
	timeline timeline
	row      row
	err      error
}

// source is one segment.
type source struct {
	segment int64
	rows    stores.Iterator
	key     []byte // without the segment, nil at the end
}

type item struct{ key, value []byte }

func (it *iterator) Next() bool {
	for it.err == nil {
		key := it.smallest()
		if len(it.waiting) > 0 && (key == nil || bytes.Compare(it.waiting[0].key, key) <= 0) {
			it.at, it.waiting = it.waiting[0], it.waiting[1:]
			if bytes.Compare(it.at.key, it.from) < 0 {
				continue
			}
			return it.to == nil || bytes.Compare(it.at.key, it.to) < 0
		}
		if key == nil {
			return false
		}
		it.collect(bytes.Clone(key))
	}
	return false
}

// smallest is the first key that has not been collected, nil when all have.
func (it *iterator) smallest() []byte {
	var key []byte
	for _, src := range it.sources {
		if src.key != nil && (key == nil || bytes.Compare(src.key, key) < 0) {
			key = src.key
		}
	}
	return key
}

// collect adds the entries of one key to those waiting.
func (it *iterator) collect(key []byte) {
	it.timeline = it.timeline[:0]
	var used []*source
	for _, src := range it.sources {
		if src.key != nil && bytes.Equal(src.key, key) {
			it.add(src)
			used = append(used, src)
		}
	}
	it.timeline.finish(it.begin)
	for i := range it.timeline {
		e := &it.timeline[i]
		it.waiting = append(it.waiting, item{binary.BigEndian.AppendUint64(bytes.Clone(key), uint64(e.from)), e.encode()})
	}
	slices.SortFunc(it.waiting, func(a, b item) int { return bytes.Compare(a.key, b.key) })
	for _, src := range used { // only now: the entries were in its memory
		it.advance(src)
	}
}

func (it *iterator) add(src *source) {
	var err error
	if src.segment != latestValues {
		if err = it.store.parse(&it.row, src.segment, src.key, src.rows.Value()); err == nil {
			it.timeline.addRow(&it.row)
		}
	} else {
		var value []byte
		var from int64
		if value, from, err = splitLatest(src.key, src.rows.Value()); err == nil {
			it.timeline.addLatest(value, from)
		}
	}
	it.fail(err)
}

func (it *iterator) advance(src *source) {
	src.key = nil
	if src.rows.Next() {
		src.key = src.rows.Key()[format.TimestampBytes:]
		return
	}
	it.fail(src.rows.Err())
}

func (it *iterator) fail(err error) {
	if it.err == nil && err != nil {
		it.err = it.store.wrap(err)
	}
}

func (it *iterator) Key() []byte   { return it.at.key }
func (it *iterator) Value() []byte { return it.at.value }
func (it *iterator) Err() error    { return it.err }

func (it *iterator) Close() error {
	var errs []error
	for _, src := range it.sources {
		errs = append(errs, src.rows.Close())
	}
	it.sources, it.waiting = nil, nil
	return errors.Join(errs...)
}
