"""What is learnt of a tensor's entries block by block: their moments, their difference to others."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from aimath.core.numerics.types import Array

    State = dict[str, NDArray[Any]]

SAFE_EXPONENT = 200
"""Numbers between two to minus and to plus this have fourth powers within float64."""


class Moments(NamedTuple):
    """Moments of a tensor's entries; nan of none."""

    entries: int
    mean: float
    std: float  # of the n entries
    rms: float  # √(Σ x² / n)
    rms_again: float  # √(mean² + variance), which is the same
    largest: float  # in size
    kurtosis: float  # fourth moment / variance² - 3: 0 of a normal distribution; nan where all are equal
    sparsity: float  # share of exact zeros
    infinite: int  # entries that are nan or infinite


class MomentsOfTensor:
    """An accumulator of the first four moments, the largest entry and the zeros.

    Moments are about the mean, which moves as blocks are merged: Pébay (2008). Entries whose fourth
    powers leave float64 are taken times a power of two.

    >>> found = MomentsOfTensor()
    >>> found.update(np.array([1.0, -1.0, 1.0, -1.0]))
    >>> found.result().rms, found.result().kurtosis
    (1.0, -2.0)
    """

    def __init__(self) -> None:
        self.count = self.zeros = self.infinite = self.power = 0
        self.largest = self.mean = self.squares = 0.0  # squares: Σ x²
        self.m2 = self.m3 = self.m4 = 0.0  # Σ (x - mean)^k

    def update(self, block: Array) -> None:
        """Add entries in any shape."""
        x = block.reshape(-1)
        size = float(np.abs(x).max(initial=0.0))
        if not size < math.inf:  # nan too
            finite = np.isfinite(x)
            self.infinite += x.size - int(np.count_nonzero(finite))
            x = x[finite]
            size = float(np.abs(x).max(initial=0.0))
        if not x.size:
            return
        one = type(self)()
        one.power = math.frexp(size)[1] if size and abs(math.frexp(size)[1]) > SAFE_EXPONENT else 0
        if one.power:
            x = np.ldexp(x, -one.power)
        one.count, one.zeros = x.size, x.size - int(np.count_nonzero(x))
        one.largest = math.ldexp(size, -one.power)
        one.mean, one.squares = float(x.sum()) / x.size, float(x @ x)
        away = x - one.mean
        square = away * away
        one.m2, one.m3, one.m4 = float(square.sum()), float(square @ away), float(square @ square)
        self.merge(one)

    def merge(self, other: Self) -> None:
        """Add the entries of another accumulator."""
        if not self.count or not other.count:
            full = other if other.count else self
            infinite = self.infinite + other.infinite
            self.__dict__.update(full.__dict__)
            self.infinite = infinite
            return
        power = max((one.power for one in (self, other) if one.largest), default=0)  # zeros have no size
        a, b = self._scaled(power), other._scaled(power)
        na, nb, n = self.count, other.count, self.count + other.count
        d = b[1] - a[1]
        (_, mean_a, a2, a3, a4, squares_a), (_, _, b2, b3, b4, squares_b) = a, b
        self.m4 = (
            a4 + b4 + d**4 * na * nb * (na * na - na * nb + nb * nb) / n**3
            + 6.0 * d * d * (na * na * b2 + nb * nb * a2) / n**2 + 4.0 * d * (na * b3 - nb * a3) / n
        )  # fmt: skip
        self.m3 = a3 + b3 + d**3 * na * nb * (na - nb) / n**2 + 3.0 * d * (na * b2 - nb * a2) / n
        self.m2 = a2 + b2 + d * d * na * nb / n
        self.mean, self.squares = mean_a + d * nb / n, squares_a + squares_b
        self.largest, self.power = max(a[0], b[0]), power
        self.count, self.zeros = n, self.zeros + other.zeros
        self.infinite += other.infinite

    def _scaled(self, power: int) -> tuple[float, ...]:
        """Return the largest, the mean, the moments and the squares in units of 2^power."""
        down = self.power - power
        units = (self.largest, self.mean, self.m2, self.m3, self.m4, self.squares)
        if not down:
            return units
        return tuple(math.ldexp(x, k * down) for x, k in zip(units, (1, 1, 2, 3, 4, 2), strict=True))

    def result(self) -> Moments:
        """Return the moments of all entries so far, without those that are nan or infinite."""
        n, up = self.count, self.power
        if not n:
            none = math.nan
            return Moments(0, none, none, none, none, none, none, none, self.infinite)
        variance = self.m2 / n
        flat = variance <= (1e-15 * self.largest) ** 2  # equal but for rounding
        mean, std, rms, rms_again, largest = _in_units(
            up,
            self.mean,
            math.sqrt(variance),
            math.sqrt(self.squares / n),
            math.sqrt(self.mean**2 + variance),
            self.largest,
        )
        kurtosis = math.nan if flat else self.m4 / n / variance**2 - 3.0
        return Moments(n, mean, std, rms, rms_again, largest, kurtosis, self.zeros / n, self.infinite)

    def state(self) -> State:
        """Return all that is held."""
        return {
            "counts": np.array([self.count, self.zeros, self.infinite, self.power]),
            "sums": np.array([self.largest, self.mean, self.squares, self.m2, self.m3, self.m4]),
        }

    @classmethod
    def of_state(cls, state: Mapping[str, Any]) -> Self:
        """Return the accumulator that holds a state."""
        found = cls()
        found.count, found.zeros, found.infinite, found.power = map(int, state["counts"])
        found.largest, found.mean, found.squares, found.m2, found.m3, found.m4 = map(float, state["sums"])
        return found


def _in_units(power: int, *numbers: float) -> tuple[float, ...]:
    """Return numbers times 2^power, rounded down to the largest of float64 where it ends."""
    with np.errstate(over="ignore", under="ignore"):
        most = np.finfo(np.float64).max
        return tuple(np.clip(np.ldexp(numbers, power), -most, most).tolist())


class TensorDifference(NamedTuple):
    """How far numbers are from those they stand for."""

    relative: float  # ‖b - a‖ / ‖a‖; inf where a is 0 and b is not, 0 of no difference
    cosine: float  # of the angle between a and b; nan where either is 0
    largest: float  # entry of b - a in size


class DifferenceOfTensors:
    """An accumulator of the difference of b from a, entry by entry.

    >>> found = DifferenceOfTensors()
    >>> found.update(np.array([3.0, 4.0]), np.array([3.0, 3.5]))
    >>> found.result().relative
    0.1
    """

    def __init__(self) -> None:
        self.sums = np.zeros(4)  # Σ (b - a)², Σ a², Σ b², Σ a b
        self.largest = 0.0
        self.power = 0

    def update(self, a: Array, b: Array) -> None:
        """Add entries and what stands for them."""
        one = type(self)()
        with np.errstate(all="ignore"):
            change = (b - a).reshape(-1)
            size = float(max(np.abs(a).max(initial=0.0), np.abs(b).max(initial=0.0)))
            one.largest = float(np.abs(change).max(initial=0.0))
            x, y = a.reshape(-1), b.reshape(-1)
            if size and size < math.inf and abs(math.frexp(size)[1]) > SAFE_EXPONENT:
                one.power = math.frexp(size)[1]
                x, y, change = (np.ldexp(part, -one.power) for part in (x, y, change))
            one.sums = np.array([change @ change, x @ x, y @ y, x @ y])
        self.merge(one)

    def merge(self, other: Self) -> None:
        """Add the differences of another accumulator."""
        power = max((one.power for one in (self, other) if one.sums.any()), default=0)
        with np.errstate(all="ignore"):
            self.sums = np.ldexp(self.sums, 2 * (self.power - power)) + np.ldexp(
                other.sums, 2 * (other.power - power)
            )
        self.power = power
        self.largest = max(self.largest, other.largest) if other.largest == other.largest else math.nan

    def result(self) -> TensorDifference:
        """Return the difference of all entries so far."""
        change, a, b, both = self.sums.tolist()
        relative = math.sqrt(change / a) if a else math.inf if change else 0.0
        cosine = min(max(both / math.sqrt(a) / math.sqrt(b), -1.0), 1.0) if a and b else math.nan
        return TensorDifference(relative, cosine, self.largest)

    def state(self) -> State:
        """Return all that is held."""
        return {"sums": self.sums.copy(), "rest": np.array([self.largest, self.power])}

    @classmethod
    def of_state(cls, state: Mapping[str, Any]) -> Self:
        """Return the accumulator that holds a state."""
        found = cls()
        found.sums = np.array(state["sums"])
        found.largest, found.power = float(state["rest"][0]), int(state["rest"][1])
        return found
