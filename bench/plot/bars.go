package plot

import (
	"fmt"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"restorebench/bench/report"
)

// Heights of the parts of a panel, in points.
const (
	headHeight = 17 // the number of keys
	rowHeight  = 17
	labelLine  = 11 // a further line of a label
	typeGap    = 6  // above a type of stores
	barHeight  = 12
	tickHeight = 15
	panelGap   = 6
	axisTitle  = 14 // below the last panel
	columnGap  = 22
	typeIndent = 12 // right of the types
	labelGap   = 6  // between a label and its bar
)

// draw draws the chart, as high as its panels need. Each bar is drawn twice: to scale, and
// at full width, where the shares of a short one can be read as well.
func (c phaseChart) draw() *page {
	keys := make([]key, len(c.phases))
	for i, phase := range c.phases {
		keys[i] = key{phaseLabels[phase], swatchSample, swatch(phase)}
	}
	panelHeight := headHeight + c.panels[0].rowsHeight() + tickHeight + panelGap
	height := frameHeight(keys, c.foot) + panelHeight*vg.Length(len(c.panels)) + axisTitle
	p := newPage(height, "Where the downtime goes, by phase of the recovery", keys, c.foot)

	left := p.body.Min.X + c.panels[0].labelsWidth()
	width := (p.body.Max.X - left - columnGap) / 2
	times, shares := span{left, left + width}, span{left + width + columnGap, p.body.Max.X - 8}
	for i, panel := range c.panels {
		panel.draw(&p.canvas, p.body.Max.Y-panelHeight*vg.Length(i), p.body.Min.X, times, shares)
	}
	title := aligned(write(textSize, ink), text.XCenter, text.YBottom)
	p.canvas.FillText(title, vg.Point{X: times.middle(), Y: p.body.Min.Y}, times.fitting(title, c.timesTitle()...))
	p.canvas.FillText(title, vg.Point{X: shares.middle(), Y: p.body.Min.Y}, shares.fitting(title, "share of the downtime (%)", "share (%)"))
	return p
}

// timesTitle is that of the axis of times, and a shorter one.
func (c phaseChart) timesTitle() []string {
	if len(c.panels) == 1 {
		return []string{"downtime"}
	}
	return []string{"downtime (each panel has its own scale)", "downtime"}
}

// rowsHeight is the height of the rows.
func (p panel) rowsHeight() (height vg.Length) {
	for _, r := range p.rows {
		height += r.height()
	}
	return height
}

func (r row) height() vg.Length {
	height := vg.Length(rowHeight + labelLine*strings.Count(r.label, "\n"))
	if r.typ != "" {
		height += typeGap
	}
	return height
}

// labelsWidth is the room that the rows' labels take, with the types on their left.
func (p panel) labelsWidth() vg.Length {
	style := write(textSize, ink)
	var types, labels vg.Length
	for _, r := range p.rows {
		types, labels = max(types, style.Width(r.typ)), max(labels, style.Width(r.label))
	}
	if types > 0 {
		types += typeIndent
	}
	return types + labels + labelGap
}

// span is a part of the page's width.
type span struct{ from, to vg.Length }

func (s span) middle() vg.Length { return (s.from + s.to) / 2 }

// fitting returns the first text that is no wider than the span, else the last: beside long labels the spans are narrow.
func (s span) fitting(style text.Style, texts ...string) string {
	for _, t := range texts {
		if style.Width(t) <= s.to-s.from {
			return t
		}
	}
	return texts[len(texts)-1]
}

// steps are as many as are wanted, if labels like this one don't touch then. There can be twice as many and more, see linearTicks.
func (s span) steps(label string, wanted float64) float64 {
	if s.to-s.from < 2*vg.Length(wanted)*write(smallSize, faint).Width(label) {
		return 1
	}
	return wanted
}

// at returns the place of a share of the span.
func (s span) at(share float64) vg.Length {
	return s.from + (s.to-s.from)*vg.Length(share)
}

// draw draws a panel downwards from top.
func (p panel) draw(c *draw.Canvas, top, labels vg.Length, times, shares span) {
	c.FillText(aligned(writeBold(textSize, ink), text.XLeft, text.YTop), vg.Point{X: labels, Y: top}, report.Keys(p.keys)+" keys")
	top -= headHeight
	bottom := top - p.rowsHeight()
	scale := p.longest() * 1.2 // leaves room for the figure beside the longest bar
	if scale > 0 {
		drawAxis(c, times, top, bottom, scale/1e9, linearTicks("s", times.steps("500 ms", 2)))
		drawAxis(c, shares, top, bottom, 100, linearTicks("%", shares.steps("100 %", 4)))
	}
	for _, r := range p.rows {
		top -= r.height()
		y := top + (rowHeight+labelLine*vg.Length(strings.Count(r.label, "\n")))/2
		c.FillText(aligned(write(textSize, ink), text.XLeft, text.YCenter), vg.Point{X: labels, Y: y + optical}, r.typ)
		c.FillText(aligned(write(textSize, ink), text.XRight, text.YCenter), vg.Point{X: times.from - labelGap, Y: y + optical}, r.label)
		if r.missing != "" {
			writeOnGrid(c, aligned(write(smallSize, faint), text.XLeft, text.YCenter), vg.Point{X: times.from + 4, Y: y + optical}, r.missing)
			continue
		}
		end := r.draw(c, times, y, scale, nil)
		figure := aligned(write(textSize, ink), text.XLeft, text.YCenter)
		writeOnGrid(c, figure, vg.Point{X: end + 4, Y: y + optical}, report.Duration(r.total))
		r.draw(c, shares, y, r.length(), func(s segment) string { return fmt.Sprintf("%.0f %%", 100*s.ns/r.length()) })
	}
}

// draw draws a bar on a scale of ns and returns where it ends. A segment shows its
// inscription if it has the room.
func (r row) draw(c *draw.Canvas, s span, y vg.Length, scale float64, inscription func(segment) string) vg.Length {
	done := 0.0
	for _, segment := range r.segments {
		from, to := s.at(done/scale), s.at((done+segment.ns)/scale)
		done += segment.ns
		area := vg.Rectangle{Min: vg.Point{X: from, Y: y - barHeight/2}, Max: vg.Point{X: to, Y: y + barHeight/2}}
		fill := phaseColors[segment.phase]
		c.SetColor(fill)
		c.Fill(area.Path())
		if to-from > 2 { // a hair of white between neighbours
			c.StrokeLine2(draw.LineStyle{Color: white, Width: 0.5}, to, area.Min.Y, to, area.Max.Y)
		}
		if inscription == nil {
			continue
		}
		style := aligned(write(smallSize, onColor(fill)), text.XCenter, text.YCenter)
		if label := inscription(segment); style.Width(label)+4 <= to-from {
			c.FillText(style, vg.Point{X: (from + to) / 2, Y: y + optical}, label)
		}
	}
	return s.at(done / scale)
}

// writeOnGrid writes text on a white ground, so that no line of the grid runs through it.
func writeOnGrid(c *draw.Canvas, style text.Style, at vg.Point, s string) {
	c.SetColor(white)
	c.Fill(style.Rectangle(s).Add(at).Path())
	c.FillText(style, at, s)
}

// drawAxis draws a horizontal axis from zero to high with its grid.
func drawAxis(c *draw.Canvas, s span, top, bottom vg.Length, high float64, ticks plot.Ticker) {
	for _, t := range ticks.Ticks(0, high) {
		x := s.at(t.Value / high)
		c.StrokeLine2(draw.LineStyle{Color: gridGrey, Width: 0.6}, x, bottom, x, top)
		label := aligned(write(smallSize, faint), text.XCenter, text.YTop)
		c.FillText(label, vg.Point{X: x, Y: bottom - 3}, t.Label)
	}
	c.StrokeLine2(draw.LineStyle{Color: midGrey, Width: 0.7}, s.from, bottom, s.to, bottom)
}

// swatch draws the sign of a phase in the legend.
func swatch(phase string) func(*draw.Canvas, vg.Rectangle) {
	return func(c *draw.Canvas, area vg.Rectangle) {
		area.Min.Y += 2.5
		area.Max.Y -= 2.5
		c.SetColor(phaseColors[phase])
		c.Fill(area.Path())
	}
}
