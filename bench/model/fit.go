package model

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"restorebench/bench/stats"
	"restorebench/harness/record"
)

// Fit is a sum of terms, none of which takes less than nothing.
type Fit struct {
	terms   []term
	Factors []float64 // of the terms; 0: it was not varied, or does not matter
	weights []float64 // of the records that it was fitted to
}

// At is the value of the fit for a cell.
func (f Fit) At(c record.Cell) float64 {
	sum := 0.0
	for i, t := range f.terms {
		sum += f.Factors[i] * t.of(c)
	}
	return sum
}

// Terms are the names of what the factors are per.
func (f Fit) Terms() []string {
	var names []string
	for _, t := range f.terms {
		names = append(names, t.name)
	}
	return names
}

// rounds of reweighting: the weights hardly move after the third.
const rounds = 5

// fit finds the factors, all of them at least 0, with the least sum of squared relative errors. Relative, because a store a
// hundred times as large is measured with a hundred times the error; by iteration, since the error is to be
// relative to the fit and not to what was measured; and with Huber's weights (Robust Estimation of a Location Parameter,
// 1964), because one recovery in twenty takes twice as long for no reason of its own.
func fit(terms []term, records []record.Record, of func(*record.Record) float64) Fit {
	f := Fit{terms: terms, weights: make([]float64, len(records))}
	y := make([]float64, len(records))
	for i := range records {
		y[i] = of(&records[i])
		f.weights[i] = 1 / math.Max(y[i], 1)
	}
	for range rounds {
		f.Factors = nonNegative(f.design(records), y, f.weights)
		errs := make([]float64, len(y))
		for i := range y {
			errs[i] = math.Abs(y[i]/math.Max(f.At(records[i].Cell), 1) - 1)
		}
		limit := 1.345 * 1.4826 * stats.Median(errs) // of normal errors, 95 % efficient
		for i := range y {
			f.weights[i] = 1 / math.Max(f.At(records[i].Cell), 1)
			if errs[i] > limit && limit > 0 {
				f.weights[i] *= math.Sqrt(limit / errs[i])
			}
		}
	}
	return f
}

// fitAs fits another figure of the same records with the weights of f, so that fits of the parts add up to that of their sum.
func fitAs(f Fit, records []record.Record, of func(*record.Record) float64) Fit {
	y := make([]float64, len(records))
	for i := range records {
		y[i] = of(&records[i])
	}
	f.Factors = nonNegative(f.design(records), y, f.weights)
	return f
}

// design is the matrix of the terms, a row per record.
func (f Fit) design(records []record.Record) *mat.Dense {
	x := mat.NewDense(len(records), len(f.terms), nil)
	for i := range records {
		for j, t := range f.terms {
			x.Set(i, j, t.of(records[i].Cell))
		}
	}
	return x
}

// nonNegative solves the weighted least squares over every set of columns, and returns the best of the
// solutions without a negative factor (with at most six columns that is the exact answer, and there are 64 sets).
// Columns that depend on those before them are left out.
func nonNegative(x *mat.Dense, y, weights []float64) []float64 {
	rows, cols := x.Dims()
	best, least := make([]float64, cols), math.Inf(1)
	for set := 1; set < 1<<cols; set++ {
		var chosen []int
		for j := range cols {
			if set>>j&1 == 1 {
				chosen = append(chosen, j)
			}
		}
		if len(chosen) > rows {
			continue
		}
		factors, errs, ok := solve(x, y, weights, chosen)
		// One more column has to be worth it: what noise explains is no reason for a term.
		if ok && errs < least*(1-1e-9) {
			best, least = factors, errs
		}
	}
	return best
}

// solve returns the factors of the chosen columns and the weighted sum of squares that they leave.
func solve(x *mat.Dense, y, weights []float64, chosen []int) (factors []float64, errs float64, ok bool) {
	rows, cols := x.Dims()
	a, b := mat.NewDense(rows, len(chosen), nil), mat.NewVecDense(rows, nil)
	scale := make([]float64, len(chosen)) // so that the condition tells of dependence and not of units
	for k, j := range chosen {
		for i := range rows {
			scale[k] = math.Max(scale[k], math.Abs(x.At(i, j)*weights[i]))
		}
		if scale[k] == 0 {
			return nil, 0, false
		}
		for i := range rows {
			a.Set(i, k, x.At(i, j)*weights[i]/scale[k])
		}
	}
	for i := range rows {
		b.SetVec(i, y[i]*weights[i])
	}
	var qr mat.QR
	qr.Factorize(a)
	if qr.Cond() > 1e6 {
		return nil, 0, false
	}
	var solution, rest mat.VecDense
	if err := qr.SolveVecTo(&solution, false, b); err != nil {
		return nil, 0, false
	}
	factors = make([]float64, cols)
	for k, j := range chosen {
		if factors[j] = solution.AtVec(k) / scale[k]; factors[j] < 0 {
			return nil, 0, false
		}
	}
	rest.MulVec(a, &solution)
	rest.SubVec(b, &rest)
	return factors, mat.Dot(&rest, &rest), true
}
