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

// A lineChart shows one figure of every series against the number of keys.
type lineChart struct {
	title, yTitle string
	unit          string // of the vertical axis, with SI prefixes
	logY          bool   // or linear from zero
	keys          []int64
	lines         []line
	foot          []string // paragraphs
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
		lines:  linesOf(s, 1e-9, func(c report.CellSummary) *report.Estimate { return c.Downtime }),
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
		lines: linesOf(s, 1, func(c report.CellSummary) *report.Estimate {
			if c.Recovery == record.Local { // by chance a record or two; not a rate
				return nil
			}
			return c.RecordsPerSecond
		}),
	}
}

// linesOf collects the series that have the figure, scaled. A series keeps its style in
// all charts of a run.
func linesOf(s *report.Summary, scale float64, figure func(report.CellSummary) *report.Estimate) []line {
	var lines []line
	for i, one := range s.Series() {
		l := line{label: one.Label, style: seriesStyle(i)}
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
		if len(l.points) > 0 {
			lines = append(lines, l)
		}
	}
	return lines
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
	keys := make([]key, len(c.lines))
	for i, l := range c.lines {
		keys[i] = key{l.label, lineSample, l.style.sample}
	}
	p := newPage(c.height(keys), c.title, keys, c.foot)
	body := p.canvas
	body.Rectangle = p.body
	body.Min.X += titleLine
	axes := c.plot()
	axes.Draw(body)
	c.drawYTitle(p, axes.DataCanvas(body))
	return p
}

// height is that of the page: a legend of many rows makes it higher rather than the axes lower.
func (c lineChart) height(keys []key) vg.Length {
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

// plot makes the axes and adds the lines.
func (c lineChart) plot() *plot.Plot {
	p := plot.New()
	low, high := math.Inf(1), 0.0
	for _, l := range c.lines {
		for _, pt := range l.points {
			low, high = min(low, pt.low), max(high, pt.high)
		}
	}
	p.X.Scale = plot.LogScale{}
	p.X.Min, p.X.Max = widen(float64(c.keys[0]), float64(c.keys[len(c.keys)-1]))
	p.X.Tick.Marker = keyTicks(c.keys)
	p.X.Label.Text = "number of keys (log scale)"
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
	step := min(3, 14/vg.Length(len(c.lines)))
	for i, l := range c.lines {
		p.Add(shifted{l, (vg.Length(i) - vg.Length(len(c.lines)-1)/2) * step})
	}
	return p
}

// widen makes room on both sides of a range on a logarithmic axis.
func widen(low, high float64) (wideLow, wideHigh float64) {
	factor := math.Max(math.Pow(high/low, 0.06), 1.1)
	return low / factor, high * factor
}
