package model

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"restorebench/bench/report"
	"restorebench/harness/record"
)

// Question is what is asked, for the head of an answer.
type Question struct {
	Cell record.Cell
	RTO  time.Duration // 0: none
	Rate float64       // records a second that the processor writes; 0: not told
}

func (q Question) String() string {
	c := q.Cell
	text := fmt.Sprintf("%s keys of %d B with values of %d B on %s: %s", report.Keys(c.Keys), c.KeyBytes, c.ValueBytes, partitionsOf(c), report.Bytes(keyBytes(c)))
	if c.UpdatesPerKey > 1 {
		text += fmt.Sprintf(", every key %d times in the changelog", c.UpdatesPerKey)
	}
	if q.Rate > 0 {
		text += fmt.Sprintf(", %s records/s written", report.Amount(q.Rate))
	}
	return text
}

func partitionsOf(c record.Cell) string {
	if c.Partitions == 1 {
		return "1 partition"
	}
	return fmt.Sprintf("%d partitions", c.Partitions)
}

// Table writes predictions for a terminal, the soonest back first, without what lies beyond what was measured: see Extrapolations.
func Table(w io.Writer, q Question, all []Prediction) error {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b Prediction) int { return cmp.Compare(a.DowntimeNS, b.DowntimeNS) })
	fmt.Fprintf(w, "%s.\n\n", q)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "subject\tstore\trecovery\tdowntime\tnine of ten\tmost of it\tmemory\tdisk\tcells")
	for _, p := range all {
		phase, share := p.longest()
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s %.0f%%\t%s\t%s\t%d\n", p.Subject, p.Store, p.Behind(), report.About(p.DowntimeNS),
			p.Range(), phase, 100*share, p.memory(), report.Bytes(p.DiskBytes), p.Cells)
	}
	return t.Flush()
}

// memory of the process, or that it is not known.
func (p Prediction) memory() string {
	if p.RSSBytes == 0 {
		return "-"
	}
	return report.Bytes(p.RSSBytes)
}

// Way is the recovery, with what tells it from others.
func (p Prediction) Way() string {
	return strings.TrimPrefix(p.String(), p.Subject+": "+p.Store+" by ")
}

// Behind is the way, with how far behind the files are.
func (p Prediction) Behind() string {
	if p.Tail == 0 {
		return p.Way()
	}
	return strings.Replace(p.Way(), p.Recovery, fmt.Sprintf("%s %.3g %%", p.Recovery, 100*p.Tail), 1)
}

// Range writes between what nine of ten lie.
func (p Prediction) Range() string { return report.About(p.LowNS) + "–" + report.About(p.HighNS) }

// longest is the phase that takes the most, and its share.
func (p Prediction) longest() (phase string, share float64) {
	for _, name := range record.Phases {
		if s := p.PhasesNS[name] / p.DowntimeNS; s > share {
			phase, share = name, s
		}
	}
	return phase, share
}

// Beyond names what lies beyond what was measured for any of the predictions.
func Beyond(all []Prediction) (lines []string) {
	for _, p := range all {
		for _, line := range p.Extrapolated {
			if !slices.Contains(lines, line) {
				lines = append(lines, line)
			}
		}
	}
	return lines
}

// Extrapolations writes what lies beyond what was measured.
func Extrapolations(w io.Writer, all []Prediction) error {
	return writeList(w, "EXTRAPOLATED beyond what was measured, where the intervals are the least to be trusted:", Beyond(all))
}

// WriteCautions writes them.
func WriteCautions(w io.Writer, lines []string) error { return writeList(w, "Keep in mind:", lines) }

func writeList(w io.Writer, head string, lines []string) error {
	if len(lines) == 0 {
		return nil
	}
	_, err := fmt.Fprintf(w, "\n%s\n  %s\n", head, strings.Join(lines, "\n  "))
	return err
}

// Explain writes what each model is made of, phase by phase.
func Explain(w io.Writer, models []*Model) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, m := range models {
		fmt.Fprintf(t, "\n%s (%d cells)\n", m.Kind, m.Cells)
		for _, phase := range record.Phases {
			f := m.Phases[phase]
			var parts []string
			for i, name := range f.Terms() {
				if f.Factors[i] > 0 {
					parts = append(parts, perUnit(f.Factors[i])+" per "+name)
				}
			}
			if len(parts) > 0 {
				fmt.Fprintf(t, "  %s\t%s\n", phase, strings.Join(parts, ", "))
			}
		}
	}
	return t.Flush()
}

// perUnit writes so many ns, of which a byte may take a hundredth.
func perUnit(ns float64) string {
	if ns < 1 {
		return fmt.Sprintf("%.2g ns", ns)
	}
	return report.Duration(ns)
}

// WriteHeld writes how the models did at cells that they had not seen.
func WriteHeld(w io.Writer, held []Held, left []string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "store\trecovery\tkeys\tvalue B\tparts\tupd/key\ttail\tpredicted\tnine of ten\tmeasured\terror\tinside")
	for _, h := range held {
		c, p := h.Cell, h.Prediction
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%d\t%d\t%g%%\t%s\t%s–%s\t%s\t%+.0f%%\t%s\n", c.Store, p.Way(), report.Keys(c.Keys), c.ValueBytes, c.Partitions, c.UpdatesPerKey, 100*c.Tail,
			report.Duration(p.DowntimeNS), report.Duration(p.LowNS), report.Duration(p.HighNS), report.Duration(h.TruthNS), 100*h.Error, map[bool]string{true: "yes", false: "no"}[h.Inside])
	}
	if err := t.Flush(); err != nil {
		return err
	}
	inside, median := Score(held)
	for _, line := range left {
		fmt.Fprintln(w, "not predicted:", line)
	}
	_, err := fmt.Fprintf(w, "\n%d cells: median error %.0f %%, %.0f %% of the intervals hold the truth (%.0f %% are meant to).\n", len(held), 100*median, 100*inside, 100*Confidence)
	return err
}
