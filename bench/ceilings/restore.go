package ceilings

import (
	"context"
	"fmt"
	"time"

	"restorebench/harness/changelog"
	"restorebench/harness/restore"
	"restorebench/stores"
)

// Restore brings a store per span up to its end, side by side, by the restore's own
// pipeline and settings, and makes it durable. The connection is made before the time
// starts, as in a recovery, which has asked for the end offsets by then. The stores
// belong to the caller.
func Restore(ctx context.Context, s Source, into []stores.Store) (Result, error) {
	r, err := changelog.NewReader(s.Brokers, s.Topic, changelog.ReaderOptions{Fetcher: s.Fetcher, Settings: s.Consumer})
	if err != nil {
		return Result{}, err
	}
	defer r.Close()
	for _, span := range s.Spans {
		if err := covers(r, s.Topic, span); err != nil {
			return Result{}, err
		}
	}
	var done tally
	start := time.Now()
	err = sideBySide(ctx, len(s.Spans), func(ctx context.Context, i int) error {
		return restoreSpan(ctx, r, s.Spans[i], into[i], &done)
	})
	return done.result(start), err
}

func restoreSpan(ctx context.Context, r changelog.Reader, span changelog.Span, into stores.Store, done *tally) error {
	if span.From >= span.To {
		return nil
	}
	p, err := r.Partition(span.Partition, span.From)
	if err != nil {
		return err
	}
	defer p.Close()
	var progress restore.Progress
	moving, stop := whileMoving(ctx, stallLimit, &progress.Offset)
	defer stop()
	res, err := restore.Apply(moving, p, into, restore.Range{From: span.From, To: span.To}, &progress)
	if err != nil {
		return fmt.Errorf("read %s-%d: %w", r.Topic(), span.Partition, because(moving, err))
	}
	done.add(res.Records+res.NullKeys, res.Bytes)
	return nil
}

// ends tells where a partition begins and ends.
type ends interface {
	EndOffsets(partition int32, timeout time.Duration) (begin, end stores.Offset, err error)
}

// covers is an error unless the partition has the whole of a span.
func covers(r ends, topic string, span changelog.Span) error {
	begin, end, err := r.EndOffsets(span.Partition, connectTimeout)
	if err == nil && (span.From < begin || span.To > end) {
		err = fmt.Errorf("read %s-%d from offset %d to %d: %w: the partition has %d to %d",
			topic, span.Partition, span.From, span.To, changelog.ErrOffsetOutOfRange, begin, end)
	}
	return err
}
