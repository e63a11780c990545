//go:build unix

package child_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"restorebench/harness/child"
)

// What a child makes is its user's alone, and what we make is not changed by that.
func TestStart(t *testing.T) {
	before := syscall.Umask(0o022)
	defer syscall.Umask(before)
	dir := t.TempDir()
	cmd := exec.Command("/bin/sh", "-c", "mkdir d && echo x >d/f")
	cmd.Dir = dir
	if err := child.Start(cmd); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "ours"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]os.FileMode{"d": 0o700, "d/f": 0o600, "ours": 0o644} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v, want %v", name, info.Mode(), err, want)
		}
	}
}
