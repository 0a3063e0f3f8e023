"""Correctly rounded dot products and matrix products by Ozaki splitting.

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

BLOCK, CACHE_BLOCK = 1 << 20, 1 << 15
"""Elements worked on at a time: of a matrix product, and of rows, whose many copies stay in the cache."""
SAFE_MIN = 2.0**-960
"""What is smaller than this beside the largest of its row may lose bits to underflow."""
UNIT_ROUNDOFF = 2.0**-53
MAX_INTEGER_TERMS = 1 << 22
"""Most terms of one matrix product that are done again in integers: about a second."""
MAX_FRACTION_TERMS = 20_000
"""Products up to which a check adds fractions: a fifth of a second."""
MAX_EXACT_MULTIPLICATIONS = 1 << 31
"""Multiplications up to which a matrix product is rounded once (4 s); above, it is BLAS's."""


class OzakiSlices(NamedTuple):
    """Rows scaled by powers of two to below 1 and split: first + second + remainder."""

    scaled: Array  # (..., r, n) -1 .. 1
    first: Array  # (..., r, n) a few leading bits
    second: Array  # (..., r, n) as many again
    remainder: Array  # (..., r, n)
    exponent: NDArray[np.intp]  # (..., r) value = scaled * 2^exponent
    abs_sum: Array  # (..., r) sum of |scaled|
    max_remainder: Array  # (..., r) largest |rest|; 0 only if nothing at all was lost


class BoundedSums(NamedTuple):
    """Sums (high + low) * 2^exponent with an error bound of error * 2^exponent."""

    high: Array
    low: Array
    error: Array
    exponent: NDArray[np.intp]


def ozaki_split(x: Array) -> OzakiSlices:
    """Return rows (..., r, n) split so that dot products of the parts are exact in float64."""
    bits = (53 - (x.shape[-1] - 1).bit_length()) // 2
    size = np.abs(x)
    exponent = np.frexp(size.max(axis=-1))[1].astype(np.intp)
    scaled = np.ldexp(x, -exponent[..., np.newaxis])
    tiny = (np.abs(scaled) < SAFE_MIN) & (size > 0.0)
    coarse, fine = 1.5 * 2.0 ** (52 - bits), 1.5 * 2.0 ** (51 - 2 * bits)
    first = (scaled + coarse) - coarse  # rounded to a multiple of 2^-bits
    rest = scaled - first
    second = (rest + fine) - fine
    rest -= second
    left = np.abs(rest).max(axis=-1)
    left = np.where((left > 0.0) | tiny.any(axis=-1), np.maximum(left, SAFE_MIN), 0.0)
    return OzakiSlices(scaled, first, second, rest, exponent, np.abs(scaled).sum(axis=-1), left)


def split_dots(a: OzakiSlices, b: OzakiSlices, *, all_pairs: bool) -> BoundedSums:
    """Return the dot products of row i of a with row i of b, or of all pairs of rows of each matrix."""

    def multiply(x: Array, y: Array) -> Array:
        return np.asarray(x @ np.swapaxes(y, -1, -2) if all_pairs else np.vecdot(x, y))

    def beside(x: NDArray[Any]) -> NDArray[Any]:
        return x[..., np.newaxis] if all_pairs else x

    def above(x: NDArray[Any]) -> NDArray[Any]:
        return x[..., np.newaxis, :] if all_pairs else x

    total = multiply(a.first, b.first)
    parts = [multiply(a.first, b.second), multiply(a.second, b.first), multiply(a.second, b.second)]
    error = beside(a.max_remainder) * above(b.abs_sum) + beside(a.abs_sum) * above(b.max_remainder)
    if error.any():
        parts.append(multiply(a.remainder, b.scaled) + multiply(a.first + a.second, b.remainder))
        error *= (a.scaled.shape[-1] + 4) * 1.001 * UNIT_ROUNDOFF
    low = np.zeros_like(total)
    for part in parts:
        total, lost = two_sum(total, part)
        low, dropped = two_sum(low, lost)
        error += np.abs(dropped)
    return BoundedSums(*two_sum(total, low), error, beside(a.exponent) + above(b.exponent))


def is_rounded(high: Array, low: Array, error: Array) -> NDArray[np.bool_]:
    """Return whether high is (high + low) correctly rounded, for any error within the bound."""
    slack = np.where(error > 0.0, error * 1.001 + np.abs(low) * (4.0 * UNIT_ROUNDOFF), 0.0)
    return np.asarray((high + (low - slack) == high) & (high + (low + slack) == high))


def vecdot(a: Array, b: Array) -> Array:
    """Return the dot products along the last axis of (..., n) and (..., n), each rounded once.

    What leaves float64 is inf or 0, and nothing on the way does.

    >>> vecdot(np.array([1e16, 1.0, -1e16]), np.array([1.0, 1.0, 1.0]))
    array(1.)
    """
    return map_blocks(_vecdot_block, a, b)


def _vecdot_block(rows: Array, others: Array) -> Array:
    result, unsure, _ = _rounded_dots(rows, ozaki_split(others), all_pairs=False)
    for i in np.flatnonzero(unsure):
        result[i] = integer_to_float(*integer_dot(rows[i], others[i]))
    return result


def map_blocks(function: Callable[[Array, Array], Array], a: Array, b: Array) -> Array:
    """Return function(rows, others) (r,) mapped over stacks (..., n) in blocks that fit the cache."""
    rows, others = (np.ascontiguousarray(x).reshape(-1, x.shape[-1]) for x in (a, b))
    result, step = np.empty(len(rows)), max(1, CACHE_BLOCK // rows.shape[1])
    for k in range(0, len(rows), step):
        result[k : k + step] = function(rows[k : k + step], others[k : k + step])
    return result.reshape(a.shape[:-1])


def matmul(a: Array, b: Array, rounding_errors: Array | None = None) -> Array:
    """Return the matrix product of (m, k) and (k, n), every entry rounded once.

    What rounding took goes to `lost` (m, n), zeros until then, for who would amplify it.

    Above 2^31 multiplications it is BLAS's; and where more entries cancel than integers can mend
    in a second, they are right to about 2^-75 of sum |a||b|.

    >>> matmul(np.array([[0.1, 0.1, 0.1]]), np.array([[1.0], [1.0], [-2.0]]))
    array([[0.]])
    """
    if a.size * b.shape[1] > MAX_EXACT_MULTIPLICATIONS:
        with np.errstate(all="ignore"):
            return np.asarray(a @ b)
    columns = np.ascontiguousarray(b.T)
    others, result = ozaki_split(columns), np.empty((len(a), b.shape[1]))
    step = max(1, BLOCK // max(a.shape[1], b.shape[1]))
    allowed = MAX_INTEGER_TERMS // a.shape[1]
    for k in range(0, len(a), step):
        part = slice(k, k + step)
        result[part], unsure, (high, low, _, power) = _rounded_dots(a[part], others, all_pairs=True)
        places = np.argwhere(unsure)
        allowed -= len(places)
        for i, j in places if allowed >= 0 else ():
            result[k + i, j] = integer_to_float(*integer_dot(a[k + i], columns[j]))
        if rounding_errors is not None:
            with np.errstate(all="ignore"):
                rounding_errors[part] = np.ldexp((high - np.ldexp(result[part], -power)) + low, power)
    return result


def _rounded_dots(
    rows: Array, others: OzakiSlices, *, all_pairs: bool
) -> tuple[Array, NDArray[np.bool_], BoundedSums]:
    """Return dot products, where their rounding is uncertain, and their unrounded sums."""
    with np.errstate(all="ignore"):
        found = split_dots(ozaki_split(rows), others, all_pairs=all_pairs)
        value = np.ldexp(found.high, found.exponent)
        # Below the normal numbers it would round a second time.
        small = (np.abs(value) < 2.0**-1021) & (found.high != 0.0)
        return value + 0.0, ~is_rounded(*found[:3]) | small, found


def to_integers(x: Array) -> tuple[list[int], int]:
    """Return integers and an exponent with x = integers * 2^exponent, exactly.

    >>> to_integers(np.array([0.75, 2.0]))
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
    """Return the dot product of two vectors (n,) as an integer and a power of two."""
    x, p = to_integers(a)
    y, q = to_integers(b)
    return sum(map(int.__mul__, x, y)), p + q


def integer_sum(rows: Array) -> tuple[list[int], int]:
    """Return the sum of rows (r, n) as integers and a power of two.

    >>> integer_sum(np.array([[1e16, 0.5], [1.0, 0.0], [-1e16, 0.0]]))
    ([2, 1], -1)
    """
    whole, power = to_integers(rows)
    n = rows.shape[1]
    return [sum(whole[k::n]) for k in range(n)], power


def integer_to_float(number: int, power: int) -> float:
    """Return number * 2^power rounded once, inf if that is beyond float64.

    >>> integer_to_float(3, -1)
    1.5
    """
    return divide_rounded(number << max(power, 0), 1 << max(-power, 0))


def divide_rounded(numerator: int, denominator: int) -> float:
    """Return numerator / denominator rounded once, inf if that overflows float64."""
    try:
        return numerator / denominator
    except OverflowError:
        return math.inf if (numerator > 0) == (denominator > 0) else -math.inf


def sqrt_ratio_rounded(numerator: int, denominator: int) -> float:
    """Return sqrt(numerator / denominator), at most 1, rounded once.

    >>> sqrt_ratio_rounded(1, 4)
    0.5
    """
    shift = max(0, (denominator.bit_length() - numerator.bit_length()) // 2 + 66)
    whole, rest = divmod(numerator << 2 * shift, denominator)
    root = math.isqrt(whole)
    # One more bit says that something follows: it decides what would look like a tie.
    return divide_rounded(2 * root + (rest != 0 or root * root != whole), 1 << (shift + 1))


def vecdot_fractions(a: Array, b: Array) -> Array:
    """Return dot products along the last axis by fractions; many, by 80-bit floats."""
    x, y = np.broadcast_arrays(a, b)
    if x.size > MAX_FRACTION_TERMS:
        with np.errstate(all="ignore"):
            return np.asarray(np.vecdot(x.astype(np.longdouble), y.astype(np.longdouble)), np.float64)
    rows = zip(*(v.reshape(-1, v.shape[-1]).tolist() for v in (x, y)), strict=True)
    sums = [sum((Fraction(p) * Fraction(q) for p, q in zip(*row, strict=True)), Fraction()) for row in rows]
    return np.array([float(s) for s in sums]).reshape(x.shape[:-1])
