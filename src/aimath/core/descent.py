"""Descents: from a start downhill, step by step, and what happened on the way."""

from __future__ import annotations

from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from aimath.core import convergence
from aimath.core.optimizers import OPTIMIZERS, Rule
from aimath.core.schedules import schedule as schedule_of
from aimath.core.trajectory import Trajectory
from aimath.core.walks import norms, walk, walk_all
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from aimath.core.arrays import Array
    from aimath.core.walks import Objective

    Places = NDArray[np.intp]

NOTHING: Mapping[str, Any] = MappingProxyType({})


class Runs:
    """Descents of one function by one rule, as arrays: rows (steps from 0) by runs."""

    _fields = ()  # in a result it is another result, not a quantity

    def __init__(
        self,
        objective: Objective,
        rule: Rule,
        base: Array,
        rates: Array,
        until: Array,
        path: Array,
        slopes: Array,
        steps: Places,
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

    def trajectory(self, places: Places, runs: Places) -> Trajectory:
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

    def all_rows(self, every: int = 1) -> tuple[Places, Places]:
        """Give steps and runs of every row, run after run; of each run at least the first and the last."""
        steps = np.arange(len(self.points))[:, np.newaxis]
        kept = (steps <= self.last) & ((steps % every == 0) | (steps == self.last))
        runs, places = np.nonzero(kept.T)
        return places, runs

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
        return convergence.why(self, run)


def descend(
    objective: Objective,
    start: Sequence[float],
    optimizer: str = "gd",
    *,
    lr: float = 0.1,
    steps: int = 20,
    schedule: str = "constant",
    plan: Mapping[str, Any] = NOTHING,
    until: float | None = None,
    **options: Any,
) -> Trajectory:
    """Walk down from `start`, and say at every step where that led.

    `optimizer` and its `options` are those of optimizers.py, `schedule` and its `plan` those of
    schedules.py, whose horizon is `steps` unless given. With `until`, it stops where the
    gradient's norm is no more than that.

    >>> from aimath.core.expression import function
    >>> descend(function("(w-3)^2"), [10.0], steps=2).point[:, 0].round(12)
    array([10.  ,  8.6 ,  7.48])
    """
    runs = descents(
        objective, start, optimizer, lr=lr, steps=steps, schedule=schedule, plan=plan, until=until, **options
    )
    return runs.trajectory(*runs.all_rows())


def descents(
    objective: Objective,
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
    """Walk down many times at once: every number may be one for all runs, or an array of one a run."""
    if optimizer not in OPTIMIZERS:
        raise InputError(
            f"optimizer '{optimizer}' is not one of {', '.join(OPTIMIZERS)}", operand="optimizer"
        )
    numbers = {"lr": lr, "steps": steps, "until": -1.0 if until is None else until, **plan, **options}
    sizes = {np.size(value) for value in numbers.values() if np.ndim(value)}
    if len(sizes) > 1:
        raise InputError(f"the runs have options of {' and '.join(map(str, sorted(sizes)))} values")
    count = sizes.pop() if sizes else 1
    limits = _steps(np.broadcast_to(np.asarray(steps), count))
    bound = _until(np.broadcast_to(np.asarray(numbers["until"], np.float64), count), given=until is not None)
    objective(start), objective.gradient(start)  # where nothing can begin, say so
    k = np.arange(limits.max())[:, np.newaxis]
    rates = schedule_of(k, schedule, lr, **{"horizon": np.maximum(limits, 1), **plan}).rate
    rates = np.broadcast_to(rates, (len(k), count))
    base = np.broadcast_to(np.asarray(lr, np.float64), count)
    if count == 1:
        rule = OPTIMIZERS[optimizer](**{name: _single(value) for name, value in options.items()})
        path = walk(objective, start, rule, rates[:, 0], float(bound[0]))[:, np.newaxis]
        return Runs(objective, rule, base, rates, bound, path, objective.gradients(path), limits)
    rule = OPTIMIZERS[optimizer](
        **{k: np.asarray(v)[:, np.newaxis] if np.ndim(v) else v for k, v in options.items()}
    )
    path, slopes = walk_all(objective, start, rule, rates, bound)
    return Runs(objective, rule, base, rates, bound, path, slopes, limits)


def _single(value: Any) -> Any:
    return np.ravel(value)[0].item() if np.ndim(value) else value


def _steps(steps: Any) -> Places:
    bad = ~(np.isfinite(steps) & (steps >= 0) & (steps == np.floor(steps)))
    if bad.any():
        raise InputError(f"steps must be a whole number from 0, not {steps[bad][0]:g}", operand="steps")
    return np.asarray(steps, np.intp)


def _until(until: Array, *, given: bool) -> Array:
    fine = (until >= 0.0) & np.isfinite(until)
    if given and not fine.all():
        raise InputError(f"until must be at least 0 and finite, not {until[~fine][0]:g}", operand="until")
    return until
