package progress

import (
	"bytes"
	"strings"
	"testing"

	"restorebench/bench/suite"
	"restorebench/harness/record"
	"restorebench/harness/trial"
)

func events() []suite.Event {
	cell := record.Cell{Store: "rocksdb", Recovery: record.Replay, Keys: 100_000}
	good := &record.Record{
		Cell: cell, Valid: true, DowntimeNS: 2e9, Phases: map[string]int64{record.PhaseRestore: 1e9},
		Verify: record.Verify{Count: 100_000},
	}
	bad := &record.Record{Cell: cell, Why: "the processor hung"}
	at := func(i int, e suite.Event) suite.Event {
		e.Trial, e.Trials, e.Cell = i, 2, cell
		return e
	}
	return []suite.Event{
		at(0, suite.Event{Stage: &trial.Progress{Stage: trial.StageLoad, Done: 10, Total: 100}}),
		at(0, suite.Event{Stage: &trial.Progress{Stage: trial.StageLoad, Done: 100, Total: 100}}),
		at(0, suite.Event{Stage: &trial.Progress{Stage: trial.StageRestore, Done: 100, Total: 100}}),
		at(0, suite.Event{Done: good}),
		at(1, suite.Event{Stage: &trial.Progress{Stage: trial.StageVerify, Done: 5, Total: 0}}),
		at(1, suite.Event{Done: bad}),
	}
}

func TestLines(t *testing.T) {
	var out bytes.Buffer
	d := New(&out, false)
	d.Logf("broker: %s", "local")
	for _, e := range events() {
		d.Show(e)
	}
	d.Close()
	want := "broker: local\n" +
		"[1/2] rocksdb replay 100k keys: back after 2.00 s (restore 1.00 s), 100k records verified\n" +
		"[2/2] rocksdb replay 100k keys: INVALID: the processor hung\n"
	if out.String() != want {
		t.Errorf("got:\n%swant:\n%s", out.String(), want)
	}
}

// The live display shows the same lines, and ends whatever it was told.
func TestBars(t *testing.T) {
	for n := range len(events()) + 1 {
		var out bytes.Buffer
		d := New(&out, true)
		for _, e := range events()[:n] {
			d.Show(e)
		}
		d.Close()
		if n > 3 && !strings.Contains(out.String(), "[1/2] rocksdb replay 100k keys: back after") {
			t.Errorf("after %d events: %q", n, out.String())
		}
	}
}
