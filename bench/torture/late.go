package torture

import (
	"context"
	"fmt"
	"time"

	"restorebench/harness/subject"
	"restorebench/stores"
)

// Faults of the changelog while a restore reads it, which stands still at a share of it, with nothing read beyond.
const (
	FaultTopicTrimmedLate   = "topic-trimmed-late"   // the records up to there and some behind are deleted
	FaultTopicRecreatedLate = "topic-recreated-late" // it is deleted and created again, as of an earlier time
)

// late says whether a fault of the changelog strikes during a restore.
func late(fault string) bool {
	return fault == FaultTopicTrimmedLate || fault == FaultTopicRecreatedLate
}

// whileDead says whether a fault of the changelog strikes by itself while the processor is dead.
func whileDead(fault string) bool {
	return ofTopic(fault) && !late(fault) && fault != FaultTopicExpired
}

// strikeLate strikes the changelog of a restore that is held, which judges the kill before, and lets it go on. It returns how much
// of the input is committed then.
func (c *campaign) strikeLate(ctx context.Context, l *life, held subject.Event, committed stores.Offset) (stores.Offset, error) {
	g := c.ground
	if len(c.pending) > 0 && committed >= enough {
		proof, now, err := c.changeBeneath(ctx, l, stores.Offset(held.Offset), committed)
		if err != nil {
			return committed, err
		}
		line := c.pending[len(c.pending)-1]
		line.Kind, line.Struck, line.Proof, committed = c.Fault, duringRestore, proof, now
		g.struck.late = l
	}
	_, err := l.process.Tell(subject.GoOn)
	return committed, err
}

func (c *campaign) changeBeneath(ctx context.Context, l *life, held, committed stores.Offset) (proof string, now stores.Offset, err error) {
	g, begun, now := c.ground, time.Now(), committed
	if err := g.history.readAll(ctx); err != nil {
		return "", now, err
	}
	g.struck = struck{}
	end := g.history.next
	switch c.Fault {
	case FaultTopicTrimmedLate:
		proof, err = g.trim(ctx, c.admin, held+1+stores.Offset(c.rng.Int64N(int64(end-held))))
	case FaultTopicRecreatedLate:
		now = committed/2 + stores.Offset(c.rng.Int64N(int64(committed)/4))
		proof, err = g.recreate(ctx, c.Options, c.admin, &c.cell, now)
	}
	return fmt.Sprintf("a restore from offset %d to %d had read up to %d; within %v, %s",
		l.start.From, l.start.To, held, time.Since(begun).Round(time.Millisecond), proof), now, err
}

// noticed demands that a restore that was struck began anew, and takes note that what there is now was made behind the strike.
func (s *struck) noticed(l *life) error {
	if s.late != l {
		return nil
	}
	s.replayed, s.recreated, s.late = true, false, nil
	if l.opened.Path != subject.PathWiped || l.opened.Reason == "" {
		return fmt.Errorf("the changelog changed while it was read, and the restore went on: path %s, from offset %d", l.opened.Path, l.start.From)
	}
	return nil
}
