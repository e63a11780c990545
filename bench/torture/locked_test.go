package torture

import (
	"context"
	"testing"
)

// Both engines with files let one processor have them, and tell the other which one that is.
func TestLockHeld(t *testing.T) {
	t.Parallel()
	o := options(t)
	o.Fault, o.Kills, o.Cells = FaultLockHeld, 4, []string{"memory-snapshot", "rocksdb-tail-eos"}
	res, err := Run(context.Background(), o)
	if err != nil || len(res.Failures) > 0 {
		t.Fatalf("seed %d: %v, %+v", o.Seed, err, res.Failures)
	}
	locked := 0
	for _, line := range lines(t, res) {
		if line.Kind == FaultLockHeld && line.Outcome == OutcomeLocked && line.Proof != "" {
			locked++
		}
	}
	if locked == 0 {
		t.Skipf("seed %d: none was stopped in its traffic", o.Seed)
	}
}
