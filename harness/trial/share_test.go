package trial

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"restorebench/harness/record"
	"restorebench/harness/spec"
	"restorebench/harness/subject"
)

// inGroup has trials of a group that gives a silent member up after 6 s, the least that a broker allows.
func inGroup(c record.Cell, change func(*record.Cell)) record.Cell {
	c.Group, c.SessionTimeoutMS = spec.GroupClassic, 6000
	change(&c)
	return c
}

// waited fails the test unless the time-out of the group shows as the phase assign, and nothing was started.
func waited(t *testing.T, rec record.Record) {
	t.Helper()
	spawn, known := rec.Phases[record.PhaseSpawn]
	if assign := rec.Phases[record.PhaseAssign]; !known || spawn != 0 || assign < 2.5e9 || len(rec.Phases) != len(record.Phases) {
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
			t.Parallel()
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
			t.Parallel()
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
				t.Parallel()
				c := inGroup(cell(store, recovery, 3000), func(c *record.Cell) {
					c.Instances, c.Partitions, c.StaticMembership, c.SessionTimeoutMS = 2, 3, true, 20_000 // in which it is back on any machine
				})
				rec := do(t, runner(t), c)
				if !rec.Valid || rec.Path != recovery {
					t.Fatalf("%+v", rec)
				}
				if rec.Phases[record.PhaseSpawn] == 0 {
					t.Errorf("%v: it is started", rec.Phases)
				}
			})
		}
	}
}

// A process that came back too late finds its partitions with others, and the trial counts for nothing; so does one whose
// survivors lost something to it.
func TestThePartitionsComeBackToTheDeadProcess(t *testing.T) {
	own := func(partitions ...int32) map[int32]bool {
		set := map[int32]bool{}
		for _, p := range partitions {
			set[p] = true
		}
		return set
	}
	for _, c := range []struct {
		survivor, back map[int32]bool
		right          bool
	}{
		{own(1, 2), own(0, 3), true},
		{own(0, 1, 2, 3), own(), false},
		{own(1, 2, 3), own(0), false},
		{own(1), own(0, 2, 3), false},
	} {
		rec := inGroup(cell(spec.StoreMemory, record.Replay, 10), func(c *record.Cell) { c.Instances, c.Partitions, c.StaticMembership = 2, 4, true })
		survivor, back := &member{name: "one", owned: own(1, 2), at: make([]int64, 4)}, &member{name: "two", owned: own(), at: make([]int64, 4)}
		survivor.begin(time.Now())
		back.begin(time.Now())
		back.line.started = time.Now()
		survivor.owned, back.owned = c.survivor, c.back
		team := &team{attempt: &attempt{rec: &record.Record{Cell: rec}}, members: []*member{survivor, back}}
		if err := team.judgeShares(&member{owned: own(0, 3)}); (err == nil) != c.right {
			t.Errorf("%v and %v: %v", c.survivor, c.back, err)
		}
	}
}

// What is opened beside a partition whose files were wiped, and a restore that begins anew, do not make the whole local; what is gone with
// its partition counts no more.
func TestAFallbackIsNotForgotten(t *testing.T) {
	l := newTimeline(3)
	add := func(events ...subject.Event) {
		t.Helper()
		for _, e := range events {
			e.At = time.Now()
			if err := l.add(e); err != nil {
				t.Fatalf("%+v: %v", e, err)
			}
		}
	}
	gain := func(partitions ...int32) {
		l.only = map[int32]bool{}
		for _, p := range partitions {
			l.only[p] = true
		}
		l.again()
	}
	restore := func(p int32, from, to int64) (start, caught subject.Event) {
		return subject.Event{Event: subject.RestoreStart, Partition: p, From: from, To: to}, subject.Event{Event: subject.CaughtUp, Partition: p, Records: to - from}
	}
	add(subject.Event{Event: subject.Hello})
	start, caught := restore(0, 0, 9)
	gain(0)
	add(subject.Event{Event: subject.Opened, Path: subject.PathWiped, Reason: "corrupt"}, start, caught)
	gain(0, 1)
	again, restored := restore(0, 4, 9)
	other, whole := restore(1, 9, 9)
	add(subject.Event{Event: subject.Opened, Path: subject.PathLocal}, other, again, whole, restored, subject.Event{Event: subject.Ready})
	if l.recovery() != record.Replay || l.reason != "corrupt" || l.restored().Records != 5 {
		t.Errorf("%s (%s), %+v", l.recovery(), l.reason, l.restored())
	}
	gain(2)
	last, _ := restore(2, 9, 9)
	add(subject.Event{Event: subject.Opened, Path: subject.PathLocal}, last)
	if l.recovery() != record.Local || l.reason != "" {
		t.Errorf("%s (%s)", l.recovery(), l.reason)
	}
}

// What a process may not say of its partitions makes the trial invalid.
func TestProcessesThatBreakTheProtocol(t *testing.T) {
	for _, c := range []struct {
		event subject.Event
		why   string
	}{
		{subject.Event{Event: subject.Assigned, Partitions: []int32{0, 4}}, "says that it owns partition 4, there are 2"},
		{subject.Event{Event: subject.ProgressMade, Partition: -1}, "progress of partition -1"},
		{subject.Event{Event: subject.RestoreStart, Partition: 0}, "restores partition 0, which it had, or has not"},
		{subject.Event{Event: subject.CaughtUp, Partition: 1}, "restores partition 1, which it had, or has not"},
		{subject.Event{Event: subject.Failed, Code: "full", Message: "no space"}, "one failed: full: no space"},
	} {
		m := &member{name: "one", owned: map[int32]bool{0: true}, at: make([]int64, 2)}
		m.begin(time.Now())
		m.line.hello = time.Now()
		err := (&team{}).noteEvent(m, c.event, true)
		if err == nil || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: %v, want ...%s...", c.event.Event, err, c.why)
		}
	}
}

// A process that gives a partition away tells no more of those that it serves: that they were served is known still, and when.
func TestWhatIsServedStaysServed(t *testing.T) {
	m := &member{name: "m", owned: map[int32]bool{}, at: make([]int64, 3)}
	team := &team{attempt: &attempt{}, members: []*member{m}}
	begun := time.Now()
	m.begin(begun)
	m.line.reaped, m.line.started, m.line.hello = begun, begun, begun
	at := begun
	tell := func(events ...subject.Event) {
		t.Helper()
		for _, e := range events {
			at = at.Add(time.Millisecond)
			e.At = at
			note := team.noteEvent
			if e.Event == subject.FirstRead { // there is no process to be looked at
				note = func(m *member, e subject.Event, _ bool) error { return m.line.add(e) }
			}
			if err := note(m, e, true); err != nil {
				t.Fatal(e.Event, err)
			}
		}
	}
	restored := func(ids ...int32) (all []subject.Event) {
		for _, p := range ids {
			all = append(all, subject.Event{Event: subject.Opened, Partitions: []int32{p}, Path: subject.PathEmpty})
		}
		for _, p := range ids {
			all = append(all, subject.Event{Event: subject.RestoreStart, Partition: p, To: 5},
				subject.Event{Event: subject.CaughtUp, Partition: p, Offset: 5, Records: 5})
		}
		return all
	}
	assigned := func(ids ...int32) subject.Event { return subject.Event{Event: subject.Assigned, Partitions: ids} }
	ready, read := subject.Event{Event: subject.Ready}, subject.Event{Event: subject.FirstRead, OK: true}
	served := func() bool { return m.ready && !m.line.servedAt.IsZero() }

	tell(append(append([]subject.Event{assigned(0, 1)}, restored(0, 1)...), ready, read)...)
	when := m.line.servedAt
	tell(assigned(0), ready) // 1 goes elsewhere
	if !served() || m.line.servedAt != when {
		t.Errorf("of two, one stays: served at %v, want %v", m.line.servedAt, when)
	}
	tell(append([]subject.Event{assigned(0, 2)}, restored(2)...)...)
	if served() {
		t.Error("2 is served before it was read")
	}
	tell(assigned(0), ready) // and goes before that
	if phases, all := m.line.phases(); !served() || all != when.Sub(begun) {
		t.Errorf("%v, %v; want %v", phases, all, when.Sub(begun))
	} else {
		for name, took := range phases {
			if took < 0 {
				t.Errorf("%s took %d ns", name, took)
			}
		}
	}
	tell(assigned(), ready)
	tell(append([]subject.Event{assigned(0)}, restored(0)...)...)
	if served() {
		t.Error("0 went and came back, and is served before it was read again")
	}
	tell(ready, read)
	if !served() || !m.line.servedAt.After(when) {
		t.Errorf("0 is served at %v, before it went at %v", m.line.servedAt, when)
	}
}
