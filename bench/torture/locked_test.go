package torture

import "testing"

// Both engines with files let one processor have them, and tell the other which one that is.
func TestLockHeld(t *testing.T) {
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
