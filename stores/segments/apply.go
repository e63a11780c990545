package segments

import (
	"fmt"

	"restorebench/stores"
	"restorebench/stores/format"
)

// Apply adds the records of b, each to the segment of its time, as one batch per
// segment. Stream time moves to the latest of b first, so that what is expired by
// then is skipped however the batch is ordered. A key without a time is an error
// that wraps stores.ErrLayout, and nothing of b is applied then. After other errors
// applying b again gives the same contents.
func (s *Store) Apply(b *stores.Batch) error {
	if s.closed {
		return errClosed
	}
	if err := s.split(b); err != nil {
		return err
	}
	if len(s.live) == 0 { // something has to keep the offset
		if _, err := s.create(max(s.streamTime, 0) / s.interval); err != nil {
			return err
		}
	}
	for _, seg := range s.live {
		if err := seg.apply(b.Next); err != nil {
			return err
		}
	}
	s.next, s.known = b.Next, true
	return s.dropExpired()
}

// Write applies one record of the changelog while it is produced: its offset isn't
// known yet, and the store's does not move. The record then goes to log, even when it
// was expired (ChangeLoggingWindowBytesStore). A nil value is a tombstone.
func (s *Store) Write(key, value []byte, timestamp int64, log stores.Log) error {
	if s.closed {
		return errClosed
	}
	b := &s.single
	b.Reset()
	if !b.Append(key, value, timestamp, 0) {
		return fmt.Errorf("segments: store %s: a record of %d bytes is too large, want a value of less than 2 GiB, and less than 4 GiB with its key",
			s.options.Name, len(key)+len(value))
	}
	if err := s.split(b); err != nil {
		return err
	}
	for _, seg := range s.live {
		if len(seg.part.Entries) > 0 {
			if err := seg.apply(s.next); err != nil {
				return err
			}
		}
	}
	if err := s.dropExpired(); err != nil {
		return err
	}
	if log != nil {
		log(key, value, timestamp)
	}
	return nil
}

// split moves stream time, and gives each live segment its part of b, in order.
func (s *Store) split(b *stores.Batch) error {
	if s.options.Timestamped {
		if err := format.FitsTimestamped(b); err != nil {
			return fmt.Errorf("segments: store %s: %w", s.options.Name, err)
		}
	}
	if err := s.observe(b); err != nil {
		return err
	}
	for _, seg := range s.live {
		seg.part.Reset()
	}
	firstLive, firstSegment := s.firstLive(), s.firstLiveSegment()
	var seg *segment
	for i, time := range s.times {
		if time < firstLive {
			s.stats.Expired++
		}
		id := time / s.interval
		if id < firstSegment {
			s.stats.Dropped++
			continue
		}
		if seg == nil || seg.id != id {
			if seg = s.find(id); seg == nil {
				var err error
				if seg, err = s.create(id); err != nil {
					return err
				}
			}
		}
		seg.take(b, i)
	}
	return nil
}

// observe notes the time of each record, and moves stream time when all have one.
func (s *Store) observe(b *stores.Batch) error {
	s.times = s.times[:0]
	latest := s.streamTime
	for i := range b.Entries {
		time, err := s.options.Time(b.Key(i))
		if err != nil {
			return fmt.Errorf("segments: store %s, offset %d: %w", s.options.Name, b.Entries[i].Offset, err)
		}
		s.times = append(s.times, time)
		latest = max(latest, time)
	}
	s.streamTime = latest
	return nil
}

// take adds record i of b to the segment's part: as it is, in the arena of b, unless
// it needs its timestamp before the value.
func (g *segment) take(b *stores.Batch, i int) {
	if g.timestamped {
		format.AppendRecord(&g.part, b, i)
		return
	}
	g.part.Arena = b.Arena
	g.part.Entries = append(g.part.Entries, b.Entries[i])
}

// apply writes the segment's part, which split empties, and moves its offset.
func (g *segment) apply(next stores.Offset) error {
	g.part.Next = next
	err := g.store.Apply(&g.part)
	if !g.timestamped {
		g.part.Arena = nil // it is the caller's
	}
	if err != nil {
		return fmt.Errorf("segments: %s: %w", g.name, err)
	}
	return nil
}
