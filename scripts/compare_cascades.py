#!/usr/bin/env python3
"""Holds the cascades of an experiment's arms against an observed one, minute by minute.

    python3 scripts/compare_cascades.py runs/spreading OBSERVED.json TOPIC [MINUTES]

The experiment has steps of one minute and outcomes of the measures `scale`, `depth` and `max_breadth` of one cascade,
called "scale", "depth" and "greatest breadth"; its runs' mean curve counts. OBSERVED.json has the layout of OASIS's
`observed_cascades.json`. RMSE / max(real) is taken over minutes 0 to MINUTES (default 150); of the shape, over the shares
of the last value that were reached by each minute, so that it says nothing of size. Needs the standard library alone.
"""

import json
import math
import sys
from pathlib import Path


def nrmse(simulated, real):
    """RMSE / max(real) of two curves of one length."""
    squares = sum((a - b) ** 2 for a, b in zip(simulated, real, strict=True))
    return math.sqrt(squares / len(real)) / max(real)


def shape(curve):
    """The share of the last value that is reached by each minute."""
    return [value / curve[-1] for value in curve]


def row(name, scale, depth, breadth, observed=None):
    """A row of the table, with errors where there is something to hold it against."""
    shares = [f"{shape(scale)[minute]:.2f}" for minute in (5, 15, 30, 60)]
    errors = ["", "", "", ""]
    if observed:
        pairs = zip((scale, depth, breadth), observed, strict=True)
        errors = [f"{nrmse(own, real):.3f}" for own, real in pairs]
        errors.append(f"{nrmse(shape(scale), shape(observed[0])):.3f}")
    values = [name, f"{scale[-1]:.1f}", *shares, f"{depth[-1]:.2f}", f"{breadth[-1] / scale[-1]:.2f}", *errors]
    print("| " + " | ".join(values) + " |")


def main():
    folder, observed_file, topic = sys.argv[1:4]
    minutes = int(sys.argv[4]) if len(sys.argv) > 4 else 150
    results = json.loads((Path(folder) / "results.json").read_text())
    cascades = json.loads(Path(observed_file).read_text())["cascades"]
    found = [cascade for cascade in cascades if cascade["topic"] == topic]
    if not found:
        sys.exit(f"{observed_file}: no cascade {topic!r}")
    observed = [found[0][key][: minutes + 1] for key in ("scale", "depth", "max_breadth")]
    print("| arm | rows | by 5 min | 15 min | 30 min | 60 min | depth | breadth / rows | RMSE/max rows | depth | breadth | shape |")
    print("|" + "---|" * 12)
    row("observed", *observed)
    series = {(one["arm"], one["outcome"]): one["mean"][: minutes + 1] for one in results["series"]}
    for arm in results["arms"]:
        curves = [series[arm, outcome] for outcome in ("scale", "depth", "greatest breadth")]
        if any(len(curve) <= minutes or None in curve for curve in curves):
            sys.exit(f"{folder}: {arm} has no value for every minute from 0 to {minutes}")
        row(arm, *curves, observed)


if __name__ == "__main__":
    main()
