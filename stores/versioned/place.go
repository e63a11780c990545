package versioned

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// put is RocksDBVersionedStore.doPut. A version belongs to where the one after it,
// the one that it replaces, or nothing is found, from the latest value downwards.
func (s *Store) put(key, value []byte, time int64) (validTo int64, err error) {
	if time < 0 {
		return NotPut, fmt.Errorf("key %x has the timestamp %d, want 0 or later", key, time)
	}
	if time < s.time-s.history {
		return NotPut, nil
	}
	s.advance(time)
	newest, from, err := s.latest(key)
	if err != nil {
		return NotPut, err
	}
	validTo = Undefined
	if newest != nil {
		if time >= from {
			return Undefined, s.replaceLatest(key, version{from, newest}, version{time, value})
		}
		validTo = from
	}
	r := &s.scratch[0]
	for _, segment := range slices.Backward(s.segments) {
		if segment < s.segmentOf(time) {
			break
		}
		found, err := s.row(r, segment, key)
		switch {
		case err != nil:
			return NotPut, err
		case !found:
			continue
		case r.next <= time: // nor is anything older affected
			return validTo, s.finish(key, version{time, value}, validTo)
		case r.min() <= time:
			return s.putInto(r, segment, key, version{time, value})
		}
		validTo = r.min()
	}
	return validTo, s.finish(key, version{time, value}, validTo)
}

// replaceLatest puts a version in the place of the latest one, which it ends.
func (s *Store) replaceLatest(key []byte, old, v version) error {
	if v.from > old.from {
		if err := s.pushNewest(key, old, v.from); err != nil {
			return err
		}
	}
	s.putLatest(key, v)
	return nil
}

func (s *Store) putLatest(key []byte, v version) {
	if v.value == nil {
		s.buffer.put(latestValues, key, nil)
		return
	}
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 8+len(v.value)), uint64(v.from))
	s.buffer.put(latestValues, key, append(b, v.value...))
}

// pushNewest makes v the newest version in the segment of the time when it ended.
func (s *Store) pushNewest(key []byte, v version, validTo int64) error {
	r, segment := &s.scratch[1], s.segmentOf(validTo)
	found, err := s.row(r, segment, key)
	if err != nil {
		return err
	}
	if found {
		r.pushNewest(v, validTo)
	} else {
		r.set(v, validTo)
	}
	s.putRow(segment, key, r)
	return nil
}

// putInto puts a version into a row that holds one for its time: in its place, or
// behind it. The one before it ends earlier now, and may so belong to an earlier
// segment.
func (s *Store) putInto(r *row, segment int64, key []byte, v version) (validTo int64, err error) {
	i := r.find(v.from)
	validTo = r.to(i)
	before := r.versions[i]
	switch {
	case before.from == v.from:
		r.versions[i] = v
	case s.segmentOf(v.from) != segment:
		if err := s.pushNewest(key, before, v.from); err != nil {
			return NotPut, err
		}
		r.versions[i] = v
	default:
		r.versions = slices.Insert(r.versions, i, v)
	}
	s.putRow(segment, key, r)
	return validTo, nil
}

// finish puts a version that no row has a place for: before the one that was found
// to end it, or as the latest.
func (s *Store) finish(key []byte, v version, validTo int64) error {
	if validTo == Undefined && v.value != nil {
		s.putLatest(key, v)
		return nil
	}
	tombstone := validTo == Undefined
	if tombstone {
		validTo = v.from
	}
	r, segment := &s.scratch[1], s.segmentOf(validTo)
	found, err := s.row(r, segment, key)
	switch {
	case err != nil:
		return err
	case !found:
		r.set(v, validTo)
	case tombstone && r.next == v.from: // says so already
		return nil
	case tombstone: // from where the row ends to here, and then from here on
		r.pushNewest(version{from: r.next}, v.from)
	case r.next <= v.from:
		r.pushNewest(v, validTo)
	default:
		r.pushOldest(v)
	}
	s.putRow(segment, key, r)
	return nil
}

func (s *Store) putRow(segment int64, key []byte, r *row) {
	if i, found := slices.BinarySearch(s.segments, segment); !found {
		s.segments = slices.Insert(s.segments, i, segment)
	}
	s.buffer.put(segment, key, r.encode())
}
