package compare

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"restorebench/bench/report"
	"restorebench/bench/stats"
	"restorebench/harness/record"
	"restorebench/harness/spec"
)

// Limit is a figure that no cell of a run may be beyond: "downtime > 2s", "throughput < 1M", "rss > 500MB".
type Limit struct {
	Metric string
	Value  float64 // in the metric's unit
	Above  bool    // what lies above it is not accepted; else what lies below
	text   string
}

var limitForm = regexp.MustCompile(`^\s*([a-z]+)\s*([<>])\s*([0-9][0-9a-zA-Zµ.]*)\s*$`)

// ParseLimit reads one.
func ParseLimit(text string) (Limit, error) {
	parts := limitForm.FindStringSubmatch(text)
	if parts == nil {
		return Limit{}, fmt.Errorf("%q: want METRIC > VALUE or METRIC < VALUE, such as 'downtime > 2s'", text)
	}
	m, err := find(parts[1])
	if err != nil {
		return Limit{}, fmt.Errorf("%q: %w", text, err)
	}
	l := Limit{Metric: m.name, Above: parts[2] == ">", text: strings.TrimSpace(text)}
	if m.unit == "ns" {
		d, err := time.ParseDuration(parts[3])
		if err != nil {
			return Limit{}, fmt.Errorf("%q: a %s is a duration, such as 2s", text, m.name)
		}
		l.Value = float64(d)
		return l, nil
	}
	n, err := spec.ParseSize(parts[3])
	if err != nil {
		return Limit{}, fmt.Errorf("%q: a %s is a number, such as 500MB or 1M", text, m.name)
	}
	l.Value = float64(n)
	return l, nil
}

func (l Limit) String() string { return l.text }

// Missed says which cells are beyond the limit, by their medians. A cell without a valid trial is: nothing shows that it holds. One
// whose recovery has no such figure (a throughput of local files) is not.
func (l Limit) Missed(s *report.Summary, records []record.Record) (missed []string) {
	m, err := find(l.Metric)
	if err != nil {
		return []string{err.Error()}
	}
	known := values(records, m)
	for _, c := range s.Cells {
		name := fmt.Sprintf("%s, %s keys", s.Label(c.Cell), report.Keys(c.Keys))
		switch xs := known[c.Cell]; {
		case c.N == 0:
			missed = append(missed, name+": no valid trial")
		case len(xs) > 0 && (stats.Median(xs) > l.Value) == l.Above && stats.Median(xs) != l.Value:
			missed = append(missed, fmt.Sprintf("%s: %s", name, amount(m.unit, stats.Median(xs))))
		}
	}
	return missed
}
