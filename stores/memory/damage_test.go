package memory_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"restorebench/internal/lockholder"
	"restorebench/stores"
	"restorebench/stores/memory"
)

// limitFiles runs f while no file of this process can grow beyond a size.
func limitFiles(t *testing.T, size uint64, f func()) {
	t.Helper()
	var before unix.Rlimit
	must(t, unix.Getrlimit(unix.RLIMIT_FSIZE, &before))
	must(t, unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: size, Max: before.Max}))
	defer func() { must(t, unix.Setrlimit(unix.RLIMIT_FSIZE, &before)) }()
	f()
}

// saved is a directory with a snapshot, and the file's bytes.
func saved(t *testing.T, c *changelog) (dir, path string, whole []byte) {
	t.Helper()
	dir = t.TempDir()
	s := openIn(t, dir)
	for next := stores.Offset(0); next < c.end(); next, _ = s.Offset() {
		must(t, c.apply(s))
	}
	must(t, s.Flush())
	must(t, s.Apply(&stores.Batch{Next: c.end()})) // a second mark
	must(t, s.Close())
	path = filepath.Join(dir, "snapshot")
	whole, err := os.ReadFile(path)
	must(t, err)
	return dir, path, whole
}

// A snapshot with bytes gone or changed is refused, and stays; or what was changed
// does not matter.
func TestDamagedSnapshot(t *testing.T) {
	c := newChangelog(4, 12)
	dir, path, whole := saved(t, c)
	refused, total := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		damaged := bytes.Clone(whole)
		at := rapid.OneOf(rapid.IntRange(0, 2*512), rapid.IntRange(0, len(whole)-1), rapid.IntRange(len(whole)-2000, len(whole)-1)).Draw(rt, "at")
		if rapid.Bool().Draw(rt, "cut") {
			damaged = damaged[:at]
		} else {
			damaged[at] ^= byte(rapid.IntRange(1, 255).Draw(rt, "bits"))
		}
		must(t, os.WriteFile(path, damaged, 0o644))
		s, err := memory.NewSpaceIn(dir, options).Open("")
		total++
		if err != nil {
			refused++
			if !errors.Is(err, stores.ErrCorrupt) || !strings.Contains(err.Error(), path) || s != nil {
				rt.Fatalf("%v, which is not stores.ErrCorrupt with the path", err)
			}
			if left, err := os.ReadFile(path); err != nil || !bytes.Equal(left, damaged) {
				rt.Fatalf("the file has %d bytes, %v", len(left), err)
			}
			return
		}
		defer s.Close()
		if next, _ := s.Offset(); next != c.end() {
			rt.Fatalf("byte %d: came back at %d, want %d", at, next, c.end())
		}
		if err := c.check(s); err != nil {
			rt.Fatalf("byte %d: %v", at, err)
		}
	})
	if refused < total/2 {
		t.Errorf("of %d damaged files %d were refused", total, refused)
	}
}

func TestForeignSnapshot(t *testing.T) {
	dir, path, whole := saved(t, newChangelog(5, 2))
	open := func(o memory.Options, name string) error {
		s, err := memory.NewSpaceIn(dir, o).Open(name)
		if err == nil {
			_ = s.Close()
		}
		return err
	}
	must(t, open(options, ""))
	must(t, os.WriteFile(path+".other", whole, 0o644))
	newer := bytes.Clone(whole)
	newer[8]++
	newer[512+8]++
	for _, c := range []struct {
		o     memory.Options
		name  string
		bytes []byte
		want  string
	}{
		{memory.Options{Topic: "another", Partition: 3}, "", whole, "topic-3, want store \"\" with another-3"},
		{memory.Options{Topic: "topic", Partition: 4}, "", whole, "topic-3, want store \"\" with topic-4"},
		{options, "other", whole, `store "" with the changelog topic-3, want store "other"`},
		{options, "", newer, "format version is 2, want 1"},
		{options, "", []byte("{\"not\": \"a snapshot\"}" + strings.Repeat(" ", 5000)), `begins with "{\"not\": ", want "rb-memry"`},
		{options, "", nil, "0 bytes"},
	} {
		must(t, os.WriteFile(path, c.bytes, 0o644))
		err := open(c.o, c.name)
		if !errors.Is(err, stores.ErrCorrupt) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%v\nwant stores.ErrCorrupt with %q", err, c.want)
		}
	}
	must(t, os.Remove(path)) // as the processor does
	must(t, open(options, ""))
}

// lockDir names the environment variable that makes TestLocked the other process.
const lockDir = "MEMORY_LOCK_DIR"

func TestLocked(t *testing.T) {
	if dir := os.Getenv(lockDir); dir != "" {
		if _, err := memory.NewSpaceIn(dir, options).Open("b"); !errors.Is(err, stores.ErrLocked) || !strings.Contains(err.Error(), dir) ||
			!strings.Contains(err.Error(), lockholder.Of(filepath.Join(dir, "LOCK"))) {
			t.Errorf("%v, want stores.ErrLocked with the directory", err)
		}
		return
	}
	dir := t.TempDir()
	space := memory.NewSpaceIn(dir, options)
	a, err := space.Open("a")
	must(t, err)
	b, err := space.Open("b")
	must(t, err)
	must(t, a.Close()) // b still holds the lock
	other := exec.Command(os.Args[0], "-test.run=^TestLocked$")
	other.Env = append(os.Environ(), lockDir+"="+dir)
	if out, err := other.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	must(t, b.Close())
	must(t, openIn(t, dir).Close())
}

// What a kill in the middle of writing leaves behind is cleared away, and is no store.
func TestTemporaryFile(t *testing.T) {
	c := newChangelog(6, 2)
	dir, _, whole := saved(t, c)
	for _, name := range []string{"snapshot", "snapshot.gone"} {
		must(t, os.WriteFile(filepath.Join(dir, ".writing-"+name), whole[:len(whole)/2], 0o644))
	}
	if names, err := memory.NewSpaceIn(dir, options).Names(); len(names) != 1 || names[0] != "" || err != nil {
		t.Errorf("names are %q, %v", names, err)
	}
	must(t, c.check(openIn(t, dir)))
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

func TestNames(t *testing.T) {
	space := memory.NewSpaceIn(t.TempDir(), options)
	for _, name := range []string{"a/b", "../a", "..", ".", "\xff"} {
		if _, err := space.Open(name); err == nil {
			t.Errorf("a store is called %q", name)
		}
		if err := space.Remove(name); err == nil {
			t.Errorf("a store called %q was removed", name)
		}
	}
}
