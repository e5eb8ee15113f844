#!/usr/bin/env python3
"""Prints the tables of docs/regularities.md (needs: pip install duckdb).

    python3 scripts/regularities.py MURMUR OUT

Runs configs/quickstart.toml with the binary MURMUR with seeds 1 to 5, into folders below OUT, and measures the runs: at
steps of 1, 3 and 6 minutes, with the seed posts at the same times of day, and at 3 minutes with a feed that forgets
sooner. A run that is there already is not repeated: give a new OUT for a new binary.
"""

import json
import math
import statistics
import subprocess
import sys
import tomllib
from pathlib import Path

import duckdb

CONFIG = Path(__file__).parent.parent / "configs/quickstart.toml"
STEP_MINUTES = [1, 3, 6]
SEEDS = [1, 2, 3, 4, 5]
MINUTES_A_DAY = 1440
SHORT_MEMORY = "feed.max_age=240"

# Per hour of the day: mean number of agents active at a step.
BY_HOUR = """
    SELECT minute // 60 AS hour, avg(value) FROM metrics
    WHERE scope = 'platform' AND metric = 'active_agents' GROUP BY hour ORDER BY hour
"""
SCALES = "SELECT scale FROM cascades WHERE scale >= ? ORDER BY scale"
LARGE = "SELECT count(*), median(depth), median(structural_virality) FROM cascades WHERE scale >= 50"
# Minutes from a root to each of its reposts.
DELAYS = """
    SELECT median(delay), avg((delay <= 60)::int) FROM (
        SELECT repost.minute - root.minute AS delay
        FROM posts repost JOIN posts root ON repost.root_id = root.post_id
        WHERE repost.kind = 'repost')
"""
# Of all reads, those of the hundredth of authors that is read most.
TOP_SHARE = """
    SELECT sum(reads) FILTER (place <= (SELECT count(*) FROM agents) / 100) / sum(reads) FROM (
        SELECT count(*) AS reads, row_number() OVER (ORDER BY count(*) DESC) AS place
        FROM exposures JOIN posts shown USING (post_id) JOIN posts root ON shown.root_id = root.post_id
        GROUP BY root.author_id)
"""

# Of all reads, those by an agent that has read the same root, or a repost of it, before.
AGAIN = """
    SELECT 1 - count(DISTINCT (agent_id, root_id)) / count(*) FROM exposures JOIN posts USING (post_id)
"""
# Of the reposts, those of the root itself and not of another repost.
DIRECT = "SELECT avg((parent_id = root_id)::int) FROM posts WHERE kind = 'repost'"


class Run:
    """A finished run: its summary, its configuration, and its tables by name."""

    def __init__(self, folder: Path):
        self.summary = json.loads((folder / "summary.json").read_text())
        self.config = json.loads((folder / "manifest.json").read_text())["config"]
        self.tables = duckdb.connect()
        for table in (folder / "tables").glob("*.parquet"):
            self.tables.execute(f"CREATE VIEW {table.stem} AS SELECT * FROM read_parquet('{table}')")

    def row(self, query: str, *values) -> tuple:
        return self.tables.execute(query, values).fetchone()

    def column(self, query: str, *values) -> list:
        return [row[-1] for row in self.tables.execute(query, values).fetchall()]

    def seed_scale(self, name: str) -> float:
        series = next(series for series in self.summary["watched"] if series["name"] == name)
        return series["points"][-1]["scale"]


def run(murmur: str, out: Path, minutes: int, seed: int, *more_settings: str) -> Run:
    folder = out / "-".join([f"minutes-{minutes}-seed-{seed}", *more_settings])
    if not (folder / "summary.json").exists():
        config = tomllib.loads(CONFIG.read_text())
        scale = config["run"]["minutes_per_step"] / minutes
        posts = [post | {"step": round(post["step"] * scale)} for post in config["seed_post"]]
        entries = [", ".join(f"{key} = {json.dumps(value)}" for key, value in post.items()) for post in posts]
        settings = [
            f"run.minutes_per_step={minutes}",
            f"run.steps={MINUTES_A_DAY // minutes}",
            f"run.seed={seed}",
            f"metrics.every={MINUTES_A_DAY}",
            f"seed_post=[{', '.join(f'{{{entry}}}' for entry in entries)}]",
            *more_settings,
        ]
        options = [option for setting in settings for option in ("--set", setting)]
        subprocess.run([murmur, "run", str(CONFIG), "--out", str(folder), *options], check=True, capture_output=True)
    return Run(folder)


def tail_exponent(scales: list[int], least: int) -> tuple[float, float]:
    """Exponent of a discrete power law above `least` and its standard error: the approximate maximum likelihood of
    Clauset, Shalizi and Newman, SIAM Review 51 (2009), equation 3.7."""
    exponent = 1 + len(scales) / sum(math.log(scale / (least - 0.5)) for scale in scales)
    return exponent, (exponent - 1) / math.sqrt(len(scales))


def print_cascades(runs: list[Run]) -> None:
    histograms = [run.summary["cascades"]["scale_histogram"] for run in runs]
    roots = sum(map(sum, histograms))
    print("\n| scale at least | share of cascades |\n|---|---|")
    for k in range(max(map(len, histograms))):
        print(f"| {2**k} | {sum(sum(histogram[k:]) for histogram in histograms) / roots:.2g} |")
    for least in [5, 10, 20]:
        scales = [scale for run in runs for scale in run.column(SCALES, least)]
        exponent, error = tail_exponent(scales, least)
        print(f"\ntail exponent from {least} up: {exponent:.2f} ± {error:.2f} ({len(scales)} cascades)")


def print_hours(run: Run) -> None:
    population = run.config["population"]
    traits = population["traits"]
    unit = population["size"] * traits["activity"] / statistics.mean(traits["hours"])
    print("\n| hour | active agents a step | expected |\n|---|---|---|")
    for hour, (active, weight) in enumerate(zip(run.column(BY_HOUR), traits["hours"], strict=True)):
        print(f"| {hour:02} | {active:.0f} | {unit * weight:.0f} |")


MEASURES = {
    "activations": lambda run: run.summary["activations"],
    "reads": lambda run: run.summary["exposures"],
    "originals": lambda run: run.summary["posts"]["original"],
    "quotes": lambda run: run.summary["posts"]["quote"],
    "reposts": lambda run: run.summary["posts"]["repost"],
    "likes": lambda run: run.summary["actions"]["like_post"],
    "refused actions": lambda run: run.summary["refused"],
    "roots never reposted, %": lambda run: 100 - 100 * run.summary["cascades"]["reposted_share"],
    "mean scale": lambda run: run.summary["cascades"]["mean_scale"],
    "largest scale": lambda run: run.summary["cascades"]["max_scale"],
    "largest depth": lambda run: run.summary["cascades"]["max_depth"],
    "cascades of scale 50 and more": lambda run: run.row(LARGE)[0],
    "their median depth": lambda run: run.row(LARGE)[1],
    "their median structural virality": lambda run: run.row(LARGE)[2],
    "reposts of the root itself, %": lambda run: 100 * run.row(DIRECT)[0],
    "median minutes from root to repost": lambda run: run.row(DELAYS)[0],
    "reposts within an hour, %": lambda run: 100 * run.row(DELAYS)[1],
    "Gini of attention": lambda run: run.summary["attention_gini"],
    "reads of the top 1 % of authors, %": lambda run: 100 * run.row(TOP_SHARE)[0],
    "reads of a root read before, %": lambda run: 100 * run.row(AGAIN)[0],
    "scale of the rumour": lambda run: run.seed_scale("rumour"),
    "scale of the correction": lambda run: run.seed_scale("correction"),
}


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def print_measures(runs: dict[str, list[Run]]) -> None:
    print(f"\n| | {' | '.join(runs)} |\n|---|{'---|' * len(runs)}")
    for name, measure in MEASURES.items():
        cells = []
        for same in runs.values():
            values = [measure(run) for run in same]
            cells.append(f"{number(statistics.mean(values))} ± {number(statistics.stdev(values))}")
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    murmur, out = sys.argv[1], Path(sys.argv[2])
    every = {minutes: [run(murmur, out, minutes, seed) for seed in SEEDS] for minutes in STEP_MINUTES}
    print_cascades(every[3])
    print_hours(every[3][0])
    print_measures({f"{minutes} min": runs for minutes, runs in every.items()})
    print_measures({SHORT_MEMORY: [run(murmur, out, 3, seed, SHORT_MEMORY) for seed in SEEDS]})
