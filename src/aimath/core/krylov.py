"""The leading singular values of a matrix that may be larger than memory, by block Krylov iteration.

The matrix is a source of row blocks that can be gone through again and again: blocks of a file, or
slices of an array. A pass multiplies every block by a few dozen vectors on both sides; what is kept
between passes has the width of a row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from aimath.core.arrays import Array

if TYPE_CHECKING:
    from numpy.random import Generator

Passes: TypeAlias = Callable[[], Iterable[Array]]  # each call gives the row blocks (rows, n) anew

ITERATIONS, OVERSAMPLING = 5, 10
"""Multiplications by AᵀA, and vectors beyond the rank: enough for 1.001 of the least possible error."""

NOISE = 1e-13
"""What remains of a vector after its projection, relatively, and is no longer more than rounding."""


class Leading(NamedTuple):
    """The k leading singular triplets of a matrix (m, n), and what they leave over."""

    values: Array  # (k,) descending, each at most the true one
    right: Array  # (k, n) orthonormal rows
    left: Array | None  # (m, k) orthonormal columns, if asked for
    rest: float  # squared Frobenius norm of what the triplets leave over
    residuals: Array  # (k,) |v AᵀA - s² v|, how far from an eigenvector each row of `right` is
    rows: int  # m


def leading(
    passes: Passes,
    width: int,
    most: int,
    rng: Generator,
    *,
    iterations: int = ITERATIONS,
    oversampling: int = OVERSAMPLING,
    keep_left: bool = False,
) -> Leading:
    """Give a few more than the `most` leading singular triplets of a matrix of row blocks.

    The best within the span of x, x AᵀA, ..., x (AᵀA)^(iterations - 1), for `most + oversampling`
    random sums x of the rows of A; it is better than the last of these powers alone (scikit-learn's
    randomized_svd) for the same passes. Musco and Musco (2015). It takes iterations + 2 passes.

    >>> blocks = np.diag([3.0, 2.0, 1.0])
    >>> leading(lambda: (blocks,), 3, 1, np.random.default_rng(0)).values.round(9)
    array([3., 2., 1.])
    """
    size = min(most + oversampling, width)
    start, square = np.zeros((size, width)), 0.0
    for block in passes():
        start += rng.standard_normal((len(block), size)).T @ block
        square += float(np.vdot(block, block))
    if square == 0.0:
        start = np.eye(size, width)  # of a zero matrix any vectors will do
    basis, images = _basis(passes, start, iterations)
    grams = basis @ images.T
    ritz, turn = np.linalg.eigh((grams + grams.T) / 2.0)
    # Eigenvalues are squares: where they span more than the digits, all vectors go on to the SVD.
    kept = size if len(ritz) > size and ritz[-size] > 1e-12 * ritz[-1] else len(ritz)
    known = square if square - ritz[len(ritz) - kept :].sum() > 1e-3 * square else None
    found = decomposed(passes, turn[:, ::-1][:, :kept].T @ basis, square=known, keep_left=keep_left)
    beyond = float(np.square(found.values[size:]).sum())
    return found._replace(
        values=found.values[:size],
        right=found.right[:size],
        left=None if found.left is None else found.left[:, :size],
        rest=found.rest + beyond,
        residuals=found.residuals[:size],
    )


def decomposed(
    passes: Passes, basis: Array | None, *, square: float | None = None, keep_left: bool = False
) -> Leading:
    """Give the singular triplets of a matrix within the span of orthonormal rows (k, n), in one pass.

    Without a `basis` these are all there are, as exact as from the whole at once: the
    triangle of a QR decomposition is carried from block to block (Demmel et al. 2012). `square`, the
    squared norm of the matrix, spares subtracting the matrices where little of it cancels.
    """
    pieces: list[Array] = []
    triangle: Array | None = None
    images, rest, rows = 0.0 if basis is None else np.zeros_like(basis), 0.0, 0
    for block in passes():
        rows += len(block)
        projected = block.T if basis is None else basis @ block.T
        if basis is not None:
            images += projected @ block
            if square is None:
                over = block - projected.T @ basis
                rest += float(np.vdot(over, over))
        if keep_left:
            pieces.append(projected)
        else:
            above = projected.T if triangle is None else np.concatenate((triangle, projected.T))
            triangle = np.asarray(np.linalg.qr(above, mode="r"))
    side = np.concatenate(pieces, axis=1).T if triangle is None else triangle
    left, values, turn = np.linalg.svd(side, full_matrices=False)
    if square is not None:
        rest = max(square - float(np.square(values).sum()), 0.0)
    right = turn if basis is None else turn @ basis
    residuals = np.zeros(len(values))
    if basis is not None:
        residuals = np.linalg.norm(turn @ images - np.square(values)[:, np.newaxis] * right, axis=1)
    return Leading(values, right, left if keep_left else None, rest, residuals, rows)


def _basis(passes: Passes, start: Array, iterations: int) -> tuple[Array, Array]:
    """Give orthonormal rows (k, n) of the Krylov space, and the same multiplied by AᵀA."""
    size, width = start.shape
    basis = np.empty((min(iterations * size, width), width))
    images = np.empty_like(basis)
    fresh, k = _orthonormal(start, basis[:0]), 0
    while len(fresh):
        new = slice(k, k + len(fresh))
        basis[new], images[new], k = fresh, 0.0, new.stop
        for block in passes():
            images[new] += (fresh @ block.T) @ block
        if k == len(basis):
            break
        fresh = _orthonormal(images[new], basis[:k])[: len(basis) - k]
    return basis[:k], images[:k]


def _orthonormal(rows: Array, basis: Array) -> Array:
    """Give orthonormal rows for what `rows` (b, n) add to the span of `basis`; maybe fewer, or none."""
    scale = float(np.sqrt(np.square(rows).sum(axis=1).max(initial=0.0)))
    rows = rows - (rows @ basis.T) @ basis
    columns, triangle = np.linalg.qr(rows.T)
    kept = np.abs(np.diagonal(triangle)) > NOISE * scale
    fresh = np.ascontiguousarray(columns.T[kept])
    # What was small lost digits to the projection and leans on the basis again: once more sets it right.
    fresh -= (fresh @ basis.T) @ basis
    return np.asarray(np.linalg.inv(np.linalg.cholesky(fresh @ fresh.T)) @ fresh)
