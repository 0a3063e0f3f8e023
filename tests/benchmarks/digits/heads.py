"""Attention with keys that heads share, windows and scales; adapters, spectra and formats of weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mpmath as mp
import numpy as np
from tests.benchmarks.digits.case import Case, exact, of_largest, over
from tests.benchmarks.digits.components import values_of
from tests.benchmarks.digits.peers import functional, tensors, torch

from aimath.core import linalg, nn

if TYPE_CHECKING:
    from collections.abc import Callable

SAMPLES = 12


def mixed(q: Any, k: Any, v: Any, scale: Any, sees: Callable[[int, int], bool]) -> list[list[Any]]:
    """Give one head's answer; `sees` says whether query i sees key j."""
    found = []
    for i, row in enumerate(exact(q)):
        scores = {j: mp.fdot(row, exact(key)) * scale for j, key in enumerate(k) if sees(i, j)}
        weights = {j: mp.exp(s) for j, s in scores.items()}
        total = mp.fsum(weights.values())
        found.append(
            [mp.fsum(w * exact(v[j, c]) for j, w in weights.items()) / total for c in range(v.shape[1])]
        )
    return found


def shared(rng: np.random.Generator) -> list[Case]:
    """Compare four heads of queries on two of keys and values, with and without a window and a scale."""

    def truth(q: Any, k: Any, v: Any) -> list[Any]:
        return [
            mixed(q[h], k[h // 2], v[h // 2], 1 / mp.sqrt(q.shape[-1]), lambda i, j: j <= i) for h in range(4)
        ]

    def near(q: Any, k: Any, v: Any) -> list[Any]:
        return mixed(q, k, v, exact(0.3), lambda i, j: i - 2 <= j <= i)

    def by_torch(q: Any, k: Any, v: Any) -> Any:
        wide = (x.repeat_interleave(2, 0) for x in (k, v))
        return functional.scaled_dot_product_attention(q, *wide, is_causal=True)

    def near_by_torch(q: Any, k: Any, v: Any) -> Any:
        gap = torch.arange(len(q))[:, None] - torch.arange(len(q))
        seen = (gap >= 0) & (gap < 3)
        return functional.scaled_dot_product_attention(q, k, v, seen, scale=0.3)

    many = [tuple(rng.normal(size=(n, 6, 8)) for n in (4, 2, 2)) for _ in range(SAMPLES)]
    one = [tuple(rng.normal(size=(3, 6, 8))) for _ in range(SAMPLES)]
    return [
        *over(
            {"N(0, 1)": many},
            "attention",
            truth,
            lambda q, k, v: linalg.attention(q, k, v, causal=True, heads=4, kv_heads=2).output,
            what="4 heads, 2 of keys, causal",
            measure=of_largest,
            options=("heads", "kv_heads"),
            torch=tensors(by_torch),
        ),
        *over(
            {"N(0, 1)": one, "large logits": [(12 * q, 12 * k, v) for q, k, v in one]},
            "attention",
            near,
            lambda q, k, v: linalg.attention(q, k, v, causal=True, window=3, scale=0.3).output,
            what="window 3, scale .3",
            measure=of_largest,
            options=("window", "scale"),
            torch=tensors(near_by_torch),
        ),
    ]


def adapters(rng: np.random.Generator) -> list[Case]:
    """Compare the ranks that shares of energy need, and what of all is trained then."""

    def truth(base: Any, tuned: Any, energy: float) -> list[Any]:
        squares = [s * s for s in values_of(tuned - base)]
        r = next(r for r in range(1, 6) if mp.fsum(squares[:r]) >= exact(energy) * mp.fsum(squares))
        m, n = base.shape
        change = mp.sqrt(mp.fsum(squares))
        whole = mp.sqrt(mp.fsum(x * x for row in exact(base) for x in row))
        return [r, mp.mpf(100 * r * (m + n)) / (m * n), change, change / whole]

    def ours(base: Any, tuned: Any, energy: float) -> list[float]:
        found = linalg.lora({"w": base}, {"w": tuned}, energy=[energy])
        return [float(x[0]) for x in (found.rank, found.percent_of_full, found.update, found.relative_update)]

    pairs = [
        (a, b, e) for e in (0.5, 0.9) for a, b in rng.integers(-99, 99, (SAMPLES, 2, 7, 5)).astype(float)
    ]
    return over(
        {"energy .5, .9": pairs}, "lora", truth, ours, what="rank, percent, norms", options=("energy", "rank")
    )


def spectra(rng: np.random.Generator) -> list[Case]:
    """Compare what singular values say of weights, and the change beside other weights."""

    def truth(w: Any) -> list[Any]:
        s = values_of(w)
        shares = [v / mp.fsum(s) for v in s]
        return [s[0], mp.fsum(v * v for v in s) / s[0] ** 2, mp.exp(-mp.fsum(p * mp.log(p) for p in shares))]

    def ours(w: Any) -> list[float]:
        found = nn.weights({"w": w}, spectra=True)
        return [x[0] for x in (found.spectral_norm, found.stable_rank, found.effective_rank)]

    def by_numpy(w: Any) -> list[Any]:
        s = np.linalg.svd(w, compute_uv=False)
        p = s / s.sum()
        return [s[0], (s * s).sum() / s[0] ** 2, np.exp(-(p * np.log(p)).sum())]

    def apart(a: Any, b: Any) -> list[Any]:
        x, y = exact(a.ravel()), exact(b.ravel())
        change = mp.sqrt(mp.fsum((q - p) ** 2 for p, q in zip(x, y, strict=True)))
        norms = [mp.sqrt(mp.fsum(v * v for v in values)) for values in (x, y)]
        return [change / norms[0], mp.fdot(x, y) / norms[0] / norms[1]]

    def ours_apart(a: Any, b: Any) -> list[float]:
        found = nn.weights({"w": a}, against={"w": b})
        return [found.relative_change[0], found.cosine[0]]

    tensors_of = [(rng.normal(0, 0.02, (9, 7)),) for _ in range(SAMPLES)]
    beside = [(w, w + 1e-3 * rng.normal(size=w.shape)) for (w,) in tensors_of]
    return [
        *over({"N(0, .02²)": tensors_of}, "weights", truth, ours, what="spectra", numpy=by_numpy),
        *over(
            {"1e-3 apart": beside},
            "weights",
            apart,
            ours_apart,
            what="against others",
            numpy=lambda a, b: [
                np.linalg.norm(b - a) / np.linalg.norm(a),
                (a * b).sum() / np.linalg.norm(a) / np.linalg.norm(b),
            ],
        ),
    ]


def cases(rng: np.random.Generator) -> list[Case]:
    """List the cases."""
    return [*shared(rng), *adapters(rng), *spectra(rng)]
