package suite

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"restorebench/harness/record"
	"restorebench/harness/spec"
)

func TestDryRunIsThePlan(t *testing.T) {
	s := spec.Default()
	p, err := DryRun(t.Context(), s)
	if err != nil || p.Trials != 90 || len(p.Cells) != 18 {
		t.Fatalf("%+v, %v", p, err)
	}
	// On the machine of the reference run these trials took 223 s.
	if p.Estimate < 110*time.Second || p.Estimate > 450*time.Second {
		t.Errorf("estimate %s", p.Estimate)
	}
	s.Minutes = 3
	if p, err = DryRun(t.Context(), s); err != nil || p.Estimate != 3*time.Minute {
		t.Errorf("with a budget: %s, %v", p.Estimate, err)
	}
}

// A trial needs its keys and values in memory or in files, and as often as they are written in a changelog that is here.
func TestNeeds(t *testing.T) {
	base := record.Cell{Store: "memory", Recovery: record.Replay, Keys: 10, KeyBytes: 20, ValueBytes: 80, UpdatesPerKey: 3}
	for _, c := range []struct {
		change        func(*record.Cell)
		here          bool
		memory, space int64
	}{
		{func(*record.Cell) {}, true, 1000, 3000},
		{func(*record.Cell) {}, false, 1000, 0},
		{func(c *record.Cell) { c.Recovery = record.Local }, false, 1000, 1000},
		{func(c *record.Cell) { c.Store = "rocksdb-window" }, true, 0, 4000},
		{func(c *record.Cell) { c.Store, c.Standby, c.Recovery = "rocksdb", 1, record.Standby }, false, 0, 2000},
		{func(c *record.Cell) { c.Standby, c.Recovery = 1, record.Standby }, false, 2000, 0},
		{func(c *record.Cell) { c.Compressible = 0.5 }, true, 1000, 1500},
		{func(c *record.Cell) { c.CacheBytes = 1 }, true, 1000, 1000},
	} {
		cell := base
		c.change(&cell)
		if memory, space := needs(cell, c.here); memory != c.memory || space != c.space {
			t.Errorf("%+v: %d and %d, want %d and %d", cell, memory, space, c.memory, c.space)
		}
	}
}

// Who plans more than fits is told by the plan, which is one all the same.
func TestDryRunSaysWhatDoesNotFit(t *testing.T) {
	s := spec.Default()
	s.Keys, s.ValueBytes = []int64{1000}, []int64{100}
	if p, err := DryRun(t.Context(), s); err != nil || len(p.Lacking) > 0 {
		t.Errorf("%+v, %v", p, err)
	}
	s.Keys, s.ValueBytes = []int64{1_000_000_000}, []int64{1 << 20}
	if p, err := DryRun(t.Context(), s); err != nil || len(p.Lacking) != 2 {
		t.Errorf("%+v, %v", p, err)
	}
}

// What is left of the budget goes where the median is known the least.
func TestBudgetGoesToTheWidest(t *testing.T) {
	all := cells(t)[:4]
	var records []record.Record
	for i, c := range all {
		for n := range 6 {
			ns := int64(1e9)
			if i >= 2 {
				ns += int64(n) * int64(i) * 1e8
			}
			records = append(records, record.Record{Cell: c, Valid: true, DowntimeNS: ns})
		}
	}
	b := budget{rng: rand.New(rand.NewPCG(1, 1))}
	for _, p := range b.round(all, records) {
		if p.cell != all[2] && p.cell != all[3] {
			t.Errorf("spent on %+v", p.cell)
		}
	}
	records = records[6:] // too few trials for an interval are the widest
	if got := b.round(all, records); len(got) != 2 || got[0].cell != all[0] && got[1].cell != all[0] {
		t.Errorf("a cell without trials is left out: %+v", got)
	}
}

// A journal that is resumed continues where the plan stopped, whatever the crash left.
func TestResumedJournal(t *testing.T) {
	s := spec.Default()
	if err := s.Set("keys", "1k", "--keys"); err != nil {
		t.Fatal(err)
	}
	all, _, err := s.Cells()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "raw", "r.jsonl")
	plan := order(all, int(s.Runs), s.Seed)
	first := &journal{plan: plan, path: path}
	env := &record.Environment{}
	if err := first.open(s, &Result{}, env, nil); err != nil {
		t.Fatal(err)
	}
	for i, why := range []string{"", record.Interrupted, ""} {
		rec := record.Record{Schema: record.Schema, Run: "r", Trial: i, Cell: plan[i].cell, Seed: plan[i].seed, Valid: why == "", Why: why}
		if err := first.file.Append(&rec); err != nil {
			t.Fatal(err)
		}
	}
	first.close()
	again, err := SpecOf(path)
	if err != nil {
		t.Fatal(err)
	}
	resumed := &journal{plan: order(all, int(again.Runs), again.Seed), path: path}
	var res Result
	if err := resumed.load(&res); err != nil || len(res.Records) != 2 || !resumed.done(0) || resumed.done(1) || !resumed.done(2) || resumed.done(3) {
		t.Errorf("%v: %d records, %v", err, len(res.Records), resumed.finished)
	}
	resumed.close()
	other := &journal{plan: order(all, int(again.Runs), again.Seed+1), path: path}
	if err := other.load(&Result{}); err == nil || !strings.Contains(err.Error(), "trial 1 of") {
		t.Errorf("the plan of another spec: %v", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := (&journal{path: path}).load(&Result{}); err == nil {
		t.Error("a run that is not there was resumed")
	}
}

// The broker is warmed up for a tenth of what the run will take, and not for longer than makes a difference.
func TestWarmth(t *testing.T) {
	s := spec.Default()
	s.Runs = 2
	small := []record.Cell{{Subject: spec.SubjectSelf, Store: "memory", Recovery: record.Replay, Keys: 1000, UpdatesPerKey: 1}}
	if got, want := warmth(s, small), 2*Expected(small[0])/10; got != want || got >= longestWarmth {
		t.Errorf("%v, want %v", got, want)
	}
	large := small
	large[0].Keys = 100_000_000
	if got := warmth(s, large); got != longestWarmth {
		t.Errorf("of a long run %v, want %v", got, longestWarmth)
	}
}
