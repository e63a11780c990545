package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"restorebench/bench/compare"
	"restorebench/bench/suite"
	"restorebench/harness/spec"
)

var equalRuns = flag.Int("equal", 0, "pairs of equal runs that TestEqualRuns compares; 0: none")

// Two runs of the same thing must not be told apart: what compare calls a difference here is a false alarm. Which is
// all that can be asked on a machine that stays the same: at most one pair in twenty by chance, more if it drifts.
func TestEqualRuns(t *testing.T) {
	if *equalRuns == 0 {
		t.Skip("takes half a minute for a pair; make equal-runs")
	}
	binary := build(t)
	alarms, cells, told := 0, 0, 0
	for pair := range *equalRuns {
		var raw [2]string
		for side := range raw {
			raw[side] = filepath.Join(t.TempDir(), fmt.Sprint(pair, side))
			cmd := exec.Command(binary, "run", "--keys", "30k", "--recovery", "replay,local", "--runs", "6", "--broker", "local", "--out", raw[side])
			cmd.Dir = repository
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
		}
		var out bytes.Buffer
		cmd := exec.Command(binary, "compare", raw[0], raw[1], "--json")
		cmd.Stdout = &out
		if err := cmd.Run(); err != nil {
			t.Fatal(err)
		}
		var c compare.Comparison
		if err := json.Unmarshal(out.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		alarm := false
		for _, r := range c.Rows {
			cells++
			if r.Verdict != compare.Same {
				told, alarm = told+1, true
				t.Logf("pair %d: %s by %s, ratio %.2f, p %.3f", pair, r.Store, r.Recovery, r.Ratio, r.P)
			}
		}
		if alarm {
			alarms++
		}
	}
	t.Logf("%d of %d pairs of equal runs were told apart, %d of %d cells", alarms, *equalRuns, told, cells)
}

// Every spec that comes with the project is a run, and takes about the time that it says.
func TestSpecs(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(repository, "specs", "*.yaml"))
	if err != nil || len(paths) < 7 {
		t.Fatalf("%q, %v", paths, err)
	}
	for _, path := range paths {
		s := spec.Default()
		if err := s.Load(path); err != nil {
			t.Error(err)
			continue
		}
		if s.Subjects[0] == spec.SubjectsAll || !slices.Contains(s.Subjects, spec.SubjectSelf) {
			s.Subjects = []string{spec.SubjectSelf} // which others there are depends on the machine
		}
		limit := 25.0
		if filepath.Base(path) == "held-out.yaml" { // which nobody waits for
			limit = 60
		}
		if p, err := suite.DryRun(t.Context(), s); err != nil || p.Trials < 10 || p.Estimate.Minutes() > limit {
			t.Errorf("%s: %+v, %v", path, p, err)
		}
	}
}
