package torture

import (
	"context"
	"fmt"
	"time"

	"restorebench/harness/subject"
)

// FaultZombie stops the processor (SIGSTOP) in its traffic, a successor on another machine takes over, and then the first
// one goes on. Under exactly once it must be fenced, and nothing of what it does may be seen; under at least
// once nothing protects from it.
const FaultZombie = "zombie"

// What became of a zombie.
const (
	OutcomeFenced = "fenced" // it gave up
	OutcomeDone   = "done"   // it had nothing left to write
)

// haunt stops a processor that lives, lets a successor live in its place, and wakes it. The successor is returned: it is the one
// to be killed, and is dead already with an error, as that of live.
func (c *campaign) haunt(ctx context.Context, zombie *life, line *Line) (successor *life, err error) {
	defer zombie.process.Release()
	defer func() {
		if err != nil && successor != nil {
			successor.process.Release()
		}
	}()
	if err := zombie.process.Pause(); err != nil {
		return nil, err
	}
	if err := c.ground.newState(c.Fault); err != nil {
		return nil, err
	}
	successor, err = c.live(ctx, &moment{kind: KindRandom, after: lifeTime})
	if err != nil {
		return successor, err
	}
	if err := zombie.process.Resume(); err != nil {
		return successor, err
	}
	if line.Outcome, line.Why, err = zombie.wake(ctx, c.Stall); err != nil {
		return successor, err
	}
	line.Kind, line.Struck = c.Fault, zombie.during
	line.Proof = fmt.Sprintf("process %d was stopped, %d took over up to offset %d, and %d went on",
		zombie.process.Pid(), successor.process.Pid(), successor.start.To, zombie.process.Pid())
	return successor, nil
}

// wake follows a zombie until it has given up or is done.
func (l *life) wake(ctx context.Context, stall time.Duration) (outcome, why string, err error) {
	deadline := time.After(stall)
	for {
		select {
		case e, ok := <-l.process.Events():
			switch {
			case !ok:
				return "", "", fmt.Errorf("%w: a zombie, without a word", errEnded)
			case e.Event == subject.Failed && e.Code == "fenced":
				return OutcomeFenced, e.Message, nil
			case e.Event == subject.Failed:
				return "", "", fmt.Errorf("%w: a zombie, by %s: %s", errEnded, e.Code, e.Message)
			case e.Event == subject.Loaded:
				return OutcomeDone, "", nil
			}
		case <-deadline:
			return "", "", fmt.Errorf("%w: a zombie that went on, for %v", errHung, stall)
		case <-ctx.Done():
			return "", "", ctx.Err()
		}
	}
}
