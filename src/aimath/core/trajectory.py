"""What a descent is, row by row, what the optimiser remembers, and for pictures the landscape around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.core.arrays import norms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimath.core.arrays import Array, Check, Indices
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


class Trajectory(NamedTuple):
    """Rows of descents: row k of a run is what is known after k updates.

    `status` and `why` say what happened to the run that a row is of (convergence.py).
    """

    run: Indices  # (rows,) which run a row is of, from 0
    step: Indices  # (rows,) updates made
    point: Array  # (rows, n) finite
    loss: Array  # (rows,) finite
    gradient: Array  # (rows, n) finite
    rate: Array  # (rows,) learning rate of the update that led here, 0 at the start
    update: Array  # (rows, n) what that update added, 0 at the start
    source: Runs

    @property
    def status(self) -> Any:
        """One word: converged, going, oscillates, stuck, diverged or undefined."""
        return self._told(self.source.statuses)

    @property
    def why(self) -> Any:
        """The status in a sentence, with the figures that it rests on."""
        return self._told([self.source.why(run) for run in range(self.source.count)])

    @property
    def norm(self) -> Array:
        """(rows,) length of the gradient."""
        return norms(self.gradient)

    @property
    def buffer(self) -> Array | None:
        """(rows, n) of momentum."""
        return self._memory("buffer")

    @property
    def square_avg(self) -> Array | None:
        """(rows, n) RMSprop's mean of squared gradients."""
        return self._memory("square_avg")

    @property
    def grad_avg(self) -> Array | None:
        """(rows, n) RMSprop's mean gradient, if it centres."""
        return self._memory("grad_avg") if self.source.rule.settings.get("centered") else None

    @property
    def m(self) -> Array | None:
        """(rows, n) Adam's mean gradient, pulled towards its start at 0."""
        return self._memory("m")

    @property
    def v(self) -> Array | None:
        """(rows, n) Adam's mean squared gradient, pulled towards its start at 0."""
        return self._memory("v")

    @property
    def v_max(self) -> Array | None:
        """(rows, n) the largest v so far, with amsgrad."""
        return self._memory("v_max")

    @property
    def m_hat(self) -> Array | None:
        """(rows, n) m / (1 - beta1^step)."""
        return self._corrected("m", "beta1")

    @property
    def v_hat(self) -> Array | None:
        """(rows, n) v / (1 - beta2^step)."""
        return self._corrected("v", "beta2")

    def surface(self, wide: int, high: int) -> Surface:
        """Give the landscape around the run of the last row, for a picture of so many cells."""
        return _surface(self.source, int(self.run[-1]), wide, high)

    def check(self) -> Check:
        """Recompute the last point of a single run by another route (retrace.py)."""
        from aimath.core import retrace  # noqa: PLC0415  only for derivations

        return retrace.check(self.source, int(self.run[-1]), int(self.step[-1]))

    def _told(self, of_runs: Sequence[str]) -> Any:
        return of_runs[0] if self.source.count == 1 else np.array(of_runs)[self.run]

    def _memory(self, name: str) -> Array | None:
        kept = self.source.memories.get(name)
        return None if kept is None else np.asarray(kept[self.step, self.run])

    def _corrected(self, name: str, beta: str) -> Array | None:
        values = self._memory(name)
        if values is None:
            return None
        setting = np.broadcast_to(np.ravel(self.source.rule.settings[beta]), self.source.count)
        share = 1.0 - setting[self.run] ** np.maximum(self.step, 1)
        return np.asarray(values / share[:, np.newaxis])


def _surface(runs: Runs, run: int, wide: int, high: int) -> Surface:
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
