"""The leading singular values of a matrix that may be larger than memory, by block Krylov iteration.

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

Passes: TypeAlias = Callable[[], Iterable[Array]]  # each call gives the row blocks (rows, n) anew
ITERATIONS, OVERSAMPLING = 5, 10
"""Multiplications by AᵀA, and vectors beyond the rank: enough for 1.001 of the least possible error."""
ILL, UNLIKE = 1e6, 100.0
"""Products of rows cost small singular values more digits than QR does where the first rows are worse
conditioned, or all are more times as many along one direction than along another, in units of the first."""
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
    keep_left: bool = False,
) -> Leading:
    """Give a few more than the `most` leading singular triplets of a matrix of row blocks.

    The best within the span of x, x AᵀA, ..., x (AᵀA)^(iterations - 1), for `most + OVERSAMPLING`
    random sums x of the rows of A; it is better than the last of these powers alone (scikit-learn's
    randomized_svd) for the same passes. Musco and Musco (2015). It takes iterations + 2 passes.

    >>> blocks = np.diag([3.0, 2.0, 1.0])
    >>> leading(lambda: (blocks,), 3, 1, np.random.default_rng(0)).values.round(9)
    array([3., 2., 1.])
    """
    size = min(most + OVERSAMPLING, width)
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


def every(passes: Passes) -> Leading:
    """Give all singular values and right vectors of a matrix A, in one pass if its rows are alike.

    As exact as from the whole at once. If the first rows, as triangle R, are well-conditioned, the
    others are made nearly orthonormal by R^-1, and the squares of what is lose no digits of small
    values; C R stands for A, where CᵀC is the sum of the products of rows of A R^-1 (Garrison and
    Ipsen 2024). That is a third of the work of a QR decomposition, which serves all others.

    >>> every(lambda: (np.diag([3.0, 2.0]), np.diag([4.0, 0.0]))).values
    array([5., 2.])
    """
    blocks = iter(passes())
    first = next(blocks)
    side, rows = _triangle(first[:0], 0, iter((first,)))
    found, spread = None, np.linalg.svd(side, compute_uv=False)
    if len(first) >= 2 * first.shape[1] and spread[-1] * ILL > spread[0]:
        found = _by_products(side, rows, blocks)
        if found is None:
            side, rows, blocks = first[:0], 0, iter(passes())
    side, rows = found or _triangle(side, rows, blocks)
    _, values, right = np.linalg.svd(side, full_matrices=False)
    return Leading(values, right, None, 0.0, np.zeros(len(values)), rows)


def _triangle(triangle: Array, rows: int, blocks: Iterator[Array]) -> tuple[Array, int]:
    """Carry the triangle of a QR decomposition from block to block (Demmel et al. 2012)."""
    for block in blocks:
        triangle = np.asarray(np.linalg.qr(np.concatenate((triangle, block)), mode="r"))
        rows += len(block)
    return triangle, rows


def _by_products(triangle: Array, rows: int, blocks: Iterator[Array]) -> tuple[Array, int] | None:
    """Give what stands for all rows, or None where the others are not of the kind of the first."""
    inverse, products = np.linalg.inv(triangle), np.eye(len(triangle))
    for block in blocks:
        even = block @ inverse
        products += even.T @ even
        rows += len(block)
    squares, turn = np.linalg.eigh(products)
    if not squares[0] * UNLIKE > squares[-1]:
        return None
    return np.sqrt(squares)[:, np.newaxis] * turn.T @ triangle, rows


def decomposed(
    passes: Passes, basis: Array, *, square: float | None = None, keep_left: bool = False
) -> Leading:
    """Give the singular triplets of a matrix within the span of orthonormal rows (k, n), in one pass.

    `square`, the squared norm of the matrix, spares subtracting the matrices where little of it cancels.
    """
    pieces: list[Array] = []
    triangle = np.zeros((0, len(basis)))
    images, rest, rows = np.zeros_like(basis), 0.0, 0
    for block in passes():
        rows += len(block)
        projected = basis @ block.T
        images += projected @ block
        if square is None:
            over = block - projected.T @ basis
            rest += float(np.vdot(over, over))
        if keep_left:
            pieces.append(projected)
        else:
            triangle, _ = _triangle(triangle, 0, iter((projected.T,)))
    side = np.concatenate(pieces, axis=1).T if keep_left else triangle
    left, values, turn = np.linalg.svd(side, full_matrices=False)
    if square is not None:
        rest = max(square - float(np.square(values).sum()), 0.0)
    right = turn @ basis
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
