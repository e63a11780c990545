package report

import (
	"slices"
	"strings"

	"restorebench/harness/record"
)

// Series is the cells that differ in their number of keys only: a line in a chart.
type Series struct {
	Label string        // unique in the summary
	Role  string        // the same without the type of the store: engine, recovery, ...
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
			label := s.Label(c.Cell)
			all = append(all, Series{Label: label, Role: engineOf(c.Store) + strings.TrimPrefix(label, c.Store), Kind: kind})
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

// types is the order in which the types of stores are shown.
var types = []string{keyValue, "timestamped", "versioned", "window", "timestamped-window", "session", "lru"}

// keyValue is the type of a store whose name says only its engine.
const keyValue = "key-value"

// TypeOf is the type of a store, which follows the engine in its name.
func TypeOf(store string) string {
	if _, typ, found := strings.Cut(store, "-"); found {
		return typ
	}
	return keyValue
}

func engineOf(store string) string {
	engine, _, _ := strings.Cut(store, "-")
	return engine
}

// typeOrder returns the position of a store's type; an unknown one comes last.
func typeOrder(store string) int {
	if i := slices.Index(types, TypeOf(store)); i >= 0 {
		return i
	}
	return len(types)
}

// Types returns the types of stores that the run measured, in order.
func (s *Summary) Types() []string {
	var all []string
	for _, c := range s.Cells {
		if typ := TypeOf(c.Store); !slices.Contains(all, typ) {
			all = append(all, typ)
		}
	}
	return all
}
