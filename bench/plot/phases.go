package plot

import (
	"restorebench/bench/report"
	"restorebench/harness/record"
)

// A phaseChart shows where the downtime goes: a panel per number of keys, since a bar of
// 200 ms can't be read beside one of 20 s, and in it a bar per series.
type phaseChart struct {
	foot   []string // paragraphs
	phases []string // those that any bar has, in their order
	panels []panel
}

// A panel is one number of keys. All panels have the same rows, in the same order.
type panel struct {
	keys int64
	rows []row
}

// A row is one cell. Without segments, missing tells why.
type row struct {
	typ      string // of the store, on the first row of the type; "" if the run has but one
	label    string
	total    float64 // median downtime, ns
	segments []segment
	missing  string
}

// A segment is the median of one phase, ns.
type segment struct {
	phase string
	ns    float64
}

// rowLetters leave room for bars beside them.
const rowLetters = 40

// phaseChartOf derives the chart from the summary.
func phaseChartOf(s *report.Summary) phaseChart {
	chart := phaseChart{
		foot: append([]string{
			"Each phase is the median of n = " + s.Trials() + " valid trials, so that together they can differ a little" +
				" from the median downtime, which is the figure beside the bar.",
		}, conditions(s)...),
	}
	if untold := s.Untold(); untold != "" {
		chart.foot = append(chart.foot, untold+".")
	}
	seen := map[string]bool{}
	for _, keys := range s.Keys() {
		p := panel{keys: keys}
		last := ""
		for _, one := range s.Series() {
			r := rowOf(one, keys)
			if s.Grouped() {
				r.label = one.Role
				if typ := one.Category; typ != last {
					r.typ, last = typ, typ
				}
			}
			r.label = broken(r.label, rowLetters)
			for _, segment := range r.segments {
				seen[segment.phase] = true
			}
			p.rows = append(p.rows, r)
		}
		chart.panels = append(chart.panels, p)
	}
	for _, phase := range record.Phases {
		if seen[phase] {
			chart.phases = append(chart.phases, phase)
		}
	}
	return chart
}

// rowOf derives the bar of one cell.
func rowOf(one report.Series, keys int64) row {
	r := row{label: one.Label}
	c, measured := one.At(keys)
	switch {
	case !measured:
		r.missing = "not measured"
		return r
	case c.Downtime == nil:
		r.missing = "no valid trial"
		return r
	}
	r.total = c.Downtime.Median
	for _, phase := range record.Phases {
		if ns := c.PhasesNS[phase]; ns > 0 {
			r.segments = append(r.segments, segment{phase, ns})
		}
	}
	if len(r.segments) == 0 { // a subject that tells nothing about its phases
		r.segments = []segment{{record.PhaseOther, r.total}}
	}
	return r
}

// length is the length of the bar, ns.
func (r row) length() float64 {
	sum := 0.0
	for _, s := range r.segments {
		sum += s.ns
	}
	return sum
}

// longest is the length of the longest bar, ns, or 0 if there is none.
func (p panel) longest() float64 {
	longest := 0.0
	for _, r := range p.rows {
		longest = max(longest, r.length(), r.total)
	}
	return longest
}
