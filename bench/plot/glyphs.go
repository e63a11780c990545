package plot

import (
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Markers beside the library's: its crosses are hairlines that a line hides.
type (
	diamond      struct{} // a square on its corner
	downTriangle struct{}
	fatPlus      struct{}
	dash         struct{}
)

// DrawGlyph implements draw.GlyphDrawer.
func (diamond) DrawGlyph(c *draw.Canvas, style draw.GlyphStyle, at vg.Point) {
	fillShape(c, style, at, []vg.Point{{Y: 1.2}, {X: 1.2}, {Y: -1.2}, {X: -1.2}})
}

// DrawGlyph implements draw.GlyphDrawer.
func (downTriangle) DrawGlyph(c *draw.Canvas, style draw.GlyphStyle, at vg.Point) {
	fillShape(c, style, at, []vg.Point{{X: -1.15, Y: 0.75}, {X: 1.15, Y: 0.75}, {Y: -1.25}})
}

// DrawGlyph implements draw.GlyphDrawer.
func (fatPlus) DrawGlyph(c *draw.Canvas, style draw.GlyphStyle, at vg.Point) {
	const long, short = 1.2, 0.42
	fillShape(c, style, at, []vg.Point{
		{X: -short, Y: long},
		{X: short, Y: long},
		{X: short, Y: short},
		{X: long, Y: short},
		{X: long, Y: -short},
		{X: short, Y: -short},
		{X: short, Y: -long},
		{X: -short, Y: -long},
		{X: -short, Y: -short},
		{X: -long, Y: -short},
		{X: -long, Y: short},
		{X: -short, Y: short},
	})
}

// DrawGlyph implements draw.GlyphDrawer.
func (dash) DrawGlyph(c *draw.Canvas, style draw.GlyphStyle, at vg.Point) {
	fillShape(c, style, at, []vg.Point{{X: -3, Y: 0.25}, {X: 3, Y: 0.25}, {X: 3, Y: -0.25}, {X: -3, Y: -0.25}})
}

// fillShape fills a polygon whose corners are given in radii from the middle.
func fillShape(c *draw.Canvas, style draw.GlyphStyle, at vg.Point, corners []vg.Point) {
	for i := range corners {
		corners[i] = at.Add(corners[i].Scale(style.Radius))
	}
	c.FillPolygon(style.Color, corners)
}
