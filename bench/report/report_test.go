package report

import (
	"time"

	"restorebench/harness/record"
)

// The run of the tests: two stores, three sizes, five trials of each cell, whose
// downtimes are 0.96, 0.98, 1.00, 1.02 and 1.04 times a round figure, so that medians and
// intervals can be read off.
func testRun() []record.Record {
	cells := []struct {
		store, recovery string
		tail            float64
		fixedMS, perKNS int64 // what a recovery costs: at any size, and per key
	}{
		{"rocks", record.LocalTail, 0.1, 260, 500},
		{"memory", record.Replay, 0, 200, 1800},
		{"rocks", record.Local, 0, 240, 20},
		{"rocks", record.Replay, 0, 250, 5000},
	}
	environment := &record.Environment{
		OS: "linux", Arch: "amd64", CPU: "Example CPU 9000", Cores: 2, MemBytes: 8_000_000_000,
		Disk: "ext4", Cache: "warm",
	}
	var records []record.Record
	for repetition := range int64(5) {
		for _, keys := range []int64{1_000_000, 10_000, 100_000} {
			for _, c := range cells {
				r := record.Record{
					Schema: record.Schema, Run: "20250102T030405-1", Trial: len(records),
					Time:        time.Date(2025, 1, 2, 3, 4, 5+len(records), 0, time.UTC),
					Broker:      record.Broker{Kind: "container", Version: "4.3.1"},
					Environment: environment,
					Valid:       true,
				}
				r.Cell = record.Cell{
					Subject: "restorebench", Store: c.store, Recovery: c.recovery, Keys: keys, KeyBytes: 16,
					ValueBytes: 100, Partitions: 1, UpdatesPerKey: 1, Tail: c.tail,
				}
				fixed := c.fixedMS * 1_000_000
				restore := c.perKNS * keys
				scale := 96 + 2*repetition // percent
				r.Phases = map[string]int64{
					record.PhaseExit: fixed / 10 * scale / 100, record.PhaseSpawn: fixed / 2 * scale / 100,
					record.PhaseOpen: fixed / 5 * scale / 100, record.PhasePlan: fixed / 10 * scale / 100,
					record.PhaseRestore: restore * scale / 100, record.PhaseServe: fixed / 10 * scale / 100,
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
				r.Restored.FetchWaitNS = restore / 2
				r.Restored.ApplyNS = restore / 4
				if r.Restored.Records > 0 { // memory is bound by fetching, and RocksDB by itself
					r.Restored.FetchAloneNS, r.Restored.ApplyNS = restore*60/100, restore*40/100
					if c.store == "rocks" {
						r.Restored.ApplyNS, r.Restored.FlushNS = restore*80/100, restore*10/100
					}
				}
				r.Resources = record.Resources{RSSPeakBytes: 40_000_000 + 200*keys, CPUNS: r.DowntimeNS / 2, DiskBytes: 130 * keys}
				records = append(records, r)
			}
		}
	}
	return records
}

// invalidate marks a trial as the suite does.
func invalidate(r *record.Record, why string) {
	r.Valid, r.Why = false, why
}
