package torture

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	readme    = "../../README.md"
	committed = "../../results/reference/torture"
)

// documented are the lines of the committed runs. A run in which a fault struck is one of faults, any other one of mere kills. All lines of all
// files count, so there may be none that was not judged, or not right.
func documented(t *testing.T) (kills, faults []Line) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(committed, "*.jsonl"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: %d files, %v", committed, len(paths), err)
	}
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		var all []Line
		struck := false
		in := bufio.NewScanner(f)
		in.Buffer(nil, 1<<20)
		for in.Scan() {
			var l Line
			if err := json.Unmarshal(in.Bytes(), &l); err != nil {
				t.Fatalf("%s: line %d: %v", path, len(all)+1, err)
			}
			fault := slices.Contains(Faults(), l.Kind)
			struck = struck || fault
			all = append(all, l)
			at := fmt.Sprintf("%s: line %d (%s, kill %d, %s)", filepath.Base(path), len(all), l.Cell, l.Kill, l.Kind)
			switch {
			case l.Verdict != VerdictOK:
				t.Errorf("%s: the verdict is %q, and the tables count all that is there: %.100s", at, l.Verdict, l.Why)
			case fault && l.Proof == "":
				t.Errorf("%s: nothing proves the fault", at)
			case !fault && l.Exit != "signal: killed" || !fault && !l.Reached && l.Kind != KindIdle:
				t.Errorf("%s: nothing proves the kill: exit %q, reached %v", at, l.Exit, l.Reached)
			}
		}
		if err := in.Err(); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		f.Close()
		if struck {
			faults = append(faults, all...)
		} else {
			kills = append(kills, all...)
		}
	}
	return kills, faults
}

// tableOf is a table of the README by the begin of its head: its rows, each the texts of its cells.
func tableOf(t *testing.T, head string) (columns []string, rows [][]string) {
	t.Helper()
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(text), "\n"+head)
	if !found {
		t.Fatalf("%s has no table that begins with %q", readme, head)
	}
	for line := range strings.Lines(head + table) {
		if !strings.HasPrefix(line, "|") {
			break
		}
		fields := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range fields {
			fields[i] = strings.TrimSpace(fields[i])
		}
		rows = append(rows, fields)
	}
	for _, row := range rows {
		if len(row) != len(rows[0]) {
			t.Fatalf("%s: row %q has %d columns, the head %d", readme, row[0], len(row), len(rows[0]))
		}
	}
	return rows[0], rows[2:] // behind the rule
}

// number is that of a cell of the table; nothing is 0.
func number(t *testing.T, text string) int {
	t.Helper()
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Errorf("%s: %q is no number", readme, text)
	}
	return n
}

// The README's table of kills, and table.txt, are what the committed lines say.
func TestDocumentedKills(t *testing.T) {
	kills, _ := documented(t)
	got := counts{}
	for i := range kills {
		got.add(&kills[i])
	}
	kinds := map[string]string{
		"random": KindRandom, "write": KindWrite, "flush": KindFlush, "commit": KindCommit, "checkpoint": KindCheckpoint, "snapshot": KindSnapshot, "bulk": KindBulk,
		"restore 10 %": KindRestore10, "50 %": KindRestore50, "90 %": KindRestore90, "in the next": KindAgain, "idle": KindIdle,
	}
	names := map[string]string{
		"memory, replay": "memory-replay", "memory, snapshot": "memory-snapshot", "rocksdb with WAL": "rocksdb-wal", "rocksdb, replay": "rocksdb-replay", "rocksdb, local+tail": "rocksdb-tail",
	}
	tried := func(cell, kind string) int {
		if r := got[[2]string{cell, kind}]; r != nil {
			return r.Tried
		}
		return 0
	}
	fates := map[string]func(*Row) int{
		"lost": func(r *Row) int { return r.Lost }, "resurrected": func(r *Row) int { return r.Resurrected },
		"wrong": func(r *Row) int { return r.Wrong }, "hung": func(r *Row) int { return r.Hung },
	}
	columns, rows := tableOf(t, "| alos / eos | random |")
	if len(columns) != 1+len(kinds)+len(fates) || len(rows) != len(names) {
		t.Errorf("%d columns, want %d; %d rows, want %d", len(columns), 1+len(kinds)+len(fates), len(rows), len(names))
	}
	sum := 0
	for _, row := range rows {
		for i, column := range columns[1:] {
			kind, cell := kinds[column], names[row[0]]
			if fate := fates[column]; fate != nil && cell != "" {
				want := fmt.Sprintf("%d/%d", got.sum(cell, fate), got.sum(cell+exactlyOnceSuffix, fate))
				if row[1+i] != want {
					t.Errorf("row %q, column %q: %q, the lines say %q", row[0], column, row[1+i], want)
				}
				continue
			}
			if kind == "" || cell == "" {
				t.Fatalf("row %q, column %q: what is it?", row[0], column)
			}
			alos, eos := tried(cell, kind), tried(cell+exactlyOnceSuffix, kind)
			sum += alos + eos
			want := fmt.Sprintf("%d/%d", alos, eos)
			if alos+eos == 0 {
				want = ""
			}
			if row[1+i] != want {
				t.Errorf("row %q, column %q: %q, the lines say %q", row[0], column, row[1+i], want)
			}
		}
	}
	if sum != len(kills) {
		t.Errorf("%d kills are in the table's rows and columns, the lines have %d", sum, len(kills))
	}
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	all := strconv.Itoa(len(kills))
	if n := len(all) - 3; n > 0 {
		all = all[:n] + "," + all[n:]
	}
	if want := "Of all " + all + " none lost"; !strings.Contains(string(text), want) {
		t.Errorf("%s does not say %q", readme, want)
	}
	matches(t, "table.txt", got)
}

// sum is over the kinds of a cell.
func (c counts) sum(cell string, of func(*Row) int) (n int) {
	for id, r := range c {
		if id[0] == cell {
			n += of(r)
		}
	}
	return n
}

var update = flag.Bool("update", false, "write the tables of the committed runs by cell and kind")

// matches compares a table that is committed beside the lines with what they say.
func matches(t *testing.T, name string, got counts) {
	t.Helper()
	var shown strings.Builder
	Show(&shown, got.rows(cells))
	path := filepath.Join(committed, name)
	if *update {
		if err := os.WriteFile(path, []byte(shown.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if text, err := os.ReadFile(path); string(text) != shown.String() {
		t.Errorf("%s: %v; the lines say, and -update writes,\n%s", name, err, shown.String())
	}
}

// The README's table of faults is what the committed lines say, row by row, and so is that by cell in faults.txt.
func TestDocumentedFaults(t *testing.T) {
	_, lines := documented(t)
	tables, outcomes, all := map[string]counts{}, map[string]map[string]int{}, counts{}
	for i := range lines {
		l := &lines[i]
		if !slices.Contains(Faults(), l.Kind) { // a kill that came before there was anything to strike
			continue
		}
		if tables[l.Kind] == nil {
			tables[l.Kind], outcomes[l.Kind] = counts{}, map[string]int{}
		}
		tables[l.Kind].add(l)
		all.add(l)
		outcomes[l.Kind][l.Outcome]++
	}
	const (
		used     = "files used, or outlived"
		replayed = "replayed"
		ended    = "refused, or ended"
	)
	columnOf := map[string]string{
		OutcomeServed: used, OutcomeOutlived: used, OutcomeReplayed: replayed,
		OutcomeRefused: ended, OutcomeEnded: ended, OutcomeFenced: ended, OutcomeDone: ended, OutcomeLocked: ended,
	}
	columns, rows := tableOf(t, "| fault | tried |")
	seen := map[string]bool{}
	for _, row := range rows {
		fault := strings.Trim(row[0], "`")
		if seen[fault] || !slices.Contains(Faults(), fault) {
			t.Errorf("%s: is there twice, or is no fault", row[0])
			continue
		}
		seen[fault] = true
		var sum Row
		for _, r := range tables[fault] {
			sum.plus(r)
		}
		want := map[string]int{"tried": sum.Tried, used: 0, replayed: 0, ended: 0, "lost": sum.Lost, "resurrected": sum.Resurrected, "wrong": sum.Wrong, "hung": sum.Hung}
		for outcome, n := range outcomes[fault] {
			column := columnOf[outcome]
			if column == "" {
				t.Errorf("%s: %d lines have the outcome %q, which no column counts", fault, n, outcome)
				continue
			}
			want[column] += n
		}
		counted := 0
		for i, column := range columns[1 : len(columns)-1] { // the last one says how it was made
			n, ok := want[column]
			if !ok {
				t.Fatalf("column %q: what is it?", column)
			}
			counted++
			if got := number(t, row[1+i]); got != n {
				t.Errorf("%s: %q is %d, the lines say %d", fault, column, got, n)
			}
		}
		if counted != len(want) {
			t.Errorf("%d columns, want %d", counted, len(want))
		}
	}
	for _, fault := range Faults() {
		if !seen[fault] {
			t.Errorf("%s has no row", fault)
		}
	}
	matches(t, "faults.txt", all)
}

// What a fault does, and what is right after it, is told for each.
func TestFaultsAreDescribed(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	var rows strings.Builder
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "| `") {
			fault, _, _ := strings.Cut(line[1:], "|")
			rows.WriteString(fault)
		}
	}
	for _, fault := range Faults() {
		if n := strings.Count(rows.String(), "`"+fault+"`"); n != 1 {
			t.Errorf("README.md: %d rows describe %s, want 1", n, fault)
		}
	}
}
