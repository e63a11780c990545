// Package ceilings measures what bounds a restore on this machine: each of its
// stages alone, on the topic that is restored and with the same workload. What a
// restore reached is then told as a share of them.
//
// Each measure is a function of its own, so that its calls can be interleaved with
// restores and with each other: on a machine that is shared or gets warm only what
// ran side by side compares.
package ceilings

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"restorebench/harness/changelog"
)

// Source is the part of a changelog topic that is read.
type Source struct {
	Brokers string // HOST:PORT,...
	Topic   string
	Spans   []changelog.Span // one per partition; they are read side by side
	// Consumer overrides changelog.ReplaySettings, as in the restore. The wire takes
	// isolation.level from it, the poll nothing.
	Consumer changelog.Settings
	// Fetcher is how restores read it, see changelog.Fetchers.
	Fetcher string
}

// connectTimeout bounds how long a broker may take to answer before anything is timed.
const connectTimeout = 10 * time.Second

// NewSource captures the partitions from their beginnings to their present ends.
func NewSource(brokers, topic string, partitions int, consumer changelog.Settings) (Source, error) {
	s := Source{Brokers: brokers, Topic: topic, Consumer: consumer}
	r, err := changelog.NewReader(brokers, topic, changelog.ReaderOptions{Settings: consumer})
	if err != nil {
		return s, err
	}
	defer r.Close()
	for p := range int32(partitions) {
		begin, end, err := r.EndOffsets(p, connectTimeout)
		if err != nil {
			return s, err
		}
		s.Spans = append(s.Spans, changelog.Span{Partition: p, From: begin, To: end})
	}
	return s, nil
}

// Result is one measurement.
type Result struct {
	Records int64         `json:"records"`
	Bytes   int64         `json:"bytes"` // keys + values; off the wire the whole responses
	Elapsed time.Duration `json:"elapsed_ns"`
}

// RecordsPerSecond is the rate in records, 0 where there was nothing to do.
func (r Result) RecordsPerSecond() float64 { return r.rate(r.Records) }

// BytesPerSecond is the rate in bytes, 0 where there was nothing to do.
func (r Result) BytesPerSecond() float64 { return r.rate(r.Bytes) }

func (r Result) rate(n int64) float64 {
	if r.Elapsed <= 0 {
		return 0
	}
	return float64(n) / r.Elapsed.Seconds()
}

// tally counts what the goroutines of one measurement did.
type tally struct{ records, bytes atomic.Int64 }

func (t *tally) add(records, bytes int64) {
	t.records.Add(records)
	t.bytes.Add(bytes)
}

func (t *tally) result(since time.Time) Result {
	return Result{Records: t.records.Load(), Bytes: t.bytes.Load(), Elapsed: time.Since(since)}
}

// sideBySide calls do for 0 to n-1 at the same time, ends the others when one fails,
// and waits for all of them.
func sideBySide(ctx context.Context, n int, do func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			if err := do(ctx, i); err != nil {
				cancel(err)
			}
		})
	}
	all.Wait()
	return context.Cause(ctx)
}

// because is why ctx ended, or else err: a connection that was closed for the end of a
// context says nothing of it.
func because(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// ErrStalled means that a broker stopped delivering in the middle of a measurement.
var ErrStalled = errors.New("stalled")

// stallLimit is how long nothing may arrive.
const stallLimit = 30 * time.Second

// whileMoving returns a context that ends with ErrStalled as its cause once count
// has not grown for limit. stop releases it.
func whileMoving(ctx context.Context, limit time.Duration, count *atomic.Int64) (moving context.Context, stop func()) {
	moving, cancel := context.WithCancelCause(ctx)
	go func() {
		tick := time.NewTicker(limit / 10)
		defer tick.Stop()
		last, since := count.Load(), time.Now()
		for moving.Err() == nil {
			select {
			case <-moving.Done():
			case <-tick.C:
			}
			if now := count.Load(); now != last {
				last, since = now, time.Now()
			} else if time.Since(since) > limit {
				cancel(fmt.Errorf("%w: no record arrived for %v, after %d", ErrStalled, limit, now))
			}
		}
	}()
	return moving, func() { cancel(nil) }
}
