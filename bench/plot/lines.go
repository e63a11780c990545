package plot

import (
	"slices"
	"strings"

	"restorebench/bench/report"
	"restorebench/harness/record"
)

// A lineChart shows one figure of every series against the number of keys, or another size: in one
// panel, or, where that would be a tangle, in one for each type of store, all with the
// same axes. A run with a single number of keys is shown by type of store instead.
type lineChart struct {
	title, yTitle string
	unit          string // of the vertical axis, with SI prefixes
	logY          bool   // or linear from zero
	x             xAxis
	panels        []linePanel // none when there is nothing to show
	foot          []string    // paragraphs
}

// A linePanel is what one pair of axes shows.
type linePanel struct {
	title string // "" when it is the only one
	lines []line
}

// A line is one series, from the left to the right.
type line struct {
	label  string
	style  lineStyle
	points []point
	level  bool // from one side of each point's place to the other, and not from point to point
}

// A point is the median of one cell. Without an interval low and high are equal to it.
type point struct{ x, median, low, high float64 }

// downtimeChart shows how long each kind of recovery takes, in seconds.
func downtimeChart(s *report.Summary) lineChart {
	return lineChart{
		title:  "Downtime after a kill, " + s.Sizes(),
		yTitle: "downtime: kill to first correct read (log scale)",
		foot:   footnote(s),
		unit:   "s",
		logY:   true,
		x:      axisOf(s),
		panels: panelsOf(s, 1e-9, func(c report.CellSummary) *report.Estimate { return c.Downtime }),
	}
}

// throughputChart shows how fast the records of the changelog are restored, by those
// recoveries that read any.
func throughputChart(s *report.Summary) lineChart {
	foot := append(footnote(s), "Throughput is records read by the time of the restore phase alone.")
	if bounds := s.Bounds(); len(bounds) > 0 && len(bounds) <= tangled {
		foot = append(foot, "What bounds the restore of the most keys, and its share of the restore's time: "+strings.Join(bounds, "; ")+".")
	}
	panels, beyond := withinSight(withCeiling(s, panelsOf(s, 1, func(c report.CellSummary) *report.Estimate {
		if c.Recovery == record.Local { // by chance a record or two; not a rate
			return nil
		}
		return c.RecordsPerSecond
	})))
	if beyond != "" {
		foot = append(foot, beyond)
	}
	return lineChart{
		title:  "Restore throughput, " + s.Sizes(),
		yTitle: "restored records per second (records/s)",
		foot:   foot,
		x:      axisOf(s),
		panels: panels,
	}
}

// debtChart shows how long compaction goes on once a restore is over, in seconds.
func debtChart(s *report.Summary) lineChart {
	return lineChart{
		title:  "Compaction after a restore, " + s.Sizes(),
		yTitle: "first correct read to no compaction left (log scale)",
		foot:   append(footnote(s), "Until then point reads take longer: the table of compactions has their 99th percentile right after the restore and once settled."),
		unit:   "s",
		logY:   true,
		x:      axisOf(s),
		panels: panelsOf(s, 1e-9, func(c report.CellSummary) *report.Estimate {
			if !c.Debt.Left() {
				return nil
			}
			return c.Debt.Settled
		}),
	}
}

// tangled is how many lines can't be told apart between one pair of axes.
const tangled = 8

// panelsOf collects the series that have the figure, scaled. A series keeps its style in
// all charts of a run; where the type of the store is told by the panel or by the place on
// the axis, those of equal engine and recovery share theirs.
func panelsOf(s *report.Summary, scale float64, figure func(report.CellSummary) *report.Estimate) []linePanel {
	all, byType := s.Lines(), axisOf(s).nominal()
	split := !byType && len(all) > tangled && len(s.Categories()) > 1
	var panels []linePanel
	var roles []string
	for _, one := range all {
		typ, title, label := one.Category, "", one.Label
		if split {
			title = typ
		}
		if split || byType {
			label = one.Role
		}
		if !slices.Contains(roles, label) {
			roles = append(roles, label)
		}
		l := line{label: label, style: seriesStyle(slices.Index(roles, label)), points: pointsOf(s.Scale(), one, scale, figure)}
		if byType {
			l.style.line.Width = 0 // types are no scale to draw a line along
			for i := range l.points {
				l.points[i].x = float64(slices.Index(s.Categories(), typ))
			}
		}
		if len(l.points) > 0 {
			panels = add(panels, title, l)
		}
	}
	slices.SortStableFunc(panels, func(a, b linePanel) int {
		return slices.Index(s.Categories(), a.title) - slices.Index(s.Categories(), b.title)
	})
	return panels
}

// add adds a line to the panel of that title, or its points to the line of its label.
func add(panels []linePanel, title string, l line) []linePanel {
	i := slices.IndexFunc(panels, func(p linePanel) bool { return p.title == title })
	if i < 0 {
		return append(panels, linePanel{title, []line{l}})
	}
	p := &panels[i]
	if j := slices.IndexFunc(p.lines, func(o line) bool { return o.label == l.label }); j >= 0 {
		p.lines[j].points = append(p.lines[j].points, l.points...)
	} else {
		p.lines = append(p.lines, l)
	}
	return panels
}

func pointsOf(along report.Scale, one report.Series, scale float64, figure func(report.CellSummary) *report.Estimate) (points []point) {
	for _, c := range one.Cells {
		e := figure(c)
		if e == nil {
			continue
		}
		p := point{median: e.Median * scale}
		p.low, p.high = p.median, p.median
		if e.Interval != nil {
			p.low, p.high = e.Interval.Low*scale, e.Interval.High*scale
		}
		for _, x := range along.At(c.Cell) {
			p.x = float64(x)
			points = append(points, p)
		}
	}
	return points
}

// conditions are what all cells were measured under, a paragraph each.
func conditions(s *report.Summary) []string {
	all := s.Conditions()
	for i := range all {
		all[i] += "."
	}
	return all
}

// footnote tells what every line chart of the summary must tell.
func footnote(s *report.Summary) []string {
	intervals := s.Intervals()
	if slices.ContainsFunc(s.Cells, func(c report.CellSummary) bool { return c.Downtime != nil && c.Downtime.Interval != nil }) {
		intervals = "bars: " + intervals
	}
	return append([]string{"Medians of n = " + s.Trials() + " valid trials; " + intervals + "."}, conditions(s)...)
}
