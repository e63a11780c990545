package report

import (
	"math"
	"slices"
	"strings"
	"testing"

	"restorebench/harness/record"
)

// stale makes a run of one number of keys, whose tail is varied: its records cost the more the more there are, and a replay takes 0.4 s.
func stale() (all []record.Record) {
	add := func(c record.Cell, ns float64) {
		c.Subject, c.Store, c.Keys = "restorebench", "rocksdb", 1_000_000
		all = append(all, record.Record{Schema: record.Schema, Run: "r", Trial: len(all), Valid: true, Cell: c, DowntimeNS: int64(ns)})
	}
	add(record.Cell{Recovery: record.Replay}, 4e8)
	for _, tail := range []struct{ share, ns float64 }{{0.01, 1e8}, {0.1, 3e8}, {0.2, 5e8}, {0.5, 2e9}} {
		add(record.Cell{Recovery: record.LocalTail, Tail: tail.share}, tail.ns)
	}
	return all
}

// With one number of keys, lines run along what else was varied as a size, and what is the same all along is level.
func TestScaleOfTheTail(t *testing.T) {
	s, err := New(stale())
	if err != nil {
		t.Fatal(err)
	}
	scale := s.Scale()
	if scale.Name != "tail" || !slices.Equal(scale.Values, []int64{10_000, 100_000, 200_000, 500_000}) || s.Sizes() != "1M keys, by records since the last saved offset" {
		t.Errorf("%s %v, %q", scale.Name, scale.Values, s.Sizes())
	}
	lines := s.Lines()
	if len(lines) != 2 || lines[1].Label != "rocksdb, local+tail" || len(lines[1].Cells) != 4 {
		t.Fatalf("%+v", lines)
	}
	if at := scale.At(lines[0].Cells[0].Cell); !slices.Equal(at, []int64{10_000, 500_000}) {
		t.Errorf("the replay is at %v", at)
	}
	if at := scale.At(lines[1].Cells[1].Cell); !slices.Equal(at, []int64{100_000}) {
		t.Errorf("a tail of 10 %% is at %v", at)
	}
}

func TestBreakEven(t *testing.T) {
	s, err := New(stale())
	if err != nil {
		t.Fatal(err)
	}
	if text := strings.Join(s.Answer(), "\n"); !strings.Contains(text, "stop paying at about 150k records") {
		t.Errorf("%s", text)
	}
	both := stale() // more to compare than gets a sentence each: what was asked is told all the same
	for _, r := range stale() {
		r.Store, r.Trial = "memory", len(both)
		both = append(both, r)
	}
	if s, err = New(both); err != nil {
		t.Fatal(err)
	}
	if text := strings.Join(s.Answer(), "\n"); strings.Count(text, "stop paying at about 150k records") != 2 {
		t.Errorf("%s", text)
	}
	always := stale()
	always[0].DowntimeNS = 5e9
	if s, err = New(always); err != nil {
		t.Fatal(err)
	}
	if text := strings.Join(s.Answer(), "\n"); !strings.Contains(text, "pay at every age of the saved offset that was measured, up to 500k records") {
		t.Errorf("%s", text)
	}
}

// What a restore left to be done is told where compactions wrote anything once it was over, and nowhere else.
func TestDebt(t *testing.T) {
	records := stale()[:1]
	records[0].Aftermath = &record.Aftermath{
		SettledNS: 2e9, BytesWritten: 3e6, SettledBytesWritten: 7e6, ReadsReady: record.Quantiles{P99NS: 90}, ReadsSettled: record.Quantiles{P99NS: 30},
	}
	for range 4 {
		records = append(records, records[0])
	}
	records[4].Aftermath = nil // not measured
	for name, c := range map[string]struct {
		settled int64
		left    bool
	}{"compactions": {7e6, true}, "none": {3e6, false}} {
		for _, r := range records[:4] {
			r.Aftermath.SettledBytesWritten = c.settled
		}
		s, err := New(records)
		if err != nil {
			t.Fatal(err)
		}
		d := s.Cells[0].Debt
		if d == nil || d.Settled.N != 4 || math.Abs(d.Settled.Median-2e9) > 1 || d.ReadyP99NS != 90 || d.SettledP99NS != 30 || d.Left() != c.left {
			t.Errorf("%s: %+v", name, d)
		}
		var b strings.Builder
		if err := Table(&b, s); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(b.String(), "still had to compact") != c.left || strings.Contains(b.String(), "2.00 s  4.00 MB") != c.left {
			t.Errorf("%s:\n%s", name, b.String())
		}
	}
}
