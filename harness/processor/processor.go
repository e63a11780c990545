// Package processor is our own subject: the child process that owns a store,
// restores it, serves reads, processes input and waits to be killed.
package processor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"restorebench/harness/changelog"
	"restorebench/harness/restore"
	"restorebench/harness/subject"
	"restorebench/harness/topology"
	"restorebench/internal/durable"
	"restorebench/stores"
)

// offsetTimeout bounds how long the end offsets and acknowledgements may take. A broker that
// is restarted within half a minute is waited for.
const offsetTimeout = 45 * time.Second

// processor is one incarnation.
type processor struct {
	task   *subject.Task
	events *subject.Emitter
	parts  []*partition      // in the order of the task's partitions
	member *changelog.Member // of a consumer group, else nil

	reading changelog.ReaderOptions
	mu      sync.Mutex // partitions that start over make readers of their own
	readers []changelog.Reader

	later        sync.WaitGroup                    // what the downtime does not wait for
	still        standstill                        // of restores
	told         chan struct{}                     // closed when the parent says to go on, for the first time
	telling      sync.Once                         // closes it
	transactions map[int32]*changelog.Transactions // under exactly once, by partition
}

// Run is the whole life of a subject: it does the task that its environment
// describes, reports events, and returns when stdin ends or ctx does. A failure
// is reported as an event too.
func Run(ctx context.Context, version string, stdin io.Reader) (err error) {
	task, err := subject.TaskFromEnv()
	if err != nil {
		return err
	}
	events, err := subject.OpenEvents(task.Events)
	if err != nil {
		return err
	}
	defer events.Close()
	p := &processor{task: task, events: events, told: make(chan struct{})}
	defer func() {
		err = advised(errors.Join(err, p.close()), task)
		if err != nil {
			_ = events.Emit(subject.Event{Event: subject.Failed, Code: code(err), Message: err.Error()})
		}
	}()
	if err := events.Emit(subject.Event{Event: subject.Hello, Name: "restorebench", Version: version}); err != nil {
		return err
	}
	p.arm()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if task.Config.Instances > 1 {
		return p.share(ctx, cancel, stdin)
	}
	go p.listen(stdin, cancel)
	begin := p.begin
	if task.Config.Standby {
		begin = p.takeOver
	}
	if err := begin(ctx); err != nil {
		return err
	}
	if err := p.live(ctx); err != nil {
		return err
	}
	<-ctx.Done()
	return p.leave()
}

// begin gets partitions and opens their stores.
func (p *processor) begin(ctx context.Context) error {
	if err := p.assign(ctx); err != nil {
		return err
	}
	if err := p.fence(ctx); err != nil {
		return err
	}
	if err := p.layout(); err != nil {
		return err
	}
	return p.open()
}

// live goes through the stages of an incarnation that has its stores open, up to the point where it only waits.
func (p *processor) live(ctx context.Context) error {
	if p.task.Config.Show {
		if err := p.show(p.parts, subject.ShownAtOpen); err != nil {
			return err
		}
	}
	if err := p.restore(ctx, p.parts); err != nil {
		return err
	}
	if err := p.events.Emit(subject.Event{Event: subject.Ready}); err != nil {
		return err
	}
	if err := p.firstRead(); err != nil {
		return err
	}
	if p.task.Config.Show {
		if err := p.show(p.parts, ""); err != nil {
			return err
		}
	}
	p.dateLater(ctx, p.parts)
	if p.task.Config.Feed != nil {
		if err := p.feed(ctx); err != nil {
			return err
		}
	}
	if p.task.Config.Load != nil {
		if err := p.load(ctx); err != nil {
			return err
		}
	}
	if p.task.Config.Stream != nil {
		if err := p.stream(ctx); err != nil {
			return err
		}
	}
	if err := p.aftermath(ctx); err != nil {
		return err
	}
	if p.task.Config.Digest {
		if err := p.digest(p.parts); err != nil {
			return err
		}
	}
	if len(p.task.Config.Reads) == 0 {
		return nil
	}
	return p.reads(p.task.Config.Reads)
}

// code classifies an error for the event protocol.
func code(err error) string {
	switch {
	case errors.Is(err, stores.ErrLocked):
		return "locked"
	case errors.Is(err, stores.ErrCorrupt):
		return "corrupt"
	case errors.Is(err, stores.ErrUnavailable):
		return "unavailable"
	case errors.Is(err, changelog.ErrOpenTransaction):
		return "open_transaction"
	case errors.Is(err, changelog.ErrFenced):
		return "fenced"
	case errors.Is(err, changelog.ErrTopicChanged):
		return "topic_changed"
	case errors.Is(err, ErrPartitions):
		return "partitions_changed"
	case errors.Is(err, changelog.ErrOffsetOutOfRange), errors.Is(err, restore.ErrStale):
		return "offset_out_of_range"
	case errors.Is(err, changelog.ErrAway):
		return "broker_away"
	}
	if h := ofDisk(err); h != nil {
		return h.code
	}
	return "failed"
}

func (p *processor) close() error {
	var errs []error
	if p.member != nil {
		errs = append(errs, p.member.Leave())
	}
	for _, part := range p.parts {
		if part.store != nil {
			errs = append(errs, part.store.Close())
		}
	}
	for _, r := range p.readers {
		r.Close()
	}
	for _, t := range p.transactions {
		t.Close()
	}
	p.later.Wait() // whose readers are closed
	return errors.Join(errs...)
}

// load processes the task's input, each partition on its own.
func (p *processor) load(ctx context.Context) error {
	var task topology.LoadTask
	if err := json.Unmarshal(p.task.Config.Load, &task); err != nil {
		return fmt.Errorf("config: load: %w", err)
	}
	if len(task.Workloads) != len(p.parts) {
		return fmt.Errorf("config: load: %d workloads for %d partitions", len(task.Workloads), len(p.parts))
	}
	stop := p.reportProgress(p.parts)
	defer stop()
	loaded := make(chan struct{})
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return p.snapshots(ctx, loaded) })
	group.Go(func() error {
		defer close(loaded)
		return p.loadAll(ctx, &task)
	})
	return group.Wait()
}

func (p *processor) loadAll(ctx context.Context, task *topology.LoadTask) error {
	load := func(ctx context.Context, i int, w topology.Writer) (stores.Offset, error) {
		part := p.parts[i]
		return topology.Load(ctx, task, task.Workloads[i], w, dated{p.durable(part, part.store), p, part}, part.holdFlush, &part.progress.Records)
	}
	if !task.Pause {
		return p.eachLoad(ctx, load, subject.Loaded)
	}
	if err := p.eachLoad(ctx, load, subject.Paused); err != nil {
		return err
	}
	if err := p.await(ctx); err != nil {
		return err
	}
	return p.eachLoad(ctx, func(ctx context.Context, i int, w topology.Writer) (stores.Offset, error) {
		part := p.parts[i]
		return topology.Tail(ctx, task, task.Workloads[i], w, dated{part.store, p, part}, &part.progress.Records)
	}, subject.Loaded)
}

// eachLoad loads something into every partition, of the index that load gets, and tells of each when it is through.
func (p *processor) eachLoad(ctx context.Context,
	load func(context.Context, int, topology.Writer) (stores.Offset, error), through string,
) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce(len(p.parts)))
	for i, part := range p.parts {
		group.Go(func() error {
			w, end, err := p.writer(part)
			if err != nil {
				return err
			}
			defer end()
			next, err := load(ctx, i, timed{w, part})
			if err != nil {
				return err
			}
			return p.events.Emit(subject.Event{
				Event: through, Partition: part.id,
				Offset: int64(next), Records: part.progress.Records.Load(),
			})
		})
	}
	return group.Wait()
}

// snapshots writes snapshots of the in-memory stores, each interval, until done.
func (p *processor) snapshots(ctx context.Context, done <-chan struct{}) error {
	interval := time.Duration(p.task.Config.SnapshotIntervalMS) * time.Millisecond
	if interval == 0 {
		return nil
	}
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-done:
			return nil
		case <-ctx.Done(): // the load says why
			return nil
		}
		for _, part := range p.parts {
			if err := p.save(ctx, part); err != nil {
				return err
			}
		}
	}
}

// save takes a snapshot of a partition, if there is anything new, and notes what it holds.
func (p *processor) save(ctx context.Context, part *partition) error {
	holds := part.holds.Load()
	taken, err := part.snapshot(ctx)
	if err == nil && taken {
		err = p.date(part, holds.at, holds.next)
	}
	return err
}

// reportProgress sends a progress event per partition that moved, a few times a
// second, until stop is called.
func (p *processor) reportProgress(parts []*partition) (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		last := make([]int64, len(parts))
		for {
			select {
			case <-done:
				return
			case <-tick.C:
			}
			for i, part := range parts {
				n := part.progress.Records.Load()
				if n == last[i] {
					continue
				}
				last[i] = n
				// A pipe that is gone shows in the next event that matters.
				_ = p.events.Emit(subject.Event{
					Event: subject.ProgressMade, Partition: part.id,
					Offset: part.progress.Offset.Load(), Records: n, Bytes: part.progress.Bytes.Load(),
				})
			}
		}
	}()
	return func() { close(done); <-ended }
}

// removeAll deletes a store's directory, of a state directory that is the harness's own. It gets another name first: with some
// of its files gone it would look corrupt after a kill.
func (p *processor) removeAll(dir string) error {
	err := subject.Marked(p.task.StateDir)
	if err == nil {
		err = removeLeft(dir)
	}
	if err == nil {
		err = os.Rename(dir, away(dir))
	}
	if err == nil {
		err = durable.SyncDir(filepath.Dir(dir)) // no file is to come back beside what says that they are gone
	}
	if err == nil {
		err = removeLeft(dir)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("wipe %s: %w", dir, err)
	}
	return nil
}

func away(dir string) string { return filepath.Join(filepath.Dir(dir), ".removed-"+filepath.Base(dir)) }

// removeLeft removes what a kill has left of a directory that was being removed. Mostly there is nothing, of which a disk that can only
// be read would say that it cannot be removed, and not which file is in want of a disk.
func removeLeft(dir string) error {
	if _, err := os.Lstat(away(dir)); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return os.RemoveAll(away(dir))
}
