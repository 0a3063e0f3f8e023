"""How alike two directions are: cosines and angles that are right to the last digit."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aimath.core.numerics import exact
from aimath.core.numerics.arrays import Check, blame, matrix, same_rows, vectors
from aimath.core.numerics.double_double import rooted, two_prod, two_sum

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from aimath.core.numerics.types import Array

EXACT_MOST = 1000
"""Rows up to which all pairs are rounded once: half a second for 100 entries each."""
KNOWN = {0.0: 90.0, 0.5: 60.0, math.sqrt(0.5): 45.0, math.sqrt(0.75): 30.0}
"""Angles in degrees that arctangents miss by a last digit, by their cosines."""


class Cosine(NamedTuple):
    """Cosines of the angles between vectors."""

    a: Array  # (..., n) not 0
    b: Array  # (..., n) not 0
    cosine: Array  # (...) -1 .. 1, rounded once

    @property
    def dot(self) -> Array:
        """(...) a · b, inf where it is beyond float64."""
        return exact.dots(self.a, self.b)

    @property
    def norm_a(self) -> Array:
        """(...) length of a, above 0."""
        return _norm(self.a)

    @property
    def norm_b(self) -> Array:
        """(...) length of b, above 0."""
        return _norm(self.b)

    @property
    def angle(self) -> Array:
        """(...) degrees, 0 .. 180: from sine and cosine, so that small angles keep their digits."""
        degrees = np.degrees(np.arctan2(_sines(self.a, self.b), self.cosine))
        for value, known in KNOWN.items():
            degrees = np.where(self.cosine == value, known, degrees)
            degrees = np.where(self.cosine == -value, 180.0 - known, degrees)
        return np.asarray(degrees)

    def check(self) -> Check:
        """Recompute from the distance of the unit vectors: 1 - |u - v|² / 2."""
        return Check(self.cosine, by_distance(self.a, self.b))


def cosine(a: ArrayLike, b: ArrayLike) -> Cosine:
    """Compare the directions of vectors.

    cosine = a · b / (|a| |b|), as if exactly and rounded once: 1 for parallel vectors, where the
    usual formula misses it for half of all vectors, and right at 1e200 and 1e-200, where torch
    and scikit-learn say 0. A zero vector has none: an error, not 0. Along the last axis.

    >>> cosine([1, 2, 3], [3, 6, 9]).cosine
    array(1.)
    """
    x, y = vectors(a, "value", operand="a"), vectors(b, "value", operand="b")
    same_rows(x, y, ("a", "b"))
    for operand, v in (("a", x), ("b", y)):
        zero = np.asarray(~v.any(axis=-1))[..., np.newaxis]
        blame(zero, f"{operand} is zero: its cosine is undefined", operand=operand)
    x, y = np.broadcast_arrays(x, y)
    return Cosine(x, y, exact.by_blocks(_cosines, x, y))


def by_distance(a: Array, b: Array) -> Array:
    """Give cosines along the last axis as 1 - |u - v|² / 2 of unit vectors: the other route, for checks."""
    return np.asarray(1.0 - np.square(_unit(a) - _unit(b)).sum(axis=-1) / 2.0)


class CosineMatrix(NamedTuple):
    """Cosines between all rows of a matrix."""

    X: Array  # (n, d) no row is 0
    cosine: Array  # (n, n) -1 .. 1, symmetric, 1 on the diagonal

    @property
    def norms(self) -> Array:
        """(n,) lengths of the rows."""
        return _norm(self.X)

    def check(self) -> Check:
        """Recompute from squared distances of the unit rows."""
        unit = _unit(self.X)
        squares = (unit * unit).sum(axis=1)
        return Check(self.cosine, 1.0 - np.array([squares - 2.0 * unit @ u + u @ u for u in unit]) / 2.0)


def cosine_matrix(X: ArrayLike) -> CosineMatrix:  # noqa: N803
    """Compare every row of a matrix with every other.

    cosine[i, j] = X[i] · X[j] / (|X[i]| |X[j]|): rounded once up to 1000 rows; above, a product of
    unit rows, within a few ulp of 1, clamped to -1 .. 1 with exactly 1 on the diagonal.

    >>> cosine_matrix([[1, 0], [1, 1], [-3, 0]]).cosine.round(4)
    array([[ 1.    ,  0.7071, -1.    ],
           [ 0.7071,  1.    , -0.7071],
           [-1.    , -0.7071,  1.    ]])
    """
    x = matrix(X, "X")
    zero = np.asarray(~x.any(axis=1))
    blame(
        zero[:, np.newaxis], f"row {int(np.argmax(zero)) + 1} is zero: its cosine is undefined", operand="X"
    )
    if len(x) <= EXACT_MOST:
        return CosineMatrix(x, _cosines(x, x, pairs=True))
    unit = _unit(x)
    found = unit @ unit.T
    np.clip(found, -1.0, 1.0, out=found)
    np.fill_diagonal(found, 1.0)
    return CosineMatrix(x, found)


class _Ratio(NamedTuple):
    """Cosines in two parts, wrong by at most the error."""

    high: Array
    low: Array
    error: Array


def _cosines(a: Array, b: Array, *, pairs: bool = False) -> Array:
    """Give the cosines of rows (r, n) with rows, or of all with all, each rounded once."""
    ratio = _ratio(a, b, pairs=pairs)
    found = np.clip(ratio.high, -1.0, 1.0) + 0.0
    for place in zip(*np.nonzero(~exact.settled(*ratio)), strict=True):
        dot, aa, bb = _whole(a[place[0]], b[place[-1]])
        sign = 1.0 if dot >= 0 else -1.0  # of an integer that may be beyond float64
        found[place] = sign * exact.root_over(dot * dot, aa * bb)
    return found


def _ratio(a: Array, b: Array, *, pairs: bool = False) -> _Ratio:
    """Give d / sqrt(aa bb) with twice the digits of float64."""
    with np.errstate(all="ignore"):
        x, y = exact.sliced(a), exact.sliced(b)
        d = exact.sums(x, y, pairs=pairs)
        aa, bb = (exact.sums(v, v, pairs=False) for v in (x, y))
        if pairs:
            aa = aa._replace(
                high=aa.high[:, np.newaxis], low=aa.low[:, np.newaxis], error=aa.error[:, np.newaxis]
            )
        h, low = two_prod(aa.high, bb.high)
        low = low + (aa.high * bb.low + aa.low * bb.high)
        root, rest = rooted(h, low)
        q = d.high / root
        p, e = two_prod(q, root)
        more = ((((d.high - p) - e) + d.low) - q * rest) / root
        size = np.abs(q)
        doubt = aa.error / aa.high + bb.error / bb.high + 2.0**-96
        return _Ratio(*two_sum(q, more), d.error / root * 1.001 + size * doubt)


def _sines(a: Array, b: Array) -> Array:
    """Give the sines, at least 0, of the angles between vectors (..., n)."""
    rows, others = (v.reshape(-1, v.shape[-1]) for v in (a, b))
    ratio = _ratio(rows, others)
    with np.errstate(all="ignore"):
        h, low = two_prod(ratio.high, ratio.high)
        squares = (1.0 - h) - (low + 2.0 * ratio.high * ratio.low)
        sines = np.sqrt(np.maximum(squares, 0.0))
    # Where 1 - cosine² has cancelled, the integers still know the difference.
    for k in np.flatnonzero(~(squares > 2.0**-16)):
        dot, aa, bb = _whole(rows[k], others[k])
        sines[k] = exact.root_over(aa * bb - dot * dot, aa * bb)
    return sines.reshape(a.shape[:-1])


def _whole(a: Array, b: Array) -> tuple[int, int, int]:
    """Give a · b, a · a and b · b as integers: what they are multiplied by cancels in a cosine."""
    x, y = exact.integers(a)[0], exact.integers(b)[0]
    return sum(map(int.__mul__, x, y)), sum(k * k for k in x), sum(k * k for k in y)


def _norm(x: Array) -> Array:
    """Give lengths of vectors (..., n) whose squares may leave float64."""
    rows = np.ascontiguousarray(x).reshape(-1, x.shape[-1])
    with np.errstate(all="ignore"):
        parts = exact.sliced(rows)
        squares = exact.sums(parts, parts, pairs=False)
        root, rest = rooted(squares.high, squares.low)
        length = np.where(root > 0.0, np.ldexp(root + rest, parts.exponent), 0.0)
    return length.reshape(x.shape[:-1])


def _unit(x: Array) -> Array:
    power = np.frexp(np.abs(x).max(axis=-1))[1]
    with np.errstate(under="ignore"):
        scaled = np.ldexp(x, -power[..., np.newaxis])
        return np.asarray(scaled / np.sqrt((scaled * scaled).sum(axis=-1, keepdims=True)))
