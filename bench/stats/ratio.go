package stats

import (
	"math"
	"math/rand/v2"
)

// resamples is how often a bootstrap draws: the ends of a 95 % interval then rest on 50 draws each.
const resamples = 2000

// RatioInterval returns where the ratio of the medians of ys and xs lies, by the
// percentile bootstrap (Efron and Tibshirani, An Introduction to the Bootstrap, 13):
// both samples are drawn again with replacement, always with the same seed, so that
// the same values have the same interval. Its Confidence is the one asked for, in (0, 1),
// which the bootstrap reaches approximately. It returns false, and no interval, if a sample has
// fewer than MinInterval values or one that isn't positive and finite.
func RatioInterval(xs, ys []float64, confidence float64) (Interval, bool) {
	if !resampled(xs) || !resampled(ys) || !(confidence > 0 && confidence < 1) {
		return Interval{}, false
	}
	random := rand.New(rand.NewPCG(1, 1))
	ratios := make([]float64, resamples)
	x, y := make([]float64, len(xs)), make([]float64, len(ys))
	for i := range ratios {
		draw(random, x, xs)
		draw(random, y, ys)
		ratios[i] = Median(y) / Median(x)
	}
	tail := (1 - confidence) / 2
	return Interval{Low: Quantile(ratios, tail), High: Quantile(ratios, 1-tail), Confidence: confidence}, true
}

// resampled tells whether the values can be drawn from: enough of them, positive and finite.
func resampled(xs []float64) bool {
	for _, x := range xs {
		if !(x > 0) || math.IsInf(x, 1) {
			return false
		}
	}
	return len(xs) >= MinInterval
}

// draw fills into with values of from, each drawn with replacement.
func draw(random *rand.Rand, into, from []float64) {
	for i := range into {
		into[i] = from[random.IntN(len(from))]
	}
}
