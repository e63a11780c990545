package subject

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Marker is the file that tells a state directory which the harness made from one of somebody else's.
const Marker = ".restorebench"

// ErrNotMarked means that a state directory has no Marker, and that nothing in it is deleted.
var ErrNotMarked = errors.New("the directory was not made by restorebench, and nothing in it is deleted")

// Mark makes a state directory and puts the Marker into it; one that has other files already stays as it is.
func Mark(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) > 0 {
		return err
	}
	return os.WriteFile(filepath.Join(dir, Marker), nil, 0o600)
}

// Marked is ErrNotMarked for a directory without the Marker.
func Marked(dir string) error {
	_, err := os.Lstat(filepath.Join(dir, Marker))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s has no %s: %w", dir, Marker, ErrNotMarked)
	}
	return err
}
