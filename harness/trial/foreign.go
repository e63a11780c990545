package trial

import (
	"context"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"restorebench/harness/changelog"
	"restorebench/harness/record"
	"restorebench/harness/spec"
	"restorebench/harness/subject"
	"restorebench/harness/workload"
	"restorebench/stores"
)

// Subject is a system of others'. It finds a changelog that the harness has loaded, with the
// records that our own processor would have written.
type Subject struct {
	Command subject.Command
	Headers map[string]string // that its changelog's records need; nil: none
	// Settings are those of a cell that are not what the system is shipped with, in words; nil: unknown.
	Settings func(record.Cell) []string
}

func (a *attempt) foreign() bool { return a.rec != nil && a.rec.Subject != spec.SubjectSelf }

// command starts the trial's subject.
func (a *attempt) command() subject.Command {
	if a.foreign() {
		return a.Subjects[a.rec.Subject].Command
	}
	return a.Command
}

// changelogSuffix follows the application's id in the changelog's name.
var changelogSuffix = changelog.TopicName("", "store")

// input is the topic that the application reads, of which nothing is measured: it stays empty.
func (a *attempt) input() string { return strings.TrimSuffix(a.topic, changelogSuffix) + "-input" }

// prime loads the changelog and brings a subject to the state that it is to be killed in. Where all
// is to be replayed it is killed as soon as it has its partitions and has begun to restore them: no more of it
// outlives the kill. Where local files are to be there, one incarnation writes them and is stopped cleanly, and a
// second one goes on with them: so they are current when that is killed, whatever the system
// keeps in memory. A tail is then written behind its back; with a standby, once that has the load.
func (a *attempt) prime(ctx context.Context, state string) (*subject.Process, error) {
	if _, known := a.Subjects[a.rec.Subject]; !known {
		return nil, fmt.Errorf("subject %s is not known", a.rec.Subject)
	}
	if a.ends == nil {
		if err := a.writeChangelog(ctx, func(w *workload.Spec) (from, to int64) { return 0, w.Load() }); err != nil {
			return nil, fmt.Errorf("load: %w", err)
		}
	}
	if a.rec.Recovery == record.Replay {
		until := subject.RestoreStart
		if a.rec.PageCache != "" || a.rec.Compacted { // which one that reads on would spoil
			until = subject.Ready
		}
		return a.incarnate(ctx, state, "first", until)
	}
	if a.rec.Inherited == record.InheritedFiles {
		return a.incarnate(ctx, state, "second", subject.Ready)
	}
	p, err := a.incarnate(ctx, state, "first", subject.Ready)
	if err != nil {
		return nil, err
	}
	if a.copy != nil {
		if err := a.awaitCopy(ctx, a.ends); err != nil {
			p.Release()
			return nil, err
		}
		return a.addTail(ctx, p)
	}
	if err := a.stop(ctx, p); err != nil {
		return nil, fmt.Errorf("the first incarnation: %w", err)
	}
	if p, err = a.incarnate(ctx, state, "second", subject.Ready); err != nil || a.rec.Recovery == record.Local {
		return p, err
	}
	return a.addTail(ctx, p)
}

// addTail writes the newer records behind the back of a subject, which it returns.
func (a *attempt) addTail(ctx context.Context, p *subject.Process) (*subject.Process, error) {
	err := a.writeChangelog(ctx, func(w *workload.Spec) (from, to int64) { return w.Load(), w.Total() })
	if err != nil {
		p.Release()
		return nil, fmt.Errorf("tail: %w", err)
	}
	return p, nil
}

// incarnate starts the subject and returns it once it says that event, at the latest when it is ready.
func (a *attempt) incarnate(ctx context.Context, state, name, event string) (*subject.Process, error) {
	p, err := subject.Start(a.command(), a.task(state, subject.Config{}), a.dir, name)
	if err != nil {
		return nil, err
	}
	err = a.follow(ctx, p, func(e subject.Event) (bool, error) { return e.Event == event || e.Event == subject.Ready, nil })
	if err != nil {
		p.Release()
		return nil, fmt.Errorf("the %s incarnation: %w", name, err)
	}
	return p, nil
}

// stop ends a subject cleanly.
func (a *attempt) stop(ctx context.Context, p *subject.Process) error {
	ctx, cancel := context.WithTimeout(ctx, a.patience())
	defer cancel()
	defer p.Release()
	if err := p.Stop(ctx); err != nil {
		return a.withLog(err, p)
	}
	return nil
}

// writeChangelog writes a part of every partition's workload and waits until it is acknowledged.
func (a *attempt) writeChangelog(ctx context.Context, part func(*workload.Spec) (from, to int64)) error {
	a.ends = make([]int64, len(a.workloads))
	group, ctx := errgroup.WithContext(ctx)
	for i := range a.workloads {
		group.Go(func() (err error) {
			from, to := part(&a.workloads[i])
			a.ends[i], err = a.writePartition(ctx, &a.workloads[i], from, to)
			return err
		})
	}
	return group.Wait()
}

// writePartition returns the end offset behind what it has written.
func (a *attempt) writePartition(ctx context.Context, spec *workload.Spec, from, to int64) (end int64, err error) {
	write, done, err := a.writer(ctx, spec.Partition)
	if err != nil {
		return 0, err
	}
	defer done()
	b := changelog.NewBatch()
	end = from // as many as were written before
	for from < to {
		b.Reset()
		b.Partition = spec.Partition
		from = spec.Append(b, from, to)
		next, err := write(ctx, b)
		if err != nil {
			return 0, err
		}
		end = int64(next)
	}
	return end, nil
}

// writer returns what writes a batch to a partition, as the subject's changelog has its records.
func (a *attempt) writer(ctx context.Context, partition int32) (write func(context.Context, *stores.Batch) (stores.Offset, error), done func(), err error) {
	if headers := a.Subjects[a.rec.Subject].Headers; headers != nil {
		w, err := changelog.NewHeaderWriter(a.Broker.Bootstrap(), a.topic, partition, headers, a.writing())
		if err != nil {
			return nil, nil, err
		}
		return w.Write, w.Close, nil
	}
	if a.rec.Guarantee == spec.ExactlyOnce {
		return a.transactional(ctx, partition)
	}
	w, err := changelog.NewWriter(a.Broker.Bootstrap(), a.topic, partition, a.Spec.StallTimeout, a.writing())
	if err != nil {
		return nil, nil, err
	}
	return func(ctx context.Context, b *stores.Batch) (stores.Offset, error) {
		ticket, err := w.Send(b)
		if err != nil {
			return 0, err
		}
		return w.Wait(ctx, ticket)
	}, w.Close, nil
}

// transactional is a writer under exactly once: records in transactions, and a marker behind each, as an application leaves its
// changelog, and as our own processor does.
func (a *attempt) transactional(ctx context.Context, partition int32) (write func(context.Context, *stores.Batch) (stores.Offset, error), done func(), err error) {
	ends, err := changelog.NewReader(a.Broker.Bootstrap(), a.topic, changelog.ReaderOptions{Settings: a.client()})
	if err != nil {
		return nil, nil, err
	}
	t, err := changelog.NewTransactions(ctx, a.Broker.Bootstrap(), fmt.Sprintf("%s-%d", a.topic, partition), a.writing())
	if err != nil {
		ends.Close()
		return nil, nil, err
	}
	w := t.Writer(a.topic, partition, ends)
	return func(ctx context.Context, b *stores.Batch) (stores.Offset, error) {
			ticket, err := w.Send(b)
			if err != nil {
				return 0, err
			}
			return w.Wait(ctx, ticket)
		}, func() {
			t.Close()
			ends.Close()
		}, nil
}

// patience is how long a subject may say nothing: the stall time-out, and what a consumer
// group may take to notice a death.
func (a *attempt) patience() time.Duration {
	if !a.grouped() {
		return a.Spec.StallTimeout
	}
	return a.Spec.StallTimeout + 2*max(a.Spec.SessionTimeout, defaultSessionTimeout)
}

// defaultSessionTimeout is session.timeout.ms of Kafka's clients, and of groups under KIP-848.
const defaultSessionTimeout = 45 * time.Second
