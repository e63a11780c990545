package compare

import (
	"fmt"
	"strings"

	"restorebench/harness/record"
)

// A metric is a figure of a trial.
type metric struct {
	name, unit   string
	moreIsBetter bool
	of           func(record.Record) (value float64, ok bool)
}

// metrics are downtime, the phases, and what a recovery uses.
func metrics() []metric {
	list := []metric{
		{"downtime", "ns", false, func(r record.Record) (float64, bool) { return float64(r.DowntimeNS), true }},
		{"throughput", "records/s", true, func(r record.Record) (float64, bool) {
			ns := r.Phases[record.PhaseRestore]
			return float64(r.Restored.Records) / float64(ns) * 1e9, r.Restored.Records > 0 && ns > 0
		}},
		{"rss", "bytes", false, func(r record.Record) (float64, bool) {
			return float64(r.Resources.RSSPeakBytes), r.Resources.RSSPeakBytes > 0
		}},
		{"cpu", "ns", false, func(r record.Record) (float64, bool) { return float64(r.Resources.CPUNS), r.Resources.CPUNS > 0 }},
		{"disk", "bytes", false, func(r record.Record) (float64, bool) {
			return float64(r.Resources.DiskBytes), r.Resources.DiskBytes > 0
		}},
	}
	for _, phase := range record.Phases {
		list = append(list, metric{phase, "ns", false, func(r record.Record) (float64, bool) {
			ns, known := r.Phases[phase]
			return float64(ns), known && ns > 0
		}})
	}
	return list
}

// Metrics lists the names of what runs can be compared by.
func Metrics() (names []string) {
	for _, m := range metrics() {
		names = append(names, m.name)
	}
	return names
}

func find(name string) (metric, error) {
	for _, m := range metrics() {
		if m.name == name {
			return m, nil
		}
	}
	return metric{}, fmt.Errorf("metric %q: want one of %s", name, strings.Join(Metrics(), ", "))
}

// values collects a figure of the valid trials, by cell.
func values(records []record.Record, m metric) map[record.Cell][]float64 {
	all := map[record.Cell][]float64{}
	for _, r := range records {
		if v, ok := m.of(r); ok && r.Valid {
			all[r.Cell] = append(all[r.Cell], v)
		}
	}
	return all
}
