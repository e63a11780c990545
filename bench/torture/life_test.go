package torture

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"restorebench/harness/broker/brokertest"
	"restorebench/harness/subject"
)

// A processor that tells of something for ever, and is never done, hangs.
func TestEndlessLife(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const script = `exec >"$RESTOREBENCH_EVENTS"; while printf '{"event":"progress"}\n'; do sleep 0.01; done`
	process, err := subject.Start(subject.Command{Path: "/bin/sh", Args: []string{"-c", script}}, subject.Task{StateDir: filepath.Join(dir, "state")}, dir, "life")
	if err != nil {
		t.Fatal(err)
	}
	defer process.Release()
	l := &life{process: process, during: duringRestore}
	err = l.follow(t.Context(), nil, time.Minute, 200*time.Millisecond, nil)
	if !errors.Is(err, errHung) || !strings.Contains(err.Error(), "it is not done after 200ms, at restore") {
		t.Error(err)
	}
}

// A processor that says nothing is given up at the deadline, and its line and its cell say so.
func TestSilentLife(t *testing.T) {
	t.Parallel()
	for at, script := range map[string]string{
		duringStart:   `exec sleep 60`,
		duringRestore: `exec >"$RESTOREBENCH_EVENTS"; printf '{"event":"hello"}\n{"event":"opened","path":"empty"}\n{"event":"restore_start"}\n'; exec sleep 60`,
	} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			o := options(t)
			o.Command, o.Stall, o.Cells = subject.Command{Path: "/bin/sh", Args: []string{"-c", script}}, 200*time.Millisecond, []string{"memory-replay"}
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			res, err := Run(ctx, o)
			if err != nil || len(res.Failures) != 1 || len(res.Table) != 1 || res.Table[0].Hung != 1 {
				t.Fatalf("seed %d: %v: %+v", o.Seed, err, res)
			}
			want := "the processor hung: no event for 200ms, at " + at
			all := lines(t, res)
			if len(all) != 1 || all[0].Verdict != VerdictHung || all[0].Why != want || !strings.HasPrefix(res.Failures[0].Why, want) || res.Failures[0].Kept == "" {
				t.Errorf("seed %d: %+v: %+v, want %q", o.Seed, res.Failures, all, want)
			}
			brokertest.NoTopics(t, o.Brokers, o.Run)
		})
	}
}
