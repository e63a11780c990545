package torture

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"

	"restorebench/stores"
)

// Keys of a cell, all in all.
const (
	DefaultKeys = 700
	MinKeys     = 100
	MaxKeys     = 100_000 // all of them are shown after each restore
)

const (
	hotKeys       = 20 // that every fourth record is about
	maxValueBytes = 200
	deletes       = 5             // every so many records one
	firstTime     = 1_700_000_000 // seconds since the epoch, of record 0; each is 1 ms later
)

// traffic is a cell's input: record i is a pure function of seed and i. There are puts,
// overwrites, deletes, also of keys that are not there, and empty values.
type traffic struct {
	seed uint64
	keys int
}

// record returns record i; a nil value deletes.
func (t traffic) record(i int64) (key, value []byte) {
	rng := rand.New(rand.NewPCG(t.seed, uint64(i)))
	n := rng.IntN(t.keys)
	if rng.IntN(4) == 0 {
		n = rng.IntN(hotKeys)
	}
	key = fmt.Appendf(nil, "key-%06d", n)
	if rng.IntN(deletes) == 0 {
		return key, nil
	}
	value = make([]byte, rng.IntN(maxValueBytes))
	for b := value; len(b) >= 8; b = b[8:] {
		binary.BigEndian.PutUint64(b, rng.Uint64())
	}
	return key, value
}

// A record's timestamp tells its number, in the input and in the changelog.

func timestamp(i int64) int64   { return firstTime*1000 + i }
func numberOf(time int64) int64 { return time - firstTime*1000 }
func (t traffic) append(b *stores.Batch, i int64) {
	key, value := t.record(i)
	b.Append(key, value, timestamp(i), b.Next)
}
