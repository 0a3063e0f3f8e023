"""Sums of products as if exactly, rounded once: what every dot product here is made of.

Both operands are cut into slices so short that products of slices add up in float64 without any
rounding, in whatever order BLAS takes them (Ozaki, Ogita, Oishi and Rump 2012). What the slices
leave over is summed plainly, with a proven bound; where that bound can't tell how the sum rounds,
it is done again in integers. So a result depends on its own row and column and on nothing else: a
row of a batch equals the single call, on every CPU, with any number of threads.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.core.numerics.double_double import two_sum

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from aimath.core.numerics.types import Array

BLOCK, CACHED = 1 << 20, 1 << 15
"""Elements worked on at a time: of a matrix product, and of rows, whose many copies stay in the cache."""
FLOOR = 2.0**-960
"""What is smaller than this beside the largest of its row may lose bits to underflow."""
HALF_ULP = 2.0**-53
INTEGER_TERMS = 1 << 22
"""Most terms of one matrix product that are done again in integers: about a second."""
FRACTIONS = 20_000
"""Products up to which a check adds fractions: a fifth of a second."""
LARGEST = 1 << 31
"""Multiplications up to which a matrix product is rounded once (4 s); above, it is BLAS's."""


class Sliced(NamedTuple):
    """Rows scaled by powers of two to below 1, as first + second + rest."""

    scaled: Array  # (r, n) -1 .. 1
    first: Array  # (r, n) a few leading bits
    second: Array  # (r, n) as many again
    rest: Array  # (r, n)
    exponent: NDArray[np.intp]  # (r,) value = scaled * 2^exponent
    size: Array  # (r,) sum of |scaled|
    left: Array  # (r,) largest |rest|; 0 only if nothing at all was lost


class Sums(NamedTuple):
    """Sums (high + low) * 2^exponent, wrong by at most error * 2^exponent."""

    high: Array
    low: Array
    error: Array
    exponent: NDArray[np.intp]


def sliced(x: Array) -> Sliced:
    """Cut rows (r, n) so that sums of n products of slices need no more than 53 bits."""
    bits = (53 - (x.shape[1] - 1).bit_length()) // 2
    size = np.abs(x)
    exponent = np.frexp(size.max(axis=1))[1].astype(np.intp)
    scaled = np.ldexp(x, -exponent[:, np.newaxis])
    tiny = (np.abs(scaled) < FLOOR) & (size > 0.0)
    coarse, fine = 1.5 * 2.0 ** (52 - bits), 1.5 * 2.0 ** (51 - 2 * bits)
    first = (scaled + coarse) - coarse  # rounded to a multiple of 2^-bits
    rest = scaled - first
    second = (rest + fine) - fine
    rest -= second
    left = np.abs(rest).max(axis=1)
    left = np.where((left > 0.0) | tiny.any(axis=1), np.maximum(left, FLOOR), 0.0)
    return Sliced(scaled, first, second, rest, exponent, np.abs(scaled).sum(axis=1), left)


def sums(a: Sliced, b: Sliced, *, pairs: bool) -> Sums:
    """Give the dot products of row i of a with row i of b, or of all rows with all (`pairs`)."""

    def multiply(x: Array, y: Array) -> Array:
        return np.asarray(x @ y.T if pairs else np.vecdot(x, y))

    def beside(x: NDArray[Any]) -> NDArray[Any]:
        return x[:, np.newaxis] if pairs else x

    total = multiply(a.first, b.first)
    parts = [multiply(a.first, b.second), multiply(a.second, b.first), multiply(a.second, b.second)]
    error = beside(a.left) * b.size + beside(a.size) * b.left
    if error.any():
        parts.append(multiply(a.rest, b.scaled) + multiply(a.first + a.second, b.rest))
        error *= (a.scaled.shape[1] + 4) * 1.001 * HALF_ULP
    low = np.zeros_like(total)
    for part in parts:
        total, lost = two_sum(total, part)
        low, dropped = two_sum(low, lost)
        error += np.abs(dropped)
    return Sums(*two_sum(total, low), error, beside(a.exponent) + b.exponent)


def settled(high: Array, low: Array, error: Array) -> NDArray[np.bool_]:
    """Say where high is (high + low) rounded, however much of the error there is."""
    slack = np.where(error > 0.0, error * 1.001 + np.abs(low) * (4.0 * HALF_ULP), 0.0)
    return np.asarray((high + (low - slack) == high) & (high + (low + slack) == high))


def dots(a: Array, b: Array) -> Array:
    """Give the dot products along the last axis of (..., n) and (..., n), each rounded once.

    What leaves float64 is inf or 0, and nothing on the way does.

    >>> dots(np.array([1e16, 1.0, -1e16]), np.array([1.0, 1.0, 1.0]))
    array(1.)
    """
    return by_blocks(_dots, a, b)


def _dots(rows: Array, others: Array) -> Array:
    result, unsure, _ = _rounded(rows, sliced(others), pairs=False)
    for i in np.flatnonzero(unsure):
        result[i] = to_float(*integer_dot(rows[i], others[i]))
    return result


def by_blocks(function: Callable[[Array, Array], Array], a: Array, b: Array) -> Array:
    """Give what a function makes of rows (r, n) with rows, (r,), for stacks (..., n) within the cache."""
    rows, others = (np.ascontiguousarray(x).reshape(-1, x.shape[-1]) for x in (a, b))
    result, step = np.empty(len(rows)), max(1, CACHED // rows.shape[1])
    for k in range(0, len(rows), step):
        result[k : k + step] = function(rows[k : k + step], others[k : k + step])
    return result.reshape(a.shape[:-1])


def product(a: Array, b: Array, lost: Array | None = None) -> Array:
    """Give the matrix product of (m, k) and (k, n), every entry rounded once.

    What rounding took goes to `lost` (m, n), zeros until then, for who would amplify it.

    Above 2^31 multiplications it is BLAS's; and where more entries cancel than integers can mend
    in a second, they are right to about 2^-75 of sum |a||b|.

    >>> product(np.array([[0.1, 0.1, 0.1]]), np.array([[1.0], [1.0], [-2.0]]))
    array([[0.]])
    """
    if a.size * b.shape[1] > LARGEST:
        with np.errstate(all="ignore"):
            return np.asarray(a @ b)
    columns = np.ascontiguousarray(b.T)
    others, result = sliced(columns), np.empty((len(a), b.shape[1]))
    step = max(1, BLOCK // max(a.shape[1], b.shape[1]))
    allowed = INTEGER_TERMS // a.shape[1]
    for k in range(0, len(a), step):
        part = slice(k, k + step)
        result[part], unsure, (high, low, _, power) = _rounded(a[part], others, pairs=True)
        places = np.argwhere(unsure)
        allowed -= len(places)
        for i, j in places if allowed >= 0 else ():
            result[k + i, j] = to_float(*integer_dot(a[k + i], columns[j]))
        if lost is not None:
            with np.errstate(all="ignore"):
                lost[part] = np.ldexp((high - np.ldexp(result[part], -power)) + low, power)
    return result


def _rounded(rows: Array, others: Sliced, *, pairs: bool) -> tuple[Array, NDArray[np.bool_], Sums]:
    """Give dot products, where they are not known to be rounded right, and what they were rounded from."""
    with np.errstate(all="ignore"):
        found = sums(sliced(rows), others, pairs=pairs)
        value = np.ldexp(found.high, found.exponent)
        # Below the normal numbers it would round a second time.
        small = (np.abs(value) < 2.0**-1021) & (found.high != 0.0)
        return value + 0.0, ~settled(*found[:3]) | small, found


def integers(x: Array) -> tuple[list[int], int]:
    """Give integers and a power of two: x = integers * 2^power, exactly.

    >>> integers(np.array([0.75, 2.0]))
    ([3, 8], -2)
    """
    mantissa, exponent = np.frexp(x.ravel())
    whole = np.ldexp(mantissa, 53).astype(np.int64)
    used = np.bitwise_count((whole & -whole) - 1)  # zeros at the end of each
    shift = np.where(whole == 0, 0, used)
    power = exponent.astype(np.int64) - 53 + shift
    least = int(power[whole != 0].min()) if whole.any() else 0
    pairs = zip((whole >> shift).tolist(), (power - least).tolist(), strict=True)
    return [m << p if m else 0 for m, p in pairs], least


def integer_dot(a: Array, b: Array) -> tuple[int, int]:
    """Give the dot product of two vectors (n,) as an integer and a power of two."""
    x, p = integers(a)
    y, q = integers(b)
    return sum(map(int.__mul__, x, y)), p + q


def to_float(number: int, power: int) -> float:
    """Give number * 2^power rounded once, inf if that is beyond float64.

    >>> to_float(3, -1)
    1.5
    """
    return over(number << max(power, 0), 1 << max(-power, 0))


def over(above: int, below: int) -> float:
    """Give above / below rounded once, inf if that is beyond float64."""
    try:
        return above / below
    except OverflowError:
        return math.inf if (above > 0) == (below > 0) else -math.inf


def root_over(above: int, below: int) -> float:
    """Give sqrt(above / below), at most 1, rounded once.

    >>> root_over(1, 4)
    0.5
    """
    shift = max(0, (below.bit_length() - above.bit_length()) // 2 + 66)
    whole, rest = divmod(above << 2 * shift, below)
    root = math.isqrt(whole)
    # One more bit says that something follows: it decides what would look like a tie.
    return over(2 * root + (rest != 0 or root * root != whole), 1 << (shift + 1))


def by_fractions(a: Array, b: Array) -> Array:
    """Give dot products along the last axis in fractions; in longer floats where that would take long."""
    x, y = np.broadcast_arrays(a, b)
    if x.size > FRACTIONS:
        with np.errstate(all="ignore"):
            return np.asarray(np.vecdot(x.astype(np.longdouble), y.astype(np.longdouble)), np.float64)
    rows = zip(*(v.reshape(-1, v.shape[-1]).tolist() for v in (x, y)), strict=True)
    sums = [sum((Fraction(p) * Fraction(q) for p, q in zip(*row, strict=True)), Fraction()) for row in rows]
    return np.array([float(s) for s in sums]).reshape(x.shape[:-1])
