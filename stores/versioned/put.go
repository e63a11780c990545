package versioned

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"restorebench/stores"
)

// What Put returns instead of a time (VersionedKeyValueStore).
const (
	// Undefined is the end of a version that is the latest one.
	Undefined int64 = -1
	// NotPut says that a record came later than the history, and was not stored.
	NotPut int64 = math.MinInt64
)

// Put stores the value that key has from timestamp on (milliseconds, 0 or later) to
// the next version, nil for none, and logs it. It returns the time to which the
// version is valid, Undefined when it is the latest one, or NotPut. What was not
// stored for being late is logged too, as Kafka Streams does.
func (s *Store) Put(key, value []byte, timestamp int64) (validTo int64, err error) {
	if key == nil {
		return NotPut, s.wrap(errNilKey)
	}
	next, _ := s.Offset()
	err = s.change(0, next, func() error {
		validTo, err = s.put(key, value, timestamp)
		return err
	})
	if err != nil {
		return NotPut, err
	}
	s.log(key, value, timestamp)
	return validTo, nil
}

// Delete ends the version of key at timestamp, which it returns as it was, nil when
// there was none, and logs that.
func (s *Store) Delete(key []byte, timestamp int64) (*Record, error) {
	var before *Record
	if timestamp >= s.time-s.history {
		var err error
		if before, err = s.AsOf(key, timestamp); err != nil {
			return nil, err
		}
	}
	_, err := s.Put(key, nil, timestamp)
	return before, err
}

// Apply stores the changelog records of b as live writes would have done, and leaves
// the same bytes. It reads the rows that it changes, once per batch.
func (s *Store) Apply(b *stores.Batch) error {
	return s.change(b.Partition, b.Next, func() error {
		for i := range b.Entries {
			if _, err := s.put(b.Key(i), b.Value(i), b.Entries[i].Timestamp); err != nil {
				return fmt.Errorf("at offset %d: %w", b.Entries[i].Offset, err)
			}
		}
		return nil
	})
}

// change makes writes one: all of them, the stream time and the offset, or nothing.
func (s *Store) change(partition int32, next stores.Offset, writes func() error) error {
	time, segments := s.time, slices.Clone(s.segments)
	defer s.buffer.reset()
	err := writes()
	if err == nil {
		if s.time != s.savedTime {
			s.buffer.put(streamTime, nil, binary.BigEndian.AppendUint64(nil, uint64(s.time)))
		}
		err = s.buffer.flush(partition, next, s.firstLive())
	}
	if err != nil {
		s.time, s.segments = time, segments
		return s.wrap(err)
	}
	s.savedTime = s.time
	s.unswept = s.unswept || len(segments) > 0 && segments[0] < s.firstLive()
	return s.wrap(s.sweep(partition, next))
}

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
