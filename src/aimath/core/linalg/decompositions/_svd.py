"""Singular value decomposition and low-rank approximation: exact, randomized, or of row blocks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aimath.core.linalg.decompositions import _refine as _refine
from aimath.core.linalg.decompositions._characteristic import exact_rank
from aimath.core.linalg.decompositions._krylov import (
    ITERATIONS,
    OVERSAMPLING,
    SingularTriplets,
    block_krylov_svd,
    full_svd,
)
from aimath.core.linalg.decompositions._refine import svd_flip
from aimath.core.linalg.decompositions._row_passes import Rows
from aimath.core.numerics.arrays import Check, as_matrix
from aimath.core.numerics.double_double import compensated_sum
from aimath.core.numerics.types import EPS, Array
from aimath.core.numerics.units import UNIT_ROWS, BlockUnits, Units, as_units
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import ArrayLike, NDArray

    from aimath.core.numerics.axes import (
        Approximations,
        LeftFactor,
        Matrix,
        RightFactor,
        RowCounts,
        RowScalars,
        Scalar,
        Shape,
        SingularValues,
    )
    from aimath.core.numerics.units import BlockSource

    Ranks = NDArray[np.int64]


def effective_rank(values: Array) -> Array:
    """Return exp(entropy of s / sum(s)) of singular values (..., k): 1 .. k, nan for a zero matrix (0/0).

    Roy and Vetterli (2007).

    >>> float(effective_rank(np.array([3.0, 3.0, 0.0])).round(12))
    2.0
    """
    largest = values.max(axis=-1, keepdims=True)
    shares = values / np.where(largest > 0.0, largest, 1.0)
    total = compensated_sum(shares)[..., np.newaxis]
    p = shares / np.where(total > 0.0, total, 1.0)
    nats = -compensated_sum(p * np.log(np.where(p > 0.0, p, 1.0)))
    return np.asarray(np.where(largest[..., 0] > 0.0, np.exp(nats), np.nan))


def stable_rank(norm: float, largest: float, rank: float = math.inf) -> float:
    """Return |A|² (Frobenius) / |A|² (spectral), 1 .. rank; nan for a zero matrix (0/0).

    Rudelson and Vershynin (2007). It hardly moves with small singular values, unlike the rank.

    >>> stable_rank(5.0, 4.0)
    1.5625
    """
    return min(max((norm / largest) ** 2, 1.0), rank) if largest > 0.0 else math.nan


def numerical_rank(values: Array, shape: tuple[int, int]) -> int:
    """Return the number of singular values above max(m, n) eps s_1, as numpy's matrix_rank.

    >>> numerical_rank(np.array([1.0, 1e-3, 1e-17]), (3, 3))
    2
    """
    return int((values > max(shape) * np.finfo(np.float64).eps * values.max()).sum())


class SvdSpectrum(NamedTuple):
    """Singular values and vectors of W (m, n), from the largest: all, or the leading k."""

    W: Matrix | None  # ; None if it came in blocks
    method: str  # "exact" or "randomized"
    shape: Shape  # m, n
    max_rank: int  # the largest rank it can be cut at
    singular_values: SingularValues  # descending
    left: LeftFactor | None  # orthonormal columns; None if W came in blocks
    right: RightFactor  # orthonormal rows, the largest |entry| of each positive
    norm: float  # Frobenius norm of W
    residual_energy: float  # share of norm² beyond the k values, 0 .. 1
    residuals: SingularValues  # |v WᵀW - s² v| / norm²; 0 if exact

    def truncate(self, rank: int | Sequence[int]) -> SvdApprox:
        """Return the truncated SVD of a rank, or of several ranks along a leading axis."""
        asked, (m, n), k = self._check_ranks(rank), self.shape, len(self.singular_values)
        kept = np.minimum(asked, k)  # of a matrix of a lower rank there may be no more
        most = int(kept.max())
        squares = np.square(self.singular_values / (self.norm or 1.0))
        beyond = (
            np.append(np.cumsum(squares[::-1])[::-1], 0.0) + self.residual_energy
        )  # by number kept, 0 .. k
        beyond[0] = 1.0 if self.norm else 0.0
        defined = self.norm > 0.0  # shares of a zero matrix are 0/0
        relative = np.sqrt(beyond[kept])
        largest = np.hypot(self.singular_values, self.norm * np.sqrt(self.residuals))
        following = np.append(largest, self.norm * np.sqrt(self.residual_energy))
        factor = None if self.left is None else self.left[:, :most] * self.singular_values[:most]
        return SvdApprox(
            W=self.W,
            rank=asked,
            method=self.method,
            singular_values=self.singular_values,
            left=factor,
            right=self.right[:most],
            error=np.asarray(relative * self.norm),
            relative_error=np.asarray(np.where(defined, relative, np.nan)),
            spectral_error=np.asarray(following[kept]),
            energy=np.asarray(np.where(defined, np.maximum(1.0 - beyond[kept], 0.0), np.nan)),
            error_bound=self._error_bounds(kept, beyond),
            parameters=asked * (m + n),
            full_parameters=m * n,
            ratio=np.asarray(asked * (m + n) / (m * n)),
            norm=self.norm,
            stable_rank=stable_rank(self.norm, float(self.singular_values[0]), min(m, n)),
            errors=np.sqrt(beyond),
        )

    def _check_ranks(self, rank: int | Sequence[int]) -> Ranks:
        asked = check_ranks(rank, self.shape)
        if asked.max() > self.max_rank:
            raise InputError(
                "{operand} {value} of a spectrum that was computed up to {most}",
                operand="rank",
                value=asked.max(),
                most=self.max_rank,
            )
        return asked

    def _error_bounds(self, ranks: Ranks, tail_energy: Array) -> Array:
        """Return upper bounds on the error over that of the best matrix of the same rank.

        The r largest eigenvalues of WᵀW exceed the squares found, in sum, by at most the sum of the
        residuals (Ky Fan); where there is a gap to what follows, by the squared residuals over the gap
        (Schur complement). What follows is taken to be no more than the next square and its residual:
        true unless the iteration has missed a direction altogether.
        """
        squares = np.square(self.singular_values / (self.norm or 1.0))
        after = np.append(squares[1:] + self.residuals[1:], self.residual_energy)
        lifted = [np.maximum(x - squares[: k + 1], 0.0).sum() for k, x in enumerate(after)]
        with np.errstate(divide="ignore", invalid="ignore"):
            near = np.cumsum(np.square(self.residuals)) / np.maximum(squares - after, 0.0)
        excess = np.append(0.0, np.fmin(np.cumsum(self.residuals) + lifted, near))
        floor = min(self.shape) * EPS**2  # an error of the size of rounding can't be told from none
        least = np.maximum(tail_energy - excess, floor)
        return np.asarray(np.sqrt(np.maximum(tail_energy, floor) / least)[ranks])


class SvdApprox(NamedTuple):
    """The best approximation of W (m, n) of rank r, or of several ranks (...)."""

    W: Matrix | None  # None if it came in blocks
    rank: RowCounts  # r, 1 .. min(m, n)
    method: str  # "exact" or "randomized"
    singular_values: SingularValues  # descending: all if exact, else the leading ones, from below
    left: LeftFactor | None  # factor A = W Bᵀ, of the largest rank; None if W came in blocks
    right: RightFactor  # factor B, orthonormal rows, the largest |entry| of each positive
    error: RowScalars  # Frobenius norm of W - A B
    relative_error: RowScalars  # error / norm of W, 0 .. 1; shares of a zero matrix are nan (0/0)
    spectral_error: RowScalars  # largest singular value of W - A B: s_(r+1); randomized: at most so much
    energy: RowScalars  # share of the squared norm that is kept, 1 - relative_error²
    error_bound: RowScalars  # error is at most so many times the least possible, see Spectrum; 1 if exact
    parameters: RowCounts  # numbers in both factors, r (m + n)
    full_parameters: int  # numbers in W, m n
    ratio: RowScalars  # parameters / full_parameters
    norm: float  # Frobenius norm of W
    stable_rank: float  # norm² / s_1²
    errors: SingularValues  # relative error by the number of singular values kept, 0 .. k

    @property
    def shape(self) -> Shape:
        """M and n."""
        n = self.right.shape[1]
        return self.full_parameters // n, n

    @property
    def approximation(self) -> Approximations | None:
        """The product A B of the factors."""
        if self.left is None:
            return None
        products = [self.left[:, :r] @ self.right[:r] for r in self.rank.flat]
        return np.reshape(products, (*self.rank.shape, len(self.left), self.right.shape[1]))

    @property
    def every_value(self) -> SingularValues | None:
        """All singular values, computed now if the method gave only the leading ones."""
        if self.method == "exact":
            return self.singular_values
        if self.W is None:
            return None
        unit, power = rescale(self.W)
        return np.asarray(np.minimum(np.ldexp(np.linalg.svd(unit, compute_uv=False), power), self.norm))

    @property
    def effective_rank(self) -> Scalar | None:
        """exp(entropy of the singular values' shares), 1 .. min(m, n)."""
        values = self.every_value
        return None if values is None else effective_rank(values)

    @property
    def numerical_rank(self) -> int | None:
        """How many singular values are more than rounding."""
        values = self.every_value
        return None if values is None else numerical_rank(values, self.shape)

    @property
    def condition(self) -> Scalar | None:
        """s_1 / s_min(m, n) of W, square or not: inf below full rank, nan for a zero matrix (0/0)."""
        values = self.every_value
        if values is None:
            return None
        with np.errstate(all="ignore"):
            return np.asarray(values[0] / values[-1])

    def check(self) -> Check:
        """Return the relative error beside that from the entries of W - A B."""
        if self.W is None or self.left is None:
            ones = np.ones(len(self.right))
            return Check(ones, np.square(self.right).sum(axis=1))
        weights, power = rescale(self.W)
        left, norm = np.ldexp(self.left, -power), float(np.linalg.norm(weights)) or 1.0
        errors = [np.linalg.norm(weights - left[:, :r] @ self.right[:r]) / norm for r in self.rank.flat]
        return Check(np.nan_to_num(self.relative_error), np.reshape(errors, self.rank.shape))


def check_ranks(rank: int | Sequence[int], size: tuple[int, int]) -> Ranks:
    """Return ranks as an array, or raise an InputError if one is out of range."""
    asked = np.asarray(rank)
    if asked.dtype.kind not in "iu" or asked.size == 0:
        raise InputError("a {operand} must be a whole number", operand="rank")
    for r in asked.flat:
        if not 1 <= r <= min(size):
            raise InputError(
                "{operand} must be 1 to {most} for a {rows}x{columns} matrix, not {value}",
                operand="rank",
                most=min(size),
                rows=size[0],
                columns=size[1],
                value=r,
            )
    return asked.astype(np.int64)


def rescale(weights: Array) -> tuple[Array, int]:
    """Return W / 2^power and the power, which is 0 unless fourth powers of W might overflow."""
    power = int(np.frexp(max(float(weights.max()), -float(weights.min())))[1])
    return (weights, 0) if abs(power) < 100 else (np.ldexp(weights, -power), power)


MAX_FULL_SIDE = 512
"""The shorter side up to which all singular values are computed unless told otherwise."""
MAX_ERROR_BOUND = 1.01
"""A randomized answer that isn't bounded by so many times the best is computed again exactly."""
BLOCK = 1 << 19
"""Elements multiplied at a time: 4 MiB, which the second product still finds in the cache."""


def svd_approx(
    W: ArrayLike,  # noqa: N803  as in papers
    rank: int | Sequence[int] | None = None,
    randomized: bool = False,
    exact: bool = False,
    seed: int = 0,
) -> SvdApprox:
    """Return the best rank-r approximation of a matrix.

    W ~ A B with A = U_r S_r (m, r) and B = V_rᵀ (r, n), from W = U S Vᵀ; the error is
    sqrt(s_(r+1)² + s_(r+2)² + ...), with no need to subtract matrices. Eckart and Young (1936).
    Exact up to 512 rows or columns, else a block Krylov iteration if `error_bound` shows it to be
    within 1 % of the best (it is usually within .1 %), else exact; `randomized` and `exact` choose.
    Several ranks share one decomposition; the default are 1, 2, 4, 8, ... and the full one.

    >>> found = svd_approx([[3, 0], [0, 4]], 1)
    >>> found.error, found.relative_error
    (array(3.), array(0.6))
    """
    weights = as_matrix(W, "W")
    ranks = default_ranks(min(weights.shape)) if rank is None else rank
    most = int(check_ranks(ranks, (len(weights), weights.shape[1])).max())
    return svd_spectrum(weights, most, randomized, exact, seed).truncate(ranks)


def default_ranks(max_rank: int) -> tuple[int, ...]:
    """Return the powers of two below the full rank, and the full rank.

    >>> default_ranks(6)
    (1, 2, 4, 6)
    """
    return (*(1 << k for k in range((max_rank - 1).bit_length())), max_rank)


def svd_spectrum(
    W: ArrayLike,  # noqa: N803
    max_rank: int,
    randomized: bool = False,
    exact: bool = False,
    seed: int = 0,
) -> SvdSpectrum:
    """Return the singular values and vectors of a matrix, for truncation up to `max_rank`.

    >>> found = svd_spectrum([[3, 0], [0, 4]], 2)
    >>> [float(found.truncate(r).error) for r in (1, 2)]
    [3.0, 0.0]
    """
    weights = as_matrix(W, "W")
    m, n = weights.shape
    full = uses_full_svd((m, n), max_rank, randomized, exact)
    check_ranks(max_rank, (m, n))
    unit, power = rescale(weights)
    if not full:
        found = _randomized_svd(unit, max_rank, seed)
        result = _finish_spectrum(weights, (m, n), found, power, max_rank)
        if randomized or result.truncate(range(1, max_rank + 1)).error_bound.max() <= MAX_ERROR_BOUND:
            return result
    try:
        left, values, right = _refine.refine_svd(unit)
    except np.linalg.LinAlgError:
        raise InputError("the singular values of W were not found", operand="W") from None
    values = np.where(np.arange(len(values)) < exact_rank(unit, values), values, 0.0)
    every = SingularTriplets(values, right, left, 0.0, np.zeros(len(values)), m)
    return _finish_spectrum(weights, (m, n), every, power)


def uses_full_svd(
    size: tuple[int, int], max_rank: int, randomized: bool = False, exact: bool = False
) -> bool:
    """Return whether the full SVD is computed from the start, for ranks up to `max_rank`.

    >>> uses_full_svd((600, 600), 16), uses_full_svd((600, 600), 300)
    (False, True)
    """
    _check_method(randomized, exact)
    few = ITERATIONS * (max_rank + OVERSAMPLING) < min(size)
    return exact or not (randomized or (min(size) > MAX_FULL_SIDE and few))


def streaming_svd(
    rows: Units | BlockSource, max_rank: int, randomized: bool = False, exact: bool = False, seed: int = 0
) -> SvdSpectrum:
    """Return the singular values and vectors of a matrix that comes in units of rows, or in blocks.

    Exact up to 512 columns, in one pass, unless chosen; the randomized way takes seven. A factor
    A comes out as the blocks come in: block @ right.T.

    >>> rows = np.diag([3.0, 4.0])
    >>> streaming_svd(lambda: iter((rows[:1], rows[1:])), 1).truncate(1).error
    array(3.)
    """
    _check_method(randomized, exact)
    units = as_units(rows)
    taken = rows_of(units)
    if max_rank > taken.width:
        raise InputError(
            "{operand} must be 1 to {width} for a matrix of {width} columns, not {value}",
            operand="rank",
            width=taken.width,
            value=max_rank,
        )
    if is_one_pass(taken.width, randomized, exact):
        found, ready = full_svd(units, taken), None
    else:
        found, ready = block_krylov_svd(units, taken, max_rank, seed), max_rank
    check_ranks(max_rank, (found.rows, taken.width))
    return _finish_spectrum(None, (found.rows, taken.width), found, taken.power, ready)


def is_one_pass(width: int, randomized: bool = False, exact: bool = False) -> bool:
    """Return whether rows that come in blocks are gone through once, and every singular value is found."""
    return exact or not (randomized or width > MAX_FULL_SIDE)


def rows_of(units: Units) -> Rows:
    """Return how the rows of units are taken, by their first block."""
    first = units.first_block()
    if first is None:
        raise InputError("W has no rows", operand="W")
    return Rows(np.shape(first)[1], rescale(as_matrix(first, "W"))[1])


def _randomized_svd(weights: Array, max_rank: int, seed: int) -> SingularTriplets:
    """Return the leading singular triplets, iterating along the shorter side."""
    wide = weights.shape[1] > weights.shape[0]
    tall = weights.T if wide else weights
    step = max(BLOCK // tall.shape[1], 64)

    def read_blocks(unit: int) -> Iterator[Array]:
        part = tall[unit * UNIT_ROWS : (unit + 1) * UNIT_ROWS]
        return (part[k : k + step] for k in range(0, len(part), step))

    units = BlockUnits(read_blocks, -(-len(tall) // UNIT_ROWS))
    found = block_krylov_svd(units, Rows(tall.shape[1]), max_rank, seed, compute_u=True)
    if wide and found.left is not None:
        found = found._replace(left=found.right.T, right=found.left.T)
    return found


def _finish_spectrum(
    weights: Array | None,
    size: tuple[int, int],
    found: SingularTriplets,
    power: int,
    max_rank: int | None = None,
) -> SvdSpectrum:
    """Return the spectrum with signs fixed and the scaling undone."""
    signs = svd_flip(found.right)
    largest = float(found.values[0]) or 1.0
    norm = largest * float(
        np.sqrt(np.square(found.values / largest).sum() + found.squared_residual / largest**2)
    )
    whole = norm or 1.0
    return SvdSpectrum(
        W=weights,
        method="exact" if max_rank is None else "randomized",
        shape=size,
        max_rank=min(size) if max_rank is None else max_rank,
        singular_values=_scale_back(found.values, power),
        left=None if found.left is None else found.left * signs,
        right=np.clip(found.right * signs[:, np.newaxis], -1.0, 1.0),
        norm=_ldexp_norm(norm, power),
        residual_energy=found.squared_residual / whole**2,
        residuals=found.residuals / whole**2,
    )


def _scale_back(values: Array, power: int) -> Array:
    """Return singular values times 2^power, or raise an InputError if the largest is beyond float64."""
    with np.errstate(over="ignore"):
        found = np.asarray(np.ldexp(values, power))
    if np.isinf(found).any():
        raise InputError("a singular value is beyond float64", operand="W")
    return found


def _check_method(randomized: bool, exact: bool) -> None:
    if randomized and exact:
        raise InputError("an approximation is randomized or exact, not both", usage=True)


def _ldexp_norm(norm: float, power: int) -> float:
    try:
        return math.ldexp(norm, power)
    except OverflowError:
        raise InputError("the norm of W is beyond float64", operand="W") from None
