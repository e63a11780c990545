package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"restorebench/bench/stats"
)

// writeNotes writes what stands below the table.
func (s *Summary) writeNotes(b *strings.Builder, first []string) {
	b.WriteByte('\n')
	each := "n"
	if n, same := s.trials(); same {
		each = fmt.Sprint(n)
	}
	writeWrapped(b, "", "Medians of "+each+" valid trials; "+s.Intervals()+".")
	if note := s.BoundNote(); note != "" {
		writeWrapped(b, "", "bound by: "+note+".")
	}
	for _, line := range s.Conditions() {
		writeWrapped(b, "", line+".")
	}
	for _, one := range s.Shipments() {
		if len(one.Settings) == 0 {
			continue
		}
		writeWrapped(b, "", "Not as shipped, of "+one.Systems+":")
		for _, setting := range one.Settings {
			writeWrapped(b, "  ", setting)
		}
	}
	for _, w := range s.Warnings {
		if w.Kind != WarnFewTrials { // the line on intervals says it
			writeWrapped(b, "", "Warning: "+w.Text+".")
		}
	}
	for i, t := range s.invalid() {
		if i == 0 {
			b.WriteString("\nInvalid trials, part of no figure:\n")
		}
		writeWrapped(b, "  ", t)
	}
	s.writeSubjects(b)
	s.writeDebt(b)
	if compared := s.comparisons(); len(compared) > many {
		s.writeComparisons(b, compared)
	}
	for _, sentences := range [][]string{first, s.Answer()} {
		for i, sentence := range sentences {
			if i == 0 {
				b.WriteByte('\n')
			}
			writeWrapped(b, "", sentence)
		}
	}
}

// writeWrapped writes one paragraph in lines of at most 80 columns, all but the first
// of them indented by two more. A longer word has a line of its own.
func writeWrapped(b *strings.Builder, indent, text string) {
	line := ""
	for _, word := range words(text) {
		switch {
		case line == "":
			line = indent + word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) <= width:
			line += " " + word
		default:
			fmt.Fprintln(b, line)
			line = indent + "  " + word
		}
	}
	fmt.Fprintln(b, line)
}

// words splits a text where a line may end: not between a figure and its unit.
func words(text string) []string {
	var all []string
	for _, word := range strings.Fields(text) {
		if last := len(all) - 1; last >= 0 && strings.ContainsRune("0123456789", rune(all[last][len(all[last])-1])) {
			all[last] += " " + word
		} else {
			all = append(all, word)
		}
	}
	return all
}

// invalid describes the trials that don't count, a line each.
func (s *Summary) invalid() []string {
	var lines []string
	for _, c := range s.Cells {
		for _, t := range c.Invalid {
			why := cmp.Or(t.Why, "no reason was recorded")
			lines = append(lines, fmt.Sprintf("trial %d, %s: %s", Number(t.Trial), s.Title(c.Cell), why))
		}
	}
	return lines
}

// Conditions are what all cells were measured under, a sentence each: what they share, the words in their names that need it,
// the machine and the broker.
func (s *Summary) Conditions() (all []string) {
	if shared := s.Shared(); shared != "" {
		all = append(all, "All cells: "+shared)
	}
	if rules := s.Rules(); rules != "" {
		all = append(all, rules)
	}
	return append(all, s.Where())
}

// Where names the machine and the broker, in a line.
func (s *Summary) Where() string {
	var parts []string
	if e := s.Environment; e == nil {
		parts = append(parts, "machine not recorded")
	} else {
		add := func(known bool, format string, args ...any) {
			if known {
				parts = append(parts, fmt.Sprintf(format, args...))
			}
		}
		add(e.CPU != "", "%s", e.CPU)
		add(e.Cores == 1, "1 core")
		add(e.Cores > 1, "%d cores", e.Cores)
		add(e.MemBytes > 0, "%s RAM", Bytes(float64(e.MemBytes)))
		add(e.Disk != "", "%s", e.Disk)
		add(e.Arch != "", "%s/%s", e.OS, e.Arch)
	}
	kafka := strings.TrimSpace("Kafka " + s.Broker.Version)
	if s.Broker.Kind != "" {
		kafka += " (" + s.Broker.Kind + ")"
	}
	if s.Broker.Security != "" {
		kafka += ", " + s.Broker.Security
	}
	parts = append(parts, kafka)
	cold := slices.ContainsFunc(s.Cells, func(c CellSummary) bool { return c.PageCache != "" }) // said where it is
	if s.Environment != nil && s.Environment.Cache != "" && !cold {
		parts = append(parts, s.Environment.Cache+" page cache")
	}
	return strings.Join(parts, ", ")
}

// Trials tells how many valid trials the cells have: "5", or "3 to 5".
func (s *Summary) Trials() string {
	low, high := -1, 0
	for _, c := range s.Cells {
		if c.N > 0 && (low < 0 || c.N < low) {
			low = c.N
		}
		high = max(high, c.N)
	}
	if low < 0 || low == high {
		return fmt.Sprint(high)
	}
	return fmt.Sprintf("%d to %d", low, high)
}

// Intervals tells what the intervals of the downtimes are, and which cells have none.
func (s *Summary) Intervals() string {
	confidence := map[int]float64{} // by n
	none := false
	for _, c := range s.Cells {
		if c.Downtime == nil {
			continue
		}
		if i := c.Downtime.Interval; i != nil {
			confidence[c.N] = i.Confidence
		} else {
			none = true
		}
	}
	if len(confidence) == 0 {
		return fmt.Sprintf("no interval: n is under %d", stats.MinInterval)
	}
	text := "interval of the median at "
	for i, n := range slices.Sorted(maps.Keys(confidence)) {
		if i > 0 {
			text += ", "
		}
		text += percent(confidence[n])
		if len(confidence) > 1 {
			text += fmt.Sprintf(" (n=%d)", n)
		}
	}
	if none {
		text += fmt.Sprintf(", none under n=%d", stats.MinInterval)
	}
	return text
}

// writeDebt writes what restores left to be done, where they left anything.
func (s *Summary) writeDebt(b *strings.Builder) {
	columns := []column{
		{"compactions after", true, nil},
		{"keys", false, nil},
		{"took", false, nil},
		{"wrote", false, nil},
		{"p99 ready", false, nil},
		{"p99 settled", false, nil},
	}
	var rows [][]string
	for _, c := range s.Cells {
		if d := c.Debt; d.Left() {
			rows = append(rows, []string{
				s.Label(c.Cell), Keys(c.Keys), Duration(d.Settled.Median), Bytes(d.LeftBytes), Duration(d.ReadyP99NS), Duration(d.SettledP99NS),
			})
		}
	}
	if len(rows) == 0 {
		return
	}
	b.WriteByte('\n')
	writeWrapped(b, "", "What RocksDB still had to compact when the store was ready, and point reads then and once no compaction was left:")
	head := make([]string, len(columns))
	for i, c := range columns {
		head[i] = c.head
	}
	b.WriteString(strings.Join(aligned(columns, append([][]string{head}, rows...)), ""))
}
