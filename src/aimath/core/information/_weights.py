"""Distributions made of weights: what dividing by their sum rounds off is kept beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from aimath.core.information._reductions import Rounding, as_distribution, row_parts, sum_dd
from aimath.core.numerics.arrays import check_same_rows, check_weights
from aimath.core.numerics.double_double import divide_dd, two_sum
from aimath.core.numerics.exact import divide_rounded, to_integers

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from aimath.core.numerics.types import Array


def as_distribution_pair(p: ArrayLike, q: ArrayLike, *, normalize: bool) -> tuple[Array, Array, Rounding]:
    """Return p and q as distributions of equal length, broadcastable along the other axes."""
    if not normalize:
        a, b = as_distribution(p, "p"), as_distribution(q, "q")
        check_same_rows(a, b, ("p", "q"))
        return a, b, Rounding()
    v, w = as_weights(p, operand="p"), as_weights(q, operand="q")
    check_same_rows(v, w, ("p", "q"))
    (a, a_low), (b, b_low) = normalize_weights(v), normalize_weights(w)
    return a, b, Rounding(a_low, b_low, _weights_difference(v, w, (a, a_low), (b, b_low)))


def as_weights(values: ArrayLike, operand: str | None = None) -> Array:
    """Return weights (..., n) by a power of two of their rows, so that the largest is .5 to 1."""
    w = check_weights(values, operand=operand)
    return np.asarray(np.ldexp(w, -np.frexp(w.max(axis=-1, keepdims=True))[1]))


def normalize_weights(weights: Array) -> tuple[Array, Array]:
    """Return weights (..., n) over their sum in two parts, high and low.

    The share of the largest is 1 less that of all others, so that 1 - p has all its digits where p
    is nearly 1.

    >>> normalize_weights(np.array([0.5, 0.5e-20]))[1][0]
    np.float64(-1e-20)
    """
    rows = weights.reshape(-1, weights.shape[-1])
    found = [_normalize_rows(rows[part]) for part in row_parts(rows)]
    return tuple(np.concatenate(part).reshape(weights.shape) for part in zip(*found, strict=True))  # type: ignore[return-value]


def _normalize_rows(weights: Array) -> tuple[Array, Array]:
    largest = weights.argmax(axis=-1)[..., np.newaxis]
    others = weights.copy()
    np.put_along_axis(others, largest, 0.0, axis=-1)
    rest, rest_low = (a[..., np.newaxis] for a in sum_dd(others))
    total, more = two_sum(np.take_along_axis(weights, largest, axis=-1), rest)
    more = more + rest_low
    with np.errstate(all="ignore"):
        high, low = _divide_dd_dd(weights, np.zeros_like(weights), total, more)
        share, share_low = _divide_dd_dd(rest, rest_low, total, more)
        one, lost = two_sum(np.ones_like(share), -share)
        one, lost = two_sum(one, lost - share_low)
    np.put_along_axis(high, largest, one, axis=-1)
    np.put_along_axis(low, largest, lost, axis=-1)
    return high, low


def _divide_dd_dd(a: Array, a_low: Array, b: Array, b_low: Array) -> tuple[Array, Array]:
    """Return (a + a_low) / (b + b_low) as a double-double."""
    q, r = divide_dd(a, a_low, b)
    return two_sum(q, r - q * (b_low / b))


CANCELLED, MAX_INTEGER_WEIGHTS = 2.0**-40, 1 << 14
"""Relative differences below which two products are subtracted in integers, of so many weights."""


def _weights_difference(v: Array, w: Array, p: tuple[Array, Array], q: tuple[Array, Array]) -> Array:
    """Return v / sum(v) - w / sum(w), from double-doubles p and q; where they cancel, in integers."""
    found = np.asarray((p[0] - q[0]) + (p[1] - q[1]))
    near = np.abs(found) < CANCELLED * p[0]
    rows = near.any(axis=-1)
    if not rows.any() or rows.sum() * found.shape[-1] > MAX_INTEGER_WEIGHTS:
        return found
    v, w = np.broadcast_arrays(v, w)
    for place in map(tuple, np.argwhere(rows)):
        a, b = to_integers(v[place])[0], to_integers(w[place])[0]
        s, t = sum(a), sum(b)
        found[place] = [divide_rounded(x * t - y * s, s * t) for x, y in zip(a, b, strict=True)]
    return found
