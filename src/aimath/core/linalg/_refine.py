"""Eigenvalues and singular values to their last digits, and one sign for their vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from aimath.core.numerics import exact
from aimath.core.numerics.double_double import two_prod

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from aimath.core.numerics.types import Array

MOST = 1 << 21
"""Multiplications up to which matrices are small: those of 128 x 128, which take some milliseconds more."""


def eigenvalues(a: Array, values: Array, vectors: Array) -> Array:
    """Give v · A v / v · v of a symmetric matrix (n, n) for each column v (n, n), in place of values (n,).

    >>> eigenvalues(np.diag([1.0, 2.0]), np.array([0.9, 2.1]), np.eye(2))
    array([1., 2.])
    """
    if a.size * len(a) > MOST:
        return values
    rows = np.ascontiguousarray(vectors.T)
    with np.errstate(all="ignore"):
        return _corrected(values, np.vecdot(rows, _residuals(a, rows, values, rows)))


def decomposed(w: Array) -> tuple[Array, Array, Array]:
    """Give the singular value decomposition U (m, k), s (k,) descending, Vᵀ (k, n), k = min(m, n).

    s = |u · W v| / |u| |v|.

    >>> decomposed(np.diag([3.0, 4.0]))[1]
    array([4., 3.])
    """
    left, values, right = np.linalg.svd(w, full_matrices=False)
    if w.size * len(values) > MOST:
        return left, values, right
    columns = np.ascontiguousarray(left.T)
    with np.errstate(all="ignore"):
        more = np.vecdot(columns, _residuals(w, right, values, columns))
        more += values * (_over_1(columns) - _over_1(right)) / 2.0
        values = np.abs(_corrected(values, more))
    order = np.argsort(-values, kind="stable")  # what is nearly equal may have changed places
    return left[:, order], values[order], right[order]


def _residuals(w: Array, rows: Array, values: Array, others: Array) -> Array:
    """Give W v - s u (k, m) for rows v (k, n), values s (k,) and rows u (k, m), with digits of their own."""
    high, low, _, power = exact.sums(exact.sliced(rows), exact.sliced(w), pairs=True)
    product, rest = two_prod(values[:, np.newaxis], others)
    return (np.ldexp(high, power) - product) + (np.ldexp(low, power) - rest)


def _over_1(rows: Array) -> Array:
    """Give v · v - 1 (k,) of rows v (k, n), which are nearly of length 1."""
    slices = exact.sliced(rows)
    high, low, _, power = exact.sums(slices, slices, pairs=False)
    return (np.ldexp(high, power) - 1.0) + np.ldexp(low, power)


def _corrected(values: Array, by: Array) -> Array:
    """Give the sums, and the values as they were where products have left float64."""
    return np.where(np.isfinite(by), values + by, values)


def upright(rows: Array) -> Array:
    """Give for each row (k, n) the sign, 1 or -1, that makes its entry of largest size positive.

    As scikit-learn does since 1.5; but of entries of one size up to rounding the first counts, so
    that [a, -a] doesn't turn over from one machine to the next.

    >>> upright(np.array([[0.6, -0.8], [-0.5, 0.5]]))
    array([-1., -1.])
    """
    return np.where(np.take_along_axis(rows, largest(rows), axis=-1)[..., 0] < 0.0, -1.0, 1.0)


def largest(rows: Array) -> NDArray[np.intp]:
    """Give where each row (..., k, n) is largest in size, (..., k, 1)."""
    sizes = np.abs(rows)
    near = sizes >= sizes.max(axis=-1, keepdims=True) * (1.0 - 1e-9)
    return np.expand_dims(np.argmax(near, axis=-1), -1)
