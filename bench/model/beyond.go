package model

import (
	"math"

	"restorebench/harness/record"
)

// beyond is how far a fit to the smaller stores is off at the largest ones: what a model does not know of sizes that it
// has not seen shows there. (It is an evaluation with a rolling origin; Tashman, Out-of-sample tests of forecasting
// accuracy, 2000.)
type beyond struct {
	most   float64   // keys
	factor float64   // by which the largest stores have more keys than the next
	ratio  []float64 // of the trials of the largest stores to the fit without them
}

func beyondOf(terms []term, records []record.Record, of func(*record.Record) float64) (b beyond) {
	for i := range records {
		b.most = max(b.most, keys(records[i].Cell))
	}
	next := 0.0
	var smaller, largest []record.Record
	for i := range records {
		if n := keys(records[i].Cell); n < b.most {
			next = max(next, n)
			smaller = append(smaller, records[i])
		} else {
			largest = append(largest, records[i])
		}
	}
	if len(smaller) < MinCells {
		return b
	}
	b.factor = b.most / next
	without := fit(terms, smaller, of)
	for i := range largest {
		b.ratio = append(b.ratio, of(&largest[i])/without.At(largest[i].Cell))
	}
	return b
}

// interval is what a prediction is to be multiplied by for the ends of its interval: 1 and 1 within the sizes that
// were measured. Beyond them the logarithm of the error grows with that of the distance.
func (b beyond) interval(c record.Cell, tail float64) (low, high float64) {
	if len(b.ratio) == 0 || keys(c) <= b.most {
		return 1, 1
	}
	distance := math.Max(1, math.Log(keys(c)/b.most)/math.Log(b.factor))
	low, high = outer(b.ratio, tail)
	return min(1, math.Pow(low, distance)), max(1, math.Pow(high, distance))
}
