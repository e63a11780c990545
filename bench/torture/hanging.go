package torture

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"restorebench/harness/changelog"
)

const (
	// hangs is how long a transaction is left open: longer than a processor needs to ask for the end offset.
	hangs = 1500 * time.Millisecond
	// patience is how long the broker leaves a transaction open that nobody ends, in ms; at most its transaction.max.timeout.ms.
	patience = "900000"
)

// hanging is a transaction that is open for a while, or until a processor has refused its changelog for it.
type hanging struct {
	id    string // transactional
	done  chan struct{}
	until time.Time // when it began to be aborted; to be read after done
	err   error
	abort func() // it is open until that is called; nil: it ends by itself
}

// leave writes records in a transaction of somebody else, which is aborted at once or after a while; or it stays open.
func (g *ground) leave(ctx context.Context, o *Options, open bool) (proof string, err error) {
	h := &hanging{id: g.log + "-other", done: make(chan struct{})}
	t, err := changelog.NewTransactions(ctx, o.Brokers, h.id, changelog.Settings{"transaction.timeout.ms": patience})
	if err != nil {
		return "", err
	}
	next, err := g.aborted(ctx, t, 10)
	abort := func() {
		h.until = time.Now() // the marker is there before Abort returns
		h.err = t.Abort(context.WithoutCancel(ctx))
		t.Close()
		close(h.done)
	}
	proof = fmt.Sprintf("offsets %d to %d are of an aborted transaction", g.history.next, next-1)
	switch {
	case err != nil:
		t.Close()
		return "", err
	case o.Fault == FaultTopicAborted:
		abort()
		return proof, h.err
	}
	g.struck.hanging = h
	if open && o.Stall > brokerPatience { // else that it hangs is known before
		h.abort = abort
		return proof + ", which was open until it was refused", nil
	}
	time.AfterFunc(hangs, abort)
	return fmt.Sprintf("%s, which was open for %v", proof, hangs), nil
}

// open says whether there is a transaction that does not end by itself.
func (s *struck) open() bool { return s.hanging != nil && s.hanging.abort != nil }

// ended waits for the transaction that was left open, of which no restore may know the end before.
func (s *struck) ended(l *life) error {
	h := s.hanging
	if h == nil {
		return nil
	}
	if s.open() {
		return fmt.Errorf("the restore knew its end, and a transaction below it is open")
	}
	s.hanging = nil
	<-h.done
	if h.err == nil && l.start.At.Before(h.until) {
		return fmt.Errorf("the restore knew its end %v before a transaction below it was aborted", h.until.Sub(l.start.At))
	}
	return h.err
}

// end ends a transaction that does not end by itself.
func (s *struck) end() error {
	h := s.hanging
	if !s.open() {
		return nil
	}
	s.hanging = nil
	h.abort()
	return h.err
}

// gaveUp takes the end of a processor that has waited for an open transaction, if it has said whose that is and what to do, and ends
// that: the next life restores, and is judged.
func (c *campaign) gaveUp(l *life, err error) error {
	var line *Line
	for _, line = range slices.Backward(c.pending) {
		if line.Kind == FaultTopicHanging { // the last one: while it is open there is no other
			break
		}
	}
	line.Outcome, line.Why = OutcomeRefused, err.Error()
	if lacks := c.openLacks(l); lacks != "" {
		return fmt.Errorf("%s: the refusal lacks %s: %w", line.Proof, lacks, err)
	}
	return c.ground.struck.end()
}

// openLacks is what a processor that has given up on an open transaction should have said and did not, "" when nothing.
func (c *campaign) openLacks(l *life) string {
	s := heard(&l.failed)
	for what, text := range map[string]string{
		"whose it is":   "its transactional id " + c.ground.struck.hanging.id + " is Ongoing",
		"how to end it": "abort it with kafka-transactions.sh --bootstrap-server " + c.Brokers + " abort --topic " + c.ground.log + " --partition 0 --start-offset ",
	} {
		if !strings.Contains(s.cause, text) {
			return fmt.Sprintf("%s (%s)", what, text)
		}
	}
	if s.advice == "" {
		return fmt.Sprintf("what to do (%s)", startAgain)
	}
	return ""
}

// openEnds says whether a processor has given up on a transaction that is open.
func (c *campaign) openEnds(l *life, err error) bool {
	return errors.Is(err, errEnded) && l.failed.Code == codeOpen && c.ground.struck.open()
}
