package memory

// compactBytes is the least that one call of Apply may scan while there is room to
// give back: so that what an iterator or a snapshot has held up is made good step by
// step, in about a millisecond each, and not in one long Apply.
const compactBytes = 1 << 20

// compaction is a slab on its way out.
type compaction struct {
	number  uint32 // 0 for none
	scanned int    // bytes of it whose live records are moved
}

// compact gives dead room back once it exceeds half of the live room, slab by slab,
// the one with the most dead bytes first. It moves at most about two bytes for each
// that it frees. It scans some slabs at a time, but more than they have lost to the
// batch just applied, died bytes: each has at least one dead byte in three.
func (s *Store) compact(died int64) error {
	budget := max(compactBytes, 4*int(died))
	for budget > 0 {
		c := &s.compaction
		if c.number == 0 {
			if s.slabs.dead <= s.slabs.live/2+slabBytes {
				return nil
			}
			*c = compaction{number: s.slabs.deadest()}
			if s.slabs.tail == c.number {
				s.slabs.tail = 0
			}
		}
		scanned, err := s.evacuate(c, budget)
		if err != nil {
			return err
		}
		budget -= scanned
	}
	return nil
}

// deadest is the number of the slab with the most dead bytes.
func (s *slabs) deadest() uint32 {
	most := 0
	for number := range s.fill {
		if s.fill[number].dead > s.fill[most].dead {
			most = number
		}
	}
	return uint32(most)
}

// evacuate moves live records of a slab behind the others, as many as the budget of
// bytes allows, and gives the slab back once there are none. The index tells live
// from dead: only a live record's address is in it.
func (s *Store) evacuate(c *compaction, budget int) (scanned int, err error) {
	f := &s.slabs.fill[c.number]
	start := c.scanned
	for f.dead < f.used && c.scanned-start < budget {
		r := parse(s.slabs.memory[c.number][c.scanned:])
		size := r.size()
		tag := tagOf(r.key())
		slot, live := s.index.findAddress(tag, uint64(c.number)*slabUnits+uint64(c.scanned/unit))
		if live {
			place, address, err := s.slabs.reserve(size)
			if err != nil {
				return 0, err
			}
			f = &s.slabs.fill[c.number] // reserve may have moved it
			copy(place, r.bytes[:size])
			s.index.set(slot, tag, address)
			if s.order != nil {
				s.order.move(r.key(), address)
			}
			f.dead += size
			s.slabs.dead += int64(size)
			s.slabs.live -= int64(size)
		}
		c.scanned += size
	}
	scanned = c.scanned - start
	if f.dead < f.used {
		return scanned, nil
	}
	number := c.number
	*c = compaction{}
	return scanned + emptySlabCost, s.slabs.remove(number)
}

// emptySlabCost is what giving a slab back takes, in bytes scanned.
const emptySlabCost = 64 << 10

// findAddress returns the slot that holds an address.
func (x *index) findAddress(tag, address uint64) (slot int, found bool) {
	mask := x.mask()
	for slot = x.home(tag); x.slots[slot] != 0; slot = (slot + 1) & mask {
		if x.at(slot) == address {
			return slot, true
		}
	}
	return 0, false
}
