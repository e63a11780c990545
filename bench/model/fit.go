package model

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"restorebench/bench/stats"
	"restorebench/harness/record"
)

// Fit is a sum of terms, none of which takes less than nothing.
type Fit struct {
	terms   []term
	Factors []float64 // of the terms; 0: it was not varied, or does not matter
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

// Phases are the fits of what adds up to a downtime, ns, by phase.
type Phases map[string]Fit

// At is the downtime of a cell.
func (p Phases) At(c record.Cell) float64 {
	sum := 0.0
	for _, name := range record.Phases {
		sum += p[name].At(c)
	}
	return sum
}

// repeatable is how long a phase is, in ns, of which two trials differ by its length: how long a shorter one takes is chance.
const repeatable = 2e6

// fitPhases fits each phase to what it can depend on. Their sum has less to find out for itself, and less to get wrong beyond the sizes that were
// measured, than one fit of the downtime: there the noise of what always takes the same hides what grows.
func fitPhases(k Kind, records []record.Record, cores int) Phases {
	p := Phases{}
	for _, name := range record.Phases {
		p[name] = fit(k.termsOf(name, cores), records, repeatable, func(r *record.Record) float64 { return float64(r.Phases[name]) })
	}
	return p
}

// rounds of reweighting: the weights hardly move after the third.
const rounds = 5

// fit finds the factors, all of them at least 0, with the least sum of squared relative errors. Relative, because a store a
// hundred times as large is measured with a hundred times the error, and to least where the fit is less than that; by iteration, since
// the error is to be relative to the fit and not to what was measured; and with Huber's weights (Robust Estimation of a Location
// Parameter, 1964), because one recovery in twenty takes twice as long for no reason of its own.
func fit(terms []term, records []record.Record, least float64, of func(*record.Record) float64) Fit {
	f := Fit{terms: terms, Factors: make([]float64, len(terms))}
	x, y := mat.NewDense(len(records), len(terms), nil), make([]float64, len(records))
	none := true
	for i := range records {
		for j, t := range terms {
			x.Set(i, j, t.of(records[i].Cell))
		}
		y[i] = of(&records[i])
		none = none && y[i] == 0
	}
	if none {
		return f
	}
	weights := make([]float64, len(y))
	for i := range y {
		weights[i] = 1 / math.Max(y[i], least)
	}
	for range rounds {
		f.Factors = nonNegative(x, y, weights)
		errs := make([]float64, len(y))
		for i := range y {
			at := f.At(records[i].Cell)
			weights[i] = 1 / math.Max(at, least)
			errs[i] = math.Abs(y[i]-at) * weights[i]
		}
		limit := 1.345 * 1.4826 * stats.Median(errs) // of normal errors, 95 % efficient
		for i := range y {
			if errs[i] > limit && limit > 0 {
				weights[i] *= math.Sqrt(limit / errs[i])
			}
		}
	}
	return f
}

// nonNegative is the least weighted sum of squares without a negative factor (Lawson and Hanson, Solving Least Squares Problems,
// 1974, chapter 23): the column that helps the most is taken in, and those that become negative by it go. A column that depends on those
// that are in stays out.
func nonNegative(x *mat.Dense, y, weights []float64) []float64 {
	n := newNormal(x, y, weights)
	at, in, out := make([]float64, len(n.b)), []int{}, make([]bool, len(n.b))
	for range 10 * len(n.b) { // each round but the last explains more: far fewer are enough
		next, most := -1, 1e-9*math.Sqrt(n.yy) // what noise explains is no reason for a term
		for j := range n.b {
			if g := n.gradient(j, at) / math.Sqrt(math.Max(n.a.At(j, j), math.SmallestNonzeroFloat64)); g > most && !out[j] && !slices.Contains(in, j) {
				next, most = j, g
			}
		}
		if next < 0 {
			break
		}
		solution, ok := n.solve(append(in, next))
		if !ok || solution[next] <= 0 {
			out[next] = true
			continue
		}
		for in = append(in, next); ok && slices.Min(solution) < 0; solution, ok = n.solve(in) {
			step := 1.0 // to where the first of them is 0
			for _, k := range in {
				if solution[k] < 0 {
					step = math.Min(step, at[k]/(at[k]-solution[k]))
				}
			}
			for _, k := range in {
				at[k] += step * (solution[k] - at[k])
			}
			in = slices.DeleteFunc(in, func(k int) bool {
				gone := solution[k] < 0 && at[k] <= 1e-12
				if gone {
					at[k] = 0
				}
				return gone
			})
		}
		at = solution
		clear(out)
	}
	for j := range at {
		at[j] /= math.Max(n.scale[j], math.SmallestNonzeroFloat64)
	}
	return at
}

// normal are the normal equations of a weighted least squares problem, a x = b, with each column divided by its scale, so that the
// condition tells of dependence and not of units; yy is the weighted sum of squares.
type normal struct {
	a        *mat.SymDense
	b, scale []float64
	yy       float64
}

func newNormal(x *mat.Dense, y, weights []float64) normal {
	rows, cols := x.Dims()
	w := mat.NewDense(rows, cols, nil)
	n := normal{a: mat.NewSymDense(cols, nil), b: make([]float64, cols), scale: make([]float64, cols)}
	for j := range cols {
		for i := range rows {
			n.scale[j] = math.Max(n.scale[j], math.Abs(x.At(i, j)*weights[i]))
		}
		for i := range rows {
			w.Set(i, j, x.At(i, j)*weights[i]/math.Max(n.scale[j], math.SmallestNonzeroFloat64))
			n.b[j] += w.At(i, j) * y[i] * weights[i]
		}
	}
	for i := range rows {
		n.yy += y[i] * weights[i] * y[i] * weights[i]
	}
	n.a.SymOuterK(1, w.T())
	return n
}

// gradient is how much a column would still explain.
func (n normal) gradient(j int, at []float64) float64 {
	g := n.b[j]
	for k, v := range at {
		g -= n.a.At(j, k) * v
	}
	return g
}

// solve returns the factors, the chosen columns' and 0; not ok means that these depend on each other.
func (n normal) solve(chosen []int) (factors []float64, ok bool) {
	a, b := mat.NewSymDense(len(chosen), nil), mat.NewVecDense(len(chosen), nil)
	for k, j := range chosen {
		for l := k; l < len(chosen); l++ {
			a.SetSym(k, l, n.a.At(j, chosen[l]))
		}
		b.SetVec(k, n.b[j])
	}
	var c mat.Cholesky
	if !c.Factorize(a) || c.Cond() > 1e12 {
		return nil, false
	}
	var solution mat.VecDense
	if err := c.SolveVecTo(&solution, b); err != nil {
		return nil, false
	}
	factors = make([]float64, len(n.b))
	for k, j := range chosen {
		factors[j] = solution.AtVec(k)
	}
	return factors, true
}
