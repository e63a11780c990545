package stats

import (
	"math/big"
	"slices"
)

// MinInterval is the least number of values that get an interval. The widest
// interval of four covers the median in 87.5 % of cases only, too few to be shown.
const MinInterval = 5

// Interval is where the median of the underlying distribution lies, in the unit
// of the values that it was made of.
type Interval struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
	// Confidence is the probability, in (0, 1), that an interval made this way holds
	// the median, whatever the distribution. It is the one reached, not the one asked for.
	Confidence float64 `json:"confidence"`
}

// Overlaps tells whether the two intervals have a value in common.
func (i Interval) Overlaps(other Interval) bool {
	return i.Low <= other.High && other.Low <= i.High
}

// MedianInterval returns the narrowest interval from the k-th smallest to the k-th
// largest value that reaches the given confidence, or the widest (from the least to
// the greatest value) if none does: with five values that is 93.75 %. It returns false,
// and no interval, for fewer than MinInterval values.
//
// Each value lies below the median with probability one half, independently of the
// others, so the number of them that do is binomial: nothing else is assumed.
func MedianInterval(xs []float64, confidence float64) (Interval, bool) {
	n := len(xs)
	if n < MinInterval {
		return Interval{}, false
	}
	sorted := slices.Sorted(slices.Values(xs))
	k, reached := rank(n, confidence)
	return Interval{Low: sorted[k-1], High: sorted[n-k], Confidence: reached}, true
}

// rank returns the greatest k, at least 1, for which the k-th smallest and the k-th
// largest of n values enclose the median with the given confidence, and the confidence
// that they do. It counts in integers, so that what is reported is exact for any n.
func rank(n int, confidence float64) (k int, reached float64) {
	samples := new(big.Int).Lsh(big.NewInt(1), uint(n)) // ways in which n values fall around the median
	outside := new(big.Int)                             // of which fewer than k lie below it, or above
	choose := big.NewInt(1)                             // n over i
	for i := 0; 2*(i+1) <= n; i++ {
		outside.Add(outside, new(big.Int).Lsh(choose, 1))
		inside := new(big.Int).Sub(samples, outside)
		covered, _ := new(big.Rat).SetFrac(inside, samples).Float64()
		if i > 0 && covered < confidence {
			break
		}
		k, reached = i+1, covered
		choose.Mul(choose, big.NewInt(int64(n-i))).Quo(choose, big.NewInt(int64(i+1)))
	}
	return k, reached
}
