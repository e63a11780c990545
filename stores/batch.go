package stores

import "math"

// Entry locates one record in a Batch's arena. The layout (8 + 8 + 4 + 4 + 4 + 4 = 32
// bytes, no pointers) is shared with the C code that fills batches from librdkafka and
// with that which loads RocksDB in bulk.
type Entry struct {
	Offset    int64  // of this record in its partition
	Timestamp int64  // milliseconds since the epoch
	Pos       uint32 // of the key in the arena
	KeyLen    uint32 // bytes
	ValueLen  int32  // bytes; Tombstone for a null value
	ValuePos  uint32 // of the value in the arena; nothing for a tombstone
}

// Tombstone is the ValueLen of a record that deletes its key. A value of length
// 0 is not a tombstone.
const Tombstone = -1

// Batch is a run of records of one partition in one flat arena, filled once by
// the changelog reader and handed whole to the store. The arena may hold more than keys
// and values, such as the framing that they came in. A batch is reused: nothing
// is allocated per record. Records with a null key never enter a batch; they are
// counted in NullKeys, since no key-value store can hold them.
type Batch struct {
	Partition int32
	Next      Offset // where reading goes on after this batch
	NullKeys  int64  // records skipped because their key was null
	Arena     []byte
	Entries   []Entry
}

// Len is the number of records in the batch.
func (b *Batch) Len() int { return len(b.Entries) }

// Key returns record i's key, valid as long as the batch is not reset.
func (b *Batch) Key(i int) []byte {
	e := &b.Entries[i]
	end := e.Pos + e.KeyLen
	return b.Arena[e.Pos:end:end]
}

// Value returns record i's value, nil for a tombstone.
func (b *Batch) Value(i int) []byte {
	e := &b.Entries[i]
	if e.ValueLen == Tombstone {
		return nil
	}
	end := e.ValuePos + uint32(e.ValueLen)
	return b.Arena[e.ValuePos:end:end]
}

// Bytes is the payload of the batch: its keys and values without any framing.
func (b *Batch) Bytes() (n int64) {
	for i := range b.Entries {
		n += int64(b.Entries[i].KeyLen) + int64(max(b.Entries[i].ValueLen, 0))
	}
	return n
}

// Append adds a record and moves Next behind it. A nil value is a tombstone. It
// reports false, and adds nothing, when the arena would outgrow its 32-bit
// positions, or the value has a length of 2 GiB or more.
func (b *Batch) Append(key, value []byte, timestamp int64, offset Offset) bool {
	if len(value) > math.MaxInt32 || len(b.Arena)+len(key)+len(value) > math.MaxUint32 {
		return false
	}
	e := Entry{
		Offset:    int64(offset),
		Timestamp: timestamp,
		Pos:       uint32(len(b.Arena)),
		KeyLen:    uint32(len(key)),
		ValueLen:  Tombstone,
		ValuePos:  uint32(len(b.Arena) + len(key)),
	}
	if value != nil {
		e.ValueLen = int32(len(value))
	}
	if b.Arena == nil {
		b.Arena = []byte{} // of which an empty value is not nil
	}
	b.Arena = append(append(b.Arena, key...), value...)
	b.Entries = append(b.Entries, e)
	b.Next = offset + 1
	return true
}

// Reset empties the batch and keeps its buffers.
func (b *Batch) Reset() {
	b.Arena = b.Arena[:0]
	b.Entries = b.Entries[:0]
	b.NullKeys = 0
	b.Next = 0
}
