"""How far two arrays are apart."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aimath.core.numerics.arrays import Check, as_floats, as_vectors, check_finite, format_shape
from aimath.core.numerics.cosines import cosine_of_two
from aimath.core.numerics.double_double import two_sum
from aimath.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from aimath.core.numerics.axes import Index
    from aimath.core.numerics.types import Array

BLOCK = 1 << 16


class Difference(NamedTuple):
    """Figures of an array's difference to a reference."""

    size: int  # how many entries
    at: Index  # where the first of the largest distances is, from 0
    a_there: float  # the entry of a that is there
    b_there: float
    rmse: float  # √(mean of the squared differences)
    rms: float  # √(mean of a's squares)
    rms_b: float
    similarity: float  # the cosine; nan where one is zero

    @property
    def max(self) -> float:
        """The largest distance of two entries; an error where it is beyond float64."""
        at = ",".join(str(k + 1) for k in self.at)
        return _check_finite(abs(self.a_there - self.b_there), f"distance at entry {at}")

    @property
    def norm(self) -> float:
        """|a|, Frobenius; an error where it is beyond float64."""
        return self._norm_of(self.rms, "norm", "a")

    @property
    def norm_b(self) -> float:
        """|b|, Frobenius; an error where it is beyond float64."""
        return self._norm_of(self.rms_b, "norm", "b")

    @property
    def distance(self) -> float:
        """|a - b|, Frobenius; an error where it is beyond float64."""
        return self._norm_of(self.rmse, "distance", "b")

    @property
    def relative(self) -> float:
        """|a - b| / |a|; an error where a is zero and b isn't."""
        if not self.rmse:
            return 0.0
        self._check_reference()
        (far, high), (norm, low) = _split_norm(self.rmse, self.size), _split_norm(self.rms, self.size)
        return _check_finite(_ldexp(far / norm, high - low), "relative distance")

    @property
    def snr_db(self) -> float:
        """-20 log10(relative), inf where both are the same."""
        if not self.rmse:
            return math.inf
        self._check_reference()
        ratio = self.rmse / self.rms
        if 1e-300 < ratio < 1e300:
            return 0.0 - 20.0 * math.log10(ratio)
        return 20.0 * (math.log10(self.rms) - math.log10(self.rmse))

    def _norm_of(self, rms: float, name: str, operand: str) -> float:
        return _check_finite(_ldexp(*_split_norm(rms, self.size)), name, operand)

    def _check_reference(self) -> None:
        if not self.rms:
            raise InputError("{operand} is zero: nothing is relative to it", operand="a")

    @property
    def cosine(self) -> float:
        """Of both as vectors, -1 .. 1; an error where one is zero."""
        if math.isnan(self.similarity):
            raise InputError("{operand} is zero: its cosine is undefined", operand="b" if self.rms else "a")
        return self.similarity

    def check(self) -> Check:
        """Return |a - b|² beside |a|² + |b|² - 2 a · b, both by the larger norm's square.

        It can't tell where these cancel to below a millionth.
        """
        longest = max(self.rms, self.rms_b) or 1.0
        x, y, d = self.rms / longest, self.rms_b / longest, self.rmse / longest
        product = 0.0 if math.isnan(self.similarity) else self.similarity
        other = x * x + y * y - 2.0 * product * x * y
        return Check(np.asarray(d * d), np.asarray(other), d * d, max(d * d, other) < 1e-6)


def difference(a: ArrayLike, b: ArrayLike) -> Difference:
    """Return how far b is from the reference a, arrays of one shape.

    rmse = √(mean (a - b)²), relative = |a - b| / |a| (Frobenius), snr_db = -20 log10(relative), and the
    cosine of both as vectors.

    >>> difference([3.0, 4.0], [3.0, 4.5]).relative
    0.1
    """
    x, y = _as_array(a, "a"), _as_array(b, "b")
    if x.shape != y.shape:
        raise InputError(f"a is {format_shape(x)} and b is {format_shape(y)}: shapes must agree")
    flat, other = x.reshape(-1), y.reshape(-1)
    with np.errstate(over="ignore"):
        distance = np.abs(flat - other)
    factor, p, q = 1.0, flat, other
    if np.isinf(distance).any():  # what halves lose of the smallest is nothing beside the largest
        factor, p, q = 2.0, 0.5 * flat, 0.5 * other
        distance = np.abs(p - q)
    place = int(np.argmax(distance))
    rmse = _check_finite(factor * _rms_of_distances(p, q, distance), "rmse")
    rms, rms_b = (_rms_of_distances(part, np.zeros_like(part), np.abs(part)) for part in (flat, other))
    return Difference(
        len(flat),
        tuple(int(i) for i in np.unravel_index(place, x.shape)),
        float(flat[place]),
        float(other[place]),
        rmse,
        rms,
        rms_b,
        cosine_of_two(flat, other) if rms and rms_b else math.nan,
    )


def _rms_of_distances(x: Array, y: Array, distance: Array) -> float:
    """Return √(mean (x - y)²), with the digits that rounding took from the distances |x - y|."""
    scale = _scale(distance)
    squares = []
    for k in range(0, len(x), BLOCK):
        d, e = two_sum(x[k : k + BLOCK], -y[k : k + BLOCK])
        squares.append(float(np.sum(np.square(d / scale + e / scale))))
    return scale * math.sqrt(math.fsum(squares) / len(x))


def _split_norm(rms: float, size: int) -> tuple[float, int]:
    """Return rms · √size as a number and a power of two, with a last digit that √size would cost."""
    mantissa, exponent = math.frexp(rms)
    return math.sqrt(size * (mantissa * mantissa)), exponent


def _ldexp(mantissa: float, exponent: int) -> float:
    """Return mantissa · 2^exponent, at least 0, inf beyond float64."""
    try:
        return math.ldexp(mantissa, exponent)
    except OverflowError:
        return math.inf


def _as_array(values: ArrayLike, operand: str) -> Array:
    """Return finite numbers in their shape; of rows an error names the row."""
    array = as_floats(values, operand=operand)
    if array.ndim > 1:
        check_finite(array, operand)
    return as_vectors(values, operand=operand)


def _check_finite(value: float, name: str, operand: str = "b") -> float:
    if math.isinf(value):
        raise InputError(f"the {name} is beyond float64", operand=operand)
    return value


def _scale(x: Array) -> float:
    """Return a power of two that brings the largest entry to 1 .. 2; 1 if all are 0."""
    largest = float(np.abs(x).max())
    return math.ldexp(1.0, max(math.frexp(largest)[1] - 1, -1021)) if largest else 1.0
