// Package stats describes a handful of measurements without assuming how they
// are distributed: medians, quantiles, and an interval of the median that is made
// of the measurements themselves. All values must be finite.
package stats

import (
	"math"
	"slices"
)

// Median returns the middle value, the mean of the two middle ones if their number
// is even, and NaN if there is none.
func Median(xs []float64) float64 {
	return Quantile(xs, 0.5)
}

// Quantile returns the value below which a share q of the values lies, q in [0, 1],
// interpolated linearly between neighbours (Hyndman and Fan's type 7, as R and
// NumPy do by default). It returns NaN if there is no value or q is out of range.
func Quantile(xs []float64, q float64) float64 {
	if len(xs) == 0 || !(q >= 0 && q <= 1) {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(xs))
	position := q * float64(len(sorted)-1)
	below := int(position)
	above := min(below+1, len(sorted)-1)
	return sorted[below] + (position-float64(below))*(sorted[above]-sorted[below])
}
