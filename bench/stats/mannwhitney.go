package stats

import (
	"cmp"
	"math"
	"slices"
)

// MaxExact is the greatest number of values, of both samples together, whose p is
// counted exactly: the work grows with the fourth power of their number.
const MaxExact = 60

// MannWhitney returns the two-sided p, in (0, 1], of Mann and Whitney's U test: how
// often two samples of the same distribution would have ranks at least as far apart
// as those of xs and ys. Ties share their mean rank. Up to MaxExact values, p is exact
// with ties too, over all ways to divide the ranks; beyond, it is the normal approximation
// with corrections for ties and continuity (Hollander and Wolfe, Nonparametric
// Statistical Methods, 4.1). It is NaN if a sample is empty.
func MannWhitney(xs, ys []float64) float64 {
	if len(xs) == 0 || len(ys) == 0 {
		return math.NaN()
	}
	ranks, ties := doubledRanks(xs, ys)
	sum := 0
	for _, rank := range ranks[:len(xs)] {
		sum += rank
	}
	if len(ranks) <= MaxExact {
		return exactP(ranks, len(xs), sum)
	}
	m, n := float64(len(xs)), float64(len(ys))
	total := m + n
	u := float64(sum)/2 - m*(m+1)/2
	variance := m * n / 12 * (total + 1 - ties/(total*(total-1)))
	if variance <= 0 { // all values are the same
		return 1
	}
	distance := max(0, math.Abs(u-m*n/2)-0.5)
	return math.Erfc(distance / math.Sqrt(2*variance))
}

// doubledRanks returns twice the mean rank of each value, of xs then of ys, which is
// an integer, and the sum of t*t*t - t over the groups of t equal values.
func doubledRanks(xs, ys []float64) (ranks []int, ties float64) {
	all := slices.Concat(xs, ys)
	order := make([]int, len(all))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(all[a], all[b]) })
	ranks = make([]int, len(all))
	for from := 0; from < len(order); {
		to := from + 1
		for to < len(order) && all[order[to]] == all[order[from]] {
			to++
		}
		for _, i := range order[from:to] {
			ranks[i] = from + 1 + to
		}
		t := float64(to - from)
		ties += t*t*t - t
		from = to
	}
	return ranks, ties
}

// exactP counts the choices of m ranks by their sum, and returns twice the share of
// those that lie at least as far out as sum on its side, at most 1.
func exactP(ranks []int, m, sum int) float64 {
	total := 0
	for _, rank := range ranks {
		total += rank
	}
	choices := make([][]float64, m+1) // by number of ranks, then by their sum
	for k := range choices {
		choices[k] = make([]float64, total+1)
	}
	choices[0][0] = 1
	for _, rank := range ranks {
		for k := m; k > 0; k-- { // downwards, so that a rank is chosen once
			for s := rank; s <= total; s++ {
				choices[k][s] += choices[k-1][s-rank]
			}
		}
	}
	var below, above, count float64
	for s, ways := range choices[m] {
		count += ways
		if s <= sum {
			below += ways
		}
		if s >= sum {
			above += ways
		}
	}
	return min(1, 2*min(below, above)/count)
}
