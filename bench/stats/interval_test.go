package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

// upTo returns 1, 2, ... n, in which a value is its own rank.
func upTo(n int) []float64 {
	xs := make([]float64, n)
	for i := range xs {
		xs[i] = float64(n - i)
	}
	return xs
}

// The ranks and coverages are those of the published tables for the sign test.
func TestMedianInterval(t *testing.T) {
	for _, c := range []struct {
		n         int
		level     float64
		low, high float64
		reached   float64
	}{
		{5, 0.95, 1, 5, 1 - 2.0/32},         // the widest, though short of the level
		{6, 0.95, 1, 6, 1 - 2.0/64},         //
		{7, 0.95, 1, 7, 1 - 2.0/128},        //
		{8, 0.95, 1, 8, 1 - 2.0/256},        // from 2 to 7 would be 1 - 18/256 = 92.97 %
		{9, 0.95, 2, 8, 1 - 20.0/512},       //
		{10, 0.95, 2, 9, 1 - 22.0/1024},     //
		{10, 0.80, 3, 8, 1 - 112.0/1024},    //
		{15, 0.95, 4, 12, 1 - 1152.0/32768}, // 1 + 15 + 105 + 455 = 576 on each side
		{10, 0, 5, 6, 252.0 / 1024},         // never narrower than the two middle values
	} {
		got, ok := MedianInterval(upTo(c.n), c.level)
		want := Interval{Low: c.low, High: c.high, Confidence: c.reached}
		if !ok || got != want {
			t.Errorf("n=%d at %v: got %+v, %v, want %+v", c.n, c.level, got, ok, want)
		}
	}
}

func TestTooFewValuesHaveNoInterval(t *testing.T) {
	for n := range MinInterval {
		if got, ok := MedianInterval(upTo(n), 0.5); ok || got != (Interval{}) {
			t.Errorf("n=%d: got %+v, %v, want none", n, got, ok)
		}
	}
}

// A large sample must neither overflow nor lose the coverage to rounding.
func TestLargeSample(t *testing.T) {
	got, ok := MedianInterval(upTo(2000), 0.95)
	// The normal approximation: n/2 -+ 1.96 * sqrt(n)/2 = 956.2 and 1043.8.
	if !ok || math.Abs(got.Low-956) > 2 || math.Abs(got.High-1045) > 2 {
		t.Errorf("got %+v, %v", got, ok)
	}
	if got.Confidence < 0.95 || got.Confidence > 0.96 {
		t.Errorf("confidence %v, want just over 0.95", got.Confidence)
	}
}

// The coverage that is reported is the coverage that is had, on a skewed
// distribution with a heavy tail, where an interval by mean and deviation fails.
func TestCoverage(t *testing.T) {
	const rounds = 20_000
	random := rand.New(rand.NewPCG(3, 1))
	for _, n := range []int{5, 6, 10, 25} {
		hits := 0
		var reported float64
		for range rounds {
			xs := make([]float64, n)
			for i := range xs {
				xs[i] = math.Exp(1.5 * random.NormFloat64()) // its median is 1
			}
			interval, _ := MedianInterval(xs, 0.95)
			reported = interval.Confidence
			if interval.Low <= 1 && 1 <= interval.High {
				hits++
			}
		}
		got := float64(hits) / rounds
		deviation := math.Sqrt(reported * (1 - reported) / rounds)
		if math.Abs(got-reported) > 4*deviation {
			t.Errorf("n=%d: holds the median in %.4f of cases, reported %.4f", n, got, reported)
		}
	}
}

func TestOverlaps(t *testing.T) {
	a := Interval{Low: 1, High: 3}
	for _, c := range []struct {
		b    Interval
		want bool
	}{
		{Interval{Low: 2, High: 5}, true},
		{Interval{Low: 3, High: 5}, true},
		{Interval{Low: 1.5, High: 2}, true},
		{Interval{Low: 3.1, High: 5}, false},
		{Interval{Low: 0, High: 0.9}, false},
	} {
		if a.Overlaps(c.b) != c.want || c.b.Overlaps(a) != c.want {
			t.Errorf("%v and %v: want overlap %v", a, c.b, c.want)
		}
	}
}
