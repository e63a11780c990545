package report

import (
	"slices"
	"strings"

	"restorebench/harness/record"
	"restorebench/harness/spec"
)

// writeSubjects sets what other subjects restore by replay against our own processor: for each
// number of keys a line per subject, with records per second and how many times as many ours restores.
func (s *Summary) writeSubjects(b *strings.Builder) {
	for _, keys := range s.Keys() {
		columns, rows := s.subjectTable(keys)
		if len(rows) < 3 {
			continue
		}
		b.WriteByte('\n')
		writeWrapped(b, "", "Records/s restored by replay of "+Keys(keys)+" keys, and how many times as many "+spec.SubjectSelf+" restores:")
		b.WriteString(strings.Join(aligned(columns, rows), ""))
	}
}

// subjectTable returns the table with its head; without our own processor there is nothing to compare.
func (s *Summary) subjectTable(keys int64) (columns []column, rows [][]string) {
	var subjects, stores []string
	rates := map[[2]string]float64{}
	for _, c := range s.Cells {
		if c.Keys != keys || c.Recovery != record.Replay || c.RecordsPerSecond == nil {
			continue
		}
		at := [2]string{c.Subject, c.Store}
		if _, twice := rates[at]; twice {
			return nil, nil // cells differ in more than that
		}
		rates[at] = c.RecordsPerSecond.Median
		subjects, stores = append(subjects, c.Subject), append(stores, c.Store)
	}
	subjects, stores = unique(subjects), unique(stores)
	if !slices.Contains(subjects, spec.SubjectSelf) {
		return nil, nil
	}
	head := []string{"subject"}
	columns = []column{{left: true}}
	for _, store := range stores {
		head, columns = append(head, store, ""), append(columns, column{}, column{})
	}
	rows = [][]string{head}
	for _, name := range subjects {
		row := []string{name}
		for _, store := range stores {
			rate, ratio := unknown, ""
			if r := rates[[2]string{name, store}]; r > 0 {
				rate = Amount(r)
				if own := rates[[2]string{spec.SubjectSelf, store}]; own > 0 && name != spec.SubjectSelf {
					ratio = times(own/r) + "x"
				}
			}
			row = append(row, rate, ratio)
		}
		rows = append(rows, row)
	}
	return columns, rows
}
