package plot

import (
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg"

	"restorebench/bench/report"
	"restorebench/bench/stats"
	"restorebench/harness/record"
)

func decode(t *testing.T, path string) image.Image {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return img
}

// count returns how many pixels have exactly the colour.
func count(img image.Image, c color.RGBA) int {
	n := 0
	b := img.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			if color.RGBAModel.Convert(img.At(x, y)) == c {
				n++
			}
		}
	}
	return n
}

func rgba(s lineStyle) color.RGBA { return s.marker.Color.(color.RGBA) }

func TestWrite(t *testing.T) {
	for name, sizes := range map[string][]int64{"three sizes": {10_000, 100_000, 1_000_000}, "one size": {250_000}} {
		dir := t.TempDir()
		s := summaryOf(t, fakeRun(5, sizes...))
		paths, err := Write(dir, s)
		if err != nil {
			t.Fatal(err)
		}
		want := []string{DowntimeFile, PhasesFile, ThroughputFile}
		for i, p := range paths {
			paths[i] = filepath.Base(p)
		}
		if !slices.Equal(paths, want) {
			t.Errorf("%s: wrote %v, want %v", name, paths, want)
		}
		for _, file := range want {
			if img := decode(t, filepath.Join(dir, file)); img.Bounds().Dx() != 1600 || img.Bounds().Dy() < 500 {
				t.Errorf("%s: %s is %v", name, file, img.Bounds())
			}
		}
		// A series that is not drawn leaves no pixel of its colour but the legend's.
		img := decode(t, filepath.Join(dir, DowntimeFile))
		for _, l := range downtimeChart(s).lines() {
			if n := count(img, rgba(l.style)); n < 200+100*len(l.points) {
				t.Errorf("%s: only %d pixels of %s", name, n, l.label)
			}
		}
	}
}

func TestWriteOfNothingFails(t *testing.T) {
	records := fakeRun(1, 1000)
	for i := range records {
		records[i].Valid, records[i].Why = false, "test"
	}
	dir := t.TempDir()
	if _, err := Write(dir, summaryOf(t, records)); err == nil {
		t.Error("a run without a valid trial was drawn")
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left %v", left)
	}
}

// What the charts show is what the summary says, for every cell that has it.
func TestLinesHoldEveryCell(t *testing.T) {
	records := fakeRun(5, 10_000, 100_000)
	s := summaryOf(t, records)
	down := downtimeChart(s)
	if len(down.lines()) != 4 {
		t.Fatalf("%d lines, want 4", len(down.lines()))
	}
	for _, l := range down.lines() {
		if len(l.points) != 2 {
			t.Errorf("%s has %d points", l.label, len(l.points))
		}
		for _, p := range l.points {
			if p.low > p.median || p.median > p.high || p.low == p.high || p.median > 10 {
				t.Errorf("%s: %+v, want seconds and an interval", l.label, p)
			}
		}
	}
	if got := len(throughputChart(s).lines()); got != 3 {
		t.Errorf("%d lines of throughput, want 3: local recovery reads nothing", got)
	}
}

// Each chart tells in its footnote what all cells share, and names a subject that is not our own.
func TestConditions(t *testing.T) {
	records := fakeRun(1, 10_000)
	for i := range records {
		records[i].Subject, records[i].Partitions = "kafka-streams@4.2.1", 3
	}
	s := summaryOf(t, records)
	for name, foot := range map[string][]string{
		"downtime": downtimeChart(s).foot, "throughput": throughputChart(s).foot, "phases": phaseChartOf(s).foot, "debt": debtChart(s).foot,
	} {
		if !strings.Contains(strings.Join(foot, "\n"), "All cells: 16 B keys, 100 B values, 3 partitions, 10 % tail.") {
			t.Errorf("%s: %q", name, foot)
		}
	}
	for _, k := range downtimeChart(s).legend() {
		if !strings.Contains(k.label, "kafka-streams@4.2.1") {
			t.Errorf("whose is %q?", k.label)
		}
	}
}

// Beside long labels a title is cut to what has room.
func TestTitlesFit(t *testing.T) {
	style := write(textSize, ink)
	long, short := "share of the downtime (%)", "share (%)"
	if got := (span{0, style.Width(long)}).fitting(style, long, short); got != long {
		t.Errorf("%q, want the long one, which fits", got)
	}
	if got := (span{0, style.Width(long) - 1}).fitting(style, long, short); got != short {
		t.Errorf("%q, want the short one", got)
	}
}

// The ceiling is what was read with nothing applied, and only where there is one.
func TestCeiling(t *testing.T) {
	records := fakeRun(5, 10_000, 100_000)
	for i := range records {
		if records[i].Recovery == record.Replay {
			records[i].Restored.FetchAloneNS = records[i].Phases[record.PhaseRestore] / 2
		}
	}
	find := func(s *report.Summary) []point {
		for _, l := range throughputChart(s).lines() {
			if l.label == ceilingLabel {
				return l.points
			}
		}
		return nil
	}
	s := summaryOf(t, records)
	points := find(s)
	if len(points) != 2 || points[0].x != 10_000 || points[1].x != 100_000 {
		t.Fatalf("ceiling at %+v", points)
	}
	var rates []float64
	for _, c := range s.Cells {
		if c.Recovery == record.Replay && c.Keys == 100_000 {
			rates = append(rates, 2*c.RecordsPerSecond.Median)
		}
	}
	if got, want := points[1].median, stats.Median(rates); math.Abs(got/want-1) > 0.02 {
		t.Errorf("ceiling %g records/s, want %g", got, want)
	}
	for i := range records {
		if records[i].Keys == 10_000 && records[i].Store == "memory" {
			records[i].ValueBytes = 10
		}
	}
	if points := find(summaryOf(t, records)); points != nil {
		t.Errorf("one ceiling of unlike changelogs: %+v", points)
	}
}

func TestPhasesAddUpAndMissingCellsSaySo(t *testing.T) {
	records := slices.DeleteFunc(fakeRun(5, 10_000, 100_000), func(r record.Record) bool {
		return r.Store == "memory" && r.Keys == 100_000
	})
	for i := range records {
		if records[i].Recovery == record.LocalTail && records[i].Keys == 10_000 {
			records[i].Valid = false
		}
	}
	chart := phaseChartOf(summaryOf(t, records))
	missing := map[string]int{}
	for _, p := range chart.panels {
		if len(p.rows) != 4 {
			t.Errorf("%d rows in the panel of %d keys", len(p.rows), p.keys)
		}
		for _, r := range p.rows {
			if r.missing != "" {
				missing[r.missing]++
			} else if d := r.length() / r.total; d < 0.8 || d > 1.2 {
				t.Errorf("%s, %d keys: phases of %v ns, downtime %v ns", r.label, p.keys, r.length(), r.total)
			}
		}
	}
	if missing["not measured"] != 1 || missing["no valid trial"] != 1 {
		t.Errorf("missing cells: %v", missing)
	}
}

// A phase that a system does not tell has no segment, and the chart says that it is unknown.
func TestUntoldPhasesAreNamed(t *testing.T) {
	records := fakeRun(1, 10_000)
	if foot := strings.Join(phaseChartOf(summaryOf(t, records)).foot, "\n"); strings.Contains(foot, "Unknown") {
		t.Errorf("all is told: %s", foot)
	}
	for _, r := range records {
		delete(r.Phases, record.PhaseOpen)
	}
	chart := phaseChartOf(summaryOf(t, records))
	if foot := strings.Join(chart.foot, "\n"); !strings.Contains(foot, "Unknown, and part of the phase before: open of restorebench.") {
		t.Errorf("the chart does not say what is unknown: %s", foot)
	}
	if slices.Contains(chart.phases, record.PhaseOpen) || !slices.Contains(chart.phases, record.PhasePlan) {
		t.Errorf("the phases are %v", chart.phases)
	}
}

func TestLegendCoversNoData(t *testing.T) {
	for _, n := range []int{1, 4, 5, 12, 40} {
		keys := make([]key, n)
		for i := range keys {
			keys[i] = key{"rocksdb, local+tail, 16 partitions", lineSample, seriesStyle(i).sample}
		}
		p := newPage(lineChart{}.height(keys), "title", keys, []string{"foot"})
		if p.body.Max.Y > p.legend.Min.Y || p.body.Min.Y < p.foot.Max.Y || p.legend.Max.Y > p.title.Min.Y {
			t.Fatalf("%d entries: areas overlap: %+v", n, p)
		}
		if p.body.Size().Y < pageHeight/2 {
			t.Fatalf("%d entries: the legend leaves %v for the axes", n, p.body.Size().Y)
		}
		for _, row := range legendRows(keys) {
			var width vg.Length
			for _, k := range row {
				width += keyWidth(k) + keyGap
			}
			if width-keyGap > pageWidth-2*margin {
				t.Fatalf("%d entries: a row is wider than the page", n)
			}
		}
	}
}

func TestSI(t *testing.T) {
	for _, c := range []struct {
		v    float64
		unit string
		want string
	}{
		{0, "s", "0"},
		{0.01, "s", "10 ms"},
		{1, "s", "1 s"},
		{1500, "s", "1500 s"},
		{2e-6, "s", "2 µs"},
		{0.5, "s", "500 ms"},
		{10_000, "", "10 k"},
		{1_000_000, "", "1 M"},
		{250, "", "250"},
		{2_500_000, "", "2.5 M"},
	} {
		if got := si(c.v, c.unit); got != c.want {
			t.Errorf("%v %q is %q, want %q", c.v, c.unit, got, c.want)
		}
	}
}

func TestTicksCanBeRead(t *testing.T) {
	for _, c := range []struct{ low, high float64 }{{0.03, 3}, {0.04, 0.06}, {0.001, 1000}, {1, 1.2}} {
		labels := 0
		for _, tick := range logTicks("s")(c.low, c.high) {
			if tick.Value < c.low*(1-1e-9) || tick.Value > c.high*(1+1e-9) {
				t.Errorf("tick %v outside of [%v, %v]", tick.Value, c.low, c.high)
			}
			if tick.Label != "" {
				labels++
			}
		}
		if labels < 3 || labels > 12 {
			t.Errorf("[%v, %v] has %d labels", c.low, c.high, labels)
		}
	}
	for _, high := range []float64{0.0888, 0.374, 2.55, 1, 9.99, 10, 0.19, 5.001e-3} {
		for least := 2.0; least <= 4; least += 2 {
			if n := len(linearTicks("s", least)(0, high)) - 1; n < int(least) || n > int(2.5*least) {
				t.Errorf("[0, %v] has %d steps, want %v to %v", high, n, least, 2.5*least)
			}
		}
	}
	labelled := 0
	for _, tick := range keyTicks([]int64{10_000, 10_001, 10_002, 1_000_000}) {
		if tick.Label != "" {
			labelled++
		}
	}
	if labelled != 2 {
		t.Errorf("%d labels for keys that lie side by side, want 2", labelled)
	}
}

func TestSeriesDiffer(t *testing.T) {
	type look struct {
		c      color.Color
		marker any
	}
	seen := map[look]bool{}
	for i := range 42 {
		s := seriesStyle(i)
		l := look{s.line.Color, s.marker.Shape}
		if seen[l] {
			t.Errorf("series %d looks like another", i)
		}
		seen[l] = true
	}
}

// An axis over almost three powers of ten, of which two are on it, is labelled all along and not at its upper end alone.
func TestTicksOverTwoPowersOfTen(t *testing.T) {
	const low = 120e-6
	least := math.Inf(1)
	for _, tick := range logTicks("s")(low, 80e-3) {
		if tick.Label != "" {
			least = math.Min(least, tick.Value)
		}
	}
	if least > 2*low {
		t.Errorf("the first label is at %v, the axis begins at %v", least, low)
	}
}

// Where no compaction wrote anything after a restore there is no chart of compaction.
func TestNoChartOfNoDebt(t *testing.T) {
	for left, want := range map[int64]int{0: 0, 5e6: 1} {
		records := fakeRun(2, 10_000, 100_000)
		for i := range records {
			if records[i].Store == "rocksdb" && records[i].Recovery == record.LocalTail {
				records[i].Aftermath = &record.Aftermath{SettledNS: 3e6, BytesWritten: 1e6, SettledBytesWritten: 1e6 + left}
			} else {
				records[i].Aftermath = &record.Aftermath{SettledNS: 2e6}
			}
		}
		if got := len(debtChart(summaryOf(t, records)).lines()); got != want {
			t.Errorf("%d bytes left: %d lines, want %d", left, got, want)
		}
	}
}

// A ceiling that is far above all restores is told and not drawn; one in sight is level where there is no scale to draw it along.
func TestRemoteCeiling(t *testing.T) {
	for times, drawn := range map[int64]bool{1: true, 20: false} {
		records := fakeRun(2, 100_000)
		for i := range records {
			if records[i].Recovery == record.Replay {
				records[i].Restored.FetchAloneNS = records[i].Phases[record.PhaseRestore] / times
			}
		}
		chart := throughputChart(summaryOf(t, records))
		told := strings.Contains(strings.Join(chart.foot, "\n"), "The ceiling is beyond the axis")
		i := slices.IndexFunc(chart.lines(), func(l line) bool { return l.label == ceilingLabel })
		if i >= 0 != drawn || told == drawn || i >= 0 && !chart.lines()[i].level {
			t.Errorf("%d times as fast: line %d, told %v", times, i, told)
		}
	}
}
