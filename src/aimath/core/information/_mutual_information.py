"""Mutual information of a table of joint probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.core.information._reductions import (
    accurate_sum,
    adds_up,
    cross_entropy_rows,
    entropy_rows,
    kl_rows,
    kl_terms,
    logarithm,
)
from aimath.core.numerics.arrays import Check, as_vectors, check_simplex
from aimath.core.numerics.double_double import two_prod
from aimath.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from aimath.core.numerics.axes import Joints, Scalars, XMarginals, YMarginals
    from aimath.core.numerics.types import Array


class MutualInformation(NamedTuple):
    """What rows and columns tell of each other."""

    joint: Joints  # sums to 1 over both
    base: float  # > 1
    mutual_information: Scalars  # 0..log min(r, c)

    @property
    def row_marginal(self) -> XMarginals:  # sums to 1
        """The sums of the rows."""
        return accurate_sum(self.joint)

    @property
    def column_marginal(self) -> YMarginals:  # sums to 1
        """The sums of the columns."""
        return accurate_sum(np.swapaxes(self.joint, -1, -2))

    @property
    def expected(self) -> Joints:  # sums to 1 over both
        """What the table would be were rows and columns independent: row times column marginal."""
        return _independence_difference(self.joint)[0]

    @property
    def terms(self) -> Joints:  # of both signs
        """Joint log(joint / expected)."""
        expected, difference = _independence_difference(self.joint)
        return kl_terms(self.joint, expected, self.base, difference)

    @property
    def joint_entropy(self) -> Scalars:
        """Entropy of the whole table."""
        return entropy_rows(_flatten(self.joint), self.base)

    @property
    def row_entropy(self) -> Scalars:
        """Entropy of the row marginal."""
        return entropy_rows(self.row_marginal, self.base)

    @property
    def column_entropy(self) -> Scalars:
        """Entropy of the column marginal."""
        return entropy_rows(self.column_marginal, self.base)

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
    expected, gap = _independence_difference(table)
    found = kl_rows(_flatten(table), _flatten(expected), base, difference=_flatten(gap))
    return MutualInformation(table, float(base), found)


def _check_joint(joint: ArrayLike, *, normalize: bool) -> Array:
    table = as_vectors(joint, "probability")
    if table.ndim < 2:
        raise InputError("a joint table has rows and columns, this is a single row")
    if table.shape[-2] == 0:
        raise InputError("needs at least one row")
    columns = table.shape[-1]
    try:
        return check_simplex(_flatten(table), normalize=normalize).reshape(table.shape)
    except InputError as error:  # say where in the table, not where in all its numbers
        row, column = divmod(error.entry or 0, columns)
        error.row = (error.row or 0) * table.shape[-2] + row
        error.entry = None if error.entry is None else column
        raise


def _flatten(table: Array) -> Array:
    return table.reshape(*table.shape[:-2], -1)


def _independence_difference(joint: Array) -> tuple[Array, Array]:
    """Return row · column / total of a table, and the joint less that with all digits.

    All sums and products are taken in two parts, else a table that is nearly independent would
    have nothing but their rounding for an answer.
    """
    row, row_rest = (a[..., :, np.newaxis] for a in _sum_dd(joint))
    column, column_rest = (a[..., np.newaxis, :] for a in _sum_dd(np.swapaxes(joint, -1, -2)))
    whole, whole_rest = (a[..., np.newaxis, np.newaxis] for a in _sum_dd(_flatten(joint)))
    a, a_rest = two_prod(joint, whole)
    b, b_rest = two_prod(row, column)
    rest = a_rest - b_rest + joint * whole_rest - row * column_rest - column * row_rest
    return b / whole, ((a - b) + rest) / whole


def _sum_dd(x: Array) -> tuple[Array, Array]:
    sums = accurate_sum(x)
    return sums, accurate_sum(np.concatenate((x, -sums[..., np.newaxis]), axis=-1))
