package torture

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"restorebench/harness/record"
	"restorebench/harness/subject"
)

// hindrance is a fault that lasts as long as one life of the processor, which goes on until it has done its work or gives up.
type hindrance interface {
	// begin comes before the start, and returns how to start the processor.
	begin(subject.Command) (subject.Command, error)
	// end is called once the processor is dead, and returns the file that was struck, if it was one, and what proves it: "" when it did not come.
	end() (file, proof string, err error)
	// endings are those that it may cause. They are asked for behind end.
	endings() []ending
}

func ofLife(fault string) bool { return ofCalls(fault) || fault == FaultReadOnly }

// hindrances are the kinds that a schedule knows of.
func hindrances(c *Cell, fault string) (kinds []string) {
	if fault == FaultReadOnly {
		return []string{readOnlyAtStart, readOnlyAlive}
	}
	for _, t := range targets(c, fault) {
		kinds = append(kinds, t.typ)
	}
	return kinds
}

// by are the options of the life that begins.
func (c *campaign) by() *Options {
	if c.command == nil {
		return c.Options
	}
	o := *c.Options
	o.Command = *c.command
	return &o
}

// newHindrance makes the one that m names, on files that are there if it is to be.
func (c *campaign) newHindrance(ctx context.Context, m *moment) (hindrance, error) {
	g := c.ground
	fresh := false
	var i *injection
	if c.Fault != FaultReadOnly {
		i = c.newInjection(m)
		fresh = i.fresh
	}
	switch {
	case fresh || c.cell.Recovery == record.Replay && c.rng.IntN(2) == 0:
		if err := g.newState(c.Fault); err != nil {
			return nil, err
		}
	case !g.opened:
		if err := c.calm(ctx); err != nil {
			return nil, err
		}
	}
	if i != nil {
		err := i.aim(c.rng, g.state, c.Fault == FaultUnreadable)
		return i, err
	}
	r := &readOnly{dir: g.state}
	if m.kind == readOnlyAlive && !m.soon {
		r.after = time.Duration(1 + c.rng.Int64N(int64(lifeTime)))
	}
	return r, nil
}

// hinder lives one life under a hindrance, and one without it, which judges what is left. It is false when the hindrance did not
// come.
func (c *campaign) hinder(ctx context.Context, m *moment, line *Line) (came bool, err error) {
	h, err := c.newHindrance(ctx, m)
	if err != nil {
		return false, err
	}
	l, err := c.hindered(ctx, h, line)
	if errors.Is(err, errCell) {
		line.Verdict, line.Damage = VerdictDamaged, c.found
		return false, errors.Join(err, c.judged(line))
	}
	if err != nil {
		return false, c.fail(err, line)
	}
	line.Time, line.During, line.Reached = time.Now().UTC(), l.during, line.Proof != ""
	line.Kind, line.Type = c.Fault, m.kind
	if !line.Reached {
		line.Kind = KindIdle
	}
	c.pending = append(c.pending, line)
	return line.Reached, c.calm(ctx)
}

// hindered is the life; an error of it is right if it says what it has to.
func (c *campaign) hindered(ctx context.Context, h hindrance, line *Line) (l *life, err error) {
	command, err := h.begin(c.Command)
	ended := false
	end := func() error {
		if ended {
			return nil
		}
		ended = true
		var err error
		line.File, line.Proof, err = h.end()
		line.File = strings.TrimPrefix(line.File, c.ground.state+"/")
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	if err != nil {
		return nil, err
	}
	c.command = &command
	l, err = c.live(ctx, nil)
	c.command = nil
	if err == nil {
		line.Outcome = OutcomeOutlived
		line.Exit, err = l.end(ctx)
		if err != nil {
			l.process.Release()
		}
		return l, err
	}
	if l == nil || !errors.Is(err, errEnded) && !errors.Is(err, errRefused) {
		return l, err
	}
	if endErr := end(); endErr != nil {
		return l, errors.Join(err, endErr)
	}
	if line.Proof == "" {
		return l, err
	}
	s := heard(&l.failed)
	if lacks := s.lacks(h.endings()); lacks != "" {
		return l, fmt.Errorf("%s: the error lacks %s: %w", line.Proof, lacks, err)
	}
	line.Outcome, line.Why = OutcomeEnded, strings.ReplaceAll(err.Error(), "\n", "; ")
	return l, nil
}

// calm lives a life without any fault, up to the end of its work, and kills it then.
func (c *campaign) calm(ctx context.Context) error {
	l, err := c.live(ctx, nil)
	if err == nil {
		_, err = l.end(ctx)
	}
	if err != nil {
		if l != nil {
			l.process.Release()
		}
		return c.fail(err, nil)
	}
	return nil
}
