package plot

import (
	"math"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"restorebench/bench/report"
)

// An xAxis is the horizontal axis of a line chart: the numbers of keys, or the types of
// stores, or the subjects, at 0, 1, 2 and so on.
type xAxis struct {
	title string
	keys  []int64  // or another size; nil if by type
	types []string // nil if by a size
}

// axisOf returns the axis for the run: a single number of keys is no scale.
func axisOf(s *report.Summary) xAxis {
	if scale := s.Scale(); len(scale.Values) > 1 {
		return xAxis{title: scale.Title + " (log scale)", keys: scale.Values}
	}
	return xAxis{title: s.CategoryName(), types: s.Categories()}
}

// nominal tells whether the axis shows types, which are no scale.
func (a xAxis) nominal() bool { return a.types != nil }

// letters is how many of them fit below an axis.
const letters = 90

// ticks marks what was measured.
func (a xAxis) ticks() (ticks plot.ConstantTicks) {
	for i, typ := range a.types {
		ticks = append(ticks, plot.Tick{Value: float64(i), Label: broken(typ, letters/len(a.types))})
	}
	if !a.nominal() {
		ticks = keyTicks(a.keys)
	}
	return ticks
}

// broken is a name in lines of so many letters, or longer ones where it can't be broken: at a comma, or where that is not enough
// within a word.
func broken(name string, fit int) string {
	var lines []string
	line := ""
	put := func(part string) {
		if line != "" && len(strings.TrimSpace(line+part)) > fit {
			lines, line = append(lines, strings.TrimSpace(line)), ""
		}
		line += part
	}
	for _, word := range strings.SplitAfter(name, ",") {
		if len(strings.TrimSpace(word)) <= fit {
			put(word)
			continue
		}
		for _, part := range strings.Split(strings.NewReplacer("-", "-\n", "_", "_\n", "=", "=\n", "@", "\n@").Replace(word), "\n") {
			put(part)
		}
	}
	return strings.Join(append(lines, strings.TrimSpace(line)), "\n")
}

// gridLines are at the numbers of keys, but between the types.
func (a xAxis) gridLines() (at []float64) {
	for i, t := range a.ticks() {
		switch {
		case a.nominal() && i > 0:
			at = append(at, t.Value-0.5)
		case !a.nominal() && t.Label != "":
			at = append(at, t.Value)
		}
	}
	return at
}

// step is how far beside each other n series are drawn, so that equal medians don't hide
// each other: within the axis from left to right, and nearer to their own value of it than
// to the next. x places a value.
func (a xAxis) step(n int, left, right vg.Length, x func(float64) vg.Length) vg.Length {
	ticks := a.ticks()
	gap := right - left
	for i := range ticks[1:] {
		gap = min(gap, x(ticks[i+1].Value)-x(ticks[i].Value))
	}
	if a.nominal() {
		return 0.75 * gap / vg.Length(n)
	}
	room := 2 * (x(ticks[0].Value) - left - capHalf)
	return min(6, min(max(14, 0.3*gap), room)/vg.Length(n))
}

// apply sets the axis of p.
func (a xAxis) apply(p *plot.Plot) {
	p.X.Tick.Marker = a.ticks()
	if a.nominal() {
		p.X.Min, p.X.Max = -0.5, float64(len(a.types))-0.5
		return
	}
	p.X.Scale = plot.LogScale{}
	p.X.Min, p.X.Max = widen(float64(a.keys[0]), float64(a.keys[len(a.keys)-1]), 0.13)
}

// plot makes axes that hold the lines of all panels, and adds those of one.
func (c lineChart) plot(lines []line) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = nil // the page's; axes don't hide what stands beside them
	c.x.apply(p)
	low, high := math.Inf(1), 0.0
	for _, l := range c.lines() {
		for _, pt := range l.points {
			low, high = min(low, pt.low), max(high, pt.high)
		}
	}
	if c.logY {
		p.Y.Scale = plot.LogScale{}
		p.Y.Min, p.Y.Max = widen(low, high, 0.06)
		p.Y.Tick.Marker = logTicks(c.unit)
	} else {
		p.Y.Min, p.Y.Max = 0, high*1.08
		p.Y.Tick.Marker = linearTicks(c.unit, 4)
	}
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Padding = 0
		axis.LineStyle = draw.LineStyle{Color: midGrey, Width: 0.7}
		axis.Tick.LineStyle = axis.LineStyle
		axis.Label.Padding = 4
		axis.Label.TextStyle = restyled(axis.Label.TextStyle, textSize, ink)
		axis.Tick.Label = restyled(axis.Tick.Label, textSize, ink)
	}
	p.Add(grid{c.x.gridLines(), p.Y.Tick.Marker}, beside{lines, c.x})
	return p
}

// widen makes room on both sides of a range on a logarithmic axis, as a share of it.
func widen(low, high, share float64) (wideLow, wideHigh float64) {
	factor := math.Max(math.Pow(high/low, share), 1.1)
	return low / factor, high * factor
}
