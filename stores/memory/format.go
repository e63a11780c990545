package memory

import (
	"encoding/binary"
	"encoding/json"
	"fmt"

	"github.com/zeebo/xxh3"

	"restorebench/stores"
)

// A snapshot file is, in the byte order of the machine:
//
//	two marks, in 512 bytes each, then zeros up to dataStart
//	the index, slot by slot, as it is in memory
//	the slabs in the order of their numbers, each as far as it is used
//	the contents, as JSON
//
// Index and slabs each are cut into blocks, the last one shorter, with a checksum
// each, so that a file is checked by several readers at once, straight into the
// memory where the bytes stay. The marks say where the contents lie; the valid one
// with the higher sequence counts. When only the offset has moved, the other is
// written over, and the file's data stay as they are.
const (
	markBytes     = 64
	markRoom      = 512 // a sector, which a disk writes whole or not at all
	dataStart     = 4096
	blockBytes    = 1 << 20
	magic         = "rb-memry"
	formatVersion = 1

	unknownOffset stores.Offset = -1 // of a store that never applied anything
)

// mark is where a snapshot begins to be read.
type mark struct {
	sequence     uint64        // of the marks written to a file, from 1 on
	next         stores.Offset // that the data stand for
	contentsAt   int64         // in the file, right behind the data
	contentsLen  int64         // up to the file's end
	contentsHash uint64        // xxh3
}

func (m mark) place() int64 { return int64(m.sequence%2) * markRoom }

func (m mark) append(b []byte) []byte {
	start := len(b)
	b = append(b, magic...)
	b = binary.NativeEndian.AppendUint64(b, formatVersion)
	b = binary.NativeEndian.AppendUint64(b, m.sequence)
	b = binary.NativeEndian.AppendUint64(b, uint64(m.next))
	b = binary.NativeEndian.AppendUint64(b, uint64(m.contentsAt))
	b = binary.NativeEndian.AppendUint64(b, uint64(m.contentsLen))
	b = binary.NativeEndian.AppendUint64(b, m.contentsHash)
	return binary.NativeEndian.AppendUint64(b, xxh3.Hash(b[start:]))
}

// parseMark says what is wrong with a mark, if anything.
func parseMark(b []byte) (mark, error) {
	word := func(i int) uint64 { return binary.NativeEndian.Uint64(b[8*i:]) }
	switch {
	case string(b[:len(magic)]) != magic:
		return mark{}, fmt.Errorf("it begins with %q, want %q", b[:len(magic)], magic)
	case word(1) != formatVersion:
		return mark{}, fmt.Errorf("its format version is %d, want %d", word(1), formatVersion)
	case word(7) != xxh3.Hash(b[:markBytes-8]):
		return mark{}, fmt.Errorf("its mark has the checksum %016x, want %016x", xxh3.Hash(b[:markBytes-8]), word(7))
	}
	return mark{word(2), stores.Offset(word(3)), int64(word(4)), int64(word(5)), word(6)}, nil
}

// contents says what the data of a snapshot are.
type contents struct {
	Topic     string
	Partition int32
	Name      string // of the store
	Records   int
	IndexBits uint // 1<<IndexBits slots; 0 for no index
	Tail      uint32
	Slabs     []contentsSlab // by number
	Blocks    []uint64       // xxh3 of each, in order
}

// contentsSlab is a slab's fill, in bytes; nothing used where there is no slab.
type contentsSlab struct{ Used, Dead int }

func (c *contents) indexBytes() int64 {
	if c.IndexBits == 0 {
		return 0
	}
	return slotBytes << c.IndexBits
}

// parseContents takes bytes whose checksum holds, and makes sure that they describe
// dataLen bytes of data.
func parseContents(b []byte, dataLen int64) (*contents, error) {
	c := &contents{}
	if err := json.Unmarshal(b, c); err != nil {
		return nil, fmt.Errorf("its contents don't parse: %w", err)
	}
	if c.IndexBits != 0 && (c.IndexBits < minBits || c.IndexBits > maxBits) || len(c.Slabs) > maxSlabs || int(c.Tail) > max(len(c.Slabs)-1, 0) {
		return nil, fmt.Errorf("it has an index of %d bits, %d slabs and the tail %d", c.IndexBits, len(c.Slabs), c.Tail)
	}
	length, count := c.indexBytes(), blockCount(c.indexBytes())
	for number, s := range c.Slabs {
		if s.Used%unit != 0 || s.Dead < 0 || s.Dead > s.Used || int64(s.Used) > dataLen { // the last: so that no sum overflows
			return nil, fmt.Errorf("its slab %d has %d bytes, %d of them dead", number, s.Used, s.Dead)
		}
		length += int64(s.Used)
		count += blockCount(int64(s.Used))
	}
	if length != dataLen || count != len(c.Blocks) {
		return nil, fmt.Errorf("it has %d bytes of data and %d checksums, want %d and %d", dataLen, len(c.Blocks), length, count)
	}
	return c, nil
}

func blockCount(bytes int64) int { return int((bytes + blockBytes - 1) / blockBytes) }
