package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"restorebench/harness/record"
)

// A column of the table. Text is aligned left, figures right.
type column struct {
	head  string
	left  bool
	value func(CellSummary) string
}

const (
	unknown = "-"
	width   = 80 // columns of a terminal that the table is made for
)

// Table writes the summary for a terminal: a line per cell, then what the columns don't
// say, the trials that don't count, and the answer in words, which begins with the sentences of first. It fits 80 columns as long
// as the cells differ in nothing but store, recovery and keys: where the names of the
// stores are too long for that, each has a line of its own above its cells.
func Table(w io.Writer, s *Summary, first ...string) error {
	var b strings.Builder
	columns := s.columns()
	if lines := s.lines(columns); widest(lines) <= width {
		b.WriteString(strings.Join(lines, ""))
	} else {
		s.writeByStore(&b, columns)
	}
	s.writeNotes(&b, first)
	_, err := io.WriteString(w, b.String())
	return err
}

// lines are the head of the table, and a line per cell.
func (s *Summary) lines(columns []column) []string {
	rows := make([][]string, 0, len(s.Cells)+1)
	head := make([]string, len(columns))
	for i, c := range columns {
		head[i] = c.head
	}
	rows = append(rows, head)
	for _, cell := range s.Cells {
		row := make([]string, len(columns))
		for i, c := range columns {
			row[i] = c.value(cell)
		}
		rows = append(rows, row)
	}
	return aligned(columns, rows)
}

func widest(lines []string) (n int) {
	for _, line := range lines {
		n = max(n, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")))
	}
	return n
}

// names says whether a column names what was measured, and not how.
func (c column) names() bool { return c.left && c.head != recoveryHead && c.head != trialsHead }

// writeByStore writes the table without the columns of subject, store and settings, which get lines
// of their own instead.
func (s *Summary) writeByStore(b *strings.Builder, columns []column) {
	var names, others []column
	for _, c := range columns {
		if c.names() {
			names = append(names, c)
		} else {
			others = append(others, c)
		}
	}
	lines, indent := s.lines(others), "  "
	if widest(lines)+len(indent) > width {
		indent = ""
	}
	b.WriteString(indent + lines[0])
	last := ""
	for i, cell := range s.Cells {
		var parts []string
		for _, c := range names {
			if part := c.value(cell); part != unknown {
				parts = append(parts, part)
			}
		}
		if name := strings.Join(parts, ", "); name != last {
			b.WriteString(name + "\n")
			last = name
		}
		b.WriteString(indent + lines[i+1])
	}
}

// The heads of the columns that name what was measured.
const (
	subjectHead  = "subject"
	storeHead    = "store"
	recoveryHead = "recovery"
)

const trialsHead = "n"

// columns returns the columns of the table: those that tell cells apart, then the figures.
func (s *Summary) columns() []column {
	columns := []column{
		{storeHead, true, func(c CellSummary) string { return c.Store }},
		{recoveryHead, true, func(c CellSummary) string { return c.Recovery }},
	}
	for _, d := range s.varying() {
		of := column{d.name, d.name == subjectHead || d.settings != nil, func(c CellSummary) string {
			if !d.of(c.Cell) {
				return unknown
			}
			return d.value(c.Cell)
		}}
		if d.name == subjectHead {
			columns = append([]column{of}, columns...)
		} else {
			columns = append(columns, of)
		}
	}
	columns = append(columns, column{"keys", false, func(c CellSummary) string { return Keys(c.Keys) }})
	if _, same := s.trials(); !same {
		columns = append(columns, column{trialsHead, true, trialsOf})
	}
	if slices.ContainsFunc(s.Cells, func(c CellSummary) bool { return c.Standby > 0 }) {
		columns = append(columns, column{"lag", false, lagOf})
	}
	columns = append(columns,
		column{"downtime", false, func(c CellSummary) string {
			if c.Downtime == nil {
				return unknown
			}
			return Duration(c.Downtime.Median)
		}},
		column{"interval", false, func(c CellSummary) string {
			if c.Downtime == nil || c.Downtime.Interval == nil {
				return unknown
			}
			return DurationRange(c.Downtime.Interval.Low, c.Downtime.Interval.High)
		}},
		column{"restore", false, func(c CellSummary) string {
			if ns, known := c.PhasesNS[record.PhaseRestore]; known {
				return Duration(ns)
			}
			return unknown
		}},
		column{"rec/s", false, func(c CellSummary) string {
			if c.RecordsPerSecond == nil {
				return unknown
			}
			return Amount(c.RecordsPerSecond.Median)
		}},
		column{"max RSS", false, func(c CellSummary) string {
			if c.RSSPeakBytes == nil {
				return unknown
			}
			return Bytes(*c.RSSPeakBytes)
		}},
	)
	if s.bounded() {
		columns = append(columns, column{"bound by", false, func(c CellSummary) string {
			return cmp.Or(c.Bound.Text(""), unknown)
		}})
	}
	return columns
}

// lagOf is how many records a standby was behind at the kill.
func lagOf(c CellSummary) string {
	switch {
	case c.Standby == 0:
		return ""
	case c.StandbyLag == nil:
		return unknown
	}
	return Amount(*c.StandbyLag)
}

// bounded says whether it was measured what bounds a restore.
func (s *Summary) bounded() bool {
	return slices.ContainsFunc(s.Cells, func(c CellSummary) bool { return c.Bound != nil })
}

// trials is the number of valid trials of each cell, if it is the same for all and no other
// trial was run.
func (s *Summary) trials() (n int, same bool) {
	for i, c := range s.Cells {
		if len(c.Invalid) > 0 || i > 0 && c.N != n {
			return 0, false
		}
		n = c.N
	}
	return n, true
}

func trialsOf(c CellSummary) string {
	if len(c.Invalid) == 0 {
		return fmt.Sprint(c.N)
	}
	return fmt.Sprintf("%d/%d", c.N, c.N+len(c.Invalid)) // the others are invalid
}

// aligned writes the rows, of which the first is the head, with two spaces between columns.
func aligned(columns []column, rows [][]string) (lines []string) {
	widths := make([]int, len(columns))
	for _, row := range rows {
		for i, text := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(text))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, text := range row {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(text))
			if columns[i].left {
				text += pad
			} else {
				text = pad + text
			}
			if i > 0 {
				line.WriteString("  ")
			}
			line.WriteString(text)
		}
		lines = append(lines, strings.TrimRight(line.String(), " ")+"\n")
	}
	return lines
}
