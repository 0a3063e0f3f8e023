"""Truncated SVD by block Krylov iteration, and full SVD, of matrices in units of rows.

The matrix is a source of rows that can be gone through again and again: units of a file, or slices of an
array. A pass multiplies every block by a few dozen vectors on both sides; what is kept between passes has
the width of a row.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aimath.core.linalg.decompositions._row_passes import (
    ImagesAccumulator,
    Projection,
    ProjectionAccumulator,
    RandomSums,
    RangeAccumulator,
    Rows,
    TriangleAccumulator,
)

if TYPE_CHECKING:
    from aimath.core.numerics.types import Array
    from aimath.core.numerics.units import Units

ITERATIONS, OVERSAMPLING = 5, 10
"""Multiplications by AᵀA, and vectors beyond the rank: enough for 1.001 of the least possible error."""
DROP_TOLERANCE = 1e-13
"""What remains of a vector after its projection, relatively, and is no longer more than rounding."""


class SingularTriplets(NamedTuple):
    """Leading singular triplets of a matrix (m, n), and the residual they leave."""

    values: Array  # (k,) descending, each at most the true one
    right: Array  # (k, n) orthonormal rows
    left: Array | None  # (m, k) orthonormal columns, if asked for
    squared_residual: float  # squared Frobenius norm of what the triplets leave over
    residuals: Array  # (k,) |v AᵀA - s² v|, how far from an eigenvector each row of `right` is
    rows: int  # m


def block_krylov_svd(
    units: Units,
    taken: Rows,
    max_rank: int,
    seed: int = 0,
    *,
    iterations: int = ITERATIONS,
    compute_u: bool = False,
) -> SingularTriplets:
    """Return at least the `max_rank` leading singular triplets of a matrix in units of rows.

    The best within the span of x, x AᵀA, ..., x (AᵀA)^(iterations - 1), for `most + OVERSAMPLING`
    random sums x of the rows of A; it is better than the last of these powers alone (scikit-learn's
    randomized_svd) for the same passes. Musco and Musco (2015). It takes iterations + 2 passes.

    >>> from aimath.core.numerics.units import as_units
    >>> blocks = np.diag([3.0, 2.0, 1.0])
    >>> block_krylov_svd(as_units(lambda: (blocks,)), Rows(3), 1).values.round(9)
    array([3., 2., 1.])
    """
    size = min(max_rank + OVERSAMPLING, taken.width)
    found: RandomSums = units.reduce(partial(RangeAccumulator, taken, size, seed)).result()
    start, square = found
    if square == 0.0:
        start = np.eye(size, taken.width)  # of a zero matrix any vectors will do
    basis, images = _krylov_basis(units, taken, start, iterations)
    grams = basis @ images.T
    ritz, turn = np.linalg.eigh((grams + grams.T) / 2.0)
    # Eigenvalues are squares: where they span more than the digits, all vectors go on to the SVD.
    kept = size if len(ritz) > size and ritz[-size] > 1e-12 * ritz[-1] else len(ritz)
    known = square if square - ritz[len(ritz) - kept :].sum() > 1e-3 * square else None
    triplets = rayleigh_ritz_svd(
        units, taken, turn[:, ::-1][:, :kept].T @ basis, squared_norm=known, compute_u=compute_u
    )
    beyond = float(np.square(triplets.values[size:]).sum())
    return triplets._replace(
        values=triplets.values[:size],
        right=triplets.right[:size],
        left=None if triplets.left is None else triplets.left[:, :size],
        squared_residual=triplets.squared_residual + beyond,
        residuals=triplets.residuals[:size],
    )


def full_svd(units: Units, taken: Rows) -> SingularTriplets:
    """Return all singular values and right singular vectors of a matrix in units of rows, in one pass.

    >>> from aimath.core.numerics.units import as_units
    >>> full_svd(as_units(lambda: (np.diag([3.0, 2.0]), np.diag([4.0, 0.0]))), Rows(2)).values
    array([5., 2.])
    """
    found = units.reduce(partial(TriangleAccumulator, taken))
    _, values, right = np.linalg.svd(found.result(), full_matrices=False)
    return SingularTriplets(values, right, None, 0.0, np.zeros(len(values)), found.rows)


def rayleigh_ritz_svd(
    units: Units,
    taken: Rows,
    basis: Array,
    *,
    squared_norm: float | None = None,
    compute_u: bool = False,
) -> SingularTriplets:
    """Return the singular triplets within the span of orthonormal rows (k, n), in one pass.

    `square`, the squared norm of the matrix, spares subtracting the matrices where little of it cancels.
    """
    begin = partial(ProjectionAccumulator, taken, basis, squared_norm is None, compute_u)
    found: Projection = units.reduce(begin).result()
    left, values, turn = np.linalg.svd(found.projected, full_matrices=False)
    rest = found.rest if squared_norm is None else max(squared_norm - float(np.square(values).sum()), 0.0)
    right = turn @ basis
    residuals = np.linalg.norm(turn @ found.images - np.square(values)[:, np.newaxis] * right, axis=1)
    return SingularTriplets(values, right, left if compute_u else None, rest, residuals, found.rows)


def _krylov_basis(units: Units, taken: Rows, start: Array, iterations: int) -> tuple[Array, Array]:
    """Return an orthonormal basis (k, n) of the Krylov space, and its images under AᵀA."""
    size, width = start.shape
    basis = np.empty((min(iterations * size, width), width))
    images = np.empty_like(basis)
    fresh, k = _orthonormalize(start, basis[:0]), 0
    while len(fresh):
        new = slice(k, k + len(fresh))
        basis[new], k = fresh, new.stop
        images[new] = units.reduce(partial(ImagesAccumulator, taken, fresh)).result()
        if k == len(basis):
            break
        fresh = _orthonormalize(images[new], basis[:k])[: len(basis) - k]
    return basis[:k], images[:k]


def _orthonormalize(rows: Array, basis: Array) -> Array:
    """Return orthonormal rows for what `rows` (b, n) add to the span of `basis`, maybe none."""
    scale = float(np.sqrt(np.square(rows).sum(axis=1).max(initial=0.0)))
    rows = rows - (rows @ basis.T) @ basis
    columns, triangle = np.linalg.qr(rows.T)
    kept = np.abs(np.diagonal(triangle)) > DROP_TOLERANCE * scale
    fresh = np.ascontiguousarray(columns.T[kept])
    # What was small lost digits to the projection and leans on the basis again: once more sets it right.
    fresh -= (fresh @ basis.T) @ basis
    return np.asarray(np.linalg.inv(np.linalg.cholesky(fresh @ fresh.T)) @ fresh)
