package processor

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"restorebench/harness/changelog"
	"restorebench/harness/subject"
	"restorebench/stores"
	"restorebench/stores/killpoint"
)

// feeding is a table on its way from the input topic to the changelog and the store.
type feeding struct {
	*processor
	task  *subject.Feed
	part  *partition
	group *changelog.Group
	sink  sink

	taken   *stores.Batch // and not yet in the changelog
	next    stores.Offset // of the input, to be committed
	commits int64
}

// feed processes the input up to the end that it has now, with snapshots of the stores
// meanwhile.
func (p *processor) feed(ctx context.Context) error {
	if len(p.parts) != 1 {
		return fmt.Errorf("config: feed: %d partitions and stores, want 1", len(p.parts))
	}
	f := &feeding{processor: p, task: p.task.Config.Feed, part: p.parts[0], taken: changelog.NewBatch()}
	fed := make(chan struct{})
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return p.snapshots(ctx, fed) })
	group.Go(func() error {
		defer close(fed)
		return f.run(ctx)
	})
	return group.Wait()
}

func (f *feeding) run(ctx context.Context) (err error) {
	brokers := f.processor.task.Brokers
	if f.group, err = changelog.NewGroup(brokers, f.task.Group, f.client(nil)); err != nil {
		return err
	}
	defer f.group.Close()
	if f.sink, err = f.newSink(); err != nil {
		return err
	}
	defer f.sink.close()
	input, err := changelog.NewReader(brokers, f.task.Input, changelog.ReaderOptions{Settings: f.client(nil)})
	if err != nil {
		return err
	}
	defer input.Close()
	if err := f.read(ctx, input); err != nil {
		return err
	}
	return f.events.Emit(subject.Event{Event: subject.Loaded, Partition: f.part.id, Offset: int64(f.next), Records: f.part.progress.Records.Load()})
}

// read processes the input from the committed offset on.
func (f *feeding) read(ctx context.Context, input changelog.Reader) error {
	_, end, err := input.EndOffsets(0, offsetTimeout)
	if err != nil {
		return err
	}
	if f.next, err = f.group.Committed(f.task.Input); err != nil || f.next >= end {
		return err
	}
	records, err := input.Partition(0, f.next)
	if err != nil {
		return err
	}
	defer records.Close()
	b := changelog.NewBatch()
	for b.Next < end {
		if err := records.Read(ctx, b, end, 100*time.Millisecond); err != nil {
			return err
		}
		for i := range b.Len() {
			if err := f.process(ctx, b, i); err != nil {
				return err
			}
		}
	}
	return f.commit(ctx)
}

func (f *feeding) process(ctx context.Context, b *stores.Batch, i int) error {
	e := &b.Entries[i]
	if !f.taken.Append(b.Key(i), b.Value(i), e.Timestamp, f.taken.Next) {
		return fmt.Errorf("more than 4 GiB are written between two commits, want fewer records than %d", f.task.CommitRecords)
	}
	f.next = stores.Offset(e.Offset) + 1
	if int64(f.taken.Len()) < f.task.CommitRecords {
		return nil
	}
	return f.commit(ctx)
}

// commit makes what was processed final: first it is sent, then the store takes it together
// with the offset that it stands at, now and then it becomes durable. So the store never
// holds what the changelog may lose, or take back.
func (f *feeding) commit(ctx context.Context) (err error) {
	if f.taken.Len() == 0 {
		return nil
	}
	killpoint.Reached(killpoint.Commit)
	f.part.sending()
	if f.taken.Next, err = f.sink.send(ctx, f.taken, f.next); err != nil {
		return err
	}
	killpoint.Reached(killpoint.Commit)
	if err := f.dated().Apply(f.taken); err != nil {
		return err
	}
	killpoint.Reached(killpoint.Commit)
	if err := f.checkpoint(); err != nil {
		return err
	}
	if err := f.sink.applied(f.next); err != nil {
		return err
	}
	killpoint.Reached(killpoint.Commit)
	f.part.progress.Records.Add(int64(f.taken.Len()))
	f.taken.Reset()
	return nil
}

// checkpoint makes the store durable at every so many commits.
func (f *feeding) checkpoint() error {
	if f.commits++; f.commits%max(f.task.FlushCommits, 1) != 0 {
		return nil
	}
	killpoint.Reached(killpoint.Checkpoint)
	if err := f.dated().Flush(); err != nil {
		return err
	}
	killpoint.Reached(killpoint.Checkpoint)
	return nil
}

func (f *feeding) dated() stores.Store { return dated{f.part.store, f.processor, f.part} }
