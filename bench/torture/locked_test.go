package torture

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Both engines with files let one processor have them, and tell the other which one that is.
func TestLockHeld(t *testing.T) {
	full(t)
	t.Parallel()
	untilStruck(t, func(o *Options) (locked int) {
		o.Fault, o.Kills, o.Cells = FaultLockHeld, 4, []string{"memory-snapshot", "rocksdb-tail-eos"}
		for _, line := range tortured(t, o) {
			if line.Kind == FaultLockHeld && line.Outcome == OutcomeLocked && line.Proof != "" {
				locked++
			}
		}
		return locked
	})
}

// A second processor that gives up as it should, and has replaced the lock before, is found out.
func TestLockIsLeftAlone(t *testing.T) {
	t.Parallel()
	found := 0
	untilStruck(t, func(o *Options) int {
		o.Fault, o.Kills, o.Cells = FaultLockHeld, 8, []string{"memory-snapshot"}
		dir := t.TempDir()
		// It is the second one whose predecessor is stopped.
		text := fmt.Sprintf(`#!/bin/sh
if [ -e %[1]s/pid ] && grep -q '^State:.T' /proc/$(cat %[1]s/pid)/status; then
	lock=%[2]s/memory-snapshot-1/state-1/%[3]s/LOCK
	mv $lock $lock.old
	cp $lock.old $lock
	printf '{"event":"error","code":"locked","message":"(pid %%s)"}\n' $(cat %[1]s/pid) >"$RESTOREBENCH_EVENTS"
	exit 1
fi
echo $$ >%[1]s/pid
exec %[4]s
`, dir, o.Dir, storeDir(0), o.Command.Path)
		o.Command.Path = filepath.Join(dir, "second")
		if err := os.WriteFile(o.Command.Path, []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
		res, err := Run(context.Background(), o)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range res.Failures {
			if !strings.Contains(f.Why, "has put another file in the place of") {
				t.Errorf("seed %d: %s", o.Seed, f.Why)
			}
			found++
		}
		return found
	})
}
