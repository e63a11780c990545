package memory_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"restorebench/stores"
	"restorebench/stores/memory"
	"restorebench/stores/storetest"
)

func TestSpace(t *testing.T) {
	storetest.RunSpace(t, memory.NewSpace(), false)
	storetest.RunSpace(t, memory.NewSpaceIn(filepath.Join(t.TempDir(), "task"), memory.Options{Topic: "t"}), true)
}

// What is in a store is nobody else's business.
func TestFilesArePrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	s := openIn(t, dir)
	must(t, s.Flush())
	for path, want := range map[string]fs.FileMode{dir: fs.ModeDir | 0o700, filepath.Join(dir, "snapshot"): 0o600, filepath.Join(dir, "LOCK"): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v; want %v", path, info.Mode(), err, want)
		}
	}
}

// A store that was closed may be opened again or removed at once, and is one that is there only where it has files. One that can't be removed says so.
func TestSpaceAfterClose(t *testing.T) {
	dir := t.TempDir()
	for onDisk, space := range map[bool]stores.Space{false: memory.NewSpace(), true: memory.NewSpaceIn(dir, memory.Options{})} {
		for range 2 {
			s, err := space.Open("a")
			must(t, err)
			must(t, s.Close())
		}
		if names, err := space.Names(); err != nil || len(names) > 0 && names[0] != "a" || (len(names) > 0) != onDisk {
			t.Errorf("on disk: %v; there are %q, %v", onDisk, names, err)
		}
		s, err := space.Open("a")
		must(t, err)
		must(t, s.Close())
		must(t, space.Remove("a"))
	}
	must(t, os.MkdirAll(filepath.Join(dir, "snapshot.b", "full"), 0o700))
	if err := memory.NewSpaceIn(dir, memory.Options{}).Remove("b"); err == nil {
		t.Error("a directory in a snapshot's place is said to be removed")
	}
}
