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
	return &lines{w: w, names: names{}}
}

// lines is for logs and pipes: a line per trial.
type lines struct {
	w     io.Writer
	names names
}

func (l *lines) Logf(format string, args ...any) { fmt.Fprintf(l.w, format+"\n", args...) }

func (l *lines) Show(e suite.Event) {
	if e.Done != nil {
		l.Logf("%s", l.names.summary(e))
	}
}

func (l *lines) Close() {}

// names are those of cells, by what tells them from others of their run.
type names map[record.Cell]string

// of names the event's cell in full.
func (n names) of(e suite.Event) string {
	if n[e.Cell] == "" {
		n[e.Cell] = report.Names(append([]record.Cell{e.Cell}, e.Cells...)...).Title(e.Cell)
	}
	return n[e.Cell]
}

// summary is a finished trial in one line: a wide one tells less of its time, but no less of what was measured or of the verdict.
func (n names) summary(e suite.Event) string {
	head := fmt.Sprintf("[%d/%d] %s", report.Number(e.Trial), e.Trials, n.of(e))
	if !e.Done.Valid {
		return head + ": INVALID: " + e.Done.Why
	}
	const verified = ", verified" // else it were invalid
	back := head + ": back in " + report.Duration(float64(e.Done.DowntimeNS))
	full := fmt.Sprintf("%s (restore %s)%s", back, report.Duration(float64(e.Done.Phases[record.PhaseRestore])), verified)
	if utf8.RuneCountInString(full) <= width {
		return full
	}
	return back + verified
}

// width is the columns of a terminal, which long names would fill.
const width = 80
