"""Writes mannwhitney.json: two-sided p by SciPy, for mannwhitney_test.go.

Run in this directory, with SciPy installed: python mannwhitney.py > mannwhitney.json
"""

import json

import numpy
from scipy import stats

random = numpy.random.default_rng(7)


def permuted(xs, ys):
    """p over all ways to divide the values: exact with ties, which method="exact" isn't."""
    statistic = lambda a, b: stats.mannwhitneyu(a, b, method="asymptotic").statistic
    return stats.permutation_test((xs, ys), statistic, n_resamples=numpy.inf).pvalue


cases = []
for m, n, shift in [(1, 4, 0), (3, 3, 9), (4, 6, 1), (5, 5, 2), (8, 7, 0.5), (20, 25, 0.4)]:
    xs, ys = random.lognormal(size=m), random.lognormal(size=n) + shift
    cases.append((xs, ys, stats.mannwhitneyu(xs, ys, method="exact").pvalue))
for m, n in [(3, 4), (5, 5), (4, 6)]:
    xs, ys = random.integers(0, 4, m), random.integers(1, 5, n)
    cases.append((xs, ys, permuted(xs, ys)))
for m, n, shift in [(40, 50, 0), (60, 45, 1)]:
    xs, ys = random.integers(0, 9, m), random.integers(0, 9, n) + shift
    cases.append((xs, ys, stats.mannwhitneyu(xs, ys, method="asymptotic").pvalue))
print(json.dumps([{"x": x.tolist(), "y": y.tolist(), "p": float(p)} for x, y, p in cases]))
