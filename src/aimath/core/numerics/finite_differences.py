"""Derivatives by extrapolated central differences."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from aimath.core.numerics.types import Array

MIN_STEP_EXPONENT, MAX_STEP_EXPONENT = -46, 2
"""Steps go from 2^-46 of the way that the direction has from 0 to 4 times that, or to 4."""
ROUNDING_ULPS = 32
"""How far rounding may move any values, in units of eps of the largest of them."""


class DerivativeEstimate(NamedTuple):
    """A numerical derivative and its error bound."""

    value: Array  # (r, ...)
    error: Array  # (r, ...)


class Differences(NamedTuple):
    """Central differences with steps that double, and how far rounding may move each."""

    steps: Array  # (k, r) nan beyond the largest
    slopes: Array  # (k, r, ...)
    noise: Array  # (k, r, ...)


def differences(
    function: Callable[[Array], Array], points: Array, directions: Array, operations: int = 0
) -> Differences:
    """Return (f(x + t d) - f(x - t d)) / 2t at points (r, n) along directions (r, n) for steps t.

    `operations` is how many roundings a value has behind it.

    >>> differences(lambda p: p[..., 0] ** 2, np.array([[3.0]]), np.array([[1.0]])).slopes[30].tolist()
    [6.0]
    """
    size = np.abs(np.where(directions != 0.0, points, 0.0)).max(axis=-1)
    size = np.where(size > 0.0, size, 1.0)
    power = np.frexp(size)[1]
    first, end = np.maximum(power + MIN_STEP_EXPONENT, -1000), np.maximum(power, 0) + MAX_STEP_EXPONENT
    powers = first + np.arange((end - first).max())[:, np.newaxis]  # (steps, r)
    with np.errstate(all="ignore"):
        steps = np.where(powers < end, np.ldexp(1.0, powers), np.nan)
        ways = steps[..., np.newaxis] * directions
        above, below = function(points + ways), function(points - ways)  # (steps, r, ...)
        span = _expand_dims(2.0 * steps, above)
        slopes = (above - below) / span
        largest = np.maximum(np.abs(above), np.abs(below))
        # The step that is taken is a rounded one, too.
        slack = np.abs(slopes) * _expand_dims(size / steps, above)
        unit = np.finfo(np.float64)  # below the normal numbers all are rounded to multiples of one size
        rounding = 3.0 * (ROUNDING_ULPS + operations) * unit.eps
        return Differences(steps, slopes, rounding * ((largest + unit.tiny) / span + slack))


def central_difference(
    function: Callable[[Array], Array], points: Array, directions: Array, operations: int = 0
) -> DerivativeEstimate:
    """Return directional derivatives at points (r, n) by extrapolated central differences.

    Central differences with steps t, 2t, 4t, extrapolated to t = 0 (Richardson 1911). From the
    finest t on, the estimates are taken as long as they agree within what rounding can do to them:
    the coarser t is, the less that is, until the extrapolation itself goes wrong (Lepski 1991).

    >>> central_difference(lambda p: p[..., 0] ** 3, np.array([[2.0]]), np.array([[1.0]])).value.round(9)
    array([12.])
    """
    _, slopes, noise = differences(function, points, directions, operations)
    with np.errstate(all="ignore"):
        third = (4.0 * slopes[:-1] - slopes[1:]) / 3.0
        fifth = (16.0 * third[:-1] - third[1:]) / 15.0
    return _select_estimate(fifth, noise[:-2])


def _expand_dims(steps: Array, like: Array) -> Array:
    """Return steps (k, r) with as many axes as values (k, r, ...)."""
    return steps.reshape(*steps.shape, *[1] * (like.ndim - 2))


def _select_estimate(estimates: Array, noise: Array) -> DerivativeEstimate:
    """Return the coarsest estimate (k, ...) whose interval meets those of all finer ones."""
    low, high = np.full(estimates.shape[1:], -np.inf), np.full(estimates.shape[1:], np.inf)
    best, error = np.full(low.shape, np.nan), np.full(low.shape, np.inf)
    going = np.ones(low.shape, np.bool_)
    for estimate, wide in zip(estimates, noise, strict=True):
        with np.errstate(invalid="ignore", over="ignore"):
            least, most = estimate - wide, estimate + wide
            fits = going & (least <= high) & (most >= low)
            known = np.isfinite(estimate)
            going &= fits | ~known & ~np.isfinite(best)  # before the first there may be none
            fits &= known
            low = np.where(fits, np.maximum(low, least), low)
            high = np.where(fits, np.minimum(high, most), high)
        best, error = np.where(fits, estimate, best), np.where(fits, wide, error)
    return DerivativeEstimate(np.asarray(best), np.asarray(error))
