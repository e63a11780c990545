package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"restorebench/harness/record"
)

// Answer says in sentences what the run tells about its question: how much sooner a
// processor is back if it kept its files, and how that changes with the number of keys.
// It is empty if the run compares nothing. Where there is too much to compare for a
// sentence each, only those on the number of keys and on the age of the saved offset are left, see writeComparisons.
func (s *Summary) Answer() []string {
	compared := s.comparisons()
	if len(compared) > many {
		return append(s.extremes(), s.breakEven()...)
	}
	var sentences []string
	for _, c := range compared {
		sentences = append(sentences, s.sentence(c))
	}
	return append(append(sentences, s.growth()...), s.breakEven()...)
}

// breakEven tells how old a saved offset may be for kept files to pay: the tail from which on a replay is back sooner.
func (s *Summary) breakEven() (sentences []string) {
	along := s.Scale()
	if along.dimension != "tail" || len(along.Values) < 3 {
		return nil
	}
	lines := s.Lines()
	for _, one := range lines {
		if one.Kind.Recovery != record.LocalTail {
			continue
		}
		kind := one.Kind
		kind.Recovery = record.Replay
		i := slices.IndexFunc(lines, func(o Series) bool { return o.Kind == kind })
		if i < 0 || lines[i].Cells[0].Downtime == nil {
			continue
		}
		replay := lines[i].Cells[0].Downtime.Median
		at, found := crossing(along, one.Cells, replay)
		whose := strings.Replace(one.Role, ", "+record.LocalTail, "", 1)
		switch {
		case found:
			sentences = append(sentences, fmt.Sprintf("The local files of %s stop paying at about %s records since the last saved offset, of %s keys: from there on a replay is back sooner, in %s.",
				whose, Amount(at), Keys(one.Cells[0].Keys), Duration(replay)))
		default:
			sentences = append(sentences, fmt.Sprintf("The local files of %s pay at every age of the saved offset that was measured, up to %s records.", whose, Amount(float64(along.Values[len(along.Values)-1]))))
		}
	}
	return sentences
}

// crossing is where the downtimes of cells along a scale first exceed a limit, on a line between the neighbours.
func crossing(along Scale, cells []CellSummary, limit float64) (at float64, found bool) {
	for i, c := range cells {
		if c.Downtime == nil || c.Downtime.Median <= limit {
			continue
		}
		x := float64(along.of(c.Cell))
		if i == 0 || cells[i-1].Downtime == nil {
			return x, true
		}
		before := float64(along.of(cells[i-1].Cell))
		low := cells[i-1].Downtime.Median
		return before + (x-before)*(limit-low)/(c.Downtime.Median-low), true
	}
	return 0, false
}

// many comparisons are told in a table.
const many = 6

// comparisons sets every recovery from kept files, and by a standby, against replay.
func (s *Summary) comparisons() (compared []comparison) {
	all := s.Series()
	for _, replay := range all {
		if replay.Kind.Recovery != record.Replay {
			continue
		}
		for _, kept := range all {
			same := kept.Kind
			same.Recovery, same.Tail, same.Standby = replay.Kind.Recovery, replay.Kind.Tail, 0
			if kept.Kind != replay.Kind && same == replay.Kind {
				compared = append(compared, compare(replay, kept)...)
			}
		}
	}
	return compared
}

// comparison is a recovery from kept files against replay.
type comparison struct {
	keys       int64
	kept       record.Cell
	fast, slow float64 // ns
	overlap    bool    // of the intervals
	sure       bool    // there are intervals
}

// compare sets recovery from kept files against replay, at the largest number of keys
// that both have.
func compare(replay, kept Series) []comparison {
	for i := len(replay.Cells) - 1; i >= 0; i-- {
		slow := replay.Cells[i]
		fast, found := kept.At(slow.Keys)
		if !found || slow.Downtime == nil || fast.Downtime == nil {
			continue
		}
		a, b := slow.Downtime, fast.Downtime
		sure := a.Interval != nil && b.Interval != nil
		return []comparison{{
			keys: slow.Keys, kept: kept.Kind, fast: b.Median, slow: a.Median,
			sure: sure, overlap: sure && a.Interval.Overlaps(*b.Interval),
		}}
	}
	return nil
}

// ratio is how many times sooner or later.
func (c comparison) ratio() (ratio float64, word string) {
	if c.slow < c.fast {
		return c.fast / c.slow, "later"
	}
	return c.slow / c.fast, "sooner"
}

func (s *Summary) sentence(c comparison) string {
	at := fmt.Sprintf("At %s keys, %s", Keys(c.keys), s.phrase(c.kept))
	if c.overlap {
		return fmt.Sprintf("%s and replay can't be told apart: %s against %s, and the intervals overlap.",
			at, Duration(c.fast), Duration(c.slow))
	}
	ratio, word := c.ratio()
	doubt := ""
	if !c.sure {
		doubt = ", by too few trials to be sure"
	}
	return fmt.Sprintf("%s is back %s times %s than by replay: %s instead of %s%s.",
		at, times(ratio), word, Duration(c.fast), Duration(c.slow), doubt)
}

// change is how the downtime of a series changes from its smallest size to its largest.
type change struct {
	from  string
	kind  record.Cell
	times float64
}

func (s *Summary) changes() (all []change) {
	for _, one := range s.Series() {
		known := slices.DeleteFunc(one.Cells, func(c CellSummary) bool { return c.Downtime == nil })
		if len(known) < 2 {
			continue
		}
		first, last := known[0], known[len(known)-1]
		all = append(all, change{
			from: fmt.Sprintf("From %s to %s keys", Keys(first.Keys), Keys(last.Keys)),
			kind: one.Kind, times: last.Downtime.Median / first.Downtime.Median,
		})
	}
	return all
}

// growth tells of all series, in a sentence for those that have the same sizes.
func (s *Summary) growth() []string {
	var ranges []string
	told := map[string][]string{}
	for _, c := range s.changes() {
		if told[c.from] == nil {
			ranges = append(ranges, c.from)
		}
		told[c.from] = append(told[c.from], times(c.times)+" for "+s.phrase(c.kind))
	}
	for i, from := range ranges {
		ranges[i] = from + ", the downtime is multiplied by " + strings.Join(told[from], ", ") + "."
	}
	return ranges
}

// extremes tells, for each recovery, of the series that change the least and the most.
func (s *Summary) extremes() []string {
	var heads []string
	byHead := map[string][]change{}
	for _, c := range s.changes() {
		how := strings.TrimPrefix(s.phrase(c.kind), c.kind.Store+" ")
		head := fmt.Sprintf("%s, %s, the downtime is multiplied by ", c.from, how)
		if byHead[head] == nil {
			heads = append(heads, head)
		}
		byHead[head] = append(byHead[head], c)
	}
	for i, head := range heads {
		all := byHead[head]
		slices.SortStableFunc(all, func(a, b change) int { return cmp.Compare(a.times, b.times) })
		least, most := all[0], all[len(all)-1]
		low, high := times(least.times), times(most.times)
		switch {
		case len(all) == 1:
			heads[i] = head + low + " for " + least.kind.Store + "."
		case low == high:
			heads[i] = head + low + " for all."
		default:
			heads[i] = head + low + " for " + least.kind.Store + " up to " + high + " for " + most.kind.Store + "."
		}
	}
	return heads
}

// phrase names a series within a sentence: "rocks from local files".
func (s *Summary) phrase(kind record.Cell) string {
	how := "by " + kind.Recovery
	switch kind.Recovery {
	case record.Local:
		how = "from local files"
	case record.LocalTail:
		how = "from local files and a tail of " + tailOf(kind)
	case record.Standby:
		how = "by a standby, killed behind a tail of " + tailOf(kind)
	}
	if rest := s.parts(kind, but("tail")); len(rest) > 0 { // which is said above
		how += " (" + strings.Join(rest, ", ") + ")"
	}
	return kind.Store + " " + how
}

// times writes a ratio with no more digits than a median of a few trials deserves.
func times(ratio float64) string {
	switch {
	case ratio >= 9.95:
		return fmt.Sprintf("%.0f", ratio)
	case ratio >= 1.95:
		return fmt.Sprintf("%.1f", ratio)
	default: // "1.0 times" would say that nothing changed
		return fmt.Sprintf("%.2f", ratio)
	}
}
