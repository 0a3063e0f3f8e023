"""An encoder's vectors: two layers of attention and an MLP, and the mean of what they give, with 50 digits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mpmath as mp
import numpy as np
from tests.benchmarks.digits.case import Case, of_largest

from aimath.core import nn

if TYPE_CHECKING:
    from collections.abc import Iterator

SAMPLES, TOKENS = 6, 5
CONFIG = nn.EncoderConfig(20, 8, 2, 2, 12, 8)


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """Give encoders of random weights, and tokens."""
    shapes = nn.encoder_shapes(CONFIG)
    drawn = []
    for _ in range(SAMPLES):
        weights = {
            name: rng.normal(size=shape) * 0.4 + name.endswith("LayerNorm.weight")
            for name, shape in shapes.items()
        }
        drawn.append((weights, rng.integers(0, CONFIG.vocabulary, TOKENS)))
    yield Case("embed", "vector, two layers of width 8", drawn, exactly, ours, {"numpy": numpys}, of_largest)


def ours(weights: Any, ids: Any) -> Any:
    return nn.embed(nn.Encoder(CONFIG, weights), ids).vector


def exactly(weights: Any, ids: Any) -> Any:
    """Give the vector by mpmath, number by number."""
    w = {name: _mp(array) for name, array in weights.items()}

    def linear(rows: Any, name: str) -> Any:
        matrix, bias = w[f"{name}.weight"], w[f"{name}.bias"]
        return [[mp.fdot(out, row) + b for out, b in zip(matrix, bias, strict=True)] for row in rows]

    def norm(rows: Any, name: str) -> Any:
        gain, bias = w[f"{name}.weight"], w[f"{name}.bias"]
        out = []
        for row in rows:
            mean = mp.fsum(row) / len(row)
            scale = mp.sqrt(mp.fsum((x - mean) ** 2 for x in row) / len(row) + mp.mpf(CONFIG.eps))
            out.append([(x - mean) / scale * g + b for x, g, b in zip(row, gain, bias, strict=True)])
        return out

    def add(a: Any, b: Any) -> Any:
        return [[x + y for x, y in zip(one, two, strict=True)] for one, two in zip(a, b, strict=True)]

    tokens = [w["embeddings.word_embeddings.weight"][k] for k in ids]
    places = w["embeddings.position_embeddings.weight"][: len(ids)]
    types = [w["embeddings.token_type_embeddings.weight"][0]] * len(ids)
    x = norm(add(add(tokens, places), types), "embeddings.LayerNorm")
    d = CONFIG.width // CONFIG.heads
    for k in range(CONFIG.layers):
        at = f"encoder.layer.{k}"
        q, key, v = (linear(x, f"{at}.attention.self.{part}") for part in ("query", "key", "value"))
        mixed: list[list[Any]] = [[] for _ in x]
        for lane in (slice(h * d, (h + 1) * d) for h in range(CONFIG.heads)):
            for row, one in enumerate(q):
                shares = [mp.exp(mp.fdot(one[lane], other[lane]) / mp.sqrt(d)) for other in key]
                whole = mp.fsum(shares)
                mixed[row] += [
                    mp.fdot(shares, column) / whole for column in zip(*(r[lane] for r in v), strict=True)
                ]
        x = norm(add(x, linear(mixed, f"{at}.attention.output.dense")), f"{at}.attention.output.LayerNorm")
        inner = [[a * mp.ncdf(a) for a in row] for row in linear(x, f"{at}.intermediate.dense")]
        x = norm(add(x, linear(inner, f"{at}.output.dense")), f"{at}.output.LayerNorm")
    pooled = [mp.fsum(column) / len(x) for column in zip(*x, strict=True)]
    length = mp.sqrt(mp.fsum(entry**2 for entry in pooled))
    return [entry / length for entry in pooled]


def numpys(w: Any, ids: Any) -> Any:
    """Give it by numpy, as one would write it."""
    from math import erf

    def linear(x: Any, name: str) -> Any:
        return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]

    def norm(x: Any, name: str) -> Any:
        scale = np.sqrt(x.var(axis=-1, keepdims=True) + CONFIG.eps)
        return (x - x.mean(axis=-1, keepdims=True)) / scale * w[f"{name}.weight"] + w[f"{name}.bias"]

    x = w["embeddings.word_embeddings.weight"][ids] + w["embeddings.position_embeddings.weight"][: len(ids)]
    x = norm(x + w["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    n, d = len(ids), CONFIG.width // CONFIG.heads
    for k in range(CONFIG.layers):
        at = f"encoder.layer.{k}"
        q, key, v = (
            linear(x, f"{at}.attention.self.{part}").reshape(n, -1, d).transpose(1, 0, 2)
            for part in ("query", "key", "value")
        )
        shares = np.exp(q @ key.transpose(0, 2, 1) / np.sqrt(d))
        mixed = ((shares / shares.sum(axis=-1, keepdims=True)) @ v).transpose(1, 0, 2).reshape(n, -1)
        x = norm(x + linear(mixed, f"{at}.attention.output.dense"), f"{at}.attention.output.LayerNorm")
        inner = linear(x, f"{at}.intermediate.dense")
        inner *= 0.5 * (1.0 + np.vectorize(erf)(inner / np.sqrt(2.0)))
        x = norm(x + linear(inner, f"{at}.output.dense"), f"{at}.output.LayerNorm")
    pooled = x.mean(axis=0)
    return pooled / np.linalg.norm(pooled)


def _mp(array: Any) -> Any:
    return [_mp(part) for part in array] if np.ndim(array) else mp.mpf(float(array))
