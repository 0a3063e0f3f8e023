"""The logarithm of a sum of exponentials, each with a weight or none."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aimath.core.numerics.arrays import Check, as_floats, as_vectors, check_same_rows, raise_at
from aimath.core.numerics.double_double import compensated_sum, two_sum
from aimath.core.probability._softmax import (
    MAX_DECIMAL_ENTRIES,
    as_rows,
    exp_subtract_max,
    logsumexp_rows,
    row_max,
    sum_without_max,
)

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from aimath.core.numerics.axes import Scalars, Vectors
    from aimath.core.numerics.types import Array

SMALL = 0.5
"""Nats, or a share of the terms, below which the logarithm of a sum may have lost digits."""
UNDERFLOW = 1e-290
"""A sum smaller than this share of the largest weight may lack exponentials that underflowed."""
MOST_DIGITS = 1000
"""Decimals after which a sum that is still 0 is taken for 0."""


class LogSumExp(NamedTuple):
    """The logarithm of a sum of exponentials."""

    values: Vectors  # may hold inf and -inf
    logsumexp: Scalars  # nats, at least the maximum

    @property
    def maximum(self) -> Scalars:
        """The largest value."""
        return np.asarray(self.values.max(axis=-1))

    @property
    def shifted(self) -> Vectors:
        """Value - maximum, at most 0; 0 for what equals an infinite maximum."""
        with np.errstate(invalid="ignore", over="ignore"):
            difference = self.values - self.maximum[..., np.newaxis]
        return np.where(self.values == self.maximum[..., np.newaxis], 0.0, difference)

    @property
    def weights(self) -> Vectors:
        """exp(shifted), 0 .. 1."""
        maximum = self.maximum[..., np.newaxis]
        known = np.isfinite(maximum)  # below an infinite maximum nothing has weight
        weights = np.where(known, self.values, -np.inf)
        exp_subtract_max(weights, np.where(known, maximum, 0.0), 1.0, weights)
        return np.where(self.values == maximum, 1.0, weights)

    @property
    def total(self) -> Scalars:
        """Sum of the weights, 1 .. n."""
        return compensated_sum(self.weights)

    @property
    def excess(self) -> Scalars:
        """What the others add to the maximum, 0 .. log(n)."""
        rows = as_rows(self.values, 1.0)
        at, largest = row_max(rows)
        known = np.isfinite(largest)
        with np.errstate(all="ignore"):
            rest = np.log1p(sum_without_max(rows, at, np.where(known, largest, 0.0), 1.0))
        return np.where(known, rest, 0.0).reshape(self.values.shape[:-1])

    def total_is_distinct(self) -> NDArray[np.bool_]:
        """Return whether `total` is above 1 in six digits, or 1 exactly."""
        return np.asarray((self.total >= 1.0 + 5e-6) | (self.excess == 0.0))

    def check(self) -> Check:
        """Return logsumexp beside numpy's logaddexp applied value by value."""
        with np.errstate(all="ignore"):
            return Check(self.logsumexp, np.asarray(np.logaddexp.reduce(self.values, axis=-1)))


class WeightedLogSumExp(NamedTuple):
    """The logarithm of a weighted sum of exponentials."""

    values: Vectors  # may hold inf and -inf
    given_weights: Vectors  # finite, of either sign
    logsumexp: Scalars  # nats; -inf if the sum is 0

    @property
    def maximum(self) -> Scalars:
        """The largest value that has a weight."""
        return np.asarray(np.where(self.given_weights != 0.0, self.values, -np.inf).max(axis=-1))

    @property
    def shifted(self) -> Vectors:
        """Value - maximum; 0 for what equals an infinite maximum."""
        maximum = self.maximum[..., np.newaxis]
        with np.errstate(invalid="ignore", over="ignore"):
            return np.where(self.values == maximum, 0.0, self.values - maximum)

    @property
    def terms(self) -> Vectors:
        """Weight times exp(shifted), 0 where the weight is 0."""
        with np.errstate(all="ignore"):
            return np.where(
                self.given_weights != 0.0, self.given_weights * _exp_shifted(self.values, self.maximum), 0.0
            )

    @property
    def total(self) -> Scalars:
        """Sum of the terms."""
        return compensated_sum(self.terms)

    def total_is_distinct(self) -> NDArray[np.bool_]:
        """Return whether maximum + log(total) gives the answer in ten digits."""
        with np.errstate(all="ignore"):
            log = np.log(self.total)
            size = np.maximum(np.abs(self.maximum), np.abs(log))
            known = np.isfinite(self.maximum) & np.isfinite(log)
            return known & (np.abs(self.logsumexp) > 1e-3 * size) & (np.abs(log) > 1e-3)

    def check(self) -> Check:
        """Return the answer beside numpy's logaddexp of value + log(weight), of each sign by itself."""
        with np.errstate(all="ignore"):
            logs = np.log(np.abs(self.given_weights))
            lifted = np.where(self.given_weights != 0.0, self.values + logs, -np.inf)
            added, taken = (
                np.logaddexp.reduce(np.where(side, lifted, -np.inf), axis=-1)
                for side in (self.given_weights > 0.0, self.given_weights < 0.0)
            )
            share = -np.expm1(taken - added)  # of the positive terms that is left
            other = np.where(taken == -np.inf, added, added + np.log(share))
            size = np.where(np.isfinite(lifted), np.abs(self.values) + np.abs(logs), 0.0).max(axis=-1)
            scale = (1.0 + size) / np.where(share > 0.0, share, 1.0)
        return Check(self.logsumexp, other, scale, ~(share > 1e-13) & (taken > -np.inf))


def _exp_shifted(values: Array, maximum: Array) -> Array:
    """Return exp(values - maximum), 1 for what equals an infinite maximum."""
    known = np.isfinite(maximum)[..., np.newaxis]
    out = np.where(known, values, -np.inf)
    exp_subtract_max(out, np.where(known, maximum[..., np.newaxis], 0.0), 1.0, out)
    return np.where(values == maximum[..., np.newaxis], 1.0, out)


def logsumexp(values: ArrayLike, weights: ArrayLike | None = None) -> LogSumExp | WeightedLogSumExp:
    """Return log(sum(exp(values))) along the last axis, in nats, or log(sum(weights * exp(values))).

    Of [0, -40] it is 4.25e-18, where torch says 0; log-probabilities that sum to nearly 1, whose
    answer all peers lose, are summed in decimals. A row of -inf gives -inf, an inf gives inf. See
    Blanchard, Higham and Higham (2021) on what shifts cost. Weights, scipy's b, may be negative; a
    sum that is negative has no logarithm and is refused, a sum of 0 gives -inf.

    >>> logsumexp([1000, 1000]).logsumexp
    array(1000.69314718)
    >>> logsumexp([1000, 1000], weights=[3, -1]).logsumexp
    array(1000.69314718)
    """
    x = as_floats(values, operand="values")
    if weights is not None:
        return _weighted(as_vectors(x, allow=(np.inf, -np.inf), operand="values"), weights)
    found = LogSumExp(x, logsumexp_rows(x))
    if np.isnan(found.logsumexp).any():
        as_vectors(x, allow=(np.inf, -np.inf), operand="values")
    return found


def _weighted(x: Array, weights: ArrayLike) -> WeightedLogSumExp:
    w = as_vectors(weights, "weight", operand="weights")
    check_same_rows(x, w, ("values", "weights"))
    x, w = (np.array(a) for a in np.broadcast_arrays(x, w))
    infinite = (x == np.inf) & (w != 0.0)
    raise_at(infinite & (w < 0.0), "value {k} is inf with a negative weight", operand="values")
    rows, factors = as_rows(x, 1.0), as_rows(w, 1.0)
    nats = np.where(infinite.any(axis=-1).ravel(), np.inf, _weighted_rows(rows, factors))
    raise_at(
        np.isnan(nats)[:, np.newaxis],
        "the weighted sum is negative: it has no logarithm",
        operand="weights",
    )
    return WeightedLogSumExp(x, w, nats.reshape(x.shape[:-1]))


def _weighted_rows(rows: Array, weights: Array) -> Array:
    """Return log(sum(weights * exp(rows))) of rows (r, n), -inf of a sum of 0, nan of a negative one."""
    maximum = np.where(weights != 0.0, rows, -np.inf).max(axis=-1)
    with np.errstate(all="ignore"):
        power = np.frexp(np.abs(weights).max(axis=-1))[1]
        power = np.where(np.abs(power) > 900, power, 0)  # taken off weights whose sum might overflow
        factors = np.ldexp(weights, -power[:, np.newaxis])
        terms = factors * _exp_shifted(rows, maximum)
        terms = np.where(weights != 0.0, terms, 0.0)
        total, size = compensated_sum(terms), np.abs(terms).sum(axis=-1)
        log, shift = np.log(total), power * math.log(2.0)
        nats, lost = two_sum(maximum, shift)
        nats, rest = two_sum(nats, log)
        nats = np.where(np.isfinite(nats), nats + (rest + lost), nats)
        parts = np.maximum(np.abs(log), np.abs(shift))  # the maximum is not rounded
        sure = (
            (size > UNDERFLOW * np.abs(factors).max(axis=-1))
            & (total > SMALL * size)
            & (np.abs(nats) >= SMALL * np.maximum(parts, 1.0))
        )
    nats = np.where(maximum == -np.inf, -np.inf, nats)
    hard = ~sure & np.isfinite(maximum)
    if rows.shape[1] <= MAX_DECIMAL_ENTRIES:
        for row in np.flatnonzero(hard).tolist():
            nats[row] = _decimal_row(rows[row], weights[row], float(maximum[row]))
    return nats


def _decimal_row(row: Array, weights: Array, maximum: float) -> float:
    """Return log(sum(weights * exp(row))) with 40 digits, or twice as many each time they cancel away."""
    from decimal import Context, Decimal  # noqa: PLC0415  1 ms at start for a rare need

    kept = (weights != 0.0) & (row > -np.inf)
    pairs = list(zip(weights[kept].tolist(), row[kept].tolist(), strict=True))
    digits, top = 40, Decimal(maximum)
    while True:
        context = Context(prec=digits)
        total = size = Decimal(0)
        for weight, value in pairs:
            exponential = context.exp(Context(prec=MOST_DIGITS).subtract(Decimal(value), top))
            term = context.multiply(Decimal(weight), exponential)
            total, size = context.add(total, term), context.add(size, abs(term))
        known = total != 0 and total.adjusted() > size.adjusted() + 20 - digits
        if known and total < 0:
            return math.nan
        nats = context.add(top, context.ln(total)) if total > 0 else Decimal(0)
        if known and nats.adjusted() > 20 - digits:
            return float(nats)
        if digits > MOST_DIGITS:
            return float(nats) if known else -math.inf
        digits *= 2
