"""Runs of one optimiser as arrays, before anything is said of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from aimath.core.numerics.arrays import norms

if TYPE_CHECKING:
    from aimath.core.calculus import Function
    from aimath.core.numerics.types import Array, Indices
    from aimath.core.optim._rules import Rule


class RunBatch:
    """Descents of one function by one rule, as arrays: rows (steps from 0) by runs."""

    _fields = ()  # in a result it is another result, not a quantity

    def __init__(
        self,
        objective: Function,
        rule: Rule,
        base: Array,
        rates: Array,
        until: Array,
        path: Array,
        slopes: Array,
        steps: Indices,
    ) -> None:
        self.objective, self.rule, self.rates, self.until, self.base = objective, rule, rates, until, base
        self.points, self.gradients = path, slopes  # (rows, runs, n)
        self.losses = objective.values(path)  # (rows, runs)
        self.count = path.shape[1]
        # (runs,) what is added of the point to the gradient
        decay = 0.0 if rule.name == "adamw" else rule.settings["weight_decay"]
        self.decay = np.broadcast_to(np.ravel(decay), self.count)
        fine = np.isfinite(path).all(axis=-1) & np.isfinite(self.losses) & np.isfinite(slopes).all(axis=-1)
        # (runs,) the last row before the first without a value
        self.last = np.where(fine.all(axis=0), len(path), np.argmin(fine, axis=0)) - 1
        self.broken = self.last < np.minimum(steps, len(path) - 1)
        small = fine & (norms(slopes) <= until)
        first = np.where(small.any(axis=0), np.argmax(small, axis=0), len(path))
        self.broken &= first > self.last
        self.last = np.minimum.reduce([self.last, steps, first])

    def all_rows(self, every: int = 1) -> tuple[Indices, Indices]:
        """Give steps and runs of every row, run after run; of each run at least the first and the last."""
        steps = np.arange(len(self.points))[:, np.newaxis]
        kept = (steps <= self.last) & ((steps % every == 0) | (steps == self.last))
        runs, places = np.nonzero(kept.T)
        return places, runs
