package plot

import (
	"image/color"
	"strings"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// All charts are as wide, and so many dots make an inch, that they are 1600 pixels wide.
const (
	dpi        = 200
	pageWidth  = 8 * vg.Inch
	pageHeight = 5 * vg.Inch
	margin     = 12
)

// A page is an image with a title, a legend, a body for the chart and a footnote, each in
// an area of its own, from top to bottom: so no legend ever covers data.
type page struct {
	png    vgimg.PngCanvas
	canvas draw.Canvas

	title, legend, body, foot vg.Rectangle
}

// A key is one entry of a legend.
type key struct {
	label  string
	sample func(c *draw.Canvas, area vg.Rectangle) // draws the sign beside the label
}

const (
	sampleWidth = 26
	sampleGap   = 5  // between sign and label
	keyGap      = 16 // between entries
	legendLine  = 15
	titleLine   = 20
	footLine    = 11
)

// newPage lays the page out and draws all but its body.
func newPage(height vg.Length, title string, keys []key, foot string) *page {
	p := &page{png: vgimg.PngCanvas{Canvas: vgimg.NewWith(
		vgimg.UseWH(pageWidth, height), vgimg.UseDPI(dpi), vgimg.UseBackgroundColor(color.White))}}
	p.canvas = draw.New(p.png)
	rows := legendRows(keys)
	lines := wrap(foot, write(smallSize, faint))

	left, right := vg.Length(margin), pageWidth-margin
	area := func(top, height vg.Length) vg.Rectangle {
		return vg.Rectangle{Min: vg.Point{X: left, Y: top - height}, Max: vg.Point{X: right, Y: top}}
	}
	p.title = area(height-margin*2/3, titleLine)
	p.legend = area(p.title.Min.Y, legendLine*vg.Length(len(rows)))
	p.foot = area(margin/2+footLine*vg.Length(len(lines)), footLine*vg.Length(len(lines)))
	p.body = vg.Rectangle{
		Min: vg.Point{X: left, Y: p.foot.Max.Y + margin/2},
		Max: vg.Point{X: right, Y: p.legend.Min.Y - margin/2},
	}

	p.canvas.FillText(aligned(writeBold(titleSize, ink), text.XLeft, text.YTop), vg.Point{X: left, Y: p.title.Max.Y}, title)
	p.drawLegend(rows)
	for i, line := range lines {
		at := vg.Point{X: left, Y: p.foot.Max.Y - footLine*vg.Length(i)}
		p.canvas.FillText(aligned(write(smallSize, faint), text.XLeft, text.YTop), at, line)
	}
	return p
}

// keyWidth is the room that an entry takes, without the gap after it.
func keyWidth(k key) vg.Length {
	return sampleWidth + sampleGap + write(textSize, ink).Width(k.label)
}

// legendRows breaks the legend into rows that fit the page.
func legendRows(keys []key) [][]key {
	var rows [][]key
	var used vg.Length
	for _, k := range keys {
		width := keyWidth(k)
		if len(rows) == 0 || used+keyGap+width > pageWidth-2*margin {
			rows = append(rows, nil)
			used = -keyGap
		}
		last := len(rows) - 1
		rows[last] = append(rows[last], k)
		used += keyGap + width
	}
	return rows
}

// drawLegend draws the rows of the legend into its area.
func (p *page) drawLegend(rows [][]key) {
	for i, row := range rows {
		x := p.legend.Min.X
		y := p.legend.Max.Y - legendLine*(vg.Length(i)+0.5)
		for _, k := range row {
			k.sample(&p.canvas, vg.Rectangle{
				Min: vg.Point{X: x, Y: y - legendLine/2},
				Max: vg.Point{X: x + sampleWidth, Y: y + legendLine/2},
			})
			style := aligned(write(textSize, ink), text.XLeft, text.YCenter)
			p.canvas.FillText(style, vg.Point{X: x + sampleWidth + sampleGap, Y: y}, k.label)
			x += keyWidth(k) + keyGap
		}
	}
}

// wrap breaks a text into lines that fit the page.
func wrap(s string, style text.Style) []string {
	var lines []string
	for _, word := range strings.Fields(s) {
		last := len(lines) - 1
		if last >= 0 && style.Width(lines[last]+" "+word) <= pageWidth-2*margin {
			lines[last] += " " + word
		} else {
			lines = append(lines, word)
		}
	}
	return lines
}
