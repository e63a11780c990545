package memory

import (
	"unsafe"

	"restorebench/internal/defect"
)

// A slot of the index is one word: the tag of the key's hash above, the address
// of its record below. 0 is an empty slot, since no record has address 0.
const (
	slotBytes   = 8
	addressBits = 36 // in units of 8 bytes: 512 GiB
	addressMask = 1<<addressBits - 1
	tagBits     = 64 - addressBits

	minBits = 10
	maxBits = tagBits // the tag's leading bits say where a slot belongs, so there can't be more
)

// index is an open-addressing hash table with linear probing. The home of a tag
// is its leading bits, so a table can be doubled or halved in one sweep over it,
// reading and writing in order, without looking at a single key.
type index struct {
	slots []uint64 // 1<<bits of them, nil before the first record
	bits  uint
	count int

	capture *capture // of a snapshot that has not read all slots yet, else nil
}

func (x *index) mask() int           { return len(x.slots) - 1 }
func (x *index) home(tag uint64) int { return int(tag >> (tagBits - x.bits)) }
func (x *index) at(slot int) uint64  { return x.slots[slot] & addressMask }

func (x *index) set(slot int, tag, address uint64) { x.write(slot, tag<<addressBits|address) }

// write changes a slot. Nothing else does, but for resize.
func (x *index) write(slot int, value uint64) {
	if x.capture != nil {
		x.capture.keep(slot)
	}
	x.slots[slot] = value
}

// reserve makes room for one more record: at most three quarters of the slots
// are taken, which keeps unsuccessful searches below 9 steps on average.
func (x *index) reserve() error {
	switch {
	case x.slots == nil:
		return x.resize(minBits)
	case x.count < len(x.slots)/4*3:
		return nil
	case x.bits == maxBits:
		return errFull
	}
	return x.resize(x.bits + 1)
}

// remove empties a slot and pulls the records behind it closer to their homes,
// so that deletes leave no marks that searches would have to step over. An index
// that deletes have emptied to an eighth is halved.
func (x *index) remove(slot int) error {
	mask := x.mask()
	for i := (slot + 1) & mask; x.slots[i] != 0 && !defect.Is(defect.ProbeChainBroken); i = (i + 1) & mask {
		home := x.home(x.slots[i] >> addressBits)
		if (i-home)&mask >= (i-slot)&mask {
			x.write(slot, x.slots[i])
			slot = i
		}
	}
	x.write(slot, 0)
	x.count--
	if x.count < len(x.slots)/8 && x.bits > minBits {
		return x.resize(x.bits - 1)
	}
	return nil
}

func (x *index) resize(bits uint) error {
	slots, err := mapSlots(1 << bits)
	if err != nil {
		return err
	}
	old := x.slots
	x.slots, x.bits = slots, bits
	mask := x.mask()
	for _, slot := range old {
		if slot == 0 {
			continue
		}
		i := x.home(slot >> addressBits)
		for x.slots[i] != 0 {
			i = (i + 1) & mask
		}
		x.slots[i] = slot
	}
	if x.capture != nil {
		x.capture.orphan, x.capture = true, nil
		return nil
	}
	return unmapSlots(old)
}

func (x *index) free() error {
	old := x.slots
	*x = index{}
	return unmapSlots(old)
}

func mapSlots(n int) ([]uint64, error) {
	if n == 0 {
		return nil, nil
	}
	memory, err := mapMemory(slotBytes * n)
	if err != nil {
		return nil, err
	}
	return asSlots(memory), nil
}

func unmapSlots(slots []uint64) error {
	if slots == nil {
		return nil
	}
	return unmapMemory(asBytes(slots))
}

func asSlots(memory []byte) []uint64 {
	return unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(memory))), len(memory)/slotBytes)
}

func asBytes(slots []uint64) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(slots))), slotBytes*len(slots))
}
