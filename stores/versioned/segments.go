package versioned

import (
	"bytes"
	"errors"
	"math"
	"slices"

	"restorebench/stores"
	"restorebench/stores/format"
)

// firstLive is the oldest segment that versions within the history may be in.
func (s *Store) firstLive() int64 { return max(s.segmentOf(s.time-s.history), 0) }

// advance moves the stream time and forgets the segments that have expired.
func (s *Store) advance(time int64) {
	if time <= s.time {
		return
	}
	s.time = time
	live, _ := slices.BinarySearch(s.segments, s.firstLive())
	s.segments = s.segments[live:]
}

// sweepRecords is how many rows are deleted at once.
const sweepRecords = 4096

// sweep deletes the rows of expired segments. Nothing reads them any more, so that
// it doesn't matter how far it gets.
func (s *Store) sweep(partition int32, next stores.Offset) error {
	if !s.unswept {
		return nil
	}
	it := s.rows.Range(nil, appendKey(nil, s.firstLive(), nil))
	b := &stores.Batch{Partition: partition}
	apply := func() error {
		b.Next = next
		err := s.rows.Apply(b)
		b.Reset()
		return err
	}
	var err error
	for err == nil && it.Next() {
		if b.Append(it.Key(), nil, 0, next); b.Len() == sweepRecords {
			err = apply()
		}
	}
	if err = errors.Join(err, it.Err(), it.Close()); err == nil && b.Len() > 0 {
		err = apply()
	}
	s.unswept = err != nil
	return err
}

// discover finds the segments and the stream time of a store that has been opened.
func (s *Store) discover() error {
	reserved := appendKey(nil, math.MinInt64, nil) // the negative segments are last
	r := &s.scratch[0]
	for from := []byte(nil); ; {
		key, row, err := first(s.rows.Range(from, reserved))
		if err != nil {
			return err
		}
		if key == nil {
			break
		}
		segment, k, err := splitKey(key)
		if err == nil {
			err = s.parse(r, segment, k, row)
		}
		if err != nil {
			return err
		}
		s.segments = append(s.segments, segment)
		from = appendKey(nil, segment+1, nil)
	}
	if err := s.discoverTime(reserved); err != nil {
		return err
	}
	live, _ := slices.BinarySearch(s.segments, s.firstLive())
	s.segments, s.unswept = s.segments[live:], live > 0
	return nil
}

// discoverTime reads the stream time, or, in a store of Kafka Streams, finds it.
func (s *Store) discoverTime(reserved []byte) error {
	key, row, err := first(s.rows.Range(reserved, nil))
	if err != nil {
		return err
	}
	saved := bytes.Equal(key, appendKey(nil, streamTime, nil))
	if saved {
		if len(row) != format.TimestampBytes || timeAt(row, 0) < 0 {
			return format.Bad(key, "has the stream time %x, want 8 bytes from 0 on", row)
		}
		s.time, s.savedTime = timeAt(row, 0), timeAt(row, 0)
		if key, row, err = first(s.rows.Range(append(key, 0), nil)); err != nil {
			return err
		}
	}
	if key != nil {
		if err := s.see(key, row); err != nil {
			return err
		}
	}
	if saved || (key == nil && len(s.segments) == 0) {
		return nil
	}
	it := s.rows.Range(nil, nil)
	for err == nil && it.Next() {
		err = s.see(it.Key(), it.Value())
	}
	return errors.Join(err, it.Err(), it.Close())
}

// see checks a row and moves the stream time to the newest timestamp in it. The
// newest of all never expires, so that all rows together tell the stream time.
func (s *Store) see(key, row []byte) error {
	segment, k, err := splitKey(key)
	if err != nil {
		return err
	}
	var newest int64
	switch {
	case segment == latestValues:
		_, newest, err = splitLatest(k, row)
	case segment < 0:
		err = format.Bad(key, "is in segment %d, want one from 0 on, or %d for latest values", segment, latestValues)
	default:
		err = s.parse(&s.scratch[0], segment, k, row)
		newest = s.scratch[0].next
	}
	if err == nil {
		s.time = max(s.time, newest)
	}
	return err
}

// first is the first record of an iterator, a copy; nil when there is none.
func first(it stores.Iterator) (key, value []byte, err error) {
	if it.Next() {
		key, value = append([]byte{}, it.Key()...), append([]byte{}, it.Value()...)
	}
	return key, value, errors.Join(it.Err(), it.Close())
}
