"""Numbers counted by value: each apart as long as there is room, then in cells of values that are close."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from aimath.core.numerics.types import Array, Indices

MAX_DISTINCT = 1 << 22
"""Distinct values, of all quantiles together, that are kept exactly: 64 MiB."""
MIN_PENDING = 1 << 16
"""Values that wait at least before they are sorted in."""
SIGN = np.uint64(1 << 63)


class Cells:
    """Numbers in cells by the leading bits of their float64, with a count or several for each cell.

    There are as many bits as leave no more than `capacity` cells filled: how many those are depends on
    the values alone, not on the order in which they came. Cells are narrow where the values crowd.
    """

    def __init__(self, capacity: int, kinds: tuple[int, ...] = ()) -> None:
        self.capacity = capacity
        self._keys = np.zeros(0, np.uint64)
        self.counts = np.zeros((0, *kinds), np.int64)  # (cells,), or (cells, kinds)
        self._shift = 0  # trailing bits that are dropped
        self._min, self._max = math.inf, -math.inf

    @property
    def most_pending(self) -> int:
        """How many numbers may wait to be sorted in together."""
        return max(MIN_PENDING, len(self._keys) // 2)

    def widen(self, x: Array) -> None:
        """Take note of the least and the largest of some numbers that come."""
        self._min, self._max = min(self._min, float(x.min())), max(self._max, float(x.max()))

    def add_cells(self, values: Array, counts: NDArray[np.int64]) -> None:
        """Add sorted numbers, each once, with their counts."""
        self._add_keys(_to_keys(values) >> np.uint64(self._shift), counts)

    def _add_keys(self, keys: NDArray[np.uint64], counts: NDArray[np.int64]) -> None:
        """Add sorted cells of the same width."""
        both = np.concatenate((self._keys, keys))
        order = np.argsort(both, kind="stable")
        self._keys, self.counts = both[order], np.concatenate((self.counts, counts))[order]
        self._drop_bits(0)
        while len(self._keys) > self.capacity:
            self._drop_bits(1)

    def _drop_bits(self, bits: int) -> None:
        """Widen the cells by dropping further bits, and join those that are the same then."""
        self._shift += bits
        self._keys = self._keys >> np.uint64(bits)
        if len(self._keys):
            firsts = np.flatnonzero(np.concatenate(([True], self._keys[1:] != self._keys[:-1])))
            self._keys, self.counts = self._keys[firsts], np.add.reduceat(self.counts, firsts)

    def _settle(self) -> None:
        """Sort in what is pending."""
        raise NotImplementedError

    def merge(self, other: Self) -> None:
        """Add the numbers of another accumulator of the same capacity."""
        other._settle()
        self._settle()
        if other.capacity != self.capacity:
            raise InputError(f"numbers in {other.capacity} and in {self.capacity} cells don't go together")
        shift = max(self._shift, other._shift)
        self._drop_bits(shift - self._shift)
        self._add_keys(other._keys >> np.uint64(shift - other._shift), other.counts)
        self._min, self._max = min(self._min, other._min), max(self._max, other._max)

    @property
    def is_exact(self) -> bool:
        """Whether each cell is a number."""
        return not self._shift

    def numbers(self) -> tuple[Array, Array]:
        """Return the numbers of the cells (cells,), of a wide one its middle, and how far others may be."""
        if self.is_exact:
            return _of_keys(self._keys), np.zeros(len(self._keys))
        first = self._keys << np.uint64(self._shift)
        low, high = (_of_keys(key) for key in (first, first + np.uint64((1 << self._shift) - 1)))
        low, high = np.fmax(low, self._min), np.fmin(high, self._max)  # beyond infinity a key is of nan
        middle = np.where(low == high, low, 0.5 * low + 0.5 * high)
        with np.errstate(invalid="ignore"):
            rough = 0.5 * high - 0.5 * low + 2.0 * np.spacing(np.abs(middle))
        return middle, np.where(low == high, 0.0, rough)

    def quantile(self, place: Fraction, ends: Indices) -> tuple[float, float]:
        """Return the value at a place among the sorted numbers, counted from 0, and its error.

        `ends` are how many numbers there are up to the end of each cell.
        """
        below = place.numerator // place.denominator
        (low, low_error), share = self._order_statistic(below, ends), place - below
        if not share:
            return low, low_error
        high, high_error = self._order_statistic(below + 1, ends)
        return interpolate(low, high, share), max(low_error, high_error)

    def _order_statistic(self, k: int, ends: Indices) -> tuple[float, float]:
        return self._cell(int(np.searchsorted(ends, k, side="right")))

    def _cell(self, k: int) -> tuple[float, float]:
        """Return the middle of a cell, and how far its numbers may be from that."""
        first = int(self._keys[k]) << self._shift
        last = first + (1 << self._shift) - 1
        low, high = max(_of_key(first), self._min), min(_of_key(last), self._max)
        if low == high:
            return low, 0.0
        middle = 0.5 * low + 0.5 * high
        return middle, 0.5 * high - 0.5 * low + 2.0 * math.ulp(middle)  # what rounding may add

    def state(self) -> dict[str, NDArray[Any]]:
        """Return all that is held, as arrays by name."""
        self._settle()
        return {
            "keys": self._keys.copy(),
            "counts": self.counts.copy(),
            "cells": np.array([self.capacity, self._shift]),
            "extremes": np.array([self._min, self._max]),
        }

    @classmethod
    def of_state(cls, state: Mapping[str, Any]) -> Self:
        """Return the accumulator that holds a state."""
        capacity, shift = map(int, state["cells"])
        found = cls(capacity)
        found._shift = shift
        found._keys, found.counts = np.array(state["keys"]), np.array(state["counts"])
        found._min, found._max = map(float, state["extremes"])
        return found


def interpolate(low: float, high: float, share: Fraction) -> float:
    """Return low + share (high - low) rounded once; beside an infinity that infinity, nan between two.

    >>> interpolate(1.0, 2.0, Fraction(3, 4)), interpolate(0.0, math.inf, Fraction(1, 2))
    (1.75, inf)
    """
    if low == high:
        return low
    if math.isinf(low) or math.isinf(high):
        return low + high
    return float(Fraction(low) + share * (Fraction(high) - Fraction(low)))


def _to_keys(x: Array) -> NDArray[np.uint64]:
    """Return integers in the order of the numbers, of which -0 is 0."""
    bits = (x + 0.0).view(np.uint64)
    return np.where(bits >= SIGN, ~bits, bits | SIGN)


def _of_keys(keys: NDArray[np.uint64]) -> Array:
    return np.where(keys >= SIGN, keys ^ SIGN, ~keys).view(np.float64)


def _of_key(key: int) -> float:
    """Return the number of an integer; beyond infinity it is infinity."""
    bits = key ^ (1 << 63) if key >> 63 else key ^ ((1 << 64) - 1)
    x = float(np.array(bits, np.uint64).view(np.float64))
    return math.copysign(math.inf, x) if math.isnan(x) else x
