package trial

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"restorebench/harness/record"
	"restorebench/harness/subject"
)

// replica is a second process of a trial. It keeps a copy of the state in a directory of its own and
// takes over from the one that is killed.
type replica struct {
	*subject.Process
	dir        string
	halt, done chan struct{} // to end watch, and it has
	version    string        // that it said it has

	mu  sync.Mutex
	at  []int64 // the next offset that it will apply, as it said last, by partition
	err error   // why it keeps no copy any more
}

// startReplica starts the standby of a trial.
func (a *attempt) startReplica() (*replica, error) {
	dir := filepath.Join(a.dir, "standby")
	task := a.recovery(dir)
	task.Config.Standby = true
	p, err := subject.Start(a.command(), task, a.dir, "copy")
	if err != nil {
		return nil, err
	}
	r := &replica{Process: p, dir: dir, halt: make(chan struct{}), done: make(chan struct{}), at: make([]int64, len(a.workloads))}
	go r.watch()
	return r, nil
}

// watch takes the events of the copy, of which it has many to tell: nobody else reads them until it ends.
func (r *replica) watch() {
	defer close(r.done)
	for {
		select {
		case e, ok := <-r.Events():
			if err := r.note(e, ok); err != nil {
				r.mu.Lock()
				r.err = err
				r.mu.Unlock()
				return
			}
		case <-r.halt:
			return
		}
	}
}

// note takes one event.
func (r *replica) note(e subject.Event, alive bool) error {
	switch {
	case !alive:
		return fmt.Errorf("the standby ended by itself")
	case e.Event == subject.Failed:
		return fmt.Errorf("the standby failed: %s: %s", e.Code, e.Message)
	case e.Event == subject.Hello:
		r.version = e.Version
		return nil
	case e.Event != subject.ProgressMade || e.Partition < 0 || int(e.Partition) >= len(r.at):
		return fmt.Errorf("%w: %s of partition %d by a standby that was not told to take over", subject.ErrProtocol, e.Event, e.Partition)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.at[e.Partition] = e.Offset
	return nil
}

// behind is how many offsets the copy is short of the ends.
func (r *replica) behind(ends []int64) (n int64, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, end := range ends {
		n += max(end-r.at[i], 0)
	}
	return n, r.err
}

// awaitCopy waits until the standby has applied all that is before the ends.
func (a *attempt) awaitCopy(ctx context.Context, ends []int64) error {
	moved, least := time.Now(), int64(-1)
	for {
		n, err := a.copy.behind(ends)
		switch {
		case err != nil:
			return a.withLog(err, a.copy.Process)
		case n == 0:
			return nil
		case n < least || least < 0:
			moved, least = time.Now(), n
		case time.Since(moved) > a.patience():
			return a.withLog(fmt.Errorf("the standby hung: %d records behind for %v", n, a.patience()), a.copy.Process)
		}
		a.watch(StageCopy, sum(ends)-n, sum(ends))
		select {
		case <-time.After(time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// beforeTail follows a load until it pauses, waits until the copy has all of it, and lets the load go on with newer records.
// So the lag at the kill is of these, and not of how long the copy takes to be made.
func (a *attempt) beforeTail(ctx context.Context, victim *subject.Process) error {
	ends, paused := make([]int64, len(a.workloads)), map[int32]bool{}
	err := a.follow(ctx, victim, func(e subject.Event) (bool, error) {
		if e.Event != subject.Paused {
			return false, nil
		}
		if e.Partition < 0 || int(e.Partition) >= len(ends) || paused[e.Partition] {
			return false, fmt.Errorf("%w: %s of partition %d, which is not being loaded", subject.ErrProtocol, e.Event, e.Partition)
		}
		ends[e.Partition], paused[e.Partition] = e.Offset, true
		return len(paused) == len(ends), nil
	})
	if err != nil {
		return err
	}
	if err := a.awaitCopy(ctx, ends); err != nil {
		return err
	}
	if a.atTail != nil {
		a.atTail(a)
	}
	_, err = victim.Tell(subject.GoOn)
	return err
}

// replace has a successor for the victim that was reaped: the standby, which is told to take over, or a new process on state.
func (a *attempt) replace(t *timeline, state string) (p *subject.Process, err error) {
	if a.copy == nil {
		if p, err = subject.Start(a.command(), a.recovery(state), a.dir, "recover"); err == nil {
			t.started = p.Started
		}
		return p, err
	}
	// It runs already: nothing is spawned.
	t.started, err = a.copy.Tell(subject.GoOn)
	t.hello = t.started
	return a.copy.Process, err
}

// noteLag takes what the standby said before it was told to take over, and once that is over fills the record's
// lag: what it had said before the kill counts.
func (a *attempt) noteLag(e subject.Event, t *timeline) (taken bool, err error) {
	switch {
	case a.copy == nil || !t.assigned.IsZero():
		return false, nil
	case e.Event == subject.Assigned:
		n, err := a.copy.behind(a.ends)
		a.rec.StandbyLag, a.told = &n, a.copy.at
		t.version = a.copy.version
		return false, err
	case e.At.After(t.killed) && e.Event == subject.ProgressMade:
		return true, nil
	}
	return true, a.copy.note(e, true)
}

// judgeCopy says whether a standby went on where it had said it was.
func (a *attempt) judgeCopy(i int, r, caught subject.Event) error {
	if r.From < a.told[i] {
		return fmt.Errorf("partition %d: the standby took over at offset %d, and had said %d", i, r.From, a.told[i])
	}
	// Transactions leave offsets without a record.
	if n := r.To - r.From; caught.Records > n || caught.Records < n && a.rec.Guarantee == "" && !a.compacted() {
		return fmt.Errorf("partition %d: %d records restored by %s, want %d", i, caught.Records, record.Standby, n)
	}
	return nil
}
