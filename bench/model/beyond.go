package model

import (
	"math"

	"restorebench/harness/record"
)

// beyond is how far fits to the smaller stores are off at the largest ones: what a model does not know of sizes that it
// has not seen shows there. (It is an evaluation with a rolling origin; Tashman, Out-of-sample tests of forecasting
// accuracy, 2000.)
type beyond struct {
	most      float64   // keys that were measured
	own       []float64 // logarithms of the largest stores' trials over the fit without them, per e-fold of keys
	low, high float64   // what holds Confidence of the own ones, and of those of all kinds together; see pool
}

func beyondOf(k Kind, records []record.Record, cores int) (b beyond) {
	for i := range records {
		b.most = max(b.most, keys(records[i].Cell))
	}
	next := 0.0
	var smaller, largest []record.Record
	cells := map[record.Cell]bool{}
	for i := range records {
		if n := keys(records[i].Cell); n < b.most {
			next = max(next, n)
			smaller = append(smaller, records[i])
			cells[records[i].Cell] = true
		} else {
			largest = append(largest, records[i])
		}
	}
	if len(cells) < MinCells {
		return b
	}
	without := fitPhases(k, smaller, cores)
	for i := range largest {
		b.own = append(b.own, math.Log(float64(largest[i].DowntimeNS)/without.At(largest[i].Cell))/math.Log(b.most/next))
	}
	return b
}

// pool has each kind know of what the others were off: one kind alone has too few of the largest stores to tell what one in twenty does.
func pool(models []*Model) {
	var all []float64
	for _, m := range models {
		all = append(all, m.beyond.own...)
	}
	for _, m := range models {
		for _, some := range [][]float64{all, m.beyond.own} {
			if len(some) > 0 {
				low, high := outer(some)
				m.beyond.low, m.beyond.high = min(m.beyond.low, low), max(m.beyond.high, high)
			}
		}
	}
}

// interval is what a prediction is to be multiplied by for the ends of its interval: 1 and 1 within the sizes that
// were measured. Beyond them the logarithm of the error grows with that of the distance.
func (b beyond) interval(c record.Cell) (low, high float64) {
	distance := math.Log(math.Max(1, keys(c)/b.most))
	return math.Exp(b.low * distance), math.Exp(b.high * distance)
}
