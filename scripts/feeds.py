#!/usr/bin/env python3
"""Prints the table of docs/feeds.md: what each preset does to reach, diversity and polarization.

    pip install duckdb
    python3 scripts/feeds.py MURMUR OUT

Runs configs/quickstart.toml with the binary MURMUR under each preset with seeds 1 to 3, into folders below OUT. A run
that is there already is not repeated: give a new OUT for a new binary.
"""

import statistics
import sys
from pathlib import Path

from regularities import Run, number, run

PRESETS = ["random", "chronological", "reddit", "oasis-x", "x-like", "echo-chamber", "bridging"]
SEEDS = [1, 2, 3]

# Each agent's opinion on each topic, at first.
OPINIONS = """
    CREATE TABLE opinions AS SELECT agent_id, replace(name, 'opinion_first:', '') AS topic, opinion FROM (
        UNPIVOT (SELECT agent_id, COLUMNS('opinion_first:.*') FROM agents)
        ON COLUMNS(* EXCLUDE agent_id) INTO NAME name VALUE opinion)
"""
# Every read with its root.
READS = """
    CREATE TABLE reads AS
    SELECT exposures.agent_id, root.post_id AS root_id, root.author_id, root.topic, root.stance
    FROM exposures JOIN posts shown USING (post_id) JOIN posts root ON shown.root_id = root.post_id
"""
READERS = "SELECT count(DISTINCT agent_id) FROM reads JOIN cascades USING (root_id) WHERE name = ?"
# Readers of a root, of those that anybody has read.
REACH = "SELECT count(DISTINCT agent_id) AS reach FROM reads GROUP BY root_id ORDER BY reach DESC"
# Of a reader's reads, those by an author it has not read before; and the topics read, as many equal ones would be.
AUTHORS = """
    SELECT avg(share) FROM (
        SELECT count(DISTINCT author_id) / count(*) AS share FROM reads GROUP BY agent_id HAVING count(*) >= 20)
"""
TOPICS = """
    SELECT avg(effective) FROM (
        SELECT exp(entropy(topic) * ln(2)) AS effective FROM reads GROUP BY agent_id HAVING count(*) >= 20)
"""
# Of the reads on a topic, those that stand on the other side of it than the reader did at first.
CROSS_CUTTING = """
    SELECT avg((stance * opinion < 0)::int) FROM reads JOIN opinions USING (agent_id, topic)
    WHERE stance <> 0 AND opinion <> 0
"""
# The mean over topics of a measure at the last step.
LAST = "SELECT avg(value) FROM metrics WHERE metric = ? AND step = (SELECT max(step) FROM metrics WHERE metric = ?)"
FIRST_VARIANCE = "SELECT avg(variance) FROM (SELECT var_pop(opinion) AS variance FROM opinions GROUP BY topic)"


def last(run: Run, measure: str) -> float:
    return run.row(LAST, measure, measure)[0]


def top_share(run: Run) -> float:
    """Reads of the hundredth of roots that most agents read, of all first reads."""
    reach = run.column(REACH)
    return sum(reach[: max(1, len(reach) // 100)]) / sum(reach)


MEASURES = {
    "rows read": lambda run: run.summary["exposures"],
    "likes": lambda run: run.summary["actions"].get("like_post", 0),
    "readers of the rumour": lambda run: run.row(READERS, "rumour")[0],
    "readers of the correction": lambda run: run.row(READERS, "correction")[0],
    "mean readers of a root that is read": lambda run: statistics.mean(run.column(REACH)),
    "reach of the top 1 % of roots, %": lambda run: 100 * top_share(run),
    "Gini of attention over authors": lambda run: run.summary["attention_gini"],
    "distinct authors per read of an agent": lambda run: run.row(AUTHORS)[0],
    "effective number of topics read": lambda run: run.row(TOPICS)[0],
    "cross-cutting reads, %": lambda run: 100 * run.row(CROSS_CUTTING)[0],
    "change of opinions' variance, %": lambda run: 100
    * (last(run, "variance_population") / run.row(FIRST_VARIANCE)[0] - 1),
    "neighbour opinion correlation": lambda run: last(run, "neighbour_opinion_correlation"),
    "Esteban–Ray polarization": lambda run: last(run, "esteban_ray_alpha1.6_10bins"),
}


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    murmur, out = sys.argv[1], Path(sys.argv[2])
    runs = {
        preset: [run(murmur, out, 3, seed, f"feed.preset={preset}", "metrics.every=479") for seed in SEEDS]
        for preset in PRESETS
    }
    for same in runs.values():
        for one in same:
            one.tables.execute(OPINIONS)
            one.tables.execute(READS)
    print(f"| | {' | '.join(runs)} |\n|---|{'---|' * len(runs)}")
    for name, measure in MEASURES.items():
        cells = []
        for same in runs.values():
            values = [measure(run) for run in same]
            cells.append(f"{number(statistics.mean(values))} ± {number(statistics.stdev(values))}")
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
