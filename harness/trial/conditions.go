package trial

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"restorebench/harness/broker"
	"restorebench/harness/changelog"
	"restorebench/harness/spec"
	"restorebench/internal/balloon"
	"restorebench/stores"
)

// prepare brings about what the cell asks for besides the load. state is what the recovery finds.
func (a *attempt) prepare(ctx context.Context, state string) error {
	if err := a.refill(); err != nil {
		return err
	}
	if a.rec.Compacted {
		if err := a.compact(ctx); err != nil {
			return fmt.Errorf("compact the changelog: %w", err)
		}
	}
	if c := a.rec.PageCache; c == spec.CacheColdClient || c == spec.CacheCold {
		if err := dropPages(state); err != nil {
			return fmt.Errorf("page cache of the local files: %w", err)
		}
	}
	if c := a.rec.PageCache; c == spec.CacheColdBroker || c == spec.CacheCold {
		dir := a.Broker.DataDir()
		if dir == "" {
			return fmt.Errorf("page cache of the changelog: only of a --broker local can it be dropped, this one is %s", a.Broker.Kind())
		}
		if err := dropPages(dir); err != nil {
			return fmt.Errorf("page cache of the changelog: %w", err)
		}
	}
	return nil
}

// refill has the host of a virtual machine give the memory back that a recovery needs: on a machine that was busy until the crash it
// would be there, as the victim's or as page cache, and to get it from the host again takes longer than to restore what it is for.
func (a *attempt) refill() error {
	reports, err := balloon.Reports(os.DirFS("/"))
	if err != nil || !reports {
		return nil //nolint:nilerr // one that can't be asked is as none: the doctor says that it is not shown
	}
	const atLeast, perKey = 256 << 20, 64 // of the processor itself, and in memory of the index
	bytes := a.rec.Keys * int64(a.rec.KeyBytes+a.rec.ValueBytes)
	a.rec.RefilledBytes, err = balloon.Refill(atLeast + a.rec.Keys*perKey + 3*bytes/2)
	return err
}

// cleanerConfig is that of a changelog that is to be compacted: the log cleaner never touches the segment that is written to, so
// this one is to be a small part of the changelog; and it is to wait until the load is over.
func (a *attempt) cleanerConfig() map[string]string {
	switch {
	case !a.rec.Compacted && (a.rec.Guarantee == spec.ExactlyOnce || a.foreign()):
		// Markers of transactions have the broker's time, and roll a segment of records that
		// have an older one; and a changelog that waits for another trial has the time: the cleaner would come when it likes.
		return map[string]string{"min.compaction.lag.ms": strconv.Itoa(math.MaxInt64)}
	case !a.rec.Compacted:
		return nil
	}
	const least, most = 1 << 20, 1 << 30 // Kafka's limit, and its default
	bytes := a.end(0) * int64(a.rec.KeyBytes+a.rec.ValueBytes)
	return map[string]string{
		"segment.bytes":             strconv.FormatInt(min(max(bytes/16, int64(a.messageBytes()), least), most), 10),
		"min.cleanable.dirty.ratio": "1",
	}
}

// cleanerPause is between two looks at what the cleaner has left; three that are the same mean that it is done.
const cleanerPause = time.Second

// compact lets the broker's own log cleaner go through the changelog and waits until it removes nothing any more.
func (a *attempt) compact(ctx context.Context) error {
	admin, err := a.admin()
	if err != nil {
		return err
	}
	defer admin.Close()
	if a.Broker.Kind() != broker.Remote { // on somebody's cluster nothing but our topics is touched
		err = admin.AlterBrokers(ctx, map[string]string{"log.cleaner.backoff.ms": "200"})
	}
	err = errors.Join(err, admin.AlterTopic(ctx, a.topic, map[string]string{"min.cleanable.dirty.ratio": "0.001", "delete.retention.ms": "0"}))
	if err != nil {
		return err
	}
	before, left, same, moved := int64(-1), int64(-1), 0, time.Now()
	for same < 3 {
		n, err := a.readable(ctx)
		if err != nil {
			return err
		}
		switch {
		case before < 0:
			before, left = n, n
		case n < left:
			left, same, moved = n, 0, time.Now()
		case left < before || a.rec.UpdatesPerKey == 1: // else it has not begun
			same++
		case time.Since(moved) > a.Spec.StallTimeout:
			return fmt.Errorf("the log cleaner has removed none of %d records in %v", before, a.Spec.StallTimeout)
		}
		a.watch(StageCompact, before-left, before)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(cleanerPause):
		}
	}
	return nil
}

// readable counts the records of the changelog.
func (a *attempt) readable(ctx context.Context) (int64, error) {
	r, err := changelog.NewReader(a.Broker.Bootstrap(), a.topic, changelog.ReaderOptions{Settings: a.client()})
	if err != nil {
		return 0, err
	}
	defer r.Close()
	counts := make([]int64, len(a.ends))
	group, ctx := errgroup.WithContext(ctx)
	for i, end := range a.ends {
		group.Go(func() error {
			begin, _, err := r.EndOffsets(int32(i), a.Spec.StallTimeout)
			if err != nil {
				return err
			}
			return a.readThrough(ctx, r, int32(i), begin, stores.Offset(end), func(b *stores.Batch) { counts[i] += int64(b.Len()) })
		})
	}
	if err := group.Wait(); err != nil {
		return 0, err
	}
	return sum(counts), nil
}
