"""Descents: from a start downhill, step by step, and what happened on the way."""

from __future__ import annotations

from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from aimath.core import convergence
from aimath.core.arrays import norms
from aimath.core.batch import RunBatch
from aimath.core.bounds import at_least_0, refuse
from aimath.core.optimizers import OPTIMIZERS, Rule
from aimath.core.schedules import schedule as schedule_of
from aimath.core.trajectory import Trajectory
from aimath.core.walks import walk, walk_all
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike

    from aimath.core.arrays import Array, Indices
    from aimath.core.expression import Function

NOTHING: Mapping[str, Any] = MappingProxyType({})


class Runs(RunBatch):
    """Descents, what the rule remembered on the way, and what happened to each."""

    def trajectory(self, places: Indices, runs: Indices) -> Trajectory:
        """Give the rows (steps, runs)."""
        before = np.maximum(places - 1, 0)
        point = self.points[places, runs]
        rate = np.where(places > 0, self.rates[before, runs], 0.0) if len(self.rates) else np.zeros(len(runs))
        return Trajectory(
            run=runs,
            step=places,
            point=point,
            loss=self.losses[places, runs],
            gradient=self.gradients[places, runs],
            rate=rate,
            update=point - self.points[before, runs],
            source=self,
        )

    @cached_property
    def memories(self) -> dict[str, Array]:
        """What the rule remembers, by name: (rows, runs, n)."""
        from aimath.core import retrace  # noqa: PLC0415  not for every descent

        return retrace.memories(self)

    @cached_property
    def statuses(self) -> list[str]:
        """What happened, a word a run."""
        return convergence.statuses(self)

    def why(self, run: int) -> str:
        """Say what happened to a run in a sentence."""
        return convergence.why(self, run, self.statuses[run])


def descend(objective: Function, start: Sequence[float], optimizer: str = "gd", **options: Any) -> Trajectory:
    """Walk down from `start`, and say at every step where that led; the options are those of `descents`.

    >>> from aimath.core.expression import function
    >>> descend(function("(w-3)^2"), [10.0], steps=2).point[:, 0].round(12)
    array([10.  ,  8.6 ,  7.48])
    """
    runs = descents(objective, start, optimizer, **options)
    return runs.trajectory(*runs.all_rows())


def descents(
    objective: Function,
    start: Sequence[float],
    optimizer: str = "gd",
    *,
    lr: ArrayLike = 0.1,
    steps: ArrayLike = 20,
    schedule: str = "constant",
    plan: Mapping[str, Any] = NOTHING,
    until: ArrayLike | None = None,
    **options: Any,
) -> Runs:
    """Walk down many times at once: every number may be one for all runs, or an array of one a run.

    `optimizer` and its `options` are those of optimizers.py, `schedule` and its `plan` those of
    schedules.py, whose horizon is `steps` unless given. With `until`, a run stops where the
    gradient's norm is no more than that.
    """
    count = _count(lr, steps, until, *plan.values(), *options.values())
    rule = _rule(optimizer, options, count)
    limits = np.broadcast_to(_whole(steps), count)
    bound = np.broadcast_to(-1.0 if until is None else np.float64(at_least_0("until", until)), count)
    objective(start), objective.gradient(start)  # where nothing can begin, say so
    k = np.arange(limits.max())[:, np.newaxis]
    rates = schedule_of(k, schedule, lr, **{"horizon": np.maximum(limits, 1), **plan}).rate
    rates = np.broadcast_to(rates, (len(k), count))
    base = np.broadcast_to(np.asarray(lr, np.float64), count)
    if count == 1:
        path = walk(objective, start, rule, rates[:, 0], float(bound[0]))[:, np.newaxis]
        slopes = objective.gradients(path)
    else:
        path, slopes = walk_all(objective, start, rule, rates, bound)
    return Runs(objective, rule, base, rates, bound, path, slopes, limits)


def _count(*options: Any) -> int:
    """Give the number of runs: that of the values that some options have by run."""
    sizes = {np.size(value) for value in options if np.ndim(value)}
    if len(sizes) > 1:
        raise InputError(f"the runs have options of {' and '.join(map(str, sorted(sizes)))} values")
    return sizes.pop() if sizes else 1


def _rule(optimizer: str, options: Mapping[str, Any], count: int) -> Rule:
    """Make an update rule of options by run: of floats for a single one, of columns for many."""
    if optimizer not in OPTIMIZERS:
        known = ", ".join(OPTIMIZERS)
        raise InputError(f"optimizer '{optimizer}' is not one of {known}", operand="optimizer")
    by_run = {name: np.asarray(value) for name, value in options.items() if np.ndim(value)}
    shaped = {name: v.item() if count == 1 else v[:, np.newaxis] for name, v in by_run.items()}
    return OPTIMIZERS[optimizer](**{**options, **shaped})


def _whole(steps: ArrayLike) -> Indices:
    counts = np.asarray(steps)
    whole = np.isfinite(counts) & (counts >= 0) & (counts == np.floor(counts))
    refuse(~whole, "steps", steps, "must be a whole number from 0")
    return counts.astype(np.intp)
