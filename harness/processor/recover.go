package processor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"restorebench/harness/changelog"
	"restorebench/harness/restore"
	"restorebench/harness/subject"
	"restorebench/internal/defect"
	"restorebench/internal/durable"
	"restorebench/stores"
)

// partition is one partition's store and how far it is.
type partition struct {
	id          int32
	task        subject.Store
	dir         string
	had         bool             // files, before the store was opened
	incarnation uint64           // number of the store, see readIncarnation
	reader      changelog.Reader // of the store's changelog
	store       stores.Store
	space       *space       // of the store's bytes
	logged      stores.Batch // by live writes, and not yet in the changelog
	overflow    bool         // logged had no room for all of them
	held        atomic.Bool  // nothing becomes durable by itself any more
	progress    restore.Progress

	begun begun // its restore

	checkpoint   stores.Offset // saved in a file of its own
	checkpointed bool

	sent  []time.Time            // when the batches were that may be in the changelog and are not in the store; the writer's
	holds atomic.Pointer[moment] // what the store does, or more; for whoever does not write to it
	asked time.Time              // for the end offset

	dating     sync.Mutex    // of what follows
	origin     origin        // of the local files
	noted      bool          // by date, since the files were opened
	restored   time.Time     // the files hold all that there was then; zero: that is not known
	restoredTo stores.Offset // and are durable up to there
}

// begun says of a partition how its restore began, if that was not with local files, and why: what it leaves when it is cut short is no
// file that the processor had. Its zero value is that it did.
type begun struct{ path, reason string }

// storeName names the store within its application, as in its topic's name and
// its directory.
const storeName = "store"

// layout makes the task's partitions, with a reader for each changelog. It comes
// first, since readers connect in the background while the files are opened.
func (p *processor) layout() error {
	tasks := p.task.Config.Stores
	if len(tasks) == 0 {
		tasks = []subject.Store{{Name: storeName, Store: p.task.Store, Topic: p.task.Topic, StoreOptions: p.task.Config.StoreOptions}}
	}
	p.reading = p.readerOptions(len(tasks) * len(p.task.Config.Partitions))
	for _, task := range tasks {
		reader, err := p.newReader(task.Topic)
		if err != nil {
			return err
		}
		for _, id := range p.task.Config.Partitions {
			p.parts = append(p.parts, &partition{
				id: id, task: task, reader: reader, dir: directory(p.task.StateDir, id, task), origin: origin{kept: unknown},
			})
		}
	}
	return nil
}

// newReader makes a reader that is closed with the processor.
func (p *processor) newReader(topic string) (changelog.Reader, error) {
	r, err := changelog.NewReader(p.task.Brokers, topic, p.reading)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.readers = append(p.readers, r)
	return r, nil
}

// open opens every partition's store, and says which path the recovery takes.
func (p *processor) open() error {
	path, reason, err := p.openAll(p.parts)
	if err != nil {
		return err
	}
	return p.events.Emit(subject.Event{Event: subject.Opened, Path: path, Reason: reason})
}

func (p *processor) openAll(parts []*partition) (path, reason string, err error) {
	path = subject.PathLocal
	var reasons []string
	for _, part := range parts {
		took, why, err := p.openPartition(part)
		if err != nil {
			return "", "", fmt.Errorf("open partition %d in %s: %w", part.id, part.dir, err)
		}
		if took == subject.PathWiped || took == subject.PathEmpty && path == subject.PathLocal {
			path, reasons = took, append(reasons, fmt.Sprintf("partition %d: %s", part.id, why))
		}
	}
	return path, strings.Join(reasons, "; "), nil
}

// openPartition says which path the recovery of one partition takes, and why, if it is not local.
func (p *processor) openPartition(part *partition) (path, why string, err error) {
	path, part.had = subject.PathLocal, files(part.dir)
	if err = removeLeft(part.dir); err == nil {
		err = p.openStore(part)
	}
	if errors.Is(err, stores.ErrCorrupt) {
		path, why = subject.PathWiped, err.Error()
		err = p.wipe(part)
	}
	if err == nil {
		var distrust string
		if distrust, err = p.distrusted(part, part.had); distrust != "" {
			path, why = subject.PathWiped, distrust
			err = p.wipe(part)
		}
	}
	if err == nil && defect.Is(defect.WrongPathReported) {
		err = p.wipe(part)
	}
	if err != nil {
		return "", "", err
	}
	if _, ok := part.saved(); !ok && path == subject.PathLocal && !defect.Is(defect.WrongPathReported) {
		path, why = subject.PathEmpty, "no saved offset"
	}
	switch {
	case p.task.Config.Standby: // what there is may be its copy
	case part.begun.path == subject.PathWiped, path == subject.PathLocal && part.begun.path != "":
		path, why = part.begun.path, part.begun.reason
	case path != subject.PathLocal:
		part.begun = begun{path, why}
	}
	return path, why, nil
}

// nameOf is the store's name in events, where a partition has several.
func (p *processor) nameOf(part *partition) string {
	if len(p.task.Config.Stores) == 0 {
		return ""
	}
	return part.task.Name
}

func (p *processor) openStore(part *partition) error {
	s, err := openStore(p.task, part)
	if err != nil {
		return err
	}
	part.store, part.checkpointed = s, false
	part.holds.Store(&moment{}) // which is not known before it is restored
	if !p.keepsFiles(part) {
		return nil
	}
	return part.readIncarnation()
}

// wipe replaces local files that can't be used by an empty store.
func (p *processor) wipe(part *partition) error {
	if part.store != nil {
		if err := part.store.Close(); err != nil {
			return err
		}
		part.store = nil
	}
	if err := p.removeAll(part.dir); err != nil {
		return err
	}
	if err := durable.Remove(p.checkpointOf(part).path); err != nil {
		return err
	}
	return p.openStore(part)
}

// restore captures the end offsets of all partitions and then brings every store
// there, side by side.
func (p *processor) restore(ctx context.Context, parts []*partition) error {
	ranges := make([]restore.Range, len(parts))
	for i, part := range parts {
		err := p.identify(part)
		if err == nil {
			ranges[i], err = p.plan(part)
		}
		if err != nil {
			return fmt.Errorf("partition %d: %w", part.id, err)
		}
	}
	for i, part := range parts {
		if err := p.announce(part, ranges[i]); err != nil {
			return err
		}
	}
	stop := p.reportProgress(parts)
	defer stop()
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce(len(parts)))
	for i, part := range parts {
		group.Go(func() error { return p.restorePartition(ctx, part, ranges[i]) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if defect.Is(defect.PartitionsSwapped) {
		p.parts[0].store, p.parts[1].store = p.parts[1].store, p.parts[0].store
	}
	return nil
}

// plan decides what to read of a partition. Files whose offset the changelog does not have, and those that are too old for what
// has come since, are wiped, once.
func (p *processor) plan(part *partition) (r restore.Range, err error) {
	part.asked = time.Now()
	part.setRestored(time.Time{}, 0)
	begin, end, err := part.reader.EndOffsets(part.id, offsetTimeout)
	if err != nil {
		return r, err
	}
	saved, ok := part.saved()
	ok = ok && !defect.Is(defect.LocalFilesIgnored)
	r, err = restore.Plan(saved, ok, begin, end)
	if stands, known := part.store.Offset(); err == nil && ok && known && stands > saved { // as behind a checkpoint
		_, err = restore.Plan(stands, true, begin, end) // it may have what the changelog does not
	}
	why := ""
	switch {
	case errors.Is(err, restore.ErrStale):
		why = err.Error()
	case err != nil:
		return r, err
	case ok && r.From < r.To && !p.task.Config.Standby: // a copy that was kept up to now is of now
		if why, err = p.tooOld(part, part.asked); err != nil {
			return r, err
		}
	}
	if why != "" {
		if err := p.discard(part, why); err != nil {
			return r, err
		}
		if r, err = restore.Plan(0, false, begin, end); err != nil {
			return r, err
		}
	}
	if at := stores.Offset(part.progress.Offset.Load()); defect.Is(defect.CutOffsetKept) && at > r.From && at <= r.To {
		r.From = at
	}
	at := part.asked
	if ok && why == "" { // else there is nothing in them
		at = time.UnixMilli(part.known().at)
	}
	return r, p.goOn(part, at, r.From) // a checkpoint may be behind the store, whose offset goes back to it then
}

func (p *processor) announce(part *partition, r restore.Range) error {
	return p.events.Emit(subject.Event{
		Event: subject.RestoreStart, Partition: part.id, Store: p.nameOf(part), From: int64(r.From), To: int64(r.To),
	})
}

// restorePartition starts anew, once, when what it reads is gone from under it: as Kafka Streams does after a
// TaskCorruptedException.
func (p *processor) restorePartition(ctx context.Context, part *partition, r restore.Range) error {
	err := p.replay(ctx, part, r)
	if !errors.Is(err, changelog.ErrOffsetOutOfRange) && !errors.Is(err, changelog.ErrTopicChanged) && !errors.Is(err, errForgotten) {
		return err
	}
	if defect.Is(defect.GapSkipped) {
		if r.From, _, err = part.reader.EndOffsets(part.id, offsetTimeout); err != nil {
			return err
		}
		return p.replay(ctx, part, r)
	}
	if r, err = p.startOver(part, err); err != nil {
		return err
	}
	return p.replay(ctx, part, r)
}

// startOver plans a replay into an empty store.
func (p *processor) startOver(part *partition, why error) (r restore.Range, err error) {
	if part.reader, err = p.newReader(part.task.Topic); err != nil { // the last one only knows the topic that there was
		return r, err
	}
	if err := p.identify(part); err != nil {
		return r, err
	}
	if err := p.discard(part, why.Error()); err != nil {
		return r, err
	}
	if r, err = p.plan(part); err != nil {
		return r, err
	}
	return r, p.announce(part, r)
}

// replay reads a range of the changelog into the store.
func (p *processor) replay(ctx context.Context, part *partition, r restore.Range) error {
	var res restore.Result
	mode := p.mode(part, r)
	durable := !p.task.Config.Standby                           // whose copy is as durable as the engine likes
	if r.From < r.To && !defect.Is(defect.EmptyDeclaredReady) { // else there is nothing to connect for
		reader, err := part.reader.Partition(part.id, r.From)
		if err != nil {
			return err
		}
		defer reader.Close()
		store, err := p.restored(part, mode)
		if err != nil {
			return fmt.Errorf("restore partition %d in %s: %w", part.id, part.dir, err)
		}
		var source restore.Source = reader
		if !p.task.Config.Standby {
			source = p.wary(part, source)
		}
		if res, err = restore.Apply(ctx, p.hold(part, source, r), p.cut(part, p.durable(part, store), r), r, &part.progress); err != nil {
			return fmt.Errorf("restore partition %d in %s: %w", part.id, part.dir, err)
		}
		_, later := store.(unsaved)
		durable = !later
	}
	if durable {
		part.setRestored(part.asked, r.To)
	}
	part.holds.Store(&moment{part.asked, r.To})
	return p.events.Emit(subject.Event{
		Event: subject.CaughtUp, Partition: part.id, Store: p.nameOf(part), Offset: int64(r.To), Mode: mode, Fetcher: part.reader.Fetcher(),
		Records: res.Records, Bytes: res.Bytes, NullKeys: res.NullKeys,
		FetchWaitNS: res.FetchWait.Nanoseconds(), DecodeNS: res.Decode.Nanoseconds(),
		ApplyNS: res.Apply.Nanoseconds(), FlushNS: res.Flush.Nanoseconds(),
	})
}
