"""Mean and covariance gathered block by block: for data larger than memory, or on several machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aimath.core.arrays import two_sum
from aimath.core.matrices import finite, refuse_nonfinite, shape
from aimath.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from aimath.core.arrays import Array

BLOCK = 1 << 16
"""Numbers centred at a time: 512 KiB, which stay in the cache between centring and multiplying."""


class Moments(NamedTuple):
    """What is known of rows that have gone by."""

    count: int  # type: ignore[assignment]  # rows seen; a tuple's method of this name is not missed
    mean: Array  # (d,)
    mean_rest: Array  # (d,) what rounding took from the mean: far from the origin it matters
    covariance: Array  # (d, d) with divisor count - 1


class Gram:
    """Gathers mean and scatter (the sum of products of deviations) of rows, in one pass.

    Rows are shifted by the mean of the first hundreds, and blocks are merged with the products of the
    differences of their means, so what cancels is never large beside the result: an offset of 1e8, or
    a drift, costs no digits. Chan, Golub and LeVeque (1983).

    >>> gram = Gram()
    >>> for block in ([[1e8 + 1, 2]], [[1e8 + 3, 2], [1e8 + 5, 8]]):
    ...     gram.update(block)
    >>> gram.result().covariance.tolist()
    [[4.0, 6.0], [6.0, 12.0]]
    """

    def __init__(self) -> None:
        self.count = 0
        self.origin = self.mean = np.zeros(0)  # the mean counts from the origin
        self.scatter = np.zeros((0, 0))
        self._space = np.zeros((0, 0))

    def update(self, block: ArrayLike) -> None:
        """Take rows (r, d)."""
        rows = np.asarray(block)
        if not len(rows):
            return
        if self.count == 0:
            self._begin(np.atleast_2d(rows))
        if rows.ndim != 2 or rows.shape[1] != len(self.mean):
            why = f"a block of {shape(rows)} among rows of {len(self.mean)}"
            raise InputError(why, row=self.count, operand="X")
        with np.errstate(over="ignore", invalid="ignore"):
            total, products = self._sums(rows)
            if not np.isfinite(total).all():
                refuse_nonfinite(rows, "X", self.count)
                raise InputError("the rows spread beyond float64", row=self.count, operand="X")
            mean = total / len(rows)
            self._join(len(rows), mean, products - np.outer(total, mean))

    def merge(self, other: Gram) -> None:
        """Take all that another has gathered, of other rows of the same length."""
        if self.count == 0:
            self.origin, self._space = other.origin, np.empty_like(other._space)
            self.count, self.mean, self.scatter = other.count, other.mean.copy(), other.scatter.copy()
        elif other.count:
            if len(other.mean) != len(self.mean):
                raise InputError(f"rows of {len(other.mean)} and of {len(self.mean)} don't go together")
            self._join(other.count, other.mean + (other.origin - self.origin), other.scatter)

    def result(self) -> Moments:
        """Give mean and covariance of everything so far."""
        if self.count < 2:
            rows = "1 row has" if self.count else "no rows have"
            raise InputError(f"{rows} no variance: at least 2 are needed", operand="X")
        covariance = self.scatter / (self.count - 1)
        if not np.isfinite(covariance).all():
            raise InputError("the variance is beyond float64", operand="X")
        return Moments(self.count, *two_sum(self.origin, self.mean), covariance)

    def _begin(self, rows: Array) -> None:
        d = rows.shape[1]
        self.mean, self.scatter = np.zeros(d), np.zeros((d, d))
        self._space = np.empty((max(BLOCK // d, d), d))  # d rows at least: adding costs as much as these
        some = finite(rows[: len(self._space)], "X")
        with np.errstate(over="ignore"):
            self.origin = some[0] + (some - some[0]).mean(axis=0)

    def _sums(self, rows: Array) -> tuple[Array, Array]:
        """Give sums (d,) and sums of products (d, d) of rows less the origin."""
        step, ones = len(self._space), np.ones(len(self._space))
        total, products = np.zeros_like(self.mean), np.zeros_like(self.scatter)
        for k in range(0, len(rows), step):
            some = rows[k : k + step]
            shifted = np.subtract(some, self.origin, out=self._space[: len(some)])
            total += ones[: len(some)] @ shifted
            products += shifted.T @ shifted
        return total, products

    def _join(self, n: int, mean: Array, scatter: Array) -> None:
        total = self.count + n
        delta = mean - self.mean
        self.scatter += scatter
        with np.errstate(over="ignore", invalid="ignore"):
            self.scatter += np.outer(delta * (self.count * (n / total)), delta)
        self.mean, self.count = self.mean + delta * (n / total), total
