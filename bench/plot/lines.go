package plot

import (
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"restorebench/bench/report"
	"restorebench/harness/record"
)

// A lineChart shows one figure of every series against the number of keys: in one
// panel, or, where that would be a tangle, in one for each type of store, all with the
// same axes.
type lineChart struct {
	title, yTitle string
	unit          string // of the vertical axis, with SI prefixes
	logY          bool   // or linear from zero
	keys          []int64
	panels        []linePanel // none when there is nothing to show
	foot          []string    // paragraphs
}

// A linePanel is what one pair of axes shows.
type linePanel struct {
	title string // "" when it is the only one
	lines []line
}

// A line is one series, by keys.
type line struct {
	label  string
	style  lineStyle
	points []point
}

// A point is the median of one cell. Without an interval low and high are equal to it.
type point struct{ keys, median, low, high float64 }

// downtimeChart shows how long each kind of recovery takes, in seconds.
func downtimeChart(s *report.Summary) lineChart {
	return lineChart{
		title:  "Downtime after a kill, by number of keys",
		yTitle: "downtime: kill to first correct read (s, log scale)",
		foot:   footnote(s),
		unit:   "s",
		logY:   true,
		keys:   s.Keys(),
		panels: panelsOf(s, 1e-9, func(c report.CellSummary) *report.Estimate { return c.Downtime }),
	}
}

// throughputChart shows how fast the records of the changelog are restored, by those
// recoveries that read any.
func throughputChart(s *report.Summary) lineChart {
	return lineChart{
		title:  "Restore throughput, by number of keys",
		yTitle: "restored records per second (records/s)",
		foot:   append(footnote(s), "Throughput is records read by the time of the restore phase alone."),
		keys:   s.Keys(),
		panels: panelsOf(s, 1, func(c report.CellSummary) *report.Estimate {
			if c.Recovery == record.Local { // by chance a record or two; not a rate
				return nil
			}
			return c.RecordsPerSecond
		}),
	}
}

// tangled is how many lines can't be told apart between one pair of axes.
const tangled = 8

// panelsOf collects the series that have the figure, scaled. A series keeps its style in
// all charts of a run; in panels of their own, those of equal engine and recovery share
// theirs.
func panelsOf(s *report.Summary, scale float64, figure func(report.CellSummary) *report.Estimate) []linePanel {
	all := s.Series()
	split := len(all) > tangled && len(s.Types()) > 1
	var panels []linePanel
	var roles []string
	for _, one := range all {
		title, label := "", one.Label
		if split {
			title, label = report.TypeOf(one.Kind.Store), one.Role
		}
		if !slices.Contains(roles, label) {
			roles = append(roles, label)
		}
		l := lineOf(one, scale, figure)
		if len(l.points) == 0 {
			continue
		}
		l.label, l.style = label, seriesStyle(slices.Index(roles, label))
		i := slices.IndexFunc(panels, func(p linePanel) bool { return p.title == title })
		if i < 0 {
			i, panels = len(panels), append(panels, linePanel{title: title})
		}
		panels[i].lines = append(panels[i].lines, l)
	}
	slices.SortStableFunc(panels, func(a, b linePanel) int {
		return slices.Index(s.Types(), a.title) - slices.Index(s.Types(), b.title)
	})
	return panels
}

func lineOf(one report.Series, scale float64, figure func(report.CellSummary) *report.Estimate) (l line) {
	for _, c := range one.Cells {
		e := figure(c)
		if e == nil {
			continue
		}
		p := point{keys: float64(c.Keys), median: e.Median * scale}
		p.low, p.high = p.median, p.median
		if e.Interval != nil {
			p.low, p.high = e.Interval.Low*scale, e.Interval.High*scale
		}
		l.points = append(l.points, p)
	}
	return l
}

// footnote tells what every line chart of the summary must tell.
func footnote(s *report.Summary) []string {
	intervals := s.Intervals()
	if slices.ContainsFunc(s.Cells, func(c report.CellSummary) bool { return c.Downtime != nil && c.Downtime.Interval != nil }) {
		intervals = "bars: " + intervals
	}
	return []string{"Medians of n = " + s.Trials() + " valid trials; " + intervals + ".", s.Where() + "."}
}

// draw draws the chart.
func (c lineChart) draw() *page {
	keys := c.legend()
	p := newPage(c.height(keys), c.title, keys, c.foot)
	body := p.canvas
	body.Rectangle = p.body
	body.Min.X += titleLine
	if len(c.panels) == 1 {
		axes := c.plot(c.panels[0].lines)
		axes.X.Label.Text = xTitle
		axes.Draw(body)
		c.drawYTitle(p, axes.DataCanvas(body))
		return p
	}
	body.Min.Y += axisTitle
	c.drawPanels(body)
	c.drawYTitle(p, body)
	below := vg.Point{X: (body.Min.X + body.Max.X) / 2, Y: p.body.Min.Y}
	p.canvas.FillText(aligned(write(textSize, ink), text.XCenter, text.YBottom), below, xTitle)
	return p
}

const xTitle = "number of keys (log scale)"

// Sizes of panels.
const (
	columns     = 2
	panelTop    = 16 // the type of the store
	panelHeight = 158
	panelSpace  = 10
)

func (c lineChart) rows() int { return (len(c.panels) + columns - 1) / columns }

// drawPanels draws the panels from the left to the right and downwards.
func (c lineChart) drawPanels(body draw.Canvas) {
	width := (body.Max.X - body.Min.X - panelSpace) / columns
	for i, panel := range c.panels {
		area := body
		area.Min.X += vg.Length(i%columns) * (width + panelSpace)
		area.Max.X = area.Min.X + width
		area.Max.Y -= vg.Length(i/columns) * (panelHeight + panelSpace)
		area.Min.Y = area.Max.Y - panelHeight
		axes := c.plot(panel.lines)
		inside := area
		inside.Max.Y -= panelTop
		at := vg.Point{X: axes.DataCanvas(inside).Min.X, Y: area.Max.Y}
		body.FillText(aligned(writeBold(textSize, ink), text.XLeft, text.YTop), at, panel.title)
		axes.Draw(inside)
	}
}

// legend has each line once, whatever the panels.
func (c lineChart) legend() []key {
	var keys []key
	for _, l := range c.lines() {
		if !slices.ContainsFunc(keys, func(k key) bool { return k.label == l.label }) {
			keys = append(keys, key{l.label, lineSample, l.style.sample})
		}
	}
	return keys
}

func (c lineChart) lines() (all []line) {
	for _, panel := range c.panels {
		all = append(all, panel.lines...)
	}
	return all
}

// height is that of the page: a legend of many rows makes it higher rather than the axes lower.
func (c lineChart) height(keys []key) vg.Length {
	if len(c.panels) > 1 {
		return frameHeight(keys, c.foot) + axisTitle + vg.Length(c.rows())*(panelHeight+panelSpace)
	}
	return pageHeight + vg.Length(legendLine*max(0, len(legendRows(keys))-1))
}

// drawYTitle writes the vertical axis's title beside the middle of the axis. Gonum would
// place it at the middle of the values, which on a logarithmic axis is near its top, and
// leave room for what then sticks out.
func (c lineChart) drawYTitle(p *page, data draw.Canvas) {
	style := aligned(write(textSize, ink), text.XCenter, text.YTop)
	style.Rotation = math.Pi / 2
	at := vg.Point{X: p.body.Min.X, Y: (data.Min.Y + data.Max.Y) / 2}
	p.canvas.FillText(style, at, c.yTitle)
}

// plot makes axes that hold the lines of all panels, and adds those of one.
func (c lineChart) plot(lines []line) *plot.Plot {
	p := plot.New()
	low, high := math.Inf(1), 0.0
	for _, l := range c.lines() {
		for _, pt := range l.points {
			low, high = min(low, pt.low), max(high, pt.high)
		}
	}
	p.X.Scale = plot.LogScale{}
	p.X.Min, p.X.Max = widen(float64(c.keys[0]), float64(c.keys[len(c.keys)-1]))
	p.X.Tick.Marker = keyTicks(c.keys)
	if c.logY {
		p.Y.Scale = plot.LogScale{}
		p.Y.Min, p.Y.Max = widen(low, high)
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
	p.Add(grid{})
	// Each a few points beside the exact place, so that equal medians don't hide each other.
	step := min(3, 14/vg.Length(len(lines)))
	for i, l := range lines {
		p.Add(shifted{l, (vg.Length(i) - vg.Length(len(lines)-1)/2) * step})
	}
	return p
}

// widen makes room on both sides of a range on a logarithmic axis.
func widen(low, high float64) (wideLow, wideHigh float64) {
	factor := math.Max(math.Pow(high/low, 0.06), 1.1)
	return low / factor, high * factor
}
