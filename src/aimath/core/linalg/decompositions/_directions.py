"""Eigenvectors of a symmetric matrix refined to the last digit, in double-double.

LAPACK's vectors are off by the rounding of the matrix over the gap to the next eigenvalue. From V, whose
rows are nearly the eigenvectors, the two products V G Vᵀ and V Vᵀ tell how far off each is in the
direction of each other; taking that off squares the errors (Ogita and Aishima 2018).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aimath.core.numerics.double_double import two_sum
from aimath.core.numerics.exact import ozaki_split, split_dots

if TYPE_CHECKING:
    from aimath.core.numerics.types import Array

MAX_STEPS = 4
"""Steps taken at most: two are enough unless eigenvalues are nearly equal."""
SMALL_CORRECTION = 2.0**-30
"""A correction this small leaves an error below 2^-60."""
RELATIVE_ROUNDING = 2.0**-96
"""What rounding leaves of products, beside the largest: eigenvalues that are nearer are equal."""
MAX_CORRECTION = 0.25
"""A larger correction of one vector by another is no small one: LAPACK's are kept in this plane."""


class Parts(NamedTuple):
    """A matrix as a double-double: high + low."""

    high: Array
    low: Array

    @property
    def transposed(self) -> Parts:
        """The matrix with rows and columns exchanged."""
        return Parts(np.ascontiguousarray(self.high.T), np.ascontiguousarray(self.low.T))


def gram_matrix(rows: Parts) -> Parts:
    """Return all dot products (d, d) of rows (d, n)."""
    return _dots(rows, rows)


def refine_eigenvectors(g: Parts, vectors: Array) -> Array:
    """Return the orthonormal eigenvectors, rows (d, d), of a symmetric matrix G (d, d) near to `vectors`.

    Vectors of equal eigenvalues are made orthonormal and otherwise left as they are.

    >>> near = np.array([[0.8, 0.6], [-0.6, 0.8]])
    >>> g = Parts(np.array([[2.0, 1.0], [1.0, 2.0]]), np.zeros((2, 2)))
    >>> refine_eigenvectors(g, near).round(12)
    array([[ 0.70710678,  0.70710678],
           [-0.70710678,  0.70710678]])
    """
    found = Parts(vectors, np.zeros_like(vectors))
    with np.errstate(all="ignore"):
        for _ in range(MAX_STEPS):
            correction = _correction(g, found)
            if not np.isfinite(correction).all():
                return vectors
            found = Parts(*two_sum(found.high, found.low + correction.T @ found.high))
            if np.abs(correction).max() <= SMALL_CORRECTION:
                break
    return found.high


def _correction(g: Parts, found: Parts) -> Array:
    """Return the share of row i of `found` that is to be added to row j, at (i, j)."""
    products, squares = _dots(_dots(found, g), found), _dots(found, found)
    excess = (np.eye(len(found.high)) - squares.high) - squares.low
    values = np.diag(products.high)
    gaps = values - values[:, np.newaxis]
    mixed = ((products.high + products.low) + values * excess) / gaps
    largest = np.abs(values).max()
    equal = ~(np.abs(gaps) > RELATIVE_ROUNDING * largest) | ~(np.abs(mixed) <= MAX_CORRECTION)
    return np.where(equal, excess / 2.0, mixed)


def _dots(a: Parts, b: Parts) -> Parts:
    """Return all dot products (r, s) of rows (r, n) with rows (s, n)."""
    sums = split_dots(ozaki_split(a.high), ozaki_split(b.high), all_pairs=True)
    high, low = (np.ldexp(part, sums.exponent) for part in sums[:2])
    return Parts(*two_sum(high, low + (a.high @ b.low.T + a.low @ b.high.T)))
