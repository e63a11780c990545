package report

import (
	"fmt"
	"math"
	"slices"

	"restorebench/harness/record"
)

// Scale is the size that the lines of a chart run along: the number of keys or, in a run with one
// number of keys, what else was varied as a size.
type Scale struct {
	Name   string  // short, for a file: "keys"
	Title  string  // of the axis
	Values []int64 // that were measured, ascending

	dimension string // of the cells, which a line does not differ by
	of        func(record.Cell) int64
	clear     func(*record.Cell)
	level     func(record.Cell) bool // whether a cell is the same all along the scale
}

func never(record.Cell) bool { return false }

// scales are what a line can run along, the first of them that varies.
var scales = []Scale{
	{Name: "keys", Title: "number of keys", of: func(c record.Cell) int64 { return c.Keys }, clear: func(c *record.Cell) { c.Keys = 0 }, level: never},
	{
		Name: "tail", Title: "records since the last saved offset", dimension: "tail",
		of:    func(c record.Cell) int64 { return int64(math.Round(c.Tail * float64(c.Keys))) },
		clear: func(c *record.Cell) { c.Tail = 0 },
		level: func(c record.Cell) bool { return !c.Tailed() },
	},
	{
		Name: "updates", Title: "times that each key was written", dimension: "upd/key",
		of: func(c record.Cell) int64 { return int64(c.UpdatesPerKey) }, clear: func(c *record.Cell) { c.UpdatesPerKey = 0 }, level: never,
	},
	{
		Name: "value-bytes", Title: "bytes of a value", dimension: "value B",
		of: func(c record.Cell) int64 { return int64(c.ValueBytes) }, clear: func(c *record.Cell) { c.ValueBytes = 0 }, level: never,
	},
	{
		Name: "partitions", Title: "partitions", dimension: "parts",
		of: func(c record.Cell) int64 { return int64(c.Partitions) }, clear: func(c *record.Cell) { c.Partitions = 0 }, level: never,
	},
}

// Scale returns what the lines run along. Its Values are one where nothing varies as a size.
func (s *Summary) Scale() Scale {
	for _, scale := range scales {
		if scale.Values = s.valuesOf(scale); len(scale.Values) > 1 {
			return scale
		}
	}
	scale := scales[0]
	scale.Values = s.valuesOf(scale)
	return scale
}

func (s *Summary) valuesOf(scale Scale) (values []int64) {
	for _, c := range s.Cells {
		if !scale.level(c.Cell) {
			values = append(values, scale.of(c.Cell))
		}
	}
	slices.Sort(values)
	return slices.Compact(values)
}

// At is the places of a cell on the scale: one, or both ends of it where the cell is the same all along.
func (a Scale) At(c record.Cell) []int64 {
	if a.level(c) {
		return []int64{a.Values[0], a.Values[len(a.Values)-1]}
	}
	return []int64{a.of(c)}
}

// Lines returns the cells of the summary by what differs in nothing but the scale, in order.
func (s *Summary) Lines() []Series { return s.along(s.Scale()) }

// Sizes says which sizes the run has, for a title: "1M keys", "by number of keys".
func (s *Summary) Sizes() string {
	keys := s.Keys()
	scale := s.Scale()
	switch {
	case len(keys) > 1:
		return "by number of keys"
	case len(scale.Values) > 1:
		return fmt.Sprintf("%s keys, by %s", Keys(keys[0]), scale.Title)
	}
	return Keys(keys[0]) + " keys"
}
