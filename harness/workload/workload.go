// Package workload generates what a processor writes to a changelog: a pure function
// of (seed, partition, index), so that anyone can compute record number i without
// having computed the others, and an independent model can say what a store must hold
// after any prefix. Each Shape has a file of its own.
//
// The layouts of keys are written out here once more, rather than taken from the
// stores: the model must not share a mistake with what it judges.
package workload

import (
	"encoding/binary"
	"math"

	"restorebench/stores"
)

// Shape says for which type of store the records are.
type Shape string

// The shapes.
const (
	Table    Shape = ""         // a value per key, overwritten and deleted
	Windows  Shape = "windows"  // values per key and time, some of which have expired
	Sessions Shape = "sessions" // that grow, merge and expire
	Versions Shape = "versions" // several values per key, each valid for a time
	Recent   Shape = "recent"   // of a map that holds a limited number of keys, and evicts the others
)

// Spec is the workload of one partition. Its JSON form travels to the processor.
type Spec struct {
	Seed          uint64 `json:"seed"`
	Shape         Shape  `json:"shape,omitempty"`
	Partition     int32  `json:"partition"`
	Keys          int64  `json:"keys"`    // entries that are there after the load
	Deleted       int64  `json:"deleted"` // further ones that are written and deleted again
	KeyBytes      int    `json:"key_bytes"`
	ValueBytes    int    `json:"value_bytes"`
	UpdatesPerKey int    `json:"updates_per_key"`
	Tail          int64  `json:"tail"` // records after the load

	// Compressible is the share of each value's bytes that are the same in all of them.
	Compressible float64 `json:"compressible,omitempty"`
	// Sorted says that keys are first written in their byte order.
	Sorted bool `json:"sorted,omitempty"`
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

// shape is what a file per Shape implements. An entity is what a record writes to: a
// key, or a window or session of one. They are numbered.
type shape interface {
	// entities is how many of them the load writes to; the tail may add further ones,
	// with the numbers that follow.
	entities() int64
	// load is the number of records of the load.
	load() int64
	// op says what record i does.
	op(i int64) op
	// appendKey appends the key of a record in the changelog.
	appendKey(dst []byte, o op) []byte
}

// op is what one record does.
type op struct {
	entity    int64
	part      int // which of the keys that an entity has in the course of time
	tombstone bool
	timestamp int64 // ms since the epoch
}

func (s *Spec) shape() shape {
	switch s.Shape {
	case Windows:
		return windows{s}
	case Sessions:
		return sessions{s}
	case Versions:
		return versions{s}
	case Recent:
		return recent{s}
	default:
		return table{s}
	}
}

// Load is the number of records of the load.
func (s *Spec) Load() int64 { return s.shape().load() }

// Total is the number of records of load and tail.
func (s *Spec) Total() int64 { return s.Load() + s.Tail }

// Append adds the records [from, to) to b as the changelog's records at the
// offsets that follow b.Next, as many as b takes without growing; it returns the
// index behind the last one added.
func (s *Spec) Append(b *stores.Batch, from, to int64) int64 {
	shape := s.shape()
	key := make([]byte, 0, s.KeyBytes+MaxSuffix)
	value := make([]byte, s.ValueBytes)
	for i := from; i < to; i++ {
		o := shape.op(i)
		key = shape.appendKey(key[:0], o)
		if b.Len() == cap(b.Entries) || (b.Len() > 0 && len(b.Arena)+len(key)+len(value) > cap(b.Arena)) {
			return i
		}
		v := value
		if o.tombstone {
			v = nil
		} else {
			s.value(i, value)
		}
		if !b.Append(key, v, o.timestamp, b.Next) {
			return i
		}
	}
	return to
}

// MaxSuffix is how many bytes more than KeyBytes a key in the changelog has at most.
const MaxSuffix = 16

// appendID appends key number id: KeyBytes bytes. Keys are distinct, since their first 8
// bytes are a bijection of id: one that puts them in random byte order, or none.
func (s *Spec) appendID(dst []byte, id int64) []byte {
	n := len(dst)
	dst = append(dst, make([]byte, s.KeyBytes)...)
	fill(dst[n:], uint64(id)+mix(s.Seed)+mix(uint64(s.Partition)+1))
	if s.Sorted {
		binary.BigEndian.PutUint64(dst[n:], uint64(id))
	}
	return dst
}

// value writes the value of record i into buf, of which the end may be there already.
func (s *Spec) value(i int64, buf []byte) {
	buf = buf[:len(buf)-int(s.Compressible*float64(len(buf)))]
	fill(buf, mix(s.Seed^0x9e3779b97f4a7c15)+mix(^uint64(s.Partition))+uint64(i)*0xd1342543de82ef95)
}

// random is a number from 0 to n-1 that belongs to record i.
func (s *Spec) random(i, n int64) int64 { return int64(mix(s.Seed^mix(uint64(i))) % uint64(n)) }

// Kinds of records in the tail, which all shapes have alike.
type tailKind int

const (
	tailUpdate tailKind = iota // of something that the load left
	tailDelete
	tailNew
	tailLate // for shapes with times, else an update
)

// tailDeleteEvery: the first record of the tail and each one this far behind it
// deletes something, so that even a tail of one record has a tombstone.
const tailDeleteEvery = 100

// tail says what record j of the tail does, and to which of n live entities: deletions
// take each once, from the front, so that each really deletes something.
func (s *Spec) tail(j, n int64) (kind tailKind, at int64) {
	switch {
	case j%tailDeleteEvery == 0:
		return tailDelete, (j / tailDeleteEvery) % n
	case j%10 == 1:
		return tailNew, j
	case j%10 == 2:
		return tailLate, s.random(s.Load()+j, n)
	}
	return tailUpdate, s.random(s.Load()+j, n)
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
