#!/usr/bin/env python3
"""Makes crates/murmur-experiment/src/statistics/reference.json: intervals, p values and effect sizes of pairs of samples
(few, tied, skewed, far from 0, of unlike spread) by NumPy and SciPy.

    pip install numpy==2.4.6 scipy==1.17.1
    python3 scripts/reference_comparisons.py > crates/murmur-experiment/src/statistics/reference.json
"""

import json

import numpy as np
from scipy import stats
from scipy.stats import _resampling

RESAMPLES = 100_000


def samples():
    rng = np.random.default_rng(20)
    yield "two pairs", [3.0, 5.0], [1.0, 4.5]
    yield "three pairs", [3.0, 5.0, 9.0], [1.0, 4.5, 7.0]
    yield "small counts with ties", [3, 0, 1, 1, 2, 0, 4, 1], [1, 0, 0, 1, 1, 2, 1, 0]
    base = rng.normal(1000, 200, 20)
    yield "twenty pairs, much alike", base, base * 0.8 + rng.normal(0, 10, 20)
    yield "twenty pairs, nothing alike", rng.normal(0, 1, 20), rng.normal(0.3, 3, 20)
    yield "skewed", rng.lognormal(0, 1.5, 30), rng.lognormal(0.2, 1, 30)
    yield "far from 0", 1e6 + rng.normal(0, 1, 12), 1e6 + rng.normal(0.5, 1, 12)
    yield "clearly different", rng.normal(10, 1, 25), rng.normal(0, 1, 25)
    yield "one that does not vary", rng.normal(1, 1, 10), np.full(10, 0.25)


def interval(low_high):
    return [float(end) for end in low_high]


def acceleration(data, statistic):
    data = [np.asarray(sample)[None, :] for sample in data]
    spread = np.linspace(-1e9, 1e9, 11)[None, :]
    return float(_resampling._bca_interval(data, statistic, -1, 0.025, spread, batch=None, xp=np)[2].item())


def mean(x, axis=-1):
    return np.mean(x, axis=axis)


def difference(x, y, axis=-1):
    return np.mean(x, axis=axis) - np.mean(y, axis=axis)


def case(name, a, b):
    a, b = np.asarray(a, float), np.asarray(b, float)
    d = a - b
    n, m = len(a), len(b)
    paired, welch = stats.ttest_rel(a, b), stats.ttest_ind(a, b, equal_var=False)
    pooled = np.sqrt(((n - 1) * a.var(ddof=1) + (m - 1) * b.var(ddof=1)) / (n + m - 2))
    result = {
        "name": name,
        "a": a.tolist(),
        "b": b.tolist(),
        "paired_t": interval(paired.confidence_interval()),
        "paired_p": float(paired.pvalue),
        "welch_t": interval(welch.confidence_interval()),
        "welch_p": float(welch.pvalue),
        "cohens_d": float(d.mean() / d.std(ddof=1)),
        "hedges_g": float((1 - 3 / (4 * (n + m) - 9)) * (a.mean() - b.mean()) / pooled),
        "pearson": float(np.corrcoef(a, b)[0, 1]) if b.std() > 0 else None,
    }
    if n > 2:
        options = {"n_resamples": RESAMPLES, "method": "BCa", "rng": np.random.default_rng(1)}
        result |= {
            "paired_acceleration": acceleration([d], mean),
            "unpaired_acceleration": acceleration([a, b], difference),
            "paired_bootstrap": interval(stats.bootstrap([d], mean, **options).confidence_interval),
            "unpaired_bootstrap": interval(stats.bootstrap([a, b], difference, **options).confidence_interval),
        }
    return result


def levels(bias, acceleration):
    """The quantiles between which the interval lies, as Efron (1987) has them."""
    ends = []
    for level in (0.025, 0.975):
        shifted = bias + stats.norm.ppf(level)
        ends.append(float(stats.norm.cdf(bias + shifted / (1 - acceleration * shifted))))
    return {"bias": bias, "acceleration": acceleration, "levels": ends}


print(
    json.dumps(
        {
            "samples": [case(*sample) for sample in samples()],
            "levels": [levels(*pair) for pair in [(0, 0), (0.1, 0), (-0.2, 0.05), (0.4, -0.1)]],
        },
        indent=1,
    )
)
