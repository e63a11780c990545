package trial

import (
	"fmt"
	"testing"

	"restorebench/harness/record"
	"restorebench/harness/spec"
)

// grouped are trials of a group that gives a silent member up after 6 s, the least that a broker allows.
func inGroup(c record.Cell, change func(*record.Cell)) record.Cell {
	c.Group, c.SessionTimeoutMS = spec.GroupClassic, 6000
	change(&c)
	return c
}

// waited fails the test unless the time-out of the group shows as the phase assign, and nothing was started.
func waited(t *testing.T, rec record.Record) {
	t.Helper()
	spawn, known := rec.Phases[record.PhaseSpawn]
	if assign := rec.Phases[record.PhaseAssign]; !known || spawn != 0 || assign < 2.5e9 || assign < rec.DowntimeNS/2 || len(rec.Phases) != len(record.Phases) {
		t.Errorf("%v: all phases are known, nothing is spawned, and the group is waited for", rec.Phases)
	}
}

// A standby that no one tells to take over does so when its group has noticed.
func TestStandbyTakesOverByItsGroup(t *testing.T) {
	for _, c := range []record.Cell{
		inGroup(standby(spec.StoreMemory, 3000), func(*record.Cell) {}),
		inGroup(standby(spec.StoreRocks, 3000), func(c *record.Cell) { c.Partitions, c.StaticMembership = 3, true }),
		inGroup(standby("rocksdb-timestamped", 3000), func(c *record.Cell) { c.Partitions, c.UpdatesPerKey = 4, 2 }),
	} {
		t.Run(fmt.Sprint(c.Store, c.Partitions), func(t *testing.T) {
			rec := do(t, runner(t), c)
			if !rec.Valid || rec.Path != record.Standby || rec.StandbyLag == nil {
				t.Fatalf("%+v", rec)
			}
			waited(t, rec)
		})
	}
}

// What a dead process had goes to those that are left, who keep what they have.
func TestSurvivorsTakeWhatADeadProcessHad(t *testing.T) {
	for _, c := range []record.Cell{
		inGroup(cell(spec.StoreMemory, record.Replay, 3000), func(c *record.Cell) { c.Instances, c.Partitions = 2, 4 }),
		inGroup(cell(spec.StoreRocks, record.Replay, 3000), func(c *record.Cell) { c.Instances, c.Partitions, c.UpdatesPerKey = 3, 8, 2 }),
	} {
		t.Run(fmt.Sprint(c.Store, c.Instances), func(t *testing.T) {
			rec := do(t, runner(t), c)
			if !rec.Valid || rec.Path != record.Replay {
				t.Fatalf("%+v", rec)
			}
			if all := rec.Keys * int64(rec.UpdatesPerKey); rec.Restored.Records < all/8 || rec.Restored.Records > all*3/4 {
				t.Errorf("%d records restored of %d: only those of the dead process's partitions are", rec.Restored.Records, all)
			}
			waited(t, rec)
		})
	}
}

// A static member that comes back gets what it had, by each path, and at once.
func TestAStaticMemberComesBack(t *testing.T) {
	for _, store := range []string{spec.StoreMemory, spec.StoreRocks} {
		for _, recovery := range []string{record.Replay, record.Local, record.LocalTail} {
			t.Run(store+" "+recovery, func(t *testing.T) {
				c := inGroup(cell(store, recovery, 3000), func(c *record.Cell) { c.Instances, c.Partitions, c.StaticMembership = 2, 3, true })
				rec := do(t, runner(t), c)
				if !rec.Valid || rec.Path != recovery {
					t.Fatalf("%+v", rec)
				}
				if rec.Phases[record.PhaseSpawn] == 0 || rec.DowntimeNS > 5e9 {
					t.Errorf("%v: it is started, and its session has not ended", rec.Phases)
				}
			})
		}
	}
}
