package report

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"restorebench/bench/stats"
	"restorebench/harness/record"
)

// Kinds of warnings.
const (
	WarnFewTrials       = "few_trials"      // a median without an interval
	WarnOutliers        = "outliers"        // trials far from the others of their cell; they are part of every figure
	WarnDrift           = "drift"           // the run's downtimes rose or fell
	WarnMachine         = "machine"         // what restorebench doctor found when the run began
	WarnAutocorrelation = "autocorrelation" // neighbouring trials are alike, so that intervals are too narrow
)

// Warning is what a reader should know before he trusts the figures.
type Warning struct {
	Kind   string `json:"kind"`
	Text   string `json:"text"`
	Trials []int  `json:"trials,omitempty"` // that it is about, from 0 as in the records; the text counts from 1
}

// seldom is how often a run of independent trials may be said to drift.
const seldom = 0.01

// warn fills the warnings. records are those of the summary.
func (s *Summary) warn(records []record.Record) {
	valid := slices.DeleteFunc(slices.Clone(records), func(r record.Record) bool { return !r.Valid })
	slices.SortStableFunc(valid, func(a, b record.Record) int { return cmp.Compare(a.Trial, b.Trial) })
	s.Warnings = []Warning{}
	add := func(w *Warning) {
		if w != nil {
			s.Warnings = append(s.Warnings, *w)
		}
	}
	add(s.fewTrials())
	add(s.machine())
	add(s.outliers(valid))
	rest := s.residuals(valid)
	add(drift(rest))
	add(alike(rest))
}

func (s *Summary) fewTrials() *Warning {
	few := 0
	for _, c := range s.Cells {
		if c.N > 0 && c.N < stats.MinInterval {
			few++
		}
	}
	if few == 0 {
		return nil
	}
	return &Warning{Kind: WarnFewTrials, Text: fmt.Sprintf("%d of %d cells have fewer than %d trials, and no interval", few, len(s.Cells), stats.MinInterval)}
}

// machine tells what is not as it should be where the run was made.
func (s *Summary) machine() *Warning {
	if text := Machine(s.Environment); text != "" {
		return &Warning{Kind: WarnMachine, Text: text}
	}
	return nil
}

// WriteMachine writes a warning of what Machine tells, in lines of at most 80 columns, if there is anything.
func WriteMachine(w io.Writer, env *record.Environment) {
	if text := Machine(env); text != "" {
		var b strings.Builder
		writeWrapped(&b, "", "Warning: "+text+".")
		fmt.Fprint(w, "\n", b.String())
	}
}

// Machine tells what the doctor did not find ok; "": nothing, or it was not asked.
func Machine(env *record.Environment) string {
	if env == nil || len(env.Findings) == 0 {
		return ""
	}
	var found []string
	for _, f := range env.Findings {
		text := f.Name + ": " + f.Value
		if f.Level == record.LevelSpoils {
			text += " (spoils the figures)"
		}
		found = append(found, text)
	}
	return "the machine (restorebench doctor): " + strings.Join(found, "; ")
}

// told outliers are named in a text, the others counted.
const told = 3

func (s *Summary) outliers(valid []record.Record) *Warning {
	w := Warning{Kind: WarnOutliers}
	var names []string
	for _, c := range s.Cells {
		own := slices.DeleteFunc(slices.Clone(valid), func(r record.Record) bool { return r.Cell != c.Cell })
		if len(own) < stats.MinInterval {
			continue
		}
		for _, i := range stats.Outliers(collect(own, downtime)) {
			w.Trials = append(w.Trials, own[i].Trial)
			names = append(names, fmt.Sprintf("%d (%s: %s, median %s)", Number(own[i].Trial), s.Title(c.Cell),
				Duration(float64(own[i].DowntimeNS)), Duration(c.Downtime.Median)))
		}
	}
	if len(names) == 0 {
		return nil
	}
	w.Text = fmt.Sprintf("%d of %d trials are far from the others of their cell; they count as all do: trial ", len(names), len(valid))
	w.Text += strings.Join(names[:min(told, len(names))], ", ")
	if more := len(names) - told; more > 0 {
		w.Text += fmt.Sprintf(" and %d more", more)
	}
	return &w
}

func downtime(r record.Record) (float64, bool) { return float64(r.DowntimeNS), true }

// residuals are the logarithms of the downtimes, in the order of the run, less those of their cells' medians.
func (s *Summary) residuals(valid []record.Record) (rest []float64) {
	medians := map[record.Cell]float64{}
	for _, c := range s.Cells {
		if c.N > 1 {
			medians[c.Cell] = c.Downtime.Median
		}
	}
	for i := range valid {
		if median, ok := medians[valid[i].Cell]; ok {
			rest = append(rest, math.Log(float64(valid[i].DowntimeNS)/median))
		}
	}
	return rest
}

func drift(rest []float64) *Warning {
	if _, p := stats.Trend(rest); p >= seldom {
		return nil
	}
	third := len(rest) / 3
	change := math.Exp(stats.Median(rest[len(rest)-third:])-stats.Median(rest[:third])) - 1
	return &Warning{Kind: WarnDrift, Text: fmt.Sprintf(
		"the downtimes drift: in the last third of the run they are %+.0f %% against the first. Cells were interleaved, so they drift alike, but other runs can't be compared", 100*change)}
}

func alike(rest []float64) *Warning {
	r, p := stats.Autocorrelation(rest)
	if p >= seldom || r < 0 {
		return nil
	}
	return &Warning{Kind: WarnAutocorrelation, Text: fmt.Sprintf("neighbouring trials are alike (correlation %.2f): intervals are narrower than they should be", r)}
}
