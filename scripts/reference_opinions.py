#!/usr/bin/env python3
"""Makes crates/murmur-metrics/tests/opinions_reference.json: measures of awkward sets of opinions (few, tied, evenly
spaced, on the edges of bins, clipped, many-peaked) by NumPy, SciPy and Python's diptest.

    pip install numpy==2.4.6 scipy==1.17.1 diptest==0.12.0
    python3 scripts/reference_opinions.py > crates/murmur-metrics/tests/opinions_reference.json

`--rounds` and `--seed` make more cases, or others.
"""

import argparse
import json
import warnings

import diptest
import numpy as np
import scipy
import scipy.stats

FIXED = {
    "none": [],
    "one": [0.3],
    "two equal": [-0.7, -0.7],
    "two": [0.1, 0.2],
    "two extremes": [-1, 1],
    "three": [0.1, 0.1, 0.2],
    "three apart": [-0.9, 0.1, 0.2],
    "three, evenly spaced": [0, 0.25, 0.5],
    "three, evenly spaced but for rounding": [0.1, 0.15, 0.2],
    "four in two pairs": [0.1, 0.1, 0.2, 0.2],
    "five equal": [0.1] * 5,
    "five, evenly spaced": [-1, -0.5, 0, 0.5, 1],
    "two points": [-1] * 3 + [1] * 7,
    "edges of bins": [-1, -0.8, -0.6, -0.4, -0.2, 0, 0.2, 0.4, 0.6, 0.8, 1],
    "all in one bin": [0.21, 0.22, 0.25, 0.39],
    "spread of one part in 10^15": [0.5] * 10 + [np.nextafter(0.5, 1)] * 3,
}


def random_sets(rng):
    """Name and values; rounding makes ties."""
    for n in (4, 5, 6, 7, 8, 12, 25, 60):
        yield f"uniform, {n}", np.round(rng.uniform(-1, 1, n), 4)
        yield f"uniform with ties, {n}", np.round(rng.uniform(-1, 1, n), 1)
        yield f"five answers, {n}", rng.integers(-2, 3, n) / 2
        yield f"clipped normal, {n}", np.round(np.clip(rng.normal(0, 1, n), -1, 1), 2)
        yield f"three camps, {n}", np.round(rng.choice([-0.8, 0.1, 0.7], n) + rng.normal(0, 0.04, n), 3)
        yield f"unequal camps, {n}", np.round(np.where(rng.uniform(size=n) < 0.2, -0.6, 0.5) + rng.normal(0, 0.1, n), 3)


def measure(values):
    x = np.asarray(values, dtype=float)
    n = len(x)
    varies = n > 0 and x.min() < x.max()
    result = dict.fromkeys(["mean", "variance_population", "sarle_bimodality_coefficient", "hartigan_dip",
                            "esteban_ray_alpha1.6_10bins", "mean_pairwise_distance"])
    if n > 0:
        result["mean"] = float(x.mean())
        result["variance_population"] = float(x.var())
        result["hartigan_dip"] = float(diptest.dipstat(x))
        counts, edges = np.histogram(x, bins=10, range=(-1, 1))
        share, centre = counts / n, (edges[1:] + edges[:-1]) / 2
        gaps = np.abs(centre[:, None] - centre[None, :])
        result["esteban_ray_alpha1.6_10bins"] = float((share[:, None] ** 2.6 * share[None, :] * gaps).sum())
    if n > 1:
        result["mean_pairwise_distance"] = float(np.abs(x[:, None] - x[None, :]).sum() / (n * (n - 1)))
    if n > 3 and varies:
        # Shifted, because SciPy calls a spread near the rounding of the values undefined.
        shifted = (x - x.min()) / (x.max() - x.min())
        skewness = scipy.stats.skew(shifted, bias=False)
        kurtosis = scipy.stats.kurtosis(shifted, bias=False)
        result["sarle_bimodality_coefficient"] = float(
            (skewness**2 + 1) / (kurtosis + 3 * (n - 1) ** 2 / ((n - 2) * (n - 3))))
    return result


def main():
    warnings.simplefilter("ignore")  # diptest warns of few values
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    sets = list(FIXED.items())
    for _ in range(arguments.rounds):
        sets += random_sets(rng)
    made_with = {"numpy": np.__version__, "scipy": scipy.__version__, "diptest": diptest.__version__}
    cases = []
    for name, values in sets:
        values = [float(value) for value in values]
        cases.append(json.dumps({"name": name, "values": values, **measure(values)}))
    print('{"made_with": %s, "recipe": "scripts/reference_opinions.py", "opinions": [\n%s\n]}'
          % (json.dumps(made_with), ",\n".join(cases)))


if __name__ == "__main__":
    main()
