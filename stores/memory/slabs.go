package memory

// Records lie in slabs, one after the other, each at a multiple of 8 bytes. A
// record that would waste much of a slab has one to itself.
const (
	slabBytes  = 4 << 20
	largeBytes = slabBytes / 8

	unit      = 8
	slabUnits = slabBytes / unit
	maxSlabs  = 1 << addressBits / slabUnits
)

// slabs is the store's record memory. Records are appended to the last slab;
// slabs are given back one at a time, by compaction.
type slabs struct {
	memory [][]byte      // by slab number; number 0 stays unused, so that no address is 0
	fill   []fill        // by slab number
	spare  []uint32      // numbers of slabs that were given back
	tail   uint32        // the slab that is appended to
	next   chan prepared // the one behind it, on its way; nil: none

	live, dead, mapped int64 // bytes over all slabs
}

// fill says how much of a slab holds records, and how much of that is dead.
type fill struct{ used, dead int }

// record returns the record at an address.
func (s *slabs) record(address uint64) record {
	return parse(s.memory[address/slabUnits][address%slabUnits*unit:])
}

// append writes a record behind the others and returns its address.
func (s *slabs) append(key, value []byte) (uint64, error) {
	size := recordSize(len(key), len(value))
	place, address, err := s.reserve(size)
	if err != nil {
		return 0, err
	}
	writeRecord(place, key, value)
	return address, nil
}

// reserve takes size bytes, a multiple of unit.
func (s *slabs) reserve(size int) ([]byte, uint64, error) {
	number := s.tail
	if size > largeBytes {
		var err error
		if number, err = s.add(size); err != nil {
			return nil, 0, err
		}
	} else if number == 0 || s.fill[number].used+size > slabBytes {
		var err error
		if number, err = s.add(slabBytes); err != nil {
			return nil, 0, err
		}
		s.tail = number
	}
	at := s.fill[number].used
	s.fill[number].used += size
	s.live += int64(size)
	return s.memory[number][at : at+size], uint64(number)*slabUnits + uint64(at/unit), nil
}

// add maps one more slab and returns its number.
func (s *slabs) add(size int) (uint32, error) {
	if s.memory == nil {
		s.memory, s.fill = make([][]byte, 1), make([]fill, 1)
	}
	if len(s.memory) == maxSlabs && len(s.spare) == 0 {
		return 0, errFull
	}
	memory, err := s.take(size)
	if err != nil {
		return 0, err
	}
	s.mapped += int64(size)
	if n := len(s.spare); n > 0 {
		number := s.spare[n-1]
		s.spare = s.spare[:n-1]
		s.memory[number], s.fill[number] = memory, fill{}
		return number, nil
	}
	s.memory, s.fill = append(s.memory, memory), append(s.fill, fill{})
	return uint32(len(s.memory) - 1), nil
}

// prepared is a slab of which every page is there.
type prepared struct {
	memory []byte
	err    error
}

// take maps memory for one more slab. From the second one on the next is prepared meanwhile:
// the system zeroes pages when they are first written to, in a virtual machine it has to
// get them from the host before, and a restore would wait for both in the one goroutine that has
// no time for it.
func (s *slabs) take(size int) ([]byte, error) {
	if size != slabBytes {
		return mapMemory(size)
	}
	var p prepared
	if s.next != nil {
		p = <-s.next
	} else {
		p.memory, p.err = mapMemory(size)
	}
	s.next = nil
	if len(s.memory) > 1 && p.err == nil {
		next := make(chan prepared, 1)
		s.next = next
		go func() {
			memory, err := mapMemory(slabBytes)
			if err == nil {
				populate(memory)
			}
			next <- prepared{memory, err}
		}()
	}
	return p.memory, p.err
}

// discard counts the record at an address as dead.
func (s *slabs) discard(address uint64) {
	size := s.record(address).size()
	s.fill[address/slabUnits].dead += size
	s.dead += int64(size)
	s.live -= int64(size)
}

// remove gives back a slab in which all is dead.
func (s *slabs) remove(number uint32) error {
	f, memory := s.fill[number], s.memory[number]
	s.dead -= int64(f.dead)
	s.mapped -= int64(len(memory))
	s.memory[number], s.fill[number] = nil, fill{}
	s.spare = append(s.spare, number)
	return unmapMemory(memory)
}

func (s *slabs) free() error {
	var first error
	if s.next != nil {
		if p := <-s.next; p.err == nil {
			first = unmapMemory(p.memory)
		}
	}
	for _, memory := range s.memory {
		if memory == nil {
			continue
		}
		if err := unmapMemory(memory); err != nil && first == nil {
			first = err
		}
	}
	*s = slabs{}
	return first
}
