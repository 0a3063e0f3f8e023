"""Cosines of vectors, correctly rounded by exact dot products."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aimath.core.numerics import exact
from aimath.core.numerics.double_double import sqrt_dd, two_prod, two_sum

if TYPE_CHECKING:
    from collections.abc import Callable

    from aimath.core.numerics.types import Array

MAX_EXACT_ROWS = 1000
"""Rows up to which all pairs are rounded once: half a second for 100 entries each."""
MAX_EXACT_ENTRIES = 1 << 20
"""Entries of two vectors up to which their cosine is rounded once: half a second."""
BLOCK = 1 << 16
"""Entries of longer ones whose products are summed at a time."""


class BoundedCosines(NamedTuple):
    """Cosines as double-doubles with an error bound."""

    high: Array
    low: Array
    error: Array


def all_cosines(a: Array, b: Array) -> Array:
    """Return the cosines of all rows of a matrix with all rows of another, none of them 0.

    Each is rounded once; of over 1000 rows they are a product of unit rows, within a few ulp of 1,
    clamped to -1 .. 1.

    >>> all_cosines(np.array([[3e200, 4e200]]), np.array([[3.0, 4.0], [-4.0, 3.0]]))
    array([[1., 0.]])
    """
    if max(len(a), len(b)) <= MAX_EXACT_ROWS:
        return rounded_cosines(a, b, all_pairs=True)
    return np.asarray(np.clip(normalize(a) @ normalize(b).T, -1.0, 1.0))


def rounded_cosines(a: Array, b: Array, *, all_pairs: bool = False) -> Array:
    """Return the cosines of rows (r, n) with rows, or of all with all, each rounded once."""
    ratio = cosines_dd(a, b, all_pairs=all_pairs)
    return round_cosines(ratio, lambda place: integer_dots(a[place[0]], b[place[-1]]))


def cosine_of_two(a: Array, b: Array) -> float:
    """Return the cosine of two vectors (n,), not 0, rounded once; of over 2^20 entries right to about 2^-70.

    >>> cosine_of_two(np.array([1e16, 1.0, -1e16]), np.array([1.0, 1.0, 1.0]))
    4.0824829046386305e-17
    """
    if len(a) <= MAX_EXACT_ENTRIES:
        return float(rounded_cosines(a[np.newaxis], b[np.newaxis])[0])
    dot, aa, bb = _sum_products(a, b)
    ratio = dot * dot / (aa * bb)
    size = exact.sqrt_ratio_rounded(min(ratio.numerator, ratio.denominator), ratio.denominator)
    return -size if dot < 0 else size


def _sum_products(a: Array, b: Array) -> list[Fraction]:
    """Return a · b, a · a and b · b of two vectors (n,), block by block with twice the digits of float64."""
    totals = [Fraction()] * 3
    for k in range(0, len(a), BLOCK):
        with np.errstate(all="ignore"):
            x, y = (exact.ozaki_split(v[np.newaxis, k : k + BLOCK]) for v in (a, b))
            sums = [exact.split_dots(*pair, all_pairs=False) for pair in ((x, y), (x, x), (y, y))]
        for place, found in enumerate(sums):
            value = Fraction(float(found.high[0])) + Fraction(float(found.low[0]))
            totals[place] += value * Fraction(2) ** int(found.exponent[0])
    return totals


def round_cosines(ratio: BoundedCosines, dots_at: Callable[[tuple[int, ...]], tuple[int, int, int]]) -> Array:
    """Return bounded cosines rounded once, by a · b, a · a and b · b where the bound can't tell how."""
    found = np.clip(ratio.high, -1.0, 1.0) + 0.0
    for place in zip(*np.nonzero(~exact.is_rounded(*ratio)), strict=True):
        dot, aa, bb = dots_at(place)
        sign = 1.0 if dot >= 0 else -1.0  # of an integer that may be beyond float64
        found[place] = sign * exact.sqrt_ratio_rounded(dot * dot, aa * bb)
    return found


def cosines_dd(a: Array, b: Array, *, all_pairs: bool = False) -> BoundedCosines:
    """Return d / sqrt(aa bb) with twice the digits of float64."""
    with np.errstate(all="ignore"):
        x, y = exact.ozaki_split(a), exact.ozaki_split(b)
        d = exact.split_dots(x, y, all_pairs=all_pairs)
        aa, bb = (exact.split_dots(v, v, all_pairs=False) for v in (x, y))
        if all_pairs:
            aa = aa._replace(
                high=aa.high[:, np.newaxis], low=aa.low[:, np.newaxis], error=aa.error[:, np.newaxis]
            )
        return divide_by_norms(d, aa, bb)


def divide_by_norms(d: exact.BoundedSums, aa: exact.BoundedSums, bb: exact.BoundedSums) -> BoundedCosines:
    """Return d / sqrt(aa bb) of sums whose exponents cancel."""
    h, low = two_prod(aa.high, bb.high)
    low = low + (aa.high * bb.low + aa.low * bb.high)
    root, rest = sqrt_dd(h, low)
    q = d.high / root
    p, e = two_prod(q, root)
    more = ((((d.high - p) - e) + d.low) - q * rest) / root
    size = np.abs(q)
    doubt = aa.error / aa.high + bb.error / bb.high + 2.0**-96
    return BoundedCosines(*two_sum(q, more), d.error / root * 1.001 + size * doubt)


def integer_dots(a: Array, b: Array) -> tuple[int, int, int]:
    """Return a · b, a · a and b · b of vectors scaled to integers."""
    x, y = exact.to_integers(a)[0], exact.to_integers(b)[0]
    return sum(map(int.__mul__, x, y)), sum(k * k for k in x), sum(k * k for k in y)


def normalize(x: Array) -> Array:
    """Return unit vectors along the last axis of (..., n), none of them 0."""
    power = np.frexp(np.abs(x).max(axis=-1))[1]
    with np.errstate(under="ignore"):
        scaled = np.ldexp(x, -power[..., np.newaxis])
        return np.asarray(scaled / np.sqrt((scaled * scaled).sum(axis=-1, keepdims=True)))
