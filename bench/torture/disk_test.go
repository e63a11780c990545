package torture

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What was made durable is there behind a power cut, and what was not is not: else nothing is shown by any of them.
func TestDisk(t *testing.T) {
	needs(t, FaultPowerCut)
	d, err := newDisk(filepath.Join(t.TempDir(), "disk"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := d.close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(d.images); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the image: %v", err)
		}
	}()
	write := func(name string, durable bool) {
		f, err := os.Create(filepath.Join(d.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		_, err = f.WriteString("text")
		if durable {
			err = errors.Join(err, f.Sync())
		}
		if err := errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // the second of what the first has left
		write("durable", true)
		write("other", false)
		if _, err := d.cut(); err != nil {
			t.Fatal(err)
		}
		if text, err := os.ReadFile(filepath.Join(d.dir, "durable")); string(text) != "text" {
			t.Errorf("what was durable is %q, %v", text, err)
		}
		if text, err := os.ReadFile(filepath.Join(d.dir, "other")); string(text) == "text" {
			t.Errorf("what was not durable is %q, %v", text, err)
		}
	}
}

// A disk that is full, or fails, ends the processor with an error, and costs nothing of what was saved.
func TestDiskFaults(t *testing.T) {
	t.Parallel()
	for _, fault := range diskFaults {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			needs(t, fault)
			o := options(t)
			o.Fault, o.Kills, o.Cells = fault, 3, []string{"memory-snapshot", "rocksdb-tail"}
			_, ended := survived(t, o, func(l *Line) bool {
				return l.Kind != fault || l.Proof == "" || l.Outcome == OutcomeEnded && !strings.Contains(l.Why, o.Dir) // an error names the file
			})
			if ended == 0 {
				t.Errorf("seed %d: no processor noticed", o.Seed)
			}
		})
	}
}

func TestPowerCut(t *testing.T) {
	t.Parallel()
	needs(t, FaultPowerCut)
	o := options(t)
	o.Fault, o.Kills, o.Cells = FaultPowerCut, 4, []string{"memory-snapshot", "rocksdb-tail"}
	survived(t, o, func(l *Line) bool { return l.Kind != FaultPowerCut || l.Proof == "" })
	if mounts, err := os.ReadFile("/proc/mounts"); err != nil || strings.Contains(string(mounts), o.Dir) {
		t.Errorf("%v; something is mounted still:\n%s", err, mounts)
	}
}
