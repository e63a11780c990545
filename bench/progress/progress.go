// Package progress shows how far a suite is: live bars on a terminal, plain lines
// elsewhere.
package progress

import (
	"fmt"
	"io"
	"unicode/utf8"

	"restorebench/bench/report"
	"restorebench/bench/suite"
	"restorebench/harness/record"
	"restorebench/harness/spec"
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
	back := head + ": back in " + report.Duration(float64(e.Done.DowntimeNS))
	full := fmt.Sprintf("%s (restore %s), verified", back, report.Duration(float64(e.Done.Phases[record.PhaseRestore])))
	if utf8.RuneCountInString(full) <= width {
		return full
	}
	return back // invalid if it were not verified
}

// width is the columns of a terminal, which long names of stores would fill.
const width = 80

func label(c record.Cell) string {
	subject := ""
	if c.Subject != "" && c.Subject != spec.SubjectSelf {
		subject = c.Subject + " "
	}
	return subject + fmt.Sprintf("%s %s %s keys", c.Store, c.Recovery, report.Keys(c.Keys))
}
