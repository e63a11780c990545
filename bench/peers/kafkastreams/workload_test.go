package kafkastreams_test

import (
	"bytes"
	"math/rand/v2"
	"slices"

	peer "restorebench/bench/peers/kafkastreams"
)

// operations per store.
const operations = 10_000

// The times of the workloads, in ms. Windows begin near 0 and jump to a far future;
// the records' own timestamps lie in the future, since the broker deletes what is
// older than the retention of the changelog, except for a few extremes that hide
// behind the first.
const (
	future    = 4_102_444_800_000   // the year 2100
	farFuture = 253_402_300_799_000 // the year 9999
)

// The keys of every workload: few, so that they meet again; of few bytes, so that
// they begin one another; the shortest and a long one.
func keys(r *rand.Rand) [][]byte {
	alphabet := []byte{0, 'a', 'b', 0xff}
	set := map[string]bool{"\x00": true, "\xff": true, "a": true, "a\x00": true, "\xff\xff\xff\xff": true}
	for len(set) < 150 {
		key := make([]byte, 1+r.IntN(6))
		for i := range key {
			key[i] = alphabet[r.IntN(len(alphabet))]
		}
		set[string(key)] = true
	}
	out := [][]byte{bytes.Repeat([]byte{'k', 0, 0xff, 'K'}, 16<<10)}
	for key := range set {
		out = append(out, []byte(key))
	}
	slices.SortFunc(out[1:], bytes.Compare) // a map has no order, and the seed must give one
	return out
}

// generator makes the parts that the operations of all types share.
type generator struct {
	*rand.Rand
	keys [][]byte
}

func newGenerator() *generator {
	r := rand.New(rand.NewPCG(seed, 0))
	return &generator{r, keys(r)}
}

// write is a put, or in one case of five a delete, of which some are of keys that
// are absent. The first of the keys, the long one, comes about ten times.
func (g *generator) write() peer.Operation {
	o := peer.Operation{Key: g.keys[1+g.IntN(len(g.keys)-1)], Timestamp: g.timestamp()}
	if g.IntN(operations/10) == 0 {
		o.Key = g.keys[0]
	}
	switch g.IntN(10) {
	case 0, 1:
	case 2:
		o.Value = []byte{}
	default:
		o.Value = make([]byte, 1+g.IntN(40))
		for i := range o.Value {
			o.Value[i] = byte(g.Uint32())
		}
	}
	return o
}

func (g *generator) timestamp() int64 {
	switch g.IntN(50) {
	case 0:
		return 0
	case 1:
		return farFuture
	}
	return future + g.Int64N(1_000_000)
}

// many makes a workload of what next gives. The first record is dated in the future,
// see there; the last one leaves the long key in every store.
func (g *generator) many(next func(i int) peer.Operation) []peer.Operation {
	out := make([]peer.Operation, operations)
	for i := range out {
		out[i] = next(i)
	}
	first, last := &out[0], &out[len(out)-1]
	first.Timestamp, first.Value = max(first.Timestamp, future), []byte("first")
	last.Key, last.Value = g.keys[0], []byte("last")
	return out
}

func (g *generator) keyValues(peer.Store) []peer.Operation {
	return g.many(func(int) peer.Operation { return g.write() })
}

// walk is a time that advances by step: from 0 in the first twentieth, from a far
// future in the rest. Most are on time, many late, a few later than the retention.
func (g *generator) walk(i int, step, retention int64) int64 {
	now := int64(i) * step
	if i > operations/20 {
		now += farFuture
	}
	if i == operations-1 {
		return now
	}
	switch g.IntN(20) {
	case 0:
		now -= retention + g.Int64N(retention)
	case 1, 2, 3, 4, 5:
		now -= g.Int64N(retention / 2)
	}
	return max(now, 0)
}

func (g *generator) windows(s peer.Store) []peer.Operation {
	return g.many(func(i int) peer.Operation {
		o := g.write()
		o.Start = g.walk(i, s.WindowSize/20, s.Retention)
		o.Start -= o.Start % s.WindowSize
		return o
	})
}

// sessions are put and extended as a count does it: the merged one is removed first.
func (g *generator) sessions(s peer.Store) []peer.Operation {
	latest := map[string]peer.Operation{}
	var pending []peer.Operation
	return g.many(func(i int) peer.Operation {
		if len(pending) > 0 && i < operations-1 {
			o := pending[0]
			pending = pending[1:]
			return o
		}
		o := g.write()
		o.End = g.walk(i, 400, s.Retention)
		o.Start = max(o.End-g.Int64N(1000), 0)
		old, known := latest[string(o.Key)]
		if known && g.IntN(2) == 0 && old.End <= o.End && i < operations-2 {
			merged := o
			merged.Start = old.Start
			pending = append(pending, merged)
			latest[string(o.Key)] = merged
			old.Value, old.Timestamp = nil, o.Timestamp
			return old
		}
		latest[string(o.Key)] = o
		return o
	})
}

// versions are the same walk, of values and not of windows. Late deletes stay within
// half of the history: while Kafka Streams restores, it looks from the end of each
// batch, and forgets deletes that lie further back (see stores/versioned).
func (g *generator) versions(s peer.Store) []peer.Operation {
	out := g.many(func(i int) peer.Operation {
		o := g.write()
		o.Timestamp = g.walk(i, 25, s.Retention)
		return o
	})
	out[0].Timestamp = 0 // these topics are not deleted by age, and a later time would refuse what follows
	return out
}
