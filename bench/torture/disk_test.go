package torture

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
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
	for n := range 2 { // the second of what the first has left
		write("durable too", true)
		write("other", false)
		proof, lost, err := d.cut()
		if err != nil {
			t.Fatal(err)
		}
		const want = "power cut: of the disk's own files the one without fsync, written right before, is gone, the one with fsync is whole; " +
			"of the processor's 2 files 1 are gone, 0 are shorter, 0 came back"
		if proof != want || !lost {
			t.Errorf("cut %d: %s, %v, want %s", n+1, proof, lost, want)
		}
		if text, err := os.ReadFile(filepath.Join(d.dir, "durable too")); string(text) != "text" {
			t.Errorf("what was durable is %q, %v", text, err)
		}
		if text, err := os.ReadFile(filepath.Join(d.dir, "other")); string(text) == "text" {
			t.Errorf("what was not durable is %q, %v", text, err)
		}
		if _, err := os.Stat(filepath.Join(d.dir, lostName)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the disk's own file: %v", err)
		}
	}
	// A disk that loses what was made durable shows nothing.
	if err := os.Remove(filepath.Join(d.dir, durableName)); err != nil {
		t.Fatal(err)
	}
	write("makes the removal durable", true)
	if proof, _, err := d.cut(); err == nil || !strings.Contains(err.Error(), "the one with fsync is gone") {
		t.Errorf("%q, %v", proof, err)
	}
}

func TestRemains(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	const text = "power cut 1"
	for left, want := range map[string]string{text: "is whole", "": "is empty", "power": "has 5 of 11 bytes, or others", "power cut 0": "has 11 of 11 bytes, or others"} {
		if err := os.WriteFile(path, []byte(left), 0o600); err != nil {
			t.Fatal(err)
		}
		if what, whole, err := remains(path, text); what != want || whole != (left == text) || err != nil {
			t.Errorf("%q: %s, %v, %v, want %s", left, what, whole, err, want)
		}
	}
	if what, whole, err := remains(path+"-none", text); what != "is gone" || whole || err != nil {
		t.Errorf("%s, %v, %v", what, whole, err)
	}
	if what, _, err := remains(filepath.Dir(path), text); err == nil {
		t.Errorf("a directory %s", what)
	}
}

func TestDifference(t *testing.T) {
	got := difference(map[string]int64{"gone": 1, "shorter": 9, "as it was": 3, "longer": 1}, map[string]int64{"shorter": 8, "as it was": 3, "longer": 2, "back": 1, "too": 1})
	if want := "of the processor's 4 files 1 are gone, 1 are shorter, 2 came back"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// What a run has left that was killed goes with the next disk, and what a run has that lives stays.
func TestOrphanedDisks(t *testing.T) {
	needs(t, FaultPowerCut)
	live, err := newDisk(filepath.Join(t.TempDir(), "live"))
	if err != nil {
		t.Fatal(err)
	}
	orphan, err := newDisk(filepath.Join(t.TempDir(), "orphan"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if mounts, err := os.ReadFile("/proc/mounts"); err == nil && strings.Contains(string(mounts), orphan.dir) {
			_ = orphan.close()
		}
	})
	orphan.held.Close() // as the end of its process does
	next, err := newDisk(filepath.Join(t.TempDir(), "next"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(orphan.images); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the orphan's image: %v", err)
	}
	for deadline := time.Now().Add(10 * time.Second); len(loopsOf(orphan.images)) > 0 && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond) // the kernel lets go of it later
	}
	mounts, err := os.ReadFile("/proc/mounts")
	if err != nil || strings.Contains(string(mounts), orphan.dir) || len(loopsOf(orphan.images)) > 0 {
		t.Errorf("the orphan: %v, loop devices %v; mounted are\n%s", err, loopsOf(orphan.images), mounts)
	}
	for _, d := range []*disk{live, next} {
		if len(loopsOf(d.images)) != 1 || !strings.Contains(string(mounts), d.dir) {
			t.Errorf("%s: loop devices %v; mounted are\n%s", d.dir, loopsOf(d.images), mounts)
		}
		if err := d.close(); err != nil {
			t.Error(err)
		}
	}
}

// A disk that is full, or fails, ends the processor with an error, and costs nothing of what was saved.
func TestDiskFaults(t *testing.T) {
	full(t)
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
	full(t)
	t.Parallel()
	needs(t, FaultPowerCut)
	o := options(t)
	o.Fault, o.Kills, o.Cells = FaultPowerCut, 4, []string{"memory-snapshot", "rocksdb-tail"}
	survived(t, o, func(l *Line) bool { // a busy machine may have the file's inode, and none of its bytes, by then
		return l.Kind != FaultPowerCut || strings.Contains(l.Proof, "written right before, is whole") || !strings.Contains(l.Proof, "the one with fsync is whole") ||
			l.Outcome != OutcomeServed && (l.Outcome != OutcomeReplayed || l.Why == "")
	})
	if below := mountsBelow(t, o.Dir); len(below) > 0 {
		t.Errorf("mounted still: %v", below)
	}
}
