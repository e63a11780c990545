// Package killpoint lets a processor under torture end itself by SIGKILL at a chosen
// moment: in a write, a flush, a commit. A process that nobody has armed pays for a
// point one atomic load, per batch and never per record.
package killpoint

import (
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

// The points. Restores are cut by the share that is applied, not here; see Plan.
const (
	Write      = "write"      // records on their way into a store
	Flush      = "flush"      // memtables on their way into files
	Commit     = "commit"     // between the steps of a commit
	Checkpoint = "checkpoint" // around the saving of an offset
	Snapshot   = "snapshot"   // between the steps of a snapshot's file
	Bulk       = "bulk"       // between the steps of a bulk load's round
	Restore    = "restore"    // at a share of what has to be restored
)

// Points lists the names.
func Points() []string {
	return []string{Write, Flush, Commit, Checkpoint, Snapshot, Bulk, Restore}
}

// Plan is one moment: the Nth time that a point is reached, from 1 on.
type Plan struct {
	Point string `json:"point"`
	Nth   int64  `json:"nth,omitempty"`
	// DelayNS is how long after the point the kill comes, so that it falls into what the
	// point stands before. 0 is at once.
	DelayNS int64 `json:"delay_ns,omitempty"`
	// Share of the records to be restored after which Restore is reached, from 0 to 1.
	Share float64 `json:"share,omitempty"`
}

// armed is a plan that waits for its moment.
type armed struct {
	plan  Plan
	tell  func()
	times atomic.Int64
}

var current atomic.Pointer[armed]

// die ends the process; a variable for the tests.
var die = func() {
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {} // it is on its way: nothing may happen after it
}

// Arm makes the process end at the plan's moment. tell is called when that is reached,
// and has to be done with telling when it returns.
func Arm(p Plan, tell func()) { current.Store(&armed{plan: p, tell: tell}) }

// Reached says that the process is at a point.
func Reached(point string) {
	if a := current.Load(); a != nil && a.plan.Point == point {
		a.reached()
	}
}

func (a *armed) reached() {
	if a.times.Add(1) != max(a.plan.Nth, 1) {
		return
	}
	a.tell()
	if a.plan.DelayNS == 0 {
		die()
		return
	}
	go func() {
		time.Sleep(time.Duration(a.plan.DelayNS))
		die()
	}()
}
