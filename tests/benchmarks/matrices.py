"""Targets 8, 9, 10, 14 and 20: matrices, in one process, against numpy, scikit-learn, torch and faiss."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING, Any

import numpy as np
from tests.benchmarks.kernels import Work, compared
from tests.benchmarks.rows import Row, skipped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.benchmarks.rows import Plan

SEED = 20261123


def low_rank(rounds: int) -> Iterator[Row]:
    """Target 8, on noise: no gap in the spectrum helps the iteration."""
    from aimath.core.linalg import svd_approx

    for shape, target, turns in (
        ((768, 768), 0.1, rounds),
        ((2048, 2048), 0.035, max(2, rounds // 4)),
        ((8192, 2048), 0.055, max(2, rounds // 4)),
    ):
        name = f"rank 16 of {shape[0]} x {shape[1]}"
        make = lambda rng, shape=shape: (rng.normal(size=shape),)  # noqa: E731
        ours = lambda w: svd_approx(w, 16)  # noqa: E731
        peer = lambda w: np.linalg.svd(w, full_matrices=False)  # noqa: E731
        yield compared(Work(8, name, target, make, ours, peer, "numpy"), turns)
        (weights,) = make(np.random.default_rng(SEED))
        error = float(ours(weights).error)
        least = float(np.linalg.norm(np.linalg.svd(weights, compute_uv=False)[16:]))
        yield Row(8, f"{name}, error / least", f"{error:.6g}", f"{least:.6g}", error / least, 1.001)


def components(rounds: int) -> Iterator[Row]:
    """Target 9: time, memory, and what is left of the digits far from the origin."""
    from sklearn.decomposition import PCA

    from aimath.core.linalg import pca

    data = np.random.default_rng(SEED).normal(size=(1_000_000, 100))
    ours, peer = (lambda x: pca(x, 10)), (lambda x: PCA(10).fit(x))
    work = Work(9, "PCA of 1e6 x 100", 0.95, lambda _: (data,), ours, peer, "scikit-learn")
    yield compared(work, max(3, rounds // 2))
    tracemalloc.start()
    ours(data)
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    yield Row(9, "PCA, beside the data / 32 MiB", f"{peak:.1f} MiB", "32 MiB", peak / 32, 1.0)
    data += 1e8
    found, theirs = ours(data).variance, peer(data).explained_variance_
    data -= 1e8  # exact: what is left are the numbers that both were given
    data -= data.mean(axis=0)
    truth = np.linalg.eigvalsh(data.T @ data / (len(data) - 1))[::-1][:10]
    errors = [float(np.max(np.abs(x / truth - 1))) for x in (found, theirs)]
    texts = [f"{error:.1e}" for error in errors]
    yield Row(9, "PCA at offset 1e8, relative error / 1e-10", *texts, errors[0] / 1e-10, 1.0)


def attention(rounds: int) -> Iterator[Row]:
    """Target 10."""
    import torch

    from aimath.core.linalg import attention as ours

    torch.set_num_threads(1)

    def peer(*arrays: Any) -> Any:
        return torch.nn.functional.scaled_dot_product_attention(*map(torch.from_numpy, arrays))

    for kind, target in ((np.float64, 0.95), (np.float32, 1.3)):
        make = lambda rng, kind=kind: tuple(rng.normal(size=(3, 2, 8, 1024, 64)).astype(kind))  # noqa: E731
        name = f"attention b2 h8 n1024 d64, {kind.__name__}"
        yield compared(Work(10, name, target, make, ours, peer, "torch"), rounds)


def neighbours(rounds: int) -> Iterator[Row]:
    """Target 14: both sides search what they have made ready before; faiss gets unit vectors."""
    import faiss

    from aimath.core.linalg import build_index
    from aimath.core.linalg._neighbours import nearest_neighbours

    faiss.omp_set_num_threads(1)
    rng = np.random.default_rng(SEED)
    vectors = rng.normal(size=(400_000, 100)).astype(np.float32)
    ready, flat = build_index(vectors), faiss.IndexFlatIP(100)
    flat.add(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    for count, target in ((1, 1.5), (100, 0.4)):
        queries = rng.normal(size=(count, 100)).astype(np.float32)
        queries /= np.linalg.norm(queries, axis=1, keepdims=True)
        name = f"top 10 of 4e5 x 100, {count} {'query' if count == 1 else 'queries'}"
        ours, peer = (lambda q: nearest_neighbours(ready, q, 10)), (lambda q: flat.search(q, 10))
        work = Work(14, name, target, lambda _, q=queries: (q,), ours, peer, "faiss")
        yield compared(work, rounds)


def updates(rounds: int) -> Iterator[Row]:
    """Target 20: the ranks that an update needs."""
    from aimath.core.linalg import lora_update

    def pair(rng: np.random.Generator) -> tuple[Any, ...]:
        base = rng.normal(0, 0.02, (2048, 2048))
        return base, base + rng.normal(0, 1e-4, base.shape)

    peer = lambda a, b: np.linalg.svd(b - a, compute_uv=False)  # noqa: E731
    yield compared(
        Work(20, "lora of a 2048² pair", 0.35, pair, lora_update, peer, "numpy"), max(3, rounds // 2)
    )


PARTS: dict[int, tuple[str, Callable[[int], Iterator[Row]]]] = {
    8: ("numpy", low_rank),
    9: ("sklearn", components),
    10: ("torch", attention),
    14: ("faiss", neighbours),
    20: ("numpy", updates),
}


TARGETS = set(PARTS)


def measure(plan: Plan) -> Iterator[Row | str]:
    """Give the rows of the targets asked for, or which peer is missing."""
    for number, (peer, part) in PARTS.items():
        if number in plan.only:
            missing = skipped(number, peer)
            yield from [missing] if missing else part(plan.rounds)
