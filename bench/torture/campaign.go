package torture

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"restorebench/harness/changelog"
	"restorebench/harness/record"
	"restorebench/harness/spec"
	"restorebench/harness/subject"
	"restorebench/stores"
)

// groundKills are so many that a changelog stays small.
const groundKills = 100

// fillRecords are of one life.
const fillRecords = 10_000

// campaign is the kills of one cell.
type campaign struct {
	*Options
	cell     Cell
	admin    *changelog.Admin
	schedule *schedule
	rng      *rand.Rand // of what is fed
	ground   *ground
	grounds  int
	kills    int
	pending  []*Line     // killed and not judged yet
	before   func(*Line) // told of a kill
	judged   func(*Line) error
	kept     string // directory of a failure

	command *subject.Command // of this life, where it is not that of all
	found   Damage           // by the last restore
}

// errCell ends a cell whose state was found wrong; its lines say how.
var errCell = errors.New("a restore was wrong")

// run kills until enough says so, and judges once more.
func (c *campaign) run(ctx context.Context, enough func(kills int) bool) (err error) {
	if ofGroup(c.Fault) {
		return c.regroupAll(ctx, enough)
	}
	defer func() {
		if c.ground == nil {
			return
		}
		if err != nil && ctx.Err() == nil {
			err = errors.Join(err, c.keep())
		}
		err = errors.Join(err, c.leaveGround())
	}()
	for {
		last := enough(c.kills)
		if c.ground == nil || (c.kills > 0 && (c.ground.spent || c.kills%groundKills == 0)) || last {
			if err := c.renew(ctx, last); err != nil || last {
				return err
			}
		}
		m := c.schedule.next()
		if late(c.Fault) {
			share := c.rng.Float64()
			m.hold = &share
		}
		came, err := c.kill(ctx, m)
		if err == nil && !came { // once more, at the first moment that there is
			if m.inRestore() || m.kind == KindBulk {
				if err := c.afresh(ctx); err != nil {
					return err
				}
			}
			if came, err = c.kill(ctx, m.sooner()); err == nil && !came {
				err = fmt.Errorf("%s: a kill at %s never came: the processor does not go there", c.cell.Name, m.kind)
			}
		}
		if err != nil {
			return err
		}
	}
}

// afresh goes on without files. Where a kill leaves some that count, a life that opens them judges it before they go.
func (c *campaign) afresh(ctx context.Context) error {
	if c.cell.Recovery != record.Replay && len(c.pending) > 0 {
		if err := c.calm(ctx); err != nil {
			return err
		}
	}
	return c.ground.newState(c.Fault)
}

// renew judges what is not judged yet and begins on new ground, unless this was the last.
func (c *campaign) renew(ctx context.Context, last bool) error {
	if c.ground != nil {
		if err := c.last(ctx); err != nil {
			return err
		}
		if last {
			return nil
		}
	}
	return c.fresh(ctx)
}

// fresh begins on new ground.
func (c *campaign) fresh(ctx context.Context) (err error) {
	if c.ground != nil {
		if err := c.leaveGround(); err != nil {
			return err
		}
	}
	c.grounds++
	name := fmt.Sprintf("%s-%d", c.cell.Name, c.grounds)
	c.ground, err = newGround(ctx, c.Options, c.admin, name, &c.cell, traffic{c.Seed ^ hash(name), c.keys()})
	if err != nil {
		return err
	}
	if c.keys() <= DefaultKeys { // so many come under the first kills
		return nil
	}
	return c.fill(ctx, int64(c.keys()), fillRecords)
}

// leaveGround ends the ground, whose clients are gone then, also if an error leaves its topics.
func (c *campaign) leaveGround() error {
	g := c.ground
	c.ground = nil
	return g.end(c.admin)
}

// fill lets so many records be processed before there are kills; in several lives, since a processor says nothing while it has something to do.
func (c *campaign) fill(ctx context.Context, records, each int64) error {
	for c.ground.fed < records {
		if err := c.ground.feed(ctx, stores.Offset(c.ground.fed), min(each, records-c.ground.fed)); err != nil {
			return err
		}
		if err := c.calm(ctx); err != nil {
			return err
		}
	}
	return nil
}

// kill lives one life up to a moment. It is false when that did not come: the processor was
// killed with nothing to do then.
func (c *campaign) kill(ctx context.Context, m moment) (came bool, err error) {
	line := c.line(&m)
	switch {
	case ofLife(c.Fault):
		return c.hinder(ctx, &m, line)
	case c.Fault == FaultRewound:
		return c.rewind(ctx, &m, line)
	}
	if c.cell.Recovery == record.Replay && (!c.restoring() || c.rng.IntN(4) == 0) {
		if err := c.ground.newState(c.Fault); err != nil { // what a killed restore leaves is mostly met by the next one
			return false, err
		}
	}
	l, err := c.live(ctx, &m)
	if is, judgeErr := c.refused(ctx, l, err); is {
		if err = judgeErr; err == nil {
			l, err = c.live(ctx, &m)
		}
	}
	if l != nil && l.strike != nil && l.strike.proof != "" {
		line.Kind, line.Struck, line.Proof, line.Outcome = c.Fault, l.strike.during, l.strike.proof, OutcomeOutlived
		if errors.Is(err, errEnded) && !l.strike.late {
			return c.ended(l, line, err)
		}
	}
	if err != nil {
		return false, c.fail(err, line)
	}
	if c.Fault == FaultZombie && l.during == duringTraffic {
		if l, err = c.haunt(ctx, l, line); err != nil {
			return false, c.fail(err, line)
		}
	}
	if c.Fault == FaultLockHeld && l.during == duringTraffic {
		if err = c.contend(ctx, l, line); err != nil {
			l.process.Release()
			return false, c.fail(err, line)
		}
	}
	line.Time = time.Now().UTC()
	line.Exit, err = l.end(ctx)
	line.During = l.during
	if line.Outcome == OutcomeOutlived && errors.Is(err, errEnded) { // just before it was killed
		return c.ended(l, line, err)
	}
	if err != nil {
		return false, c.fail(err, line)
	}
	if line.Reached = m.plan == nil || l.killing != nil; !line.Reached {
		line.Kind = KindIdle
	} else if l.killing != nil {
		line.Offset = l.killing.Offset
	}
	if err := c.ground.mend(c.Fault); err != nil {
		return false, err
	}
	if ofFiles(c.Fault) {
		w, err := c.wound(ctx)
		if err != nil {
			return false, err
		}
		if line.File, line.Type, line.Proof = w.name, w.typ, w.proof; w.name != "" {
			line.Kind = c.Fault
		}
	}
	if c.Fault == FaultPowerCut {
		var lost bool
		if line.Proof, lost, err = c.ground.disk.cut(); err != nil {
			c.pending = append(c.pending, line)
			return false, c.fail(err, nil)
		}
		if lost { // else it is a mere kill
			line.Kind = c.Fault
		}
	}
	if c.Fault == FaultTopicExpired {
		if line.Proof, err = c.expire(ctx); err != nil {
			return false, c.fail(err, line)
		}
		if line.Proof != "" {
			line.Kind = c.Fault
		}
	}
	if whileDead(c.Fault) {
		if line.Proof, err = c.ground.strikeTopic(ctx, c.Options, c.admin, &c.cell, c.rng); err != nil {
			return false, err
		}
		if line.Proof != "" {
			line.Kind = c.Fault
		}
	}
	c.pending = append(c.pending, line)
	return line.Reached, nil
}

// line begins that of the next kill.
func (c *campaign) line(m *moment) *Line {
	c.kills++
	line := &Line{
		Schema: Schema, Run: c.Run, Build: c.Build, Seed: c.Seed, Cell: c.cell.Name, Kill: c.kills, Kind: m.kind, Plan: m.plan,
		AfterNS: m.after.Nanoseconds(), Verdict: VerdictNotRun,
	}
	c.before(line)
	return line
}

// ended takes a processor that a strike has ended by itself, if that is a right way to end; no kill is needed.
func (c *campaign) ended(l *life, line *Line, err error) (came bool, _ error) {
	line.Outcome, line.Why, line.Reached = OutcomeEnded, err.Error(), true
	line.Time, line.During = time.Now().UTC(), l.during
	c.pending = append(c.pending, line)
	if wrong := c.wrongEnd(&l.failed, l.strike.away); wrong != "" {
		return false, c.fail(fmt.Errorf("%s: %s: %w", line.Proof, wrong, err), nil)
	}
	return true, c.ground.mend(c.Fault)
}

// refused judges a kill whose damaged file, or grown changelog, the processor refused, as it may if it says so: then it is for
// the user to wipe, and the next life begins without files; or on new ground, where that does not help.
func (c *campaign) refused(ctx context.Context, l *life, err error) (bool, error) {
	switch {
	case len(c.pending) == 0:
		return false, nil
	case c.openEnds(l, err):
		return true, c.gaveUp(l, err)
	case errors.Is(err, errEnded) && c.unmarked(&l.failed):
		return true, c.forsake(ctx, err)
	case !errors.Is(err, errRefused):
		return false, nil
	}
	line := c.pending[len(c.pending)-1]
	if !ofFiles(line.Kind) && line.Kind != FaultTopicGrown {
		return false, nil
	}
	if lacks := c.refusalLacks(&l.failed); lacks != "" {
		return true, fmt.Errorf("%s: the refusal lacks %s: %w", line.Proof, lacks, err)
	}
	line.Verdict, line.Outcome, line.Why = VerdictOK, OutcomeRefused, err.Error()
	c.pending = c.pending[:len(c.pending)-1]
	return true, errors.Join(c.ground.newState(c.Fault), c.judged(line))
}

// restoring says whether the last kill cut a restore short.
func (c *campaign) restoring() bool {
	n := len(c.pending)
	return n > 0 && c.pending[n-1].During == duringRestore
}

// last judges the last kill, that a processor that is stopped ends cleanly, and its output.
func (c *campaign) last(ctx context.Context) error {
	l, err := c.live(ctx, nil)
	if is, judgeErr := c.refused(ctx, l, err); is {
		if err = judgeErr; err == nil {
			l, err = c.live(ctx, nil)
		}
	}
	if err != nil {
		return c.fail(err, nil)
	}
	ctx, cancel := context.WithTimeout(ctx, c.Stall)
	defer cancel()
	defer l.process.Release()
	if err := l.process.Stop(ctx); err != nil || c.ground.sent == nil {
		return err
	}
	return c.output(ctx)
}

// output judges what was sent on under exactly once: all of the input, once.
func (c *campaign) output(ctx context.Context) error {
	sent := c.ground.sent
	if err := sent.readAll(ctx); err != nil {
		return err
	}
	if sent.newest != c.ground.fed {
		return fmt.Errorf("%w: %s has %d records, the input %d", errTranscript, sent.topic, sent.newest, c.ground.fed)
	}
	return nil
}

// live feeds and starts the processor and follows it.
func (c *campaign) live(ctx context.Context, m *moment) (*life, error) {
	g := c.ground
	committed, err := g.committed.Committed(g.input)
	if err != nil {
		return nil, err
	}
	if err := g.feed(ctx, committed, 300+c.rng.Int64N(900)); err != nil {
		return nil, err
	}
	var s *strike
	if alive(c.Fault) && m != nil {
		s = newStrike(c.rng, c.Options, c.ground.disk)
		struck := *m
		struck.hold, m = s.hold, &struck
	}
	l, err := g.start(c.by(), &c.cell, m)
	if err != nil {
		return nil, err
	}
	l.strike = s
	switch {
	case c.Fault == FaultRewound:
		l.settled = func() error { return g.keepHeld(l) }
	case late(c.Fault):
		l.held = func(e subject.Event) (err error) {
			committed, err = c.strikeLate(ctx, l, e, committed)
			return err
		}
	}
	err = l.live(ctx, m, c.Stall, func(restored []subject.Entry) error { return c.judge(ctx, l, committed, restored) })
	if err == nil {
		err = c.cost(l) // of a life, too, that was killed before it was judged
	}
	g.lived(l, c.cell.Store == spec.StoreRocks)
	if err != nil {
		tail := l.process.LogTail(5)
		l.process.Release()
		if tail != "" {
			err = fmt.Errorf("%w; its log ends with: %s", err, tail)
		}
	}
	return l, err
}

// judge compares what was restored with the changelog, and with what was acknowledged.
func (c *campaign) judge(ctx context.Context, l *life, committed stores.Offset, restored []subject.Entry) error {
	h := c.ground.history
	if err := h.readTo(ctx, stores.Offset(l.start.To)); err != nil {
		return err
	}
	if int64(committed) > h.newest {
		return fmt.Errorf("%w: %d records are acknowledged, it has %d", errTranscript, committed, h.newest)
	}
	if err := errors.Join(c.ground.struck.ended(l), c.ground.struck.noticed(l), c.ground.struck.right(l)); err != nil {
		return err
	}
	if err := c.cost(l); err != nil {
		return err
	}
	if err := c.remember(false); err != nil {
		return err
	}
	d := c.compare(l, committed, restored)
	c.found = d
	if err := c.ground.struck.expired(l); err != nil && !d.any() {
		return err
	}
	for i, line := range c.pending {
		line.Path, line.From, line.To, line.CommittedTo = l.opened.Path, l.start.From, l.start.To, int64(committed)
		line.Entries, line.RecoveryNS, line.Verdict = len(restored), l.recovery.Nanoseconds(), VerdictOK
		if line.Outcome == "" && (ofFiles(line.Kind) || ofTopic(line.Kind) || line.Kind == FaultPowerCut) {
			line.Outcome = map[bool]string{true: OutcomeReplayed, false: OutcomeServed}[l.opened.Path != subject.PathLocal]
			if line.Why = l.opened.Reason; line.Outcome == OutcomeReplayed && line.Why == "" {
				return fmt.Errorf("%s: it was replayed, and not why: path %s", line.Proof, l.opened.Path)
			}
		}
		if line.Kind == FaultTopicExpired {
			line.Proof = fmt.Sprintf("%s, of which the files had %d", line.Proof, c.ground.struck.returning(l))
		}
		if d.any() && i == len(c.pending)-1 {
			line.Verdict, line.Damage = VerdictDamaged, d
		}
		if err := c.judged(line); err != nil {
			return err
		}
	}
	c.pending, c.ground.struck.forgotten = nil, nil
	if d.any() {
		return fmt.Errorf("%w: %s", errCell, d.First)
	}
	return nil
}

// cost is an error if a life did not use what the files held, where nothing but a kill, or what is to leave them whole, came before it.
func (c *campaign) cost(l *life) error {
	g := c.ground
	switch {
	case costsFiles(c.Fault) || l.opened.Path == "":
		return nil
	case l.opened.Path == subject.PathWiped && g.opened:
		return fmt.Errorf("a mere kill cost the local files: %s", l.opened.Reason)
	case c.cell.Recovery == record.Replay: // whose files a kill takes along
		return nil
	case l.opened.Path != subject.PathLocal && g.saved > 0:
		return fmt.Errorf("a mere kill cost the local files, which held the changelog up to offset %d: path %s: %s", g.saved, l.opened.Path, l.opened.Reason)
	case l.start.Event != "" && l.start.From < g.saved:
		return fmt.Errorf("the local files held the changelog up to offset %d, and the restore began at %d", g.saved, l.start.From)
	case l.start.Event != "" && l.start.From == 0 && l.opened.Path == subject.PathLocal && len(l.atOpen) > 0: // data and offset are saved as one
		return fmt.Errorf("the local files held %d keys, and the restore began at 0", len(l.atOpen))
	}
	return nil
}

// compare compares what was restored, and what the files held, with what there is of the changelog, and with what was
// acknowledged, unless a fault has deleted that.
func (c *campaign) compare(l *life, committed stores.Offset, restored []subject.Entry) (d Damage) {
	h, local := c.ground.history, l.opened.Path == subject.PathLocal
	all, saved := h.writes(stores.Offset(l.start.From))
	gone := 0
	if s := &c.ground.struck; s.begin > 0 && (!local || s.replayed) {
		_, gone = h.writes(s.begin)
	}
	all, saved = all[gone:], max(saved-gone, 0)
	d.add(compare(restored, all, len(all)), "restored")
	if local || !shownFirst(c.Fault) { // else they were shown before they were wiped
		d.add(compare(l.atOpen, all, saved), fmt.Sprintf("local files at offset %d", l.start.From))
	}
	if gone == 0 {
		d.add(compare(restored, h.inputs(), int(committed)), fmt.Sprintf("acknowledged up to %d", committed))
	}
	return d
}
