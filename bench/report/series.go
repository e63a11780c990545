package report

import (
	"cmp"
	"slices"
	"strings"

	"restorebench/harness/record"
	"restorebench/harness/spec"
)

// Series is the cells that differ in their number of keys only, or in that of another scale: a line in a chart.
type Series struct {
	Label    string        // unique in the summary
	Category string        // see Summary.Categories
	Role     string        // the label without the category: engine, recovery, ...
	Kind     record.Cell   // what they have in common; the size is 0
	Cells    []CellSummary // by size, ascending; some may have no valid trial
}

// Series returns the cells of the summary by what differs in their number of keys only, in order.
func (s *Summary) Series() []Series { return s.along(scales[0]) }

func (s *Summary) along(scale Scale) []Series {
	var all []Series
	by := s.category()
	for _, c := range s.Cells {
		kind := c.Cell
		scale.clear(&kind)
		i := slices.IndexFunc(all, func(o Series) bool { return o.Kind == kind })
		if i < 0 {
			i, all = len(all), append(all, Series{
				Label: s.label(c.Cell, scale.dimension), Category: by.of(c.Cell), Role: by.role(c.Cell, scale.dimension), Kind: kind,
			})
		}
		all[i].Cells = append(all[i].Cells, c)
	}
	for _, one := range all {
		slices.SortStableFunc(one.Cells, func(a, b CellSummary) int { return cmp.Compare(scale.of(a.Cell), scale.of(b.Cell)) })
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

// Bounds says what bounds the restores of the most keys that our own processor was measured with, for
// each series that was measured so: "memory, replay: fetch 53 %".
func (s *Summary) Bounds() []string {
	var all []string
	for _, one := range s.Series() {
		name := one.Label
		if s.Grouped() {
			name = one.Role
		}
		if c := one.Cells[len(one.Cells)-1]; c.Bound.Text("") != "" && c.Subject == spec.SubjectSelf {
			all = append(all, name+": "+c.Bound.Text(" "))
		}
	}
	return all
}

// Ceiling is how many records per second were read with nothing applied, right after the trials of a replay by our own
// processor. Where the summary's changelogs are not alike, or are read in different ways, there is no one ceiling for
// what stands side by side, and ok is false.
func (s *Summary) Ceiling(c CellSummary) (rate float64, ok bool) {
	unlike := func(c CellSummary) bool {
		return s.Workload(c.Cell) != "" || c.Compacted || c.PageCache != "" || c.Consumer != "" || c.Producer != ""
	}
	if c.Subject != spec.SubjectSelf || c.Recovery != record.Replay || c.RecordsPerSecond == nil ||
		c.Bound == nil || c.Bound.FetchShare <= 0 || c.Bound.Doubtful() || slices.ContainsFunc(s.Cells, unlike) {
		return 0, false
	}
	return c.RecordsPerSecond.Median / c.Bound.FetchShare, true
}
