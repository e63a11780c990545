package memory

import "encoding/binary"

// record is one record in its slab: the lengths of key and value as varints, the
// key, the value, and padding up to a multiple of unit.
type record struct {
	bytes    []byte // from the record's start on, to the end of its slab
	key0     int    // where the key starts
	keyLen   int
	valueLen int
}

func parse(b []byte) record {
	if b[0]|b[1] < 0x80 { // both lengths in a byte each: nearly always
		return record{b, 2, int(b[0]), int(b[1])}
	}
	keyLen, n := binary.Uvarint(b)
	valueLen, m := binary.Uvarint(b[n:])
	return record{b, n + m, int(keyLen), int(valueLen)}
}

func (r record) key() []byte   { return r.bytes[r.key0 : r.key0+r.keyLen] }
func (r record) value() []byte { return r.bytes[r.key0+r.keyLen:][:r.valueLen] }
func (r record) size() int     { return padded(r.key0 + r.keyLen + r.valueLen) }

func padded(n int) int { return (n + unit - 1) &^ (unit - 1) }

// recordSize is the room that a record takes in a slab.
func recordSize(keyLen, valueLen int) int {
	return padded(varintLen(keyLen) + varintLen(valueLen) + keyLen + valueLen)
}

func varintLen(n int) int {
	size := 1
	for ; n >= 0x80; n >>= 7 {
		size++
	}
	return size
}

// writeRecord fills place, which has the record's size.
func writeRecord(place, key, value []byte) {
	n := binary.PutUvarint(place, uint64(len(key)))
	n += binary.PutUvarint(place[n:], uint64(len(value)))
	n += copy(place[n:], key)
	copy(place[n:], value)
}
