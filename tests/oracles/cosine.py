"""Cosines by torch, scikit-learn and scipy: what aimath is right about where they are not."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

import mpmath as mp
import numpy as np
import pytest
from tests.oracles import draw

from aimath.core.linalg import cosine
from aimath.errors import InputError

PEERS = ("torch", "scikit-learn", "scipy")

EPS = float(np.finfo(np.float64).eps)


class Case(NamedTuple):
    a: list[float]
    b: list[float]
    off: tuple[str, ...] = ()  # peers whose answer is not one


LONG, OTHER = draw(1, 300).tolist(), draw(2, 300).tolist()
ALL = ("torch", "sklearn", "scipy")

CASES = {
    "short": Case([1, 2, 3], [4, 5, 6]),
    "long": Case(LONG, OTHER),
    "opposite": Case([1, 2, 3], [-2, -4, -6]),
    "at right angles": Case([1, 2], [-2, 1]),
    "parallel": Case([0.1, 0.2, 0.7], [0.3, 0.6, 2.1]),
    "with itself": Case([0.1, 0.2, 0.7], [0.1, 0.2, 0.7]),
    "nearly at right angles": Case([1e8, 1.0, -1e8], [1.0, 1e-9, 1.0], off=("torch", "sklearn", "scipy")),
    "1e200": Case([1e200, 2e200], [3e200, 1e200], off=ALL),
    "1e-200": Case([1e-200, 2e-200], [3e-200, 1e-200], off=ALL),
    "1e200 and 1e-200": Case([1e200, 2e200], [3e-200, 1e-200], off=ALL),
    "tiny": Case([1e-9, 2e-9], [3e-9, 1e-9], off=("torch",)),
    "zero": Case([0, 0], [1, 2], off=ALL),
}


def peer(case: Case) -> dict[str, Any]:
    import torch
    from scipy.spatial.distance import cosine as distance
    from sklearn.metrics.pairwise import cosine_similarity

    a, b = (np.array(x, np.float64) for x in (case.a, case.b))
    with np.errstate(all="ignore"):
        return {
            "torch": torch.nn.functional.cosine_similarity(torch.tensor(a), torch.tensor(b), dim=0).item(),
            "sklearn": cosine_similarity(a[np.newaxis], b[np.newaxis])[0, 0],
            "scipy": 1.0 - distance(a, b),
        }


def truth(case: Case) -> float:
    """The cosine with 60 digits, of a dot product in fractions."""
    x, y = ([Fraction(v) for v in vector] for vector in (case.a, case.b))
    dot, aa, bb = (sum(map(Fraction.__mul__, *pair)) for pair in ((x, y), (x, x), (y, y)))
    with mp.workdps(60):
        square = dot * dot / (aa * bb)
        root = float(mp.sqrt(mp.mpf(square.numerator) / square.denominator))
    return root if dot >= 0 else -root


def compare(case: Case, figures: dict[str, np.ndarray]) -> None:
    if not any(case.a):
        with pytest.raises(InputError, match="a is zero"):
            cosine(case.a, case.b)
        return
    found = float(cosine(case.a, case.b).cosine)
    assert found == truth(case)
    for name in sorted(set(ALL) - set(case.off)):
        # A sum of n products is wrong by n eps |a| |b| at most; scipy's 1 - cosine by another eps.
        assert abs(float(figures[name]) - found) <= (2 * len(case.a) + 8) * EPS


WRONG = tuple(name for name, case in CASES.items() if case.off)


def wrong(case: Case, figures: dict[str, np.ndarray]) -> None:
    """Show that the peers named are off in the third digit, or answer where there is nothing to say."""
    for name in case.off:
        assert not any(case.a) or not abs(float(figures[name]) / truth(case) - 1.0) < 1e-3
