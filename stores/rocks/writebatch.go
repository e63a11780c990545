package rocks

import (
	"encoding/binary"

	"restorebench/stores"
)

// The write batch as RocksDB itself represents it (db/write_batch.cc, kept stable
// since it is what the write-ahead log holds): 8 bytes of sequence number, filled
// in by RocksDB, 4 bytes of record count, then the records, each a tag and
// length-prefixed strings. Building it in Go lets a batch cross to RocksDB as one
// string instead of record by record.
const (
	tagDelete       = 0x0 // kTypeDeletion: key
	tagPut          = 0x1 // kTypeValue: key, value
	tagFamilyDelete = 0x4 // kTypeColumnFamilyDeletion: varint32 family, key
	tagFamilyPut    = 0x5 // kTypeColumnFamilyValue: varint32 family, key, value

	batchHeader = 12
)

// writeBatch is a write batch under construction, reused from batch to batch.
type writeBatch struct {
	rep   []byte
	count uint32
}

func (w *writeBatch) reset() {
	w.rep = append(w.rep[:0], make([]byte, batchHeader)...)
	w.count = 0
}

// add appends the records of b for a column family. The default one, number 0, has
// tags of its own.
func (w *writeBatch) add(family uint32, b *stores.Batch) {
	put, remove := []byte{tagPut}, []byte{tagDelete}
	if family != 0 {
		put = binary.AppendUvarint([]byte{tagFamilyPut}, uint64(family))
		remove = binary.AppendUvarint([]byte{tagFamilyDelete}, uint64(family))
	}
	rep := w.rep
	for i := range b.Entries {
		e := &b.Entries[i]
		key := b.Arena[e.Pos : e.Pos+e.KeyLen]
		if e.ValueLen == stores.Tombstone {
			rep = append(rep, remove...)
			rep = appendString(rep, key)
			continue
		}
		rep = append(rep, put...)
		rep = appendString(rep, key)
		rep = appendString(rep, b.Arena[e.ValuePos:][:e.ValueLen])
	}
	w.rep = rep
	w.count += uint32(len(b.Entries))
}

// addNumber appends a key of another column family with a Java long as its value.
func (w *writeBatch) addNumber(family uint32, key []byte, value int64) {
	w.rep = append(w.rep, tagFamilyPut)
	w.rep = binary.AppendUvarint(w.rep, uint64(family))
	w.rep = appendString(w.rep, key)
	w.rep = append(w.rep, 8)
	w.rep = binary.BigEndian.AppendUint64(w.rep, uint64(value))
	w.count++
}

// remove appends the deletion of a key of another column family.
func (w *writeBatch) remove(family uint32, key []byte) {
	w.rep = append(w.rep, tagFamilyDelete)
	w.rep = binary.AppendUvarint(w.rep, uint64(family))
	w.rep = appendString(w.rep, key)
	w.count++
}

// bytes is the finished representation, valid until reset.
func (w *writeBatch) bytes() []byte {
	binary.LittleEndian.PutUint32(w.rep[8:], w.count)
	return w.rep
}

func appendString(to, s []byte) []byte {
	return append(binary.AppendUvarint(to, uint64(len(s))), s...)
}
