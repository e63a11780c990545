package torture

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"restorebench/harness/broker/brokertest"
)

// Files that are damaged, of another partition, or of another time, are told from those that belong there, or do no harm.
func TestWoundedFiles(t *testing.T) {
	full(t)
	t.Parallel()
	for _, fault := range slices.Concat(fileFaults, otherFaults) {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			o := options(t)
			o.Fault, o.Kills, o.Cells = fault, 4, []string{"memory-snapshot-eos", "rocksdb-wal"}
			struck, _ := survived(t, o, func(l *Line) bool {
				return l.Kind == fault && (l.File == "" || l.Type == "" || l.Proof == "" || l.Outcome == "")
			})
			if struck < 4 {
				t.Errorf("seed %d: %d were struck, want 4 at least", o.Seed, struck)
			}
			brokertest.NoTopics(t, o.Brokers, o.Run)
		})
	}
}

// A copy is of files as they were, whatever goes on meanwhile, and the oldest ones go.
func TestRemember(t *testing.T) {
	dir := t.TempDir()
	c := &campaign{Options: &Options{Fault: FaultOld}, ground: &ground{dir: dir, state: filepath.Join(dir, "state")}}
	path := filepath.Join(c.ground.state, storeDir(0), "snapshot")
	for _, text := range []string{"1", "2", "3", "4", "5"} {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := c.remember(true); err != nil {
			t.Fatal(err)
		}
	}
	if len(c.ground.earlier) != copies {
		t.Fatalf("%d copies, want %d", len(c.ground.earlier), copies)
	}
	for i, e := range c.ground.earlier {
		text, err := os.ReadFile(filepath.Join(e.dir, storeDir(0), "snapshot"))
		if want := string(rune('2' + i)); string(text) != want {
			t.Errorf("copy %d is %q, %v, want %q", i, text, err, want)
		}
	}
	found := map[string][]func() (wound, error){}
	for _, e := range c.ground.earlier {
		if err := c.changed(e, found); err != nil {
			t.Fatal(err)
		}
	}
	if len(found[TypeSnapshot]) != 3 || len(found[TypeStore]) != 3 || len(found) != 2 { // the last copy is what there is
		t.Fatalf("%d snapshots, %d stores of %d types", len(found[TypeSnapshot]), len(found[TypeStore]), len(found))
	}
	w, err := found[TypeSnapshot][0]()
	if err != nil || w.name != filepath.Join(storeDir(0), "snapshot") || w.proof == "" {
		t.Errorf("%+v, %v", w, err)
	}
	if text, _ := os.ReadFile(path); string(text) != "2" {
		t.Errorf("it is %q, want that of the first copy", text)
	}
}

// A CURRENT comes back with the MANIFEST that it names.
func TestBackTo(t *testing.T) {
	dir := t.TempDir()
	g := &ground{state: filepath.Join(dir, "state")}
	e := earlier{dir: filepath.Join(dir, "earlier")}
	for _, d := range []string{g.state, e.dir} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if w, err := g.backTo(e, "CURRENT", []byte("MANIFEST-000004\n")); w != (wound{}) || err != nil {
		t.Errorf("there is none: %+v, %v", w, err)
	}
	if err := os.WriteFile(filepath.Join(e.dir, "MANIFEST-000004"), []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	w, err := g.backTo(e, "CURRENT", []byte("MANIFEST-000004\n"))
	if w.name != "MANIFEST-000004" || err != nil {
		t.Errorf("%+v, %v", w, err)
	}
	for name, want := range map[string]string{"MANIFEST-000004": "old", "CURRENT": "MANIFEST-000004\n"} {
		if text, err := os.ReadFile(filepath.Join(g.state, name)); string(text) != want {
			t.Errorf("%s is %q, %v", name, text, err)
		}
	}
}

// What there is to choose from is in one order, so that the seed says what is put back.
func TestChangedIsInOrder(t *testing.T) {
	for range 20 { // a map's order is another one each time
		dir := t.TempDir()
		c := &campaign{ground: &ground{state: filepath.Join(dir, "state")}}
		e := earlier{dir: filepath.Join(dir, "earlier")}
		for at, files := range map[string]map[string]string{
			c.ground.state: {"MANIFEST-000004": "now", "CURRENT": "MANIFEST-000009\n", "000007.sst": "now"},
			e.dir:          {"MANIFEST-000004": "then", "CURRENT": "MANIFEST-000004\n", "000007.sst": "then"},
		} {
			if err := os.Mkdir(at, 0o700); err != nil {
				t.Fatal(err)
			}
			for name, text := range files {
				if err := os.WriteFile(filepath.Join(at, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
		found := map[string][]func() (wound, error){}
		if err := c.changed(e, found); err != nil {
			t.Fatal(err)
		}
		if len(found[TypeManifest]) != 2 {
			t.Fatalf("%d MANIFESTs, want it alone and it with its CURRENT", len(found[TypeManifest]))
		}
		w, err := found[TypeManifest][0]()
		if err != nil || !strings.HasPrefix(w.proof, "it and CURRENT as they were") {
			t.Fatalf("the first is %+v, %v, want the one of CURRENT, whose type comes first", w, err)
		}
	}
}
