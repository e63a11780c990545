package report

import (
	"slices"

	"restorebench/harness/record"
)

// Series is the cells that differ in their number of keys only: a line in a chart.
type Series struct {
	Label string        // unique in the summary
	Kind  record.Cell   // what they have in common; Keys is 0
	Cells []CellSummary // by keys, ascending; some may have no valid trial
}

// Series returns the cells of the summary by series, in order.
func (s *Summary) Series() []Series {
	var all []Series
	for _, c := range s.Cells {
		kind := c.Cell
		kind.Keys = 0
		if len(all) == 0 || all[len(all)-1].Kind != kind {
			all = append(all, Series{Label: s.Label(c.Cell), Kind: kind})
		}
		last := &all[len(all)-1]
		last.Cells = append(last.Cells, c)
	}
	return all
}

// At returns the cell with this number of keys.
func (s Series) At(keys int64) (CellSummary, bool) {
	i := slices.IndexFunc(s.Cells, func(c CellSummary) bool { return c.Keys == keys })
	if i < 0 {
		return CellSummary{}, false
	}
	return s.Cells[i], true
}

// Keys returns the numbers of keys that the run measured, ascending.
func (s *Summary) Keys() []int64 {
	var keys []int64
	for _, c := range s.Cells {
		keys = append(keys, c.Keys)
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}
