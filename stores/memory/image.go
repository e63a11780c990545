package memory

import (
	"errors"

	"restorebench/internal/defect"
	"restorebench/stores"
)

// image is a store as it was at one moment between two calls of Apply. While it
// exists no record is moved or overwritten.
type image struct {
	store    *Store
	contents contents
	next     stores.Offset
	changes  uint64

	moved bool     // next is not the one in the file
	index *capture // nil when the file has the records
	slabs [][]byte // the used parts
}

// freeze makes an image of the present. The caller holds s.mu, and the saver's turn.
func (s *Store) freeze() (*image, error) {
	if s.closed {
		return nil, errClosed
	}
	im := &image{store: s, next: s.next, changes: s.changes}
	if !s.applied {
		im.next = unknownOffset
	}
	if s.unchanged() {
		im.moved = s.saver.saved.mark.next != im.next
		return im, nil
	}
	copies := s.saver.copies
	s.saver.copies = nil
	var err error
	if im.index, err = s.index.freeze(copies); err != nil {
		return nil, err
	}
	s.users.Add(1)
	im.contents = contents{Records: s.index.count, IndexBits: s.index.bits, Tail: s.slabs.tail}
	for number, f := range s.slabs.fill {
		im.contents.Slabs = append(im.contents.Slabs, contentsSlab{f.used, f.dead})
		im.slabs = append(im.slabs, s.slabs.memory[number][:f.used])
	}
	return im, nil
}

// unchanged: the file has the store's records.
func (s *Store) unchanged() bool {
	last := s.saver.saved
	return last.mark.sequence > 0 && (last.changes == s.changes || defect.Is(defect.SnapshotOfOldData))
}

// prepare gets memory that freeze is going to need, while the writer goes on.
func (s *Store) prepare() (err error) {
	s.mu.Lock()
	slots := len(s.index.slots)
	if s.closed || s.unchanged() {
		slots = 0
	}
	s.mu.Unlock()
	s.saver.copies, err = spare(slots)
	return err
}

// take reads the next slots of the index, as capture.take.
func (im *image) take(dst []uint64) int {
	im.store.mu.Lock()
	defer im.store.mu.Unlock()
	return im.index.take(dst)
}

// freeIndex gives back what the capture of the index holds.
func (im *image) freeIndex() error {
	im.store.mu.Lock()
	im.store.index.release(im.index)
	im.store.mu.Unlock()
	return im.index.free()
}

func (im *image) free() error {
	if im.index == nil {
		return nil
	}
	return errors.Join(im.freeIndex(), im.store.release())
}
