package trial

import (
	"context"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"restorebench/harness/record"
	"restorebench/harness/spec"
	"restorebench/harness/subject"
)

func standby(store string, keys int64) record.Cell {
	c := cell(store, record.Standby, keys)
	c.Standby, c.Tail = 1, 0.1
	return c
}

// A standby takes over exactly what the changelog holds, from every type of store, several partitions, a record cache
// and transactions.
func TestStandbyTakesOver(t *testing.T) {
	var cells []record.Cell
	for _, store := range spec.Stores() {
		cells = append(cells, standby(store, 3000))
	}
	wide, cached, exactly := standby(spec.StoreRocks, 3000), standby(spec.StoreMemory, 3000), standby(spec.StoreRocks, 3000)
	wide.Partitions, wide.UpdatesPerKey = 16, 3 // more than are loaded at a time
	cached.UpdatesPerKey, cached.CacheBytes = 4, 100_000
	exactly.Guarantee, exactly.Partitions = spec.ExactlyOnce, 2
	for _, c := range append(cells, wide, cached, exactly) {
		t.Run(fmt.Sprintf("%s %d %d %s", c.Store, c.Partitions, c.CacheBytes, c.Guarantee), func(t *testing.T) {
			t.Parallel()
			rec := do(t, runner(t), c)
			if !rec.Valid || rec.Path != record.Standby || rec.StandbyLag == nil {
				t.Fatalf("%+v", rec)
			}
			if spawn, known := rec.Phases[record.PhaseSpawn]; !known || spawn != 0 || len(rec.Phases) != len(record.Phases) {
				t.Errorf("%v: all phases are known, and nothing is spawned", rec.Phases)
			}
		})
	}
}

// A copy that stood still from the load to the kill lags by the whole tail, says so, and is caught up with all the same.
func TestLagOfAStandby(t *testing.T) {
	for _, store := range []string{spec.StoreMemory, spec.StoreRocks} {
		t.Run(store, func(t *testing.T) {
			r := runner(t)
			var pid int
			r.atTail = func(a *attempt) {
				pid = a.copy.Pid()
				signal(t, pid, syscall.SIGSTOP)
			}
			r.interlude = func(_ context.Context, a *attempt, victim *subject.Process, _ string) (*subject.Process, error) {
				for name, leader := range map[string]int{"the standby": pid, "the victim": victim.Pid()} {
					if group, err := syscall.Getpgid(leader); err != nil || group != leader {
						t.Errorf("%s, %d, is in process group %d (%v)", name, leader, group, err)
					}
				}
				go func() { // once it has been told to take over
					<-victim.Gone()
					time.Sleep(50 * time.Millisecond)
					signal(t, pid, syscall.SIGCONT)
				}()
				return victim, nil
			}
			c := standby(store, 4000)
			c.Partitions = 2
			rec := do(t, r, c)
			if !rec.Valid || rec.StandbyLag == nil {
				t.Fatalf("%+v", rec)
			}
			// Woken before it was told, it may have applied some of them as a copy still.
			if *rec.StandbyLag != 400 || rec.Restored.Records > 400 {
				t.Errorf("%d records behind, %d caught up with, want 400: a tenth of the keys", *rec.StandbyLag, rec.Restored.Records)
			}
		})
	}
}

func signal(t *testing.T, pid int, s syscall.Signal) {
	if err := syscall.Kill(pid, s); err != nil {
		t.Errorf("%v to %d: %v", s, pid, err)
	}
}

// A standby that is gone, or that speaks out of turn, makes the trial invalid.
func TestStandbysThatFail(t *testing.T) {
	killed := runner(t)
	killed.atTail = func(a *attempt) { signal(t, a.copy.Pid(), syscall.SIGKILL) }
	rec := do(t, killed, standby(spec.StoreMemory, 3000))
	if rec.Valid || rec.StandbyLag != nil || rec.Why == "" {
		t.Errorf("the standby was killed: %+v", rec)
	}
	for events, why := range map[string]string{
		`emit '{"event":"ready"}'`:                                "ready of partition 0 by a standby that was not told to take over",
		`emit '{"event":"progress","partition":4,"offset":7}'`:    "progress of partition 4 by a standby",
		`emit '{"event":"error","code":"full","message":"no x"}'`: "the standby failed: full: no x",
		`exit 3`: "the standby ended by itself",
		`:`:      "the standby hung: 102 records behind for 3s",
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			r := foreign(t, "")
			other := r.Subjects["other"]
			other.Command.Args[1] = strings.Replace(other.Command.Args[1], "recovering ||", `grep -q standby.:true "$RESTOREBENCH_CONFIG" && { emit '{"event":"hello"}'; `+events+`; exec cat; }; recovering ||`, 1)
			r.Subjects["other"] = other
			c := standby(spec.StoreMemory, 100)
			c.Subject = "other"
			if rec := do(t, r, c); rec.Valid || !strings.Contains(rec.Why, why) {
				t.Errorf("%s: %q, want ...%s...", events, rec.Why, why)
			}
		})
	}
}
