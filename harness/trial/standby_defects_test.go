//go:build defects

package trial

import (
	"testing"
	"time"

	"restorebench/harness/record"
	"restorebench/harness/spec"
	"restorebench/internal/defect"
)

// A standby that keeps no copy is found out: by its lag if it is honest, else by what it holds.
func TestStandbyDefects(t *testing.T) {
	for name, check := range map[defect.Name]string{
		defect.StandbyIdle:     "the standby hung: 3060 records behind",
		defect.StandbyPretends: byCount,
	} {
		for _, store := range []string{spec.StoreMemory, spec.StoreRocks} {
			t.Run(string(name)+" "+store, func(t *testing.T) {
				t.Parallel()
				r := runner(t)
				r.Spec.StallTimeout = 2 * time.Second
				r.Command.Env = append(r.Command.Env, defect.Env+"="+string(name))
				caught(t, do(t, r, standby(store, 3000)), check)
			})
		}
	}
}

// So is a survivor that serves what it gained without restoring it, and a process that counts what another one has.
func TestShareDefects(t *testing.T) {
	shared := inGroup(cell(spec.StoreMemory, record.Replay, 3000), func(c *record.Cell) { c.Instances, c.Partitions = 2, 2 })
	for name, check := range map[defect.Name]string{
		defect.SurvivorIdle:   byFirst,
		defect.OthersAnswered: "which is not its own",
	} {
		t.Run(string(name), func(t *testing.T) {
			t.Parallel()
			r, c := runner(t), shared
			c.StaticMembership = name == defect.OthersAnswered // so that there are two processes still
			r.Command.Env = append(r.Command.Env, defect.Env+"="+string(name))
			caught(t, do(t, r, c), check)
		})
	}
}
