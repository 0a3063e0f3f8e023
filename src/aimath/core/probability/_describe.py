"""Descriptive statistics, accurate at any offset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.core.numerics.arrays import Check, as_vectors, raise_at
from aimath.core.numerics.double_double import divide_dd, two_prod, two_sum
from aimath.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from aimath.core.numerics.axes import Scalars, Vectors
    from aimath.core.numerics.types import Array


class Describe(NamedTuple):
    """Centre and spread of a vector."""

    values: Vectors
    ddof: float  # what is taken from n in the variance
    mean: Scalars
    variance: Scalars  # at least 0
    std: Scalars  # its square root
    min: Scalars
    max: Scalars

    @property
    def count(self) -> int:  # type: ignore[override]  # a tuple's method of this name is not missed
        """How many values there are."""
        return int(self.values.shape[-1])

    @property
    def deviations(self) -> Vectors:
        """Value - mean."""
        return np.asarray(self.values - self.mean[..., np.newaxis])

    @property
    def squares(self) -> Scalars:
        """Sum of the squared deviations."""
        with np.errstate(over="ignore"):
            return np.asarray(self.variance * (self.count - self.ddof))

    def squares_in_range(self) -> Any:
        """Return whether float64 has all digits of `squares` and `variance`, or std is 0."""
        held = (self.variance >= np.finfo(np.float64).tiny) & np.isfinite(self.squares)
        return held | (self.std == 0.0)

    def check(self) -> Check:
        """Return the variance beside that of one pass, by shifted squares."""
        with np.errstate(all="ignore"):
            power = np.frexp(np.abs(self.values).max(axis=-1))[1] + 1
            scaled = np.ldexp(self.values, -power[..., np.newaxis])
            d = scaled - scaled[..., :1]
            squares = (d * d).sum(axis=-1) - d.sum(axis=-1) ** 2 / self.count
            return Check(self.variance, np.ldexp(squares / (self.count - self.ddof), 2 * power))


def describe(values: ArrayLike, ddof: float = 0) -> Describe:
    """Return mean, variance, standard deviation, minimum and maximum of vectors (..., n).

    variance = sum((values - mean)²) / (count - ddof): 0 for the whole population (numpy), 1 for a
    sample (pandas, R). Summed as if with twice the digits, so an offset of 1e8
    costs none: Ogita, Rump and Oishi (2005).

    >>> describe([1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16], ddof=1).variance
    array(30.)
    """
    x = as_vectors(values, "value", operand="values")
    n = x.shape[-1]
    if not 0 <= ddof < n:
        raise InputError(
            "{operand} must be at least 0 and below the count {count}, not {value:g}",
            operand="ddof",
            count=n,
            value=ddof,
        )
    # By a power of two to 0.25 .. 0.5, so that no square or sum leaves the range.
    power = np.frexp(np.abs(x).max(axis=-1))[1] + 1
    with np.errstate(all="ignore"):
        scaled = np.ldexp(x, -power[..., np.newaxis])
        mean, rest = _mean_dd(scaled, np.zeros_like(scaled), n)
        d, e = two_sum(scaled, -mean[..., np.newaxis])
        d, e = two_sum(d, e - rest[..., np.newaxis])
        h, low = two_prod(d, d)
        spread = sum(_mean_dd(h, low + 2.0 * d * e, n - ddof))
        variance, std = np.ldexp(spread, 2 * power), np.ldexp(np.sqrt(spread), power)
    raise_at(np.atleast_1d(np.isinf(variance)), "the variance is beyond float64", operand="values")
    figures = (np.ldexp(mean, power), variance, std, x.min(axis=-1), x.max(axis=-1))
    return Describe(x, ddof, *map(np.asarray, figures))


def _mean_dd(x: Array, low: Array, divisor: float) -> tuple[Array, Array]:
    """Return the sum of x + low along the last axis, divided, in two parts."""
    while x.shape[-1] > 1:
        half = x.shape[-1] // 2
        odd = (x[..., -1:], low[..., -1:]) if x.shape[-1] % 2 else None
        s, e = two_sum(x[..., :half], x[..., half : 2 * half])
        e += low[..., :half] + low[..., half : 2 * half]
        if odd:
            s, e = np.concatenate((s, odd[0]), axis=-1), np.concatenate((e, odd[1]), axis=-1)
        x, low = s, e
    return divide_dd(*two_sum(x[..., 0], low[..., 0]), divisor)
