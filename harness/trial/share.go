package trial

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"restorebench/harness/record"
	"restorebench/harness/spec"
	"restorebench/harness/subject"
	"restorebench/harness/workload"
	"restorebench/internal/defect"
)

// share is a trial of several processes: they restore what the harness has loaded and share it, one is killed, and its
// partitions come back to it, or go to the others.
func (a *attempt) share(ctx context.Context) error {
	if _, known := a.Subjects[a.rec.Subject]; a.rec.Subject != spec.SubjectSelf && !known {
		return fmt.Errorf("subject %s is not known", a.rec.Subject)
	}
	err := a.writeChangelog(ctx, func(w *workload.Spec) (from, to int64) { return 0, w.Load() })
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}
	t := a.newTeam()
	defer t.release()
	if err := t.gather(ctx, "first"); err != nil {
		return err
	}
	if a.rec.Recovery == record.Local || a.rec.Recovery == record.LocalTail { // so that the files are current
		if err := t.stop(ctx); err != nil {
			return err
		}
		if err := t.gather(ctx, "second"); err != nil {
			return err
		}
	}
	victim, err := t.choose()
	if err != nil {
		return err
	}
	if err := t.addTail(ctx, victim); err != nil {
		return err
	}
	state := victim.dir
	if a.rec.Recovery == record.Replay {
		state = filepath.Join(a.dir, "empty")
	}
	if err := a.prepare(ctx, state); err != nil {
		return err
	}
	line, verdict, err := t.recover(ctx, victim, state)
	if err != nil {
		return fmt.Errorf("recovery: %w", err)
	}
	if err := errors.Join(a.judge(line), t.judgeShares(victim), verdict); err != nil || a.rec.Restored.Records == 0 {
		return err
	}
	t.release()
	return a.measureCeiling(ctx, line)
}

// choose picks the process that is to be killed. From then on nothing may move.
func (t *team) choose() (victim *member, err error) {
	_, failed, err := t.look(func() bool {
		if owners := t.owners(0); len(owners) == 1 {
			victim, t.moves = owners[0], 0
		}
		return true
	})
	switch {
	case err != nil:
		return nil, t.withLog(err, failed.Process)
	case victim == nil:
		return nil, fmt.Errorf("no process owns partition 0 any more: %s", t.shares())
	}
	return victim, nil
}

// addTail writes the newer records of the partitions that are to come back. Of the others nobody would read any: what is in force
// there is in their owners' stores, not in the changelog.
func (t *team) addTail(ctx context.Context, victim *member) error {
	for i := range t.workloads {
		if !victim.owned[int32(i)] {
			t.workloads[i].Tail = 0
		}
	}
	if err := t.model(ctx); err != nil {
		return err
	}
	if !t.rec.Tailed() {
		return nil
	}
	err := t.writeChangelog(ctx, func(w *workload.Spec) (from, to int64) { return w.Load(), w.Total() })
	if err != nil {
		return fmt.Errorf("tail: %w", err)
	}
	return nil
}

// recover kills the victim and follows the others, and what is started in its place, until all partitions are served
// again; then it verifies the whole state. The timeline is that of the process that was the last to serve what it gained.
func (t *team) recover(ctx context.Context, victim *member, state string) (line *timeline, verdict, err error) {
	firsts := t.firstReads()
	for _, m := range t.members {
		if m != victim {
			if err := m.Ask(subject.Config{FirstReads: firsts}); err != nil {
				return nil, nil, err
			}
		}
	}
	if t.beforeKill != nil {
		t.beforeKill(t, victim)
	}
	victim.unwatch()
	defer victim.Release()
	if err := t.kill(victim); err != nil {
		return nil, nil, err
	}
	reaped, how, err := victim.Wait(ctx)
	if err != nil {
		return nil, nil, err
	}
	if !subject.Killed(how) {
		return nil, nil, fmt.Errorf("the processor ended by %s, not by SIGKILL", how)
	}
	if t.comesBack() {
		if err := t.restart(victim, state, firsts); err != nil {
			return nil, nil, err
		}
	}
	if err := t.await(ctx, "serve what the dead one had", t.recovered); err != nil {
		return nil, nil, err
	}
	for _, m := range t.members {
		m.unwatch()
	}
	if line, err = t.join(reaped); err != nil {
		return nil, nil, err
	}
	t.noteLag(victim)
	t.note(line)
	return line, t.verifyAll(ctx), nil
}

// firstReads are the reads that end the downtime, one of each partition.
func (t *team) firstReads() (all []subject.Read) {
	for i, m := range t.models {
		if n := slices.IndexFunc(m.reads, func(r read) bool { return r.want != nil }); n >= 0 {
			all = append(all, subject.Read{Partition: int32(i), Key: m.reads[n].key, Value: m.reads[n].want})
		}
	}
	return all
}

// kill kills a member, and has the others begin their timelines.
func (t *team) kill(victim *member) (err error) {
	t.mu.Lock() // no event is noted meanwhile, so that each is before or after
	defer t.mu.Unlock()
	if t.moves > 0 {
		return errors.New("the group moved partitions after it had come to rest, before the kill")
	}
	if t.killed, err = victim.Kill(); err != nil {
		return err
	}
	t.members = slices.DeleteFunc(t.members, func(m *member) bool { return m == victim })
	for _, m := range t.members {
		m.begin(t.killed)
		m.line.hello = t.killed // they run already
	}
	return nil
}

// begin begins a member's part in the recovery.
func (m *member) begin(killed time.Time) {
	m.had, m.line = maps.Clone(m.owned), newTimeline(len(m.at))
	m.line.killed, m.line.only, m.line.version = killed, map[int32]bool{}, m.version
}

// restart starts the victim again, as the same member of the group.
func (t *team) restart(victim *member, state string, firsts []subject.Read) error {
	var i int
	if _, err := fmt.Sscanf(filepath.Base(victim.dir), "state-%d", &i); err != nil {
		return err
	}
	m, err := t.start(i, state, "recover", subject.Config{FirstReads: firsts})
	if err != nil {
		return err
	}
	m.begin(t.killed)
	m.line.started = m.Started
	go t.watchMember(m)
	return nil
}

// recovers puts an event of a member into the timeline of its part in the recovery, if that has begun.
func (m *member) recovers(e subject.Event) error {
	if m.line == nil {
		return nil
	}
	if e.Event == subject.Assigned {
		gained := maps.Clone(m.owned)
		maps.DeleteFunc(gained, func(p int32, _ bool) bool { return m.had[p] })
		if maps.Equal(gained, m.line.only) {
			return nil
		}
		m.line.only = gained
		if m.line.again() {
			return nil
		}
	}
	if ofPartition(e) && !m.line.only[e.Partition] {
		return fmt.Errorf("%w: %s restores partition %d, which it had, or has not", subject.ErrProtocol, m.name, e.Partition)
	}
	if e.Event == subject.Ready && len(m.line.only) == 0 {
		return nil
	}
	err := m.line.add(e)
	if e.Event == subject.FirstRead {
		m.used = record.ProcessResources(m.Pid(), m.dir)
	}
	return err
}

// recovered says whether each partition is owned by exactly one process, and served by it.
func (t *team) recovered() bool {
	var done, total int64
	served := true
	for _, m := range t.members {
		served = served && (len(m.line.only) == 0 || m.ready && !m.line.servedAt.IsZero())
		for _, e := range m.line.ranges {
			total += e.To - e.From
		}
		done += m.line.restored().Records
	}
	if total > 0 {
		t.watch(StageRestore, done, total)
	}
	return served && t.complete()
}

// join makes one timeline of those of all members that gained something: its moments are those of the one that was the last to
// serve what it gained.
func (t *team) join(reaped time.Time) (*timeline, error) {
	var last *member
	all := newTimeline(len(t.workloads))
	all.only, all.servedOK = map[int32]bool{}, true
	path := ""
	for _, m := range t.members {
		l := m.line
		if len(l.only) == 0 {
			continue
		}
		if path != "" && path != l.recovery() {
			return nil, fmt.Errorf("%s took %s, another one %s", m.name, l.recovery(), path)
		}
		path = l.recovery()
		maps.Copy(all.only, l.only)
		maps.Copy(all.ranges, l.ranges)
		maps.Copy(all.caught, l.caught)
		all.servedOK = all.servedOK && l.servedOK
		if last == nil || l.servedAt.After(last.line.servedAt) {
			last = m
		}
	}
	if last == nil {
		return nil, errors.New("no process gained a partition")
	}
	t.rec.Resources = last.used
	one := *last.line
	one.only, one.ranges, one.caught, one.servedOK = all.only, all.ranges, all.caught, all.servedOK
	if one.reaped = reaped; one.started.IsZero() { // nothing was started, nor had to be: the group was waited for
		one.started, one.hello = reaped, reaped
	}
	return &one, nil
}

// noteLag fills the record's lag of the copies of what the victim had.
func (t *team) noteLag(victim *member) {
	if t.rec.Standby == 0 {
		return
	}
	t.told = make([]int64, len(t.workloads))
	var lag int64
	for i := range t.told {
		if !victim.owned[int32(i)] {
			continue
		}
		for _, m := range t.members {
			t.told[i] = max(t.told[i], m.at[i])
		}
		lag += max(t.ends[i]-t.told[i], 0)
	}
	t.rec.StandbyLag = &lag
}

// judgeShares says whether a process that came back got what it had, and the others kept what they had; and where nobody comes
// back, whether the others kept theirs and have what the dead one had, which is then all that was restored.
func (t *team) judgeShares(victim *member) error {
	if !t.comesBack() {
		gained := map[int32]bool{}
		for _, m := range t.members {
			maps.Copy(gained, m.line.only)
			for p := range m.had {
				if !m.owned[p] {
					return fmt.Errorf("%s gave partition %d away, which nobody had to take over", m.name, p)
				}
			}
		}
		if !maps.Equal(gained, victim.owned) {
			return fmt.Errorf("restored were the partitions %v, the dead process had %v", slices.Sorted(maps.Keys(gained)), slices.Sorted(maps.Keys(victim.owned)))
		}
		return nil
	}
	for _, m := range t.members {
		want := m.had
		if !m.line.started.IsZero() { // it is what was started again
			want = victim.owned
		}
		if !maps.Equal(m.owned, want) {
			return fmt.Errorf("%s owns %v, and was to own %v: had its session ended before the dead process was back?",
				m.name, slices.Sorted(maps.Keys(m.owned)), slices.Sorted(maps.Keys(want)))
		}
	}
	return nil
}

// comesBack says whether the dead process is started again: the group keeps a static member's partitions for it. A standby is
// there for the case that nobody comes.
func (t *team) comesBack() bool { return t.rec.StaticMembership && t.rec.Standby == 0 }

// verifyAll verifies the whole state: each process all that it owns, and each partition once.
func (t *team) verifyAll(ctx context.Context) error {
	if defect.Is(defect.VerdictNotRun) {
		return nil
	}
	_, reads := t.reads()
	v := t.newVerification()
	for _, m := range t.members {
		config, mine := subject.Config{Digest: true}, []partitionRead{}
		for _, r := range reads {
			if m.owned[r.Partition] {
				mine = append(mine, r)
				config.Reads = append(config.Reads, subject.Read{Partition: r.Partition, Key: r.Key})
			}
		}
		if err := m.Ask(config); err != nil {
			return v.end(err)
		}
		if err := v.follow(ctx, m.Process, m.owned, mine); err != nil {
			return v.end(fmt.Errorf("%s: %w", m.name, err))
		}
	}
	return v.end(nil)
}
