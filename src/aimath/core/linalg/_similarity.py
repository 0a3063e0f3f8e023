"""Cosine similarity and angles, correctly rounded."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple, overload

import numpy as np

from aimath.core.numerics import cosines, exact
from aimath.core.numerics.arrays import Check, as_matrix, as_vectors, check_same_rows, raise_at
from aimath.core.numerics.double_double import sqrt_dd, two_prod
from aimath.core.numerics.forms import select_form

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from aimath.core.numerics.axes import Matrix, Scalars, Vector, Vectors
    from aimath.core.numerics.types import Array

EXACT_ANGLES = {0.0: 90.0, 0.5: 60.0, math.sqrt(0.5): 45.0, math.sqrt(0.75): 30.0}
"""Angles in degrees that arctangents miss by a last digit, by their cosines."""


class Cosine(NamedTuple):
    """Cosines of the angles between vectors."""

    a: Vectors  # not 0
    b: Vectors  # not 0
    cosine: Scalars  # -1 .. 1, rounded once

    @property
    def dot(self) -> Scalars:
        """A · b, inf where it is beyond float64."""
        return exact.vecdot(self.a, self.b)

    @property
    def norm_a(self) -> Scalars:
        """Length of a, above 0."""
        return _exact_norms(self.a)

    @property
    def norm_b(self) -> Scalars:
        """Length of b, above 0."""
        return _exact_norms(self.b)

    @property
    def angle(self) -> Scalars:
        """Degrees, 0 .. 180: from sine and cosine, so that small angles keep their digits."""
        degrees = np.degrees(np.arctan2(_sines(self.a, self.b), self.cosine))
        for value, known in EXACT_ANGLES.items():
            degrees = np.where(self.cosine == value, known, degrees)
            degrees = np.where(self.cosine == -value, 180.0 - known, degrees)
        return np.asarray(degrees)

    def check(self) -> Check:
        """Return the cosines beside 1 - |u - v|² / 2 of the unit vectors."""
        return Check(self.cosine, cosine_by_distance(self.a, self.b))


@overload
def cosine(a: ArrayLike, b: ArrayLike) -> Cosine: ...
@overload
def cosine(a: None = None, b: None = None, *, matrix: ArrayLike) -> CosineMatrix: ...
def cosine(
    a: ArrayLike | None = None, b: ArrayLike | None = None, *, matrix: ArrayLike | None = None
) -> Cosine | CosineMatrix:
    """Return the cosine similarity of vectors along the last axis, or of all pairs of rows of a matrix.

    cosine = a · b / (|a| |b|), as if exactly and rounded once: 1 for parallel vectors, where the
    usual formula misses it for half of all vectors, and right at 1e200 and 1e-200, where torch
    and scikit-learn say 0. A zero vector has none: an error, not 0. Of a matrix of over 1000 rows
    it is a product of unit rows, within a few ulp of 1, clamped to -1 .. 1 with exactly 1 on the diagonal.

    >>> cosine([1, 2, 3], [3, 6, 9]).cosine
    array(1.)
    >>> cosine(matrix=[[1, 0], [1, 1], [-3, 0]]).cosine[0].round(4)
    array([ 1.    ,  0.7071, -1.    ])
    """
    form = select_form({"a": a, "b": b}, {"matrix": matrix})
    return _cosine_matrix(matrix) if form == "matrix" else _cosine_of_pairs(a, b)


def _cosine_of_pairs(a: Any, b: Any) -> Cosine:
    x, y = as_vectors(a, "value", operand="a"), as_vectors(b, "value", operand="b")
    check_same_rows(x, y, ("a", "b"))
    for operand, v in (("a", x), ("b", y)):
        zero = np.asarray(~v.any(axis=-1))[..., np.newaxis]
        raise_at(zero, "{operand} is zero: its cosine is undefined", operand=operand)
    x, y = np.broadcast_arrays(x, y)
    return Cosine(x, y, exact.map_blocks(cosines.rounded_cosines, x, y))


def cosine_by_distance(a: Array, b: Array) -> Array:
    """Return the cosines along the last axis as 1 - |u - v|² / 2 of unit vectors."""
    return np.asarray(1.0 - np.square(cosines.normalize(a) - cosines.normalize(b)).sum(axis=-1) / 2.0)


class CosineMatrix(NamedTuple):
    """Cosines between all rows of a matrix."""

    X: Matrix  # no row is 0
    cosine: Matrix  # -1 .. 1, symmetric, 1 on the diagonal

    @property
    def norms(self) -> Vector:
        """Lengths of the rows."""
        return _exact_norms(self.X)

    def check(self) -> Check:
        """Return the cosines beside those from squared distances of unit rows."""
        unit = cosines.normalize(self.X)
        squares = (unit * unit).sum(axis=1)
        return Check(self.cosine, 1.0 - np.array([squares - 2.0 * unit @ u + u @ u for u in unit]) / 2.0)


def _cosine_matrix(X: Any) -> CosineMatrix:  # noqa: N803
    x = as_matrix(X, "X")
    zero = np.asarray(~x.any(axis=1))
    raise_at(
        zero[:, np.newaxis],
        "row {number} is zero: its cosine is undefined",
        operand="X",
        number=int(np.argmax(zero)) + 1,
    )
    found = cosines.all_cosines(x, x)
    np.fill_diagonal(found, 1.0)
    return CosineMatrix(x, found)


def cosines_with_sum(parts: Array, rows: Array) -> Array:
    """Return the cosines (r,) of the exact sum of vectors (p, n), not 0, with rows (r, n), each rounded once.

    >>> cosines_with_sum(np.array([[1e16, 1.0], [1.0, 0.0], [-1e16, 0.0]]), np.array([[1.0, 1.0]]))
    array([1.])
    """
    total, power = exact.integer_sum(parts)
    square = sum(k * k for k in total)
    with np.errstate(all="ignore"):
        # The sum's dot product with a row is that of all parts, one behind the other, with as many copies.
        x, y = exact.ozaki_split(np.tile(rows, len(parts))), exact.ozaki_split(parts.reshape(1, -1))
        d = exact.split_dots(x, y, all_pairs=True)
        d = exact.BoundedSums(d.high[:, 0], d.low[:, 0], d.error[:, 0], d.exponent[:, 0])
        scaled = Fraction(square) * Fraction(4) ** (power - int(y.exponent[0]))
        size, rest = np.array([float(scaled)]), np.array([float(scaled - Fraction(float(scaled)))])
        squares = exact.BoundedSums(size, rest, np.zeros(1), y.exponent)
        own = exact.ozaki_split(rows)
        ratio = cosines.divide_by_norms(d, squares, exact.split_dots(own, own, all_pairs=False))

    def integers(place: tuple[int, ...]) -> tuple[int, int, int]:
        row = exact.to_integers(rows[place[0]])[0]
        return sum(map(int.__mul__, total, row)), square, sum(k * k for k in row)

    return cosines.round_cosines(ratio, integers)


def _sines(a: Array, b: Array) -> Array:
    """Return the sines, at least 0, of the angles between vectors (..., n)."""
    rows, others = (v.reshape(-1, v.shape[-1]) for v in (a, b))
    ratio = cosines.cosines_dd(rows, others)
    with np.errstate(all="ignore"):
        h, low = two_prod(ratio.high, ratio.high)
        squares = (1.0 - h) - (low + 2.0 * ratio.high * ratio.low)
        sines = np.sqrt(np.maximum(squares, 0.0))
    # Where 1 - cosine² has cancelled, the integers still know the difference.
    for k in np.flatnonzero(~(squares > 2.0**-16)):
        dot, aa, bb = cosines.integer_dots(rows[k], others[k])
        sines[k] = exact.sqrt_ratio_rounded(aa * bb - dot * dot, aa * bb)
    return sines.reshape(a.shape[:-1])


def _exact_norms(x: Array) -> Array:
    """Return lengths of vectors (..., n) whose squares may leave float64."""
    rows = np.ascontiguousarray(x).reshape(-1, x.shape[-1])
    with np.errstate(all="ignore"):
        parts = exact.ozaki_split(rows)
        squares = exact.split_dots(parts, parts, all_pairs=False)
        root, rest = sqrt_dd(squares.high, squares.low)
        length = np.where(root > 0.0, np.ldexp(root + rest, parts.exponent), 0.0)
    return length.reshape(x.shape[:-1])
