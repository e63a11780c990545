package ceilings

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"

	"restorebench/bench/stats"
)

// Measurement is one result, as it is kept.
type Measurement struct {
	Name  string `json:"ceiling"`
	Round int    `json:"round"` // from 0; a round measures every ceiling once
	Result
}

// Measure goes through the list rounds times, each time in another order that the
// seed decides, and calls each with every measurement as soon as it is there. An error
// of either ends it.
func Measure(ctx context.Context, list []Ceiling, rounds int, seed uint64, each func(Measurement) error) error {
	random := rand.New(rand.NewPCG(seed, 0x6365696c696e6773))
	for round := range rounds {
		for _, i := range random.Perm(len(list)) {
			runtime.GC() // or one ceiling would pay for another one's garbage,
			settle()     // or for what it has yet to write to the disk
			res, err := list[i].Measure(ctx)
			if err != nil {
				return fmt.Errorf("%s: %w", list[i].Name, because(ctx, err))
			}
			if err := each(Measurement{Name: list[i].Name, Round: round, Result: res}); err != nil {
				return err
			}
		}
	}
	return nil
}

// Figure is a median with its interval, which few values don't have.
type Figure struct {
	Median   float64         `json:"median"`
	Interval *stats.Interval `json:"interval,omitempty"`
}

// Summary is what the measurements of one ceiling say.
type Summary struct {
	Name             string  `json:"ceiling"`
	N                int     `json:"n"`
	Records          int64   `json:"records"` // of one measurement
	Bytes            int64   `json:"bytes"`
	ElapsedNS        Figure  `json:"elapsed_ns"`
	RecordsPerSecond Figure  `json:"records_per_second"`
	BytesPerSecond   Figure  `json:"bytes_per_second"`
	WireShare        float64 `json:"wire_share,omitempty"` // median records per second / the wire's
}

// confidence that is asked of intervals; stats.Interval has the one reached.
const confidence = 0.95

// Summarize describes each ceiling that was measured, in the order of list.
func Summarize(list []Ceiling, measured []Measurement) []Summary {
	var summaries []Summary
	var wire float64
	for _, c := range list {
		s := Summary{Name: c.Name}
		var elapsed, records, bytes []float64
		for _, m := range measured {
			if m.Name != c.Name {
				continue
			}
			s.N, s.Records, s.Bytes = s.N+1, m.Records, m.Bytes
			elapsed = append(elapsed, float64(m.Elapsed))
			records = append(records, m.RecordsPerSecond())
			bytes = append(bytes, m.BytesPerSecond())
		}
		if s.N == 0 {
			continue
		}
		s.ElapsedNS, s.RecordsPerSecond, s.BytesPerSecond = figure(elapsed), figure(records), figure(bytes)
		if c.Name == NameWire {
			wire = s.RecordsPerSecond.Median
		}
		summaries = append(summaries, s)
	}
	for i := range summaries {
		if wire > 0 {
			summaries[i].WireShare = summaries[i].RecordsPerSecond.Median / wire
		}
	}
	return summaries
}

func figure(values []float64) Figure {
	f := Figure{Median: stats.Median(values)}
	if interval, ok := stats.MedianInterval(values, confidence); ok {
		f.Interval = &interval
	}
	return f
}

// Slowest is the one of the named ceilings that has the fewest records per second:
// what a pipeline of these stages is bounded by. It returns false if none of them was
// measured.
func Slowest(all []Summary, names ...string) (slowest Summary, ok bool) {
	for _, s := range all {
		if slices.Contains(names, s.Name) && (!ok || s.RecordsPerSecond.Median < slowest.RecordsPerSecond.Median) {
			slowest, ok = s, true
		}
	}
	return slowest, ok
}
