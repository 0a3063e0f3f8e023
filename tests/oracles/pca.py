"""scikit-learn's PCA: the same variances, the same components with the same signs."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from typing import Any, NamedTuple

import mpmath as mp
import numpy as np
from tests.oracles import draw

from aimath.core import linalg as decompose

PEERS = ("scikit-learn",)

EPS = float(np.finfo(np.float64).eps)

BACKWARD = 16.0
"""Both sides answer exactly for a matrix within so many eps, times its largest value, of the one given: LAPACK
promises a small multiple of eps that grows slowly with the size; 5 is the most seen here."""

COVARIANCE = 64.0
"""The same for a covariance, whose entries are sums of as many squares as there are rows; 24 is the most seen."""


class Case(NamedTuple):
    rows: Any  # an array, or a name
    components: int
    whiten: bool = False
    solver: str = "full"


SCALES = np.array([4.0, 3.0, 2.0, 1.0])
PLANE = draw(4, 20, 1) * [1.0, 2.0, 3.0, 4.0] + draw(5, 20, 1) * [0.5, -0.25, 0.5, -0.25]

CASES = {
    "small": Case(draw(1, 6, 3), 3),
    "two rows": Case(draw(2, 2, 3), 1),
    "more columns than rows": Case(draw(3, 4, 9), 3),
    "whitened": Case(draw(1, 30, 4) * SCALES, 4, whiten=True),
    "of rank 2": Case(PLANE, 2),
    "digits": Case("digits", 5),
    "digits whitened": Case("digits", 3, whiten=True),
    "digits by covariance": Case("digits", 3, solver="covariance_eigh"),
    "size of GPT-2's embedding": Case("wide", 4),
    "far away": Case(draw(5, 80, 4) * SCALES + 1e8, 4, solver="auto"),
}


def rows(case: Case) -> np.ndarray:
    if not isinstance(case.rows, str):
        return case.rows
    if case.rows == "wide":
        return draw(6, 1600, 768) / np.arange(1.0, 769.0)
    from aimath.read._datasets import load_digits

    return load_digits("digits")[0]


def peer(case: Case) -> dict[str, Any]:
    from sklearn.datasets import load_digits
    from sklearn.decomposition import PCA

    # The digits that ship with aimath must be those that ship with scikit-learn.
    x = load_digits().data if isinstance(case.rows, str) and case.rows == "digits" else rows(case)
    found = PCA(case.components, whiten=case.whiten, svd_solver=case.solver)
    projected = found.fit_transform(x)
    return {
        "sha256": fingerprint(x),
        "mean": found.mean_[:64],
        "components": found.components_[:, :64],
        "variance": found.explained_variance_,
        "ratio": found.explained_variance_ratio_,
        "projected": projected[:5],
        "singular_values": found.singular_values_,
    }


def compare(case: Case, figures: dict[str, Any]) -> None:
    x, k = rows(case), case.components
    assert fingerprint(x) == figures["sha256"]
    found = decompose.pca(x, k, case.whiten)
    if case.solver == "auto":
        right(found, x)
        return
    # An error of E moves values by E (Weyl) and vectors by E over the gap to the next value (Davis and
    # Kahan, Wedin); the values are those of the matrix that is decomposed, of a covariance the squares.
    power, most = (2.0, COVARIANCE) if "covariance" in found.method + case.solver else (1.0, BACKWARD)
    values = decompose.pca(x).singular_values ** power
    error = most * EPS * values[0]
    gaps = np.array([np.abs(np.delete(values, j) - values[j]).min(initial=values[j]) for j in range(k)])
    near, relative = error / gaps, error / values[:k] / power
    assert (np.abs(found.components[:, :64] - figures["components"]).max(axis=1) <= near).all()
    assert (np.abs(found.singular_values / figures["singular_values"] - 1.0) <= relative).all()
    assert (np.abs(found.variance / figures["variance"] - 1.0) <= 2.0 * relative).all()
    assert (np.abs(found.ratio / figures["ratio"] - 1.0) <= 2.0 * relative).all()
    size = np.linalg.norm(x[:5] - found.mean, axis=1)[:, np.newaxis] * (near + relative)
    size = size / (np.sqrt(found.variance) if case.whiten else 1.0)
    assert (np.abs(found.projected[:5] - figures["projected"]) <= size).all()
    largest = np.abs(x).max(axis=0)[:64]
    assert (np.abs(found.mean[:64] - figures["mean"]) <= len(x) * EPS / 2.0 * largest).all()  # a plain sum


def fingerprint(x: np.ndarray) -> str:
    """Name an input that is not stored."""
    return hashlib.sha256(np.ascontiguousarray(x, "<f8").tobytes()).hexdigest()


def truth(x: np.ndarray) -> list[float]:
    """Variances with 50 digits, from a covariance in fractions."""
    columns = [[Fraction(v) for v in column] for column in x.T.tolist()]
    centred = [[v - sum(column) / len(x) for v in column] for column in columns]
    cov = [[sum(map(Fraction.__mul__, a, b)) / (len(x) - 1) for b in centred] for a in centred]
    with mp.workdps(50):
        exact = mp.matrix([[mp.mpf(v.numerator) / v.denominator for v in row] for row in cov])
        return sorted((float(v) for v in mp.eigsy(exact, eigvals_only=True)), reverse=True)


def right(found: Any, x: np.ndarray) -> None:
    """At an offset of 1e8 variances keep all their digits but the last."""
    values = np.array(truth(x))
    errors = np.abs(found.variance / values - 1.0)
    assert (errors <= 2.0 * BACKWARD * EPS * np.sqrt(values[0] / values)).all()


WRONG = ("far away",)


def wrong(case: Case, figures: dict[str, np.ndarray]) -> None:
    """Show that scikit-learn's default, which squares before it centres, has lost the first digit."""
    assert np.abs(figures["variance"] / truth(rows(case)) - 1.0).max() > 0.1
