"""Mutual information of a table of joint probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.core.information._reductions import (
    accurate_sum,
    adds_up,
    cross_entropy_rows,
    entropy_rows,
    kl_near_terms,
    logarithm,
    sum_dd,
)
from aimath.core.information._weights import CANCELLED, MAX_INTEGER_WEIGHTS, as_weights, normalize_weights
from aimath.core.numerics.arrays import Check, as_vectors, check_simplex
from aimath.core.numerics.double_double import two_prod
from aimath.core.numerics.exact import divide_rounded, to_integers
from aimath.core.numerics.types import may_lack_value
from aimath.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from aimath.core.numerics.axes import Joints, Scalars, XMarginals, YMarginals
    from aimath.core.numerics.types import Array


class Weights(NamedTuple):
    """The weights that a joint table was made of, if it was."""

    table: Array | None = None  # (..., r, c) by a power of two below 1


@may_lack_value("nmi")
class MutualInformation(NamedTuple):
    """What rows and columns tell of each other."""

    joint: Joints  # sums to 1 over both
    base: float  # > 1
    mutual_information: Scalars  # 0..log min(r, c)
    weights: Weights = Weights()

    @property
    def row_marginal(self) -> XMarginals:  # sums to 1
        """The sums of the rows."""
        return self._marginals()[0][0]

    @property
    def column_marginal(self) -> YMarginals:  # sums to 1
        """The sums of the columns."""
        return self._marginals()[1][0]

    def _marginals(self) -> tuple[tuple[Array, Array | None], ...]:
        """Return the sums of rows and of columns, and what rounding took from those of weights."""
        table = self.joint if self.weights.table is None else self.weights.table
        sums = accurate_sum(table), accurate_sum(np.swapaxes(table, -1, -2))
        if self.weights.table is None:
            return tuple((one, None) for one in sums)
        return tuple(normalize_weights(one) for one in sums)

    @property
    def expected(self) -> Joints:  # sums to 1 over both
        """What the table would be were rows and columns independent: row times column marginal."""
        return self._independence().expected

    @property
    def terms(self) -> Joints:  # of both signs
        """Joint log(joint / expected)."""
        log, divisor, nat = logarithm(self.base)
        found = self._independence()
        with np.errstate(all="ignore"):
            change = found.difference / found.expected
            near = np.abs(change) < 0.5
            logs = np.where(near, np.log1p(np.where(near, change, 0.0)) / nat, found.log_ratio(log) / divisor)
            return np.where(self.joint > 0.0, self.joint * logs, 0.0) + 0.0

    def _independence(self) -> Independence:
        return _compare_independent(self.joint, self.weights)

    @property
    def joint_entropy(self) -> Scalars:
        """Entropy of the whole table."""
        if self.weights.table is None:
            return entropy_rows(_flatten(self.joint), self.base)
        probs, low = normalize_weights(_flatten(self.weights.table))
        return entropy_rows(probs, self.base, low=low)

    @property
    def row_entropy(self) -> Scalars:
        """Entropy of the row marginal."""
        probs, low = self._marginals()[0]
        return entropy_rows(probs, self.base, low=low)

    @property
    def column_entropy(self) -> Scalars:
        """Entropy of the column marginal."""
        probs, low = self._marginals()[1]
        return entropy_rows(probs, self.base, low=low)

    @property
    def conditional_entropy(self) -> Scalars:  # 0..column entropy
        """H(Y|X), what is left uncertain of the column where the row is known: Σ joint log(row / joint)."""
        table = self.joint if self.weights.table is None else self.weights.table
        row = accurate_sum(table)[..., np.newaxis]
        largest = np.arange(table.shape[-1]) == np.argmax(table, axis=-1)[..., np.newaxis]
        rest = accurate_sum(np.where(largest, 0.0, table))[..., np.newaxis]
        with np.errstate(all="ignore"):
            # Of the largest by what the others are, which row / joint would have rounded away.
            ratio = row / table
            others = np.where(np.isposinf(ratio), np.log(row) - np.log(table), np.log(ratio))
            logs = np.where(largest, np.log1p(rest / table), others)
            terms = np.where(table > 0.0, table * logs, 0.0)
        nats = accurate_sum(_flatten(terms)) / accurate_sum(_flatten(table))
        return np.asarray(nats / logarithm(self.base)[2]) + 0.0

    @property
    def nmi(self) -> Scalars:  # 0..1
        """Mutual information over the mean of both entropies, as in scikit-learn; none if both are 0."""
        mean = 0.5 * self.row_entropy + 0.5 * self.column_entropy
        with np.errstate(invalid="ignore"):
            return np.minimum(self.mutual_information / mean, 1.0)

    def terms_add_up(self) -> Any:
        """Return whether the terms, which are rounded, add up to the mutual information."""
        return adds_up(_flatten(self.terms), self.mutual_information)

    def entropies_add_up(self) -> Any:
        """Return whether the entropies alone add up to the answer, as where the table sums to 1."""
        parts = np.stack((self.row_entropy, self.column_entropy, -self.joint_entropy), axis=-1)
        return adds_up(parts, self.mutual_information)

    def check(self) -> Check:
        """Return it beside row entropy + column entropy - joint entropy."""
        joint = _flatten(self.joint)
        whole = accurate_sum(joint)
        drift = whole * np.log(whole) / logarithm(self.base)[2]
        # Entropies that are not cut off at 0, where the table sums to more than 1.
        tables = (self.row_marginal, self.column_marginal, joint)
        row, column, both = (cross_entropy_rows(p, p, self.base) for p in tables)
        other = row + column - both + drift
        return Check(self.mutual_information, np.maximum(other, 0.0))


def mutual_information(joint: ArrayLike, base: float = 2.0, normalize: bool = False) -> MutualInformation:
    """Return the mutual information of rows and columns of joint tables (..., r, c).

    mutual_information = sum(joint * log(joint / (row * column))), never negative, 0 for independent
    ones; in bits. scikit-learn's mutual_info_score wants counts, and answers in nats. Shannon (1948).

    >>> float(mutual_information([[0.5, 0], [0, 0.5]]).mutual_information)
    1.0
    """
    table = _check_joint(joint, normalize=normalize)
    weights = Weights()
    if normalize:
        shares = as_weights(_flatten(table))
        weights = Weights(shares.reshape(table.shape))
        table = normalize_weights(shares)[0].reshape(table.shape)
    found = _compare_independent(table, weights).divergence(base)
    result = MutualInformation(table, float(base), found, weights)
    most = np.minimum(result.row_entropy, result.column_entropy)
    return result._replace(mutual_information=np.minimum(found, most))


def _check_joint(joint: ArrayLike, *, normalize: bool) -> Array:
    table = as_vectors(joint, "probability")
    if table.ndim < 2:
        raise InputError("a joint table has rows and columns, this is a single row")
    if table.shape[-2] == 0:
        raise InputError("needs at least one row")
    columns = table.shape[-1]
    try:
        check_simplex(_flatten(table), normalize=normalize)
    except InputError as error:  # say where in the table, not where in all its numbers
        row, column = divmod(error.entry or 0, columns)
        error.row = (error.row or 0) * table.shape[-2] + row
        error.entry = None if error.entry is None else column
        raise
    return table


def _flatten(table: Array) -> Array:
    return table.reshape(*table.shape[:-2], -1)


class Independence(NamedTuple):
    """A joint table beside that of the same marginals whose rows and columns are independent."""

    joint: Array  # (..., r, c)
    expected: Array  # (..., r, c) row · column marginal over the sum
    difference: Array  # (..., r, c) joint - expected, with all its digits
    row_share: Array  # (..., r, c) of its row's sum, 0 .. 1
    column_share: Array  # (..., 1, c) of a column in the whole

    def log_ratio(self, log: np.ufunc) -> Array:
        """Return log(joint / expected), of ratios: a product of marginals may be below float64."""
        logs = log(self.row_share / self.column_share)
        wild = ~np.isfinite(logs)
        if wild.any():  # the quotient left float64, the difference of the logarithms does not
            logs = np.where(wild, log(self.row_share) - log(self.column_share), logs)
        return np.asarray(logs)

    def divergence(self, base: float) -> Array:
        """Return Σ joint log(joint/expected) - joint + expected, term by term."""
        log, divisor, nat = logarithm(base)
        with np.errstate(all="ignore"):
            p, q = self.joint, self.expected
            far = (p >= 2.0 * q) | (q >= 2.0 * p)
            rest = kl_near_terms(p, q, self.difference, far)
            logs = np.where(far & (p > 0.0), p * self.log_ratio(log), 0.0)
            found = accurate_sum(_flatten(logs)) / divisor + accurate_sum(_flatten(rest)) / nat
        return np.maximum(found, 0.0) + 0.0


def _compare_independent(joint: Array, weights: Weights) -> Independence:
    """Return row · column / sum of a table, and the joint less that.

    All sums and products are taken in two parts, and what cancels even so in integers, else a table
    that is nearly independent would have nothing but rounding for an answer.
    """
    table = joint if weights.table is None else weights.table
    row, row_low = (a[..., :, np.newaxis] for a in sum_dd(table))
    column, column_low = (a[..., np.newaxis, :] for a in sum_dd(np.swapaxes(table, -1, -2)))
    whole, whole_low = (a[..., np.newaxis, np.newaxis] for a in sum_dd(_flatten(table)))
    with np.errstate(all="ignore"):
        a, a_rest = two_prod(table, whole)
        b, b_rest = two_prod(row, column)
        rest = a_rest - b_rest + table * whole_low - row * column_low - column * row_low
        difference, expected = ((a - b) + rest) / whole, b / whole
        near = (np.abs(difference) < CANCELLED * expected).any(axis=(-2, -1))
        if near.any() and near.sum() * table.shape[-1] * table.shape[-2] <= MAX_INTEGER_WEIGHTS:
            for place in map(tuple, np.argwhere(near)):
                difference[place] = _integer_difference(table[place])
        if weights.table is not None:
            difference, expected = difference / whole, expected / whole
        row_share = table / np.where(row > 0.0, row, 1.0)
        return Independence(joint, expected, difference, row_share, column / whole)


def _integer_difference(table: Array) -> Array:
    """Return a table (r, c) less row · column / sum, each entry rounded once."""
    flat, power = to_integers(table)
    width = table.shape[1]
    rows = [flat[k : k + width] for k in range(0, len(flat), width)]
    columns, sums = [sum(column) for column in zip(*rows, strict=True)], [sum(row) for row in rows]
    whole = sum(sums)
    found = [
        [divide_rounded(v * whole - r * c, whole) for v, c in zip(row, columns, strict=True)]
        for row, r in zip(rows, sums, strict=True)
    ]
    return np.ldexp(found, power)
