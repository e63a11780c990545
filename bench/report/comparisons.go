package report

import (
	"fmt"
	"slices"
	"strings"

	"restorebench/harness/record"
)

// writeComparisons writes a table for each number of keys: a line per store, and in it how
// many times sooner each recovery from kept files is back than replay.
func (s *Summary) writeComparisons(b *strings.Builder, compared []comparison) {
	var sizes []int64
	for _, c := range compared {
		if !slices.Contains(sizes, c.keys) {
			sizes = append(sizes, c.keys)
		}
	}
	for _, keys := range sizes {
		here := slices.DeleteFunc(slices.Clone(compared), func(c comparison) bool { return c.keys != keys })
		columns, rows := s.comparisonTable(here)
		fmt.Fprintf(b, "\nAt %s keys, how many times sooner a store is back than by replay:\n", Keys(keys))
		b.WriteString(strings.Join(aligned(columns, rows), ""))
		if notes := legend(here); len(notes) > 0 {
			writeWrapped(b, "", "("+strings.Join(notes, "; ")+")")
		}
	}
}

// comparisonTable returns the table with its head.
func (s *Summary) comparisonTable(compared []comparison) (columns []column, rows [][]string) {
	var names, heads []string
	for _, c := range compared {
		names, heads = append(names, s.Name(c.kept)), append(heads, howKept(c.kept))
	}
	names, heads = unique(names), unique(heads)
	columns = append([]column{{left: true}}, make([]column, len(heads))...)
	kept := "from local files"
	if slices.ContainsFunc(compared, func(c comparison) bool { return c.kept.Standby > 0 }) {
		kept = "from what was kept: local files"
	}
	rows = [][]string{append([]string{kept}, heads...)}
	for _, name := range names {
		rows = append(rows, append([]string{name}, slices.Repeat([]string{unknown}, len(heads))...))
	}
	for _, c := range compared {
		rows[1+slices.Index(names, s.Name(c.kept))][1+slices.Index(heads, howKept(c.kept))] = c.figure()
	}
	return columns, rows
}

// unique drops what stood before.
func unique(all []string) (first []string) {
	for _, one := range all {
		if !slices.Contains(first, one) {
			first = append(first, one)
		}
	}
	return first
}

// howKept names what was recovered from besides local files.
func howKept(kind record.Cell) string {
	if kind.Recovery == record.LocalTail {
		return "+ tail of " + tailOf(kind)
	}
	if kind.Recovery == record.Standby {
		return "a standby, tail of " + tailOf(kind)
	}
	return "alone"
}

// Name names what is measured, without the recovery and the number of keys: the store, and
// what else varies but the tail.
func (s *Summary) Name(kind record.Cell) string { return s.name(kind, "tail") }

// Choice names a store among those of the same workload.
func (s *Summary) Choice(kind record.Cell) string {
	return s.name(kind, append(slices.Clone(loads), "tail")...)
}

// name names the store, and what tells it from others but for some dimensions.
func (s *Summary) name(kind record.Cell, without ...string) string {
	return strings.Join(append([]string{kind.Store}, s.parts(kind, but(without...))...), ", ")
}

// Marks of a comparison; legend explains them.
const (
	same   = "~"
	unsure = "?"
)

func (c comparison) figure() string {
	switch {
	case c.overlap:
		return same
	case !c.sure:
		return times(c.slow/c.fast) + unsure
	}
	return times(c.slow / c.fast)
}

// legend explains what figures of the comparisons need it.
func legend(compared []comparison) (notes []string) {
	for _, n := range []struct {
		note  string
		needs func(comparison) bool
	}{
		{"under 1: later", func(c comparison) bool { return !c.overlap && c.slow < c.fast }},
		{same + ": can't be told apart, the intervals overlap", func(c comparison) bool { return c.overlap }},
		{unsure + ": too few trials to be sure", func(c comparison) bool { return !c.sure }},
	} {
		if slices.ContainsFunc(compared, n.needs) {
			notes = append(notes, n.note)
		}
	}
	return notes
}
