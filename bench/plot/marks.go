package plot

import (
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// grid draws a faint line at every place of x, and at every labelled tick of y.
type grid struct {
	x []float64
	y plot.Ticker
}

// Plot implements plot.Plotter.
func (g grid) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	style := draw.LineStyle{Color: gridGrey, Width: 0.6}
	for _, at := range g.x {
		c.StrokeLine2(style, x(at), c.Min.Y, x(at), c.Max.Y)
	}
	for _, t := range g.y.Ticks(p.Y.Min, p.Y.Max) {
		if t.Label != "" {
			c.StrokeLine2(style, c.Min.X, y(t.Value), c.Max.X, y(t.Value))
		}
	}
}

// capHalf is half the width of an interval's ends: wider than a marker, so that a narrow
// interval shows.
const capHalf = 5.5

// beside draws lines, each a few points beside the exact place.
type beside struct {
	lines []line
	axis  xAxis
}

// Plot implements plot.Plotter: the lines, then all intervals, then all markers on a
// white rim, so that no marker is hidden by a bar.
func (b beside) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	level, lines := partition(b.lines, func(l line) bool { return l.level })
	for _, l := range level {
		for _, pt := range l.points {
			c.StrokeLine2(l.style.line, x(pt.x-0.45), y(pt.median), x(pt.x+0.45), y(pt.median))
		}
	}
	step := b.axis.step(len(lines), c.Min.X, c.Max.X, x)
	ways := make([][]vg.Point, len(lines))
	for i, l := range lines {
		shift := (vg.Length(i) - vg.Length(len(lines)-1)/2) * step
		for _, pt := range l.points {
			ways[i] = append(ways[i], vg.Point{X: x(pt.x) + shift, Y: y(pt.median)})
		}
		if len(ways[i]) > 1 {
			c.StrokeLines(l.style.line, ways[i])
		}
	}
	for i, l := range lines {
		bar := draw.LineStyle{Color: l.style.line.Color, Width: 1}
		for j, pt := range l.points {
			if at, low, high := ways[i][j].X, y(pt.low), y(pt.high); pt.low < pt.high {
				c.StrokeLine2(bar, at, low, at, high)
				c.StrokeLine2(bar, at-capHalf, low, at+capHalf, low)
				c.StrokeLine2(bar, at-capHalf, high, at+capHalf, high)
			}
		}
	}
	for i, l := range lines {
		for _, at := range ways[i] {
			drawRim(&c, l.style.marker, at)
			c.DrawGlyph(l.style.marker, at)
		}
	}
}

// partition returns the lines that are so, and the others.
func partition(all []line, is func(line) bool) (those, others []line) {
	for _, l := range all {
		if is(l) {
			those = append(those, l)
		} else {
			others = append(others, l)
		}
	}
	return those, others
}

// drawRim draws the white ground of a marker.
func drawRim(c *draw.Canvas, marker draw.GlyphStyle, at vg.Point) {
	marker.Color, marker.Radius = color.White, marker.Radius+1
	c.DrawGlyph(marker, at)
}

// sample draws the line's sign in the legend.
func (s lineStyle) sample(c *draw.Canvas, area vg.Rectangle) {
	y := (area.Min.Y + area.Max.Y) / 2
	c.StrokeLine2(s.line, area.Min.X, y, area.Max.X, y)
	if s.marker.Radius == 0 {
		return
	}
	at := vg.Point{X: (area.Min.X + area.Max.X) / 2, Y: y}
	drawRim(c, s.marker, at)
	c.DrawGlyph(s.marker, at)
}

// restyled changes font and colour of a style and keeps its alignment and rotation.
func restyled(style text.Style, size vg.Length, c color.Color) text.Style {
	changed := write(size, c)
	changed.XAlign, changed.YAlign, changed.Rotation = style.XAlign, style.YAlign, style.Rotation
	return changed
}
