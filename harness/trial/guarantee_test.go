package trial

import (
	"testing"

	"restorebench/harness/record"
	"restorebench/harness/spec"
	"restorebench/harness/verify"
)

// Under exactly once every path comes back to the same byte, and files that were current before
// the crash still are: nothing is wiped.
func TestExactlyOnce(t *testing.T) {
	for _, store := range []string{spec.StoreMemory, spec.StoreRocks} {
		for _, recovery := range []string{record.Replay, record.Local, record.LocalTail} {
			t.Run(store+" "+recovery, func(t *testing.T) {
				t.Parallel()
				c := cell(store, recovery, 3000)
				c.Guarantee, c.Partitions, c.UpdatesPerKey = spec.ExactlyOnce, 2, 2
				rec := do(t, runner(t), c)
				if !rec.Valid || rec.Path != recovery || rec.Verify.Verdict != verify.OK.String() {
					t.Errorf("%+v", rec)
				}
			})
		}
	}
}
