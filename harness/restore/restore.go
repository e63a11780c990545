// Package restore brings a store's contents up to a changelog partition's end.
// It follows Kafka Streams (StoreChangelogReader): the end offset is captured
// first; reading starts at the saved offset, or at the log's beginning; it is
// complete when the position reaches the captured end, whatever the last records
// are. Unlike Kafka Streams it moves whole batches, and fetches the next ones
// while one is applied.
package restore

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync/atomic"
	"time"

	"restorebench/harness/changelog"
	"restorebench/internal/defect"
	"restorebench/stores"
)

// ErrStale means that the offset saved with local files is not in the changelog any
// more, or never was. The files can't be brought up to date, only replaced.
var ErrStale = errors.New("saved offset is not in the changelog")

// Range is what has to be read: from (inclusive) to (exclusive).
type Range struct {
	From, To stores.Offset
}

// Plan decides what to read of a partition that holds [begin, end) for a store
// that stands at saved; ok says whether it has a saved offset at all.
func Plan(saved stores.Offset, ok bool, begin, end stores.Offset) (Range, error) {
	if defect.Is(defect.EndTooEarly) && end > begin {
		end--
	}
	switch {
	case !ok:
		return Range{From: begin, To: end}, nil
	case saved > end && !defect.Is(defect.StaleAccepted):
		return Range{}, fmt.Errorf("%w: saved %d, end offset %d", ErrStale, saved, end)
	case saved < begin && !defect.Is(defect.BehindBegin):
		return Range{}, fmt.Errorf("%w: saved %d, first offset %d", ErrStale, saved, begin)
	}
	return Range{From: saved, To: end}, nil
}

// Source delivers a partition's records in order; changelog.PartitionReader is
// the real one.
type Source interface {
	// Read fills b with records below stop; see changelog.PartitionReader.Read.
	Read(ctx context.Context, b *stores.Batch, stop stores.Offset, wait time.Duration) error
	// Stats says where the source's time went so far.
	Stats() changelog.ReadStats
}

// Progress is what has been applied so far, for whoever watches.
type Progress struct {
	Offset  atomic.Int64 // next to apply
	Records atomic.Int64
	Bytes   atomic.Int64 // keys + values
}

// Result is what a restore did.
type Result struct {
	Records, Bytes, NullKeys int64
	// FetchWait and Decode are the source's, and run beside Apply.
	FetchWait, Decode, Apply, Flush time.Duration
}

// readWait is how long a read waits for something to arrive.
const readWait = 100 * time.Millisecond

// Apply moves the records of r from src to store and makes them durable. p is
// kept up to date. A range that is empty costs nothing: no read, no flush.
func Apply(ctx context.Context, src Source, store stores.Store, r Range, p *Progress) (Result, error) {
	var res Result
	p.Offset.Store(int64(r.From))
	if r.From >= r.To {
		return res, nil
	}
	ctx, cancel := context.WithCancel(ctx)
	full, empty := make(chan *stores.Batch, changelog.InFlight), make(chan *stores.Batch, changelog.InFlight)
	for range changelog.InFlight {
		empty <- changelog.NewBatch()
	}
	var fetchErr error
	go func() {
		defer close(full) // publishes fetchErr
		fetchErr = fetch(ctx, src, r, full, empty)
	}()
	err := drain(store, p, &res, full, empty)
	cancel()
	for range full { // wait for the fetcher: src belongs to the caller again
	}
	if err != nil {
		fetchErr = nil // it only stopped because the applier did
	}
	stats := src.Stats()
	res.FetchWait, res.Decode = stats.Wait, stats.Decode
	if err := errors.Join(err, fetchErr); err != nil {
		return res, err
	}
	start := time.Now()
	err = store.Flush()
	res.Flush = time.Since(start)
	return res, err
}

// fetch fills batches until the position reaches the end of the range.
func fetch(ctx context.Context, src Source, r Range, full chan<- *stores.Batch, empty <-chan *stores.Batch) error {
	for at := r.From; at < r.To; {
		var b *stores.Batch
		select {
		case b = <-empty:
		case <-ctx.Done():
			return ctx.Err()
		}
		for moved := false; !moved; {
			stop := r.To
			if defect.Is(defect.EndNotHeld) {
				stop = math.MaxInt64
			}
			if err := src.Read(ctx, b, stop, readWait); err != nil {
				return err
			}
			spoil(b, r.To)
			moved = b.Next > at
		}
		at = b.Next
		full <- b // never blocks: there are no more batches than places
	}
	return nil
}

// drain applies batches in the order in which they were fetched.
func drain(store stores.Store, p *Progress, res *Result, full <-chan *stores.Batch, empty chan<- *stores.Batch) error {
	for b := range full {
		start := time.Now()
		if err := store.Apply(b); err != nil {
			return fmt.Errorf("apply batch before offset %d: %w", b.Next, err)
		}
		res.Apply += time.Since(start)
		bytes := b.Bytes()
		res.Records += int64(b.Len())
		res.Bytes += bytes
		res.NullKeys += b.NullKeys
		p.Offset.Store(int64(b.Next))
		p.Records.Add(int64(b.Len()))
		p.Bytes.Add(bytes)
		empty <- b
	}
	return nil
}
