package report

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"restorebench/harness/record"
)

// run makes rounds of three cells, each trial's downtime multiplied by what of says.
func run(rounds int, of func(trial int) float64) (all []record.Record) {
	for trial := range 3 * rounds {
		keys := int64(1000 * (1 + trial%3))
		all = append(all, record.Record{
			Schema: record.Schema, Run: "r", Trial: trial, Valid: true,
			Cell:       record.Cell{Subject: "restorebench", Store: "memory", Recovery: record.Replay, Keys: keys},
			DowntimeNS: int64(1e5 * float64(keys) * of(trial)),
		})
	}
	return all
}

func kinds(t *testing.T, records []record.Record) (all []string) {
	t.Helper()
	s, err := New(records)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range s.Warnings {
		all = append(all, w.Kind)
	}
	return all
}

func TestWarnings(t *testing.T) {
	random := rand.New(rand.NewPCG(6, 6))
	noise := func(int) float64 { return 1 + 0.05*random.Float64() }
	walk := 0.0
	for name, c := range map[string]struct {
		records []record.Record
		want    []string
	}{
		"quiet": {run(20, noise), nil},
		"few":   {run(4, noise), []string{WarnFewTrials}},
		"one slow trial": {run(10, func(trial int) float64 {
			if trial == 7 {
				return 3
			}
			return noise(trial)
		}), []string{WarnOutliers}},
		"slower and slower": {run(20, func(trial int) float64 { return noise(trial) * (1 + 0.01*float64(trial)) }), []string{WarnDrift, WarnAutocorrelation}},
		"slow minutes": {run(20, func(int) float64 {
			walk = 0.8*walk + 0.05*(random.Float64()-0.5)
			return math.Exp(walk)
		}), []string{WarnAutocorrelation}},
	} {
		if got := kinds(t, c.records); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	s, _ := New(run(10, func(trial int) float64 { return map[bool]float64{true: 3, false: noise(trial)}[trial == 7] }))
	if w := s.Warnings[0]; !slices.Equal(w.Trials, []int{7}) || s.Cells[1].N != 10 {
		t.Errorf("the outlier is %v, and its cell has %d trials", w.Trials, s.Cells[1].N)
	}
}

// Of quiet runs, one in a hundred may be said to drift.
func TestWarningsAreSeldom(t *testing.T) {
	random := rand.New(rand.NewPCG(6, 7))
	alarms := 0
	const runs = 300
	for range runs {
		for _, kind := range kinds(t, run(8, func(int) float64 { return math.Exp(0.1 * random.NormFloat64()) })) {
			if kind == WarnDrift || kind == WarnAutocorrelation {
				alarms++
			}
		}
	}
	if alarms > 15 { // 2 % are 6
		t.Errorf("%d warnings of %d quiet runs", alarms, runs)
	}
}

func TestMachineWarning(t *testing.T) {
	records := run(10, func(int) float64 { return 1 })
	for i := range records {
		records[i].Environment = &record.Environment{CPU: "c"}
	}
	if got := kinds(t, records); got != nil {
		t.Errorf("%q about a machine without findings", got)
	}
	for i := range records { // as after --resume on a day with less load
		found := []record.Finding{{Name: "swap", Value: "2 MiB moved in 500ms", Level: record.LevelSpoils}}
		if i < 10 {
			found = []record.Finding{{Name: "load", Value: "cores 90 % busy", Level: record.LevelWarning}}
		}
		records[i].Environment.Findings = found
	}
	s, err := New(records)
	if err != nil {
		t.Fatal(err)
	}
	const want = "the machine (restorebench doctor): load: cores 90 % busy; swap: 2 MiB moved in 500ms (spoils the figures)"
	if len(s.Warnings) != 1 || s.Warnings[0].Kind != WarnMachine || s.Warnings[0].Text != want {
		t.Errorf("%+v", s.Warnings)
	}
	var table bytes.Buffer
	if err := Table(&table, s); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(strings.Join(strings.Fields(table.String()), " "), want) {
		t.Errorf("the table does not say it:\n%s", table.String())
	}
}

// What spoils measures stands below them, as wide as a terminal.
func TestWriteMachine(t *testing.T) {
	var b strings.Builder
	WriteMachine(&b, &record.Environment{Findings: []record.Finding{{Name: "load", Value: "cores 90 % busy", Level: record.LevelWarning}, {Name: "swap", Value: "1 GiB moved", Level: record.LevelSpoils}}})
	want := "\nWarning: the machine (restorebench doctor): load: cores 90 % busy; swap: 1 GiB\n  moved (spoils the figures).\n"
	if b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
	b.Reset()
	if WriteMachine(&b, &record.Environment{}); b.Len() > 0 {
		t.Errorf("of a machine that is ok: %q", b.String())
	}
}
