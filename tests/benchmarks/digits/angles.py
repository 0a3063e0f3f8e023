"""Directions: cosine, the angle between vectors, and analogies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mpmath as mp
import numpy as np
from tests.benchmarks.digits.case import Case, exact, over
from tests.benchmarks.digits.peers import distance, functional, linalg, pairwise, tensors, torch

from aimath.core import linalg as linear

if TYPE_CHECKING:
    from tests.benchmarks.digits.case import Operands

SAMPLES = 100


def norm(a: Any) -> Any:
    return mp.sqrt(mp.fdot(a, a))


def cosine(a: Any, b: Any) -> Any:
    x, y = exact(a), exact(b)
    return mp.fdot(x, y) / (norm(x) * norm(y))


def angle(a: Any, b: Any) -> Any:
    x, y = exact(a), exact(b)
    u, v = [k / norm(x) for k in x], [k / norm(y) for k in y]
    apart, along = (
        norm([s - t for s, t in zip(u, v, strict=True)]),
        norm([s + t for s, t in zip(u, v, strict=True)]),
    )
    return mp.degrees(2 * mp.atan2(apart, along))


def by_numpy(a: Any, b: Any) -> Any:
    return a @ b / (np.linalg.norm(a) * np.linalg.norm(b))


def similarity(a: Any, b: Any) -> Any:
    return functional.cosine_similarity(a, b, dim=-1)


def pairs(rng: np.random.Generator) -> dict[str, Operands]:
    plain = [tuple(rng.normal(size=(2, 10))) for _ in range(SAMPLES)]
    square = [(a, b - a * (a @ b) / (a @ a)) for a, b in plain]
    return {
        "N(0, 1)": plain,
        "nearly at right angles": square,
        "parallel": [(a, a * 3) for a, _ in plain],
        "entries of 1e-200": [(a * 1e-200, b * 1e-200) for a, b in plain],
        "entries of 1e200": [(a * 1e200, b * 1e200) for a, b in plain],
    }


def acute(rng: np.random.Generator) -> dict[str, Operands]:
    wide = [tuple(rng.uniform(size=(2, 10))) for _ in range(SAMPLES)]
    return {
        "below 90": wide,
        "of 1e-6": [(a, a + 1e-8 * b) for a, b in wide],
    }


def analogies(rng: np.random.Generator) -> list[Case]:
    """Compare the cosines of all words with a - b + c, in the order in which ours come."""
    words = tuple("abcdefghijkl")
    sets = [(rng.normal(size=(12, 8)),) for _ in range(20)]

    def truth(vectors: Any) -> Any:
        a, b, c, *others = exact(vectors)
        target = [p - q + r for p, q, r in zip(a, b, c, strict=True)]
        return sorted((mp.fdot(target, x) / (norm(target) * norm(x)) for x in others), reverse=True)

    def falling(values: Any) -> Any:
        return np.sort(np.ravel(values))[::-1]

    return over(
        {"N(0, 1)": sets},
        "analogy",
        truth,
        lambda v: linear.analogy("a", "b", "c", v, words, top=9).similarities,
        what="similarities",
        numpy=lambda v: falling([by_numpy(v[0] - v[1] + v[2], x) for x in v[3:]]),
        torch=tensors(lambda v: falling(similarity(v[0] - v[1] + v[2], v[3:]).numpy())),
        sklearn=lambda v: falling(pairwise.cosine_similarity([v[0] - v[1] + v[2]], v[3:])),
    )


def cases(rng: np.random.Generator) -> list[Case]:
    """List the cases."""
    cosines = over(
        pairs(rng),
        "cosine",
        cosine,
        lambda a, b: linear.cosine(a, b).cosine,
        numpy=by_numpy,
        scipy=lambda a, b: 1 - distance.cosine(a, b),
        torch=tensors(similarity),
        sklearn=lambda a, b: pairwise.cosine_similarity([a], [b]),
    )
    angles = over(
        acute(rng),
        "cosine",
        angle,
        lambda a, b: linear.cosine(a, b).angle,
        what="angles in degrees",
        numpy=lambda a, b: np.degrees(np.arccos(by_numpy(a, b))),
        scipy=lambda a, b: np.degrees(linalg.subspace_angles(a[:, None], b[:, None])),
        torch=tensors(lambda a, b: torch.rad2deg(torch.acos(similarity(a, b)))),
    )
    return [*cosines, *angles, *analogies(rng)]
