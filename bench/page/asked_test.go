package page

import (
	"encoding/json"
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"restorebench/bench/model"
	"restorebench/bench/report"
	"restorebench/harness/record"
	"restorebench/harness/spec"
)

// option is a way back that takes so many seconds, within nine of ten crashes twice as many.
func option(store, recovery, mode string, seconds float64, verdict string) model.Option {
	return model.Option{
		Prediction: model.Prediction{
			Kind:       model.Kind{Subject: spec.SubjectSelf, Store: store, Recovery: recovery, Mode: mode},
			DowntimeNS: seconds * 1e9, LowNS: seconds * 1e9 / 2, HighNS: 2 * seconds * 1e9, RSSBytes: 1e6,
		},
		Verdict: verdict,
	}
}

// asked is a question with an answer of each kind.
func asked() *Asked {
	return &Asked{
		Question: model.Question{Cell: record.Cell{Keys: 1_000_000, KeyBytes: 16, ValueBytes: 100, Partitions: 1, UpdatesPerKey: 1, Tail: 0.1}, RTO: 10 * time.Second},
		Options: []model.Option{
			option("rocksdb", record.Local, "", 1, model.Meets), option("memory", record.Local, "", 7, model.Mostly),
			option("rocksdb", record.LocalTail, "", 3, model.Meets), option("rocksdb", record.Replay, spec.ModeBulk, 20, model.Misses),
			option("memory", record.Replay, "", 9, model.Mostly), option("rocksdb", record.Standby, "", 2, model.Meets),
		},
	}
}

// Every way back is under what the crash leaves, the soonest first.
func TestProspects(t *testing.T) {
	var got []string
	a := asked()
	slices.Reverse(a.Options)
	for _, p := range a.Prospects() {
		for _, o := range p.Options {
			if o.Recovery != p.recovery {
				t.Errorf("%s is under %s", o, p.Head)
			}
			got = append(got, fmt.Sprintf("%s, %s: %s", p.Head, p.Note, o.Store))
		}
	}
	want := []string{
		"Files kept, the best case: rocksdb", "Files kept, the best case: memory", "Files kept, older, then caught up: rocksdb",
		"Files lost, all is replayed: memory", "Files lost, all is replayed: rocksdb", "Standby, then caught up: rocksdb",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// escaped is a text as html/template writes it.
func escaped(text string) string {
	return strings.ReplaceAll(template.HTMLEscapeString(text), "+", "&#43;")
}

// The figures and the verdict of a row are those of the store that it names, and the objective is held to.
func TestVerdictsAreOfTheirStore(t *testing.T) {
	r := committed(t, "reference")
	r.Asked = asked()
	text := html(t, r)
	for _, o := range r.Asked.Options {
		row := fmt.Sprintf(`<th scope="row">%s</th><td class="n" data-label="Down for about"><b>%s</b></td><td class="n" data-label="Nine crashes of ten">%s</td>`+
			`<td class="verdict" data-label="In time"%s data-typical="%v" data-high="%v">%s</td>`,
			r.Asked.Name(o), report.About(o.DowntimeNS), o.Range(), map[bool]string{true: " data-lucky"}[o.Recovery == record.Local], escaped(fmt.Sprint(o.DowntimeNS)), escaped(fmt.Sprint(o.HighNS)), o.Verdict)
		if !strings.Contains(text, row) {
			t.Errorf("%s: no row %s", o, row)
		}
	}
	verdict := r.Asked.Question.Verdict(r.Asked.Options)
	if got := r.Asked.Verdict(); got != verdict || !strings.Contains(text, `<p class="verdict-line">`+escaped(verdict)+`</p>`) {
		t.Errorf("the page does not say %q, its answer is %q", verdict, got)
	}
	if r.Asked.Target() != 10e9 || !strings.Contains(text, `data-target="10000000000"`) {
		t.Errorf("the target is %v", r.Asked.Target())
	}
	// Estimates alone are held to nothing.
	r.Asked.Question.RTO = 0
	for i := range r.Asked.Options {
		r.Asked.Options[i].Verdict = ""
	}
	text = html(t, r)
	if strings.Contains(text, `class="verdict-line"`) || strings.Contains(text, "data-target=") || strings.Count(text, `">-</td><td class="n" data-label="RAM">`) != len(r.Asked.Options) {
		t.Error("there is a verdict without an objective")
	}
}

func TestNameOfAnEstimate(t *testing.T) {
	a := asked()
	for i, want := range []string{"rocksdb", "memory", "rocksdb", "rocksdb, bulk", "memory", "rocksdb"} {
		if got := a.Name(a.Options[i]); got != want {
			t.Errorf("%s: %q, want %q", a.Options[i], got, want)
		}
	}
	a.Options[4].Subject = "kafka-streams@4.3.1"
	for i, want := range map[int]string{3: "restorebench: rocksdb, bulk", 4: "kafka-streams@4.3.1: memory"} {
		if got := a.Name(a.Options[i]); got != want {
			t.Errorf("of two subjects: %q, want %q", got, want)
		}
	}
}

func TestConditionOfAnEstimate(t *testing.T) {
	a := asked()
	for i, want := range []string{
		"nothing written since the last checkpoint", "nothing written since the last checkpoint", "a saved offset 100k records old", "-", "-", "a second process all the time",
	} {
		if got := a.Condition(a.Options[i]); got != want {
			t.Errorf("%s: %q, want %q", a.Options[i], got, want)
		}
	}
	a.Options[2].MaxTail = 5000
	if got := a.Condition(a.Options[2]); got != a.Question.Until(a.Options[2]) || !strings.Contains(got, report.Amount(5000)+" records") {
		t.Errorf("%q, want how old it may be for the objective", got)
	}
	a.Options[2].MaxTail, a.Options[2].Verdict = 0, model.Misses
	if got := a.Condition(a.Options[2]); got != "no checkpoint interval is short enough" {
		t.Errorf("%q of one that no tail is in time of", got)
	}
}

func TestCautionAndBulk(t *testing.T) {
	a := asked()
	if got := a.beyond(); got != "" {
		t.Errorf("%q of estimates within what was measured", got)
	}
	a.Options[0].Extrapolated, a.Options[3].Extrapolated = []string{"keys 80M"}, []string{"keys 80M", "memory 9 GB"}
	if got, want := a.beyond(), "An estimate beyond what was measured: keys 80M; memory 9 GB."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if !a.Bulk() {
		t.Error("one of them takes sorted files")
	}
	a.Options[3].Mode = spec.ModeBatch
	if a.Bulk() {
		t.Error("none of them takes sorted files")
	}
}

// The workload that is the least unlike the question counts each of its sizes, by its ratio.
func TestFar(t *testing.T) {
	of := func(value, partitions, updates int) record.Cell {
		return record.Cell{ValueBytes: value, Partitions: partitions, UpdatesPerKey: updates}
	}
	question := of(100, 4, 2)
	if d := far(question, question); d != 0 {
		t.Errorf("it is %v from itself", d)
	}
	for _, c := range []struct{ near, far record.Cell }{
		{of(100, 4, 2), of(200, 4, 2)},
		{of(100, 4, 2), of(100, 8, 2)},
		{of(100, 4, 2), of(100, 4, 1)},
		{of(200, 4, 2), of(10, 4, 2)},
		{of(1000, 4, 2), of(1, 4, 2)},
		{of(100, 2, 2), of(100, 12, 2)},
		{of(0, 4, 2), of(100, 4, 400)},
	} {
		if near, distant := far(c.near, question), far(c.far, question); near >= distant {
			t.Errorf("%+v is %v away, %+v %v", c.near, near, c.far, distant)
		}
		if d := far(c.far, question) - far(question, c.far); math.Abs(d) > 1e-9 {
			t.Errorf("%+v: the way back is another", c.far)
		}
	}
}

// A phase that a trial's system does not tell is no 0.
func TestUntoldPhase(t *testing.T) {
	v := &view{}
	for want, r := range map[string]record.Record{
		"unknown": {Phases: map[string]int64{record.PhaseExit: 5}}, "-": {}, report.Duration(0): {Phases: map[string]int64{record.PhaseOpen: 0}},
	} {
		if got := v.PhaseOf(r, record.PhaseOpen); got != want {
			t.Errorf("%v: %q, want %q", r.Phases, got, want)
		}
	}
	c := report.CellSummary{PhasesNS: map[string]float64{record.PhaseExit: 5, record.PhaseServe: 0}, Downtime: &report.Estimate{Median: 9}}
	phases := []string{record.PhaseExit, record.PhaseOpen, record.PhaseServe, record.PhaseOther}
	drawn, err := json.Marshal(phasesOf(phases, c))
	if err != nil || string(drawn) != "[5,null,0,null]" {
		t.Errorf("%s is drawn, %v", drawn, err)
	}
	c.PhasesNS = nil
	if drawn, err = json.Marshal(phasesOf(phases, c)); err != nil || string(drawn) != "[null,null,null,9]" {
		t.Errorf("%s is drawn of a system that tells none, %v", drawn, err)
	}
}
