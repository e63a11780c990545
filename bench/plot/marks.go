package plot

import (
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// grid draws a faint line at every labelled tick.
type grid struct{}

// Plot implements plot.Plotter.
func (grid) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	style := draw.LineStyle{Color: gridGrey, Width: 0.6}
	for _, t := range p.X.Tick.Marker.Ticks(p.X.Min, p.X.Max) {
		if t.Label != "" {
			c.StrokeLine2(style, x(t.Value), c.Min.Y, x(t.Value), c.Max.Y)
		}
	}
	for _, t := range p.Y.Tick.Marker.Ticks(p.Y.Min, p.Y.Max) {
		if t.Label != "" {
			c.StrokeLine2(style, c.Min.X, y(t.Value), c.Max.X, y(t.Value))
		}
	}
}

// shifted draws a line a little to the side.
type shifted struct {
	line
	shift vg.Length
}

// Plot implements plot.Plotter: the line, then the intervals and markers, on a white rim
// that sets them off from it.
func (l shifted) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	var way []vg.Point
	for _, pt := range l.points {
		way = append(way, vg.Point{X: x(pt.keys) + l.shift, Y: y(pt.median)})
	}
	if len(way) > 1 {
		c.StrokeLines(l.style.line, way)
	}
	bar := draw.LineStyle{Color: l.style.line.Color, Width: 1}
	const half = 6 // of the cap; wider than the marker, so that a narrow interval shows
	for i, pt := range l.points {
		drawRim(&c, l.style.marker, way[i])
		at, low, high := way[i].X, y(pt.low), y(pt.high)
		if pt.low < pt.high {
			c.StrokeLine2(bar, at, low, at, high)
			c.StrokeLine2(bar, at-half, low, at+half, low)
			c.StrokeLine2(bar, at-half, high, at+half, high)
		}
		c.DrawGlyph(l.style.marker, way[i])
	}
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
