package report

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"restorebench/harness/record"
)

func TestNewRefusesWhatDoesNotBelongTogether(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func([]record.Record) []record.Record
		want  string
	}{
		"nothing":  {func([]record.Record) []record.Record { return nil }, "no trial was recorded"},
		"schema":   {func(rs []record.Record) []record.Record { rs[2].Schema = 9; return rs }, "trial 3 of run 20250102T030405-1: its record has schema 9"},
		"run":      {func(rs []record.Record) []record.Record { rs[2].Run = "other"; return rs }, "only one run can be summarized"},
		"broker":   {func(rs []record.Record) []record.Record { rs[2].Broker.Kind = "local"; return rs }, "on broker"},
		"machine":  {func(rs []record.Record) []record.Record { rs[2].Environment = &record.Environment{CPU: "x"}; return rs }, "CPU:x"},
		"downtime": {func(rs []record.Record) []record.Record { rs[2].DowntimeNS = 0; return rs }, "its downtime is 0 ns"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New(c.spoil(testRun()))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want one that has %q", err, c.want)
			}
		})
	}
}

// A trial that failed before anything was known does not spoil the others.
func TestNewTakesEmptyInvalidTrials(t *testing.T) {
	rs := testRun()
	rs[0].Valid, rs[0].Why, rs[0].DowntimeNS = false, "no broker", 0
	rs[0].Broker, rs[0].Environment, rs[0].Phases = record.Broker{}, nil, nil
	s, err := New(rs)
	if err != nil {
		t.Fatal(err)
	}
	if s.Valid() != len(rs)-1 || s.Broker.Kind != "container" || s.Environment == nil {
		t.Errorf("%d valid, broker %+v, environment %+v", s.Valid(), s.Broker, s.Environment)
	}
}

// The order of the trials is the run's business, not the summary's.
func TestNewDoesNotDependOnOrder(t *testing.T) {
	want, err := New(testRun())
	if err != nil {
		t.Fatal(err)
	}
	rs := testRun()
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(rs), func(i, j int) { rs[i], rs[j] = rs[j], rs[i] })
	got, err := New(rs)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Error("another order of the records gave another summary")
	}
	if start := time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC); !got.Time.Equal(start) {
		t.Errorf("time %v, want that of the first trial, %v", got.Time, start)
	}
}

// A phase is over the trials that reported it; one that none reported is unknown.
func TestUnknownPhases(t *testing.T) {
	rs := testRun()[:1]
	for range 2 {
		rs = append(rs, rs[0])
	}
	rs[0].Phases = map[string]int64{record.PhaseExit: 10}
	rs[1].Phases = map[string]int64{record.PhaseExit: 30}
	rs[2].Phases = nil
	s, err := New(rs)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]float64{record.PhaseExit: 20}
	if c := s.Cells[0]; c.N != 3 || !reflect.DeepEqual(c.PhasesNS, want) || c.RecordsPerSecond != nil {
		t.Errorf("got n=%d, phases %v, %v records/s; want %v and no throughput", c.N, c.PhasesNS, c.RecordsPerSecond, want)
	}
}

func TestSeries(t *testing.T) {
	s, err := New(testRun())
	if err != nil {
		t.Fatal(err)
	}
	var labels []string
	for _, one := range s.Series() {
		labels = append(labels, one.Label)
		if len(one.Cells) != 3 || one.Cells[0].Keys != 10_000 || one.Cells[2].Keys != 1_000_000 {
			t.Errorf("%s: wrong cells", one.Label)
		}
	}
	if want := []string{"memory, replay", "rocks, replay", "rocks, local", "rocks, local+tail"}; !reflect.DeepEqual(labels, want) {
		t.Errorf("got series %q, want %q", labels, want)
	}
	if got := s.Keys(); !reflect.DeepEqual(got, []int64{10_000, 100_000, 1_000_000}) {
		t.Errorf("got keys %v", got)
	}
}

// Cells that differ in more than store, recovery and keys are named by what differs.
func TestLabelNamesWhatVaries(t *testing.T) {
	rs := testRun()
	for i := range rs {
		if rs[i].Recovery == record.LocalTail && rs[i].Keys == 10_000 {
			rs[i].Tail = 0.5
		}
		if rs[i].Recovery == record.Local && rs[i].Keys == 10_000 {
			rs[i].ValueBytes = 1000
		}
	}
	s, err := New(rs)
	if err != nil {
		t.Fatal(err)
	}
	var labels []string
	for _, one := range s.Series() {
		labels = append(labels, one.Label)
	}
	want := []string{
		"memory, replay, 100 B values", "rocks, replay, 100 B values",
		"rocks, local, 100 B values", "rocks, local, 1000 B values",
		"rocks, local+tail, 100 B values, 10 % tail", "rocks, local+tail, 100 B values, 50 % tail",
	}
	if !reflect.DeepEqual(labels, want) {
		t.Errorf("got %q, want %q", labels, want)
	}
}

// A restore whose beginning was told late is shorter than what it is made of: no share of it makes a table wider than a terminal.
func TestBoundOfALateBeginning(t *testing.T) {
	for share, want := range map[float64]string{0.414: "41 %", 1.2: "120 %", 2: "200 %", 2.1: "", 540.92: ""} {
		if want != "" {
			want = "apply " + want
		}
		if got := (&Bound{Stage: BoundApply, Share: share}).Text(" "); got != want {
			t.Errorf("share %v: %q, want %q", share, got, want)
		}
	}
	records := testRun()
	for i := range records {
		records[i].Restored.ApplyNS *= 5000
	}
	s, err := New(records)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := Table(&b, s); err != nil {
		t.Fatal(err)
	}
	if text := b.String(); strings.Contains(text, "apply") || !strings.Contains(text, "unknown where it was measured") || len(s.Bounds()) > 0 {
		t.Errorf("a share of more than all is told, or not explained: %q\n%s", s.Bounds(), text)
	}
	if _, ok := s.Ceiling(s.Cells[0]); ok {
		t.Error("a ceiling below the restore")
	}
	for line := range strings.Lines(b.String()) {
		if n := utf8.RuneCountInString(line); n > 81 {
			t.Errorf("%d columns: %s", n-1, line)
		}
	}
}
