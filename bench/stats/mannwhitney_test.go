package stats

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"testing"
)

// The values of testdata/mannwhitney.json are SciPy's: see the script next to it.
func TestMannWhitneyIsSciPys(t *testing.T) {
	raw, err := os.ReadFile("testdata/mannwhitney.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		X, Y []float64
		P    float64
	}
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) == 0 {
		t.Fatal("no cases")
	}
	for i, c := range cases {
		if got := MannWhitney(c.X, c.Y); math.Abs(got-c.P) > 1e-9 {
			t.Errorf("case %d, %d and %d values: p = %v, want %v", i, len(c.X), len(c.Y), got, c.P)
		}
		if a, b := MannWhitney(c.X, c.Y), MannWhitney(c.Y, c.X); math.Abs(a-b) > 1e-12 {
			t.Errorf("case %d: p = %v, but %v with the samples exchanged", i, a, b)
		}
	}
}

func TestMannWhitneyOfNothing(t *testing.T) {
	if got := MannWhitney(nil, []float64{1}); !math.IsNaN(got) {
		t.Errorf("p = %v, want NaN", got)
	}
	if got := MannWhitney([]float64{2, 2}, []float64{2, 2, 2}); got != 1 {
		t.Errorf("p of equal values = %v, want 1", got)
	}
}

// Two samples of one skewed distribution differ at 5 % in at most 5 % of cases.
func TestMannWhitneyFalseAlarms(t *testing.T) {
	const rounds = 1000
	random := rand.New(rand.NewPCG(5, 2))
	for _, n := range []int{5, 10, 20} {
		alarms := 0
		for range rounds {
			xs, ys := make([]float64, n), make([]float64, n)
			for i := range n {
				xs[i], ys[i] = math.Exp(random.NormFloat64()), math.Exp(random.NormFloat64())
			}
			if MannWhitney(xs, ys) <= 0.05 {
				alarms++
			}
		}
		rate := float64(alarms) / rounds
		t.Logf("n=%d: %.4f false alarms", n, rate)
		if limit := 0.05 + 4*math.Sqrt(0.05*0.95/rounds); rate > limit || rate < 0.01 {
			t.Errorf("n=%d: %.4f false alarms, want 0.01 to %.4f", n, rate, limit)
		}
	}
}
