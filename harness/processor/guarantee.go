package processor

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"

	"restorebench/harness/changelog"
	"restorebench/harness/topology"
	"restorebench/internal/defect"
	"restorebench/stores"
	"restorebench/stores/killpoint"
)

// A sink is where a feed's batches go, under one of the two guarantees.
type sink interface {
	// send returns the changelog's offset behind the batch, which cannot be lost then.
	// next is the input's.
	send(ctx context.Context, b *stores.Batch, next stores.Offset) (stores.Offset, error)
	// applied is called when the store has the batch as well.
	applied(next stores.Offset) error
	close()
}

func (f *feeding) newSink() (sink, error) {
	if t := f.transactions[f.part.id]; t != nil {
		return &exactlyOnce{f, t}, nil
	}
	w, err := changelog.NewWriter(f.processor.task.Brokers, f.part.task.Topic, f.part.id, offsetTimeout, f.client(f.processor.task.Config.Producer))
	return &atLeastOnce{f, w}, err
}

// atLeastOnce moves the input's offset last. A crash before that repeats the batch.
type atLeastOnce struct {
	*feeding
	log *changelog.Writer
}

func (a *atLeastOnce) send(ctx context.Context, b *stores.Batch, _ stores.Offset) (stores.Offset, error) {
	return send(ctx, a.log, b)
}

func (a *atLeastOnce) applied(next stores.Offset) error { return a.group.Commit(a.task.Input, next) }
func (a *atLeastOnce) close()                           { a.log.Close() }

// exactlyOnce moves the changelog, the output and the input's offset in one transaction. The
// store learns of it behind the commit: what its files hold is never taken back, so that
// they are good after any crash. (Kafka Streams before 4.4 writes to its store first, and
// so has to wipe it after an unclean end.)
type exactlyOnce struct {
	*feeding
	transactions *changelog.Transactions
}

func (x *exactlyOnce) send(ctx context.Context, b *stores.Batch, next stores.Offset) (at stores.Offset, err error) {
	at, err = x.transact(ctx, b, next)
	if defect.Is(defect.FencedGoesOn) && errors.Is(err, changelog.ErrFenced) {
		if x.transactions, err = x.newTransactions(ctx, x.part.id); err == nil {
			at, err = x.transact(ctx, b, next)
		}
	}
	return at, err
}

func (x *exactlyOnce) transact(ctx context.Context, b *stores.Batch, next stores.Offset) (at stores.Offset, err error) {
	t := x.transactions
	if err := x.early(ctx, b, next); err != nil {
		return 0, err
	}
	if err := t.Begin(); err != nil {
		return 0, err
	}
	if at, err = t.Send(ctx, x.part.task.Topic, b); err != nil {
		return 0, err
	}
	if defect.Is(defect.StoreBeforeCommit) {
		b.Next = at
		if err := x.part.store.Apply(b); err != nil {
			return 0, err
		}
	}
	killpoint.Reached(killpoint.Commit)
	if x.task.Output != "" && !defect.Is(defect.OutputOutside) {
		if _, err := t.Send(ctx, x.task.Output, b); err != nil {
			return 0, err
		}
	}
	if !defect.Is(defect.InputSkipped) && !defect.Is(defect.InputRepeated) {
		if err := t.SendOffset(ctx, x.group, x.task.Input, next); err != nil {
			return 0, err // nothing of it counts without the offset
		}
	}
	killpoint.Reached(killpoint.Commit)
	return at, t.Commit(ctx)
}

func (x *exactlyOnce) applied(next stores.Offset) error {
	if defect.Is(defect.InputRepeated) {
		return x.group.Commit(x.task.Input, next)
	}
	return nil
}

func (x *exactlyOnce) close() {}

// fence takes over from the last incarnation under exactly once: what that did not commit is
// aborted, and nothing of it is pending when the end offsets are captured. Each partition
// has a producer of its own.
func (p *processor) fence(ctx context.Context) error {
	if !p.task.Config.ExactlyOnce {
		return nil
	}
	p.transactions = map[int32]*changelog.Transactions{}
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	for _, id := range p.task.Config.Partitions {
		group.Go(func() error {
			t, err := p.newTransactions(ctx, id)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			p.transactions[id] = t
			return nil
		})
	}
	return group.Wait()
}

// newTransactions makes a partition's producer, and fences the one that there was.
func (p *processor) newTransactions(ctx context.Context, id int32) (*changelog.Transactions, error) {
	return changelog.NewTransactions(ctx, p.task.Brokers, fmt.Sprintf("%s-%d", p.task.Topic, id), p.client(p.task.Config.Producer))
}

// writer is what writes a partition's changelog; end ends it.
func (p *processor) writer(part *partition) (w topology.Writer, end func(), err error) {
	if t := p.transactions[part.id]; t != nil {
		return t.Writer(part.task.Topic, part.id, part.reader), func() {}, nil
	}
	one, err := changelog.NewWriter(p.task.Brokers, part.task.Topic, part.id, offsetTimeout, p.client(p.task.Config.Producer))
	if err != nil {
		return nil, nil, err
	}
	return one, one.Close, nil
}
