package torture

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"time"

	"restorebench/harness/broker"
	"restorebench/harness/changelog"
	"restorebench/harness/subject"
	"restorebench/stores"
)

// Faults by the broker's own log cleaner, while the processor is dead.
const (
	// FaultTopicExpired: another processor, on files of its own, goes on for longer than tombstones are kept. Then the first one
	// comes back, with files that have keys of which nothing in the changelog says any more that they were deleted.
	FaultTopicExpired = "topic-expired"
	// FaultTopicHole: the changelog ends in holes that the cleaner left and in markers of transactions: no record stands
	// there that would tell a restore that it is at the end. Tombstones are all there.
	FaultTopicHole = "topic-hole"
)

const (
	expiresAfter   = 3 * time.Second // delete.retention.ms
	segmentTime    = 100 * time.Millisecond
	cleanerTimeout = 2 * time.Minute
	cleanerPause   = 200 * time.Millisecond // between two of its looks, and two of ours
)

// ofCleaner says whether a fault needs the log cleaner.
func ofCleaner(fault string) bool { return fault == FaultTopicExpired || fault == FaultTopicHole }

// cleanable are settings of a changelog that the cleaner is to come to: it never touches the segment that is written to, which
// is to be a small part. Segments roll by the records' times, of which each is 1 ms later.
func cleanable(fault string) map[string]string {
	switch fault {
	case FaultTopicExpired:
		return map[string]string{"segment.ms": milliseconds(segmentTime), "delete.retention.ms": milliseconds(expiresAfter)}
	case FaultTopicHole:
		return map[string]string{"segment.ms": milliseconds(segmentTime)}
	}
	return nil
}

// hurry makes the cleaner of our own broker look more often.
func (o *Options) hurry(ctx context.Context, admin *changelog.Admin) error {
	if !ofCleaner(o.Fault) || o.Broker == nil || o.Broker.Kind() == broker.Remote {
		return nil
	}
	return admin.AlterBrokers(ctx, map[string]string{"log.cleaner.backoff.ms": milliseconds(cleanerPause)})
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// clean lets the cleaner come to the changelog, or keeps it away: what it has not read yet, the harness must find whole.
func (g *ground) clean(ctx context.Context, admin *changelog.Admin, on bool) error {
	lag := int64(math.MaxInt64)
	if on {
		lag = 0
	}
	return admin.AlterTopic(ctx, g.log, map[string]string{
		"min.compaction.lag.ms": strconv.FormatInt(lag, 10), "min.cleanable.dirty.ratio": "0",
	})
}

// left are the offsets, within [from, to), at which the changelog still has records, and whether each is a tombstone. Those of aborted
// transactions count too.
func (g *ground) left(ctx context.Context, o *Options, from, to stores.Offset) (tombstones, all int, err error) {
	reader, err := changelog.NewReader(o.Brokers, g.log, changelog.ReaderOptions{})
	if err != nil {
		return 0, 0, err
	}
	defer reader.Close()
	err = changelog.Through(ctx, reader, 0, from, to, o.Stall, func(b *stores.Batch) error {
		for _, e := range b.Entries {
			all++
			if e.ValueLen == stores.Tombstone {
				tombstones++
			}
		}
		return nil
	})
	if err != nil {
		return 0, 0, fmt.Errorf("what is left of %s: %w", g.log, err)
	}
	return tombstones, all, nil
}

// expire lets others process on until the tombstones that they wrote first are gone. It returns "" when no key stays deleted
// by one of these.
func (c *campaign) expire(ctx context.Context) (proof string, err error) {
	g, begun := c.ground, time.Now()
	if err := g.settle(ctx, c.Options, &c.cell); err != nil {
		return "", err
	}
	own, opened, first := g.state, g.opened, g.history.next
	defer func() { g.state, g.opened = own, opened }()
	g.struck, g.spent = struck{}, true
	var behind stores.Offset // the tombstones that are to go
	before, left := 0, 0
	for deadline := begun.Add(cleanerTimeout); ; {
		if err := c.elsewhere(ctx); err != nil {
			return "", err
		}
		if behind == 0 {
			behind = g.history.next
			before, _ = g.tombstones(first, behind)
		}
		for until := time.Now().Add(expiresAfter); time.Now().Before(until); {
			if left, _, err = g.left(ctx, c.Options, first, behind); err != nil || left == 0 {
				break
			}
			if err = pause(ctx, cleanerPause); err != nil {
				break
			}
		}
		if err == nil {
			err = g.clean(ctx, c.admin, false)
		}
		if err == nil {
			err = pause(ctx, 2*cleanerPause) // it may be at it
		}
		if err != nil {
			return "", err
		}
		if left == 0 {
			break
		}
		if time.Now().After(deadline) {
			return "", fmt.Errorf("%d of %d tombstones are in the changelog after %v, delete.retention.ms is %v: does the cleaner run?",
				left, before, cleanerTimeout, expiresAfter)
		}
	}
	if _, g.struck.forgotten = g.tombstones(first, behind); len(g.struck.forgotten) == 0 {
		return "", nil
	}
	return fmt.Sprintf("of %d tombstones from offset %d to %d none is left after %v, with delete.retention.ms %v; the changelog ends at %d, and %d keys stay deleted by them",
		before, first, behind-1, time.Since(begun).Round(time.Millisecond), expiresAfter, g.history.next, len(g.struck.forgotten)), nil
}

// elsewhere lets a processor on other files live until all of the input is processed, kills it, and lets the cleaner come.
func (c *campaign) elsewhere(ctx context.Context) error {
	g := c.ground
	if err := g.newState(c.Fault); err != nil {
		return err
	}
	l, err := c.live(ctx, nil)
	if err != nil {
		return err
	}
	if _, err := l.end(ctx); err != nil {
		return err
	}
	if err := g.settle(ctx, c.Options, &c.cell); err != nil {
		return err
	}
	return g.clean(ctx, c.admin, true)
}

// tombstones counts those that the changelog got within [from, to), and says which keys stay deleted by one of them.
func (g *ground) tombstones(from, to stores.Offset) (n int, deleted map[string]bool) {
	deleted = map[string]bool{}
	for _, e := range g.history.entries {
		key, value := g.traffic.record(e.number)
		within := e.offset >= from && e.offset < to
		if delete(deleted, string(key)); within && value == nil {
			deleted[string(key)] = true
			n++
		}
	}
	return n, deleted
}

// expired demands that files were wiped whose deletes nobody tells any more, and says how many keys of these they had.
func (s *struck) expired(l *life) error {
	if s.forgotten == nil {
		return nil
	}
	if l.opened.Path == subject.PathLocal {
		return fmt.Errorf("local files at offset %d were used, and the tombstones behind that have expired", l.start.From)
	}
	return nil
}

// returning are the deleted keys that local files had.
func (s *struck) returning(l *life) (n int) {
	for _, e := range l.atOpen {
		if s.forgotten[string(e.Key)] {
			n++
		}
	}
	return n
}

const holeRecords = 10

// hollow adds a transaction of tombstones of one key that nobody has, which is committed, and one that is aborted, and waits until
// the cleaner has left nothing of both but the last tombstone.
func (g *ground) hollow(ctx context.Context, o *Options, admin *changelog.Admin) (proof string, err error) {
	begun, from := time.Now(), g.history.next
	t, err := changelog.NewTransactions(ctx, o.Brokers, g.log+"-hole", nil)
	if err != nil {
		return "", err
	}
	defer t.Close()
	deletes := changelog.NewBatch()
	for range holeRecords {
		deletes.Append([]byte("hole"), nil, timestamp(0), deletes.Next)
	}
	if err := t.Begin(); err != nil {
		return "", err
	}
	commit, err := t.Send(ctx, g.log, deletes)
	if err == nil {
		err = t.Commit(ctx)
	}
	if err == nil {
		err = pause(ctx, 3*segmentTime) // or both markers would be in the segment that is written to
	}
	if err != nil {
		return "", err
	}
	abort, err := g.aborted(ctx, t, holeRecords)
	if err == nil {
		err = t.Abort(ctx)
	}
	if err == nil {
		err = g.clean(ctx, admin, true)
	}
	end := abort + 1
	for deadline := time.Now().Add(cleanerTimeout); err == nil; {
		var left int
		if _, left, err = g.left(ctx, o, from, end); err != nil || left == 1 {
			break
		}
		if time.Now().After(deadline) {
			return "", fmt.Errorf("%d records are in the changelog from offset %d on after %v, want 1: does the cleaner run?", left, from, cleanerTimeout)
		}
		err = pause(ctx, cleanerPause)
	}
	if err == nil {
		err = g.clean(ctx, admin, false)
	}
	if err == nil {
		err = pause(ctx, 2*cleanerPause)
	}
	g.history.next = end
	return fmt.Sprintf("of %d records from offset %d on one is left, %v after they were written, and the end is %d: a hole, a tombstone at %d, a commit marker, a hole, an abort marker",
		2*holeRecords, from, time.Since(begun).Round(time.Millisecond), end, commit-1), err
}
