package suite

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"restorebench/harness/broker"
	"restorebench/harness/changelog"
	"restorebench/harness/proxy"
	"restorebench/harness/record"
	"restorebench/harness/spec"
	"restorebench/harness/trial"
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

// An address of this machine that leads to a cluster elsewhere is the user's to allow.
func TestTunnelIsAskedFor(t *testing.T) {
	t.Parallel()
	elsewhere, err := proxy.Listen() // for a host that is not known to be here, and can be reached
	if err != nil {
		t.Fatal(err)
	}
	defer elsewhere.Close()
	const host = "127.1"
	_, port, _ := net.SplitHostPort(elsewhere.Address())
	b, err := broker.Start(t.Context(), broker.Options{
		Kind: broker.Local, Dir: t.TempDir(), Properties: map[string]string{"advertised.listeners": "PLAINTEXT://" + net.JoinHostPort(host, port)},
		Probe: func(ctx context.Context, bootstrap string) error {
			elsewhere.Target(bootstrap)
			return changelog.Probe(ctx, bootstrap)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := b.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	for _, allowed := range []bool{false, true} {
		s := spec.Default()
		s.StateDir, s.Broker, s.AllowRemote = t.TempDir(), b.Bootstrap(), allowed
		ran := false
		err := WithRunner(t.Context(), Options{Spec: s, Logf: t.Logf}, func(*trial.Runner) error { ran = true; return nil })
		if allowed {
			if err != nil || !ran {
				t.Errorf("it ran: %v, %v", ran, err)
			}
			continue
		}
		var bad *BadInput
		if want := "--broker " + b.Bootstrap() + ": " + host + " is not this machine"; !errors.As(err, &bad) || !strings.Contains(err.Error(), want) || ran {
			t.Errorf("it ran: %v, %v, want ...%s...", ran, err, want)
		}
	}
}
