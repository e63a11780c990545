package torture

import (
	"fmt"
	"io"
	"slices"
)

// Row counts the kills of one kind in a cell, and what became of them. Kills, not keys.
type Row struct {
	Cell        string `json:"cell"`
	Kind        string `json:"kind"`
	Tried       int    `json:"tried"`
	Lost        int    `json:"lost"`
	Resurrected int    `json:"resurrected"`
	Wrong       int    `json:"wrong"` // bytes that nobody wrote
	Hung        int    `json:"hung"`
	Failed      int    `json:"failed"` // in any other way, or not judged
}

func (r *Row) plus(o *Row) {
	r.Tried, r.Lost, r.Resurrected = r.Tried+o.Tried, r.Lost+o.Lost, r.Resurrected+o.Resurrected
	r.Wrong, r.Hung, r.Failed = r.Wrong+o.Wrong, r.Hung+o.Hung, r.Failed+o.Failed
}

// counts are the rows by cell and kind.
type counts map[[2]string]*Row

func (c counts) add(line *Line) {
	id := [2]string{line.Cell, line.Kind}
	if c[id] == nil {
		c[id] = &Row{Cell: line.Cell, Kind: line.Kind}
	}
	add := Row{Tried: 1}
	switch line.Verdict {
	case VerdictOK:
	case VerdictHung:
		add.Hung = 1
	case VerdictDamaged:
		add.Lost, add.Resurrected, add.Wrong = min(line.Lost, 1), min(line.Resurrected, 1), min(line.Wrong, 1)
	default:
		add.Failed = 1
	}
	c[id].plus(&add)
}

// rows are in the order of the cells and of the kinds.
func (c counts) rows(cells []Cell) (rows []Row) {
	for i := range cells {
		for _, kind := range order {
			if r := c[[2]string{cells[i].Name, kind}]; r != nil {
				rows = append(rows, *r)
			}
		}
	}
	return rows
}

// Sizes tell how much the kills were about.
type Sizes struct {
	Entries     int   `json:"entries_max"` // of a store
	Restored    int64 `json:"restored_median"`
	RestoredMax int64 `json:"restored_max"`
}

func (s Sizes) String() string {
	return fmt.Sprintf("stores of %d keys at most; restores of %d offsets of the changelog in the median, %d at most", s.Entries, s.Restored, s.RestoredMax)
}

// restores are those that judged a kill.
type restores struct {
	entries  int
	restored []int64
}

func (s *restores) add(line *Line) {
	if line.Path != "" { // else none did
		s.entries, s.restored = max(s.entries, line.Entries), append(s.restored, line.To-line.From)
	}
}

func (s *restores) sum() (sum Sizes) {
	if len(s.restored) == 0 {
		return sum
	}
	slices.Sort(s.restored)
	return Sizes{Entries: s.entries, Restored: s.restored[len(s.restored)/2], RestoredMax: s.restored[len(s.restored)-1]}
}

// Show prints rows as a table, with their sum: of at most 80 columns, or 87 with the names of faults.
func Show(out io.Writer, rows []Row) {
	sum, width := Row{Cell: "all"}, len(KindRestore10)
	for i := range rows {
		sum.plus(&rows[i])
		width = max(width, len(rows[i].Kind))
	}
	fmt.Fprintf(out, "%-19s  %-*s  %6s  %4s  %11s  %5s  %4s  %6s\n", "cell", width, "kill in", "tried", "lost", "resurrected", "wrong", "hung", "failed")
	for _, r := range append(slices.Clip(rows), sum) {
		fmt.Fprintf(out, "%-19s  %-*s  %6d  %4d  %11d  %5d  %4d  %6d\n", r.Cell, width, r.Kind, r.Tried, r.Lost, r.Resurrected, r.Wrong, r.Hung, r.Failed)
	}
}
