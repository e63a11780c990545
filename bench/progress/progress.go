// Package progress shows how far a suite is: live bars on a terminal, plain lines
// elsewhere.
package progress

import (
	"fmt"
	"io"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"restorebench/bench/report"
	"restorebench/bench/suite"
	"restorebench/harness/record"
)

// Display shows a suite's events. Its methods are called by one goroutine, Logf by any.
type Display interface {
	// Logf writes a line above what is live.
	Logf(format string, args ...any)
	// Show takes an event.
	Show(e suite.Event)
	// Close ends the live part; what it showed stays as it is.
	Close()
}

// New returns the display for w: bars when w is a terminal, else lines.
func New(w io.Writer, terminal bool) Display {
	if terminal {
		return newBars(w)
	}
	return &lines{w: w}
}

// lines is for logs and pipes: a line per trial.
type lines struct{ w io.Writer }

func (l *lines) Logf(format string, args ...any) { fmt.Fprintf(l.w, format+"\n", args...) }

func (l *lines) Show(e suite.Event) {
	if e.Done != nil {
		l.Logf("%s", summary(e))
	}
}

func (l *lines) Close() {}

// summary is a finished trial in one line.
func summary(e suite.Event) string {
	head := fmt.Sprintf("[%d/%d] %s", e.Trial+1, e.Trials, label(e.Cell))
	if !e.Done.Valid {
		return head + ": INVALID: " + e.Done.Why
	}
	return fmt.Sprintf("%s: back after %s (restore %s), %s records verified", head,
		report.Duration(float64(e.Done.DowntimeNS)), report.Duration(float64(e.Done.Phases[record.PhaseRestore])),
		report.Keys(e.Done.Verify.Count))
}

func label(c record.Cell) string {
	return fmt.Sprintf("%s %s %s keys", c.Store, c.Recovery, report.Keys(c.Keys))
}

// bars is for a terminal: one bar for the suite, one for the trial's stage.
type bars struct {
	p     *mpb.Progress
	w     io.Writer
	total *mpb.Bar
	stage *mpb.Bar
	name  string // of the current stage's bar
}

func newBars(w io.Writer) *bars {
	return &bars{p: mpb.New(mpb.WithOutput(w), mpb.WithWidth(64), mpb.WithAutoRefresh()), w: w}
}

func (b *bars) Logf(format string, args ...any) {
	fmt.Fprintf(b.p, format+"\n", args...)
}

func (b *bars) Show(e suite.Event) {
	if b.total == nil {
		b.total = b.p.AddBar(int64(e.Trials), mpb.BarPriority(1),
			mpb.PrependDecorators(decor.Name("trials ", decor.WCSyncSpaceR), decor.CountersNoUnit("%d/%d", decor.WCSyncSpace)),
			mpb.AppendDecorators(decor.AverageETA(decor.ET_STYLE_GO, decor.WCSyncSpace), decor.Name(" left")))
	}
	if e.Done != nil {
		b.endStage()
		b.Logf("%s", summary(e))
		b.total.SetCurrent(int64(e.Trial + 1))
		return
	}
	name := fmt.Sprintf("%s: %s", label(e.Cell), e.Stage.Stage)
	if b.stage == nil || b.name != name {
		b.endStage()
		b.name = name
		b.stage = b.p.AddBar(e.Stage.Total, mpb.BarRemoveOnComplete(), mpb.BarPriority(0),
			mpb.PrependDecorators(decor.Name(name+" ", decor.WCSyncSpaceR)),
			mpb.AppendDecorators(
				decor.AverageSpeed(0, "%.0f records/s", decor.WCSyncSpace),
				decor.AverageETA(decor.ET_STYLE_GO, decor.WC{W: 6}), decor.Name(" left")))
	}
	// The last step is left to endStage: a full bar removes itself.
	b.stage.SetCurrent(min(e.Stage.Done, e.Stage.Total-1))
}

func (b *bars) endStage() {
	if b.stage != nil {
		b.stage.Abort(true)
		b.stage = nil
	}
}

func (b *bars) Close() {
	b.endStage()
	if b.total != nil {
		b.total.Abort(false)
	}
	b.p.Wait()
}
