package trial

import (
	"errors"
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
	killed, reaped, started                                     time.Time
	hello, assigned, opened, planned, caughtUp, ready, servedAt time.Time

	path, reason string
	ranges       map[int32]subject.Event // restore_start by partition
	caught       map[int32]subject.Event // caught_up by partition
	partitions   int                     // that must catch up
	servedOK     bool
}

func newTimeline(partitions int) *timeline {
	return &timeline{
		partitions: partitions,
		ranges:     map[int32]subject.Event{}, caught: map[int32]subject.Event{},
	}
}

// errOrder is a subject whose events come in an order that makes no sense.
var errOrder = errors.New("subject broke the protocol")

// add takes an event that belongs to the recovery; others pass.
func (t *timeline) add(e subject.Event) error {
	need := func(ok bool, what string) error {
		if ok {
			return nil
		}
		return fmt.Errorf("%w: %s without %s", errOrder, e.Event, what)
	}
	switch e.Event {
	case subject.Hello:
		t.hello = e.At
	case subject.Assigned:
		t.assigned = e.At
		return need(!t.hello.IsZero(), subject.Hello)
	case subject.Opened:
		t.opened, t.path = e.At, e.Path
		if e.Reason != "" {
			t.reason = e.Reason
		}
		return need(!t.assigned.IsZero(), subject.Assigned)
	case subject.RestoreStart:
		if t.planned.IsZero() {
			t.planned = e.At
		}
		t.ranges[e.Partition] = e
		return need(!t.opened.IsZero(), subject.Opened)
	case subject.CaughtUp:
		t.caught[e.Partition] = e
		t.caughtUp = e.At
		_, started := t.ranges[e.Partition]
		return need(started, subject.RestoreStart)
	case subject.Ready:
		t.ready = e.At
		return need(len(t.caught) == t.partitions, fmt.Sprintf("%s of %d partitions", subject.CaughtUp, t.partitions))
	case subject.FirstRead:
		t.servedAt, t.servedOK = e.At, e.OK
		return need(!t.ready.IsZero(), subject.Ready)
	}
	return nil
}

// phases splits the time from the kill to the first correct read. A moment that
// the subject did not report leaves its phases out, and their time in other; the
// phases always add up to the downtime.
func (t *timeline) phases() (phases map[string]int64, downtime time.Duration) {
	downtime = t.servedAt.Sub(t.killed)
	phases = map[string]int64{}
	other := downtime
	span := func(name string, from, to time.Time) {
		if from.IsZero() || to.IsZero() {
			return
		}
		phases[name] = to.Sub(from).Nanoseconds()
		other -= to.Sub(from)
	}
	span(record.PhaseExit, t.killed, t.reaped)
	span(record.PhaseDetect, t.reaped, t.started)
	span(record.PhaseSpawn, t.started, t.hello)
	span(record.PhaseAssign, t.hello, t.assigned)
	span(record.PhaseOpen, t.assigned, t.opened)
	span(record.PhasePlan, t.opened, t.planned)
	span(record.PhaseRestore, t.planned, t.caughtUp)
	span(record.PhaseServe, t.caughtUp, t.servedAt)
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
	r.Mode = strings.Join(slices.Sorted(maps.Keys(modes)), ",")
	return r
}

// recovery is the path that was taken, by what the subject reported: not by what
// was asked for.
func (t *timeline) recovery() string {
	if t.path != subject.PathLocal {
		return record.Replay
	}
	for _, r := range t.ranges {
		if r.From < r.To {
			return record.LocalTail
		}
	}
	return record.Local
}
