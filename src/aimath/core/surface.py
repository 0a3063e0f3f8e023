"""The landscape around a descent, for pictures: values on a grid that holds the whole way."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from aimath.core.arrays import Array
    from aimath.core.descent import Runs

LARGEST = float(np.finfo(np.float64).max)
MARGIN = 0.1
"""How much more than the way is seen on each side, of its extent."""


class Surface(NamedTuple):
    """A function's values over one variable or the first two; the others stay where the descent ended."""

    path: Array  # (rows, 1 or 2) where the descent went
    losses: Array  # (rows,) there
    x: Array  # (wide,) ascending
    y: Array  # (high,) ascending, or (1,) for a function of one variable
    values: Array  # (high, wide), nan where there is none


def surface(runs: Runs, run: int, wide: int, high: int) -> Surface:
    """Evaluate a function on a grid around the way of one run."""
    rows = int(runs.last[run]) + 1
    path, losses = runs.points[:rows, run], runs.losses[:rows, run]
    x = _around(path[:, 0], wide)
    y = _around(path[:, 1], high) if path.shape[1] > 1 else np.zeros(1)
    grid = np.tile(path[-1], (len(y), len(x), 1))
    grid[..., 0] = x
    if path.shape[1] > 1:
        grid[..., 1] = y[:, np.newaxis]
    return Surface(path[:, :2], losses, x, y, runs.objective.values(grid))


def _around(values: Array, count: int) -> Array:
    low, high = float(values.min()), float(values.max())
    with np.errstate(over="ignore"):
        extent = high / 2.0 - low / 2.0
        margin = 2.0 * MARGIN * extent or max(abs(low), 1.0) * MARGIN
        ends = np.clip([low - margin, high + margin], -LARGEST, LARGEST)
    share = np.linspace(0.0, 1.0, count)
    return np.asarray(ends[0] * (1.0 - share) + ends[1] * share)  # a difference of ends may overflow
