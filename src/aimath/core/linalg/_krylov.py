"""Truncated SVD by block Krylov iteration, and full SVD, of matrices in row blocks.

The matrix is a source of row blocks that can be gone through again and again: blocks of a file, or
slices of an array. A pass multiplies every block by a few dozen vectors on both sides; what is kept
between passes has the width of a row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from aimath.core.numerics.types import Array

if TYPE_CHECKING:
    from numpy.random import Generator

BlockSource: TypeAlias = Callable[[], Iterable[Array]]  # each call gives the row blocks (rows, n) anew
ITERATIONS, OVERSAMPLING = 5, 10
"""Multiplications by AᵀA, and vectors beyond the rank: enough for 1.001 of the least possible error."""
MAX_FIRST_CONDITION, MAX_GRAM_RATIO = 1e6, 100.0
"""Products of rows cost small singular values more digits than QR does where the first rows are worse
conditioned, or all are more times as many along one direction than along another, in units of the first."""
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
    read_blocks: BlockSource,
    width: int,
    max_rank: int,
    rng: Generator,
    *,
    iterations: int = ITERATIONS,
    compute_u: bool = False,
) -> SingularTriplets:
    """Return at least the `max_rank` leading singular triplets of a matrix of row blocks.

    The best within the span of x, x AᵀA, ..., x (AᵀA)^(iterations - 1), for `most + OVERSAMPLING`
    random sums x of the rows of A; it is better than the last of these powers alone (scikit-learn's
    randomized_svd) for the same passes. Musco and Musco (2015). It takes iterations + 2 passes.

    >>> blocks = np.diag([3.0, 2.0, 1.0])
    >>> block_krylov_svd(lambda: (blocks,), 3, 1, np.random.default_rng(0)).values.round(9)
    array([3., 2., 1.])
    """
    size = min(max_rank + OVERSAMPLING, width)
    start, square = np.zeros((size, width)), 0.0
    for block in read_blocks():
        start += rng.standard_normal((len(block), size)).T @ block
        square += float(np.vdot(block, block))
    if square == 0.0:
        start = np.eye(size, width)  # of a zero matrix any vectors will do
    basis, images = _krylov_basis(read_blocks, start, iterations)
    grams = basis @ images.T
    ritz, turn = np.linalg.eigh((grams + grams.T) / 2.0)
    # Eigenvalues are squares: where they span more than the digits, all vectors go on to the SVD.
    kept = size if len(ritz) > size and ritz[-size] > 1e-12 * ritz[-1] else len(ritz)
    known = square if square - ritz[len(ritz) - kept :].sum() > 1e-3 * square else None
    found = rayleigh_ritz_svd(
        read_blocks, turn[:, ::-1][:, :kept].T @ basis, squared_norm=known, compute_u=compute_u
    )
    beyond = float(np.square(found.values[size:]).sum())
    return found._replace(
        values=found.values[:size],
        right=found.right[:size],
        left=None if found.left is None else found.left[:, :size],
        squared_residual=found.squared_residual + beyond,
        residuals=found.residuals[:size],
    )


def full_svd(read_blocks: BlockSource) -> SingularTriplets:
    """Return all singular values and right singular vectors of a matrix of row blocks.

    As exact as from the whole at once. If the first rows, as triangle R, are well-conditioned, the
    others are made nearly orthonormal by R^-1, and the squares of what is lose no digits of small
    values; C R stands for A, where CᵀC is the sum of the products of rows of A R^-1 (Garrison and
    Ipsen 2024). That is a third of the work of a QR decomposition, which serves all others.

    >>> full_svd(lambda: (np.diag([3.0, 2.0]), np.diag([4.0, 0.0]))).values
    array([5., 2.])
    """
    blocks = iter(read_blocks())
    first = next(blocks)
    side, rows = _tsqr(first[:0], 0, iter((first,)))
    found, spread = None, np.linalg.svd(side, compute_uv=False)
    if len(first) >= 2 * first.shape[1] and spread[-1] * MAX_FIRST_CONDITION > spread[0]:
        found = _preconditioned_gram(side, rows, blocks)
        if found is None:
            side, rows, blocks = first[:0], 0, iter(read_blocks())
    side, rows = found or _tsqr(side, rows, blocks)
    _, values, right = np.linalg.svd(side, full_matrices=False)
    return SingularTriplets(values, right, None, 0.0, np.zeros(len(values)), rows)


def _tsqr(r: Array, rows: int, blocks: Iterator[Array]) -> tuple[Array, int]:
    """Return the R of a QR decomposition updated block by block (TSQR, Demmel et al. 2012)."""
    for block in blocks:
        r = np.asarray(np.linalg.qr(np.concatenate((r, block)), mode="r"))
        rows += len(block)
    return r, rows


def _preconditioned_gram(r: Array, rows: int, blocks: Iterator[Array]) -> tuple[Array, int] | None:
    """Return a factor with the singular values of all rows, or None if it is ill-conditioned."""
    inverse, products = np.linalg.inv(r), np.eye(len(r))
    for block in blocks:
        even = block @ inverse
        products += even.T @ even
        rows += len(block)
    squares, turn = np.linalg.eigh(products)
    if not squares[0] * MAX_GRAM_RATIO > squares[-1]:
        return None
    return np.sqrt(squares)[:, np.newaxis] * turn.T @ r, rows


def rayleigh_ritz_svd(
    read_blocks: BlockSource, basis: Array, *, squared_norm: float | None = None, compute_u: bool = False
) -> SingularTriplets:
    """Return the singular triplets within the span of orthonormal rows (k, n), in one pass.

    `square`, the squared norm of the matrix, spares subtracting the matrices where little of it cancels.
    """
    pieces: list[Array] = []
    triangle = np.zeros((0, len(basis)))
    images, rest, rows = np.zeros_like(basis), 0.0, 0
    for block in read_blocks():
        rows += len(block)
        projected = basis @ block.T
        images += projected @ block
        if squared_norm is None:
            over = block - projected.T @ basis
            rest += float(np.vdot(over, over))
        if compute_u:
            pieces.append(projected)
        else:
            triangle, _ = _tsqr(triangle, 0, iter((projected.T,)))
    side = np.concatenate(pieces, axis=1).T if compute_u else triangle
    left, values, turn = np.linalg.svd(side, full_matrices=False)
    if squared_norm is not None:
        rest = max(squared_norm - float(np.square(values).sum()), 0.0)
    right = turn @ basis
    residuals = np.linalg.norm(turn @ images - np.square(values)[:, np.newaxis] * right, axis=1)
    return SingularTriplets(values, right, left if compute_u else None, rest, residuals, rows)


def _krylov_basis(read_blocks: BlockSource, start: Array, iterations: int) -> tuple[Array, Array]:
    """Return an orthonormal basis (k, n) of the Krylov space, and its images under AᵀA."""
    size, width = start.shape
    basis = np.empty((min(iterations * size, width), width))
    images = np.empty_like(basis)
    fresh, k = _orthonormalize(start, basis[:0]), 0
    while len(fresh):
        new = slice(k, k + len(fresh))
        basis[new], images[new], k = fresh, 0.0, new.stop
        for block in read_blocks():
            images[new] += (fresh @ block.T) @ block
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
