#!/usr/bin/env python3
"""faiss and hnswlib on the vectors of the index bench (pip install faiss-cpu hnswlib numpy).

    MURMUR_BENCH_VECTORS=FOLDER cargo bench -p murmur-benches --bench index
    python3 scripts/faiss_reference.py FOLDER

FOLDER holds, for each data set, NAME-posts.f32 and NAME-QUERIES.f32: little-endian rows of 64 numbers. For each set of
queries this prints the searches a second on two threads and the recall of the 50 nearest, as the bench does: by faiss's
IVF with as many cells as ours, and by hnswlib, each at a few settings.
"""

import sys
import time
from pathlib import Path

import faiss
import hnswlib
import numpy as np

DIMENSIONS = 64
MOST = 50
THREADS = 2
CELLS = 1000
PROBES = (8, 16, 32, 64)
# Queries whose true nearest are looked for.
CHECKED = 1000
# Neighbours of a post and candidates while building, as in hnswlib's README; candidates while searching.
CONNECTIONS, BUILD_CANDIDATES = 16, 200
CANDIDATES = (50, 100, 200)


def rows(path: Path) -> np.ndarray:
    return np.fromfile(path, dtype="<f4").reshape(-1, DIMENSIONS)


def timed(work):
    start = time.perf_counter()
    value = work()
    return value, time.perf_counter() - start


def report(name: str, queries: np.ndarray, truth: np.ndarray, search) -> None:
    """Prints the median of five runs of `search`, which gives the numbers of the nearest posts, row after row."""
    runs = sorted((timed(lambda: search(queries)) for _ in range(5)), key=lambda run: run[1])
    found, seconds = runs[2]
    hits = sum(len(np.intersect1d(a, b)) for a, b in zip(found, truth))
    print(f"  {name:<28} {len(queries) / seconds:10,.0f} searches/s   recall@{MOST} {hits / truth.size:.4f}")


def measure(folder: Path, name: str) -> None:
    posts = rows(folder / f"{name}-posts.f32")
    exact = faiss.IndexFlatIP(DIMENSIONS)
    exact.add(posts)
    lists = faiss.IndexIVFFlat(faiss.IndexFlatIP(DIMENSIONS), DIMENSIONS, CELLS, faiss.METRIC_INNER_PRODUCT)
    _, seconds = timed(lambda: (lists.train(posts), lists.add(posts)))
    print(f"{name}: {len(posts):,} posts\n  faiss IVF of {CELLS} cells built in {seconds:.1f} s")
    graph = hnswlib.Index(space="ip", dim=DIMENSIONS)
    graph.init_index(max_elements=len(posts), M=CONNECTIONS, ef_construction=BUILD_CANDIDATES)
    _, seconds = timed(lambda: graph.add_items(posts, num_threads=THREADS))
    print(f"  hnswlib built in {seconds:.1f} s")
    for path in sorted(folder.glob(f"{name}-*.f32")):
        if path.name == f"{name}-posts.f32":
            continue
        print(f" {path.stem}")
        queries = rows(path)
        truth, seconds = timed(lambda: exact.search(queries[:CHECKED], MOST)[1])
        print(f"  {'faiss exact':<28} {CHECKED / seconds:10,.0f} searches/s")
        for probes in PROBES:
            lists.nprobe = probes
            report(f"faiss IVF, {probes} probes", queries, truth, lambda q: lists.search(q, MOST)[1])
        for candidates in CANDIDATES:
            graph.set_ef(candidates)
            search = lambda q: graph.knn_query(q, k=MOST, num_threads=THREADS)[0]
            report(f"hnswlib, ef {candidates}", queries, truth, search)


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = Path(sys.argv[1])
    names = sorted(path.name.removesuffix("-posts.f32") for path in folder.glob("*-posts.f32"))
    if not names:
        sys.exit(f"{folder}: no *-posts.f32; see the head of this script for how the bench writes them")
    faiss.omp_set_num_threads(THREADS)
    for name in names:
        measure(folder, name)


if __name__ == "__main__":
    main()
