package processor

import (
	"context"
	"time"

	"restorebench/harness/changelog"
	"restorebench/harness/topology"
	"restorebench/stores"
)

// How the origin of a partition's files is noted, in memory and in the file beside them. What is restored and what is served may be
// dated by goroutines of their own.

func (part *partition) known() origin {
	part.dating.Lock()
	defer part.dating.Unlock()
	return part.origin
}

func (part *partition) setOrigin(o origin) {
	part.dating.Lock()
	defer part.dating.Unlock()
	part.origin, part.noted = o, false
}

// beginOrigin notes and writes what the files are of from now on.
func (p *processor) beginOrigin(part *partition, o origin) error {
	part.dating.Lock()
	defer part.dating.Unlock()
	part.origin, part.noted = o, false
	return p.sourceOf(part).write(o)
}

// setRestored notes that the files hold all that there was at a time, up to an offset; of the zero time, that this is not known.
func (part *partition) setRestored(at time.Time, to stores.Offset) {
	part.dating.Lock()
	defer part.dating.Unlock()
	part.restored, part.restoredTo = at, to
}

// goOn notes that a restore goes on from an offset, with files that hold all that the changelog had at a time. Any offset behind that may
// become durable from here on, and would be taken for an earlier store's where more was noted.
func (p *processor) goOn(part *partition, at time.Time, from stores.Offset) error {
	part.dating.Lock()
	defer part.dating.Unlock()
	begun, back := part.incarnation != part.origin.incarnation, from < part.origin.next
	if !p.keepsFiles(part) || !begun && !back && !part.origin.due(at.UnixMilli()) {
		return nil
	}
	if back && !begun {
		if err := part.beginIncarnation(); err != nil {
			return err
		}
	}
	return p.writeOrigin(part, at, from)
}

// date notes that the files hold all that the changelog had at a time, and are durable up to an offset, if that is due; and once in a
// life in any case, since goOn has noted an offset that files of earlier in the restore may have, too. A snapshot and a flush may come here in another order
// than that of their moments: what was noted of the later one stays.
func (p *processor) date(part *partition, at time.Time, next stores.Offset) error {
	part.dating.Lock()
	defer part.dating.Unlock()
	return p.dateLocked(part, at, next)
}

func (p *processor) dateLocked(part *partition, at time.Time, next stores.Offset) error {
	first := !part.noted && next > part.origin.next
	if !p.keepsFiles(part) || next < part.origin.next || !first && !part.origin.due(at.UnixMilli()) {
		return nil
	}
	part.noted = true
	return p.writeOrigin(part, at, next)
}

func (p *processor) writeOrigin(part *partition, at time.Time, next stores.Offset) error {
	part.origin.at, part.origin.next, part.origin.incarnation = at.UnixMilli(), next, part.incarnation
	return p.sourceOf(part).write(part.origin)
}

// moment is a time, and an offset up to which there is all that the changelog had then.
type moment struct {
	at   time.Time
	next stores.Offset
}

// timed is what writes a partition's changelog while records are processed: that has a batch some time before the store does.
type timed struct {
	topology.Writer
	part *partition
}

func (t timed) Send(b *stores.Batch) (changelog.Ticket, error) {
	t.part.sending()
	return t.Writer.Send(b)
}

// sending notes that a batch is about to be sent.
func (part *partition) sending() { part.sent = append(part.sent, time.Now()) }

// dated is a partition's store while records are processed: what makes it durable is noted.
type dated struct {
	stores.Store
	processor *processor
	part      *partition
}

// Apply takes the oldest of the batches that were sent, and tells snapshots, which are taken beside the one writer, how far the store is. Those
// behind it may be in the changelog already, as of the time when they were sent.
func (d dated) Apply(b *stores.Batch) error {
	err := d.Store.Apply(b)
	if err == nil {
		d.part.holds.Store(&moment{d.part.sent[0], b.Next})
		d.part.sent = d.part.sent[1:]
	}
	return err
}

func (d dated) Flush() error {
	now := time.Now()
	if err := d.Store.Flush(); err != nil {
		return err
	}
	next, _ := d.Offset()
	return d.processor.date(d.part, now, next)
}

// askTimeout bounds the question how long tombstones are kept where nothing waits for the answer.
const askTimeout = 10 * time.Second

// dateLater does, once partitions are ready, what the downtime is not to wait for: it notes that the files hold all that they were
// restored to, and how long the changelog keeps tombstones. Neither is needed before there is a crash, nor worth an error.
func (p *processor) dateLater(ctx context.Context, parts []*partition) {
	readers := make([]changelog.Reader, len(parts)) // of now: of several processes' partitions, each may get another one meanwhile
	for i, part := range parts {
		readers[i] = part.reader
	}
	p.later.Go(func() {
		for i, part := range parts {
			p.dateReady(ctx, part, readers[i])
		}
	})
}

func (p *processor) dateReady(ctx context.Context, part *partition, reader changelog.Reader) {
	if !p.keepsFiles(part) {
		return
	}
	part.dating.Lock()
	if !part.noted && !part.restored.IsZero() {
		_ = p.dateLocked(part, part.restored, part.restoredTo) // else the files look older than they are
	}
	part.dating.Unlock()
	if ctx.Err() != nil {
		return
	}
	kept, err := reader.KeepsTombstones(askTimeout)
	if err != nil {
		return // whoever finds the files asks
	}
	part.dating.Lock()
	defer part.dating.Unlock()
	if part.origin.kept != kept {
		part.origin.kept = kept
		_ = p.sourceOf(part).write(part.origin)
	}
}
