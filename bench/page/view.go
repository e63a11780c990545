package page

import (
	"cmp"
	"fmt"
	"html/template"
	"slices"
	"strconv"

	"restorebench/bench/report"
	"restorebench/harness/record"
)

// A view is what the page's template reads.
type view struct {
	*report.Summary
	Style           template.CSS
	Library, Script template.JS
	Policy          string

	Asked    *Asked
	Decision decision
	Extra    []string // further answers of the summary
	Filters  []filter
	Cells    []cellView
	Bounded  bool
	Varied   bool     // several workloads were measured
	Copies   bool     // standbys were measured
	Phases   []string // that any trial has
	Limits   []string
	Invalid  int
	Data     chartData
}

// workloadFilter is the name of the filter by what the stores hold.
const workloadFilter = "workload"

// A filter is a property by which cells can be left out.
type filter struct {
	Name   string
	Values []string
	of     func(record.Cell) string // the value of a cell; "": it is shown whatever is picked
	First  string                   // the only value that is shown at first; "": all of them are
}

// Shows tells whether a value is shown at first.
func (f filter) Shows(value string) bool { return f.First == "" || f.First == value }

// A cellView is a cell with its trials.
type cellView struct {
	report.CellSummary
	ID     string
	Name   string // without recovery and keys
	Choice string // the name among cells of the same workload
	// Workload tells what the store holds, see report.Summary.
	Workload string
	Trials   []record.Record
	Command  string
}

func (c cellView) downtimes() (ns []int64) {
	for _, r := range c.Trials {
		if r.Valid {
			ns = append(ns, r.DowntimeNS)
		}
	}
	return ns
}

// Title names the cell in full.
func (c cellView) Title() string {
	return fmt.Sprintf("%s, %s, %s keys", c.Name, c.Path(), report.Keys(c.Keys))
}

// Path names the recovery, with its tail.
func (c cellView) Path() string {
	if c.Tailed() {
		return fmt.Sprintf("%s %.3g\u00a0%%", c.Recovery, 100*c.Tail) // not to be broken
	}
	return c.Recovery
}

func newView(r Run) *view {
	s := r.Summary
	v := &view{Summary: s, Asked: r.Asked, Extra: s.Answer()}
	trials := map[record.Cell][]record.Record{}
	seen := map[string]bool{}
	for _, rec := range r.Records {
		trials[rec.Cell] = append(trials[rec.Cell], rec)
		for phase, ns := range rec.Phases {
			seen[phase] = seen[phase] || ns > 0
		}
	}
	v.Phases = slices.DeleteFunc(slices.Clone(record.Phases), func(p string) bool { return !seen[p] })
	for i, c := range s.Cells {
		own := trials[c.Cell]
		slices.SortFunc(own, func(a, b record.Record) int { return cmp.Compare(a.Trial, b.Trial) })
		v.Cells = append(v.Cells, cellView{
			CellSummary: c, ID: "cell-" + strconv.Itoa(i+1), Name: s.Name(c.Cell), Choice: s.Choice(c.Cell), Workload: s.Workload(c.Cell), Trials: own,
			Command: command(c.Cell, s.Broker, len(own)),
		})
		v.Invalid += len(c.Invalid)
		v.Bounded = v.Bounded || c.Bound != nil
	}
	v.Decision = decide(s, v.Cells, r.Asked)
	v.Copies = slices.ContainsFunc(s.Cells, func(c report.CellSummary) bool { return c.Standby > 0 })
	v.Varied = slices.ContainsFunc(v.Cells, func(c cellView) bool { return c.Workload != v.Cells[0].Workload })
	v.Filters = filters(s, v.Decision.Workload)
	v.Limits = limits(v)
	v.Data = chartsOf(v)
	return v
}

// filters are the properties that have more than one value. Of the workloads one is shown at first: dozens of lines
// are a tangle, and unlike ones.
func filters(s *report.Summary, workload string) (all []filter) {
	for _, p := range append([]report.Property{
		{Name: "store", Of: func(c record.Cell) string { return c.Store }},
		{Name: "recovery", Of: func(c record.Cell) string { return c.Recovery }},
		{Name: workloadFilter, Of: s.Workload},
	}, s.Properties()...) {
		f := filter{Name: p.Name, of: p.Of}
		if f.Name == workloadFilter {
			f.First = workload
		}
		for _, c := range s.Cells {
			if value := p.Of(c.Cell); value != "" && !slices.Contains(f.Values, value) {
				f.Values = append(f.Values, value)
			}
		}
		if len(f.Values) > 1 {
			all = append(all, f)
		}
	}
	return all
}

// Memory is that of the machine, bytes; 0: not known.
func (v *view) Memory() int64 {
	if v.Environment == nil {
		return 0
	}
	return v.Environment.MemBytes
}

// Whiskers says whether any downtime has an interval.
func (v *view) Whiskers() bool {
	return slices.ContainsFunc(v.Cells, func(c cellView) bool { return c.Interval() != "" })
}

// Interval writes the interval of the downtime, "" if there is none.
func (c cellView) Interval() string {
	if c.Downtime == nil || c.Downtime.Interval == nil {
		return ""
	}
	return report.DurationRange(c.Downtime.Interval.Low, c.Downtime.Interval.High)
}

// Restore writes the median of the restore phase.
func (c cellView) Restore() string {
	if ns, known := c.PhasesNS[record.PhaseRestore]; known {
		return report.Duration(ns)
	}
	return ""
}

// Lag writes how many records the standby was behind at the kill.
func (c cellView) Lag() string {
	if c.StandbyLag == nil {
		return ""
	}
	return report.Amount(*c.StandbyLag)
}

// Throughput writes the records restored per second.
func (c cellView) Throughput() string {
	if c.RecordsPerSecond == nil {
		return ""
	}
	return report.Amount(c.RecordsPerSecond.Median)
}

// Memory writes the largest resident set.
func (c cellView) Memory() string {
	if c.RSSPeakBytes == nil {
		return ""
	}
	return report.Bytes(*c.RSSPeakBytes)
}

// BoundBy writes the stage that bounds the restore.
func (c cellView) BoundBy() string {
	return c.Bound.Text(" ")
}

// Count writes the valid trials, and of how many.
func (c cellView) Count() string {
	if len(c.Invalid) == 0 {
		return strconv.Itoa(c.N)
	}
	return fmt.Sprintf("%d of %d", c.N, c.N+len(c.Invalid))
}

// PhaseOf writes a phase of a trial.
func (v *view) PhaseOf(r record.Record, phase string) string {
	switch ns, known := r.Phases[phase]; {
	case known:
		return report.Duration(float64(ns))
	case len(r.Phases) > 0:
		return "unknown"
	}
	return "-"
}

// Down writes the downtime of a trial, "" if it was not measured.
func (v *view) Down(r record.Record) string {
	if r.DowntimeNS <= 0 {
		return ""
	}
	return report.Duration(float64(r.DowntimeNS))
}
