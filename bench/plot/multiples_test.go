package plot

import (
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg"

	"restorebench/harness/record"
)

// A run of all stores has a panel for each type, in which equal engine and recovery look
// alike, and one legend.
func TestPanelPerType(t *testing.T) {
	chart := downtimeChart(summaryOf(t, fakeTypes(5, 10_000, 100_000)))
	var titles []string
	styles := map[string]lineStyle{}
	for _, p := range chart.panels {
		titles = append(titles, p.title)
		want := 4
		if p.title == "lru" {
			want = 1
		}
		if len(p.lines) != want {
			t.Errorf("%s: %d lines, want %d", p.title, len(p.lines), want)
		}
		for _, l := range p.lines {
			if seen, ok := styles[l.label]; ok && !reflect.DeepEqual(seen, l.style) {
				t.Errorf("%s, %s: another style than in the panels before", p.title, l.label)
			}
			styles[l.label] = l.style
			if len(l.points) != 2 {
				t.Errorf("%s, %s: %d points", p.title, l.label, len(l.points))
			}
		}
	}
	if !slices.Equal(titles, types) {
		t.Errorf("panels %q, want %q", titles, types)
	}
	var labels []string
	for _, k := range chart.legend() {
		labels = append(labels, k.label)
	}
	if want := []string{"memory, replay", "rocksdb, replay", "rocksdb, local", "rocksdb, local+tail"}; !slices.Equal(labels, want) {
		t.Errorf("legend %q, want %q", labels, want)
	}
}

// All panels have the same axes, and figures only where no panel is left of them or below.
func TestFiguresAtTheEdges(t *testing.T) {
	chart := downtimeChart(summaryOf(t, fakeTypes(5, 10_000, 100_000)))
	tiles := chart.tiles()
	if len(tiles) != 3 || len(tiles[0]) != 3 {
		t.Fatalf("%d rows of %d, want 3 of 3", len(tiles), len(tiles[0]))
	}
	first := tiles[0][0]
	for i, row := range tiles {
		for j, p := range row {
			if 3*i+j >= len(types) {
				if p != nil {
					t.Errorf("panel %d, %d holds no type", i, j)
				}
				continue
			}
			if p.X.Min != first.X.Min || p.X.Max != first.X.Max || p.Y.Min != first.Y.Min || p.Y.Max != first.Y.Max {
				t.Errorf("panel %d, %d has axes of its own", i, j)
			}
			y, x := len(p.Y.Tick.Marker.Ticks(p.Y.Min, p.Y.Max)) > 0, len(p.X.Tick.Marker.Ticks(p.X.Min, p.X.Max)) > 0
			if y != (j == 0) || x != (3*(i+1)+j >= len(types)) {
				t.Errorf("panel %d, %d: figures left %v, below %v", i, j, y, x)
			}
		}
	}
}

// A second subject and another size of values have styles of their own in every panel.
func TestPanelsHoldWhatVaries(t *testing.T) {
	var records []record.Record
	for _, r := range fakeTypes(2, 10_000, 100_000) {
		other := r
		other.Subject, other.ValueBytes = "kafka-streams", 1000
		records = append(records, r, other)
	}
	chart := downtimeChart(summaryOf(t, records))
	if n := len(chart.legend()); n != 8 {
		t.Errorf("%d entries in the legend, want 8", n)
	}
	for _, p := range chart.panels {
		seen := map[string]bool{}
		for _, l := range p.lines {
			if seen[l.label] || len(l.points) != 2 {
				t.Errorf("%s, %s: twice, or with %d points", p.title, l.label, len(l.points))
			}
			seen[l.label] = true
		}
	}
}

// With a single number of keys the types are the axis, and no line leads from one to
// the next.
func TestSingleSizeIsShownByType(t *testing.T) {
	chart := downtimeChart(summaryOf(t, fakeTypes(5, 250_000)))
	if len(chart.panels) != 1 || !slices.Equal(chart.x.types, types) || chart.title != "Downtime after a kill, 250k keys" {
		t.Fatalf("%d panels, axis %+v, title %q", len(chart.panels), chart.x, chart.title)
	}
	for _, l := range chart.lines() {
		if l.style.line.Width != 0 {
			t.Errorf("%s: a line between types", l.label)
		}
		for i, p := range l.points {
			if p.x != float64(i) {
				t.Errorf("%s: point %d is at %v", l.label, i, p.x)
			}
		}
	}
	if n := len(chart.lines()[0].points); n != len(types) {
		t.Errorf("memory by replay has %d points, want %d", n, len(types))
	}
}

// Series beside each other stay within their axes: gonum draws no marker outside of them.
func TestMarkersStayInside(t *testing.T) {
	for _, keys := range [][]int64{{1000, 20_000}, {10_000, 100_000, 1_000_000}, {1, 2, 4, 8, 16, 32, 64, 128}, {10_000, 10_001}} {
		for n := 1; n <= 42; n++ {
			for _, width := range []vg.Length{130, 230, 430} {
				chart := lineChart{x: xAxis{keys: keys}, panels: []linePanel{{lines: []line{{points: []point{{median: 1, low: 1, high: 1}}}}}}}
				p := chart.plot(nil)
				x := func(v float64) vg.Length { return 100 + width*vg.Length(p.X.Norm(v)) }
				half := chart.x.step(n, 100, 100+width, x)*vg.Length(n-1)/2 + capHalf
				if x(float64(keys[0]))-half < 100 || x(float64(keys[len(keys)-1]))+half > 100+width {
					t.Fatalf("%d series of %v stick out of %v points", n, keys, width)
				}
			}
		}
	}
}

// The rows of a run of several types are grouped: the type stands at the first.
func TestPhasesAreGroupedByType(t *testing.T) {
	var groups []string
	for _, r := range phaseChartOf(summaryOf(t, fakeTypes(2, 10_000))).panels[0].rows {
		if r.typ != "" {
			groups = append(groups, r.typ)
		}
		if r.label != "memory, replay" && r.typ != "" {
			t.Errorf("%s begins with %q", r.typ, r.label)
		}
	}
	if !slices.Equal(groups, types) {
		t.Errorf("groups %q, want %q", groups, types)
	}
}

func TestWriteTypes(t *testing.T) {
	for name, sizes := range map[string][]int64{"two sizes": {10_000, 100_000}, "one size": {250_000}} {
		dir := t.TempDir()
		if _, err := Write(dir, summaryOf(t, fakeTypes(5, sizes...))); err != nil {
			t.Fatal(err)
		}
		img := decode(t, filepath.Join(dir, DowntimeFile))
		for i, types := range []int{7, 6, 6, 6} {
			marks := types*len(sizes) + 1 // with the legend's
			if n := count(img, rgba(seriesStyle(i))); n < 100*marks {
				t.Errorf("%s: %d pixels of series %d, too few for %d markers", name, n, i, marks)
			}
		}
	}
}

// With one type of store and one size, what was varied is the axis, and what else differs the legend.
func TestVariedIsTheAxis(t *testing.T) {
	run := func(trials int, vary ...func(*record.Cell)) (all []record.Record) {
		for _, set := range vary {
			for _, r := range fakeRun(trials, 100_000) {
				if set(&r.Cell); r.Store == "rocksdb" {
					all = append(all, r)
				}
			}
		}
		return all
	}
	plain := func(*record.Cell) {}
	for name, c := range map[string]struct {
		records []record.Record
		title   string
		axis    []string
		lines   []string
	}{
		"recovery": {fakeRun(2, 100_000), "recovery", []string{"replay", "local", "local+tail"}, []string{"memory", "rocksdb"}},
		"settings": {
			run(2, plain, func(c *record.Cell) { c.RocksDB = "block_size=16384" }), "RocksDB settings",
			[]string{"defaults", "block_size=16384"},
			[]string{"rocksdb, replay", "rocksdb, local", "rocksdb, local+tail"},
		},
		"models": {
			run(2, func(c *record.Cell) { c.Guarantee, c.RecoveryModel, c.Recovery, c.Tail = "eos", "4.2", record.Local, 0 },
				func(c *record.Cell) { c.Guarantee, c.RecoveryModel, c.Recovery, c.Tail = "eos", "4.4", record.Local, 0 }),
			"rules of Kafka Streams",
			[]string{"4.2", "4.4"},
			[]string{"rocksdb, local"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			chart := downtimeChart(summaryOf(t, c.records))
			if chart.x.title != c.title || !slices.Equal(chart.x.types, c.axis) {
				t.Errorf("axis %q: %q, want %q: %q", chart.x.title, chart.x.types, c.title, c.axis)
			}
			var lines []string
			for _, l := range chart.lines() {
				lines = append(lines, l.label)
				if len(l.points) == 0 || len(l.points) > len(c.axis) {
					t.Errorf("%s has %d points", l.label, len(l.points))
				}
			}
			if !slices.Equal(lines, c.lines) {
				t.Errorf("lines %q, want %q", lines, c.lines)
			}
		})
	}
}

// A name below an axis is broken where it can be, and only where it has to.
func TestNamesBelowAnAxis(t *testing.T) {
	for name, want := range map[string]string{
		"session": "session", "timestamped-window": "timestamped-\nwindow", "kafka-streams@4.3.1": "kafka-\nstreams\n@4.3.1",
		"a=1,b=2": "a=1,b=2", "write_buffer_size=1048576": "write_\nbuffer_size=\n1048576",
		"rocksdb, replay, cache": "rocksdb,\nreplay,\ncache", "a, b, max_open_files=9": "a, b, max_\nopen_files=9",
	} {
		if got := broken(name, 12); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// The data has all of the page's width, however long the title below it is.
func TestLongTitleTakesNoRoom(t *testing.T) {
	chart := downtimeChart(summaryOf(t, fakeRun(2, 10_000, 100_000)))
	right := func(title string) vg.Length {
		chart.x.title = title
		p := newPage(pageHeight, chart.title, nil, nil)
		body := p.canvas
		body.Rectangle = p.body
		return chart.drawAxes(body).Max.X
	}
	if short, long := right("keys"), right(strings.Repeat("records since the last saved offset ", 4)); short != long || pageWidth-short > 2*margin {
		t.Errorf("the data ends at %v, with a long title at %v of %v", short, long, pageWidth)
	}
}

// Panels are said to have scales of their own where there are several.
func TestScalesOfPanels(t *testing.T) {
	for panels, want := range map[int]bool{1: false, 2: true} {
		if got := phaseChartOf(summaryOf(t, fakeRun(2, []int64{10_000, 100_000}[:panels]...))).timesTitle()[0]; (got == "downtime (each panel has its own scale)") != want {
			t.Errorf("%d panels: %q", panels, got)
		}
	}
}
