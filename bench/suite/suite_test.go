package suite

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"restorebench/harness/record"
	"restorebench/harness/spec"
)

func cells(t *testing.T) []record.Cell {
	t.Helper()
	cells, _, err := spec.Default().Cells()
	if err != nil {
		t.Fatal(err)
	}
	return cells
}

// Each round holds every cell once, so that drift hits all cells alike.
func TestOrderIsInterleaved(t *testing.T) {
	all := cells(t)
	plan := order(all, 5, 1)
	if len(plan) != 5*len(all) {
		t.Fatalf("%d trials", len(plan))
	}
	var rounds [][]planned
	for len(plan) > 0 {
		rounds, plan = append(rounds, plan[:len(all)]), plan[len(all):]
	}
	seeds := map[uint64]bool{}
	for _, round := range rounds {
		seen := map[record.Cell]bool{}
		for _, p := range round {
			if p.seed != round[0].seed {
				t.Error("a round has several workloads")
			}
			seen[p.cell] = true
		}
		if len(seen) != len(all) {
			t.Errorf("a round holds %d of %d cells", len(seen), len(all))
		}
		seeds[round[0].seed] = true
	}
	if len(seeds) != len(rounds) {
		t.Error("two rounds have the same workload")
	}
	if reflect.DeepEqual(rounds[0], rounds[1]) {
		t.Error("two rounds have the same order")
	}
}

func TestOrderFollowsTheSeed(t *testing.T) {
	all := cells(t)
	if !reflect.DeepEqual(order(all, 3, 7), order(all, 3, 7)) {
		t.Error("the same seed gave another order")
	}
	if reflect.DeepEqual(order(all, 3, 7), order(all, 3, 8)) {
		t.Error("another seed gave the same order")
	}
}

func TestRunIDsSortAndDiffer(t *testing.T) {
	a, b := newRunID(), newRunID()
	if a == b || len(a) != len("20060102T150405Z-0000") || strings.ContainsAny(a, "/ :") {
		t.Errorf("%s, %s", a, b)
	}
}

func TestWritable(t *testing.T) {
	dir := t.TempDir()
	if err := writable(filepath.Join(dir, "a", "b")); err != nil {
		t.Error(err)
	}
	if err := writable(dir); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(dir); len(left) > 0 || err != nil {
		t.Errorf("left %v %v", left, err)
	}
	file := filepath.Join(dir, "f")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := writable(filepath.Join(file, "below")); err == nil {
		t.Error("a directory below a file")
	}
}

// Bad input must be found before a broker starts, and leave nothing.
func TestBadInputStartsNothing(t *testing.T) {
	for name, change := range map[string]func(*spec.Spec){
		"cells":    func(s *spec.Spec) { s.Stores, s.Recovery = []string{spec.StoreLRU}, []string{record.Local} },
		"broker":   func(s *spec.Spec) { s.Broker = "nonsense" },
		"rocksdb":  func(s *spec.Spec) { s.RocksDB = []spec.Settings{nil, {"no_such": "1"}} },
		"consumer": func(s *spec.Spec) { s.Consumer = []spec.Settings{nil, {"no.such": "1"}} },
		"producer": func(s *spec.Spec) { s.Producer = []spec.Settings{nil, {"no.such": "1"}} },
	} {
		s := spec.Default()
		s.Out, s.StateDir = filepath.Join(t.TempDir(), "out"), t.TempDir()
		change(s)
		var bad *BadInput
		res, err := Run(context.Background(), Options{Spec: s, Logf: t.Logf})
		if !errors.As(err, &bad) || len(res.Records) > 0 {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(s.Out); err == nil {
			t.Errorf("%s: results were made", name)
		}
	}
}
