// Package workload generates what a processor writes: a pure function of (seed,
// partition, index), so that anyone can compute record number i without having
// computed the others, and an independent model can say what a store must hold
// after any prefix.
package workload

import (
	"encoding/binary"
	"math"

	"restorebench/stores"
)

// Spec is the workload of one partition. Its JSON form travels to the processor.
type Spec struct {
	Seed          uint64 `json:"seed"`
	Partition     int32  `json:"partition"`
	Keys          int64  `json:"keys"`    // live after the load
	Deleted       int64  `json:"deleted"` // further keys that are written and deleted again
	KeyBytes      int    `json:"key_bytes"`
	ValueBytes    int    `json:"value_bytes"`
	UpdatesPerKey int    `json:"updates_per_key"`
	Tail          int64  `json:"tail"` // records after the load
}

// New splits a store of keys keys over partitions and returns the workload of
// one of them. deleted and tail are shares of the partition's keys, rounded up.
func New(seed uint64, partition, partitions int, keys int64, keyBytes, valueBytes, updates int, deleted, tail float64) Spec {
	n := keys / int64(partitions)
	if int64(partition) < keys%int64(partitions) {
		n++
	}
	share := func(f float64) int64 { return int64(math.Ceil(f * float64(n))) }
	return Spec{
		Seed: seed, Partition: int32(partition), Keys: n, Deleted: share(deleted),
		KeyBytes: keyBytes, ValueBytes: valueBytes, UpdatesPerKey: updates, Tail: share(tail),
	}
}

// written is how many different keys the load writes.
func (s *Spec) written() int64 { return s.Keys + s.Deleted }

// Load is the number of records of the load: every key UpdatesPerKey times, then
// a tombstone for each key to be deleted.
func (s *Spec) Load() int64 { return s.written()*int64(s.UpdatesPerKey) + s.Deleted }

// Total is the number of records of load and tail.
func (s *Spec) Total() int64 { return s.Load() + s.Tail }

// tailDeleteEvery: the first record of the tail and each one this far behind it
// deletes a key, so that even a tail of one record has a tombstone.
const tailDeleteEvery = 100

// op says what record i does: which key, and whether it deletes it.
func (s *Spec) op(i int64) (key int64, tombstone bool) {
	puts := s.written() * int64(s.UpdatesPerKey)
	switch {
	case i < puts:
		return i % s.written(), false
	case i < s.Load():
		return s.Keys + (i - puts), true
	}
	j := i - s.Load()
	if j%tailDeleteEvery == 0 {
		// Distinct keys from the front, so that each really deletes something.
		return (j / tailDeleteEvery) % s.Keys, true
	}
	if j%10 == 1 {
		return s.written() + j, false // a key that was never there before
	}
	return int64(mix(s.Seed^mix(uint64(i))) % uint64(s.Keys)), false
}

// Key writes key number id into buf, which has KeyBytes bytes. Keys are distinct
// and in random byte order: their first 8 bytes are a bijection of id.
func (s *Spec) Key(id int64, buf []byte) {
	salt := mix(s.Seed) + mix(uint64(s.Partition)+1)
	fill(buf, uint64(id)+salt)
}

// value writes the value of record i into buf.
func (s *Spec) value(i int64, buf []byte) {
	fill(buf, mix(s.Seed^0x9e3779b97f4a7c15)+mix(^uint64(s.Partition))+uint64(i)*0xd1342543de82ef95)
}

// Timestamp is that of record i in milliseconds since the epoch.
func (s *Spec) Timestamp(i int64) int64 { return 1_700_000_000_000 + i }

// Append adds the records [from, to) to b as the changelog's records at the
// offsets that follow b.Next, as many as b takes without growing; it returns the
// index behind the last one added.
func (s *Spec) Append(b *stores.Batch, from, to int64) int64 {
	key := make([]byte, s.KeyBytes)
	value := make([]byte, s.ValueBytes)
	for i := from; i < to; i++ {
		if b.Len() == cap(b.Entries) || (b.Len() > 0 && len(b.Arena)+len(key)+len(value) > cap(b.Arena)) {
			return i
		}
		id, tombstone := s.op(i)
		s.Key(id, key)
		v := value
		if tombstone {
			v = nil
		} else {
			s.value(i, value)
		}
		if !b.Append(key, v, s.Timestamp(i), b.Next) {
			return i
		}
	}
	return to
}

// mix is the finalizer of SplitMix64 (Steele, Lea, Flood 2014), a bijection.
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

// fill writes the SplitMix64 sequence that starts at state.
func fill(buf []byte, state uint64) {
	for len(buf) >= 8 {
		binary.BigEndian.PutUint64(buf, mix(state))
		state += 0x9e3779b97f4a7c15
		buf = buf[8:]
	}
	if len(buf) > 0 {
		var last [8]byte
		binary.BigEndian.PutUint64(last[:], mix(state))
		copy(buf, last[:])
	}
}
