"""Inverses and determinants: exact up to 16 rows, by LAPACK above."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aimath.core.numerics.arrays import Check, as_square_matrix
from aimath.core.numerics.exact import divide_rounded, integer_to_float, matmul, to_integers
from aimath.errors import InputError, Remedy

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from aimath.core.numerics.axes import Matrix
    from aimath.core.numerics.types import Array

    Exponents = NDArray[np.int64]

IntegerRows = list[list[int]]
MAX_EXACT_ROWS = 16
"""Rows up to which integers do the work: 10 ms, or 3 s for numbers from 1e-300 to 1e300."""
MAX_CONDITION = 2.0**52
"""Condition above which the rounding of the entries as typed decides what the inverse is."""


class Inverse(NamedTuple):
    """The inverse of a square matrix."""

    a: Matrix
    force: bool
    inverse: Matrix  # up to 16 rows every entry rounded once
    condition: float  # largest over smallest singular value, at least 1
    rank: int

    def is_exact(self) -> bool:
        """Return whether every entry is the exact one, rounded once."""
        return len(self.a) <= MAX_EXACT_ROWS

    def check(self) -> Check:
        """Return the inverse beside Faddeev-LeVerrier's; above 16 rows a · inverse beside 1."""
        n = len(self.a)
        if not self.is_exact():
            return Check(matmul(self.a, self.inverse), np.eye(n))
        rows, power = _to_integer_matrix(self.a)
        adjugate, determinant = _faddeev_leverrier(rows)
        return Check(self.inverse, _divide_columns(adjugate, determinant, [-power] * n))


def inverse(a: ArrayLike, force: bool = False) -> Inverse:
    """Return the inverse of a square matrix.

    a · inverse = 1. Up to 16 rows by Gauss-Jordan on integers, which floats are but for a power of
    two (Bareiss 1968): each entry is rounded once, and a singular matrix is known to be one; numpy
    answers [[1,2,3],[4,5,6],[7,8,9]] with entries of 1e15. Above, by LU. A matrix within rounding
    of a singular one is refused unless forced. condition: 2-norm.

    >>> inverse([[2, 1], [1, 1]]).inverse
    array([[ 1., -1.],
           [-1.,  2.]])
    """
    x = as_square_matrix(a, "a")
    small = len(x) <= MAX_EXACT_ROWS
    found, condition, rank = _exact_inverse(x) if small else _lapack_inverse(x)
    if not np.isfinite(found).all():
        raise InputError("an entry of the inverse is beyond float64", operand="a")
    # Integers and short binary fractions are what was typed: their inverse has a meaning of its own.
    typed = small and to_integers(x)[1] >= -20
    scaled = _scaled_condition(x, found) if condition > MAX_CONDITION else condition
    if scaled > MAX_CONDITION and not (force or typed):
        condition = min(condition, scaled) if math.isinf(condition) else condition
        why = f"the matrix is singular within rounding (condition {condition:.2g})"
        raise InputError(why, operand="a", hint=Remedy("use {force} to invert it", force=True))
    return Inverse(x, force, found, condition, rank)


def _exact_inverse(x: Array) -> tuple[Array, float, int]:
    rows, powers = _to_integer_rows(x)
    n = len(rows)
    wide = [row + [int(i == j) for j in range(n)] for i, row in enumerate(rows)]
    determinant, rank = bareiss(wide, n)
    if rank < n:
        raise InputError(f"the matrix is singular (rank {rank} of {n})", operand="a")
    found = _divide_columns([row[n:] for row in wide], determinant, [-p for p in powers])
    return found, _condition(x, found), n


def _lapack_inverse(x: Array) -> tuple[Array, float, int]:
    down, across = _equilibrate(x)
    unit = np.ldexp(x, down[:, np.newaxis] + across)
    values = np.linalg.svd(unit, compute_uv=False)
    rank = int((values > len(x) * 2.0**-52 * values[0]).sum())
    try:
        with np.errstate(all="ignore"):
            found = np.ldexp(np.linalg.inv(unit), across[:, np.newaxis] + down)
            condition = _condition(x, found)
    except np.linalg.LinAlgError:
        raise InputError(f"the matrix is singular (rank {rank} of {len(x)})", operand="a") from None
    return found, condition, rank


def _condition(x: Array, inverse: Array) -> float:
    """Return the condition number by the 2-norms of a matrix and its inverse, inf beyond float64."""
    if not np.isfinite(inverse).all():
        return math.inf
    (a, power), (b, more) = _spectral_norm(x), _spectral_norm(inverse)
    try:
        return max(math.ldexp(a * b, power + more), 1.0)
    except OverflowError:
        return math.inf


def _scaled_condition(x: Array, inverse: Array) -> float:
    """Return the condition number of a matrix whose rows and columns are scaled to one size.

    Scaling takes no digit from the inverse: what is near singular is so after it too (Bauer 1963).
    """
    if not np.isfinite(inverse).all():
        return math.inf
    down, across = _equilibrate(x)
    with np.errstate(all="ignore"):
        unit, other = (
            np.ldexp(x, down[:, np.newaxis] + across),
            np.ldexp(inverse, -across[:, np.newaxis] - down),
        )
    return _condition(unit, other)


def _equilibrate(x: Array) -> tuple[Exponents, Exponents]:
    """Return powers of two for rows and for columns that bring the largest entry of each near 1."""
    none = -(1 << 20)
    exponents = np.where(x == 0.0, none, np.frexp(x)[1].astype(np.int64))
    down, across = np.zeros(x.shape[0], np.int64), np.zeros(x.shape[1], np.int64)
    for _ in range(5):
        here = exponents + down[:, np.newaxis] + across
        down -= np.where(here.max(axis=1) > none // 2, here.max(axis=1), 0)
        here = exponents + down[:, np.newaxis] + across
        across -= np.where(here.max(axis=0) > none // 2, here.max(axis=0), 0)
    return down, across


class Det(NamedTuple):
    """The determinant of a square matrix."""

    a: Matrix
    det: float
    sign: float  # -1, 0 or 1
    log_abs_det: float  # natural logarithm of |det|, -inf for a singular matrix

    def is_exact(self) -> bool:
        """Return whether the determinant is the exact one, rounded once."""
        return len(self.a) <= MAX_EXACT_ROWS

    def check(self) -> Check:
        """Return the determinant beside Faddeev-LeVerrier's; above 16 rows beside eigenvalues'."""
        if len(self.a) <= MAX_EXACT_ROWS:
            rows, power = _to_integer_matrix(self.a)
            other = integer_to_float(_faddeev_leverrier(rows)[1], power * len(rows))
            return Check(np.asarray(self.det), np.asarray(other))
        scale = np.abs(self.a).max() or 1.0
        with np.errstate(all="ignore"):
            logs = np.log(np.abs(np.linalg.eigvals(self.a / scale))).sum() + len(self.a) * np.log(scale)
            # A pivot near 0 is known to so many digits as the condition leaves of sixteen.
            size = np.maximum(1.0, np.linalg.cond(self.a) * len(self.a) * 1e-6)
        return Check(np.asarray(self.log_abs_det), logs, size)


def det(a: ArrayLike) -> Det:
    """Return the determinant of a square matrix.

    Up to 16 rows exactly and rounded once (Bareiss 1968): that of integers is the integer, where
    numpy says -2.0000000000000004 for [[1,2],[3,4]]. Above, by LU. Leibniz (1693).

    >>> det([[1, 2], [3, 4]]).det
    -2.0
    """
    x = as_square_matrix(a, "a")
    if len(x) > MAX_EXACT_ROWS:
        sign, log, value = _lapack_det(x)
    else:
        rows, powers = _to_integer_rows(x)
        whole, power = bareiss(rows, len(rows))[0], sum(powers)
        sign = float((whole > 0) - (whole < 0))
        value = integer_to_float(whole, power)
        log = _log_abs(abs(whole), power)
    if math.isinf(value):
        why = f"the determinant is beyond float64: {'-' if sign < 0 else ''}exp({log:.6g})"
        raise InputError(why, operand="a")
    return Det(x, value, sign, log)


def _lapack_det(x: Array) -> tuple[float, float, float]:
    power = int(np.frexp(np.abs(x).max())[1])
    with np.errstate(all="ignore"):
        sign, log = np.linalg.slogdet(np.ldexp(x, -power))
        log += power * len(x) * math.log(2.0)
        # Where float64 can hold it, the product of the pivots has more digits than its logarithm.
        value = np.linalg.det(x) if abs(log) < 600.0 else sign * np.exp(log)
    return float(sign), float(log), float(value)


def _log_abs(integer: int, power: int) -> float:
    if integer == 0:
        return -math.inf
    value = integer_to_float(integer, power)
    # Near 1 the sum of two logarithms would cancel.
    return math.log(value) if 1e-300 < value < 1e300 else math.log(integer) + power * math.log(2.0)


def _to_integer_matrix(x: Array) -> tuple[IntegerRows, int]:
    """Return integers (n, n) and a power of two: x = integers * 2^power."""
    flat, power = to_integers(x)
    return [flat[k : k + x.shape[1]] for k in range(0, len(flat), x.shape[1])], power


def _to_integer_rows(x: Array) -> tuple[IntegerRows, list[int]]:
    """Return integers (n, n) and one power of two per row."""
    pairs = [to_integers(row) for row in x]
    return [row for row, _ in pairs], [power for _, power in pairs]


def bareiss(rows: IntegerRows, column_count: int) -> tuple[int, int]:
    """Return determinant (0 if singular) and rank after clearing the first columns in place.

    Afterwards these columns are determinant · 1, if that isn't 0: all divisions have no rest, for what
    stands in the rows are determinants of parts of the matrix (Bareiss 1968).
    """
    last, rank = 1, 0
    for column in range(column_count):
        at = next((i for i in range(rank, len(rows)) if rows[i][column]), None)
        if at is None:
            continue
        if at != rank:
            rows[rank], rows[at] = rows[at], [-v for v in rows[rank]]  # keeps the determinant's sign
        pivot_row = rows[rank]
        pivot = pivot_row[column]
        for i, row in enumerate(rows):
            if i != rank:
                factor = row[column]
                rows[i] = [(pivot * v - factor * w) // last for v, w in zip(row, pivot_row, strict=True)]
        last, rank = pivot, rank + 1
    return (last if rank == column_count else 0), rank


def _faddeev_leverrier(rows: IntegerRows) -> tuple[IntegerRows, int]:
    """Return the adjugate and the determinant of integers (n, n) (LeVerrier 1840, Faddeev 1949)."""
    n = len(rows)
    adjugate, coefficient = [[int(i == j) for j in range(n)] for i in range(n)], 1
    for k in range(1, n + 1):
        columns = list(zip(*adjugate, strict=True))
        step = [[sum(map(int.__mul__, row, column)) for column in columns] for row in rows]
        coefficient = -sum(step[i][i] for i in range(n)) // k
        if k < n:
            adjugate = [[v + coefficient * (i == j) for j, v in enumerate(row)] for i, row in enumerate(step)]
    odd = -1 if n % 2 == 0 else 1
    return [[odd * v for v in row] for row in adjugate], -odd * coefficient


def _divide_columns(rows: IntegerRows, denominator: int, powers: list[int]) -> Array:
    """Return rows / denominator, column j times 2^powers[j], each entry rounded once."""
    shifts = [(max(p, 0), denominator << max(-p, 0)) for p in powers]
    found = [
        [divide_rounded(v << up, down) for v, (up, down) in zip(row, shifts, strict=True)] for row in rows
    ]
    return np.array(found) + 0.0  # never -0


def _spectral_norm(x: Array) -> tuple[float, int]:
    """Return the largest singular value as a number near 1 and a power of two."""
    power = int(np.frexp(np.abs(x).max())[1])
    return float(np.linalg.svd(np.ldexp(x, -power), compute_uv=False)[0]), power
