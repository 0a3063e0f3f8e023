"""Slopes by differences alone: slow and less sharp, but they know nothing of any rule of calculus."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from aimath.core.numerics.types import Array

FINEST, COARSEST = -46, 2
"""Steps go from 2^-46 of the way that the direction has from 0 to 4 times that, or to 4."""
ROUNDING = 32
"""How far rounding may move any values, in units of eps of the largest of them."""


class Slope(NamedTuple):
    """A derivative, and how far off it may be."""

    value: Array  # (r, ...)
    error: Array  # (r, ...)


def central(values: Callable[[Array], Array], points: Array, directions: Array, operations: int = 0) -> Slope:
    """Estimate how fast values (...) change from points (r, n), each in a direction (r, n) of its own.

    Central differences with steps t, 2t, 4t, extrapolated to t = 0 (Richardson 1911). From the
    finest t on, the estimates are taken as long as they agree within what rounding can do to them:
    the coarser t is, the less that is, until the extrapolation itself goes wrong (Lepski 1991).
    `operations` is how many roundings a value has behind it.

    >>> central(lambda p: p[..., 0] ** 3, np.array([[2.0]]), np.array([[1.0]])).value.round(9)
    array([12.])
    """
    size = np.abs(np.where(directions != 0.0, points, 0.0)).max(axis=-1)
    size = np.where(size > 0.0, size, 1.0)
    power = np.frexp(size)[1]
    first, end = np.maximum(power + FINEST, -1000), np.maximum(power, 0) + COARSEST
    powers = first + np.arange((end - first).max())[:, np.newaxis]  # (steps, r)
    with np.errstate(all="ignore"):
        steps = np.where(powers < end, np.ldexp(1.0, powers), np.nan)
        ways = steps[..., np.newaxis] * directions
        above, below = values(points + ways), values(points - ways)  # (steps, r, ...)
        span = _beside(2.0 * steps, above)
        slopes = (above - below) / span
        third = (4.0 * slopes[:-1] - slopes[1:]) / 3.0
        fifth = (16.0 * third[:-1] - third[1:]) / 15.0
        largest = np.maximum(np.abs(above), np.abs(below))[:-2]
        # The step that is taken is a rounded one, too.
        slack = np.abs(slopes[:-2]) * _beside(size / steps[:-2], above)
        rounding = (ROUNDING + operations) * np.finfo(np.float64).eps
        noise = 3.0 * rounding * (largest / span[:-2] + slack)
    return _agreeing(fifth, noise)


def _beside(steps: Array, values: Array) -> Array:
    """Give steps (k, r) as many axes as values (k, r, ...)."""
    return steps.reshape(*steps.shape, *[1] * (values.ndim - 2))


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
