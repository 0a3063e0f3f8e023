"""Descriptive statistics of vectors, accurate at any offset."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, overload

import numpy as np

from aimath.core.numerics.arrays import Check, as_floats, as_vectors, raise_at
from aimath.core.numerics.double_double import divide_dd, two_prod, two_sum
from aimath.core.numerics.types import may_lack_value
from aimath.core.probability._columns import ColumnsAccumulator, DescribeColumns, check_levels
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from aimath.core.numerics.axes import Levels, QuantilesEach, Scalars, Vectors
    from aimath.core.numerics.types import Array


MAX_CANCELLED_BITS, MAX_FRACTIONS = 40, 1 << 14
"""Bits of the largest value below which a mean is added again in fractions, of so many values."""


LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Of which quantiles are told where none are asked for."""


@may_lack_value("stderr")
class Describe(NamedTuple):
    """Centre, spread and quantiles of a vector."""

    values: Vectors
    ddof: float  # what is taken from n in the variance
    mean: Scalars  # min .. max
    moments: Moments
    min: Scalars
    max: Scalars
    levels: Levels = LEVELS  # of the quantiles, 0..1
    missing: int = 0  # entries that were passed over

    @property
    def variance(self) -> Scalars:
        """At least 0; an error where it is beyond float64."""
        with np.errstate(all="ignore"):
            found = np.ldexp(self.moments.variance, 2 * self.moments.power)
        return _check_finite(found, "variance")

    @property
    def std(self) -> Scalars:
        """Square root of the variance."""
        with np.errstate(all="ignore"):
            found = np.ldexp(np.sqrt(self.moments.variance), self.moments.power)
        return _check_finite(found, "standard deviation")

    @property
    def stderr(self) -> Scalars:
        """The standard error of the mean, s / √n with the s of n - 1; nan of one value."""
        n = self.count
        with np.errstate(all="ignore"):
            share = (
                self.moments.variance * (n - self.ddof) / (n - 1.0) / n
                if n > 1
                else self.moments.variance * np.nan
            )
            found = np.ldexp(np.sqrt(share), self.moments.power)
        return _check_finite(found, "standard error")

    @property
    def quantiles(self) -> QuantilesEach:  # min .. max
        """The quantiles at the levels, linear between order statistics (numpy's default)."""
        return quantiles_of_rows(self.values, self.levels)

    @property
    def median(self) -> Scalars:
        """The middle value, or the mean of both."""
        return quantiles_of_rows(self.values, (0.5,))[..., 0]

    @property
    def count(self) -> int:  # type: ignore[override]  # a tuple's method of this name is not missed
        """How many values there are."""
        return int(self.values.shape[-1])

    @property
    def deviations(self) -> Vectors:
        """Value - mean, the mean with all its digits."""
        with np.errstate(all="ignore"):
            found = np.ldexp(self.scaled_deviations(), self.moments.power[..., np.newaxis])
        return _check_finite(found, "distance from the mean")

    def scaled_deviations(self) -> Array:
        """Return the deviations times 2^-power, as the moments are."""
        scaled = np.ldexp(self.values, -self.moments.power[..., np.newaxis])
        mean, rest = (a[..., np.newaxis] for a in (self.moments.mean, self.moments.mean_rest))
        d, e = two_sum(scaled, -mean)
        return np.asarray(d + (e - rest))

    @property
    def squares(self) -> Scalars:
        """Sum of the squared deviations."""
        with np.errstate(all="ignore"):
            squares = self.moments.variance * (self.count - self.ddof)
            found = np.ldexp(squares, 2 * self.moments.power)
        return _check_finite(found, "sum of squares")

    def has_stderr(self) -> Any:
        """Return whether there are values enough for a standard error, and digits for its squares."""
        return self.squares_in_range() & (self.count > 1)

    def squares_in_range(self) -> Any:
        """Return whether float64 has all digits of `squares` and `variance`, or std is 0."""
        with np.errstate(all="ignore"):
            variance = np.ldexp(self.moments.variance, 2 * self.moments.power)
            squares = variance * (self.count - self.ddof)
        held = (variance >= np.finfo(np.float64).tiny) & np.isfinite(squares)
        return held | (self.moments.variance == 0.0)

    def check(self) -> Check:
        """Return the variance beside that of one pass, by shifted squares."""
        with np.errstate(all="ignore"):
            d = np.ldexp(self.values - self.values[..., :1], -self.moments.power[..., np.newaxis])
            squares = (d * d).sum(axis=-1) - d.sum(axis=-1) ** 2 / self.count
            other = np.ldexp(squares / (self.count - self.ddof), 2 * self.moments.power)
        return Check(self.variance, other)


class Moments(NamedTuple):
    """Mean and variance of values times 2^-power, which nothing takes out of float64."""

    mean: Array  # (...)
    mean_rest: Array  # (...) what rounding took from the mean
    variance: Array  # (...)
    power: NDArray[np.intp]  # (...)


def _check_finite(figures: Array, name: str) -> Array:
    """Return figures (...) or (..., n) of rows, or raise an InputError at the first beyond float64."""
    found = np.asarray(figures)
    wild = np.isinf(found)
    if wild.any():
        rows = wild.any(axis=-1) if name.startswith("distance") else wild
        raise_at(np.atleast_1d(rows)[..., np.newaxis], f"the {name} is beyond float64", operand="values")
    return found


@overload
def describe(
    values: ArrayLike,
    ddof: float = ...,
    quantiles: Sequence[float] = ...,
    each_column: Literal[False] = ...,
) -> Describe: ...
@overload
def describe(
    values: ArrayLike,
    ddof: float = ...,
    quantiles: Sequence[float] = ...,
    *,
    each_column: Literal[True],
) -> DescribeColumns: ...
def describe(
    values: ArrayLike,
    ddof: float = 0,
    quantiles: Sequence[float] = LEVELS,
    each_column: bool = False,
) -> Describe | DescribeColumns:
    """Return mean, variance, standard deviation, extremes and quantiles of vectors (..., n).

    variance = sum((values - mean)²) / (count - ddof): 0 for the whole population (numpy), 1 for a
    sample (pandas, R); stderr = s / √n with the s of n - 1 always (scipy's sem). Quantiles are linear
    between order statistics, as numpy's and pandas' are. Summed as if with twice the digits, so an
    offset of 1e8 costs none: Ogita, Rump and Oishi (2005). With `each_column` of every column of a
    table (r, c), in which nan is missing.

    >>> describe([1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16], ddof=1).variance
    array(30.)
    """
    levels = check_levels(quantiles)
    if each_column:
        return _describe_columns(values, ddof, levels)
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
    power = np.asarray(np.frexp(np.abs(x).max(axis=-1))[1] + 1)
    with np.errstate(all="ignore"):
        scaled = np.ldexp(x, -power[..., np.newaxis])
        mean, rest = _mean_dd(scaled, np.zeros_like(scaled), n)
        d, e = two_sum(scaled, -mean[..., np.newaxis])
        d, e = two_sum(d, e - rest[..., np.newaxis])
        h, low = two_prod(d, d)
        spread = np.add(*_mean_dd(h, low + 2.0 * d * e, n - ddof))
        centre = _mean_of_cancelling(x, np.ldexp(mean, power), power)
    moments = Moments(*map(np.asarray, (mean, rest, spread, power)))
    return Describe(x, ddof, centre, moments, np.asarray(x.min(axis=-1)), np.asarray(x.max(axis=-1)), levels)


def _mean_of_cancelling(x: Array, mean: Array, power: NDArray[np.intp]) -> Array:
    """Return means (...), in fractions where so much cancels that two parts may not hold the rest."""
    means = np.array(mean)
    hard = (np.frexp(means)[1] < power - MAX_CANCELLED_BITS) | (means == 0.0)
    if hard.any() and hard.sum() * x.shape[-1] <= MAX_FRACTIONS:
        for row in map(tuple, np.argwhere(hard)):
            means[row] = float(sum(map(Fraction, x[row].tolist())) / x.shape[-1])
    return means


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
    return two_sum(*divide_dd(*two_sum(x[..., 0], low[..., 0]), divisor))


def quantiles_of_rows(x: Array, levels: Sequence[float]) -> Array:
    """Return quantiles (..., q) of rows (..., n), linear between order statistics, rounded once or twice."""
    ordered, n = np.sort(x, axis=-1), x.shape[-1]
    found = []
    for level in levels:
        place = (n - 1) * Fraction(repr(float(level)))
        below = place.numerator // place.denominator
        low, high = ordered[..., below], ordered[..., min(below + 1, n - 1)]
        found.append(_lerp(low, high, place - below))
    return np.stack(found, axis=-1)


def _lerp(low: Array, high: Array, share: Fraction) -> Array:
    """Return low + share (high - low), scaled where the difference or its parts might be beyond float64."""
    if not share:
        return low
    t = float(share)
    t_low = float(share - Fraction(t))
    with np.errstate(all="ignore"):
        scale = np.where(np.maximum(np.abs(low), np.abs(high)) > 1e200, 2.0**-100, 1.0)
        d, e = two_sum(high * scale, -low * scale)
        p, lost = two_prod(d, np.full_like(d, t))
        s, rest = two_sum(low * scale, p)
        return np.asarray((s + (rest + (lost + (e * t + d * t_low)))) / scale)


def _describe_columns(table: ArrayLike, ddof: float, levels: tuple[float, ...]) -> DescribeColumns:
    rows = np.atleast_2d(as_floats(table, "entry", operand="values"))
    found = ColumnsAccumulator()
    found.update(rows)
    return found.result(ddof, levels)
