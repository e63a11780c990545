package torture

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"restorebench/harness/broker/brokertest"
)

// A store that was put back in the middle of a replay is gone on from, or replayed.
func TestStoreIsRewound(t *testing.T) {
	full(t)
	t.Parallel()
	o := options(t)
	o.Fault, o.Kills, o.Cells = FaultRewound, 4, []string{"rocksdb-tail", "rocksdb-wal-eos"}
	outcomes := map[string]int{}
	for _, line := range tortured(t, o) {
		if line.Kind == KindIdle && line.Proof == "" { // nothing had become durable since
			continue
		}
		outcomes[line.Outcome]++
		if line.Kind != FaultRewound || line.During != duringRestore || line.Exit != "signal: killed" || line.File != storeDir(0) || line.Type != TypeStore || line.Offset == 0 ||
			!strings.Contains(line.Proof, "is what it was at") || line.Outcome == OutcomeServed && line.From >= line.Offset || line.Outcome != OutcomeServed && line.Why == "" {
			t.Errorf("seed %d: %+v", o.Seed, line)
		}
	}
	if outcomes[OutcomeServed] < 2 { // with a write-ahead log, nothing of the copy is lost
		t.Errorf("seed %d: %v, want 2 that were gone on from at least", o.Seed, outcomes)
	}
	brokertest.NoTopics(t, o.Brokers, o.Run)
}

func TestPutBack(t *testing.T) {
	dir := t.TempDir()
	g := &ground{dir: dir, state: filepath.Join(dir, "state-1")}
	store, held := filepath.Join(g.state, storeDir(0)), filepath.Join(dir, heldDir)
	put := func(in string, files map[string]string) {
		t.Helper()
		if err := os.MkdirAll(in, 0o700); err != nil {
			t.Fatal(err)
		}
		for name, text := range files {
			if err := os.WriteFile(filepath.Join(in, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	old := map[string]string{"000007.sst": "old", "CURRENT": "MANIFEST-000004\n"}
	put(held, old)
	put(store, old)
	put(store, map[string]string{"LOG": "which nothing depends on"})
	if proof, err := g.putBack(10, 20, 30); proof != "" || err != nil {
		t.Errorf("nothing became durable: %q, %v", proof, err)
	}
	put(store, map[string]string{"000009.sst": "newer", "CURRENT": "MANIFEST-000008\n"})
	proof, err := g.putBack(10, 20, 30)
	if want := "a replay up to offset 30 was killed at 20, and its store, of 24 bytes in 3 files, is what it was at 10: 19 bytes in 2 files"; proof != want || err != nil {
		t.Errorf("%q, %v, want %q", proof, err, want)
	}
	if now, err := contentsOf(store); err != nil || !maps.Equal(now, old) {
		t.Errorf("the store is %v, %v", now, err)
	}
}

// Only what has files before a replay is at its end can be put back in the middle of it.
func TestWhoIsRewound(t *testing.T) {
	var names []string
	for _, c := range faulty(cells, FaultRewound) {
		names = append(names, c.Name)
		s := newFaultSchedule(1, &c, FaultRewound)
		for range 20 {
			if m := s.next(); !m.inRestore() {
				t.Errorf("%s: killed in %s", c.Name, m.kind)
			}
		}
	}
	want := []string{"rocksdb-wal", "rocksdb-tail", "rocksdb-wal-eos", "rocksdb-tail-eos"}
	if !slices.Equal(names, want) {
		t.Errorf("%v, want %v", names, want)
	}
}
