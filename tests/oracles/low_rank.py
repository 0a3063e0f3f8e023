"""scikit-learn's TruncatedSVD and randomized_svd: the same factors, and never a larger error."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from tests.oracles import draw, pca
from tests.oracles.pca import BACKWARD, EPS, fingerprint

from aimath.core import linalg as decompose

PEERS = ("scikit-learn",)


class Case(NamedTuple):
    weights: Any  # an array, or a name
    rank: int


CASES = {
    "small": Case(draw(1, 12, 8), 3),
    "more columns than rows": Case(draw(2, 5, 40), 2),
    "halving": Case("halving", 6),
    "digits": Case("digits", 8),
    "size of GPT-2's attention": Case("flat", 4),
}


def weights(case: Case) -> np.ndarray:
    if not isinstance(case.weights, str):
        return case.weights
    if case.weights == "digits":
        return pca.rows(pca.CASES["digits"])
    if case.weights == "flat":
        return draw(4, 768, 768)
    return draw(5, 60, 30) * 0.5 ** np.arange(30.0)


def peer(case: Case) -> dict[str, Any]:
    from sklearn.decomposition import TruncatedSVD
    from sklearn.utils.extmath import randomized_svd

    w = weights(case)
    found = TruncatedSVD(case.rank, algorithm="arpack", random_state=0).fit(w)
    left, values, right = randomized_svd(w, case.rank, random_state=0)
    return {
        "sha256": fingerprint(w),
        "singular_values": found.singular_values_,
        "right": found.components_[:, :64],
        "randomized_values": values,
        "randomized_error": np.linalg.norm(w - left * values @ right),
    }


def compare(case: Case, figures: dict[str, Any]) -> None:
    w = weights(case)
    assert fingerprint(w) == figures["sha256"]
    exact = decompose.svd_approx(w, case.rank, exact=True)
    every = exact.singular_values
    error = BACKWARD * EPS * every[0]  # as in pca.py: Weyl, Wedin
    assert (np.abs(every[: case.rank] - figures["singular_values"]) <= error).all()
    gaps = [np.abs(np.delete(every, k) - every[k]).min() for k in range(case.rank)]
    assert (np.abs(exact.right[:, :64] - figures["right"]).max(axis=1) <= error / gaps).all()
    rounding = error * len(w)
    assert exact.error <= figures["randomized_error"] + rounding
    assert (figures["randomized_values"] <= every[: case.rank] + error).all()
    quick = decompose.svd_approx(w, case.rank, randomized=True)
    assert quick.error <= figures["randomized_error"] * (1.0 + 1e-9) + rounding
