package report

import (
	"cmp"
	"slices"
	"strings"

	"restorebench/harness/record"
)

// A category is what a chart sets side by side: the types of stores; of one type the subjects; of one subject, where no line
// runs along a size, what was varied the most, or else the recoveries or the stores.
type category struct {
	name    string
	of      func(record.Cell) string
	role    func(c record.Cell, along string) string // the rest of a label, without the dimension that a line runs along
	grouped bool                                     // its values mean something without its name
}

func (s *Summary) category() category {
	differ := func(of func(record.Cell) string) bool {
		return slices.ContainsFunc(s.Cells, func(c CellSummary) bool { return of(c.Cell) != of(s.Cells[0].Cell) })
	}
	storeOf, recoveryOf := func(c record.Cell) string { return c.Store }, func(c record.Cell) string { return c.Recovery }
	typeOf := func(c record.Cell) string { return TypeOf(c.Store) }
	byType := category{"type of store", typeOf, func(c record.Cell, along string) string {
		return engineOf(c.Store) + strings.TrimPrefix(s.label(c, along), c.Store)
	}, true}
	d, varied := s.mostVaried()
	switch {
	case differ(typeOf):
		return byType
	case varied && d.name == subjectHead:
		return category{subjectHead, d.value, func(c record.Cell, along string) string { return s.label(c, subjectHead, along) }, true}
	case len(s.Scale().Values) > 1:
		return byType
	case varied:
		return category{cmp.Or(d.title, d.name), func(c record.Cell) string {
			if !d.of(c) {
				return unknown
			}
			return d.value(c)
		}, func(c record.Cell, _ string) string { return s.label(c, d.name) }, false}
	case differ(recoveryOf):
		return category{recoveryHead, recoveryOf, func(c record.Cell, _ string) string { return c.Store + s.suffix(c) }, false}
	}
	return category{storeHead, storeOf, func(c record.Cell, _ string) string { return c.Recovery + s.suffix(c) }, false}
}

// mostVaried is the dimension in which cells differ the most, the subject before all others. ok is false if there is none.
func (s *Summary) mostVaried() (most dimension, ok bool) {
	values := 1
	for _, d := range s.varying() {
		if n := len(s.labels(d)); n > values {
			most, values, ok = d, n, true
		}
		if ok && most.name == subjectHead {
			break
		}
	}
	return most, ok
}

// suffix is what a label has behind the store and the recovery.
func (s *Summary) suffix(c record.Cell) string {
	return strings.TrimPrefix(s.label(c), c.Store+", "+c.Recovery)
}

// Categories are what a chart sets side by side.
func (s *Summary) Categories() []string {
	var all []string
	for _, one := range s.Series() {
		if !slices.Contains(all, one.Category) {
			all = append(all, one.Category)
		}
	}
	return all
}

// CategoryName says what the categories are.
func (s *Summary) CategoryName() string { return s.category().name }

// Grouped says whether there are several categories whose names need no explanation: types of stores, or subjects.
func (s *Summary) Grouped() bool { return s.category().grouped && len(s.Categories()) > 1 }
