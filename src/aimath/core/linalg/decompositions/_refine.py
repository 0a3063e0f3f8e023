"""Eigenvalues and singular values refined to the last digit, and sign conventions of vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from aimath.core.numerics import exact
from aimath.core.numerics.double_double import two_prod

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from aimath.core.numerics.types import Array

MAX_MULTIPLICATIONS = 1 << 21
"""Multiplications up to which matrices are small: those of 128 x 128, which take some milliseconds more."""


def refine_eigenvalues(a: Array, values: Array, vectors: Array) -> Array:
    """Return the Rayleigh quotients v · A v / v · v of the columns v of vectors (n, n).

    >>> refine_eigenvalues(np.diag([1.0, 2.0]), np.array([0.9, 2.1]), np.eye(2))
    array([1., 2.])
    """
    if a.size * len(a) > MAX_MULTIPLICATIONS:
        return values
    rows = np.ascontiguousarray(vectors.T)
    with np.errstate(all="ignore"):
        return _add_correction(values, np.vecdot(rows, _residuals(a, rows, values, rows)))


def refine_svd(w: Array) -> tuple[Array, Array, Array]:
    """Return the singular value decomposition U (m, k), s (k,) descending, Vᵀ (k, n), k = min(m, n).

    s = |u · W v| / |u| |v|.

    >>> refine_svd(np.diag([3.0, 4.0]))[1]
    array([4., 3.])
    """
    left, values, right = np.linalg.svd(w, full_matrices=False)
    if w.size * len(values) > MAX_MULTIPLICATIONS:
        return left, values, right
    columns = np.ascontiguousarray(left.T)
    with np.errstate(all="ignore"):
        more = np.vecdot(columns, _residuals(w, right, values, columns))
        more += values * (_norm_excess(columns) - _norm_excess(right)) / 2.0
        values = np.abs(_add_correction(values, more))
    order = np.argsort(-values, kind="stable")  # what is nearly equal may have changed places
    return left[:, order], values[order], right[order]


def _residuals(w: Array, rows: Array, values: Array, others: Array) -> Array:
    """Return the residuals W v - s u (k, m) of rows v (k, n), values s (k,) and rows u (k, m)."""
    high, low, _, power = exact.split_dots(exact.ozaki_split(rows), exact.ozaki_split(w), all_pairs=True)
    product, rest = two_prod(values[:, np.newaxis], others)
    return (np.ldexp(high, power) - product) + (np.ldexp(low, power) - rest)


def _norm_excess(rows: Array) -> Array:
    """Return v · v - 1 (k,) of rows v (k, n) that are nearly unit vectors."""
    slices = exact.ozaki_split(rows)
    high, low, _, power = exact.split_dots(slices, slices, all_pairs=False)
    return (np.ldexp(high, power) - 1.0) + np.ldexp(low, power)


def _add_correction(values: Array, correction: Array) -> Array:
    """Return values + correction, and the values alone where the correction isn't finite."""
    return np.where(np.isfinite(correction), values + correction, values)


def svd_flip(rows: Array) -> Array:
    """Return the sign, 1 or -1, that makes each row's (k, n) entry of largest magnitude positive.

    As scikit-learn does since 1.5; but of entries of one size up to rounding the first counts, so
    that [a, -a] doesn't turn over from one machine to the next.

    >>> svd_flip(np.array([[0.6, -0.8], [-0.5, 0.5]]))
    array([-1., -1.])
    """
    return np.where(np.take_along_axis(rows, argmax_abs(rows), axis=-1)[..., 0] < 0.0, -1.0, 1.0)


def argmax_abs(rows: Array) -> NDArray[np.intp]:
    """Return the index (..., k, 1) of each row's entry of largest magnitude."""
    sizes = np.abs(rows)
    near = sizes >= sizes.max(axis=-1, keepdims=True) * (1.0 - 1e-9)
    return np.expand_dims(np.argmax(near, axis=-1), -1)
