package report

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"restorebench/harness/record"
)

// A figure of another system means little without its version and its settings, nor a phase that it does not tell.
func TestSystems(t *testing.T) {
	var records []record.Record
	for i, subject := range []string{"restorebench", "quix", "kafka-streams@4.3.1", "quix", "kafka-streams@4.2.1", "kafka-streams@4.2.1"} {
		r := record.Record{
			Schema: record.Schema, Run: "r", Trial: i, Valid: true, DowntimeNS: 5,
			Cell:   record.Cell{Subject: subject, Store: "rocksdb", Recovery: record.Replay, Keys: 1000, Partitions: 1, UpdatesPerKey: 1},
			Phases: map[string]int64{},
		}
		for _, phase := range record.Phases {
			r.Phases[phase] = 1
		}
		switch subject {
		case "quix":
			delete(r.Phases, record.PhaseOpen)
			delete(r.Phases, record.PhasePlan)
			r.System = &record.System{Version: "3.28.1"}
		case "kafka-streams@4.3.1":
			r.System = &record.System{Version: "4.3.1", Settings: []string{"a=1", "sets b; c"}} // as it once was
		case "kafka-streams@4.2.1": // of two cells, with what is in force in each
			r.System = &record.System{Version: "4.2.1", Settings: []string{"a=1", []string{"b", "c"}[i%2]}}
		}
		records = append(records, r)
	}
	s, err := New(records)
	if err != nil {
		t.Fatal(err)
	}
	var titles []string
	for _, system := range s.Systems {
		titles = append(titles, fmt.Sprintf("%s: %q", system.Title(), system.Settings))
	}
	if want := []string{`kafka-streams@4.2.1: ["a=1" "b" "c"]`, `kafka-streams@4.3.1: ["a=1" "b" "c"]`, "quix 3.28.1: []"}; !slices.Equal(titles, want) {
		t.Errorf("%q", titles)
	}
	if got := s.Untold(); got != "Unknown, and part of the phase before: open and plan of quix" {
		t.Errorf("%q", got)
	}
	var b bytes.Buffer
	if err := Table(&b, s); err != nil {
		t.Fatal(err)
	}
	if text := b.String(); !strings.Contains(text, "Not as shipped, of kafka-streams@4.2.1, kafka-streams@4.3.1:\n  a=1\n  b\n  c\n") || strings.Contains(text, "quix 3.28.1:") {
		t.Errorf("%s", text)
	}
}

// A phase is unknown that no valid trial of a cell tells: neither 0, nor what the harness computes anyway, nor of a cell without any.
func TestUntold(t *testing.T) {
	trial := func(subject string, keys int64, valid bool, untold ...string) record.Record {
		r := record.Record{
			Schema: record.Schema, Run: "r", Valid: valid, DowntimeNS: 5,
			Cell:   record.Cell{Subject: subject, Store: "rocksdb", Recovery: record.Replay, Keys: keys, Partitions: 1, UpdatesPerKey: 1},
			Phases: map[string]int64{},
		}
		for _, phase := range record.Phases {
			if !slices.Contains(untold, phase) {
				r.Phases[phase] = 0
			}
		}
		return r
	}
	const unknown = "Unknown, and part of the phase before: "
	for name, c := range map[string]struct {
		trials []record.Record
		want   string
	}{
		"all is told":        {[]record.Record{trial("a", 10, true)}, ""},
		"other is no phase":  {[]record.Record{trial("a", 10, true, record.PhaseOther)}, ""},
		"one":                {[]record.Record{trial("a", 10, true, record.PhaseRestore)}, unknown + "restore of a"},
		"of one of two":      {[]record.Record{trial("a", 10, true), trial("b", 10, true, record.PhaseOpen)}, unknown + "open of b"},
		"the same of two":    {[]record.Record{trial("a", 10, true, record.PhaseOpen), trial("b", 10, true, record.PhaseOpen)}, unknown + "open of a, b"},
		"others of two":      {[]record.Record{trial("a", 10, true, record.PhaseOpen), trial("b", 10, true, record.PhasePlan)}, unknown + "open of a; plan of b"},
		"in two cells":       {[]record.Record{trial("a", 10, true, record.PhasePlan), trial("a", 20, true, record.PhasePlan)}, unknown + "plan of a"},
		"told by some":       {[]record.Record{trial("a", 10, true, record.PhasePlan), trial("a", 10, true)}, ""},
		"told by an invalid": {[]record.Record{trial("a", 10, true, record.PhasePlan), trial("a", 10, false)}, unknown + "plan of a"},
		"no valid trial":     {[]record.Record{trial("a", 10, true), trial("b", 10, false)}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			for i := range c.trials {
				c.trials[i].Trial = i
			}
			s, err := New(c.trials)
			if err != nil {
				t.Fatal(err)
			}
			if got := s.Untold(); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}
