package model

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// rest is the weighted sum of squares that factors leave.
func rest(x *mat.Dense, y, weights, factors []float64) float64 {
	sum := 0.0
	for i := range y {
		e := y[i]
		for j, f := range factors {
			e -= f * x.At(i, j)
		}
		sum += e * weights[i] * e * weights[i]
	}
	return sum
}

// No set of columns without a negative factor leaves less, among those that nearly depend on each other, too.
func TestNonNegative(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 3))
	for trial := range 300 {
		const rows, cols = 30, 6
		x, y, weights := mat.NewDense(rows, cols, nil), make([]float64, rows), make([]float64, rows)
		for i := range rows {
			size := math.Exp(4 * random.Float64())
			for j := range cols {
				x.Set(i, j, []float64{1, size, size * (1 + 0.1*random.Float64()), random.Float64(), 1e6 * size * size, 4}[j])
			}
			y[i] = 10 + 3*size + 20*random.NormFloat64() - 5*float64(trial%3)*x.At(i, 3)
			weights[i] = 1 / (5 + size)
		}
		got := nonNegative(x, y, weights)
		if slices.Min(got) < 0 {
			t.Fatalf("%v", got)
		}
		n, least := newNormal(x, y, weights), math.Inf(1)
		for set := 1; set < 1<<cols; set++ {
			var chosen []int
			for j := range cols {
				if set>>j&1 == 1 {
					chosen = append(chosen, j)
				}
			}
			factors, ok := n.solve(chosen)
			if !ok || slices.Min(factors) < 0 {
				continue
			}
			for j := range factors {
				factors[j] /= n.scale[j]
			}
			least = math.Min(least, rest(x, y, weights, factors))
		}
		if left := rest(x, y, weights, got); left > least*(1+1e-7) {
			t.Errorf("trial %d: %v leaves %.6g, the best set %.6g", trial, got, left, least)
		}
	}
}

// Of columns that are the same but for their unit the first counts.
func TestDependentColumns(t *testing.T) {
	x, y, weights := mat.NewDense(5, 4, nil), make([]float64, 5), make([]float64, 5)
	for i := range y {
		x.SetRow(i, []float64{1, float64(i), 3e6 * float64(i), 0})
		y[i], weights[i] = 2+5*float64(i), 1
	}
	got := nonNegative(x, y, weights)
	for j, want := range []float64{2, 5, 0, 0} {
		if math.Abs(got[j]-want) > 1e-9 {
			t.Errorf("%v", got)
		}
	}
}
