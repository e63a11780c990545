package torture

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"restorebench/harness/changelog"
	"restorebench/harness/record"
	"restorebench/harness/spec"
	"restorebench/harness/subject"
	"restorebench/stores"
)

// Faults of the changelog, while the processor is dead.
const (
	FaultTopicTrimmed = "topic-trimmed" // its first records are deleted, mostly beyond the saved offset
	FaultTopicEmptied = "topic-emptied" // all of them are
	FaultTopicShorter = "topic-shorter" // it is created again, as of an earlier time, and ends before the saved offset
	FaultTopicLonger  = "topic-longer"  // the same, and it ends behind the saved offset
	FaultTopicGrown   = "topic-grown"   // it has one partition more
	FaultTopicAborted = "topic-aborted" // it ends in the marker of an aborted transaction
	FaultTopicHanging = "topic-hanging" // a transaction in it is open while the processor starts, and aborted then, or once that has refused it
	FaultTopicEmpty   = "topic-empty"   // it is created again, and has no record at all
)

var topicFaults = []string{
	FaultTopicTrimmed, FaultTopicEmptied, FaultTopicShorter, FaultTopicLonger, FaultTopicGrown, FaultTopicAborted, FaultTopicHanging,
	FaultTopicEmpty, FaultTopicExpired, FaultTopicHole, FaultTopicTrimmedLate, FaultTopicRecreatedLate,
}

func ofTopic(fault string) bool { return slices.Contains(topicFaults, fault) }

// costsFiles says whether local files may be wiped behind a fault.
func costsFiles(fault string) bool {
	switch fault {
	case FaultTopicTrimmed, FaultTopicEmptied, FaultTopicShorter, FaultTopicLonger, FaultTopicEmpty,
		FaultTopicExpired, FaultTopicTrimmedLate, FaultTopicRecreatedLate:
		return true
	}
	return ofFiles(fault)
}

// suits says whether a fault can do anything to a cell.
func (c *Cell) suits(fault string) bool {
	switch {
	case fault == FaultNoSpace, fault == FaultIOError:
		return c.Snapshots || c.Store == spec.StoreRocks // writes files
	case fault == FaultRewound:
		return c.Store == spec.StoreRocks && c.Recovery != record.Replay // has files before a restore is at its end
	case ofFiles(fault), fault == FaultReadOnly, fault == FaultUnreadable, fault == FaultTopicGrown, fault == FaultTopicExpired, fault == FaultLockHeld, needsDisk(fault):
		return c.Recovery != record.Replay // has files
	case fault == FaultTopicAborted, fault == FaultTopicHanging, fault == FaultZombie:
		return c.ExactlyOnce // leaves them out, and fences it
	}
	return true
}

// Numbers of partitions, before FaultTopicGrown and behind it.
const (
	grownFrom = 1
	grownTo   = 2
)

// enough records are committed for a fault of the changelog to matter.
const enough = 50

// struck is what a fault did to a changelog.
type struck struct {
	begin     stores.Offset // the first record that is there
	recreated bool
	grown     bool
	hanging   *hanging        // a transaction
	replayed  bool            // the files that there are were made since
	late      *life           // whose restore was struck
	forgotten map[string]bool // keys whose tombstones expired
}

// strikeTopic does it, and returns what proves that: "" when there is too little to be struck. What has deleted records comes once to a ground:
// whether a store had them by then is only known of the last time.
func (g *ground) strikeTopic(ctx context.Context, o *Options, admin *changelog.Admin, c *Cell, rng *rand.Rand) (proof string, err error) {
	if g.spent || g.struck.open() {
		return "", nil
	}
	committed, err := g.committed.Committed(g.input)
	if err != nil || committed < enough {
		return "", err
	}
	if err := g.settle(ctx, o, c); err != nil {
		return "", err
	}
	g.struck = struck{}
	switch end := g.history.next; o.Fault {
	case FaultTopicTrimmed:
		return g.trim(ctx, admin, end-stores.Offset(rng.Int64N(int64(end)/2)))
	case FaultTopicEmptied:
		return g.trim(ctx, admin, end)
	case FaultTopicGrown:
		g.spent, g.struck.grown = true, true
		return fmt.Sprintf("partitions: %d, then %d", grownFrom, grownTo), admin.AddPartitions(ctx, g.log, grownTo)
	case FaultTopicHole:
		return g.hollow(ctx, o, admin)
	case FaultTopicEmpty:
		return g.recreate(ctx, o, admin, c, 0)
	case FaultTopicShorter, FaultTopicLonger:
		return g.recreate(ctx, o, admin, c, committed/2+stores.Offset(rng.Int64N(int64(committed)/4)))
	default:
		return g.leave(ctx, o, rng.IntN(4) == 0)
	}
}

// settle aborts what a killed processor had begun now, and not by its successor, and reads all that there is.
func (g *ground) settle(ctx context.Context, o *Options, c *Cell) error {
	if c.ExactlyOnce {
		t, err := changelog.NewTransactions(ctx, o.Brokers, g.log+"-0", nil)
		if err != nil {
			return err
		}
		t.Close()
	}
	return g.history.readAll(ctx)
}

func (g *ground) trim(ctx context.Context, admin *changelog.Admin, before stores.Offset) (proof string, err error) {
	g.spent, g.struck.begin = true, before
	return fmt.Sprintf("records before offset %d of %d are deleted", before, g.history.next), admin.DeleteRecords(ctx, g.log, 0, before)
}

// recreate makes the changelog, and the input's offset, what they were at an earlier time, as after a mirror or a backup took
// over: the same records at other offsets. What local files have of later ones must be gone.
func (g *ground) recreate(ctx context.Context, o *Options, admin *changelog.Admin, c *Cell, to stores.Offset) (proof string, err error) {
	end := g.history.next
	if err := admin.Recreate(ctx, g.log, 1, logConfig(o.Fault)); err != nil {
		return "", err
	}
	g.spent, g.struck.recreated = true, true
	g.sent = nil // the input is processed once more from there
	g.history = newHistory(g.traffic, o, g.log, c.ExactlyOnce)
	group, err := changelog.NewGroup(o.Brokers, g.group)
	if err != nil {
		return "", err
	}
	defer group.Close()
	if err := group.Commit(g.input, to); err != nil {
		return "", err
	}
	switch {
	case to == 0: // it stays empty
	case c.ExactlyOnce:
		err = g.refillOnce(ctx, o, to, end)
	default:
		err = g.refill(ctx, o, to, end)
	}
	if err != nil {
		return "", err
	}
	if longer := g.history.next > end; longer != (o.Fault == FaultTopicLonger) {
		return "", fmt.Errorf("%s: it ended at offset %d and ends at %d", o.Fault, end, g.history.next)
	}
	return fmt.Sprintf("created again: it ended at offset %d and ends at %d, the input's was set back to %d", end, g.history.next, to), nil
}

// refill writes the first records of the input to the changelog, if it is to be longer than it was, again and again.
func (g *ground) refill(ctx context.Context, o *Options, to, longer stores.Offset) error {
	w, err := changelog.NewWriter(o.Brokers, g.log, 0, groundTimeout, nil)
	if err != nil {
		return err
	}
	defer w.Close()
	for {
		ticket, err := w.Send(g.inputs(to))
		if err == nil {
			_, err = w.Wait(ctx, ticket)
		}
		if err == nil {
			err = g.history.readAll(ctx)
		}
		if err != nil || o.Fault != FaultTopicLonger || g.history.next > longer {
			return err
		}
	}
}

// refillOnce does it in a transaction, and repeats nothing: what makes it longer is aborted.
func (g *ground) refillOnce(ctx context.Context, o *Options, to, longer stores.Offset) error {
	t, err := changelog.NewTransactions(ctx, o.Brokers, g.log+"-refill", nil)
	if err != nil {
		return err
	}
	defer t.Close()
	if err = t.Begin(); err == nil {
		_, err = t.Send(ctx, g.log, g.inputs(to))
	}
	if err == nil {
		err = t.Commit(ctx)
	}
	if err == nil && o.Fault == FaultTopicLonger {
		_, err = g.aborted(ctx, t, int(longer))
		if err == nil {
			err = t.Abort(ctx)
		}
	}
	if err == nil {
		err = g.history.readAll(ctx)
	}
	return err
}

// inputs are the first records of the input.
func (g *ground) inputs(to stores.Offset) *stores.Batch {
	b := changelog.NewBatch()
	for i := range int64(to) {
		g.traffic.append(b, i)
	}
	return b
}

// aborted writes records in a transaction that is to be aborted: no transcript of anything.
func (g *ground) aborted(ctx context.Context, t *changelog.Transactions, n int) (next stores.Offset, err error) {
	b := changelog.NewBatch()
	for i := range n {
		b.Append(fmt.Appendf(nil, "key-%06d", i), []byte("of an aborted transaction"), timestamp(0), b.Next)
	}
	if err := t.Begin(); err != nil {
		return 0, err
	}
	return t.Send(ctx, g.log, b)
}

// lived notes that the files are of the changelog as the strike left it: the life has begun to make them from nothing.
func (s *struck) lived(l *life) {
	if s.late == nil && l.start.Event != "" && l.opened.Path != subject.PathLocal {
		s.replayed, s.recreated, s.grown = true, false, false
	}
}

// right says what is wrong with the path that was taken behind the fault, if anything.
func (s *struck) right(l *life) error {
	switch {
	case s.recreated && l.opened.Path == subject.PathLocal:
		return fmt.Errorf("local files were used, of a changelog that was deleted and created again")
	case s.grown && l.opened.Path == subject.PathLocal:
		return fmt.Errorf("local files were used, of a changelog with another number of partitions")
	case l.opened.Path == subject.PathLocal && stores.Offset(l.start.From) < s.begin:
		return fmt.Errorf("local files at offset %d were used, and the changelog begins at %d", l.start.From, s.begin)
	}
	return nil
}
