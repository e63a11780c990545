package suite

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"restorebench/bench/stats"
	"restorebench/harness/record"
)

// budget is the time that a run may take, and what its rest is spent on.
type budget struct {
	until time.Time
	rng   *rand.Rand
}

// confidence is that of the intervals that are to become narrower.
const confidence = 0.95

// round is a trial more of the half of the cells whose median is known the least, in an order of its own.
func (b *budget) round(cells []record.Cell, records []record.Record) []planned {
	widths := map[record.Cell]float64{}
	for _, c := range cells {
		widths[c] = width(c, records)
	}
	widest := slices.Clone(cells)
	slices.SortStableFunc(widest, func(x, y record.Cell) int { return cmp.Compare(widths[y], widths[x]) })
	widest = widest[:(len(widest)+1)/2]
	seed := b.rng.Uint64()
	var plan []planned
	for _, i := range b.rng.Perm(len(widest)) {
		plan = append(plan, planned{widest[i], seed})
	}
	return plan
}

// width is that of the interval of a cell's median downtime, as a share of the median.
func width(c record.Cell, records []record.Record) float64 {
	var xs []float64
	for i := range records {
		if records[i].Valid && records[i].Cell == c {
			xs = append(xs, float64(records[i].DowntimeNS))
		}
	}
	interval, ok := stats.MedianInterval(xs, confidence)
	if !ok {
		return math.Inf(1)
	}
	return (interval.High - interval.Low) / stats.Median(xs)
}
