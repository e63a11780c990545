package report

import (
	"fmt"
	"slices"
	"strings"

	"restorebench/harness/record"
)

// Answer says in sentences what the run tells about its question: how much sooner a
// processor is back if it kept its files, and how that changes with the number of keys.
// It is empty if the run compares nothing.
func (s *Summary) Answer() []string {
	var sentences []string
	all := s.Series()
	for _, replay := range all {
		if replay.Kind.Recovery != record.Replay {
			continue
		}
		for _, kept := range all {
			same := kept.Kind
			same.Recovery, same.Tail = replay.Kind.Recovery, replay.Kind.Tail
			if kept.Kind != replay.Kind && same == replay.Kind {
				sentences = append(sentences, s.compare(replay, kept)...)
			}
		}
	}
	return append(sentences, s.growth()...)
}

// compare sets recovery from kept files against replay, at the largest number of keys
// that both have.
func (s *Summary) compare(replay, kept Series) []string {
	for i := len(replay.Cells) - 1; i >= 0; i-- {
		slow := replay.Cells[i]
		fast, found := kept.At(slow.Keys)
		if !found || slow.Downtime == nil || fast.Downtime == nil {
			continue
		}
		at := fmt.Sprintf("At %s keys, %s", Keys(slow.Keys), s.phrase(kept.Kind))
		a, b := slow.Downtime, fast.Downtime
		if a.Interval != nil && b.Interval != nil && a.Interval.Overlaps(*b.Interval) {
			return []string{fmt.Sprintf("%s and replay can't be told apart: %s against %s, and the intervals overlap.",
				at, Duration(b.Median), Duration(a.Median))}
		}
		ratio, word := a.Median/b.Median, "sooner"
		if ratio < 1 {
			ratio, word = 1/ratio, "later"
		}
		doubt := ""
		if a.Interval == nil || b.Interval == nil {
			doubt = ", by too few trials to be sure"
		}
		return []string{fmt.Sprintf("%s is back %s times %s than by replay: %s instead of %s%s.",
			at, times(ratio), word, Duration(b.Median), Duration(a.Median), doubt)}
	}
	return nil
}

// growth tells how the downtime of each series changes from its smallest size to its
// largest: a sentence for all the series that have these sizes.
func (s *Summary) growth() []string {
	var ranges []string
	changes := map[string][]string{}
	for _, one := range s.Series() {
		known := slices.DeleteFunc(one.Cells, func(c CellSummary) bool { return c.Downtime == nil })
		if len(known) < 2 {
			continue
		}
		first, last := known[0], known[len(known)-1]
		from := fmt.Sprintf("From %s to %s keys", Keys(first.Keys), Keys(last.Keys))
		if changes[from] == nil {
			ranges = append(ranges, from)
		}
		changes[from] = append(changes[from],
			times(last.Downtime.Median/first.Downtime.Median)+" for "+s.phrase(one.Kind))
	}
	for i, from := range ranges {
		ranges[i] = from + ", the downtime is multiplied by " + strings.Join(changes[from], ", ") + "."
	}
	return ranges
}

// phrase names a series within a sentence: "rocks from local files".
func (s *Summary) phrase(kind record.Cell) string {
	how := "by " + kind.Recovery
	switch kind.Recovery {
	case record.Local:
		how = "from local files"
	case record.LocalTail:
		how = "from local files and a tail of " + tailOf(kind)
	}
	var rest []string
	for _, d := range s.varying() {
		if label := d.label(kind); label != "" && d.name != "tail" { // which is said above
			rest = append(rest, label)
		}
	}
	if len(rest) > 0 {
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
