package torture

import (
	"context"
	"errors"
	"fmt"
	"time"

	"restorebench/harness/subject"
)

// What a processor had got to when it was killed.
const (
	duringStart   = "start" // before its restore
	duringRestore = "restore"
	duringTraffic = "traffic"
	duringIdle    = "idle" // all input was processed
)

var (
	errHung  = errors.New("the processor hung")
	errEnded = errors.New("the processor ended by itself")
	// errRefused: it did so for files that it does not trust.
	errRefused = errors.New("the processor refused its files")
)

// life is one incarnation of the processor, as its events tell it.
type life struct {
	process  *subject.Process
	during   string
	killing  *subject.Event // the planned moment came
	opened   subject.Event
	start    subject.Event // of the restore
	atOpen   []subject.Entry
	recovery time.Duration
	failed   subject.Event // what it said of its end, if it did
	strike   *strike       // of the broker, or nil
	back     bool          // the broker is
	// held is called when the restore stands still, if that was planned, and settled once the store has all that was read before.
	held    func(subject.Event) error
	settled func() error
	holding *subject.Event
	applied int64 // by the restore, up to this offset
}

// live follows a process until it is dead or done with its input, and until the broker is back
// if it was struck. restored is called with what the store holds when it is restored, before
// any new input.
func (l *life) live(ctx context.Context, m *moment, stall time.Duration, restored func([]subject.Entry) error) error {
	l.during = duringStart
	err := l.follow(ctx, m, stall, lifeStalls*stall, restored)
	if l.strike == nil {
		return err
	}
	return errors.Join(err, l.strike.finish(ctx, l.during))
}

// lifeStalls times the stall timeout are for all of a life, since one whose restore tells of progress for ever hangs, too. One whose broker is away
// takes a minute.
const lifeStalls = 10

func (l *life) follow(ctx context.Context, m *moment, stall, most time.Duration, restored func([]subject.Entry) error) error {
	var kill, strike <-chan time.Time
	switch {
	case l.strike != nil && l.strike.event == "":
		strike = time.After(l.strike.after)
	case l.strike == nil && m != nil && m.plan == nil:
		kill = time.After(m.after)
	}
	deadline := time.NewTimer(stall)
	defer deadline.Stop()
	over := time.NewTimer(most)
	defer over.Stop()
	for {
		select {
		case e, ok := <-l.process.Events():
			if !ok {
				return nil // Wait says how
			}
			done, err := l.event(e, restored)
			if done || err != nil {
				return err
			}
			if l.strike != nil && l.strike.due(&e) {
				l.meet(ctx, &e)
			}
			deadline.Reset(stall)
		case <-strike:
			l.strike.begin(ctx, l.during)
		case <-l.struck():
			l.back = true
			if !l.strike.patient {
				kill = time.After(m.after)
			}
			deadline.Reset(stall)
		case <-kill:
			return nil
		case <-deadline.C:
			if l.struck() != nil { // nothing can be expected
				deadline.Reset(stall)
				continue
			}
			return fmt.Errorf("%w: no event for %v, at %s", errHung, stall, l.during)
		case <-over.C:
			if l.struck() != nil {
				over.Reset(most)
				continue
			}
			return fmt.Errorf("%w: it is not done after %v, at %s", errHung, most, l.during)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// meet begins the strike at an event, for which a restore may stand still.
func (l *life) meet(ctx context.Context, e *subject.Event) {
	if l.strike.done == nil && e.Event == subject.Holding {
		l.strike.held = fmt.Sprintf("a restore from offset %d to %d stood still at %d; ", l.start.From, l.start.To, e.Offset)
		l.strike.goOn = func() error {
			_, err := l.process.Tell(subject.GoOn)
			return err
		}
	}
	l.strike.begin(ctx, l.during)
}

// struck is closed once the broker is back, and nil before it is struck and once that is known.
func (l *life) struck() <-chan struct{} {
	if l.strike == nil || l.back {
		return nil
	}
	return l.strike.done
}

func (l *life) event(e subject.Event, restored func([]subject.Entry) error) (done bool, err error) {
	switch e.Event {
	case subject.Failed:
		l.failed = e
		if e.Code == codeCorrupt || e.Code == codePartitions {
			return false, fmt.Errorf("%w: %s", errRefused, e.Message)
		}
		return false, fmt.Errorf("%w: %s: %s", errEnded, e.Code, e.Message)
	case subject.Opened:
		l.opened = e
	case subject.RestoreStart:
		l.start, l.during = e, duringRestore
	case subject.Ready:
		l.recovery, l.during = e.At.Sub(l.process.Started), duringTraffic
	case subject.Holding:
		l.holding = &e
		if l.held != nil {
			return false, l.held(e)
		}
		return false, l.settle()
	case subject.ProgressMade:
		l.applied = e.Offset
		return false, l.settle()
	case subject.Killing:
		l.killing = &e
	case subject.Contents:
		if e.Store == subject.ShownAtOpen || l.during != duringTraffic {
			l.atOpen = e.Entries
			return false, nil
		}
		return false, restored(e.Entries)
	case subject.Loaded:
		l.during = duringIdle
		return true, nil
	}
	return false, nil
}

func (l *life) settle() error {
	if l.settled == nil || l.holding == nil || l.applied < l.holding.Offset {
		return nil
	}
	settled := l.settled
	l.settled = nil
	return settled()
}

// end kills what still lives and demands that it ended by SIGKILL. Events that were on
// their way are taken, since a planned moment may be among them.
func (l *life) end(ctx context.Context) (exit string, err error) {
	_, _ = l.process.Kill() // an error means that it is gone
	_, state, err := l.process.Wait(ctx)
	if err != nil {
		return "", err
	}
	for e := range l.process.Events() {
		switch e.Event {
		case subject.Killing:
			l.killing = &e
		case subject.Failed:
			l.failed = e
		}
	}
	l.process.Release()
	if !subject.Killed(state) {
		return state.String(), fmt.Errorf("%w: %v; its log ends with: %s", errEnded, state, l.process.LogTail(5))
	}
	return state.String(), nil
}
