package torture

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"restorebench/harness/subject"
)

// A processor that tells of something for ever, and is never done, hangs.
func TestEndlessLife(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const script = `exec >"$RESTOREBENCH_EVENTS"; while printf '{"event":"progress"}\n'; do sleep 0.01; done`
	process, err := subject.Start(subject.Command{Path: "/bin/sh", Args: []string{"-c", script}}, subject.Task{StateDir: filepath.Join(dir, "state")}, dir, "life")
	if err != nil {
		t.Fatal(err)
	}
	defer process.Release()
	l := &life{process: process, during: duringRestore}
	err = l.follow(t.Context(), nil, time.Minute, 200*time.Millisecond, nil)
	if !errors.Is(err, errHung) || !strings.Contains(err.Error(), "it is not done after 200ms, at restore") {
		t.Error(err)
	}
}
