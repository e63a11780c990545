package processor

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math"
	"time"

	"golang.org/x/sync/errgroup"

	"restorebench/harness/changelog"
	"restorebench/harness/restore"
	"restorebench/harness/subject"
	"restorebench/internal/defect"
	"restorebench/stores"
)

// listen hears each subject.GoOn, and calls end when stdin does.
func (p *processor) listen(stdin io.Reader, end func()) {
	defer end()
	for lines := bufio.NewScanner(stdin); lines.Scan(); {
		if lines.Text() == subject.GoOn {
			p.goAhead()
		}
	}
}

// goAhead lets go on whatever waits for the parent to say so.
func (p *processor) goAhead() {
	p.still.end()
	p.telling.Do(func() { close(p.told) })
}

// await waits until the parent says to go on.
func (p *processor) await(ctx context.Context) error {
	select {
	case <-p.told:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// takeOver keeps a copy of the partitions until it is told to take over; what it then has is opened
// already, and is only to be caught up with.
func (p *processor) takeOver(ctx context.Context) error {
	if err := p.layout(); err != nil {
		return err
	}
	path, reason, err := p.openAll(p.parts)
	if err != nil {
		return err
	}
	if path == subject.PathWiped {
		return fmt.Errorf("the files of a standby: %s", reason)
	}
	if err := p.keep(ctx); err != nil {
		return err
	}
	if err := p.fence(ctx); err != nil {
		return err
	}
	if err := p.events.Emit(subject.Event{Event: subject.Assigned, Partitions: p.task.Config.Partitions}); err != nil {
		return err
	}
	return p.events.Emit(subject.Event{Event: subject.Opened, Path: subject.PathStandby})
}

// keep applies the changelog as it grows, each partition on its own, until the parent says to go on.
func (p *processor) keep(ctx context.Context) error {
	keeping, stop := context.WithCancel(ctx)
	defer stop()
	group, keeping := errgroup.WithContext(keeping)
	for _, part := range p.parts {
		group.Go(func() error { return p.keepPartition(keeping, part) })
	}
	select {
	case <-p.told:
	case <-keeping.Done(): // one of them failed, or the parent wants an end
	}
	stop()
	if err := group.Wait(); err != nil {
		return fmt.Errorf("standby: %w", err)
	}
	return ctx.Err()
}

// keepPartition returns nil when ctx ends: the store then has whole batches. No end bounds what is
// read, and what is applied becomes durable when the engine likes: a copy that dies is
// made anew.
func (p *processor) keepPartition(ctx context.Context, part *partition) error {
	if err := p.identify(part); err != nil {
		return err
	}
	asked := time.Now()
	begin, end, err := part.reader.EndOffsets(part.id, offsetTimeout)
	if err != nil {
		return err
	}
	saved, ok := part.store.Offset()
	r, err := restore.Plan(saved, ok, begin, end)
	why := ""
	if err == nil && ok && r.From < r.To {
		why, err = p.tooOld(part, asked)
	}
	if err == nil && why != "" {
		if err = p.wipe(part); err == nil {
			r, err = restore.Plan(0, false, begin, end)
		}
	}
	since := asked.UnixMilli()
	switch {
	case err != nil:
	case !ok || why != "": // there is nothing in them
		err = p.goOn(part, asked, r.From)
	case p.keepsFiles(part): // what is in memory alone was served until now
		since = part.known().at
	}
	if err != nil {
		return fmt.Errorf("partition %d: %w", part.id, err)
	}
	reader, err := part.reader.Partition(part.id, r.From)
	if err != nil {
		return err
	}
	defer reader.Close()
	source := p.warySince(part, reader, since)
	// A copy that has all of it already, as that of what was just given up, has no batch to tell of.
	err = p.events.Emit(subject.Event{Event: subject.ProgressMade, Partition: part.id, Offset: int64(r.From)})
	if err != nil {
		return err
	}
	batch, records := changelog.NewBatch(), int64(0)
	for at := r.From; ; at = batch.Next {
		if at >= end { // it has all that there was then, which is what a hole is too late for
			source.at = asked.UnixMilli()
			if now := time.Now(); now.Sub(asked) >= keepAsk {
				if _, to, err := part.reader.EndOffsets(part.id, keepAsk); err == nil { // else it looks older than it is
					asked, end = now, to
				}
			}
		}
		if err := source.Read(ctx, batch, math.MaxInt64, keepWait); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		if batch.Next == at || defect.Is(defect.StandbyIdle) {
			continue
		}
		if err := part.store.Apply(pretended(batch)); err != nil {
			return fmt.Errorf("apply batch before offset %d of partition %d: %w", batch.Next, part.id, err)
		}
		records += int64(batch.Len())
		// Each batch is told: how far behind the copy was is known by what it had said before the kill.
		err := p.events.Emit(subject.Event{Event: subject.ProgressMade, Partition: part.id, Offset: int64(batch.Next), Records: records})
		if err != nil {
			return err
		}
	}
}

const (
	// keepWait is how long a read waits for something to arrive.
	keepWait = 100 * time.Millisecond
	// keepAsk is how long an answer to where the changelog ends is good enough for, and how long one is waited for.
	keepAsk = time.Second
)

// pretended is where a seeded defect takes all records out of a batch.
func pretended(b *stores.Batch) *stores.Batch {
	if defect.Is(defect.StandbyPretends) {
		b.Entries = b.Entries[:0]
	}
	return b
}
