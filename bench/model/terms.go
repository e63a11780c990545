package model

import (
	"fmt"
	"math"

	"restorebench/harness/record"
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
func stale(c record.Cell) float64     { return written(c) - keys(c) }
func tail(c record.Cell) float64      { return keys(c) * c.Tail }
func tailBytes(c record.Cell) float64 { return tail(c) * entry(c) }

var (
	fixed     = term{"recovery", func(record.Cell) float64 { return 1 }}
	partition = term{"partition", func(c record.Cell) float64 { return float64(c.Partitions) }}
)

// termsOf a recovery path, the most basic ones first: of two that were only varied together, the first is kept.
func termsOf(recovery string) []term {
	basic := []term{fixed, {"key", keys}}
	switch recovery {
	case record.Replay:
		basic = append(basic, term{"byte", func(c record.Cell) float64 { return written(c) * entry(c) }}, term{"stale record", stale})
	case record.LocalTail, record.Standby:
		basic = append(basic, term{"byte", keyBytes}, term{"record of the tail", tail}, term{"byte of the tail", tailBytes})
	default:
		basic = append(basic, term{"byte", keyBytes})
	}
	return append(basic, partition)
}

// ranges of what was measured, by dimension.
type ranges map[string][2]float64

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
	{"tail %", func(c record.Cell) float64 { return 100 * c.Tail }},
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
			all = append(all, fmt.Sprintf("%s %s, measured up to %s (%.3g times)", d.name, number(v), number(known[1]), v/known[1]))
		case v < known[0]:
			all = append(all, fmt.Sprintf("%s %s, measured from %s on", d.name, number(v), number(known[0])))
		}
	}
	return all
}

func number(v float64) string {
	switch {
	case v >= 1e6:
		return fmt.Sprintf("%.3gM", v/1e6)
	case v >= 1e4:
		return fmt.Sprintf("%.3gk", v/1e3)
	}
	return fmt.Sprintf("%.3g", v)
}
