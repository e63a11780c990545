package stats

import (
	"cmp"
	"math"
	"slices"
)

// Outliers returns the indices of the values that lie outside of Tukey's fences, one and a half
// interquartile ranges beyond the quartiles (Exploratory Data Analysis, 1977). They are as much part of the measurement as
// the others: a caller shows them, and keeps them.
func Outliers(xs []float64) (indices []int) {
	low, high := Quantile(xs, 0.25), Quantile(xs, 0.75)
	reach := 1.5 * (high - low)
	for i, x := range xs {
		if x < low-reach || x > high+reach {
			indices = append(indices, i)
		}
	}
	return indices
}

// Trend tells whether values rise or fall in their order: Kendall's tau-b of the values and their positions, from -1 (each below
// the one before) to 1, and its two-sided p by the normal approximation with ties (Mann, Nonparametric Tests Against Trend, 1945).
// It is 0 with p 1 for fewer than three values or if all are the same.
func Trend(xs []float64) (tau, p float64) {
	n := float64(len(xs))
	score := 0.0
	for i, x := range xs {
		for _, y := range xs[i+1:] {
			score += float64(cmp.Compare(y, x))
		}
	}
	var tied, sum2, sum3 float64 // over groups of t equal values
	sorted := slices.Sorted(slices.Values(xs))
	for from := 0; from < len(sorted); {
		to := from + 1
		for to < len(sorted) && sorted[to] == sorted[from] {
			to++
		}
		t := float64(to - from)
		tied, sum2, sum3 = tied+t*(t-1)/2, sum2+t*(t-1)*(2*t+5), sum3+t*(t-1)*(t-2)
		from = to
	}
	pairs := n * (n - 1) / 2
	variance := (n*(n-1)*(2*n+5) - sum2) / 18
	if n < 3 || pairs == tied || variance <= 0 {
		return 0, 1
	}
	return score / math.Sqrt(pairs*(pairs-tied)), math.Erfc(math.Abs(score) / math.Sqrt(2*variance))
}

// Autocorrelation is the correlation of each value with the next, and its two-sided p: of independent values it is normal with variance 1/n
// (Bartlett, On the Theoretical Specification and Sampling Properties of Autocorrelated Time-Series, 1946). It is 0 with p 1
// for fewer than three values or if all are the same.
func Autocorrelation(xs []float64) (r, p float64) {
	mean := 0.0
	for _, x := range xs {
		mean += x / float64(len(xs))
	}
	var next, all float64
	for i, x := range xs {
		all += (x - mean) * (x - mean)
		if i > 0 {
			next += (x - mean) * (xs[i-1] - mean)
		}
	}
	if len(xs) < 3 || all == 0 {
		return 0, 1
	}
	r = next / all
	return r, math.Erfc(math.Abs(r) * math.Sqrt(float64(len(xs))/2))
}
