"""Sums, products, quotients and roots of two floats with what their rounding loses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from aimath.core.numerics.types import Array


def two_sum(a: Array, b: Array) -> tuple[Array, Array]:
    """Give fl(a + b) and the exact rest (Knuth 1969): their unevaluated sum is a + b."""
    s = a + b
    t = s - a
    return s, (a - (s - t)) + (b - t)


def two_prod(a: Array, b: Array) -> tuple[Array, Array]:
    """Give fl(a * b) and the exact rest (Dekker 1971), for |a|, |b| < 2^996 and no underflow."""
    p = a * b
    ah, al = _split(a)
    bh, bl = _split(b)
    return p, ((ah * bh - p) + ah * bl + al * bh) + al * bl


def quotient(d: Array, e: Array, by: Array | float) -> tuple[Array, Array]:
    """Give (d + e) / by in two parts, for e a rest of d and by > 0: value and what it lost in rounding.

    >>> quotient(np.array([1.0]), np.array([0.0]), 3.0)
    (array([0.33333333]), array([1.85037171e-17]))
    """
    # A power of two brings the divisor to 0.5 .. 1, where no product of the rest can underflow.
    by = np.asarray(by, np.float64)  # ldexp of a small integer would answer in half precision
    power = np.maximum(np.frexp(by)[1], -1022)
    divisor, scale = np.asarray(np.ldexp(by, -power)), np.ldexp(1.0, -power)
    d, e = d * scale, e * scale
    q = d / divisor
    p, lost = two_prod(q, divisor)
    r = ((d - p) - lost + e) / divisor
    return q, np.where(np.isfinite(r), r, 0.0)  # beyond 2^996 or at an infinity there is no rest


def rooted(high: Array, low: Array) -> tuple[Array, Array]:
    """Give sqrt(high + low) and what it lost in rounding."""
    root = np.sqrt(high)
    p, e = two_prod(root, root)
    return root, (((high - p) - e) + low) / (2.0 * root)


def _split(a: Array) -> tuple[Array, Array]:
    c = 134217729.0 * a  # 2^27 + 1 halves the 53 bits (Veltkamp 1968)
    high = c - (c - a)
    return high, a - high


def row_sum(x: Array) -> Array:
    """Sum along the last axis: compensated for short rows, pairwise for long ones.

    Both give the same bits for a row alone and within a batch.
    """
    n = x.shape[-1]
    if n > 32:
        return np.asarray(np.add.reduce(np.ascontiguousarray(x), axis=-1))
    total = np.array(x[..., 0])
    rest = np.zeros_like(total)
    with np.errstate(invalid="ignore", over="ignore"):
        for k in range(1, n):
            total, error = two_sum(total, x[..., k])
            rest = rest + error
    return np.where(np.isfinite(total), total + rest, total)  # rest is nan beside an infinity
