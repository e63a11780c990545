package page

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"restorebench/bench/report"
	"restorebench/bench/stats"
	"restorebench/harness/record"
)

// A decision is the table that a reader picks a store from: what happened to the local files
// is not his to choose, so each case is a column, and each store a row.
type decision struct {
	Keys     int64
	Workload string // that the stores hold; "" where it is the same for all of the run
	Columns  []situation
	Rows     []choice
}

// A situation is what a crash left of the local files.
type situation struct {
	Head, Note string
	recovery   string
	tail       float64
}

// A choice is one store, with what else tells it from the others.
type choice struct {
	Name  string
	Cells []outcome
}

// An outcome is how long a store is down in a situation.
type outcome struct {
	Measured bool
	ID       string // of the cell, see view
	Best     bool   // nothing is known to be sooner
	Downtime report.Estimate
	Trials   []int64 // downtimes of the valid trials, ns
}

// Median and Range are the figures as they are shown.
func (o outcome) Median() string { return report.Duration(o.Downtime.Median) }

// Range is the interval, or why there is none.
func (o outcome) Range() string {
	if i := o.Downtime.Interval; i != nil {
		return report.DurationRange(i.Low, i.High)
	}
	return fmt.Sprintf("n = %d, no interval", o.Downtime.N)
}

// Times lists the downtimes of the trials, ns, for the script.
func (o outcome) Times() string { return strings.Trim(fmt.Sprint(o.Trials), "[]") }

func situationOf(c record.Cell) situation {
	s := situation{recovery: c.Recovery, tail: c.Tail}
	switch c.Recovery {
	case record.Local:
		s.Head, s.Note = "Files kept", "and current"
	case record.LocalTail:
		s.Head, s.Note = "Files kept, older", fmt.Sprintf("%.3g %% of the keys to catch up", 100*c.Tail)
	case record.Replay:
		s.Head, s.Note = "Files lost", "all is replayed"
	case record.Standby:
		s.Head, s.Note = "Standby", fmt.Sprintf("killed behind %.3g %% newer keys", 100*c.Tail)
	default:
		s.Head = c.Recovery
	}
	return s
}

// decide sets side by side what was measured at the largest number of keys and, of several workloads, with the one
// that is the nearest to what was asked, or has the most figures there.
func decide(s *report.Summary, cells []cellView, asked *Asked) decision {
	keys := s.Keys()
	d := decision{Keys: keys[len(keys)-1]}
	cells = slices.DeleteFunc(slices.Clone(cells), func(c cellView) bool { return c.Keys != d.Keys })
	d.Workload = mostMeasured(s, cells)
	if asked != nil {
		d.Workload = nearest(s, cells, asked.Question.Cell)
	}
	cells = slices.DeleteFunc(cells, func(c cellView) bool { return s.Workload(c.Cell) != d.Workload })
	for _, c := range cells {
		if at := situationOf(c.Cell); !slices.Contains(d.Columns, at) {
			d.Columns = append(d.Columns, at)
		}
		if name := s.Choice(c.Cell); !slices.ContainsFunc(d.Rows, func(r choice) bool { return r.Name == name }) {
			d.Rows = append(d.Rows, choice{Name: name})
		}
	}
	slices.SortStableFunc(d.Columns, situation.compare)
	for i := range d.Rows {
		d.Rows[i].Cells = make([]outcome, len(d.Columns))
	}
	for _, c := range cells {
		if c.Downtime != nil {
			row := slices.IndexFunc(d.Rows, func(r choice) bool { return r.Name == s.Choice(c.Cell) })
			d.Rows[row].Cells[slices.Index(d.Columns, situationOf(c.Cell))] = outcome{Measured: true, ID: c.ID, Downtime: *c.Downtime, Trials: c.downtimes()}
		}
	}
	d.mark()
	return d
}

// compare orders situations by what is left of the files.
func (s situation) compare(other situation) int {
	order := []string{record.Local, record.LocalTail, record.Replay, record.Standby}
	return cmp.Or(cmp.Compare(slices.Index(order, s.recovery), slices.Index(order, other.recovery)), cmp.Compare(s.tail, other.tail))
}

// nearest is the workload of the measured cells that is the least unlike the one of a question.
func nearest(s *report.Summary, cells []cellView, question record.Cell) string {
	measured := slices.DeleteFunc(slices.Clone(cells), func(c cellView) bool { return c.Downtime == nil })
	if len(measured) == 0 {
		return mostMeasured(s, cells)
	}
	return s.Workload(slices.MinFunc(measured, func(a, b cellView) int { return cmp.Compare(far(a.Cell, question), far(b.Cell, question)) }).Cell)
}

// mostMeasured is the workload with the most figures, the largest of several.
func mostMeasured(s *report.Summary, cells []cellView) (workload string) {
	figures, most := map[string]int{}, -1
	for _, c := range cells {
		if c.Downtime != nil {
			figures[s.Workload(c.Cell)]++
		}
	}
	for _, c := range cells {
		if n := figures[s.Workload(c.Cell)]; n >= most { // cells are by size, ascending
			workload, most = s.Workload(c.Cell), n
		}
	}
	return workload
}

// Sizes says at what the decision is made, for a heading.
func (d *decision) Sizes() string {
	text := report.Keys(d.Keys) + " keys"
	if d.Workload != "" {
		text += ", " + d.Workload
	}
	return text
}

// mark finds the best of each column.
func (d *decision) mark() {
	for column := range d.Columns {
		ranked := d.ranked(column)
		for _, r := range ranked {
			o := &d.Rows[slices.IndexFunc(d.Rows, func(c choice) bool { return c.Name == r.Name })].Cells[column]
			o.Best = len(ranked) > 1 && d.sure(column) && !apart(ranked[0].Cells[column], *o)
		}
	}
}

// sure says whether every figure of a column has the trials that a ranking takes.
func (d *decision) sure(column int) bool {
	return !slices.ContainsFunc(d.Rows, func(r choice) bool {
		o := r.Cells[column]
		return o.Measured && len(o.Trials) < stats.MinInterval
	})
}

// Marked says whether the best of any column are marked.
func (d *decision) Marked() bool {
	return slices.ContainsFunc(d.Rows, func(r choice) bool { return slices.ContainsFunc(r.Cells, func(o outcome) bool { return o.Best }) })
}

// ranked are the rows that have a figure in the column, the soonest first.
func (d *decision) ranked(column int) []choice {
	rows := slices.DeleteFunc(slices.Clone(d.Rows), func(c choice) bool { return !c.Cells[column].Measured })
	slices.SortStableFunc(rows, func(a, b choice) int {
		return cmp.Compare(a.Cells[column].Downtime.Median, b.Cells[column].Downtime.Median)
	})
	return rows
}

// apart tells whether the trials of two outcomes differ by more than chance. Of few trials
// that can't be said: then the medians have to do, see pick.
func apart(a, b outcome) bool {
	if min(len(a.Trials), len(b.Trials)) < stats.MinInterval {
		return a.Downtime.Median != b.Downtime.Median
	}
	return stats.MannWhitney(a.values(), b.values()) < chance
}

// chance is how often equal stores may be said to differ.
const chance = 0.05

func (o outcome) values() []float64 {
	xs := make([]float64, len(o.Trials))
	for i, ns := range o.Trials {
		xs[i] = float64(ns)
	}
	return xs
}

// Answer is the page's answer, for a terminal; nil where there is no choice.
func Answer(r Run) []string {
	d := newView(r).Decision
	if len(d.Rows) < 2 {
		return nil
	}
	return append([]string{"At " + d.Sizes() + ":"}, d.Sentences()...)
}

// Sentences say which store to pick, one for each situation.
func (d *decision) Sentences() (all []string) {
	unsure := 0
	for i, at := range d.Columns {
		ranked := d.ranked(i)
		if len(ranked) == 0 {
			continue
		}
		text := at.clause() + " " + pick(ranked, i)
		if len(ranked) > 1 && !d.sure(i) {
			unsure++
			text += " (too few trials to be sure)"
		}
		all = append(all, text+".")
	}
	if unsure > 1 { // said once
		for i := range all {
			all[i] = strings.Replace(all[i], " (too few trials to be sure)", "", 1)
		}
		all = append(all, "Too few trials to be sure of the order.")
	}
	return all
}

func (s situation) clause() string {
	switch s.recovery {
	case record.Local:
		return "Files survive the crash:"
	case record.LocalTail:
		return fmt.Sprintf("Files survive but are %.3g %% behind:", 100*s.tail)
	case record.Replay:
		return "Files are lost:"
	case record.Standby:
		return "A standby takes over:"
	}
	return s.Head + ":"
}

// pick names the soonest, and what can't be told from it.
func pick(ranked []choice, column int) string {
	first := ranked[0].Cells[column]
	var alike, rest []choice
	for _, r := range ranked[1:] {
		if r.Cells[column].Best {
			alike = append(alike, r)
		} else {
			rest = append(rest, r)
		}
	}
	text := fmt.Sprintf("%s is back in %s", ranked[0].Name, first.Median())
	switch {
	case len(alike) == 1:
		text = fmt.Sprintf("%s (%s) and %s (%s) can't be told apart", ranked[0].Name, first.Median(), alike[0].Name, alike[0].Cells[column].Median())
	case len(alike) > 1:
		text = fmt.Sprintf("%s (%s) and %d others can't be told apart", ranked[0].Name, first.Median(), len(alike))
	}
	switch {
	case len(rest) == 1:
		text += fmt.Sprintf(", %s in %s", rest[0].Name, rest[0].Cells[column].Median())
	case len(rest) > 1:
		text += fmt.Sprintf(", the others in %s to %s", rest[0].Cells[column].Median(), rest[len(rest)-1].Cells[column].Median())
	}
	return text
}
