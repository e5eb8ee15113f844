#!/usr/bin/env python3
"""Makes crates/murmur-metrics/tests/division_reference.json: measures of division by networkx and NumPy.

    pip install networkx==3.6.1 numpy==2.4.6
    python3 scripts/reference_division.py > crates/murmur-metrics/tests/division_reference.json

Random-walk controversy is solved for with a dense matrix; communities are the best of a hundred runs of networkx's Louvain,
which a sound Leiden comes up to.
"""

import json

import networkx as nx
import numpy as np

HUBS = 3


def controversy(graph, side, rank):
    """RWC of sides 0 and 1 with the HUBS best ranked of either; walks take a step before they can end."""
    nodes = sorted(graph)
    hubs = [sorted((n for n in nodes if side[n] == s), key=lambda n: (-rank[n], n))[:HUBS] for s in (0, 1)]
    ends = {n: s for s in (0, 1) for n in hubs[s]}
    reached = set().union(*(nx.node_connected_component(graph, n) for n in ends)) if ends else set()
    place = {n: i for i, n in enumerate(sorted(reached))}
    step = np.zeros((len(place), len(place)))
    for n in reached:
        for other in graph[n]:
            step[place[n], place[other]] = 1 / graph.degree(n)
    inner = [place[n] for n in sorted(reached) if n not in ends]
    last = [place[n] for n in ends]
    first = np.array([[float(ends[n] == s) for s in (0, 1)] for n in ends])
    solved = np.zeros((len(place), 2))
    solved[last] = first
    if inner:
        inside = np.eye(len(inner)) - step[np.ix_(inner, inner)]
        solved[inner] = np.linalg.solve(inside, step[np.ix_(inner, last)] @ first)
    after_a_step = step @ solved
    p = np.zeros((2, 2))
    for s in (0, 1):
        starts = [n for n in nodes if side[n] == s and graph.degree(n) > 0]
        if not starts:
            return None
        p[s] = sum((after_a_step[place[n]] for n in starts if n in place), np.zeros(2)) / len(starts)
    if (p.sum(axis=0) <= 1e-12).any():
        return None
    p = p / p.sum(axis=0)
    return float(p[0, 0] * p[1, 1] - p[0, 1] * p[1, 0])


def correlation(xs, ys):
    return float(np.corrcoef(xs, ys)[0, 1]) if np.ptp(xs) > 0 and np.ptp(ys) > 1e-12 else None


def case(name, ties, leanings, copies=()):
    leanings = np.asarray(leanings, dtype=np.float32).astype(float)  # as the simulation keeps opinions
    directed = nx.DiGraph()
    directed.add_edges_from(ties)
    graph = directed.to_undirected()
    side = {n: int(leanings[n] > 0) if leanings[n] != 0 else None for n in graph}
    groups = [{n for n in graph if side[n] == s} for s in (0, 1, None)]
    out = [n for n in sorted(directed) if directed.out_degree(n) > 0]
    around = [float(np.mean([leanings[m] for m in directed[n]])) for n in out]
    louvain = max(nx.community.modularity(graph, nx.community.louvain_communities(graph, seed=seed)) for seed in range(100))
    known = [c for c in copies if leanings[c[0]] != 0 and leanings[c[1]] != 0]
    passed = nx.MultiDiGraph()
    passed.add_nodes_from((n, {"side": int(leanings[n] > 0)}) for pair in known for n in pair)
    passed.add_edges_from(known)
    return {
        "name": name, "ties": [list(map(int, tie)) for tie in ties], "leanings": [float(x) for x in leanings],
        "copies": [list(map(int, pair)) for pair in copies],
        "louvain": louvain,
        "modularity": nx.community.modularity(graph, [g for g in groups if g]),
        "controversy": controversy(graph, side, dict(directed.degree())),
        "echo_correlation": correlation([leanings[n] for n in out], around),
        "segregation": nx.attribute_assortativity_coefficient(passed, "side") if known else None,
        "within_share": float(np.mean([(leanings[a] > 0) == (leanings[b] > 0) for a, b in known])) if known else None,
    }


def cases():
    rng = np.random.default_rng(7)
    karate = nx.karate_club_graph()
    faction = [1.0 if karate.nodes[n]["club"] == "Officer" else -1.0 for n in karate]
    yield case("karate club", sorted(karate.edges), faction)
    davis = nx.convert_node_labels_to_integers(nx.les_miserables_graph())
    yield case("les misérables", sorted(davis.edges), np.round(rng.uniform(-1, 1, len(davis)), 3))
    for number, (inside, across) in enumerate([(0.3, 0.02), (0.2, 0.1), (0.12, 0.12)]):
        planted = nx.random_partition_graph([40, 30, 20], inside, across, seed=number, directed=True)
        ties = sorted((a, b) for a, b in planted.edges if a != b)
        centre = np.array([-0.6] * 40 + [0.5] * 30 + [0.0] * 20)
        leanings = np.where(centre == 0, 0, np.round(np.clip(centre + rng.normal(0, 0.3, 90), -1, 1), 3))
        copies = [ties[i] for i in rng.integers(0, len(ties), 200)]
        yield case(f"planted, {inside} within and {across} across", ties, leanings, copies)
    pieces = nx.disjoint_union_all([nx.complete_graph(6), nx.cycle_graph(7), nx.path_graph(3), nx.star_graph(8)])
    yield case("pieces", sorted(pieces.edges), np.round(rng.uniform(-1, 1, len(pieces)), 2))


def main():
    made_with = {"networkx": nx.__version__, "numpy": np.__version__}
    print('{"made_with": %s, "recipe": "scripts/reference_division.py", "hubs": %d, "networks": [\n%s\n]}'
          % (json.dumps(made_with), HUBS, ",\n".join(json.dumps(found) for found in cases())))


if __name__ == "__main__":
    main()
