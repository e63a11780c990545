package processor

import (
	"context"
	"fmt"
	"slices"
	"time"

	"restorebench/harness/restore"
	"restorebench/harness/subject"
	"restorebench/stores"
	"restorebench/stores/killpoint"
)

// arm prepares the end that the task asks for.
func (p *processor) arm() {
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

// show tells what every store holds, if it was asked.
func (p *processor) show(suffix string) error {
	if !p.task.Config.Show {
		return nil
	}
	for _, part := range p.parts {
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

// heldSource stands still at an offset, with nothing read that lies behind it.
type heldSource struct {
	restore.Source
	processor *processor
	part      *partition
	next, at  stores.Offset
	gone      bool // on
}

// hold lets the first restore stand still where the task wants it to.
func (p *processor) hold(part *partition, s restore.Source, r restore.Range) restore.Source {
	share := p.task.Config.HoldAt
	if share == nil || !p.held.CompareAndSwap(false, true) {
		return s
	}
	return &heldSource{Source: s, processor: p, part: part, next: r.From, at: r.From + stores.Offset(*share*float64(r.To-r.From))}
}

// Read reads up to the offset, and behind it once it was told to go on.
func (h *heldSource) Read(ctx context.Context, b *stores.Batch, stop stores.Offset, wait time.Duration) error {
	if h.gone || stop <= h.at {
		return h.Source.Read(ctx, b, stop, wait)
	}
	if h.next < h.at {
		err := h.Source.Read(ctx, b, h.at, wait)
		h.next = b.Next
		return err
	}
	h.gone = true
	err := h.processor.events.Emit(subject.Event{Event: subject.Holding, Partition: h.part.id, Offset: int64(h.next)})
	if err == nil {
		err = h.processor.await(ctx)
	}
	if err != nil {
		return err
	}
	return h.Source.Read(ctx, b, stop, wait)
}
