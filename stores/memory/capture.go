package memory

import (
	"errors"

	"restorebench/internal/defect"
)

// pageSlots is what is copied at once when a slot changes that a snapshot has not
// read yet: small, since the slots that a batch changes lie anywhere, and each costs
// the writer a copy the first time that its page is met.
const pageSlots = 128

// capture is the index as it was at one moment, to be read in order while the index
// changes. What a change would spoil is copied first; when the index is resized, its
// old slots are left to the capture. A store's mutex guards both.
type capture struct {
	slots  []uint64 // of the index
	orphan bool     // the index has left them to the capture
	copies []uint64 // of pages, each in its place
	copied []bool   // by page
	taken  int      // the slots before this one are read
}

// spare is memory for the copies of an index, made before there is a capture and off
// the writer's way: to get it page by page would take the writer tens of milliseconds.
func spare(slots int) ([]uint64, error) {
	copies, err := mapSlots(slots)
	for at := 0; at < len(copies); at += pageSlots {
		copies[at] = 0
	}
	return copies, err
}

// freeze begins a capture. There is one at a time. It takes over the memory for the
// copies, which is other memory if the index was resized since.
func (x *index) freeze(copies []uint64) (*capture, error) {
	if len(copies) != len(x.slots) {
		if err := unmapSlots(copies); err != nil {
			return nil, err
		}
		var err error
		if copies, err = mapSlots(len(x.slots)); err != nil {
			return nil, err
		}
	}
	x.capture = &capture{slots: x.slots, copies: copies, copied: make([]bool, len(x.slots)/pageSlots)}
	return x.capture, nil
}

// keep copies a slot's page before the slot changes.
func (c *capture) keep(slot int) {
	page := slot / pageSlots
	start := page * pageSlots
	if start < c.taken || c.copied[page] || defect.Is(defect.SnapshotNotFrozen) {
		return
	}
	copy(c.copies[start:start+pageSlots], c.slots[start:])
	c.copied[page] = true
}

// take reads the next slots into dst, whole pages, and returns how many; 0 at the end.
func (c *capture) take(dst []uint64) int {
	n := min(len(dst), len(c.slots)-c.taken)
	for at := c.taken; at < c.taken+n; at += pageSlots {
		from := c.slots
		if c.copied[at/pageSlots] {
			from = c.copies
		}
		copy(dst[at-c.taken:n], from[at:at+pageSlots])
	}
	c.taken += n
	return n
}

// release ends a capture, read to its end or not: the index no longer copies for it.
func (x *index) release(c *capture) {
	if x.capture == c {
		x.capture = nil
	}
}

// free gives the memory back, of a capture that was released.
func (c *capture) free() error {
	err := unmapSlots(c.copies)
	if c.orphan {
		err = errors.Join(err, unmapSlots(c.slots))
	}
	*c = capture{}
	return err
}
