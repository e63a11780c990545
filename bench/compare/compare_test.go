package compare

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"restorebench/bench/report"
	"restorebench/harness/record"
)

// run makes n trials of each cell: a cell's number of keys is its median in ms.
func run(name string, n int, keys []int64, of func(cell int, keys int64) float64) []record.Record {
	var all []record.Record
	for trial := range n * len(keys) {
		i := trial % len(keys)
		ns := int64(1e6 * of(i, keys[i]))
		all = append(all, record.Record{
			Schema: record.Schema, Run: name, Trial: trial, Valid: true, DowntimeNS: ns,
			Cell:        record.Cell{Subject: "restorebench", Store: "memory", Recovery: record.Replay, Keys: keys[i]},
			Phases:      map[string]int64{record.PhaseRestore: ns / 2},
			Restored:    record.Restored{Records: keys[i]},
			Environment: &record.Environment{CPU: "c", Cores: 2},
		})
	}
	return all
}

// skewed is what restore times look like: never much shorter, now and then much longer.
func skewed(random *rand.Rand) func(int, int64) float64 {
	return func(_ int, keys int64) float64 { return float64(keys) * math.Exp(0.1*random.ExpFloat64()) }
}

var keys = []int64{100, 200, 300, 400, 500, 600}

// Of two runs of the same thing, at most one comparison in twenty may tell a difference in any of its cells.
func TestFalseAlarmsOfEqualRuns(t *testing.T) {
	const rounds = 200
	for _, n := range []int{5, 10} {
		random := rand.New(rand.NewPCG(1, uint64(n)))
		alarms := 0
		for range rounds {
			c, err := New(run("a", n, keys[:4], skewed(random)), run("b", n, keys[:4], skewed(random)), "downtime", false)
			if err != nil {
				t.Fatal(err)
			}
			if slices.ContainsFunc(c.Rows, func(r Row) bool { return r.Verdict != Same }) {
				alarms++
			}
		}
		t.Logf("n=%d: %d of %d comparisons of equal runs told a difference", n, alarms, rounds)
		if limit := Alpha + 4*math.Sqrt(Alpha*(1-Alpha)/rounds); float64(alarms)/rounds > limit {
			t.Errorf("n=%d: %d false alarms of %d", n, alarms, rounds)
		}
	}
}

func TestRegressionIsTold(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 1))
	slower := func(cell int, keys int64) float64 {
		ms := skewed(random)(cell, keys)
		if cell == 3 {
			ms *= 2
		}
		return ms
	}
	c, err := New(run("a", 6, keys, skewed(random)), run("b", 6, keys, slower), "downtime", false)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range c.Rows {
		if want := map[bool]string{true: Worse, false: Same}[i == 3]; r.Verdict != want {
			t.Errorf("%d keys: %s (ratio %.2f, p %.3f), want %s", r.Keys, r.Verdict, r.Ratio, r.P, want)
		}
	}
	if r := c.Rows[3]; r.Ratio < 1.8 || r.Ratio > 2.2 || r.Interval == nil || r.Interval.Low > r.Ratio || r.Interval.High < r.Ratio {
		t.Errorf("twice the time: %+v", r)
	}
	byThroughput, err := New(run("a", 6, keys, skewed(random)), run("b", 6, keys, slower), "throughput", false)
	if err != nil || byThroughput.Rows[3].Verdict != Worse || byThroughput.Rows[3].Ratio > 0.6 {
		t.Errorf("half the throughput: %+v, %v", byThroughput.Rows[3], err)
	}
}

// What can't be compared is named, or counted where there is much of it, never dropped.
func TestMissingCellsAreNamed(t *testing.T) {
	same := func(_ int, keys int64) float64 { return float64(keys) }
	old, new := run("a", 5, []int64{1, 2, 3}, same), run("b", 5, []int64{2, 3, 4}, same)
	for i := range new {
		new[i].Valid = new[i].Keys != 3
	}
	c, err := New(old, new, "downtime", false)
	if err != nil || len(c.Rows) != 1 || c.Rows[0].Keys != 2 {
		t.Fatalf("%+v, %v", c, err)
	}
	for _, want := range []string{"1 keys: only in the old run", "4 keys: only in the new run", "3 keys: the new run has no valid trial"} {
		if !strings.Contains(strings.Join(c.Excluded, "; "), want) {
			t.Errorf("%q does not tell %q", c.Excluded, want)
		}
	}
	var b strings.Builder
	if err := Table(&b, c); err != nil || strings.Count(b.String(), "not compared: ") != 3 {
		t.Errorf("%v\n%s", err, b.String())
	}
	for len(c.Excluded) < mostExcluded+2 {
		c.Excluded = append(c.Excluded, "another")
	}
	b.Reset()
	if err := Table(&b, c); err != nil || strings.Count(b.String(), "not compared: ") != mostExcluded+1 || !strings.Contains(b.String(), "not compared: 2 more, which --json lists\n") {
		t.Errorf("%v\n%s", err, b.String())
	}
}

func TestRefused(t *testing.T) {
	same := func(_ int, keys int64) float64 { return float64(keys) }
	old := run("a", 5, keys, same)
	elsewhere := run("b", 5, keys, same)
	for i := range elsewhere {
		elsewhere[i].Environment = &record.Environment{CPU: "another", Cores: 2}
	}
	if _, err := New(old, elsewhere, "downtime", false); !errors.Is(err, ErrMachines) {
		t.Errorf("another machine: %v", err)
	}
	if c, err := New(old, elsewhere, "downtime", true); err != nil || len(c.Warnings) == 0 {
		t.Errorf("another machine, asked for: %v", err)
	}
	for name, err := range map[string]error{
		"no cell in common": second(New(old, run("b", 5, []int64{7}, same), "downtime", false)),
		"empty run":         second(New(old, nil, "downtime", false)),
		"unknown metric":    second(New(old, old, "speed", false)),
		"two runs in one":   second(New(old, append(run("b", 5, keys, same), old...), "downtime", false)),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func second(_ *Comparison, err error) error { return err }

func TestThresholds(t *testing.T) {
	c := &Comparison{Rows: []Row{
		{Ratio: 1.5, Verdict: Same}, {Ratio: 1.09, Verdict: Worse}, {Ratio: 1.11, Verdict: Worse}, {Ratio: 0.8, Verdict: Better},
	}}
	for text, missed := range map[string]int{"downtime > +10%": 1, "rss>5%": 2, "throughput < -10%": 1, "downtime < -30 %": 0} {
		th, err := ParseThreshold(text)
		if got := th.Missed(c); err != nil || len(got) != missed {
			t.Errorf("%s: %+v, %v, want %d", text, got, err, missed)
		}
	}
	for _, text := range []string{"", "downtime", "downtime > 10", "speed > 10%", "downtime >= 10%", "downtime > NaN%"} {
		if th, err := ParseThreshold(text); err == nil {
			t.Errorf("%q: %+v", text, th)
		}
	}
}

func TestLimits(t *testing.T) {
	records := run("a", 3, []int64{100, 200, 300}, func(_ int, keys int64) float64 { return float64(keys) })
	for i := range records {
		if records[i].Keys == 300 {
			records[i].Valid = false
		}
	}
	s, err := report.New(records)
	if err != nil {
		t.Fatal(err)
	}
	// Of 100 and 200 keys the downtimes are 100 and 200 ms, the throughputs 2k/s; 300 keys have no valid trial.
	for text, missed := range map[string]int{
		"downtime > 150ms": 2, "downtime > 1s": 1, "downtime>99ms": 3, "throughput < 3k": 3, "throughput < 1k": 1, "rss > 1GB": 1,
	} {
		l, err := ParseLimit(text)
		if got := l.Missed(s, records); err != nil || len(got) != missed {
			t.Errorf("%s: %q, %v, want %d", text, got, err, missed)
		}
	}
	for _, text := range []string{"", "downtime", "downtime > 5", "downtime > +10%", "speed > 1s", "rss > 2s", "downtime > -1s", "throughput < NaN"} {
		if l, err := ParseLimit(text); err == nil {
			t.Errorf("%q: %+v", text, l)
		}
	}
}

// A threshold that no result could miss is a mistake, not a pass.
func TestThresholdNeedsTrials(t *testing.T) {
	same := func(_ int, keys int64) float64 { return float64(keys) }
	th, _ := ParseThreshold("downtime > +10%")
	for n, ok := range map[int]bool{3: false, 4: true} {
		c, err := New(run("a", n, keys, same), run("b", n, keys, same), "downtime", false)
		if err != nil {
			t.Fatal(err)
		}
		if err := th.Check(c); (err == nil) != ok {
			t.Errorf("%d trials: %v", n, err)
		}
	}
}
