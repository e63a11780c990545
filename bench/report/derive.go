package report

import (
	"errors"
	"fmt"

	"restorebench/bench/stats"
	"restorebench/harness/record"
)

// New derives the summary of a run. It fails rather than mix what must not be
// compared: records of several runs, machines or brokers, or of another schema.
func New(records []record.Record) (*Summary, error) {
	if len(records) == 0 {
		return nil, errors.New("no trial was recorded")
	}
	s := &Summary{Schema: Schema, Run: records[0].Run, Time: records[0].Time}
	trials := map[record.Cell][]record.Record{}
	for _, r := range records {
		if err := s.admit(r); err != nil {
			return nil, fmt.Errorf("trial %d of run %s: %w", Number(r.Trial), r.Run, err)
		}
		trials[r.Cell] = append(trials[r.Cell], r)
	}
	for cell, rs := range trials {
		s.Cells = append(s.Cells, summarize(cell, rs))
	}
	sortCells(s.Cells)
	s.Systems = systemsOf(records)
	s.warn(records)
	return s, nil
}

// admit checks that a record may be summarized together with those before it, and
// notes what they have in common. A trial that failed early may lack the environment
// and the broker.
func (s *Summary) admit(r record.Record) error {
	if r.Schema != record.Schema {
		return fmt.Errorf("its record has schema %d, this version reads %d", r.Schema, record.Schema)
	}
	if r.Run != s.Run {
		return fmt.Errorf("it is not of run %s, and only one run can be summarized", s.Run)
	}
	if r.Valid && r.DowntimeNS <= 0 {
		return fmt.Errorf("it is said to be valid and its downtime is %d ns", r.DowntimeNS)
	}
	if r.Broker != (record.Broker{}) {
		if s.Broker != (record.Broker{}) && s.Broker != r.Broker {
			return fmt.Errorf("it ran on broker %+v, others on %+v", r.Broker, s.Broker)
		}
		s.Broker = r.Broker
	}
	if r.Environment != nil {
		if s.Environment == nil {
			s.Environment = r.Environment
		}
		if !s.Environment.Same(r.Environment) {
			return fmt.Errorf("it ran on %+v, others on %+v", *r.Environment, *s.Environment)
		}
		s.Environment = s.Environment.Joined(r.Environment)
	}
	if r.Time.Before(s.Time) {
		s.Time = r.Time
	}
	return nil
}

// summarize reduces the trials of one cell.
func summarize(cell record.Cell, trials []record.Record) CellSummary {
	c := CellSummary{Cell: cell, Invalid: []InvalidTrial{}, PhasesNS: map[string]float64{}}
	var valid []record.Record
	for _, r := range trials {
		if r.Valid {
			valid = append(valid, r)
		} else {
			c.Invalid = append(c.Invalid, InvalidTrial{Trial: r.Trial, Why: r.Why})
		}
	}
	c.N = len(valid)
	if c.N == 0 {
		return c
	}
	c.Downtime = estimate("ns", collect(valid, downtime))
	for _, phase := range record.Phases {
		if ns := collect(valid, phaseNS(phase)); len(ns) > 0 {
			c.PhasesNS[phase] = stats.Median(ns)
		}
	}
	c.RecordsPerSecond = estimate("records/s", collect(valid, perSecond(func(r record.Restored) int64 { return r.Records })))
	c.BytesPerSecond = estimate("bytes/s", collect(valid, perSecond(func(r record.Restored) int64 { return r.Bytes })))
	if lags := collect(valid, standbyLag); len(lags) > 0 {
		lag := stats.Median(lags)
		c.StandbyLag = &lag
	}
	c.Bound = boundOf(valid)
	c.Debt = debtOf(valid)
	c.medians(valid)
	return c
}

// boundOf says what bounds the restores of a cell, nil if nothing was read or nothing
// measured.
func boundOf(trials []record.Record) *Bound {
	share := func(stage func(record.Record) int64) []float64 {
		return collect(trials, func(r record.Record) (float64, bool) {
			ns := r.Phases[record.PhaseRestore]
			if r.Restored.FetchAloneNS <= 0 || ns <= 0 {
				return 0, false
			}
			return float64(stage(r)) / float64(ns), true
		})
	}
	fetch := share(func(r record.Record) int64 { return r.Restored.FetchAloneNS })
	if len(fetch) == 0 {
		return nil
	}
	b := &Bound{Stage: BoundFetch, Share: stats.Median(fetch), FetchShare: stats.Median(fetch)}
	// Partitions are restored side by side.
	apply := stats.Median(share(func(r record.Record) int64 {
		return (r.Restored.ApplyNS + r.Restored.FlushNS) / int64(max(r.Partitions, 1))
	}))
	if apply > b.Share {
		b.Stage, b.Share = BoundApply, apply
	}
	return b
}

// debtOf reduces the aftermaths of a cell, nil if there is none.
func debtOf(trials []record.Record) *Debt {
	of := func(figure func(*record.Aftermath) int64) []float64 {
		return collect(trials, func(r record.Record) (float64, bool) {
			if r.Aftermath == nil || r.Aftermath.SettledNS <= 0 {
				return 0, false
			}
			return float64(figure(r.Aftermath)), true
		})
	}
	settled := of(func(a *record.Aftermath) int64 { return a.SettledNS })
	if len(settled) == 0 {
		return nil
	}
	return &Debt{
		Settled:      estimate("ns", settled),
		WrittenBytes: stats.Median(of(func(a *record.Aftermath) int64 { return a.SettledBytesWritten })),
		ReadyP99NS:   stats.Median(of(func(a *record.Aftermath) int64 { return a.ReadsReady.P99NS })),
		SettledP99NS: stats.Median(of(func(a *record.Aftermath) int64 { return a.ReadsSettled.P99NS })),
		PendingBytes: stats.Median(of(func(a *record.Aftermath) int64 { return a.PendingBytes })),
		LeftBytes:    stats.Median(of(func(a *record.Aftermath) int64 { return a.SettledBytesWritten - a.BytesWritten })),
	}
}

// medians fills the figures that have no interval. valid must not be empty.
func (c *CellSummary) medians(valid []record.Record) {
	median := func(field func(record.Record) int64) float64 {
		return stats.Median(collect(valid, func(r record.Record) (float64, bool) {
			return float64(field(r)), true
		}))
	}
	// A process without memory, or one that used no CPU, was not observed.
	observed := func(field func(record.Record) int64) *float64 {
		if m := median(field); m > 0 {
			return &m
		}
		return nil
	}
	records := median(func(r record.Record) int64 { return r.Restored.Records })
	bytes := median(func(r record.Record) int64 { return r.Restored.Bytes })
	disk := median(func(r record.Record) int64 { return r.Resources.DiskBytes })
	c.RestoredRecords, c.RestoredBytes, c.DiskBytes = &records, &bytes, &disk
	c.RSSPeakBytes = observed(func(r record.Record) int64 { return r.Resources.RSSPeakBytes })
	c.CPUNS = observed(func(r record.Record) int64 { return r.Resources.CPUNS })
	split := Split{
		FetchWaitNS: median(func(r record.Record) int64 { return r.Restored.FetchWaitNS }),
		DecodeNS:    median(func(r record.Record) int64 { return r.Restored.DecodeNS }),
		ApplyNS:     median(func(r record.Record) int64 { return r.Restored.ApplyNS }),
		FlushNS:     median(func(r record.Record) int64 { return r.Restored.FlushNS }),
	}
	if split != (Split{}) { // a subject that does not report it
		c.Split = &split
	}
}

// standbyLag reads how far behind the standby was, if there was one that told.
func standbyLag(r record.Record) (float64, bool) {
	if r.StandbyLag == nil {
		return 0, false
	}
	return float64(*r.StandbyLag), true
}

// phaseNS reads one phase, if the trial reported it.
func phaseNS(phase string) func(record.Record) (float64, bool) {
	return func(r record.Record) (float64, bool) {
		ns, known := r.Phases[phase]
		return float64(ns), known
	}
}

// perSecond reads the throughput of the restore phase, if something was restored.
func perSecond(amount func(record.Restored) int64) func(record.Record) (float64, bool) {
	return func(r record.Record) (float64, bool) {
		ns := r.Phases[record.PhaseRestore]
		if r.Restored.Records <= 0 || ns <= 0 {
			return 0, false
		}
		return float64(amount(r.Restored)) / (float64(ns) / 1e9), true
	}
}

// collect returns a figure of all the trials that have it.
func collect(trials []record.Record, figure func(record.Record) (float64, bool)) []float64 {
	var xs []float64
	for _, r := range trials {
		if x, ok := figure(r); ok {
			xs = append(xs, x)
		}
	}
	return xs
}

// estimate returns the median of the values and its interval, nil if there is no value.
func estimate(unit string, xs []float64) *Estimate {
	if len(xs) == 0 {
		return nil
	}
	e := &Estimate{N: len(xs), Unit: unit, Median: stats.Median(xs)}
	if interval, ok := stats.MedianInterval(xs, Confidence); ok {
		e.Interval = &interval
	}
	return e
}
