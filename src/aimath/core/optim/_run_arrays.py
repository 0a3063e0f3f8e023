"""Arrays of optimiser runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from aimath.core.numerics.arrays import row_norms
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from aimath.core.calculus import Batches, Function
    from aimath.core.numerics.types import Array, Indices
    from aimath.core.optim._rules import UpdateRule


def redone(
    points: Array, found: Array, unsure: NDArray[np.bool_], exact: Callable[[list[float]], list[float]]
) -> Array:
    """Return answers (rows, runs, k), the unsure ones exact, of a run up to the first that has none."""
    found = np.array(found)
    for run in np.flatnonzero(unsure.any(axis=0)).tolist():
        for row in np.flatnonzero(unsure[:, run]).tolist():
            try:
                found[row, run] = exact(points[row, run].tolist())
            except InputError:
                found[row, run] = np.nan
                break
    return found


class RunArrays:
    """Runs of one update rule on one function, as arrays of shape (rows, runs)."""

    _fields = ()  # in a result it is another result, not a quantity

    def __init__(
        self,
        objective: Function,
        rule: UpdateRule,
        base_lr: Array,
        rates: Array,
        until: Array,
        points: Array,
        gradients: Array,
        steps: Indices,
        losses: Array | None = None,
        batches: Sequence[Batches] | None = None,
    ) -> None:
        self.objective, self.rule, self.rates, self.until, self.base_lr = (
            objective,
            rule,
            rates,
            until,
            base_lr,
        )
        self.points, self.gradients = points, gradients  # (rows, runs, n)
        self.batches = batches  # of data, by run: row k is known over batch k, the last over all rows
        losses = (objective.float_values(points) if losses is None else losses)[..., np.newaxis]
        unknown = np.isnan(losses[..., 0]) & np.isfinite(points).all(axis=-1)
        self.losses = redone(points, losses, unknown, lambda w: [objective(w)])[..., 0]  # (rows, runs)
        self.count = points.shape[1]
        # (runs,) what is added of the point to the gradient
        decay = 0.0 if rule.name == "adamw" else rule.settings["weight_decay"]
        self.decay = np.broadcast_to(np.ravel(decay), self.count)
        fine = (
            np.isfinite(points).all(axis=-1) & np.isfinite(self.losses) & np.isfinite(gradients).all(axis=-1)
        )
        # (runs,) the last row before the first without a value
        self.last = np.where(fine.all(axis=0), len(points), np.argmin(fine, axis=0)) - 1
        self.failed = self.last < np.minimum(steps, len(points) - 1)
        small = fine & (row_norms(gradients) <= until)
        first = np.where(small.any(axis=0), np.argmax(small, axis=0), len(points))
        self.failed &= first > self.last
        self.last = np.minimum.reduce([self.last, steps, first])

    def select_rows(self, every: int = 1) -> tuple[Indices, Indices]:
        """Return steps and runs of every row, run after run; of each run at least the first and the last."""
        steps = np.arange(len(self.points))[:, np.newaxis]
        kept = (steps <= self.last) & ((steps % every == 0) | (steps == self.last))
        runs, places = np.nonzero(kept.T)
        return places, runs
