package ceilings_test

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"restorebench/bench/ceilings"
)

// listed makes ceilings that take the given times for 1000 records of 10 bytes.
func listed(took map[string]time.Duration, names ...string) (list []ceilings.Ceiling) {
	for _, name := range names {
		list = append(list, ceilings.Ceiling{Name: name, Measure: func(context.Context) (ceilings.Result, error) {
			return ceilings.Result{Records: 1000, Bytes: 10_000, Elapsed: took[name]}, nil
		}})
	}
	return list
}

// order measures and returns the names in the order in which they came.
func order(t *testing.T, list []ceilings.Ceiling, rounds int, seed uint64) (names []string, all []ceilings.Measurement) {
	t.Helper()
	err := ceilings.Measure(t.Context(), list, rounds, seed, func(m ceilings.Measurement) error {
		names, all = append(names, m.Name), append(all, m)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names, all
}

func TestMeasureInterleaves(t *testing.T) {
	list := listed(nil, "a", "b", "c", "d", "e")
	names, all := order(t, list, 4, 1)
	if len(all) != 20 {
		t.Fatalf("%d measurements, want 20", len(all))
	}
	for round := range 4 {
		seen := map[string]bool{}
		for _, m := range all[5*round : 5*round+5] {
			if m.Round != round {
				t.Errorf("a measurement of round %d in round %d", m.Round, round)
			}
			seen[m.Name] = true
		}
		if len(seen) != 5 {
			t.Errorf("round %d measured %v", round, seen)
		}
	}
	if reflect.DeepEqual(names[:5], names[5:10]) {
		t.Error("two rounds have the same order")
	}
	if again, _ := order(t, list, 4, 1); !reflect.DeepEqual(names, again) {
		t.Error("the same seed gave another order")
	}
	if other, _ := order(t, list, 4, 2); reflect.DeepEqual(names, other) {
		t.Error("another seed gave the same order")
	}
}

// An error of a ceiling, or of whoever keeps the measurements, ends it.
func TestMeasureStops(t *testing.T) {
	bad := errors.New("bad")
	list := listed(nil, "a", "b")
	kept := 0
	err := ceilings.Measure(t.Context(), list, 3, 1, func(ceilings.Measurement) error { kept++; return bad })
	if !errors.Is(err, bad) || kept != 1 {
		t.Errorf("%v after %d measurements", err, kept)
	}
	list[0].Measure = func(context.Context) (ceilings.Result, error) { return ceilings.Result{}, bad }
	err = ceilings.Measure(t.Context(), list[:1], 3, 1, func(ceilings.Measurement) error { t.Error("kept"); return nil })
	if !errors.Is(err, bad) || err.Error() != "a: bad" {
		t.Errorf("%v", err)
	}
}

func TestSummarize(t *testing.T) {
	took := map[string]time.Duration{ceilings.NameWire: time.Second, ceilings.NameDrain: 4 * time.Second, "x": 2 * time.Second}
	list := listed(took, "x", ceilings.NameDrain, ceilings.NameWire, "never")
	_, all := order(t, list[:3], 5, 1)
	for i := range all {
		if all[i].Name == "x" && all[i].Round == 0 {
			all[i].Elapsed = 8 * time.Second // an outlier that no median follows
		}
	}
	got := ceilings.Summarize(list, all)
	if len(got) != 3 {
		t.Fatalf("%d summaries, want those of the three that were measured", len(got))
	}
	for i, want := range []struct {
		name              string
		rate, share, low  float64
		elapsed, bytesPer float64
	}{
		{"x", 500, 0.5, 125, 2e9, 5000},
		{ceilings.NameDrain, 250, 0.25, 250, 4e9, 2500},
		{ceilings.NameWire, 1000, 1, 1000, 1e9, 10000},
	} {
		s := got[i]
		if s.Name != want.name || s.N != 5 || s.Records != 1000 || s.RecordsPerSecond.Median != want.rate || s.WireShare != want.share ||
			s.RecordsPerSecond.Interval == nil || s.RecordsPerSecond.Interval.Low != want.low ||
			s.ElapsedNS.Median != want.elapsed || s.BytesPerSecond.Median != want.bytesPer {
			t.Errorf("%+v, want %+v", s, want)
		}
	}
	if s, ok := ceilings.Slowest(got, "x", ceilings.NameWire); !ok || s.Name != "x" {
		t.Errorf("slowest: %s %v", s.Name, ok)
	}
	if _, ok := ceilings.Slowest(got, "never"); ok {
		t.Error("the slowest of nothing")
	}
	few := ceilings.Summarize(list, all[:3])
	if few[0].RecordsPerSecond.Interval != nil {
		t.Error("one measurement has an interval")
	}
}
