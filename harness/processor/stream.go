package processor

import (
	"context"
	"fmt"
	"time"

	"restorebench/harness/changelog"
	"restorebench/harness/subject"
	"restorebench/harness/topology"
	"restorebench/stores"
	"restorebench/stores/cache"
)

// streaming is a topology between its topics.
type streaming struct {
	*processor
	task     *subject.Stream
	topology topology.Topology
	caches   *caches
	group    *changelog.Group
	output   *changelog.Writer
	logs     map[*partition]*changelog.Writer

	emitted stores.Batch  // and not yet in the output
	next    stores.Offset // of the input, to be committed
	pending int64         // records of the input behind the last commit
}

// stream processes the input up to the end that it has now, with a commit after every
// so many records and at the end, makes the stores durable and reports what they hold.
func (p *processor) stream(ctx context.Context) error {
	s := &streaming{processor: p, task: p.task.Config.Stream, logs: map[*partition]*changelog.Writer{}}
	s.caches = &caches{topic: s.task.Input, emit: s.emit}
	if s.task.CacheBytes > 0 {
		s.caches.budget = cache.NewBudget(s.task.CacheBytes)
	}
	var err error
	if s.topology, err = p.topology(s.caches); err != nil {
		return err
	}
	if s.group, err = changelog.NewGroup(p.task.Brokers, s.task.Group, p.client(nil)); err != nil {
		return err
	}
	defer s.group.Close()
	if s.output, err = s.writer(s.task.Output); err != nil {
		return err
	}
	defer s.close()
	for _, part := range p.parts {
		if s.logs[part], err = s.writer(part.task.Topic); err != nil {
			delete(s.logs, part)
			return err
		}
	}
	if err := s.process(ctx); err != nil {
		return err
	}
	return s.report()
}

func (s *streaming) close() {
	s.output.Close()
	for _, w := range s.logs {
		w.Close()
	}
}

func (s *streaming) writer(topic string) (*changelog.Writer, error) {
	return changelog.NewWriter(s.processor.task.Brokers, topic, 0, offsetTimeout, s.client(s.processor.task.Config.Producer))
}

// process reads the input from the committed offset on.
func (s *streaming) process(ctx context.Context) error {
	input, err := changelog.NewReader(s.processor.task.Brokers, s.task.Input, changelog.ReaderOptions{Settings: s.client(nil)})
	if err != nil {
		return err
	}
	defer input.Close()
	_, end, err := input.EndOffsets(0, offsetTimeout)
	if err != nil {
		return err
	}
	at, err := s.group.Committed(s.task.Input)
	if err != nil || at >= end {
		return err
	}
	records, err := input.Partition(0, at)
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
			r := topology.Record{Key: b.Key(i), Value: b.Value(i), Timestamp: b.Entries[i].Timestamp}
			if err := s.topology.Process(r, s.emit); err != nil {
				return err
			}
			s.next, s.pending = stores.Offset(b.Entries[i].Offset)+1, s.pending+1
			if s.pending >= s.task.CommitRecords {
				if err := s.commit(ctx); err != nil {
					return err
				}
			}
		}
	}
	return s.commit(ctx)
}

func (s *streaming) emit(r topology.Record) error {
	if !s.emitted.Append(r.Key, r.Value, r.Timestamp, 0) {
		return fmt.Errorf("more than 4 GiB are emitted between two commits, want fewer records than %d", s.task.CommitRecords)
	}
	return nil
}

// commit makes what was processed final: first the caches let go of what they hold,
// then what was emitted and logged is acknowledged, then the stores learn the offsets
// that they stand at, then the input's offset moves. A crash before that repeats the
// records since the last commit (at least once).
func (s *streaming) commit(ctx context.Context) error {
	if s.pending == 0 {
		return nil
	}
	if err := s.caches.flush(); err != nil {
		return err
	}
	for _, part := range s.parts { // before anything is sent
		if part.overflow {
			return fmt.Errorf("store %s: more than 4 GiB are written between two commits, want fewer records than %d", part.task.Name, s.task.CommitRecords)
		}
	}
	if _, err := send(ctx, s.output, &s.emitted); err != nil {
		return err
	}
	s.emitted.Reset()
	for _, part := range s.parts {
		if part.logged.Len() == 0 {
			continue
		}
		at, err := send(ctx, s.logs[part], &part.logged)
		if err != nil {
			return err
		}
		part.logged.Reset()
		if err := part.store.Apply(&stores.Batch{Partition: part.id, Next: at}); err != nil {
			return err
		}
	}
	s.pending = 0
	return s.group.Commit(s.task.Input, s.next)
}

func send(ctx context.Context, w *changelog.Writer, b *stores.Batch) (stores.Offset, error) {
	ticket, err := w.Send(b)
	if err != nil {
		return 0, err
	}
	return w.Wait(ctx, ticket)
}

// report makes the stores durable and tells what they hold.
func (s *streaming) report() error {
	for _, part := range s.parts {
		if err := (dated{part.store, s.processor, part}).Flush(); err != nil {
			return err
		}
		if err := s.events.Emit(subject.Event{Event: subject.Loaded, Store: part.task.Name}); err != nil {
			return err
		}
	}
	for _, part := range s.parts {
		if err := s.contents(part, part.task.Name); err != nil {
			return err
		}
	}
	return nil
}
