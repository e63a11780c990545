package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

// The interval holds the true ratio of two skewed distributions about as often as it says.
func TestRatioIntervalCoverage(t *testing.T) {
	const rounds, ratio = 300, 1.3
	random := rand.New(rand.NewPCG(4, 9))
	for _, n := range []int{5, 10, 20} {
		hits := 0
		for range rounds {
			xs, ys := make([]float64, n), make([]float64, n)
			for i := range n {
				xs[i], ys[i] = math.Exp(random.NormFloat64()), ratio*math.Exp(random.NormFloat64())
			}
			interval, ok := RatioInterval(xs, ys, 0.95)
			if ok && interval.Low <= ratio && ratio <= interval.High {
				hits++
			}
		}
		rate := float64(hits) / rounds
		t.Logf("n=%d: holds the ratio in %.3f of cases", n, rate)
		if rate < 0.90 || rate > 0.995 {
			t.Errorf("n=%d: holds the ratio in %.3f of cases, want about 0.95", n, rate)
		}
	}
}

func TestRatioIntervalRefuses(t *testing.T) {
	good := upTo(MinInterval)
	for _, bad := range [][]float64{
		nil, good[1:], {1, 2, 3, 4, 0}, {1, 2, 3, 4, -1}, {1, 2, 3, 4, math.NaN()}, {1, 2, 3, 4, math.Inf(1)},
	} {
		if _, ok := RatioInterval(good, bad, 0.95); ok {
			t.Errorf("an interval for %v", bad)
		}
		if _, ok := RatioInterval(bad, good, 0.95); ok {
			t.Errorf("an interval for %v as the first", bad)
		}
	}
}
