"""Double-double arithmetic: error-free sums and products, quotients, square roots."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from aimath.core.numerics.types import Array


def two_sum(a: Array, b: Array) -> tuple[Array, Array]:
    """Return fl(a + b) and its rounding error (Knuth 1969)."""
    s = a + b
    t = s - a
    return s, (a - (s - t)) + (b - t)


def two_prod(a: Array, b: Array) -> tuple[Array, Array]:
    """Return fl(a * b) and its rounding error (Dekker 1971), for |a|, |b| < 2^996 without underflow."""
    p = a * b
    ah, al = _veltkamp_split(a)
    bh, bl = _veltkamp_split(b)
    return p, ((ah * bh - p) + ah * bl + al * bh) + al * bl


@np.errstate(all="ignore")
def divide_dd(high: Array, low: Array, denominator: Array | float) -> tuple[Array, Array]:
    """Return (high + low) / denominator as a double-double, for denominator > 0.

    >>> divide_dd(np.array([1.0]), np.array([0.0]), 3.0)
    (array([0.33333333]), array([1.85037171e-17]))
    """
    # A power of two brings the divisor to 0.5 .. 1, where no product of the rest can underflow.
    denominator = np.asarray(
        denominator, np.float64
    )  # ldexp of a small integer would answer in half precision
    power = np.maximum(np.frexp(denominator)[1], -1022)
    divisor, scale = np.asarray(np.ldexp(denominator, -power)), np.ldexp(1.0, -power)
    high, low = high * scale, low * scale
    q = high / divisor
    p, lost = two_prod(q, divisor)
    r = ((high - p) - lost + low) / divisor
    return q, np.where(np.isfinite(r), r, 0.0)  # beyond 2^996 or at an infinity there is no rest


def scaled_difference(x: Array, y: Array, divisor: Array | float) -> tuple[Array, Array]:
    """Return (x - y) / divisor as a double-double, for divisor > 0; the difference may be beyond float64.

    >>> scaled_difference(np.array([9e307]), np.array([-9e307]), 1e308)[0]
    array([1.8])
    """
    with np.errstate(all="ignore"):
        huge = np.maximum(np.abs(x), np.abs(y)) > 1e300  # where x - y might overflow, quarters don't
        shrink = np.where(huge & np.isfinite(x), 0.25, 1.0)
        d, e = two_sum(x * shrink, -y * shrink)
        q, r = divide_dd(d, np.where(np.isfinite(e), e, 0.0), divisor)
        z, rest = two_sum(q / shrink, r / shrink)
        return np.asarray(z), np.where(np.isfinite(rest), rest, 0.0)


def sqrt_dd(high: Array, low: Array) -> tuple[Array, Array]:
    """Return sqrt(high + low) as a double-double."""
    root = np.sqrt(high)
    p, e = two_prod(root, root)
    return root, (((high - p) - e) + low) / (2.0 * root)


def _veltkamp_split(a: Array) -> tuple[Array, Array]:
    c = 134217729.0 * a  # 2^27 + 1 halves the 53 bits (Veltkamp 1968)
    high = c - (c - a)
    return high, a - high


def compensated_sum(x: Array) -> Array:
    """Return sums along the last axis: compensated for short rows, pairwise for long ones.

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
