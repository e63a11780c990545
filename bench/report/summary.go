// Package report turns the records of one run into a Summary, and a Summary into
// tables and answers. A Summary holds everything that a table or a chart shows, so
// that each figure in them is a figure of results/summary.json.
package report

import (
	"fmt"
	"slices"
	"time"

	"restorebench/bench/stats"
	"restorebench/harness/record"
)

// Schema is the version of the summary's format. A reader refuses any other.
const Schema = 1

// Confidence is what the intervals of a summary aim at. Each tells the one that it reached.
const Confidence = 0.95

// Summary is one run: a cell per thing measured, in the order in which they are shown.
type Summary struct {
	Schema      int                 `json:"schema"`
	Run         string              `json:"run"`
	Time        time.Time           `json:"time"`                  // the start of the first trial
	Environment *record.Environment `json:"environment,omitempty"` // nil: not recorded
	Broker      record.Broker       `json:"broker"`
	// Systems are the other systems than our own, by name.
	Systems  []SystemSummary `json:"systems,omitempty"`
	Cells    []CellSummary   `json:"cells"`
	Warnings []Warning       `json:"warnings"`
}

// CellSummary is what the trials of one cell have in common. All its figures are
// medians over the valid trials; a figure that no valid trial has is nil or absent, which
// means unknown and not zero.
type CellSummary struct {
	record.Cell
	N       int            `json:"n"`       // valid trials
	Invalid []InvalidTrial `json:"invalid"` // part of no figure

	Downtime *Estimate          `json:"downtime,omitempty"` // ns
	PhasesNS map[string]float64 `json:"phases_ns"`          // by the names of record.Phases

	StandbyLag      *float64 `json:"standby_lag,omitempty"` // records that a standby had not applied at the kill
	RestoredRecords *float64 `json:"restored_records,omitempty"`
	RestoredBytes   *float64 `json:"restored_bytes,omitempty"` // keys + values
	// Throughput of the restore phase, over the trials in which it read records.
	RecordsPerSecond *Estimate `json:"records_per_second,omitempty"`
	BytesPerSecond   *Estimate `json:"bytes_per_second,omitempty"`
	Split            *Split    `json:"restore_split,omitempty"`
	Bound            *Bound    `json:"bound,omitempty"`

	Debt *Debt `json:"debt,omitempty"`

	RSSPeakBytes *float64 `json:"rss_peak_bytes,omitempty"`
	CPUNS        *float64 `json:"cpu_ns,omitempty"` // user + system
	DiskBytes    *float64 `json:"disk_bytes,omitempty"`
}

// InvalidTrial is a trial that counts for nothing but is shown.
type InvalidTrial struct {
	Trial int    `json:"trial"` // position in the run's order, from 0
	Why   string `json:"why"`
}

// Estimate is a median and how well it is known.
type Estimate struct {
	N        int             `json:"n"`
	Unit     string          `json:"unit"` // "ns", "records/s" or "bytes/s"
	Median   float64         `json:"median"`
	Interval *stats.Interval `json:"interval,omitempty"` // nil: too few trials for one
}

// Split is the child's own account of the restore phase, ns summed over its
// partitions, which may overlap.
type Split struct {
	FetchWaitNS float64 `json:"fetch_wait_ns"`
	DecodeNS    float64 `json:"decode_ns"`
	ApplyNS     float64 `json:"apply_ns"`
	FlushNS     float64 `json:"flush_ns"`
}

// Debt is what a restore left to be done, see record.Aftermath.
type Debt struct {
	Settled      *Estimate `json:"settled,omitempty"` // ns until no compaction was left
	WrittenBytes float64   `json:"written_bytes"`     // by then, restore included
	ReadyP99NS   float64   `json:"ready_p99_ns"`      // of point reads right after the restore
	SettledP99NS float64   `json:"settled_p99_ns"`    // of point reads once settled
	PendingBytes float64   `json:"pending_bytes"`     // to be compacted when ready, as RocksDB estimates it
	LeftBytes    float64   `json:"left_bytes"`        // of those written, what compactions wrote once the restore was over
}

// Left says whether a restore left anything to be done: where nothing was written after it, Settled is how long it took to
// find that out.
func (d *Debt) Left() bool { return d != nil && d.LeftBytes > 0 }

// Bound is the stage that a restore can be no faster than, and how close it came: the time
// of that stage as a share of the restore's. Fetching and applying overlap, so the longer
// of the two is the one that counts.
type Bound struct {
	Stage string  `json:"stage"` // BoundFetch or BoundApply
	Share float64 `json:"share"` // median over the trials
	// FetchShare is that of fetching, whichever stage counts: the restore's throughput as
	// a share of the one with nothing applied.
	FetchShare float64 `json:"fetch_share"`
}

// Doubtful says that nothing can be told: a stage can be measured to take somewhat longer than the restore that it is a part of, but not
// twice as long. Then the machine was too busy to take down in time when the restore began.
func (b *Bound) Doubtful() bool { return b.Share > 2 }

// Text names the stage with its share, and what stands between the figure and its sign; "" if that is unknown.
func (b *Bound) Text(between string) string {
	if b == nil || b.Doubtful() {
		return ""
	}
	return fmt.Sprintf("%s %.0f%s%%", b.Stage, 100*b.Share, between)
}

// BoundNote explains what bounds restores, "" where that was not measured.
func (s *Summary) BoundNote() string {
	if !s.bounded() {
		return ""
	}
	text := "the stage that a restore can be no faster than, and its share of the restore's time"
	if slices.ContainsFunc(s.Cells, func(c CellSummary) bool { return c.Bound != nil && c.Bound.Doubtful() }) {
		text += "; unknown where it was measured to take more than twice as long as the restore, on too busy a machine"
	}
	return text
}

// The stages that can bound a restore.
const (
	BoundFetch = "fetch" // reading the same records with nothing applied, measured after each trial
	BoundApply = "apply" // applying them and making them durable, by the processor's own account
)

// Valid returns the number of valid trials of all cells.
func (s *Summary) Valid() int {
	n := 0
	for _, c := range s.Cells {
		n += c.N
	}
	return n
}
