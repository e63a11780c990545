package subject_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"restorebench/harness/subject"
)

func TestMark(t *testing.T) {
	ours := filepath.Join(t.TempDir(), "a", "state")
	for range 2 {
		if err := errors.Join(subject.Mark(ours), subject.Marked(ours)); err != nil {
			t.Error(err)
		}
	}
	theirs := t.TempDir()
	if err := os.Mkdir(filepath.Join(theirs, "0_0"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := subject.Mark(theirs); err != nil {
		t.Error(err)
	}
	if err := subject.Marked(theirs); !errors.Is(err, subject.ErrNotMarked) {
		t.Errorf("a directory with files was marked: %v", err)
	}
}
