"""Writes series.json: trend and autocorrelation by SciPy and NumPy, for series_test.go.

Run in this directory, with SciPy installed: python series.py > series.json
"""

import json

import numpy
from scipy import stats

random = numpy.random.default_rng(11)


def case(xs):
    tau, p = stats.kendalltau(range(len(xs)), xs, method="asymptotic")
    xs = numpy.asarray(xs, float)
    r = numpy.correlate(xs - xs.mean(), xs - xs.mean(), "full")[len(xs)] / ((xs - xs.mean()) ** 2).sum()
    low, high = numpy.percentile(xs, [25, 75])
    reach = 1.5 * (high - low)
    return {
        "x": [float(x) for x in xs],
        "tau": float(tau),
        "trend_p": float(p),
        "r": float(r),
        "autocorrelation_p": float(2 * stats.norm.sf(abs(r) * len(xs) ** 0.5)),
        "outliers": [int(i) for i in numpy.flatnonzero((xs < low - reach) | (xs > high + reach))],
    }


cases = []
for n in (3, 5, 10, 50, 200):
    cases.append(case(random.lognormal(size=n)))
    cases.append(case(random.lognormal(size=n) + numpy.arange(n) / n))
    cases.append(case(random.integers(0, 5, size=n)))  # ties
    cases.append(case(numpy.cumsum(random.normal(size=n))))
print(json.dumps(cases, indent=1))
