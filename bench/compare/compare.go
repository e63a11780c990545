// Package compare sets one run against another, cell by cell, and says which
// differences are more than chance.
package compare

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"restorebench/bench/report"
	"restorebench/bench/stats"
	"restorebench/harness/record"
)

// Alpha is how often two runs of the same thing may come out as different in any cell.
const Alpha = 0.05

// Verdicts on a difference.
const (
	Same   = "~"      // it can't be told from chance
	Better = "better" // of the new run
	Worse  = "worse"
)

// Comparison is a new run against an old one, by one metric.
type Comparison struct {
	Metric   string   `json:"metric"`
	Unit     string   `json:"unit"`
	Old      string   `json:"old"` // run
	New      string   `json:"new"`
	Across   []Axis   `json:"across,omitempty"` // what the cells compared differ in
	Rows     []Row    `json:"rows"`
	Excluded []string `json:"excluded"` // cells that could not be compared, with the reason
	Warnings []string `json:"warnings"`

	labels   *report.Summary
	unusable []string // cells that both runs have
}

// Row is one cell.
type Row struct {
	record.Cell
	Old      Sample          `json:"old"`
	New      Sample          `json:"new"`
	Ratio    float64         `json:"ratio"` // of the medians, new to old
	Interval *stats.Interval `json:"interval,omitempty"`
	// P is the two-sided p of Mann and Whitney's test, of this cell alone.
	P float64 `json:"p"`
	// Verdict allows for the number of cells (Benjamini and Hochberg): of all rows that
	// are not Same, at most Alpha are expected to be so by chance, and of two equal
	// runs at most Alpha have such a row.
	Verdict string `json:"verdict"`
}

// Sample is one side of a row.
type Sample struct {
	N      int     `json:"n"`
	Median float64 `json:"median"`
}

// ErrMachines means that the runs are not of the same machine.
var ErrMachines = errors.New("the runs are of different machines")

// New compares two runs by a metric, see Metrics. Cells that only one of them has are compared across
// the axes that are named, see Axes, or across the one axis in which they differ, if it is one. It fails with
// ErrMachines unless anyMachine is set, and with another error if a side is no run or they have no
// valid cell in common.
func New(old, new []record.Record, metric string, anyMachine bool, across ...string) (*Comparison, error) {
	m, err := find(metric)
	if err != nil {
		return nil, err
	}
	before, err := report.New(old)
	if err != nil {
		return nil, fmt.Errorf("the old run: %w", err)
	}
	after, err := report.New(new)
	if err != nil {
		return nil, fmt.Errorf("the new run: %w", err)
	}
	c := &Comparison{Metric: m.name, Unit: m.unit, Old: before.Run, New: after.Run, Excluded: []string{}, Warnings: []string{}, labels: after}
	if before.Run == after.Run {
		c.Warnings = append(c.Warnings, "both sides are run "+before.Run)
	}
	if diff := machines(before, after); diff != "" {
		if !anyMachine {
			return nil, fmt.Errorf("%w: %s", ErrMachines, diff)
		}
		c.Warnings = append(c.Warnings, ErrMachines.Error()+": "+diff)
	}
	pairs, err := c.match(cellsOf(before), cellsOf(after), across)
	if err != nil {
		return nil, err
	}
	c.rows(before, after, pairs, values(old, m), values(new, m), m)
	if len(c.Rows) == 0 {
		return nil, c.nothing(cellsOf(before), cellsOf(after))
	}
	c.judge(m.moreIsBetter)
	return c, nil
}

// rows fills the rows, in the order of the new run, and what is left out.
func (c *Comparison) rows(before, after *report.Summary, pairs map[record.Cell]record.Cell, xs, ys map[record.Cell][]float64, m metric) {
	joint := &report.Summary{Cells: slices.Concat(before.Cells, after.Cells)} // whose labels tell what the runs differ in
	exclude := func(cell record.Cell, why string) string {
		c.Excluded = append(c.Excluded, fmt.Sprintf("%s, %s keys: %s", joint.Label(cell), report.Keys(cell.Keys), why))
		return c.Excluded[len(c.Excluded)-1]
	}
	matched := map[record.Cell]bool{}
	for _, cell := range cellsOf(after) {
		of, found := pairs[cell]
		matched[of] = found
		x, y := xs[of], ys[cell]
		switch {
		case !found:
			exclude(cell, "only in the new run")
		case len(x) == 0:
			c.unusable = append(c.unusable, exclude(of, "the old run has no valid trial with a "+m.name))
		case len(y) == 0:
			c.unusable = append(c.unusable, exclude(cell, "the new run has no valid trial with a "+m.name))
		default:
			c.Rows = append(c.Rows, row(cell, x, y))
		}
	}
	for _, cell := range cellsOf(before) {
		if !matched[cell] {
			exclude(cell, "only in the old run")
		}
	}
}

func cellsOf(s *report.Summary) (cells []record.Cell) {
	for _, c := range s.Cells {
		cells = append(cells, c.Cell)
	}
	return cells
}

func row(cell record.Cell, x, y []float64) Row {
	r := Row{
		Cell: cell, Old: Sample{len(x), stats.Median(x)}, New: Sample{len(y), stats.Median(y)},
		P: stats.MannWhitney(x, y), Verdict: Same,
	}
	r.Ratio = r.New.Median / r.Old.Median
	if interval, ok := stats.RatioInterval(x, y, report.Confidence); ok {
		r.Interval = &interval
	}
	return r
}

// judge sets the verdicts: by Benjamini and Hochberg, the k-th smallest of n values of p counts if it, or a
// larger one, is at most k/n of Alpha.
func (c *Comparison) judge(moreIsBetter bool) {
	order := make([]*Row, len(c.Rows))
	for i := range c.Rows {
		order[i] = &c.Rows[i]
	}
	slices.SortStableFunc(order, func(a, b *Row) int { return cmp.Compare(a.P, b.P) })
	told := 0
	for i, r := range order {
		if r.P <= Alpha*float64(i+1)/float64(len(order)) {
			told = i + 1
		}
	}
	for _, r := range order[:told] {
		switch {
		case r.Ratio == 1: // by the ranks of a few they differ, by the medians they do not
		case r.Ratio > 1 == moreIsBetter:
			r.Verdict = Better
		default:
			r.Verdict = Worse
		}
	}
	c.warn()
}

// warn tells what the number of trials can't show.
func (c *Comparison) warn() {
	for _, r := range c.Rows {
		least := leastP(r.Old.N, r.New.N)
		switch {
		case least > Alpha:
			c.Warnings = append(c.Warnings, fmt.Sprintf("%s, %s keys: %d and %d trials can't tell any difference; 4 of each can",
				c.labels.Label(r.Cell), report.Keys(r.Keys), r.Old.N, r.New.N))
		case least > Alpha/float64(len(c.Rows)):
			c.Warnings = append(c.Warnings, fmt.Sprintf("%d and %d trials of each of %d cells show a change of many cells, but not one of a single cell; %d of each would",
				r.Old.N, r.New.N, len(c.Rows), enough(len(c.Rows))))
			return // one sentence for all
		}
	}
}

// leastP is the p of two samples that don't overlap: twice one in all the ways to choose m of m+n.
func leastP(m, n int) float64 {
	lg := func(x int) float64 { v, _ := math.Lgamma(float64(x + 1)); return v }
	return min(1, 2*math.Exp(lg(m)+lg(n)-lg(m+n)))
}

// enough is the number of trials that show a single cell among others.
func enough(cells int) int {
	n := 4
	for leastP(n, n) > Alpha/float64(cells) {
		n++
	}
	return n
}

// machines says how the machines of two runs differ, "" if they don't.
func machines(a, b *report.Summary) string {
	x, y := a.Environment, b.Environment
	if x == nil || y == nil {
		return ""
	}
	type machine struct {
		CPU, Arch, Disk string
		Cores           int
		Mem             int64 // GiB: what the kernel keeps for itself varies
	}
	of := func(e *record.Environment) machine { return machine{e.CPU, e.Arch, e.Disk, e.Cores, e.MemBytes >> 30} }
	if of(x) != of(y) {
		return a.Where() + "; against " + b.Where()
	}
	if a.Broker.Kind != b.Broker.Kind && a.Broker.Kind != "" && b.Broker.Kind != "" {
		return "broker " + a.Broker.Kind + " against " + b.Broker.Kind
	}
	return ""
}
