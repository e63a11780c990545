package trial

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"restorebench/harness/record"
	"restorebench/harness/subject"
)

// team are the processes that share the partitions of one application by its group. Each is followed by a goroutine
// of its own, which notes what it tells; await looks at that.
type team struct {
	*attempt
	changed chan struct{} // something was told

	mu      sync.Mutex // guards what follows and the members
	members []*member  // that live
	moves   int        // changes of who owns what
	killed  time.Time  // of the one that was killed; zero: none yet
}

// member is one of them.
type member struct {
	*subject.Process
	name       string
	dir        string        // of its state
	halt, done chan struct{} // to end watch, and it has

	hello   bool
	version string         // that it said it has
	owned   map[int32]bool // the partitions, as it said last
	ready   bool           // all of these are restored
	at      []int64        // the next offset that its copy will apply, by partition, as it said before the kill
	err     error          // why it can't go on

	// Of the recovery: nil before the kill.
	line *timeline
	had  map[int32]bool // what it owned at the kill
	used record.Resources
}

// shared says whether several processes share the partitions: instances, or one and the copy that a group has take over.
func (a *attempt) shared() bool {
	return a.rec != nil && (a.rec.Instances > 1 || a.rec.Standby > 0 && a.rec.Group != "")
}

// processes are how many share the partitions.
func (a *attempt) processes() int { return max(a.rec.Instances, 1+a.rec.Standby) }

func (a *attempt) newTeam() *team { return &team{attempt: a, changed: make(chan struct{}, 1)} }

// start starts a process on dir; i numbers its place in the group.
func (t *team) start(i int, dir, name string, config subject.Config) (*member, error) {
	config.Instances, config.Standby = t.processes(), t.rec.Standby > 0
	task := t.task(dir, config)
	if t.rec.StaticMembership {
		task.Config.Group.InstanceID = fmt.Sprintf("restorebench-%d", i)
	}
	p, err := subject.Start(t.command(), task, t.dir, name)
	if err != nil {
		return nil, err
	}
	m := &member{
		Process: p, name: name, dir: dir, halt: make(chan struct{}), done: make(chan struct{}),
		owned: map[int32]bool{}, at: make([]int64, len(t.workloads)),
	}
	t.mu.Lock()
	t.members = append(t.members, m)
	t.mu.Unlock()
	return m, nil
}

// gather starts all processes and returns once they share the partitions. They join the group at the same time: one that
// came late would find that the others have restored everything, and a group may leave it there.
func (t *team) gather(ctx context.Context, incarnation string) error {
	for i := range t.processes() {
		name := fmt.Sprintf("%s-%d", incarnation, i)
		m, err := t.start(i, filepath.Join(t.dir, fmt.Sprintf("state-%d", i)), name, subject.Config{Await: true})
		if err != nil {
			return err
		}
		go t.watchMember(m)
	}
	err := t.await(ctx, "are started", func() bool {
		return !slices.ContainsFunc(t.members, func(m *member) bool { return !m.hello })
	})
	if err != nil {
		return err
	}
	for _, m := range t.members {
		if _, err := m.Tell(subject.GoOn); err != nil {
			return err
		}
	}
	return t.rest(ctx)
}

// heartbeat is longer than a member takes to learn that its group has more to do: heartbeat.interval.ms is 3 s by default.
const heartbeat = 3500 * time.Millisecond

// rest waits until the partitions are shared, restored and copied, and nothing has moved for a while.
func (t *team) rest(ctx context.Context) error {
	for deadline := time.Now().Add(2 * t.patience()); ; {
		moves := 0
		err := t.await(ctx, "share the partitions", func() bool {
			moves = t.moves
			return t.settled()
		})
		if err != nil {
			return err
		}
		select {
		case <-time.After(heartbeat):
		case <-ctx.Done():
			return ctx.Err()
		}
		still, failed, err := t.look(func() bool { return t.moves == moves && t.settled() })
		switch {
		case err != nil:
			return t.withLog(err, failed.Process)
		case still:
			return nil
		case time.Now().After(deadline):
			return fmt.Errorf("the group does not come to rest: %s", t.shares())
		}
	}
}

// watchMember takes a member's events until it is halted.
func (t *team) watchMember(m *member) {
	defer close(m.done)
	for {
		select {
		case e, ok := <-m.Events():
			t.mu.Lock()
			m.err = t.noteEvent(m, e, ok)
			failed := m.err != nil
			t.mu.Unlock()
			select {
			case t.changed <- struct{}{}:
			default: // it is known already
			}
			if failed {
				return
			}
		case <-m.halt:
			return
		}
	}
}

// noteEvent takes one event.
func (t *team) noteEvent(m *member, e subject.Event, alive bool) error {
	switch {
	case !alive:
		return fmt.Errorf("%s ended by itself", m.name)
	case e.Event == subject.Failed:
		return fmt.Errorf("%s failed: %s: %s", m.name, e.Code, e.Message)
	case ofPartition(e) && (e.Partition < 0 || int(e.Partition) >= len(m.at)):
		return fmt.Errorf("%w: %s of partition %d by %s, there are %d", subject.ErrProtocol, e.Event, e.Partition, m.name, len(m.at))
	case e.Event == subject.ProgressMade && !m.owned[e.Partition]:
		if t.killed.IsZero() || !e.At.After(t.killed) { // what it had said before the kill counts
			m.at[e.Partition] = e.Offset
		}
		return nil
	}
	switch e.Event {
	case subject.Hello:
		m.hello, m.version = true, e.Version
	case subject.Assigned:
		t.moves++
		m.ready, m.owned = false, map[int32]bool{}
		for _, p := range e.Partitions {
			if p < 0 || int(p) >= len(m.at) {
				return fmt.Errorf("%w: %s says that it owns partition %d, there are %d", subject.ErrProtocol, m.name, p, len(m.at))
			}
			m.owned[p] = true
		}
	case subject.Ready:
		m.ready = true
	}
	return m.recovers(e)
}

// settled says whether each partition is owned by one process, which has restored it, and each process has its share, of copies too.
func (t *team) settled() bool {
	for _, m := range t.members {
		if len(m.owned) > 0 && !m.ready || len(m.owned) == 0 && t.rec.Instances > 1 {
			return false
		}
	}
	return t.complete() && (t.rec.Standby == 0 || t.copied(t.ends))
}

// complete says whether each partition is owned by exactly one process.
func (t *team) complete() bool {
	for p := range t.workloads {
		if len(t.owners(int32(p))) != 1 {
			return false
		}
	}
	return true
}

func (t *team) owners(partition int32) (all []*member) {
	for _, m := range t.members {
		if m.owned[partition] {
			all = append(all, m)
		}
	}
	return all
}

// copied says whether of every partition another process than its owner has a copy up to its end.
func (t *team) copied(ends []int64) bool {
	for p, end := range ends {
		if !slices.ContainsFunc(t.members, func(m *member) bool { return !m.owned[int32(p)] && m.at[p] >= end }) {
			return false
		}
	}
	return true
}

// await waits until done, which is asked whenever a process has told something. Of one that can't go on it returns the
// error, and of a silence that lasts too long one with who owns what.
func (t *team) await(ctx context.Context, what string, done func() bool) error {
	stall := time.NewTimer(t.patience())
	defer stall.Stop()
	for {
		ok, failed, err := t.look(done)
		if err != nil {
			return t.withLog(err, failed.Process)
		}
		if ok {
			return nil
		}
		select {
		case <-t.changed:
			stall.Reset(t.patience())
		case <-stall.C:
			return t.withLog(fmt.Errorf("the processes hung: no event for %v, and they were to %s (%s)", t.patience(), what, t.shares()), t.members[0].Process)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (t *team) look(done func() bool) (ok bool, failed *member, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, m := range t.members {
		if m.err != nil {
			return false, m, m.err
		}
	}
	return done(), nil, nil
}

// shares says who owns what.
func (t *team) shares() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var all []string
	for _, m := range t.members {
		state := "restoring"
		if m.ready {
			state = "ready"
		}
		all = append(all, fmt.Sprintf("%s owns %v, %s", m.name, slices.Sorted(maps.Keys(m.owned)), state))
	}
	return strings.Join(all, "; ")
}

// unwatch ends the goroutine that follows a member: its events are the caller's from then on.
func (m *member) unwatch() {
	select {
	case <-m.done: // it ended at an error
	default:
		close(m.halt)
		<-m.done
	}
}

// stop ends all processes cleanly.
func (t *team) stop(ctx context.Context) error {
	for _, m := range t.members {
		m.unwatch()
		if err := t.attempt.stop(ctx, m.Process); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
	}
	t.members = nil
	return nil
}

// release kills what is left.
func (t *team) release() {
	for _, m := range t.members {
		m.Release()
	}
}
