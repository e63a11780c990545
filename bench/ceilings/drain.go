package ceilings

import (
	"context"
	"fmt"
	"time"

	"restorebench/harness/changelog"
	"restorebench/harness/restore"
	"restorebench/stores"
)

// nothing is a store that applies nothing.
type nothing struct{ stores.Store }

func (nothing) Apply(*stores.Batch) error { return nil }
func (nothing) Flush() error              { return nil }

// Drain takes the spans out of the changelog by the restore's own pipeline and
// settings, with nothing applied: what is left is librdkafka and the way into
// flat batches. It is the ceiling of every store here. The connection is made before the
// time starts, as in a restore, which has asked for the end offsets by then.
func Drain(ctx context.Context, s Source) (Result, error) {
	r, err := changelog.NewReader(s.Brokers, s.Topic, s.Consumer)
	if err != nil {
		return Result{}, err
	}
	defer r.Close()
	for _, span := range s.Spans {
		begin, end, err := r.EndOffsets(span.Partition, connectTimeout)
		if err != nil {
			return Result{}, err
		}
		if span.From < begin || span.To > end {
			return Result{}, fmt.Errorf("drain %s-%d from offset %d to %d: %w: the partition has %d to %d",
				s.Topic, span.Partition, span.From, span.To, changelog.ErrOffsetOutOfRange, begin, end)
		}
	}
	var done tally
	start := time.Now()
	err = sideBySide(ctx, len(s.Spans), func(ctx context.Context, i int) error { return drain(ctx, r, s.Spans[i], &done) })
	return done.result(start), err
}

func drain(ctx context.Context, r *changelog.Reader, span changelog.Span, done *tally) error {
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
	res, err := restore.Apply(moving, p, nothing{}, restore.Range{From: span.From, To: span.To}, &progress)
	if err != nil {
		return fmt.Errorf("drain: %w", because(moving, err))
	}
	done.add(res.Records+res.NullKeys, res.Bytes)
	return nil
}
