package plot

import (
	"math/rand/v2"
	"testing"
	"time"

	"restorebench/bench/report"
	"restorebench/harness/record"
)

// fakeRun makes up records of a run that could have been: two stores, the four kinds of
// cell, so many trials of each. The figures are invented.
func fakeRun(trials int, sizes ...int64) []record.Record {
	random := rand.New(rand.NewPCG(3, 7))
	cells := []struct {
		store, recovery           string
		tail                      float64
		openMS, restoreMS, serveM float64 // at any size
		perKeyNS                  float64
	}{
		{"memory", record.Replay, 0, 0.2, 30, 0.3, 1500},
		{"rocksdb", record.Replay, 0, 22, 45, 1, 3900},
		{"rocksdb", record.Local, 0, 31, 2, 1.5, 0},
		{"rocksdb", record.LocalTail, 0.1, 33, 24, 1.5, 430},
	}
	var records []record.Record
	for range trials {
		for _, keys := range sizes {
			for _, c := range cells {
				noise := func(ms float64) int64 { return int64(ms * 1e6 * (1 + 0.06*random.ExpFloat64())) }
				r := record.Record{
					Schema: record.Schema, Run: "fake", Trial: len(records), Valid: true,
					Time:   time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC),
					Broker: record.Broker{Kind: "container", Version: "4.3.1"},
					Environment: &record.Environment{
						OS: "linux", Arch: "amd64", CPU: "Example CPU 9000 @ 2.80GHz", Cores: 2,
						MemBytes: 8_200_000_000, Disk: "ext4", Cache: "warm",
					},
				}
				r.Cell = record.Cell{
					Subject: "restorebench", Store: c.store, Recovery: c.recovery, Keys: keys,
					KeyBytes: 16, ValueBytes: 100, Partitions: 1, UpdatesPerKey: 1, Tail: c.tail,
				}
				r.Phases = map[string]int64{
					record.PhaseExit: noise(3 + 8e-6*float64(keys)), record.PhaseDetect: 0,
					record.PhaseSpawn: noise(38), record.PhaseAssign: 0,
					record.PhaseOpen: noise(c.openMS), record.PhasePlan: noise(14),
					record.PhaseRestore: noise(c.restoreMS + c.perKeyNS*float64(keys)/1e6),
					record.PhaseServe:   noise(c.serveM), record.PhaseOther: noise(0.5),
				}
				for _, ns := range r.Phases {
					r.DowntimeNS += ns
				}
				switch c.recovery {
				case record.Replay:
					r.Restored.Records = keys
				case record.LocalTail:
					r.Restored.Records = keys / 10
				}
				r.Restored.Bytes = 116 * r.Restored.Records
				r.Resources = record.Resources{RSSPeakBytes: 50e6 + 200*keys, CPUNS: r.DowntimeNS}
				records = append(records, r)
			}
		}
	}
	return records
}

// types are those of the stores, in the order of the charts.
var types = []string{"key-value", "timestamped", "versioned", "window", "timestamped-window", "session", "lru"}

// fakeTypes makes up the records of a run of all stores.
func fakeTypes(trials int, sizes ...int64) (records []record.Record) {
	for _, typ := range types {
		for _, r := range fakeRun(trials, sizes...) {
			if typ == "lru" && r.Store != "memory" {
				continue
			}
			if typ != "key-value" {
				r.Store += "-" + typ
			}
			records = append(records, r)
		}
	}
	return records
}

// summaryOf derives the summary or ends the test.
func summaryOf(t *testing.T, records []record.Record) *report.Summary {
	t.Helper()
	s, err := report.New(records)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
