package segments

import (
	"errors"
	"fmt"

	"restorebench/stores/format"
)

// timeIn is the time of a key that a segment holds. What is not in the segment of its
// time was written by a store of another type.
func (s *Store) timeIn(seg *segment, key []byte) (int64, error) {
	time, err := s.options.Time(key)
	if err == nil && time/s.interval != seg.id {
		first := seg.id * s.interval
		err = format.Bad(key, "has the time %d, want one from %d to %d", time, first, first+s.interval-1)
	}
	return time, err
}

// RecoverStreamTime brings stream time up to the latest record held, by a read of the
// newest segment that holds one. Kafka Streams doesn't. Its error wraps
// stores.ErrLayout when a key doesn't belong there.
func (s *Store) RecoverStreamTime() error {
	latest, err := s.newest(false)
	if err == nil {
		s.streamTime = max(s.streamTime, latest)
	}
	return err
}

// checkType looks at one record.
func (s *Store) checkType() error {
	_, err := s.newest(true)
	return err
}

// newest is the latest time in the newest segment that holds a record, or the time of
// any record there; unknownTime when all are empty.
func (s *Store) newest(anyRecord bool) (int64, error) {
	latest := int64(unknownTime)
	for i := len(s.live) - 1; i >= 0 && latest == unknownTime; i-- {
		it := s.live[i].store.Range(nil, nil)
		var err error
		for err == nil && (!anyRecord || latest == unknownTime) && it.Next() {
			var time int64
			time, err = s.timeIn(s.live[i], it.Key())
			latest = max(latest, time)
		}
		if err := errors.Join(err, it.Err(), it.Close()); err != nil {
			return 0, fmt.Errorf("segments: %s: %w", s.live[i].name, err)
		}
	}
	return latest, nil
}
