package page

import (
	"restorebench/bench/report"
	"restorebench/harness/record"
)

// chartData is what the script draws: figures of the summary, with their words.
type chartData struct {
	Phases []string    `json:"phases"`
	Cells  []chartCell `json:"cells"` // as in the table
}

type chartCell struct {
	Filters    []string   `json:"filters"` // the cell's value of each filter
	Workload   string     `json:"workload"`
	Label      string     `json:"label"`
	Short      string     `json:"short"` // the label where one workload is shown
	Keys       int64      `json:"keys"`
	At         string     `json:"at"`                   // the keys in words
	Downtime   *figure    `json:"downtime,omitempty"`   // ns
	Throughput *figure    `json:"throughput,omitempty"` // records per second
	Phases     []*float64 `json:"phases,omitempty"`     // ns, in the order of chartData.Phases; null: unknown
}

// figure is a median with the ends of its interval, if it has one.
type figure struct {
	Value float64  `json:"v"`
	Low   *float64 `json:"low,omitempty"`
	High  *float64 `json:"high,omitempty"`
	Text  string   `json:"text"`
}

func chartsOf(v *view) chartData {
	d := chartData{Phases: v.Phases}
	for _, c := range v.Cells {
		one := chartCell{
			Workload: c.Workload, Label: v.Label(c.Cell), Short: v.ShortLabel(c.Cell), Keys: c.Keys, At: report.Keys(c.Keys),
			Downtime: figureOf(c.Downtime, report.Duration), Throughput: figureOf(c.RecordsPerSecond, report.Amount),
		}
		for _, f := range v.Filters {
			one.Filters = append(one.Filters, f.of(c.Cell))
		}
		if c.Downtime != nil {
			one.Phases = phasesOf(v.Phases, c.CellSummary)
		}
		d.Cells = append(d.Cells, one)
	}
	return d
}

func figureOf(e *report.Estimate, words func(float64) string) *figure {
	if e == nil {
		return nil
	}
	f := &figure{Value: e.Median, Text: words(e.Median)}
	if e.Interval != nil {
		f.Low, f.High = &e.Interval.Low, &e.Interval.High
		f.Text += " (" + words(e.Interval.Low) + " to " + words(e.Interval.High) + ")"
	}
	return f
}

// phasesOf are the medians of the phases, nil where none was told. A subject that tells nothing of them has spent
// all of its downtime on other things.
func phasesOf(phases []string, c report.CellSummary) []*float64 {
	all := make([]*float64, len(phases))
	for i, phase := range phases {
		if ns, known := c.PhasesNS[phase]; known {
			all[i] = &ns
		}
		if len(c.PhasesNS) == 0 && phase == record.PhaseOther {
			all[i] = &c.Downtime.Median
		}
	}
	return all
}
