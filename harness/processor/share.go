package processor

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"restorebench/harness/changelog"
	"restorebench/harness/subject"
	"restorebench/internal/defect"
	"restorebench/internal/durable"
)

// sharing is a process that shares the partitions with others by their group. What it has is known to the goroutine of
// run alone; restores and copies have goroutines of their own, so that what is restored already is served meanwhile.
type sharing struct {
	*processor
	changes chan change         // by the group
	asked   chan subject.Config // by the parent
	ended   chan *work          // a restore, or a copy that failed
	working sync.WaitGroup

	owned  map[int32]bool
	served map[int32]bool  // of these, those that are restored
	gained []int32         // since the last Ready
	works  map[int32]*work // by partition
	firsts []subject.Read  // see subject.Config
}

// change is what the group does; done is closed once it has been taken.
type change struct {
	changelog.Change
	done chan struct{}
}

// work is a restore of some partitions, or the copy of one that is kept.
type work struct {
	parts []*partition
	copy  bool
	stop  context.CancelFunc
	over  chan struct{} // closed when it is
	err   error
}

// share is the life of a process that shares the partitions.
func (p *processor) share(ctx context.Context, end func(), stdin io.Reader) error {
	s := &sharing{
		processor: p, changes: make(chan change), asked: make(chan subject.Config), ended: make(chan *work),
		owned: map[int32]bool{}, served: map[int32]bool{}, works: map[int32]*work{}, firsts: p.task.Config.FirstReads,
	}
	ctx, cancel := context.WithCancel(ctx)
	defer s.working.Wait()
	defer cancel()
	failed := make(chan error, 1)
	go func() {
		defer end()
		failed <- s.hear(ctx, stdin)
	}()
	if p.task.Config.Await {
		switch err := p.await(ctx); {
		case errors.Is(err, context.Canceled): // a clean end, unless it was by what was heard
			return lastHeard(failed)
		case err != nil:
			return err
		}
	}
	if err := p.layout(); err != nil {
		return err
	}
	var err error
	p.member, err = changelog.Share(p.task.Brokers, groupOf(p.task.Config.Group), p.task.Config.Group.Input, s.groupOptions(p.task.Config.Group), func(c changelog.Change) {
		s.tell(ctx, c)
	})
	if err != nil {
		return err
	}
	if err := s.run(ctx, failed); err != nil {
		return err
	}
	cancel()
	s.working.Wait()
	return s.leaveShare()
}

// hear takes the parent's lines until there are no more.
func (s *sharing) hear(ctx context.Context, stdin io.Reader) error {
	for lines := bufio.NewReader(stdin); ; {
		line, err := lines.ReadString('\n')
		if errors.Is(err, io.EOF) { // the parent wants an end
			return nil
		}
		if err != nil {
			return fmt.Errorf("standard input: %w", err)
		}
		switch line = strings.TrimSpace(line); {
		case line == subject.GoOn:
			s.goAhead()
		case strings.HasPrefix(line, "{"):
			var c subject.Config
			if err := json.Unmarshal([]byte(line), &c); err != nil {
				return fmt.Errorf("standard input: %w", err)
			}
			select {
			case s.asked <- c:
			case <-ctx.Done():
				return nil
			}
		}
	}
}

// lastHeard is the error that has ended a process by what it heard; nil if it was ended otherwise.
func lastHeard(failed <-chan error) error {
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

// tell hands on a change, and returns once it has been taken.
func (s *sharing) tell(ctx context.Context, c changelog.Change) {
	one := change{c, make(chan struct{})}
	select {
	case s.changes <- one:
	case <-ctx.Done():
		return
	}
	select {
	case <-one.done:
	case <-ctx.Done():
	}
}

// run follows the group and the parent until ctx ends.
func (s *sharing) run(ctx context.Context, failed <-chan error) error {
	if err := s.copyOthers(ctx); err != nil {
		return err
	}
	for {
		var err error
		select {
		case c := <-s.changes:
			err = s.change(ctx, c.Change)
			close(c.done)
		case c := <-s.asked:
			err = s.answer(c)
		case w := <-s.ended:
			err = s.over(ctx, w)
		case err = <-failed:
		case err = <-s.member.Failed():
		case <-ctx.Done():
			return lastHeard(failed)
		}
		if err != nil {
			return err
		}
	}
}

// change takes what the group does. Of a partition that is lost nothing is used any more when it returns, but for a copy.
func (s *sharing) change(ctx context.Context, c changelog.Change) error {
	if len(c.Lost)+len(c.Gained) == 0 {
		return nil
	}
	again, err := s.lose(c.Lost)
	if err != nil {
		return err
	}
	for _, id := range c.Gained {
		s.owned[id] = true
	}
	s.gained = append(s.gained, c.Gained...)
	if err := s.events.Emit(subject.Event{Event: subject.Assigned, Partitions: slices.Sorted(maps.Keys(s.owned))}); err != nil {
		return err
	}
	if err := s.copyOthers(ctx); err != nil {
		return err
	}
	if again = append(again, s.partsOf(c.Gained)...); len(again) > 0 {
		return s.gain(ctx, again)
	}
	return s.ready(ctx)
}

// lose gives partitions up, and returns those that were being restored beside one of them: they start over.
func (s *sharing) lose(ids []int32) (again []*partition, err error) {
	for _, part := range s.partsOf(ids) {
		delete(s.owned, part.id)
		delete(s.served, part.id)
		s.gained = slices.DeleteFunc(s.gained, func(id int32) bool { return id == part.id })
		if w := s.works[part.id]; w != nil {
			s.end(w)
			for _, p := range w.parts {
				if defect.Is(defect.CutTakenForWhole) && !slices.Contains(ids, p.id) {
					s.served[p.id] = true
					continue
				}
				if err := p.close(); err != nil {
					return nil, err
				}
				again = append(again, p)
			}
		}
		// What was to be noted of it later is not so any more.
		part.setRestored(time.Time{}, 0)
		part.begun = begun{}
		if s.task.Config.Standby { // what it has is the beginning of a copy
			continue
		}
		if err := errors.Join(part.close(), s.removeAll(part.dir), durable.Remove(s.checkpointOf(part).path)); err != nil {
			return nil, err // whoever owns it now goes on, and the files would only grow old
		}
	}
	return slices.DeleteFunc(again, func(p *partition) bool { return !s.owned[p.id] }), nil
}

// gain opens and restores partitions, in the background; what is a copy is open already.
func (s *sharing) gain(ctx context.Context, parts []*partition) error {
	copied := true
	for _, part := range parts {
		if w := s.works[part.id]; w != nil {
			s.end(w)
			if w.err != nil {
				return w.err
			}
		}
		copied = copied && part.store != nil
	}
	survivor := len(s.served) > 0
	s.begin(ctx, parts, false, func(ctx context.Context) error {
		if err := s.openGained(parts, copied); err != nil {
			return err
		}
		if s.task.Config.Show {
			if err := s.show(parts, subject.ShownAtOpen); err != nil {
				return err
			}
		}
		if survivor && defect.Is(defect.SurvivorIdle) {
			return s.pretend(parts)
		}
		return s.restore(ctx, parts)
	})
	return nil
}

// openGained opens partitions that were gained, and says of each which path it takes; what is a copy is open already.
func (s *sharing) openGained(parts []*partition, copied bool) error {
	for _, part := range parts {
		path, reason := subject.PathStandby, ""
		if !copied {
			err := part.close()
			if err == nil {
				path, reason, err = s.openAll([]*partition{part})
			}
			if err != nil {
				return err
			}
		}
		if err := s.events.Emit(subject.Event{Event: subject.Opened, Partitions: []int32{part.id}, Path: path, Reason: reason}); err != nil {
			return err
		}
	}
	return nil
}

// copyOthers keeps copies of what others own, where that is asked for.
func (s *sharing) copyOthers(ctx context.Context) error {
	if !s.task.Config.Standby {
		return nil
	}
	for _, part := range s.parts {
		if s.owned[part.id] || s.works[part.id] != nil {
			continue
		}
		if part.store == nil {
			if _, _, err := s.openAll([]*partition{part}); err != nil {
				return err
			}
		}
		s.begin(ctx, []*partition{part}, true, func(ctx context.Context) error { return s.keepPartition(ctx, part) })
	}
	return nil
}

// begin does something to partitions in the background.
func (s *sharing) begin(ctx context.Context, parts []*partition, isCopy bool, do func(context.Context) error) {
	doing, stop := context.WithCancel(ctx)
	w := &work{parts: parts, copy: isCopy, stop: stop, over: make(chan struct{})}
	for _, part := range parts {
		s.works[part.id] = w
	}
	s.working.Add(1)
	go func() {
		defer s.working.Done()
		defer stop()
		w.err = do(doing)
		cut := doing.Err() != nil
		close(w.over)
		if cut { // whoever has ended it goes on by himself
			return
		}
		select {
		case s.ended <- w:
		case <-doing.Done():
		}
	}()
}

// end ends what is done to partitions, and waits until it is over.
func (s *sharing) end(w *work) {
	w.stop()
	<-w.over
	for _, part := range w.parts {
		delete(s.works, part.id)
	}
	if !w.copy {
		w.err = nil // it was cut short
	}
}

// over takes a restore that is complete.
func (s *sharing) over(ctx context.Context, w *work) error {
	if s.works[w.parts[0].id] != w { // it was ended at the same moment, and what it did is done again
		return nil
	}
	for _, part := range w.parts {
		delete(s.works, part.id)
	}
	if w.err != nil || w.copy {
		return w.err
	}
	for _, part := range w.parts {
		s.served[part.id] = true
	}
	return s.ready(ctx)
}

// ready tells when all that the process owns is restored, and reads what it has gained.
func (s *sharing) ready(ctx context.Context) error {
	if len(s.served) < len(s.owned) {
		return nil
	}
	if err := s.events.Emit(subject.Event{Event: subject.Ready}); err != nil {
		return err
	}
	gained := s.gained
	s.gained = nil
	for _, r := range s.firsts {
		if slices.Contains(gained, r.Partition) {
			if err := s.readFirst(&r); err != nil {
				return err
			}
			break
		}
	}
	s.dateLater(ctx, s.partsOf(gained))
	return nil
}

// answer does what the parent asks, with the partitions that are served.
func (s *sharing) answer(c subject.Config) error {
	if len(c.FirstReads) > 0 {
		s.firsts = c.FirstReads
	}
	if c.HoldAt != nil {
		s.still.begin(c.HoldAt)
	}
	served := s.partsOf(slices.Collect(maps.Keys(s.served)))
	if c.Show {
		if err := s.show(served, ""); err != nil {
			return err
		}
	}
	if !c.Digest {
		return nil
	}
	if err := s.digest(served); err != nil {
		return err
	}
	if defect.Is(defect.OthersAnswered) {
		for _, part := range s.parts {
			if !s.owned[part.id] {
				if err := s.events.Emit(subject.Event{Event: subject.DigestOf, Partition: part.id, Digest: strings.Repeat("0", 64)}); err != nil {
					return err
				}
			}
		}
	}
	return s.reads(slices.DeleteFunc(c.Reads, func(r subject.Read) bool { return !s.served[r.Partition] }))
}

// partsOf returns the partitions of these numbers, in the order of the task's.
func (s *sharing) partsOf(ids []int32) (parts []*partition) {
	for _, part := range s.parts {
		if slices.Contains(ids, part.id) {
			parts = append(parts, part)
		}
	}
	return parts
}

// leaveShare ends cleanly: what is served goes to files, where it is to have any.
func (s *sharing) leaveShare() error {
	for _, part := range s.partsOf(slices.Collect(maps.Keys(s.served))) {
		if s.task.Config.SnapshotIntervalMS > 0 {
			if err := s.save(context.Background(), part); err != nil {
				return err
			}
		}
	}
	return s.leave()
}

// pretend is where a seeded defect takes what a survivor gains for restored.
func (s *sharing) pretend(parts []*partition) error {
	for _, part := range parts {
		r, err := s.plan(part)
		if err == nil {
			err = s.announce(part, r)
		}
		if err == nil {
			err = s.events.Emit(subject.Event{Event: subject.CaughtUp, Partition: part.id, Offset: int64(r.To), Records: int64(r.To - r.From)})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// close closes a partition's store, if it is open.
func (part *partition) close() error {
	if part.store == nil {
		return nil
	}
	err := part.store.Close()
	part.store = nil
	return err
}
