package plot

import (
	"image/color"

	stdfont "golang.org/x/image/font"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"restorebench/harness/record"
)

// Sizes of text. At 200 dots per inch, and scaled to half, a point is 1.4 pixels.
const (
	titleSize = 13
	textSize  = 9.5
	smallSize = 8
	optical   = 0.8 // raises text beside a sign: centred by its box it looks low
)

// The palette of Okabe and Ito, which the colour-blind can tell apart.
var (
	black     = color.RGBA{0x00, 0x00, 0x00, 0xff}
	orange    = color.RGBA{0xe6, 0x9f, 0x00, 0xff}
	skyBlue   = color.RGBA{0x56, 0xb4, 0xe9, 0xff}
	green     = color.RGBA{0x00, 0x9e, 0x73, 0xff}
	yellow    = color.RGBA{0xf0, 0xe4, 0x42, 0xff}
	blue      = color.RGBA{0x00, 0x72, 0xb2, 0xff}
	vermilion = color.RGBA{0xd5, 0x5e, 0x00, 0xff}
	purple    = color.RGBA{0xcc, 0x79, 0xa7, 0xff}

	white    = color.RGBA{0xff, 0xff, 0xff, 0xff}
	ink      = color.RGBA{0x22, 0x22, 0x22, 0xff} // text
	faint    = color.RGBA{0x59, 0x59, 0x59, 0xff} // text of less weight, still of contrast 7
	gridGrey = color.RGBA{0xdd, 0xdd, 0xdd, 0xff}
	midGrey  = color.RGBA{0xaa, 0xaa, 0xaa, 0xff}
)

// phaseColors are chosen so that neighbours in a bar differ in lightness too.
var phaseColors = map[string]color.RGBA{
	record.PhaseExit:    purple,
	record.PhaseDetect:  black,
	record.PhaseSpawn:   orange,
	record.PhaseAssign:  yellow,
	record.PhaseOpen:    skyBlue,
	record.PhasePlan:    green,
	record.PhaseRestore: blue,
	record.PhaseServe:   vermilion,
	record.PhaseOther:   midGrey,
}

// phaseLabels say what each phase is spent on.
var phaseLabels = map[string]string{
	record.PhaseExit:    "exit (kill to gone)",
	record.PhaseDetect:  "detect (until restarted)",
	record.PhaseSpawn:   "spawn (process start)",
	record.PhaseAssign:  "assign (partitions)",
	record.PhaseOpen:    "open (local files)",
	record.PhasePlan:    "plan (end offsets)",
	record.PhaseRestore: "restore (changelog)",
	record.PhaseServe:   "serve (first read)",
	record.PhaseOther:   "other",
}

// A lineStyle tells a series from the others by colour, marker and dashes: any one of
// them would do in print.
type lineStyle struct {
	line   draw.LineStyle
	marker draw.GlyphStyle
}

// seriesStyle returns the style of the i-th series. The colours and the markers repeat
// with different periods, so that 42 series are all different.
func seriesStyle(i int) lineStyle {
	// Without yellow, which is too light for a line on white.
	colors := []color.RGBA{blue, vermilion, green, purple, orange, skyBlue, black}
	markers := []draw.GlyphDrawer{
		draw.CircleGlyph{}, draw.BoxGlyph{}, draw.PyramidGlyph{}, diamond{}, downTriangle{}, fatPlus{},
	}
	dashes := [][]vg.Length{nil, {7, 3}, {2, 2}, {7, 2, 2, 2}}
	c := colors[i%len(colors)]
	return lineStyle{
		line:   draw.LineStyle{Color: c, Width: vg.Points(1.6), Dashes: dashes[i%len(dashes)]},
		marker: draw.GlyphStyle{Color: c, Radius: vg.Points(3.3), Shape: markers[i%len(markers)]},
	}
}

// write returns the style of text, sans serif, of the given size in points.
func write(size vg.Length, c color.Color) text.Style {
	return text.Style{
		Color:   c,
		Font:    font.From(font.Font{Typeface: "Liberation", Variant: "Sans"}, size),
		Handler: plot.DefaultTextHandler,
	}
}

// writeBold is write in bold.
func writeBold(size vg.Length, c color.Color) text.Style {
	style := write(size, c)
	style.Font.Weight = stdfont.WeightBold
	return style
}

// aligned returns the style with another alignment.
func aligned(style text.Style, x text.XAlignment, y text.YAlignment) text.Style {
	style.XAlign, style.YAlign = x, y
	return style
}

// onColor returns black or white, whichever is easier to read on c.
func onColor(c color.RGBA) color.RGBA {
	luminance := 0.299*float64(c.R) + 0.587*float64(c.G) + 0.114*float64(c.B)
	if luminance > 140 {
		return black
	}
	return white
}
