package report

import (
	"bytes"
	"strings"
	"testing"

	"restorebench/harness/record"
)

// A figure of another system means little without its version and its settings, nor a phase that it does not tell.
func TestSystems(t *testing.T) {
	var records []record.Record
	for i, subject := range []string{"restorebench", "quix", "kafka-streams@4.3.1", "quix"} {
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
			r.System = &record.System{Version: "4.3.1", Settings: []string{"a=1", "sets b"}}
		}
		records = append(records, r)
	}
	s, err := New(records)
	if err != nil {
		t.Fatal(err)
	}
	var titles []string
	for _, system := range s.Systems {
		titles = append(titles, system.Title()+": "+system.Changes())
	}
	if got := strings.Join(titles, "\n"); got != "kafka-streams@4.3.1: a=1; sets b\nquix 3.28.1: " {
		t.Errorf("%q", got)
	}
	if got := s.Untold(); got != "Unknown, and part of the phase before: open and plan of quix" {
		t.Errorf("%q", got)
	}
	var b bytes.Buffer
	if err := Table(&b, s); err != nil {
		t.Fatal(err)
	}
	if text := b.String(); !strings.Contains(text, "kafka-streams@4.3.1: a=1; sets b.\n") || strings.Contains(text, "quix 3.28.1:") {
		t.Errorf("%s", text)
	}
}
