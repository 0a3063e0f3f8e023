"""Slopes by differences alone: slow and less sharp, but they know nothing of any rule of calculus."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from aimath.core.arrays import Array

FINEST, COARSEST = -46, 2
"""Steps go from 2^-46 of the way that the direction has from 0 to 4 times that, or to 4."""

ROUNDING = 32
"""How far rounding may move any values, in units of eps of the largest of them."""


class Slope(NamedTuple):
    """A derivative, and how far off it may be."""

    value: Array  # (...,)
    error: Array  # (...,)


def central(values: Callable[[Array], Array], point: Array, direction: Array, operations: int = 0) -> Slope:
    """Estimate how fast values (...) change from a point (n,) in a direction (n,).

    Central differences with steps t, 2t, 4t, extrapolated to t = 0 (Richardson 1911). From the
    finest t on, the estimates are taken as long as they agree within what rounding can do to them:
    the coarser t is, the less that is, until the extrapolation itself goes wrong (Lepski 1991).
    `operations` is how many roundings a value has behind it.

    >>> round(float(central(lambda p: p[..., 0] ** 3, np.array([2.0]), np.array([1.0])).value), 9)
    12.0
    """
    size = float(np.abs(point[direction != 0.0]).max(initial=0.0)) or 1.0
    power = int(np.frexp(size)[1])
    steps = np.ldexp(1.0, np.arange(max(power + FINEST, -1000), max(power, 0) + COARSEST))
    ways = steps[:, np.newaxis] * direction
    with np.errstate(all="ignore"):
        above, below = values(point + ways), values(point - ways)
        span = _column(2.0 * steps, above)
        slopes = (above - below) / span
        first = (4.0 * slopes[:-1] - slopes[1:]) / 3.0
        second = (16.0 * first[:-1] - first[1:]) / 15.0
        largest = np.maximum(np.abs(above), np.abs(below))[: len(second)]
        # The step that is taken is a rounded one, too.
        slack = np.abs(slopes[: len(second)]) * _column(size / steps[: len(second)], above)
        rounding = (ROUNDING + operations) * np.finfo(np.float64).eps
        noise = 3.0 * rounding * (largest / span[: len(second)] + slack)
    return _agreeing(second, noise)


def _column(steps: Array, values: Array) -> Array:
    return steps.reshape(-1, *[1] * (values.ndim - 1))


def _agreeing(estimates: Array, noise: Array) -> Slope:
    """Go from fine to coarse (k, ...) while what is left of all intervals has room for the next."""
    low, high = np.full(estimates.shape[1:], -np.inf), np.full(estimates.shape[1:], np.inf)
    best, error = np.full(low.shape, np.nan), np.full(low.shape, np.inf)
    going = np.ones(low.shape, np.bool_)
    for estimate, wide in zip(estimates, noise, strict=True):
        with np.errstate(invalid="ignore"):
            fits = going & (estimate - wide <= high) & (estimate + wide >= low)
            known = np.isfinite(estimate)
        going &= fits | ~known & ~np.isfinite(best)  # before the first there may be none
        fits &= known
        low, high = (
            np.where(fits, np.maximum(low, estimate - wide), low),
            np.where(fits, np.minimum(high, estimate + wide), high),
        )
        best, error = np.where(fits, estimate, best), np.where(fits, wide, error)
    return Slope(np.asarray(best), np.asarray(error))
