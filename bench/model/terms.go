package model

import (
	"fmt"
	"math"
	"strings"

	"restorebench/harness/record"
	"restorebench/harness/spec"
)

// A term is something that a recovery takes time for, and how much of it a cell has.
type term struct {
	name string // "per ..." of a table
	of   func(record.Cell) float64
}

// Of a cell: keys that are there in the end, their keys and values in bytes, and records read from the changelog.
func keys(c record.Cell) float64      { return float64(c.Keys) }
func entry(c record.Cell) float64     { return float64(c.KeyBytes + c.ValueBytes) }
func keyBytes(c record.Cell) float64  { return keys(c) * entry(c) }
func written(c record.Cell) float64   { return keys(c) * float64(max(1, c.UpdatesPerKey)) }
func bytes(c record.Cell) float64     { return written(c) * entry(c) }
func stale(c record.Cell) float64     { return written(c) - keys(c) }
func tail(c record.Cell) float64      { return keys(c) * c.Tail }
func tailBytes(c record.Cell) float64 { return tail(c) * entry(c) }

// doublings of a megabyte that a store's bytes are: RocksDB has buffers that are full from some size on, and a level more for so many times the bytes.
func doublings(c record.Cell) float64 { return math.Log2(1 + keyBytes(c)/1e6) }

var (
	fixed     = term{"recovery", func(record.Cell) float64 { return 1 }}
	partition = term{"partition", func(c record.Cell) float64 { return float64(c.Partitions) }}
	ofStore   = []term{fixed, {"key", keys}, {"byte", keyBytes}, partition}
)

// termsOf a phase, the most basic ones first: of two that were only varied together, the first is kept. cores are the machine's.
func (k Kind) termsOf(phase string, cores int) []term {
	switch phase {
	case record.PhaseDetect, record.PhaseSpawn: // over before the process knows of its state
		return []term{fixed}
	case record.PhaseAssign, record.PhasePlan, record.PhaseServe:
		return []term{fixed, partition}
	case record.PhaseRestore:
		if k.Recovery == record.Local { // nothing
			return []term{fixed}
		}
	case record.PhaseExit, record.PhaseOpen:
		if strings.HasPrefix(k.Store, spec.EngineRocks) {
			return append(ofStore[:len(ofStore):len(ofStore)], term{"doubling of the store", doublings})
		}
		return ofStore
	}
	// What the partitions share takes its time for each of them; what they do side by side, for those of a core.
	perCore := func(of func(record.Cell) float64) func(record.Cell) float64 {
		return func(c record.Cell) float64 { return of(c) / float64(max(1, min(c.Partitions, cores))) }
	}
	switch k.Recovery {
	case record.Replay:
		return []term{fixed, {"key", keys}, {"byte", bytes}, {"stale record", stale}, {"key of a core", perCore(keys)}, {"byte of a core", perCore(bytes)}, partition}
	case record.LocalTail, record.Standby:
		return []term{
			fixed,
			{"record of the tail", tail},
			{"byte of the tail", tailBytes},
			{"record of the tail and core", perCore(tail)},
			{"byte of the tail and core", perCore(tailBytes)},
			{"key", keys},
			{"byte", keyBytes},
			partition,
		}
	}
	return ofStore
}

// ranges of what was measured, by dimension.
type ranges map[string][2]float64

// tailShare is the range of the tails.
const tailShare = "tail %"

// perPartition is the range of the keys of a partition.
const perPartition = "keys per partition"

// dimensions in which a cell can lie outside of what was measured.
var dimensions = []struct {
	name string
	of   func(record.Cell) float64
}{
	{"keys", keys},
	{"value bytes", func(c record.Cell) float64 { return float64(c.ValueBytes) }},
	{"key bytes", func(c record.Cell) float64 { return float64(c.KeyBytes) }},
	{"partitions", func(c record.Cell) float64 { return float64(c.Partitions) }},
	{"updates per key", func(c record.Cell) float64 { return float64(c.UpdatesPerKey) }},
	{tailShare, func(c record.Cell) float64 { return 100 * c.Tail }},
}

func rangesOf(records []record.Record) ranges {
	r := ranges{}
	for _, d := range dimensions {
		low, high := math.Inf(1), math.Inf(-1)
		for i := range records {
			v := d.of(records[i].Cell)
			low, high = min(low, v), max(high, v)
		}
		r[d.name] = [2]float64{low, high}
	}
	low, high := math.Inf(1), 0.0
	for i := range records {
		size := keys(records[i].Cell) / float64(max(1, records[i].Partitions))
		low, high = min(low, size), max(high, size)
	}
	r[perPartition] = [2]float64{low, high}
	return r
}

// outside names the dimensions in which a cell lies outside, with how far.
func (r ranges) outside(c record.Cell) (all []string) {
	for _, d := range dimensions {
		v, known := d.of(c), r[d.name]
		switch {
		case v > known[1]:
			all = append(all, fmt.Sprintf("%s %s, %s times what was measured (%s)", d.name, number(v), digits(v/known[1]), number(known[1])))
		case v < known[0]:
			all = append(all, fmt.Sprintf("%s %s, measured from %s on", d.name, number(v), number(known[0])))
		}
	}
	return all
}

func number(v float64) string {
	switch {
	case v >= 1e6:
		return digits(v/1e6) + "M"
	case v >= 1e4:
		return digits(v/1e3) + "k"
	}
	return digits(v)
}

// digits are three of a number, or all that are before its point.
func digits(v float64) string {
	if v >= 100 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.3g", v)
}
