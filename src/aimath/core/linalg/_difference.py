"""How far two arrays are apart."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aimath.core.numerics.arrays import Check, as_vectors, format_shape
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
    max: float  # the largest distance of two entries
    at: Index  # where the first of the largest is, from 0
    rmse: float  # √(mean of the squared differences)
    norm: float  # |a|, Frobenius
    norm_b: float
    product: float  # sum of a · b / (|a| |b|); nan where one is zero

    @property
    def distance(self) -> float:
        """|a - b|, Frobenius; an error where it is beyond float64."""
        return _check_finite(self.rmse * math.sqrt(self.size), "distance")

    @property
    def relative(self) -> float:
        """|a - b| / |a|; an error where a is zero and b isn't."""
        if not self.rmse:
            return 0.0
        self._check_reference()
        return _check_finite(self.rmse / self.norm * math.sqrt(self.size), "relative distance")

    @property
    def snr_db(self) -> float:
        """-20 log10(relative), inf where both are the same."""
        if not self.rmse:
            return math.inf
        self._check_reference()
        ratio = self.rmse / self.norm
        if 1e-300 < ratio < 1e300:
            return 0.0 - 20.0 * math.log10(ratio * math.sqrt(self.size))
        return 20.0 * (math.log10(self.norm) - math.log10(self.rmse)) - 10.0 * math.log10(self.size)

    def _check_reference(self) -> None:
        if not self.norm:
            raise InputError("{operand} is zero: nothing is relative to it", operand="a")

    @property
    def cosine(self) -> float:
        """Of both as vectors, -1 .. 1; an error where one is zero."""
        if math.isnan(self.product):
            raise InputError("{operand} is zero: its cosine is undefined", operand="b" if self.norm else "a")
        return min(max(self.product, -1.0), 1.0)

    def check(self) -> Check:
        """Return |a - b|² beside |a|² + |b|² - 2 a · b, both by the larger norm's square."""
        longest = max(self.norm, self.norm_b) or 1.0
        x, y, d = self.norm / longest, self.norm_b / longest, self.rmse / longest * math.sqrt(self.size)
        product = 0.0 if math.isnan(self.product) else self.product
        return Check(np.asarray(d * d), np.asarray(x * x + y * y - 2.0 * product * x * y), 1.0)


def difference(a: ArrayLike, b: ArrayLike) -> Difference:
    """Return how far b is from the reference a, arrays of one shape.

    rmse = √(mean (a - b)²), relative = |a - b| / |a| (Frobenius), snr_db = -20 log10(relative), and the
    cosine of both as vectors.

    >>> difference([3.0, 4.0], [3.0, 4.5]).relative
    0.1
    """
    x, y = as_vectors(a, operand="a"), as_vectors(b, operand="b")
    if x.shape != y.shape:
        raise InputError(f"a is {format_shape(x)} and b is {format_shape(y)}: shapes must agree")
    flat, other = x.reshape(-1), y.reshape(-1)
    with np.errstate(over="ignore"):
        distance = np.abs(flat - other)
    place = int(np.argmax(distance))
    if math.isinf(distance[place]):
        raise InputError(f"the distance of entries {place + 1} is beyond float64", operand="b")
    scale, scale_b, scale_d = (_scale(part) for part in (flat, other, distance))
    squares, squares_b, squares_d, products = [], [], [], []
    for k in range(0, len(flat), BLOCK):
        p, q = flat[k : k + BLOCK], other[k : k + BLOCK]
        d, e = two_sum(p, -q)
        squares.append(_sum_of_squares(p / scale))
        squares_b.append(_sum_of_squares(q / scale_b))
        squares_d.append(_sum_of_squares(d / scale_d + e / scale_d))
        products.append(float(np.sum((p / scale) * (q / scale_b))))
    n, n_b, n_d = (math.sqrt(math.fsum(part)) for part in (squares, squares_b, squares_d))
    return Difference(
        len(flat),
        float(distance[place]),
        tuple(int(i) for i in np.unravel_index(place, x.shape)),
        scale_d * (n_d / math.sqrt(len(flat))),
        scale * n,
        scale_b * n_b,
        math.fsum(products) / (n * n_b) if n and n_b else math.nan,
    )


def _check_finite(value: float, name: str) -> float:
    if math.isinf(value):
        raise InputError(f"the {name} is beyond float64", operand="b")
    return value


def _scale(x: Array) -> float:
    """Return a power of two that brings the largest entry to 1 .. 2; 1 if all are 0."""
    largest = float(np.abs(x).max())
    return math.ldexp(1.0, max(math.frexp(largest)[1] - 1, -1021)) if largest else 1.0


def _sum_of_squares(x: Array) -> float:
    return float(np.sum(x * x))
