//go:build cgo && !norocksdb

package rocks

import (
	"slices"

	"restorebench/internal/defect"
	"restorebench/stores"
)

// collect is Apply of a store that is bulk loaded.
func (s *Store) collect(b *stores.Batch) error {
	if s.bulk.err != nil {
		return s.bulk.err
	}
	if defect.Is(defect.FirstWriteWins) {
		slices.Reverse(b.Entries)
	}
	for done := 0; ; {
		var err error
		if done, err = s.bulk.collecting.add(b, done); err != nil {
			return err
		}
		if done == b.Len() {
			break
		}
		if err := s.makeRoom(s.behind(b, done)); err != nil {
			return err
		}
	}
	s.next, s.known = b.Next, true
	return nil
}

// behind is an offset for what was collected before b and of it, its first records: that
// of the last whole batch, except in the first.
func (s *Store) behind(b *stores.Batch, collected int) stores.Offset {
	if s.known {
		return s.next
	}
	return stores.Offset(b.Entries[collected].Offset)
}

// makeRoom begins a round if most of what was collected before offset is still needed.
func (s *Store) makeRoom(offset stores.Offset) error {
	s.bulk.collecting.sort(s.bulk.rounds == 0)
	if s.bulk.collecting.squeeze() {
		return nil
	}
	return s.beginRound(offset)
}

// beginRound writes the sorted buffer in the background, once the round before it is
// done, and goes on with the other buffer.
func (s *Store) beginRound(offset stores.Offset) error {
	b := s.bulk
	if err := s.endRound(); err != nil {
		return err
	}
	pieces := filesOnLevel
	if b.rounds >= levels {
		pieces = filesOnLevel0
	}
	r := newRound(b.collecting, offset, pieces, b.dir)
	r.first, r.options = b.rounds == 0, b.file
	if r.first {
		r.options = b.lastLevel
	}
	if len(r.files) > 0 {
		b.rounds++
	}
	b.running, b.collecting, b.spare = r, b.spare, nil
	go s.commit(r)
	return nil
}

// endRound waits for the round that is running, and helps with it.
func (s *Store) endRound() error {
	b := s.bulk
	if b.running != nil {
		b.running.write()
		<-b.running.done
		b.err = b.running.err
		b.spare, b.running = b.running.buffer, nil
		b.spare.clear()
	}
	return b.err
}

// flushBulk writes all that was collected, and waits for it.
func (s *Store) flushBulk() error {
	if s.bulk.err != nil || !s.known {
		return s.bulk.err
	}
	s.bulk.collecting.sort(s.bulk.rounds == 0)
	if err := s.beginRound(s.next); err != nil {
		return err
	}
	return s.endRound()
}
