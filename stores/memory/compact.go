package memory

// compact gives dead room back once it exceeds half of the live room, slab by
// slab, the one with the most dead bytes first. It moves at most about two bytes
// for each that it frees.
func (s *Store) compact() error {
	for s.slabs.dead > s.slabs.live/2+slabBytes {
		if err := s.evacuate(s.slabs.deadest()); err != nil {
			return err
		}
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

// evacuate moves the live records of a slab behind the others and gives the slab
// back. The index tells live from dead: only a live record's address is in it.
func (s *Store) evacuate(number uint32) error {
	if s.slabs.tail == number {
		s.slabs.tail = 0
	}
	used := s.slabs.fill[number].used
	for at := 0; at < used; {
		r := parse(s.slabs.memory[number][at:])
		size := r.size()
		tag := tagOf(r.key())
		slot, live := s.index.findAddress(tag, uint64(number)*slabUnits+uint64(at/unit))
		if live {
			place, address, err := s.slabs.reserve(size)
			if err != nil {
				return err
			}
			copy(place, r.bytes[:size])
			s.index.set(slot, tag, address)
			// Should a later record of this slab find no room, this one is
			// already counted where it is now.
			s.slabs.fill[number].dead += size
			s.slabs.dead += int64(size)
			s.slabs.live -= int64(size)
		}
		at += size
	}
	return s.slabs.remove(number)
}

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
