package trial

import (
	"context"
	"fmt"
	"maps"
	"time"

	"golang.org/x/sync/errgroup"

	"restorebench/harness/changelog"
	"restorebench/harness/spec"
	"restorebench/harness/subject"
	"restorebench/stores"
)

// fetchAlone reads what a restore has read once more, the same way and with nothing
// applied: the ceiling of that restore. It is measured behind the trial and on its topic, so
// that both meet the same broker and the same moment of the machine. Nothing read is 0.
func (a *attempt) fetchAlone(ctx context.Context, ranges map[int32]subject.Event) (time.Duration, error) {
	r, err := a.reader(0)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	for p := range ranges { // makes the connections
		if _, _, err := r.EndOffsets(p, a.Spec.StallTimeout); err != nil {
			return 0, fmt.Errorf("measure the ceiling: %w", err)
		}
	}
	start := time.Now()
	group, ctx := errgroup.WithContext(ctx)
	for p, e := range ranges {
		if e.From < e.To {
			group.Go(func() error { return a.readThrough(ctx, r, p, stores.Offset(e.From), stores.Offset(e.To), nil) })
		}
	}
	if err := group.Wait(); err != nil {
		return 0, fmt.Errorf("measure the ceiling: %w", err)
	}
	return time.Since(start), nil
}

// reader reads the changelog as the processor does, but for queueBytes (changelog.ReaderOptions).
func (a *attempt) reader(queueBytes int64) (changelog.Reader, error) {
	given, err := spec.ParseSettings(a.rec.Consumer)
	if err != nil {
		return nil, err
	}
	settings := a.client()
	if a.rec.Guarantee == spec.ExactlyOnce { // what the user says counts
		maps.Copy(settings, changelog.Committed())
	}
	maps.Copy(settings, given)
	return changelog.NewReader(a.Broker.Bootstrap(), a.topic, changelog.ReaderOptions{Fetcher: a.Spec.Fetcher, QueueBytes: queueBytes, Settings: settings})
}

// warmBroker reads what a warm-up has restored again and again for Warm, in the smallest of fetches: the broker's JVM compiles
// what it was called for some ten thousand times, and a restore asks for so much at once that after twenty of a million records each
// a run's trials would still become faster (by two, of which a second of this takes most).
func (a *attempt) warmBroker(ctx context.Context, ranges map[int32]subject.Event) error {
	if a.rec.Trial != WarmUp {
		return nil
	}
	r, err := a.reader(1)
	if err != nil {
		return err
	}
	defer r.Close()
	for until := time.Now().Add(a.Warm); time.Now().Before(until); {
		for p, e := range ranges {
			if err := a.readThrough(ctx, r, p, stores.Offset(e.From), stores.Offset(e.To), nil); err != nil {
				return fmt.Errorf("warm the broker up: %w", err)
			}
		}
	}
	return nil
}

// readThrough reads a partition between two offsets, and shows each batch to see unless that is nil.
func (a *attempt) readThrough(ctx context.Context, r changelog.Reader, partition int32, from, to stores.Offset, see func(*stores.Batch)) error {
	return changelog.Through(ctx, r, partition, from, to, a.Spec.StallTimeout, func(b *stores.Batch) error {
		if see != nil {
			see(b)
		}
		return nil
	})
}
