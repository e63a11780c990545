package plot

import (
	"math"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"restorebench/bench/report"
	"restorebench/bench/stats"
	"restorebench/harness/record"
)

// ceilingLabel names what no restore of the same changelog can be faster than.
const ceilingLabel = "ceiling: reading it, nothing applied"

// ceilingStyle is that of a bound and not of a series.
func ceilingStyle() lineStyle {
	return lineStyle{
		line:   draw.LineStyle{Color: midGrey, Width: vg.Points(1.2), Dashes: []vg.Length{4, 3}},
		marker: draw.GlyphStyle{Color: midGrey, Radius: vg.Points(3.3), Shape: dash{}},
	}
}

// withCeiling adds the ceiling to each panel: for each place on the axis the median of those of the cells there.
func withCeiling(s *report.Summary, panels []linePanel) []linePanel {
	nominal, byPanel := axisOf(s).nominal(), len(panels) > 1
	for i := range panels {
		found := map[float64][]float64{}
		for _, one := range s.Lines() {
			if byPanel && one.Category != panels[i].title {
				continue
			}
			for _, c := range one.Cells {
				rate, ok := s.Ceiling(c)
				if !ok {
					continue
				}
				for _, x := range places(s, one.Category, c.Cell, nominal) {
					found[x] = append(found[x], rate)
				}
			}
		}
		l := line{label: ceilingLabel, style: ceilingStyle()}
		for x, all := range found {
			m := stats.Median(all)
			l.points = append(l.points, point{x, m, m, m})
		}
		slices.SortFunc(l.points, func(a, b point) int { return int(a.x - b.x) })
		if l.level = nominal; nominal {
			l.style.marker.Radius = 0
		}
		if len(l.points) > 0 {
			panels[i].lines = append(panels[i].lines, l)
		}
	}
	return panels
}

// remote is how many times as high as all restores a ceiling is that would leave them no room.
const remote = 2

// withinSight takes a ceiling away that is far above everything else, and says where it is.
func withinSight(panels []linePanel) (near []linePanel, note string) {
	highest, low, high := 0.0, math.Inf(1), 0.0
	for _, p := range panels {
		for _, l := range p.lines {
			for _, pt := range l.points {
				if l.label != ceilingLabel {
					highest = max(highest, pt.high)
				} else {
					low, high = min(low, pt.median), max(high, pt.median)
				}
			}
		}
	}
	if high <= remote*highest {
		return panels, ""
	}
	for i := range panels {
		panels[i].lines = slices.DeleteFunc(panels[i].lines, func(l line) bool { return l.label == ceilingLabel })
	}
	note = "The ceiling is beyond the axis: read with nothing applied, the changelog comes at " + report.Amount(low)
	if report.Amount(low) != report.Amount(high) {
		note += " to " + report.Amount(high)
	}
	return panels, note + " records/s."
}

// places are those on the axis that a ceiling is of: that of the cell, and where subjects stand side by side all of them, for they
// restore the same records.
func places(s *report.Summary, category string, c record.Cell, nominal bool) (xs []float64) {
	if !nominal {
		return []float64{float64(s.Scale().At(c)[0])}
	}
	for x, other := range s.Categories() {
		if other == category || category == c.Subject {
			xs = append(xs, float64(x))
		}
	}
	return xs
}
