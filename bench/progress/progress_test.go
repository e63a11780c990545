package progress

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"restorebench/bench/suite"
	"restorebench/harness/record"
	"restorebench/harness/trial"
)

func events() []suite.Event {
	cell := record.Cell{Subject: "restorebench", Store: "rocksdb", Recovery: record.Replay, Keys: 100_000}
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
		{Trial: trial.WarmUp, Stage: &trial.Progress{Stage: suite.StageBroker}},
		{Trial: trial.WarmUp, Cell: cell, Stage: &trial.Progress{Stage: trial.StageLoad, Done: 5, Total: 10}},
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
		"[1/2] rocksdb, replay, 100k keys: back in 2.00 s (restore 1.00 s), verified\n" +
		"[2/2] rocksdb, replay, 100k keys: INVALID: the processor hung\n"
	if out.String() != want {
		t.Errorf("got:\n%swant:\n%s", out.String(), want)
	}
}

// A line tells whose store it was, what was varied and that it was verified, whatever else does not fit.
func TestLinesAreComplete(t *testing.T) {
	plain := record.Cell{Subject: "restorebench", Store: "rocksdb-timestamped-window", Recovery: record.LocalTail, Keys: 100_000}
	streams, tuned := plain, plain
	streams.Subject = "kafka-streams@4.2.1"
	tuned.RocksDB = "write_buffer_size=1048576"
	for want, c := range map[string]struct {
		cell record.Cell
		all  []record.Cell
	}{
		"rocksdb-timestamped-window, local+tail, 100k keys: back in 1.23 s, verified":                            {plain, []record.Cell{plain}},
		"rocksdb-timestamped-window, local+tail, kafka-streams@4.2.1, 100k keys: back in 1.23 s, verified":       {streams, []record.Cell{streams}},
		"rocksdb-timestamped-window, local+tail, defaults, 100k keys: back in 1.23 s, verified":                  {plain, []record.Cell{plain, tuned}},
		"rocksdb-timestamped-window, local+tail, write_buffer_size=1048576, 100k keys: back in 1.23 s, verified": {tuned, []record.Cell{plain, tuned}},
	} {
		done := &record.Record{Cell: c.cell, Valid: true, DowntimeNS: 1_234e6, Phases: map[string]int64{record.PhaseRestore: 123e6}}
		var out bytes.Buffer
		New(&out, false).Show(suite.Event{Trial: 99, Trials: 550, Cell: c.cell, Cells: c.all, Done: done})
		if want = "[100/550] " + want + "\n"; out.String() != want {
			t.Errorf("got:\n%swant:\n%s", out.String(), want)
		}
	}
}

// terminal returns a file, which as a terminal may be written to by several goroutines.
func terminal(t *testing.T) *os.File {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "terminal"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// The live display shows the same lines, and ends whatever it was told.
func TestBars(t *testing.T) {
	for n := range len(events()) + 1 {
		out := terminal(t)
		d := New(out, true)
		for _, e := range events()[:n] {
			d.Show(e)
		}
		d.Close()
		shown, err := os.ReadFile(out.Name())
		if err != nil {
			t.Fatal(err)
		}
		if n > 5 && !strings.Contains(string(shown), "[1/2] rocksdb, replay, 100k keys: back in") {
			t.Errorf("after %d events: %q", n, shown)
		}
	}
}

// Events may come faster and longer than the display draws.
func TestBarsKeepUp(t *testing.T) {
	d := New(terminal(t), true)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for start := time.Now(); time.Since(start) < time.Second; {
			d.Show(events()[2])
		}
		d.Close()
	}()
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		t.Fatal("the display hangs")
	}
}
