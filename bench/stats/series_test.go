package stats

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"
)

// The values of testdata/series.json are SciPy's and NumPy's: see the script next to it.
func TestSeriesAreSciPys(t *testing.T) {
	raw, err := os.ReadFile("testdata/series.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		X                []float64
		Tau, R           float64
		TrendP           float64 `json:"trend_p"`
		AutocorrelationP float64 `json:"autocorrelation_p"`
		Outliers         []int
	}
	if err := json.Unmarshal(raw, &cases); err != nil || len(cases) < 20 {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	near := func(a, b float64) bool { return math.Abs(a-b) <= 1e-9 }
	for i, c := range cases {
		if tau, p := Trend(c.X); !near(tau, c.Tau) || !near(p, c.TrendP) {
			t.Errorf("case %d, %d values: tau %v, p %v, want %v, %v", i, len(c.X), tau, p, c.Tau, c.TrendP)
		}
		if r, p := Autocorrelation(c.X); !near(r, c.R) || !near(p, c.AutocorrelationP) {
			t.Errorf("case %d, %d values: r %v, p %v, want %v, %v", i, len(c.X), r, p, c.R, c.AutocorrelationP)
		}
		if got := Outliers(c.X); !slices.Equal(got, c.Outliers) {
			t.Errorf("case %d, %d values: outliers %v, want %v", i, len(c.X), got, c.Outliers)
		}
	}
}

func TestSeriesOfNothing(t *testing.T) {
	for _, xs := range [][]float64{nil, {1}, {1, 2}, {3, 3, 3, 3}} {
		tau, p := Trend(xs)
		r, q := Autocorrelation(xs)
		if tau != 0 || p != 1 || r != 0 || q != 1 || len(Outliers(xs)) > 0 {
			t.Errorf("%v: %v %v %v %v", xs, tau, p, r, q)
		}
	}
}
