package plot

import (
	"image/color"
	"slices"
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
	margin     = 12 // at the left and the right
	edge       = 8  // at the top and the bottom
	bodyGap    = 6  // above and below the body
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
	width  vg.Length                               // of the sign before it
	sample func(c *draw.Canvas, area vg.Rectangle) // draws the sign
}

const (
	lineSample   = 26 // width of the sign of a line
	swatchSample = 15 // and of an area
	sampleGap    = 5  // between sign and label
	keyGap       = 16 // between entries
	legendLine   = 15
	titleLine    = 20
	footLine     = 11
)

// newPage lays the page out and draws all but its body.
func newPage(height vg.Length, title string, keys []key, foot []string) *page {
	p := &page{png: vgimg.PngCanvas{Canvas: vgimg.NewWith(
		vgimg.UseWH(pageWidth, height), vgimg.UseDPI(dpi), vgimg.UseBackgroundColor(color.White))}}
	p.canvas = draw.New(p.png)
	rows, lines := legendRows(keys), wrap(foot)

	left, right := vg.Length(margin), pageWidth-margin
	area := func(top, height vg.Length) vg.Rectangle {
		return vg.Rectangle{Min: vg.Point{X: left, Y: top - height}, Max: vg.Point{X: right, Y: top}}
	}
	p.title = area(height-edge, titleLine)
	p.legend = area(p.title.Min.Y, legendLine*vg.Length(len(rows)))
	p.foot = area(edge+footLine*vg.Length(len(lines)), footLine*vg.Length(len(lines)))
	p.body = vg.Rectangle{
		Min: vg.Point{X: left, Y: p.foot.Max.Y + bodyGap},
		Max: vg.Point{X: right, Y: p.legend.Min.Y - bodyGap},
	}

	p.canvas.FillText(aligned(writeBold(titleSize, ink), text.XLeft, text.YTop), vg.Point{X: left, Y: p.title.Max.Y}, title)
	p.drawLegend(rows)
	for i, line := range lines {
		at := vg.Point{X: left, Y: p.foot.Max.Y - footLine*vg.Length(i)}
		p.canvas.FillText(aligned(write(smallSize, faint), text.XLeft, text.YTop), at, line)
	}
	return p
}

// frameHeight is the height of a page without its body.
func frameHeight(keys []key, foot []string) vg.Length {
	return vg.Length(2*edge + titleLine + legendLine*len(legendRows(keys)) + footLine*len(wrap(foot)) + 2*bodyGap)
}

// keyWidth is the room that an entry takes, without the gap after it.
func keyWidth(k key) vg.Length {
	return k.width + sampleGap + write(textSize, ink).Width(k.label)
}

// legendRows breaks the legend into as few rows as fit the page, of equal length.
func legendRows(keys []key) [][]key {
	for rows := 1; ; rows++ {
		columns := (len(keys) + rows - 1) / rows
		broken := slices.Collect(slices.Chunk(keys, max(1, columns)))
		var width vg.Length
		for _, w := range columnWidths(broken) {
			width += w + keyGap
		}
		if columns <= 1 || width-keyGap <= pageWidth-2*margin {
			return broken
		}
	}
}

// columnWidths is the room that the entries below each other take.
func columnWidths(rows [][]key) (widths []vg.Length) {
	for _, row := range rows {
		for i, k := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], keyWidth(k))
		}
	}
	return widths
}

// drawLegend draws the rows of the legend into its area.
func (p *page) drawLegend(rows [][]key) {
	widths := columnWidths(rows)
	for i, row := range rows {
		x := p.legend.Min.X
		y := p.legend.Max.Y - legendLine*(vg.Length(i)+0.5)
		for j, k := range row {
			k.sample(&p.canvas, vg.Rectangle{
				Min: vg.Point{X: x, Y: y - legendLine/2},
				Max: vg.Point{X: x + k.width, Y: y + legendLine/2},
			})
			style := aligned(write(textSize, ink), text.XLeft, text.YCenter)
			p.canvas.FillText(style, vg.Point{X: x + k.width + sampleGap, Y: y + optical}, k.label)
			x += widths[j] + keyGap
		}
	}
}

// wrap breaks paragraphs into lines that fit the page.
func wrap(paragraphs []string) []string {
	style := write(smallSize, faint)
	var lines []string
	for _, paragraph := range paragraphs {
		line := ""
		for _, word := range strings.Fields(paragraph) {
			switch {
			case line == "":
				line = word
			case style.Width(line+" "+word) <= pageWidth-2*margin:
				line += " " + word
			default:
				lines = append(lines, line)
				line = word
			}
		}
		lines = append(lines, line)
	}
	return lines
}
