package segments

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"restorebench/internal/defect"
	"restorebench/stores"
)

// segment holds the records of [id*interval, (id+1)*interval).
type segment struct {
	id          int64
	name        string
	timestamped bool
	store       stores.Ordered
	part        stores.Batch // its share of the batch being applied; buffers are reused
	users       atomic.Int32 // iterators
}

// find returns a live segment, nil when there is none of this id.
func (s *Store) find(id int64) *segment {
	// There are two to four of them, and the newest has most of the traffic.
	for i := len(s.live) - 1; i >= 0; i-- {
		if s.live[i].id == id {
			return s.live[i]
		}
	}
	return nil
}

// create makes the segment of an id. Before it is used it saves the offset that the
// store has: so a kill before its first flush costs the records from here on, not the
// offset of the whole store.
func (s *Store) create(id int64) (*segment, error) {
	seg, err := s.open(id)
	if err != nil {
		return nil, err
	}
	if s.known {
		if err := errors.Join(seg.store.Apply(&stores.Batch{Next: s.next}), seg.store.Flush()); err != nil {
			return nil, errors.Join(fmt.Errorf("segments: begin %s: %w", seg.name, err), seg.store.Close())
		}
	}
	return seg, s.add(seg)
}

// open opens the byte store of a segment.
func (s *Store) open(id int64) (*segment, error) {
	name := s.options.Name + "." + strconv.FormatInt(id*s.interval, 10)
	opened, err := s.space.Open(name)
	if err != nil {
		return nil, fmt.Errorf("segments: %w", err)
	}
	store, ok := opened.(stores.Ordered)
	if !ok {
		return nil, errors.Join(fmt.Errorf("segments: %T is no stores.Ordered", opened), opened.Close())
	}
	return &segment{id: id, name: name, timestamped: s.options.Timestamped, store: store}, nil
}

// add makes a segment live.
func (s *Store) add(seg *segment) error {
	at, _ := slices.BinarySearchFunc(s.live, seg.id, func(x *segment, id int64) int { return cmp.Compare(x.id, id) })
	s.live = slices.Insert(s.live, at, seg)
	if s.hold == 0 {
		return nil
	}
	return hold(seg, s.hold)
}

// openExisting opens all segments of an earlier life. Expired ones go when stream
// time is known again.
func (s *Store) openExisting() error {
	names, err := s.space.Names()
	if err != nil {
		return fmt.Errorf("segments: %w", err)
	}
	var ids []int64
	for _, name := range names {
		id, err := s.parseName(name)
		if err != nil {
			return err
		}
		ids = append(ids, id)
	}
	for _, id := range ids {
		seg, err := s.open(id)
		if err != nil {
			return err
		}
		if err := s.add(seg); err != nil {
			return err
		}
	}
	return nil
}

// parseName is the opposite of the name in open.
func (s *Store) parseName(name string) (id int64, err error) {
	digits, ok := strings.CutPrefix(name, s.options.Name+".")
	start, err := strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil || start < 0 || start%s.interval != 0 || digits != strconv.FormatInt(start, 10) {
		return 0, fmt.Errorf("segments: %w: store %s has %q, want only %s.START with a multiple of %d ms (by a retention of %d ms)",
			stores.ErrLayout, s.options.Name, name, s.options.Name, s.interval, s.options.Retention)
	}
	return start / s.interval, nil
}

// dropExpired drops the segments that stream time has left behind.
func (s *Store) dropExpired() error {
	n := 0
	for n < len(s.live) && s.live[n].id < s.firstLiveSegment() && !defect.Is(defect.ExpiredSegmentKept) {
		n++
	}
	s.doomed = append(s.doomed, s.live[:n]...)
	s.live = slices.Delete(s.live, 0, n)
	return s.sweep()
}

// firstLiveSegment is the oldest id that is not dropped (AbstractSegments): one ms
// more cautious than expiry, and 0 as long as nothing can have expired.
func (s *Store) firstLiveSegment() int64 {
	id := (s.streamTime - s.options.Retention) / s.interval
	if defect.Is(defect.LiveSegmentDropped) {
		id++
	}
	return id
}

// sweep removes the dropped segments that no iterator reads any more.
func (s *Store) sweep() error {
	var errs []error
	s.doomed = slices.DeleteFunc(s.doomed, func(seg *segment) bool {
		if seg.users.Load() > 0 {
			return false
		}
		err := seg.store.Close()
		if err == nil {
			err = s.space.Remove(seg.name)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("segments: remove %s: %w", seg.name, err))
		}
		return err == nil
	})
	return errors.Join(errs...)
}
