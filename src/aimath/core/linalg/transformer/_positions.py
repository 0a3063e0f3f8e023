"""Positions for attention: rotary embeddings, and the sines and cosines of the first transformer."""

from __future__ import annotations

import decimal
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aimath.core.numerics.arrays import Check, as_vectors, check_number, raise_at
from aimath.core.numerics.double_double import two_prod, two_sum
from aimath.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from aimath.core.numerics.axes import (
        PerPair,
        PositionPairs,
        Positions,
        PositionScalars,
        PositionsEach,
        Scalars,
        Vectors,
    )
    from aimath.core.numerics.types import Array

PAIRINGS = ("halves", "interleaved")
THETA = 10000.0
MAX_POSITION = 2**53


class Rope(NamedTuple):
    """Vectors turned by their positions."""

    x: Vectors
    position: Scalars  # a whole number
    theta: float
    pairs: str
    output: Vectors
    angles: PerPair  # radians, of each pair

    @property
    def partners(self) -> Vectors:
        """The other entry of each entry's pair, with the sign it is added by."""
        first, second = _pair_indices(self.x.shape[-1], self.pairs)
        found = np.empty_like(self.x)
        found[..., first], found[..., second] = -self.x[..., second], self.x[..., first]
        return found

    @property
    def cosines(self) -> Vectors:
        """The cosine that each entry is multiplied by."""
        return self._by_entry(np.cos(self.angles))

    @property
    def sines(self) -> Vectors:
        """The sine that each entry's partner is multiplied by."""
        return self._by_entry(np.sin(self.angles))

    def _by_entry(self, of_pairs: Array) -> Array:
        first, second = _pair_indices(self.x.shape[-1], self.pairs)
        found = np.empty_like(self.x)
        found[..., first] = found[..., second] = of_pairs
        return found

    def check(self) -> Check:
        """Return the length of the output beside that of x: a rotation keeps it."""
        scale = np.abs(self.x).max(axis=-1, keepdims=True)
        scale = np.where(scale > 0.0, scale, 1.0)
        with np.errstate(over="ignore"):
            after, before = (
                np.linalg.norm(v / scale, axis=-1) * scale[..., 0] for v in (self.output, self.x)
            )
        return Check(after, before)


class Positional(NamedTuple):
    """The sinusoidal positional encoding."""

    position: PositionsEach
    theta: float
    encoding: Positions
    angles: PositionPairs  # radians

    @property
    def norm(self) -> PositionScalars:
        """√(d/2) of every row: sin² + cos² = 1."""
        return np.asarray(np.linalg.norm(self.encoding, axis=-1))

    def check(self) -> Check:
        """Return sums of squares of rows beside d/2: sin² + cos² = 1 of each pair."""
        found = np.square(self.encoding).sum(axis=-1)
        return Check(np.full_like(found, self.encoding.shape[-1] / 2), found)


def rope(x: ArrayLike, theta: float = THETA, pairs: str = "halves", start: int = 0) -> Rope:
    """Return rotary position embeddings of vectors (..., d), d even.

    Pair i is turned by position · theta^(-2i/d). Pairs are (i, i + d/2), as in transformers' checkpoints
    ("halves"), or (2i, 2i + 1), as in the paper ("interleaved"). Positions are counted from `start`
    along the axis before the last. Su et al. (2021).

    >>> rope([[1.0, 0.0], [1.0, 0.0]]).angles
    array([[0.],
           [1.]])
    """
    rows = as_vectors(x, "value", operand="x")
    d = rows.shape[-1]
    if d % 2:
        raise InputError("{operand} has {n} entries, an odd number: pairs are turned", operand="x", n=d)
    check_number("theta", theta, "above 0 and finite", usage=True)
    if pairs not in PAIRINGS:
        raise InputError(
            "{operand} must be halves or interleaved, not {value}", operand="pairs", value=pairs, usage=True
        )
    length = rows.shape[-2] if rows.ndim > 1 else 1
    places = np.broadcast_to(
        _positions_from(start, length)[-1 if rows.ndim == 1 else slice(None)], rows.shape[:-1]
    )
    high, low = _angles(places, theta, d)
    cosine, sine = _cos_sin(high, low)
    first, second = _pair_indices(d, pairs)
    output = np.empty_like(rows)
    a, b = rows[..., first], rows[..., second]
    output[..., first], output[..., second] = _turn(a, b, cosine, sine)
    output += 0.0  # -0 is shown as 0
    return Rope(rows, places, float(theta), pairs, output, high)


def positional(shape: tuple[int, int], theta: float = THETA, start: int = 0) -> Positional:
    """Return the sinusoidal encoding of N positions by d numbers each, shape (N, d).

    Entry 2i of position r is sin(r · theta^(-2i/d)), entry 2i + 1 its cosine. Vaswani et al. (2017).

    >>> positional((1, 4)).encoding
    array([[0., 1., 0., 1.]])
    """
    length, width = shape
    if length < 1 or width < 1:
        raise InputError("needs at least one position and one number", operand="shape")
    check_number("theta", theta, "above 0 and finite", usage=True)
    places = _positions_from(start, length)
    high, low = _angles(places, theta, width)
    cosine, sine = _cos_sin(high, low)
    encoding = np.empty((length, width))
    encoding[:, 0::2], encoding[:, 1::2] = sine, cosine[:, : width // 2]
    return Positional(places.astype(np.int64), float(theta), encoding, high)


def _pair_indices(d: int, pairs: str) -> tuple[slice, slice]:
    if pairs == "halves":
        return slice(None, d // 2), slice(d // 2, None)
    return slice(0, None, 2), slice(1, None, 2)


def _positions_from(start: int, length: int) -> Array:
    """Return `length` positions as floats, which hold whole numbers up to 2^53."""
    if abs(start) + length > MAX_POSITION:
        raise InputError("{operand} must be below 2^53", operand="start", usage=True)
    return start + np.arange(float(length))


@lru_cache(maxsize=8)
def _frequencies(theta: float, d: int) -> tuple[Array, Array]:
    """Return theta^(-2i/d) of each pair as a double-double: a large position keeps its digits."""
    with decimal.localcontext(prec=40):
        log = decimal.Decimal(theta).ln()
        exact = [(log * (-2 * i) / d).exp() for i in range((d + 1) // 2)]
        high = [float(value) for value in exact]
        low = [float(value - decimal.Decimal(rounded)) for value, rounded in zip(exact, high, strict=True)]
    return np.array(high), np.array(low)


def _angles(places: Array, theta: float, d: int) -> tuple[Array, Array]:
    """Return position times frequency (..., pairs) as a double-double."""
    high, low = _frequencies(float(theta), d)
    with np.errstate(all="ignore"):
        product, rest = two_prod(places[..., np.newaxis], high)
        found, left = two_sum(product, rest + places[..., np.newaxis] * low)
    why = "the angle of pair {k} is above 2^53, where no digit of it can be told: give a larger {operand}"
    raise_at(~(np.abs(found) <= MAX_POSITION), why, operand="theta")
    return found, left


def _cos_sin(high: Array, low: Array) -> tuple[Array, Array]:
    """Return cosine and sine of high + low, where low may be as large as 1 at the largest positions."""
    cosine, sine = np.cos(high), np.sin(high)
    versine, small = 2.0 * np.sin(0.5 * low) ** 2, np.sin(low)  # versine = 1 - cos(low)
    return cosine - (cosine * versine + sine * small), sine - (sine * versine - cosine * small)


def _turn(a: Array, b: Array, cosine: Array, sine: Array) -> tuple[Array, Array]:
    """Return a cos - b sin and a sin + b cos."""
    with np.errstate(all="ignore"):
        turned = a * cosine - b * sine, a * sine + b * cosine
    raise_at(
        ~(np.isfinite(turned[0]) & np.isfinite(turned[1])),
        "the output of pair {k} is beyond float64",
        operand="x",
    )
    return turned
