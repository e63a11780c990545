package processor

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"restorebench/harness/restore"
	"restorebench/harness/subject"
	"restorebench/stores"
	"restorebench/stores/killpoint"
)

// arm prepares the end that the task asks for.
func (p *processor) arm() {
	p.still.begin(p.task.Config.HoldAt)
	if plan := p.task.Config.KillAt; plan != nil {
		killpoint.Arm(*plan, func() {
			e := subject.Event{Event: subject.Killing}
			if len(p.parts) > 0 {
				e.Offset = p.parts[0].progress.Offset.Load()
			}
			_ = p.events.Emit(e) // a pipe that is gone is a parent that is gone
		})
	}
}

// show tells what stores hold.
func (p *processor) show(parts []*partition, suffix string) error {
	for _, part := range parts {
		if err := p.contents(part, part.task.Name+suffix); err != nil {
			return err
		}
	}
	return nil
}

// contents tells what a small store holds.
func (p *processor) contents(part *partition, name string) error {
	e := subject.Event{Event: subject.Contents, Partition: part.id, Store: name}
	it := part.store.Range(nil, nil)
	for it.Next() {
		e.Entries = append(e.Entries, subject.Entry{Key: append([]byte{}, it.Key()...), Value: append([]byte{}, it.Value()...)})
	}
	err := it.Err()
	if closeErr := it.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return fmt.Errorf("contents of %s: %w", name, err)
	}
	return p.events.Emit(e)
}

// cutStore reaches a kill point in the middle of a restore.
type cutStore struct {
	stores.Store
	at   int64 // the first offset that is not applied any more
	part *partition
}

// cut lets a restore end where the task wants it to.
func (p *processor) cut(part *partition, s stores.Store, r restore.Range) stores.Store {
	plan := p.task.Config.KillAt
	if plan == nil || plan.Point != killpoint.Restore {
		return s
	}
	return cutStore{s, int64(r.From) + int64(plan.Share*float64(r.To-r.From)), part}
}

// Apply applies the records before the cut, and no more.
func (c cutStore) Apply(b *stores.Batch) error {
	i := slices.IndexFunc(b.Entries, func(e stores.Entry) bool { return e.Offset >= c.at })
	if i < 0 {
		return c.Store.Apply(b)
	}
	if i > 0 {
		before := *b
		before.Entries, before.Next = b.Entries[:i], stores.Offset(b.Entries[i].Offset)
		if err := c.Store.Apply(&before); err != nil {
			return err
		}
		c.part.progress.Offset.Store(int64(before.Next))
	}
	killpoint.Reached(killpoint.Restore)
	return c.Store.Apply(b)
}

// standstill is where restores stand still, if they are to, until the parent says to go on.
type standstill struct {
	mu    sync.Mutex
	share *float64      // see subject.Config.HoldAt; nil: they are not to
	over  chan struct{} // closed once they may go on
}

// begin makes those stand still that begin from now on.
func (s *standstill) begin(share *float64) {
	if share == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.share == nil {
		s.over = make(chan struct{})
	}
	s.share = share
}

// end lets all go on that stand still, and will.
func (s *standstill) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.share != nil {
		s.share = nil
		close(s.over)
	}
}

func (s *standstill) now() (share *float64, over <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.share, s.over
}

// heldSource stands still at an offset, with nothing read that lies behind it.
type heldSource struct {
	restore.Source
	processor *processor
	part      *partition
	next, at  stores.Offset
	over      <-chan struct{} // the standstill is
	gone      bool            // on
}

// hold lets a restore stand still where the parent wants it to.
func (p *processor) hold(part *partition, s restore.Source, r restore.Range) restore.Source {
	share, over := p.still.now()
	if share == nil {
		return s
	}
	return &heldSource{Source: s, processor: p, part: part, next: r.From, at: r.From + stores.Offset(*share*float64(r.To-r.From)), over: over}
}

// Read reads up to the offset, and behind it once it was told to go on.
func (h *heldSource) Read(ctx context.Context, b *stores.Batch, stop stores.Offset, wait time.Duration) error {
	if h.gone || stop <= h.at {
		return h.Source.Read(ctx, b, stop, wait)
	}
	select {
	case <-h.over:
		h.gone = true
		return h.Source.Read(ctx, b, stop, wait)
	default:
	}
	if h.next < h.at {
		err := h.Source.Read(ctx, b, h.at, wait)
		h.next = b.Next
		return err
	}
	h.gone = true
	if err := h.processor.events.Emit(subject.Event{Event: subject.Holding, Partition: h.part.id, Offset: int64(h.next)}); err != nil {
		return err
	}
	select {
	case <-h.over:
		return h.Source.Read(ctx, b, stop, wait)
	case <-ctx.Done():
		return ctx.Err()
	}
}
