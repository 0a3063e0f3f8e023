"""Scales of plots: from numbers to places, linear or logarithmic, and ticks at round numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    Values = np.ndarray[Any, Any]

LOG_DECADES = 3.0
"""Positive numbers that span more powers of ten than this have a logarithmic axis."""
ROUND = (1, 2, 5)
"""The first digits of the numbers that stand at ticks."""
LARGEST = float(np.finfo(np.float64).max)
TINY, MIN_STEP = 1e-150, 1e-300
"""Of axes that are shorter than this only the ends are marked: what is between can't be told apart."""


class Scale(NamedTuple):
    """An axis from `low` to `high`, low below high; of a logarithmic one both are above 0.

    Of one of `whole` numbers, such as steps and counts, the ticks are whole too.
    """

    low: float
    high: float
    log: bool = False
    whole: bool = False

    def shares(self, values: Values) -> Values:
        """Return where values are between the ends: 0 at low, 1 at high, nan where there is no place."""
        values = np.asarray(values, np.float64)
        with np.errstate(all="ignore"):
            if self.log:
                low, high = math.log10(self.low), math.log10(self.high)
                shares = (np.log10(np.where(values > 0.0, values, np.nan)) - low) / (high - low)
            else:
                # The span of finite numbers can overflow, and half of the least ones is 0.
                by = 2.0**500 if max(abs(self.low), abs(self.high)) < TINY else 0.5
                shares = (values * by - self.low * by) / (self.high * by - self.low * by)
        return np.asarray(np.where(np.isfinite(shares), shares, np.nan))

    def cells(self, values: Values, count: int) -> Values:
        """Return the nearest of `count` cells of each value, -1 for what has no place between the ends.

        >>> Scale(0.0, 10.0).cells(np.array([0.0, 5.0, 10.0, 11.0]), 11).tolist()
        [0, 5, 10, -1]
        """
        places = self.shares(values) * (count - 1)
        inside = (places > -0.5) & (places < count - 0.5)
        return np.asarray(np.where(inside, np.rint(np.where(inside, places, 0.0)), -1.0), np.int64)

    def value(self, share: float) -> float:
        """Return the value at a share of the way from low to high, inf beyond the largest number."""
        if self.log:
            low, high = math.log10(self.low), math.log10(self.high)
            with np.errstate(all="ignore"):
                return float(np.power(10.0, low + (high - low) * share))
        return float(self.low * (1.0 - share) + self.high * share)

    def ticks(self, most: int) -> list[float]:
        """Return at most so many round numbers on the axis, evenly spaced on it.

        >>> Scale(0.0, 9.7).ticks(6), Scale(1e-4, 50.0, log=True).ticks(4)
        ([0.0, 2.0, 4.0, 6.0, 8.0], [0.0001, 0.01, 1.0])
        """
        ticks = _log_ticks(self, most) if self.log else _linear_ticks(self.low, self.high, most)
        whole = [x for x in ticks if x == round(x)] if self.whole else ticks
        return whole if len(whole) == len(ticks) else _linear_ticks(self.low, self.high, most, 0)


def _linear_ticks(low: float, high: float, most: int, least_power: int | None = None) -> list[float]:
    step = _step(low, high, most, least_power)
    if step is None:
        return [low, high][:most]
    digit, power = step
    size = float(f"{digit}e{power}")
    first, last = math.ceil(low / size - 1e-9), math.floor(high / size + 1e-9)
    return [float(f"{k * digit}e{power}") for k in range(first, last + 1)]


def _step(low: float, high: float, most: int, least_power: int | None = None) -> tuple[int, int] | None:
    """Return the least step, 1, 2 or 5 times a power of ten, with at most so many ticks: digit and power."""
    span = high / 2.0 - low / 2.0
    if not span > MIN_STEP or most < 2:
        return None
    power = max(math.floor(math.log10(span)) - 2, -400 if least_power is None else least_power)
    while True:
        for digit in ROUND:
            size = float(f"{digit}e{power}")
            if math.isinf(size):
                return None
            if math.floor(high / size + 1e-9) - math.ceil(low / size - 1e-9) + 1 <= most:
                return (digit, power) if abs(low) / size < 1e12 and abs(high) / size < 1e12 else None
        power += 1


def _log_ticks(scale: Scale, most: int) -> list[float]:
    low, high = math.log10(scale.low), math.log10(scale.high)
    first, last = math.ceil(low - 1e-9), math.floor(high + 1e-9)
    if last - first >= 2:
        spacings = (by for power in range(4) for by in (10**power, 2 * 10**power, 5 * 10**power))
        exponents = ([k for k in range(first, last + 1) if k % by == 0] for by in spacings)
        fitting = next(found for found in exponents if len(found) <= max(2, most))
        return [float(f"1e{k}") for k in fitting or [first]]
    ladder = [float(f"{d}e{k}") for k in range(math.floor(low), math.ceil(high) + 1) for d in ROUND]
    inside = [x for x in ladder if scale.low * (1 - 1e-9) <= x <= scale.high * (1 + 1e-9)]
    return inside if 2 <= len(inside) <= most else _linear_ticks(scale.low, scale.high, most)


def fit_scale(
    values: Values,
    *,
    include: Sequence[float] = (),
    log: bool | None = None,
    nice: int = 0,
) -> Scale:
    """Return the scale that holds all finite values and those to `include`.

    `log` says whether it is logarithmic; None: if they are positive and span more than three decades.
    With `nice` the ends are moved outwards to the next of so many ticks.
    """
    known = np.append(np.asarray(values, np.float64).ravel(), np.asarray(include, np.float64))
    known = known[np.isfinite(known)]
    positive = known[known > 0.0]
    if log is None:
        log = known.size > 0 and positive.size == known.size and spans_decades(known)
    if log and positive.size:
        low, high = float(positive.min()), float(positive.max())
        if low == high:
            low, high = max(low / 10.0, 5e-324), min(high * 10.0, LARGEST)
        return Scale(low, high, log=True)
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    if low == high:
        around = abs(low) / 2.0 or 1.0
        low, high = max(low - around, -LARGEST), min(high + around, LARGEST)
    if nice:
        low, high = _widen(low, high, nice)
    return Scale(low, high)


def spans_decades(values: Values) -> bool:
    """Return whether positive numbers span more than three powers of ten."""
    return bool(np.log10(values.max()) - np.log10(values.min()) > LOG_DECADES)


def _widen(low: float, high: float, most: int) -> tuple[float, float]:
    """Return the ends moved outwards to ticks, of which there are at most so many then."""
    for fewer in range(most, 1, -1):
        step = _step(low, high, fewer)
        if step is None:
            return low, high
        digit, power = step
        size = float(f"{digit}e{power}")
        first, last = math.floor(low / size + 1e-9), math.ceil(high / size - 1e-9)
        if last - first < most:
            break
    ends = float(f"{first * digit}e{power}"), float(f"{last * digit}e{power}")
    return (min(low, ends[0]), max(high, ends[1])) if all(map(math.isfinite, ends)) else (low, high)


def tick_labels(ticks: Sequence[float]) -> list[str]:
    """Return ticks as short texts that tell each from the next.

    >>> tick_labels([0.0, 0.05, 0.1]), tick_labels([1e-6, 1e-3]), tick_labels([1e9, 1e9 + 1])
    (['0', '0.05', '0.1'], ['1e-6', '0.001'], ['1000000000', '1000000001'])
    """
    for digits in (*range(4, 17), 17):
        texts = [_tick_label(x, digits) for x in ticks]
        if len(set(texts)) == len(set(ticks)) and all(
            abs(float(text) - x) <= 1e-12 * abs(x) for text, x in zip(texts, ticks, strict=True)
        ):
            break
    return texts


def _tick_label(x: float, digits: int) -> str:
    if x == 0.0:
        return "0"
    if 1e-3 <= abs(x) < 1e6 or (abs(x) < 1e15 and x == round(x) and digits > 6):
        text = f"{x:.{max(digits, 6)}g}" if "e" not in f"{x:.{max(digits, 6)}g}" else f"{x:.0f}"
    else:
        text = f"{x:.{digits - 1}e}"
    mantissa, _, exponent = text.partition("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return mantissa + (f"e{int(exponent)}" if exponent else "")
