package trial

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"restorebench/harness/record"
	"restorebench/harness/subject"
)

// timeline collects the moments of one recovery, all on the parent's clock, and
// what the subject said on the way. It holds the subject to the protocol's order.
type timeline struct {
	killed, reaped, started, hello time.Time
	moments
	done moments        // as they were when only was served last
	kept map[int32]bool // of what was served then, the partitions that stayed

	version      string // that the subject said it has
	path, reason string
	ranges       map[int32]subject.Event // restore_start by partition
	caught       map[int32]subject.Event // caught_up by partition
	partitions   int                     // there are
	only         map[int32]bool          // those that must catch up; nil: all
	servedOK     bool
}

// moments are those of a recovery that come again when partitions do.
type moments struct{ assigned, opened, planned, caughtUp, ready, servedAt time.Time }

// wanted is how many partitions must catch up.
func (t *timeline) wanted() int {
	if t.only != nil {
		return len(t.only)
	}
	return t.partitions
}

func newTimeline(partitions int) *timeline {
	return &timeline{
		partitions: partitions,
		ranges:     map[int32]subject.Event{}, caught: map[int32]subject.Event{},
	}
}

// again forgets what was told of a recovery whose partitions have changed meanwhile, but for those that are still among them. It
// is true if all of these are served already: then nothing more will be told of them.
func (t *timeline) again() (served bool) {
	gone := func(p int32, _ subject.Event) bool { return !t.only[p] }
	maps.DeleteFunc(t.ranges, gone)
	maps.DeleteFunc(t.caught, gone)
	maps.DeleteFunc(t.kept, func(p int32, _ bool) bool { return !t.only[p] })
	t.opened, t.planned, t.servedAt = time.Time{}, time.Time{}, time.Time{}
	if len(t.ranges) == 0 { // else how they were opened still counts
		t.path, t.reason = "", ""
	}
	if served = len(t.only) > 0 && len(t.kept) == len(t.only); served {
		t.moments = t.done
	}
	return served
}

// fallback orders paths: what was opened after a wipe, or beside what was wiped, does not make that local.
var fallback = map[string]int{subject.PathEmpty: 1, subject.PathWiped: 2}

// add takes an event that belongs to the recovery; others pass.
func (t *timeline) add(e subject.Event) error {
	need := func(ok bool, what string) error {
		if ok {
			return nil
		}
		return fmt.Errorf("%w: %s without %s", subject.ErrProtocol, e.Event, what)
	}
	if ofPartition(e) && (e.Partition < 0 || int(e.Partition) >= t.partitions) {
		return fmt.Errorf("%w: %s of partition %d, there are %d", subject.ErrProtocol, e.Event, e.Partition, t.partitions)
	}
	switch e.Event {
	case subject.Hello:
		t.hello, t.version = e.At, e.Version
	case subject.Assigned:
		t.assigned = e.At
		return need(!t.hello.IsZero(), subject.Hello)
	case subject.Opened:
		t.opened = e.At
		if fallback[e.Path] >= fallback[t.path] {
			t.path = e.Path
		}
		if e.Reason != "" {
			t.reason = e.Reason
		}
		return need(!t.hello.IsZero(), subject.Hello)
	case subject.RestoreStart:
		if t.planned.IsZero() {
			t.planned = e.At
		}
		t.ranges[e.Partition] = e
		delete(t.caught, e.Partition) // it begins anew
		if e.Reason != "" && t.reason == "" {
			t.reason = e.Reason
		}
		return need(!t.hello.IsZero(), subject.Hello)
	case subject.CaughtUp:
		if _, twice := t.caught[e.Partition]; twice {
			return need(false, fmt.Sprintf("a further %s of partition %d", subject.RestoreStart, e.Partition))
		}
		t.caught[e.Partition] = e
		t.caughtUp = e.At
		_, started := t.ranges[e.Partition]
		return need(started, subject.RestoreStart)
	case subject.Ready:
		t.ready = e.At
		return need(len(t.caught) == t.wanted(), fmt.Sprintf("%s of %d partitions", subject.CaughtUp, t.wanted()))
	case subject.FirstRead:
		t.servedAt, t.servedOK = e.At, e.OK
		t.done, t.kept = t.moments, maps.Clone(t.only)
		return need(!t.ready.IsZero(), subject.Ready)
	}
	return nil
}

// ofPartition says whether an event is of one partition.
func ofPartition(e subject.Event) bool {
	switch e.Event {
	case subject.RestoreStart, subject.ProgressMade, subject.CaughtUp:
		return true
	}
	return false
}

// phases splits the time from the kill to the first correct read. A phase whose beginning
// the subject did not report is left out, and its time is part of the one before it; the phases
// always add up to the downtime.
func (t *timeline) phases() (phases map[string]int64, downtime time.Duration) {
	moments := []struct {
		begins string
		at     time.Time
	}{
		{record.PhaseExit, t.killed},
		{record.PhaseDetect, t.reaped},
		{record.PhaseSpawn, t.started},
		{record.PhaseAssign, t.hello},
		{record.PhaseOpen, t.assigned},
		{record.PhasePlan, t.opened},
		{record.PhaseRestore, t.planned},
		{record.PhaseServe, t.caughtUp},
		{"", t.servedAt},
	}
	downtime = t.servedAt.Sub(t.killed)
	phases, other := map[string]int64{}, downtime
	last := moments[0]
	for _, m := range moments[1:] {
		if m.at.IsZero() {
			continue
		}
		phases[last.begins] = m.at.Sub(last.at).Nanoseconds()
		other -= m.at.Sub(last.at)
		last = m
	}
	phases[record.PhaseOther] = other.Nanoseconds()
	return phases, downtime
}

// restored sums up what came out of the changelog.
func (t *timeline) restored() record.Restored {
	var r record.Restored
	modes := map[string]bool{}
	for _, e := range t.caught {
		modes[e.Mode] = true
		r.Fetcher = e.Fetcher // the same for all
		r.Records += e.Records
		r.Bytes += e.Bytes
		r.NullKeys += e.NullKeys
		r.FetchWaitNS += e.FetchWaitNS
		r.DecodeNS += e.DecodeNS
		r.ApplyNS += e.ApplyNS
		r.FlushNS += e.FlushNS
	}
	for _, e := range t.ranges {
		r.Offsets += e.To - e.From
	}
	r.Mode = strings.Join(slices.Sorted(maps.Keys(modes)), ",")
	return r
}

// recovery is the path that was taken, by what the subject reported: not by what
// was asked for.
func (t *timeline) recovery() string {
	if t.path == subject.PathStandby {
		return record.Standby
	}
	if t.path != subject.PathLocal && !t.goesOn() {
		return record.Replay
	}
	for p, r := range t.ranges {
		// A transaction's marker behind the last record is no tail; Kafka Streams' saved offset is before it.
		if c, done := t.caught[p]; r.From < r.To && (!done || c.Records > 0) {
			return record.LocalTail
		}
	}
	return record.Local
}

// goesOn says of a subject that does not tell when it has opened its files whether it went on where
// files of its had left off: in every partition that has anything.
func (t *timeline) goesOn() bool {
	if t.path != "" {
		return false
	}
	some := false
	for _, r := range t.ranges {
		if r.To > 0 && r.From == 0 {
			return false
		}
		some = some || r.To > 0
	}
	return some
}
