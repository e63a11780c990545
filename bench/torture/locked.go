package torture

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// FaultLockHeld stops the processor (SIGSTOP) in its traffic and starts another on the same files: it must give up at once, name the
// process that has them, and leave the lock alone.
const FaultLockHeld = "lock-held"

// OutcomeLocked is that of a second processor that gave up.
const OutcomeLocked = "locked"

// contend starts the second processor. The first is then killed as it is.
func (c *campaign) contend(ctx context.Context, first *life, line *Line) error {
	if err := first.process.Pause(); err != nil {
		return err
	}
	lock := filepath.Join(c.ground.state, storeDir(0), TypeLock)
	before, err := os.Stat(lock)
	if err != nil {
		return err
	}
	start := time.Now()
	second, err := c.live(ctx, &moment{kind: KindRandom, after: c.Stall})
	if !errors.Is(err, errEnded) {
		if second != nil {
			second.process.Release()
		}
		return errors.Join(fmt.Errorf("two processors have opened the same files"), err)
	}
	if pid := fmt.Sprintf("(pid %d)", first.process.Pid()); !strings.Contains(err.Error(), "locked: ") || !strings.Contains(err.Error(), pid) {
		return fmt.Errorf("the files are locked %s: %w", pid, err)
	}
	if after, statErr := os.Stat(lock); statErr != nil || !os.SameFile(before, after) { // a third one would get another lock
		return errors.Join(fmt.Errorf("the second processor has put another file in the place of %s, or none", lock), statErr)
	}
	line.Kind, line.Struck, line.Outcome, line.Why = c.Fault, first.during, OutcomeLocked, err.Error()
	line.Proof = fmt.Sprintf("process %d was stopped, another gave up after %v", first.process.Pid(), time.Since(start).Round(time.Millisecond))
	return nil
}
