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
