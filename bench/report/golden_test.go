package report

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"restorebench/harness/record"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares with a file of testdata, or writes it with -update.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; got:\n%s\nwant:\n%s", path, got, want)
	}
}

// The runs whose table and summary are kept as golden files.
var runs = map[string]func() []record.Record{
	"full": testRun,
	"invalid": func() []record.Record { // some trials, and one whole cell
		rs := testRun()
		for i := range rs {
			switch {
			case rs[i].Store == "memory" && rs[i].Keys == 1_000_000:
				invalidate(&rs[i], "the child was gone after 3 s:\n\tkilled by the kernel")
			case rs[i].Trial == 3:
				invalidate(&rs[i], "mismatch: 9,999 of 10,000 entries")
			case rs[i].Trial == 15:
				invalidate(&rs[i], "")
			}
		}
		return rs
	},
	"two-trials": func() []record.Record { // too few for an interval
		return slices.DeleteFunc(testRun(), func(r record.Record) bool { return r.Trial >= 24 })
	},
	"types": typesRun,
	"subjects": func() []record.Record { // a second subject, that tells neither phases nor resources
		rs := slices.DeleteFunc(testRun(), func(r record.Record) bool { return r.Keys != 10_000 })
		for _, r := range slices.Clone(rs) {
			r.Subject, r.Trial, r.DowntimeNS = "kafka-streams", r.Trial+1000, r.DowntimeNS*3
			r.Phases, r.Restored, r.Resources = nil, record.Restored{}, record.Resources{}
			rs = append(rs, r)
		}
		return rs
	},
}

// typesRun has too many stores for a column with their names.
func typesRun() (rs []record.Record) {
	for i, typ := range []string{"", "-timestamped", "-timestamped-window", "-session"} {
		for _, r := range testRun() {
			r.Store, r.Trial, r.DowntimeNS = r.Store+typ, r.Trial+1000*i, r.DowntimeNS*int64(i+1)
			rs = append(rs, r)
		}
	}
	return rs
}

// toldApartRun compares what is later, what overlaps, what has too few trials and what has
// none at all.
func toldApartRun() []record.Record {
	rs := typesRun()
	for i := range rs {
		r := &rs[i]
		switch {
		case r.Recovery != record.Local:
		case r.Store == "rocks-timestamped":
			r.DowntimeNS *= 50
		case r.Store == "rocks-session" && r.Keys == 1_000_000:
			r.DowntimeNS = r.DowntimeNS * 2019 / 100 // as by replay
		case r.Store == "rocks" && r.Keys == 1_000_000 && r.Trial >= 24:
			invalidate(r, "test")
		case r.Store == "rocks-timestamped-window" && r.Keys == 1_000_000:
			invalidate(r, "test")
		}
	}
	return rs
}

// What can't be told apart, or not surely, says so in the table of many comparisons too.
func TestComparisons(t *testing.T) {
	s, err := New(toldApartRun())
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	s.writeComparisons(&table, s.comparisons())
	golden(t, "comparisons.txt", []byte(table.String()))
}

func TestGolden(t *testing.T) {
	for name, run := range runs {
		t.Run(name, func(t *testing.T) {
			s, err := New(run())
			if err != nil {
				t.Fatal(err)
			}
			var table bytes.Buffer
			if err := Table(&table, s); err != nil {
				t.Fatal(err)
			}
			golden(t, name+".txt", table.Bytes())
			text, err := json.MarshalIndent(s, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name+".json", append(text, '\n'))
		})
	}
}

// Everything fits a terminal of 80 columns, the widest figures and invalid trials included.
func TestTableFits(t *testing.T) {
	wide := runs["invalid"]()
	for i := range wide {
		wide[i].DowntimeNS *= 100
	}
	for name, records := range map[string][]record.Record{"wide": wide, "subjects": runs["subjects"](), "types": typesRun(), "told apart": toldApartRun()} {
		s, err := New(records)
		if err != nil {
			t.Fatal(err)
		}
		var table strings.Builder
		if err := Table(&table, s); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(table.String()) {
			if n := utf8.RuneCountInString(strings.TrimSpace(line)); n > 80 {
				t.Errorf("%s: %d columns: %s", name, n, line)
			}
		}
	}
}
