//go:build cgo && !norocksdb

package rocks

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"restorebench/stores"
)

// bulkVictim names the environment variable that makes TestBulkKill the process that is
// killed: "ROUND STEP DIR".
const bulkVictim = "ROCKS_TEST_BULK_KILL"

const victimRecords = 5000

// A process is killed before and after each step of a round. The store comes back at the
// offset of the last round that it finished, or of the first when its files got in, with
// nothing lost, and a replay makes it whole.
func TestBulkKill(t *testing.T) {
	log := randomLog(rand.New(rand.NewPCG(7, 7)), victimRecords)
	var round, step int
	var dir string
	if n, _ := fmt.Sscan(os.Getenv(bulkVictim), &round, &step, &dir); n == 3 {
		bulkUntilKilled(t, log, round, step, dir)
		return
	}
	for round := range 3 {
		offset := -1
		for step := range len(commitSteps) + 1 {
			t.Run(fmt.Sprintf("round %d, before step %d", round, step), func(t *testing.T) {
				dir := t.TempDir()
				told := runBulkVictim(t, round, step, dir)
				l := &bulkLife{dir: dir, log: log, store: open(t, dir, options)}
				defer func() { _ = l.store.Close() }()
				next, known := l.store.Offset()
				saved := step == len(commitSteps) || round == 0 && step == len(commitSteps)-1
				switch {
				case saved && int(next) != told:
					t.Errorf("came back at %d, want the round's %d", next, told)
				case !saved && offset >= 0 && int(next) != offset:
					t.Errorf("came back at %d after one step and at %d after another", offset, next)
				case !saved && int(next) >= told:
					t.Errorf("came back at %d, the round's offset is %d", next, told)
				case known != (saved || round > 0):
					t.Errorf("the offset %d is known: %v", next, known)
				}
				if !saved {
					offset = int(next)
				}
				if left, _ := filepath.Glob(filepath.Join(dir, bulkDir, "*")); len(left) > 0 {
					t.Errorf("left behind: %q", left)
				}
				if err := errors.Join(l.replay(), l.compare()); err != nil {
					t.Error(err)
				}
				if left, err := l.store.db.GetCF(l.store.options.read, l.store.offsets, l.store.announcedKey()); err != nil || left.Exists() {
					t.Errorf("an announcement is left behind, %v", err)
				}
			})
		}
	}
}

// runBulkVictim returns the offset of the round that the victim was killed in.
func runBulkVictim(t *testing.T, round, step int, dir string) (offset int) {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^TestBulkKill$")
	child.Env = append(os.Environ(), fmt.Sprintf("%s=%d %d %s", bulkVictim, round, step, dir))
	out, err := child.CombinedOutput()
	if status, _ := child.ProcessState.Sys().(syscall.WaitStatus); status.Signal() != syscall.SIGKILL {
		t.Fatalf("the victim ended with %v:\n%s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		if n, _ := fmt.Sscanf(line, "killed in the round up to %d", &offset); n == 1 {
			return offset
		}
	}
	t.Fatalf("the victim does not say where it was:\n%s", out)
	return 0
}

// bulkUntilKilled is the victim's side.
func bulkUntilKilled(t *testing.T, log []logged, at, step int, dir string) {
	rounds := 0
	kill := func(_ *Store, r *round) error {
		if rounds == at {
			fmt.Printf("killed in the round up to %d\n", r.offset)
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
		rounds++
		return nil
	}
	commitSteps = slices.Insert(commitSteps, step, kill)
	l := &bulkLife{dir: dir, log: log, store: open(t, dir, options)}
	if err := errors.Join(l.begin(1<<20), l.replay()); err != nil {
		t.Fatal(err)
	}
}

// replay applies the rest of the changelog, bulk loading if nothing is there.
func (l *bulkLife) replay() error {
	if err := l.begin(1 << 20); err != nil {
		return err
	}
	for l.next() < len(l.log) {
		b := &stores.Batch{}
		for i := l.next(); i < min(len(l.log), l.next()+100); i++ {
			b.Append(l.log[i].key, l.log[i].value, 0, stores.Offset(i))
		}
		if err := l.store.Apply(b); err != nil {
			return err
		}
	}
	if l.store.bulk != nil {
		return l.store.EndBulk()
	}
	return nil
}
