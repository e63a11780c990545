package model

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"restorebench/bench/report"
	"restorebench/harness/record"
)

// WriteOptions writes which ways meet an objective.
func WriteOptions(w io.Writer, q Question, all []Option) error {
	_, err := fmt.Fprintf(w, "\n%s\n\n%s\n", q.Verdict(all), strings.Join(Sentences(q, all), "\n"))
	return err
}

// Verdict answers the question in a sentence or two: what to run, or that nothing is known to be soon enough.
func (q Question) Verdict(all []Option) string {
	rto := report.About(float64(q.RTO))
	sure := func(realistic bool) int {
		return slices.IndexFunc(all, func(o Option) bool { return o.Verdict == Meets && (o.Recovery != record.Local) == realistic })
	}
	// Files that lack nothing are what is found by luck: after a crash of an idle processor. They are no answer where there is another.
	lucky, chosen := sure(false), sure(true)
	switch {
	case chosen >= 0:
		return fmt.Sprintf("Back within %s of the restart after nine crashes of ten: %s.%s", rto, q.take(all[chosen]), q.lost(all))
	case lucky >= 0:
		return fmt.Sprintf("Back within %s of the restart after nine crashes of ten: only %s.%s", rto, q.take(all[lucky]), q.lost(all))
	case len(all) == 0:
		return "Nothing that was measured answers this."
	}
	nearest := slices.MinFunc(all, func(a, b Option) int {
		return int(max(min(a.HighNS-b.HighNS, 1), -1))
	})
	return fmt.Sprintf("Nothing that was measured is sure to be back within %s. The nearest is %s.", rto, q.take(nearest))
}

// lost says what is left without local files, unless that is soon enough, too.
func (q Question) lost(all []Option) string {
	var ways []string
	for _, o := range all {
		if o.Recovery != record.Replay {
			continue
		}
		if o.Verdict == Meets {
			return ""
		}
		ways = append(ways, fmt.Sprintf("%s takes about %s (%s)", o.Store, report.About(o.DowntimeNS), o.Range()))
	}
	if len(ways) == 0 {
		return ""
	}
	return " If the files are lost, nothing is sure to be: " + strings.Join(ways, ", ") + "."
}

// take is an option with its time and its conditions.
func (q Question) take(o Option) string {
	text := o.Store + " by " + o.Way()
	switch o.Recovery {
	case record.Local:
		text = o.Store + " whose files have all that was written"
	case record.LocalTail:
		text = o.Store + " whose files survive"
	}
	if until := q.Until(o); until != "" {
		text += ", " + until
	}
	when := ": about "
	if o.Recovery == record.LocalTail && o.MaxTail > 0 {
		when = ". With that: about "
		if q.Rate > 0 && !q.unlimited(o) {
			when = ". A crash right before the next one: about "
		}
	}
	text += fmt.Sprintf("%s%s (%s)", when, report.About(o.DowntimeNS), o.Range())
	if o.RSSBytes > 0 {
		text += fmt.Sprintf(", %s of RAM", report.Bytes(o.RSSBytes))
	}
	return text
}

// Until is how old the saved offset of an option may be, "" where it does not matter or nothing is young enough.
func (q Question) Until(o Option) string {
	if o.MaxTail == 0 {
		return ""
	}
	records := report.Amount(float64(o.MaxTail)) + " records"
	if q.Rate > 0 {
		every := report.About(1e9 * float64(o.MaxTail) / q.Rate)
		if !q.unlimited(o) {
			return fmt.Sprintf("a checkpoint at least every %s (%s at %s/s)", every, records, report.Amount(q.Rate))
		}
		records = fmt.Sprintf("%s (%s at %s/s)", records, every, report.Amount(q.Rate))
	}
	if q.unlimited(o) {
		return fmt.Sprintf("its saved offset up to %s old, as many as there are keys: of more nothing is predicted", records)
	}
	return "its saved offset at most " + records + " old"
}

// unlimited says whether it is not the objective that limits the tail of an option.
func (q Question) unlimited(o Option) bool { return o.MaxTail == q.Cell.Keys }

// Sentences say of every option whether it meets the objective, and what it costs.
func Sentences(q Question, all []Option) []string {
	heads := map[string]string{
		Meets:  "back within %s after nine crashes of ten, the least memory first:",
		Mostly: "back within %s after a typical crash, but not after nine of ten:",
		Misses: "not back within %s:",
	}
	var lines []string
	last := ""
	for _, o := range all {
		if o.Verdict != last {
			lines, last = append(lines, fmt.Sprintf(heads[o.Verdict], report.About(float64(q.RTO)))), o.Verdict
		}
		line := fmt.Sprintf("  %s, %s: %s (%s); %s", o.Store, o.Behind(), report.About(o.DowntimeNS), o.Range(), o.Needs)
		if until := q.Until(o); until != "" {
			line += "; " + until
		} else if o.Recovery == record.LocalTail && o.Verdict == Misses {
			line += "; no checkpoint interval is short enough"
		}
		lines = append(lines, line)
	}
	return lines
}
