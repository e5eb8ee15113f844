#!/usr/bin/env python3
"""Makes crates/murmur-dynamics/tests/reference/ndlib.json: how far SIR, independent cascades and thresholds get in NDlib, on
graphs that the file holds or that are simple enough to be built again.

    pip install ndlib==6.0.1 networkx==3.6.1 numpy==2.4.6 six scikit-learn   # NDlib needs the last two, and does not say so
    python3 scripts/ndlib_reference.py > crates/murmur-dynamics/tests/reference/ndlib.json
    python3 scripts/ndlib_reference.py --speed

Each case is run `--runs` times from the same nodes, with random seeds that count up; of active and removed nodes at some
iterations, and of all nodes ever reached, the file has the mean and its standard error. Cases without chance are run once,
and have an error of 0. The same versions write the same file. `--speed` measures instead how many pair interactions a
second NDlib's Deffuant model (AlgorithmicBiasModel, gamma 0) takes.

An edge [u, v] of a directed graph carries from u to v: v hears u.
"""

import argparse
import json
import sys
import time

import networkx as nx
import numpy as np
import ndlib.models.epidemics as epidemics
import ndlib.models.ModelConfig as mc
import ndlib.models.opinions as opinions
from importlib.metadata import version

SEED = 20_240_601
ITERATIONS = [1, 2, 3, 5, 8, 12, 20, 40]
MOST_ITERATIONS = 2000


def graphs():
    """Name to description; `edges` were drawn with SEED."""
    return {
        "ring": {"kind": "ring", "nodes": 200, "neighbours": 6, "directed": False},
        "complete": {"kind": "complete", "nodes": 60, "directed": False},
        "random": {"kind": "edges", "nodes": 120, "directed": False,
                   "edges": sorted(map(sorted, nx.gnm_random_graph(120, 360, seed=SEED).edges))},
        "heavy-tailed": {"kind": "edges", "nodes": 150, "directed": False,
                         "edges": sorted(map(sorted, nx.barabasi_albert_graph(150, 3, seed=SEED).edges))},
        "directed": {"kind": "edges", "nodes": 120, "directed": True,
                     "edges": sorted(map(list, nx.gnm_random_graph(120, 600, seed=SEED, directed=True).edges))},
    }


def build(description):
    nodes = description["nodes"]
    if description["kind"] == "complete":
        return nx.complete_graph(nodes)
    graph = nx.DiGraph() if description["directed"] else nx.Graph()
    graph.add_nodes_from(range(nodes))
    if description["kind"] == "ring":
        half = description["neighbours"] // 2
        graph.add_edges_from((node, (node + away) % nodes) for node in range(nodes) for away in range(1, half + 1))
    else:
        graph.add_edges_from(map(tuple, description["edges"]))
    return graph


def heard_by(graph, node):
    return graph.predecessors(node) if graph.is_directed() else graph.neighbors(node)


# What each case is in the words of Murmur's configuration; the seeds; and whether chance is in it.
CASES = [
    ("sir on a ring", "ring", {"kind": "sir", "infection": 0.25, "recovery": 0.5}, [0, 1], True),
    ("sir on a random graph", "random", {"kind": "sir", "infection": 0.1, "recovery": 0.3}, [0, 7, 50], True),
    ("sir, recovering at once", "random", {"kind": "sir", "infection": 0.25, "recovery": 1.0}, [0, 7, 50], True),
    ("sir on a heavy-tailed graph", "heavy-tailed", {"kind": "sir", "infection": 0.05, "recovery": 0.2}, [140], True),
    ("sir on a directed graph", "directed", {"kind": "sir", "infection": 0.15, "recovery": 0.4}, [3, 4], True),
    ("sir among all", "complete", {"kind": "sir", "infection": 0.02, "recovery": 0.5}, [0, 1], True),
    ("cascades on a ring", "ring", {"kind": "independent-cascade", "probability": 0.3}, [0, 1], True),
    ("cascades on a random graph", "random", {"kind": "independent-cascade", "probability": 0.2}, [0, 7, 50], True),
    ("cascades on a heavy-tailed graph", "heavy-tailed", {"kind": "independent-cascade", "probability": 0.15}, [2], True),
    ("cascades on a directed graph", "directed", {"kind": "independent-cascade", "probability": 0.25}, [3, 4], True),
    ("cascades among all", "complete", {"kind": "independent-cascade", "probability": 0.025}, [0], True),
    ("drawn thresholds on a random graph", "random", {"kind": "linear-threshold", "threshold": "uniform"}, [0, 7, 50],
     True),
    ("drawn thresholds on a directed graph", "directed", {"kind": "linear-threshold", "threshold": "uniform"}, [3, 4],
     True),
    ("drawn thresholds among all", "complete", {"kind": "linear-threshold", "threshold": "uniform"}, [0], True),
    ("thresholds on a ring", "ring", {"kind": "linear-threshold", "threshold": 0.3}, [0, 1, 2], False),
    ("low thresholds on a random graph", "random", {"kind": "linear-threshold", "threshold": 0.15}, [0, 7, 50], False),
    ("high thresholds on a random graph", "random", {"kind": "linear-threshold", "threshold": 0.45},
     list(range(0, 120, 4)), False),
    ("thresholds on a heavy-tailed graph", "heavy-tailed", {"kind": "linear-threshold", "threshold": 0.25},
     [0, 1, 2, 3], False),
    ("thresholds on a directed graph", "directed", {"kind": "linear-threshold", "threshold": 0.45},
     list(range(0, 120, 6)), False),
    ("two contacts on a ring", "ring", {"kind": "complex-contagion", "contacts": 2}, [0, 1], False),
    ("two contacts on a random graph", "random", {"kind": "complex-contagion", "contacts": 2},
     list(range(0, 120, 12)), False),
    ("three contacts on a directed graph", "directed", {"kind": "complex-contagion", "contacts": 3},
     list(range(0, 120, 5)), False),
]


def model_of(graph, model, seeds, random_seed):
    """NDlib's model for `model`. Making it seeds NumPy's generator, anew from the system if no seed is given; thresholds of
    nodes are drawn after that."""
    config = mc.Configuration()
    config.add_model_initial_configuration("Infected", list(seeds))
    kind = model["kind"]
    if kind == "sir":
        made = epidemics.SIRModel(graph, random_seed)
        config.add_model_parameter("beta", model["infection"])
        config.add_model_parameter("gamma", model["recovery"])
    elif kind == "independent-cascade":
        made = epidemics.IndependentCascadesModel(graph, random_seed)
        for edge in graph.edges:
            config.add_edge_configuration("threshold", edge, model["probability"])
    else:
        made = epidemics.ThresholdModel(graph, random_seed)
        for node in graph.nodes:
            config.add_node_configuration("threshold", node, threshold(graph, node, model))
    made.set_initial_status(config)
    return made


def threshold(graph, node, model):
    if model["kind"] == "complex-contagion":
        # More than 1 cannot be met, as it should be where fewer are heard than are needed.
        return model["contacts"] / max(len(list(heard_by(graph, node))), 1)
    return np.random.random_sample() if model["threshold"] == "uniform" else model["threshold"]


def run(made, ends_by_itself):
    """(active, removed) by iteration, and how many were reached."""
    history = []
    for _ in range(MOST_ITERATIONS):
        counts = made.iteration(node_status=False)["node_count"]
        history.append((counts[1], counts.get(2, 0)))
        if counts[1] == 0 if ends_by_itself else history[-2:-1] == history[-1:]:
            break
    else:
        sys.exit("a run did not end")
    at = [history[min(iteration, len(history) - 1)] for iteration in ITERATIONS]
    return [active for active, _ in at], [removed for _, removed in at], sum(history[-1])


def mean_and_error(samples):
    samples = np.asarray(samples, dtype=float)
    errors = samples.std(axis=0, ddof=1) / np.sqrt(len(samples)) if len(samples) > 1 else samples[0] * 0
    return {"mean": np.round(samples.mean(axis=0), 6).tolist(), "error": np.round(errors, 6).tolist()}


def case(number, name, graph_name, model, seeds, chance, runs, graph):
    first = SEED + 1_000_000 * number
    ends_by_itself = model["kind"] in ("sir", "independent-cascade")
    seeded = range(first, first + (runs if chance else 1))
    results = [run(model_of(graph, model, seeds, random_seed), ends_by_itself) for random_seed in seeded]
    active, removed, reached = zip(*results)
    return {
        "name": name, "graph": graph_name, "model": model, "seeds": seeds, "first_random_seed": first,
        "runs": len(results), "active": mean_and_error(active), "removed": mean_and_error(removed),
        "reached": mean_and_error(reached),
    }


def speed():
    """Pair interactions a second of NDlib's Deffuant model."""
    for name, graph in [("complete, 1000 nodes", nx.complete_graph(1000)),
                        ("random, 1000 nodes of mean degree 10", nx.gnm_random_graph(1000, 5000, seed=SEED)),
                        ("random, 10000 nodes of mean degree 10", nx.gnm_random_graph(10_000, 50_000, seed=SEED))]:
        graph.remove_nodes_from(list(nx.isolates(graph)))
        graph = nx.convert_node_labels_to_integers(graph)
        model = opinions.AlgorithmicBiasModel(graph)
        config = mc.Configuration()
        config.add_model_parameter("epsilon", 0.3)
        config.add_model_parameter("gamma", 0)
        model.set_initial_status(config)
        model.iteration()
        start, iterations = time.perf_counter(), 0
        while time.perf_counter() - start < 10:
            model.iteration()
            iterations += 1
        rate = iterations * graph.number_of_nodes() / (time.perf_counter() - start)
        print(f"{name}: {rate:,.0f} pair interactions a second")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=4000)
    parser.add_argument("--speed", action="store_true")
    arguments = parser.parse_args()
    if arguments.speed:
        return speed()
    descriptions = graphs()
    built = {name: build(description) for name, description in descriptions.items()}
    cases = [case(number, *parts, arguments.runs, built[parts[1]]) for number, parts in enumerate(CASES)]
    versions = {name: version(name) for name in ("ndlib", "networkx", "numpy")}
    print('{"versions": ' + json.dumps(versions) + f', "iterations": {ITERATIONS},')
    rows = [json.dumps(name) + ": " + json.dumps(description) for name, description in descriptions.items()]
    print('"graphs": {\n' + ",\n".join(rows) + '\n},\n"cases": [\n' + ",\n".join(map(json.dumps, cases)) + "\n]}")


if __name__ == "__main__":
    main()
