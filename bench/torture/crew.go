package torture

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"restorebench/harness/subject"
)

// crew are the processors of one group, and one goroutine that hears them all.
type crew struct {
	*campaign
	shared   *sharedGround
	group    string
	protocol string
	members  []*member // of the group, in the order in which they came
	all      []*member // that there ever were
	heard    chan report
	moves    int // of partitions
}

// member is a processor of the group, as its events tell it.
type member struct {
	process *subject.Process
	name    string
	fresh   bool          // its directory was new
	unheard chan struct{} // closed when its events are not wanted any more
	parts   map[int32]*restoring
	ready   bool // all of them are restored
}

// restoring is what a member has told of a partition that it owns.
type restoring struct {
	path, reason string // of how it was opened
	atOpen       []subject.Entry
	start        subject.Event
	held         bool  // its restore stands still
	at           int64 // there
	caught       bool
	shown        bool
	contents     []subject.Entry
}

// report is an event of a member, or its end.
type report struct {
	from  *member
	event subject.Event
	alive bool
}

// A group gives a silent member up after the least that a broker allows, and its members ask often what there is to be done.
const (
	groupSession   = 6 * time.Second
	groupHeartbeat = 300 * time.Millisecond
)

func (c *campaign) newCrew(g *sharedGround, kind string) *crew {
	g.groups++
	return &crew{campaign: c, shared: g, group: fmt.Sprintf("%s-%d", g.log, g.groups), protocol: protocolOf(kind), heard: make(chan report)}
}

// share is where a restore is to stand still.
func (w *crew) share() *float64 {
	share := 0.05 + 0.9*w.rng.Float64()
	return &share
}

func holdAt(share *float64) subject.Config { return subject.Config{HoldAt: share} }

// start starts a further member. Where its restores are to stand still they do so until goOn.
func (w *crew) start(hold *float64) (*member, error) {
	g := w.shared
	name := fmt.Sprint(len(w.all) + 1)
	dir := filepath.Join(g.dir, fmt.Sprintf("state-%d-%s", g.states, name))
	config := w.cell.config()
	for i := range int32(sharedParts) {
		config.Partitions = append(config.Partitions, i)
	}
	config.Instances, config.Show, config.HoldAt = sharedParts, true, hold
	config.Group = &subject.Group{
		Name: w.group, Protocol: w.protocol, Input: g.input, SessionTimeoutMS: groupSession.Milliseconds(), HeartbeatMS: groupHeartbeat.Milliseconds(),
	}
	g.lives++
	task := subject.Task{Brokers: w.way(), Topic: g.log, StateDir: dir, Store: w.cell.Store, Config: config}
	p, err := subject.Start(w.Command, task, g.dir, fmt.Sprint("life-", g.lives))
	if err != nil {
		return nil, err
	}
	m := &member{process: p, name: name, fresh: !g.begun[dir], unheard: make(chan struct{}), parts: map[int32]*restoring{}}
	g.begun[dir] = true
	w.members, w.all = append(w.members, m), append(w.all, m)
	go w.listen(m)
	return m, nil
}

// listen hands on a member's events.
func (w *crew) listen(m *member) {
	for {
		e, alive := <-m.process.Events()
		select {
		case <-m.unheard: // the end of one that is dismissed is no news
			return
		default:
		}
		select {
		case w.heard <- report{m, e, alive}:
		case <-m.unheard:
			return
		}
		if !alive {
			return
		}
	}
}

// await hears the members until done says so, for as long as a restore may take without a word.
func (w *crew) await(ctx context.Context, what string, done func() bool) error {
	deadline := time.NewTimer(w.Stall)
	defer deadline.Stop()
	for !done() {
		select {
		case h := <-w.heard:
			if !h.alive {
				return fmt.Errorf("%w: member %s; its log ends with: %s", errEnded, h.from.name, h.from.process.LogTail(5))
			}
			if err := w.hear(h.from, &h.event); err != nil {
				return fmt.Errorf("member %s: %w", h.from.name, err)
			}
		case <-deadline.C:
			return fmt.Errorf("%w: after %v they were still to %s (%s)", errHung, w.Stall, what, w.shares())
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// hear takes an event. What is told of a partition is told by its owner.
func (w *crew) hear(m *member, e *subject.Event) error {
	switch e.Event {
	case subject.Failed:
		return fmt.Errorf("%w: %s: %s", errEnded, e.Code, e.Message)
	case subject.Assigned:
		m.assigned(e.Partitions)
		w.moves++
	case subject.Opened:
		return m.opened(e)
	case subject.Ready:
		for p, r := range m.parts {
			if !r.caught {
				return fmt.Errorf("%w: %s, and partition %d is not restored", subject.ErrProtocol, e.Event, p)
			}
		}
		m.ready = true
	case subject.RestoreStart, subject.ProgressMade, subject.Holding, subject.CaughtUp, subject.Contents:
		r := m.parts[e.Partition]
		if r == nil {
			return fmt.Errorf("%w: %s of partition %d, which it does not own", subject.ErrProtocol, e.Event, e.Partition)
		}
		r.hear(e)
	}
	return nil
}

func (m *member) assigned(partitions []int32) {
	before := m.parts
	m.parts, m.ready = map[int32]*restoring{}, false
	for _, p := range partitions {
		if m.parts[p] = before[p]; m.parts[p] == nil {
			m.parts[p] = &restoring{}
		}
	}
}

// opened takes how partitions are opened. Nothing of what is done to a group may cost files; and what a restore that was cut short has
// left is no file that there was.
func (m *member) opened(e *subject.Event) error {
	if e.Path == subject.PathWiped {
		return fmt.Errorf("a mere change of the group cost local files: %s", e.Reason)
	}
	for _, p := range e.Partitions {
		r := m.parts[p]
		switch {
		case r == nil:
			return fmt.Errorf("%w: %s of partition %d, which it does not own", subject.ErrProtocol, e.Event, p)
		case e.Path == subject.PathLocal && r.path != "" && r.path != subject.PathLocal:
			return fmt.Errorf("partition %d is called local, and its restore began without files (%s)", p, r.reason)
		case e.Path == subject.PathLocal && m.fresh:
			return fmt.Errorf("partition %d is called local, in a directory that was new", p)
		}
		*r = restoring{path: e.Path, reason: e.Reason}
	}
	return nil
}

func (r *restoring) hear(e *subject.Event) {
	switch e.Event {
	case subject.RestoreStart:
		r.start = *e
	case subject.Holding:
		r.held, r.at = true, e.Offset
	case subject.CaughtUp:
		r.caught = true
	case subject.Contents:
		if strings.HasSuffix(e.Store, subject.ShownAtOpen) {
			r.atOpen = e.Entries
		} else {
			r.contents, r.shown = e.Entries, true
		}
	}
}

// holds says whether a restore of the member stands still.
func (m *member) holds() bool {
	for _, r := range m.parts {
		if r.held && !r.caught {
			return true
		}
	}
	return false
}

// owner is the one member that has a partition, nil when there is none or more than one.
func (w *crew) owner(partition int32) (one *member) {
	for _, m := range w.members {
		if m.parts[partition] == nil {
			continue
		}
		if one != nil {
			return nil
		}
		one = m
	}
	return one
}

// complete says whether each partition has one owner, and each member some partition.
func (w *crew) complete() bool {
	for p := range int32(sharedParts) {
		if w.owner(p) == nil {
			return false
		}
	}
	return !slices.ContainsFunc(w.members, func(m *member) bool { return len(m.parts) == 0 })
}

// serve says whether each member has restored all that it owns.
func (w *crew) serve() bool {
	return w.complete() && !slices.ContainsFunc(w.members, func(m *member) bool { return !m.ready })
}

// standStill says whether each member serves or stands still in its restore.
func (w *crew) standStill() bool {
	return w.complete() && !slices.ContainsFunc(w.members, func(m *member) bool { return !m.ready && !m.holds() })
}

// shares says who owns what.
func (w *crew) shares() string {
	var all []string
	for _, m := range w.members {
		all = append(all, fmt.Sprintf("%s %v", m.name, slices.Sorted(maps.Keys(m.parts))))
	}
	return strings.Join(all, ", ")
}

// restored says how far those are that restore.
func (w *crew) restored() string {
	var all []string
	for _, m := range w.members {
		var done, total int64
		for _, r := range m.parts {
			total += r.start.To - r.start.From
			switch {
			case r.caught:
				done += r.start.To - r.start.From
			case r.held:
				done += r.at - r.start.From
			}
		}
		all = append(all, fmt.Sprintf("%d of %d offsets restored by %s", done, total, m.name))
	}
	return strings.Join(all, ", ")
}

// goOn lets all restores go on, and returns once all is served.
func (w *crew) goOn(ctx context.Context) error {
	for _, m := range w.members {
		if _, err := m.process.Tell(subject.GoOn); err != nil {
			return err
		}
	}
	return w.await(ctx, "serve", w.serve)
}

// dismiss takes no more events of a member.
func (m *member) dismiss() { close(m.unheard) }

// stopMember ends one cleanly.
func (w *crew) stopMember(ctx context.Context, m *member) (exit string, err error) {
	ctx, cancel := context.WithTimeout(ctx, w.Stall)
	defer cancel()
	m.dismiss()
	if err := m.process.Stop(ctx); err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			err = fmt.Errorf("%w: asked to leave, for %v", errHung, w.Stall)
		}
		return "", fmt.Errorf("member %s: %w; its log ends with: %s", m.name, err, m.process.LogTail(5))
	}
	return "exit status 0", nil
}

// killMember kills one.
func (w *crew) killMember(ctx context.Context, m *member) (exit string, err error) {
	m.dismiss()
	if _, err := m.process.Kill(); err != nil {
		return "", err
	}
	_, state, err := m.process.Wait(ctx)
	if err != nil {
		return "", err
	}
	if !subject.Killed(state) {
		return "", fmt.Errorf("%w: member %s, by %v", errEnded, m.name, state)
	}
	return state.String(), nil
}

// end ends all that live: killed, or mostly stopped where only then files are written.
func (w *crew) end(ctx context.Context, line *Line) error {
	end := w.killMember
	if w.cell.Snapshots && w.rng.IntN(3) > 0 {
		end = w.stopMember
	}
	for _, m := range w.members {
		exit, err := end(ctx, m)
		if err != nil {
			return err
		}
		if line.Exit == "" {
			line.Exit = exit
		}
	}
	return nil
}

// release kills what is left.
func (w *crew) release() {
	for _, m := range w.all {
		select {
		case <-m.unheard:
		default:
			m.dismiss()
		}
		m.process.Release()
	}
}
