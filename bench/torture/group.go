package torture

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"restorebench/harness/record"
	"restorebench/harness/spec"
)

// Faults of a group: several processors share the partitions by it, and it changes in the middle of a restore. They restore and serve what
// the harness writes to the changelog, under exactly once in transactions; nobody processes an input, which would need one owner.
const (
	FaultGroupJoined = "group-joined" // a further member comes: others give it partitions that they are restoring, or serve
	FaultGroupLeft   = "group-left"   // one goes in its restore: the others get its partitions, in theirs or while they serve
)

var groupFaults = []string{FaultGroupJoined, FaultGroupLeft}

// ofGroup says whether a fault is one of a group.
func ofGroup(fault string) bool { return slices.Contains(groupFaults, fault) }

// How a group changes. The types of its lines.
const (
	memberJoined          = "joined"
	memberJoinedConsumer  = "joined-consumer" // under KIP-848
	memberStopped         = "stopped"         // it leaves the group by itself
	memberKilled          = "killed"          // the group waits for the end of its session
	memberSilent          = "silent"          // it is stopped (SIGSTOP) until others have its partitions, and comes back
	memberStoppedConsumer = "stopped-consumer"
)

// groupKinds are the kinds that a schedule knows of. Under KIP-848 a change takes longer: the broker says how often members ask.
func groupKinds(fault string) []string {
	if fault == FaultGroupJoined {
		return []string{memberJoined, memberJoined, memberJoined, memberJoinedConsumer}
	}
	return []string{memberStopped, memberKilled, memberSilent, memberStoppedConsumer}
}

// protocolOf is the group protocol of a kind.
func protocolOf(kind string) string {
	if kind == memberJoinedConsumer || kind == memberStoppedConsumer {
		return spec.GroupConsumer
	}
	return spec.GroupClassic
}

// regroupAll changes groups until enough says so.
func (c *campaign) regroupAll(ctx context.Context, enough func(kills int) bool) (err error) {
	var g *sharedGround
	end := func() error {
		if g == nil {
			return nil
		}
		ended := g
		g = nil
		return ended.end(c.admin)
	}
	defer func() {
		if err != nil && ctx.Err() == nil && g != nil {
			err = errors.Join(err, c.keepShared(g))
		}
		err = errors.Join(err, end())
	}()
	for !enough(c.kills) {
		if c.kills%groundKills == 0 {
			if err := end(); err != nil {
				return err
			}
			if g, err = c.newSharedGround(ctx); err != nil {
				return err
			}
		}
		m := c.schedule.next()
		if err := c.regroup(ctx, g, &m); err != nil {
			return err
		}
	}
	return nil
}

// keepShared copies what a failure left to where it stays.
func (c *campaign) keepShared(g *sharedGround) error {
	c.kept = filepath.Join(c.Out, "torture", c.Run+"-"+filepath.Base(g.dir))
	errs := []error{os.MkdirAll(c.kept, 0o700), copyFiles(c.kept, g.dir)}
	for _, p := range g.parts {
		dir := filepath.Join(c.kept, fmt.Sprint("changelog-", p.history.part))
		errs = append(errs, os.MkdirAll(dir, 0o700), p.history.dump(dir))
	}
	return errors.Join(errs...)
}

// regroup changes a group once, and judges what its members have then. Whatever it finds ends the cell.
func (c *campaign) regroup(ctx context.Context, g *sharedGround, m *moment) error {
	line := c.line(m)
	line.Kind, line.Type, line.AfterNS = c.Fault, m.kind, 0 // it comes when the restores stand still

	if c.cell.Recovery == record.Replay && c.rng.IntN(4) > 0 { // else what they left is met again
		g.newStates()
	}
	err := g.feed(ctx, c.rng)
	if err == nil {
		w := c.newCrew(g, m.kind)
		err = w.change(ctx, line)
		w.release()
	}
	switch {
	case errors.Is(err, errCell):
		line.Verdict = VerdictDamaged
		return errors.Join(err, c.judged(line))
	case err != nil:
		return c.fail(err, line)
	}
	line.Verdict = VerdictOK
	return c.judged(line)
}

// change is the life of a crew, which is changed in the middle of it.
func (w *crew) change(ctx context.Context, line *Line) error {
	start, serving := time.Now(), w.rng.IntN(2) == 0
	leaver, err := w.gather(ctx, serving)
	if err != nil {
		return err
	}
	before, restored := w.shares(), w.restored()
	line.Time, line.During, line.Struck = time.Now().UTC(), duringRestore, duringRestore
	served := w.servedBy()
	how, err := w.strike(ctx, line, leaver)
	if err != nil {
		return err
	}
	line.Reached = true
	line.Proof = fmt.Sprintf("%s: %s with %s; assigned before: %s; after: %s", protocolOf(line.Type), how, restored, before, w.shares())
	if serving {
		still, err := w.stillServe(ctx, served, line)
		if err != nil {
			return err
		}
		line.Proof += fmt.Sprintf("; meanwhile served: %s", still)
	}
	if line.Type == memberSilent {
		if err := w.wake(ctx, leaver); err != nil {
			return err
		}
		line.Proof += fmt.Sprintf("; awake again: %s", w.shares())
	}
	if err := w.goOn(ctx); err != nil {
		return err
	}
	line.RecoveryNS = time.Since(start).Nanoseconds()
	if err := w.judgeAll(ctx, line); err != nil {
		return err
	}
	return w.end(ctx, line)
}

// gather starts those that are there before the change, and returns when each of them restores, or serves and one restores: that one
// is returned, else any of them.
func (w *crew) gather(ctx context.Context, serving bool) (leaver *member, err error) {
	n := 1 + w.rng.IntN(2)
	if w.Fault == FaultGroupLeft || serving && n == 1 {
		n++
	}
	if serving {
		for range n - 1 {
			if _, err := w.start(nil); err != nil {
				return nil, err
			}
		}
		if err := w.await(ctx, "serve", w.serve); err != nil {
			return nil, err
		}
		n = 1
	}
	first := slices.Clone(w.members)
	for range n {
		if leaver, err = w.start(w.share()); err != nil {
			return nil, err
		}
	}
	if err := w.await(ctx, "restore", w.standStill); err != nil {
		return nil, err
	}
	for _, m := range first { // what they gain is to stand still as well
		if err := m.process.Ask(holdAt(w.share())); err != nil {
			return nil, err
		}
	}
	if !serving {
		leaver = pick(w.rng, w.members)
	}
	return leaver, nil
}

// strike changes the group, and returns what was done once the partitions have moved.
func (w *crew) strike(ctx context.Context, line *Line, leaver *member) (how string, err error) {
	if w.Fault == FaultGroupJoined {
		comer, err := w.start(w.share())
		if err != nil {
			return "", err
		}
		how = fmt.Sprintf("member %s (process %d) joined", comer.name, comer.process.Pid())
		return how, w.await(ctx, "share with the one that joined", func() bool { return len(comer.parts) > 0 && w.standStill() })
	}
	if !leaver.holds() {
		return "", fmt.Errorf("member %s is to leave in its restore, and is not in one (%s)", leaver.name, w.shares())
	}
	w.members = slices.DeleteFunc(w.members, func(m *member) bool { return m == leaver })
	how = fmt.Sprintf("member %s (process %d) %s", leaver.name, leaver.process.Pid(), map[string]string{
		memberStopped: "left", memberStoppedConsumer: "left", memberKilled: "was killed", memberSilent: "was stopped (SIGSTOP)",
	}[line.Type])
	switch line.Type {
	case memberSilent:
		err = leaver.process.Pause()
	case memberKilled:
		line.Exit, err = w.killMember(ctx, leaver)
	default:
		line.Exit, err = w.stopMember(ctx, leaver)
	}
	if err != nil {
		return "", err
	}
	return how, w.await(ctx, "take over what the one had that left", w.standStill)
}

// wake lets a silent member go on, which has to give up what others have by now.
func (w *crew) wake(ctx context.Context, m *member) error {
	if err := m.process.Resume(); err != nil {
		return err
	}
	w.members = append(w.members, m)
	return w.await(ctx, "share with the one that woke", w.standStill)
}
