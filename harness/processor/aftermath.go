package processor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"restorebench/harness/subject"
	"restorebench/stores"
	"restorebench/stores/rocks"
)

// indebted is an engine that goes on working for what was written.
type indebted interface {
	Debt() (rocks.Debt, error)
	WaitForCompactions(ctx context.Context) error
}

// settleTimeout is how long compactions are waited for.
const settleTimeout = 20 * time.Second

// aftermath reports what the restore has left to be done, and what reads cost meanwhile
// and after it. It comes before all else that reads: the digest would warm every cache.
func (p *processor) aftermath(ctx context.Context) error {
	if len(p.task.Config.Reads) == 0 {
		return nil
	}
	ready := time.Now()
	e := subject.Event{Event: subject.Settled}
	var err error
	if e.ReadsReady, err = p.timeReads(); err != nil {
		return err
	}
	if err := p.addDebts(&e.Ready); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()
	for _, store := range p.indebted() {
		if err := store.WaitForCompactions(ctx); errors.Is(err, context.DeadlineExceeded) {
			return p.events.Emit(e) // not settled: what is known
		} else if err != nil {
			return err
		}
	}
	e.SettledNS = time.Since(ready).Nanoseconds()
	if err := p.addDebts(&e.Settled); err != nil {
		return err
	}
	if e.ReadsSettled, err = p.timeReads(); err != nil {
		return err
	}
	return p.events.Emit(e)
}

func (p *processor) indebted() (all []indebted) {
	for _, part := range p.parts {
		if part.space == nil { // of a test's own store
			continue
		}
		for _, bytes := range part.space.byteStores() {
			if s, ok := bytes.(indebted); ok {
				all = append(all, s)
			}
		}
	}
	return all
}

// addDebts sums up over all byte stores.
func (p *processor) addDebts(sum *subject.Debt) error {
	for _, store := range p.indebted() {
		d, err := store.Debt()
		if err != nil {
			return err
		}
		sum.BytesWritten += d.BytesWritten
		sum.PendingBytes += d.PendingBytes
		for level, files := range d.Files {
			if level == len(sum.Files) {
				sum.Files = append(sum.Files, 0)
			}
			sum.Files[level] += files
		}
	}
	for n := len(sum.Files); n > 0 && sum.Files[n-1] == 0; n-- { // levels that nothing has reached
		sum.Files = sum.Files[:n-1]
	}
	return nil
}

// timeReads times the task's point reads, one by one.
func (p *processor) timeReads() (q subject.Quantiles, err error) {
	var took []time.Duration
	for _, r := range p.task.Config.Reads {
		var s stores.Store
		if s, err = p.store(r.Partition); err != nil {
			return q, err
		}
		start := time.Now()
		if _, err := s.Get(r.Key); err != nil {
			return q, fmt.Errorf("point read: %w", err)
		}
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	at := func(share float64) int64 { return took[int(share*float64(len(took)-1))].Nanoseconds() }
	return subject.Quantiles{P50NS: at(0.5), P99NS: at(0.99)}, nil
}
