package segments

import (
	"errors"
	"fmt"
	"slices"
)

// Flush makes everything that was applied durable, segment by segment. A kill in
// between leaves some of them behind, and the offset is theirs.
func (s *Store) Flush() error {
	if s.closed {
		return errClosed
	}
	for _, seg := range s.live {
		if err := seg.store.Flush(); err != nil {
			return fmt.Errorf("segments: flush %s: %w", seg.name, err)
		}
	}
	return s.sweep()
}

// Close closes the segments. It refuses, and the store stays open, while an iterator
// is open.
func (s *Store) Close() error {
	if s.closed {
		return nil
	}
	open := 0
	for _, seg := range slices.Concat(s.live, s.doomed) {
		open += int(seg.users.Load())
	}
	if open > 0 {
		return fmt.Errorf("segments: close %s: iterators still read %d segments", s.options.Name, open)
	}
	errs := []error{s.sweep()}
	for _, seg := range s.live {
		if err := seg.store.Close(); err != nil {
			errs = append(errs, fmt.Errorf("segments: close %s: %w", seg.name, err))
		}
	}
	s.closed, s.live = true, nil
	return errors.Join(errs...)
}

// ApproximateCount adds up what the segments say. It counts expired records until
// their segment is dropped.
func (s *Store) ApproximateCount() (int64, error) {
	if s.closed {
		return 0, errClosed
	}
	var sum int64
	for _, seg := range s.live {
		n, err := seg.store.ApproximateCount()
		if err != nil {
			return 0, fmt.Errorf("segments: count %s: %w", seg.name, err)
		}
		sum += n
	}
	return sum, nil
}

// DiskBytes is the size of the segments' files, 0 for an engine without files.
func (s *Store) DiskBytes() int64 {
	var sum int64
	for _, seg := range s.live {
		if d, ok := seg.store.(interface{ DiskBytes() int64 }); ok {
			sum += d.DiskBytes()
		}
	}
	return sum
}

// holder is an engine that makes data durable by itself unless told not to.
type holder interface{ HoldFlush(bytes int) error }

// HoldFlush keeps each segment from making data durable by itself, as
// rocks.Store.HoldFlush says, the later ones too.
func (s *Store) HoldFlush(bytes int) error {
	s.hold = bytes
	for _, seg := range s.live {
		if err := hold(seg, bytes); err != nil {
			return err
		}
	}
	return nil
}

func hold(seg *segment, bytes int) error {
	h, ok := seg.store.(holder)
	if !ok {
		return nil
	}
	if err := h.HoldFlush(bytes); err != nil {
		return fmt.Errorf("segments: %s: %w", seg.name, err)
	}
	return nil
}
