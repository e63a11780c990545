package plot

import (
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Sizes of the panels of a line chart, in points.
const (
	panelTitle  = 15  // the type of the store
	panelHeight = 150 // without it
	panelSpace  = 12  // between neighbours
)

// draw draws the chart.
func (c lineChart) draw() *page {
	keys := c.legend()
	p := newPage(c.height(keys), c.title, keys, c.foot)
	body := p.canvas
	body.Rectangle = p.body
	body.Min.X += titleLine
	body.Min.Y += axisTitle
	data := c.drawAxes(body)
	c.drawYTitle(p, data)
	// Gonum would leave room to the right of the axis for a long title.
	below := vg.Point{X: (data.Min.X + data.Max.X) / 2, Y: p.body.Min.Y}
	p.canvas.FillText(aligned(write(textSize, ink), text.XCenter, text.YBottom), below, c.x.title)
	return p
}

// grid returns how many panels stand beside and above each other.
func (c lineChart) grid() (columns, rows int) {
	columns = int(math.Ceil(math.Sqrt(float64(len(c.panels)))))
	return columns, (len(c.panels) + columns - 1) / columns
}

// tiles returns the axes of the panels by row, from the left to the right and downwards;
// nil where there is none. Only those at the left and at the lower end of a column have
// figures.
func (c lineChart) tiles() [][]*plot.Plot {
	columns, rows := c.grid()
	axes := make([]*plot.Plot, columns*rows)
	for i, panel := range c.panels {
		axes[i] = c.plot(panel.lines)
		if i%columns > 0 {
			axes[i].Y.Tick.Marker = plot.ConstantTicks{}
		}
		if i+columns < len(c.panels) {
			axes[i].X.Tick.Marker = plot.ConstantTicks{}
		}
	}
	return slices.Collect(slices.Chunk(axes, columns))
}

// drawAxes draws the axes and returns the area that holds the data of all.
func (c lineChart) drawAxes(body draw.Canvas) vg.Rectangle {
	if len(c.panels) > 1 {
		return c.drawPanels(body)
	}
	axes := c.plot(c.panels[0].lines)
	axes.Draw(body)
	return axes.DataCanvas(body).Rectangle
}

// drawPanels draws the panels and returns the area that holds the data of all.
func (c lineChart) drawPanels(body draw.Canvas) (all vg.Rectangle) {
	columns, rows := c.grid()
	axes := c.tiles()
	layout := draw.Tiles{Cols: columns, Rows: rows, PadX: panelSpace, PadY: panelSpace + panelTitle, PadTop: panelTitle}
	canvases := plot.Align(axes, layout, body)
	for i, panel := range c.panels {
		one, canvas := axes[i/columns][i%columns], canvases[i/columns][i%columns]
		one.Draw(canvas)
		data := one.DataCanvas(canvas).Rectangle
		at := vg.Point{X: data.Min.X, Y: data.Max.Y + panelTitle}
		body.FillText(aligned(writeBold(textSize, ink), text.XLeft, text.YTop), at, panel.title)
		if i == 0 {
			all = data
		}
		all.Min.Y, all.Max.X = min(all.Min.Y, data.Min.Y), max(all.Max.X, data.Max.X)
	}
	return all
}

// legend has each line once, whatever the panels.
func (c lineChart) legend() []key {
	width := vg.Length(lineSample)
	if c.x.nominal() {
		width = swatchSample
	}
	var keys []key
	for _, l := range c.lines() {
		if !slices.ContainsFunc(keys, func(k key) bool { return k.label == l.label }) {
			keys = append(keys, key{l.label, width, l.style.sample})
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
		_, rows := c.grid()
		return frameHeight(keys, c.foot) + axisTitle + vg.Length(rows)*(panelTitle+panelHeight+panelSpace)
	}
	return pageHeight + vg.Length(legendLine*max(0, len(legendRows(keys))-1))
}

// drawYTitle writes the vertical axis's title beside the middle of the axis. Gonum would
// place it at the middle of the values, which on a logarithmic axis is near its top, and
// leave room for what then sticks out.
func (c lineChart) drawYTitle(p *page, data vg.Rectangle) {
	style := aligned(write(textSize, ink), text.XCenter, text.YTop)
	style.Rotation = math.Pi / 2
	at := vg.Point{X: p.body.Min.X, Y: (data.Min.Y + data.Max.Y) / 2}
	p.canvas.FillText(style, at, c.yTitle)
}
