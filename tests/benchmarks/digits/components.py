"""Singular values and what is made of them: low rank, LoRA, principal components."""

from __future__ import annotations

from typing import Any

import mpmath as mp
import numpy as np
from tests.benchmarks.digits.case import Case, exact, of_largest, over
from tests.benchmarks.digits.matrices import hilbert, turned, upright
from tests.benchmarks.digits.peers import decomposition, linalg, tensors, torch

from aimath.core import linalg as decompose

SAMPLES = 12
STEEP = np.geomspace(1, 1e-12, 6)


def values_of(a: Any) -> list[Any]:
    return list(mp.svd_r(mp.matrix(exact(a)), compute_uv=False))


def singular_values(rng: np.random.Generator) -> list[Case]:
    kinds = {
        "N(0, 1)": [(rng.normal(size=(8, 5)),) for _ in range(SAMPLES)],
        "condition 1e12": [(turned(rng, STEEP),) for _ in range(SAMPLES)],
        "Hilbert 5 .. 8": [(hilbert(n),) for n in range(5, 9)],
    }
    condition = over(
        {"N(0, 1)": kinds["N(0, 1)"]},
        "svd-approx",
        lambda a: max(values_of(a)) / min(values_of(a)),
        lambda a: decompose.svd_approx(a, 1).condition,
        what="condition of 8 x 5",
        numpy=np.linalg.cond,
        torch=tensors(torch.linalg.cond),
    )
    return condition + over(
        kinds,
        "svd-approx",
        values_of,
        lambda a: decompose.svd_approx(a, 1).singular_values,
        what="singular values",
        numpy=lambda a: np.linalg.svd(a, compute_uv=False),
        scipy=linalg.svdvals,
        torch=tensors(torch.linalg.svdvals),
    )


def cuts(rng: np.random.Generator) -> list[Case]:
    """Compare the error of rank 2; the peers measure what they left, ours needs no subtraction."""

    def left(a: Any, svd: Any) -> Any:
        u, s, v = svd(a)
        return np.linalg.norm(a - u[:, :2] * s[:2] @ v[:2])

    def by_sklearn(a: Any) -> Any:
        model = decomposition.TruncatedSVD(2, algorithm="arpack", random_state=0)
        return np.linalg.norm(a - model.inverse_transform(model.fit_transform(a)))

    kinds = {
        "N(0, 1)": [(rng.normal(size=(8, 5)),) for _ in range(SAMPLES)],
        "condition 1e12": [(turned(rng, STEEP),) for _ in range(SAMPLES)],
    }
    return over(
        kinds,
        "svd-approx",
        lambda a: mp.sqrt(mp.fsum(s * s for s in values_of(a)[2:])),
        lambda a: decompose.svd_approx(a, 2).error,
        what="error of rank 2",
        numpy=lambda a: left(a, lambda x: np.linalg.svd(x, full_matrices=False)),
        scipy=lambda a: left(a, lambda x: linalg.svd(x, full_matrices=False)),
        torch=lambda a: left(a, lambda x: [t.numpy() for t in torch.linalg.svd(torch.tensor(x), False)]),
        sklearn=by_sklearn,
    )


def adapters(rng: np.random.Generator) -> list[Case]:
    """Compare the energy that each rank keeps, and what is counted."""

    def kept(base: Any, tuned: Any) -> list[Any]:
        gap = mp.matrix(exact(tuned)) - mp.matrix(exact(base))
        squares = [s * s for s in mp.svd_r(gap, compute_uv=False)]
        return [mp.fsum(squares[:k]) / mp.fsum(squares) for k in range(len(squares) + 1)]

    def by_numpy(svd: Any, gap: Any) -> Any:
        squares = np.square(svd(gap))
        return np.append(0.0, np.cumsum(squares) / squares.sum())

    bases = [rng.normal(size=(7, 5)) for _ in range(SAMPLES)]
    thin = [1e-3 * rng.normal(size=(7, 2)) @ rng.normal(size=(2, 5)) for _ in range(SAMPLES)]
    kinds = {
        "N(0, 1)": [(a, rng.normal(size=(7, 5))) for a in bases],
        "a small change of rank 2": [(a, a + b) for a, b in zip(bases, thin, strict=True)],
    }
    energies = over(
        kinds,
        "lora",
        kept,
        lambda a, b: decompose.lora_update(a, b).kept,
        what="energy",
        numpy=lambda a, b: by_numpy(lambda x: np.linalg.svd(x, compute_uv=False), b - a),
        scipy=lambda a, b: by_numpy(linalg.svdvals, b - a),
        torch=lambda a, b: by_numpy(lambda x: torch.linalg.svdvals(torch.tensor(x)).numpy(), b - a),
    )
    sizes = [(int(m), int(n), int(r)) for m, n, r in rng.integers(64, 5000, (SAMPLES, 3)).tolist()]
    counts = over(
        {"percent of full, of total": [(m, n, min(m, n, r)) for m, n, r in sizes]},
        "lora",
        lambda m, n, r: [
            mp.mpf(100 * r * (m + n)) / (m * n),
            mp.mpf(100 * r * (m + n)) / (m * n + r * (m + n)),
        ],
        lambda m, n, r: list(decompose.lora(shape=(m, n), rank=r)[5:7]),
    )
    return energies + counts


def components_of(x: Any) -> tuple[list[Any], list[list[Any]], list[list[Any]]]:
    """Give variances, directions and coordinates of rows."""
    rows, n = mp.matrix(exact(x)), len(x)
    means = [mp.fsum(rows[:, j]) / n for j in range(rows.cols)]
    centred = mp.matrix([[rows[i, j] - means[j] for j in range(rows.cols)] for i in range(n)])
    values, vectors = mp.eigsy(centred.T * centred / (n - 1))
    axes = [list(vectors[:, k]) for k in reversed(range(rows.cols))]
    axes = [[e * mp.sign(max(axis, key=abs)) for e in axis] for axis in axes]
    return list(values)[::-1], axes, (centred * mp.matrix(axes).T).tolist()


def numpys(x: Any) -> tuple[Any, Any, Any]:
    values, vectors = np.linalg.eigh(np.cov(x.T))
    axes = upright(vectors.T[::-1])
    return values[::-1], axes, (x - x.mean(axis=0)) @ axes.T


def torchs(x: Any) -> tuple[Any, Any, Any]:
    data = torch.tensor(x)
    _, s, v = torch.pca_lowrank(data, q=x.shape[1])
    axes = upright(v.T)
    return s.numpy() ** 2 / (len(x) - 1), axes, (x - x.mean(axis=0)) @ axes.T


def sklearns(x: Any) -> tuple[Any, Any, Any]:
    model = decomposition.PCA().fit(x)
    return model.explained_variance_, model.components_, model.transform(x)


def ours(x: Any) -> tuple[Any, Any, Any]:
    found = decompose.pca(x)
    return found.variance, found.components, found.projected


def principal(rng: np.random.Generator) -> list[Case]:
    spread = [rng.normal(size=(50, 4)) * [3, 2, 1, 0.5] for _ in range(SAMPLES)]
    steep = [rng.normal(size=(50, 4)) * [1, 1e-2, 1e-4, 1e-6] @ turned(rng, np.ones(4)) for _ in spread]
    kinds = {
        "N(0, 1)": [(x,) for x in spread],
        "offset 1e8": [(x + 1e8,) for x in spread],
        "variances 1 .. 1e-12": [(x,) for x in steep],
    }
    found = []
    for k, (what, measure) in enumerate(
        {"variances": of_largest, "directions": of_largest, "coordinates": of_largest}.items()
    ):
        sides = {"numpy": numpys, "torch": torchs, "sklearn": sklearns}
        peers = {name: lambda x, side=side, k=k: side(x)[k] for name, side in sides.items()}
        truth, mine = (lambda x, k=k: components_of(x)[k]), (lambda x, k=k: ours(x)[k])
        found += over(kinds, "pca", truth, mine, what=what, measure=measure, **peers)
    return found


def cases(rng: np.random.Generator) -> list[Case]:
    """List the cases."""
    return [*singular_values(rng), *cuts(rng), *adapters(rng), *principal(rng)]
