// Package targets holds a restore to what it is to reach, as ratios of measures that
// were taken in turn in one run: a ratio outlasts the machine, a rate does not.
package targets

import (
	"fmt"

	"restorebench/bench/ceilings"
)

// Names of the measures. Each is in records per second.
const (
	Drain        = "drain"               // the changelog, with nothing applied
	Poll         = "poll"                // one Poll per record with the library's defaults, into a Go map
	Memory       = "memory"              // replay into the in-memory store
	MemorySmall  = "memory, 1/4"         // a quarter of the records,
	MemoryLarge  = "memory, x2.5"        // and 2.5 times as many
	Bulk         = "rocksdb bulk"        // replay into RocksDB as sorted files
	Batch        = "rocksdb batch"       // replay in write batches of 1,000, as Kafka Streams does it
	BulkUpdated  = "rocksdb bulk, 10/k"  // the same with ten updates per key
	BatchUpdated = "rocksdb batch, 10/k" //
	Snapshot     = "memory snapshot"     // the in-memory store from its snapshot; entries
	Load         = "load into memory"    // produce, acknowledge, apply
	Produce      = "produce"             // and acknowledge
)

// What the measures differ in.
const (
	updatesPerKey = 10
	smallShare    = 4
	largeTimes    = 2.5
	polledRecords = ceilings.KafkaStreamsBatch
)

// Target is a ratio of two measures' rates, and what it must be.
type Target struct {
	Of, By string
	Least  float64 // 0: no lower bound
	Most   float64 // 0: no upper bound
}

// Targets are those of a run of 4,000,000 records of 16 B + 100 B in one partition, with
// Kafka on the same two cores.
var Targets = []Target{
	{Of: Memory, By: Drain, Least: 0.85},
	{Of: Memory, By: Poll, Least: 12},
	{Of: Bulk, By: Drain, Least: 0.55},
	{Of: Bulk, By: Batch, Least: 4},
	{Of: Snapshot, By: Memory, Least: 3},
	{Of: Load, By: Produce, Least: 0.8},
	{Of: MemorySmall, By: MemoryLarge, Most: 1.15},
	{Of: BulkUpdated, By: BatchUpdated, Least: 5},
}

// Want is the bound as text.
func (t Target) Want() string {
	if t.Most > 0 {
		return fmt.Sprintf("<= %.4g", t.Most)
	}
	return fmt.Sprintf(">= %.4g", t.Least)
}

// Outcome is a target and what was measured.
type Outcome struct {
	Target
	OfRate, ByRate float64 // medians, records/s
	N              int     // measurements of each
	Ratio          float64 // of the medians
}

// Met says whether the ratio is within its bounds.
func (o Outcome) Met() bool {
	return o.Ratio >= o.Least && (o.Most == 0 || o.Ratio <= o.Most)
}

// Judge compares the measures with the targets whose measures are all there.
func Judge(measured []ceilings.Summary) []Outcome {
	rates := map[string]ceilings.Summary{}
	for _, s := range measured {
		rates[s.Name] = s
	}
	var outcomes []Outcome
	for _, t := range Targets {
		of, haveOf := rates[t.Of]
		by, haveBy := rates[t.By]
		if !haveOf || !haveBy {
			continue
		}
		o := Outcome{Target: t, OfRate: of.RecordsPerSecond.Median, ByRate: by.RecordsPerSecond.Median, N: min(of.N, by.N)}
		o.Ratio = o.OfRate / o.ByRate
		outcomes = append(outcomes, o)
	}
	return outcomes
}
