"""Attention: its scores, its weights and what it mixes, with one head and with several."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import mpmath as mp
import numpy as np
from tests.benchmarks.digits.case import Case, exact, of_largest, over
from tests.benchmarks.digits.peers import functional, special, tensors, torch

from aimath.core import linalg as attention

if TYPE_CHECKING:
    from tests.benchmarks.digits.case import Operands

SAMPLES = 12


def scores(q: Any, k: Any) -> Any:
    return mp.matrix(exact(q)) * mp.matrix(exact(k)).T / mp.sqrt(len(q[0]))


def weights(q: Any, k: Any, *, causal: bool = False) -> Any:
    found = scores(q, k).apply(mp.exp)
    rows = [[x for j, x in enumerate(row) if j <= i or not causal] for i, row in enumerate(found.tolist())]
    return [[x / mp.fsum(row) for x in row] + [mp.mpf(0)] * (len(k) - len(row)) for row in rows]


def mixed(q: Any, k: Any, v: Any, *, causal: bool = False) -> Any:
    return mp.matrix(weights(q, k, causal=causal)) * mp.matrix(exact(v))


def heads(x: Any, *four: Any) -> Any:
    """Give the output of two heads."""
    q, k, v, o = (mp.matrix(exact(w)) for w in four)
    q, k, v = (mp.matrix(exact(x)) * w for w in (q, k, v))
    half = q.cols // 2
    sides = [mixed(*(m[:, part].tolist() for m in (q, k, v))) for part in (slice(0, half), slice(half, None))]
    return mp.matrix([list(a) + list(b) for a, b in zip(*(s.tolist() for s in sides), strict=True)]) * o


def numpy_scores(q: Any, k: Any) -> Any:
    return q @ k.T / math.sqrt(q.shape[1])


def torch_heads(x: Any, *four: Any) -> Any:
    q, k, v = ((x @ w).unflatten(1, (2, -1)).transpose(0, 1) for w in four[:3])
    return functional.scaled_dot_product_attention(q, k, v).transpose(0, 1).flatten(1) @ four[3]


def kinds(rng: np.random.Generator) -> dict[str, Operands]:
    """Give queries, keys and values; large ones have scores of some hundreds."""
    plain = [tuple(rng.normal(size=(3, 6, 8))) for _ in range(SAMPLES)]
    return {"N(0, 1)": plain, "large logits": [(12 * q, 12 * k, v) for q, k, v in plain]}


def parts(rng: np.random.Generator) -> list[Case]:
    """Compare scores and weights: what torch's function keeps to itself."""
    pairs = {kind: [(q, k) for q, k, _ in operands] for kind, operands in kinds(rng).items()}
    scored = over(
        pairs,
        "attention",
        scores,
        lambda q, k: attention.attention(q, k, k).scaled,
        what="scores",
        measure=of_largest,
        numpy=numpy_scores,
        torch=tensors(lambda q, k: q @ k.T / math.sqrt(q.shape[1])),
    )
    weighed = over(
        pairs,
        "attention",
        weights,
        lambda q, k: attention.attention(q, k, k).weights,
        what="weights",
        scipy=lambda q, k: special.softmax(numpy_scores(q, k), axis=-1),
        torch=tensors(lambda q, k: torch.softmax(q @ k.T / math.sqrt(q.shape[1]), -1)),
    )
    return scored + weighed


def outputs(rng: np.random.Generator) -> list[Case]:
    plain = over(
        kinds(rng),
        "attention",
        mixed,
        lambda q, k, v: attention.attention(q, k, v).output,
        what="output",
        measure=of_largest,
        numpy=lambda q, k, v: (e := np.exp(numpy_scores(q, k))) / e.sum(-1, keepdims=True) @ v,
        scipy=lambda q, k, v: special.softmax(numpy_scores(q, k), axis=-1) @ v,
        torch=tensors(functional.scaled_dot_product_attention),
    )
    causal = over(
        kinds(rng),
        "attention",
        lambda q, k, v: mixed(q, k, v, causal=True),
        lambda q, k, v: attention.attention(q, k, v, causal=True).output,
        what="causal output",
        measure=of_largest,
        torch=tensors(lambda q, k, v: functional.scaled_dot_product_attention(q, k, v, is_causal=True)),
    )
    several = over(
        {"N(0, 1)": [(rng.normal(size=(5, 6)), *rng.normal(0, 0.4, (4, 6, 6))) for _ in range(SAMPLES)]},
        "attention",
        heads,
        lambda x, *four: attention.multi_head(x, 2, *four).output,
        what="two heads",
        measure=of_largest,
        torch=tensors(torch_heads),
    )
    return plain + causal + several


def cases(rng: np.random.Generator) -> list[Case]:
    """List the cases."""
    return [*parts(rng), *outputs(rng)]
