"""Runs of an optimiser: from a start downhill, step by step, and what is known at every step."""

from __future__ import annotations

import math
from array import array
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.core.numerics.arrays import norms
from aimath.core.optim import _convergence as convergence
from aimath.core.optim._batch import RunBatch
from aimath.core.optim._rules import ARRAYS, FLOATS, OPTIMIZERS, Rule, at_least_0, refuse
from aimath.core.optim._schedules import schedule as schedule_of
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import ArrayLike

    from aimath.core.calculus import Function
    from aimath.core.numerics.arrays import Check
    from aimath.core.numerics.types import Array, Indices
    from aimath.core.optim._rules import Update

    Slope = Callable[[Sequence[float]], float]
    Slopes = Callable[[Sequence[float]], Sequence[float]]
    Memories = list[tuple[Any, ...]]  # of each coordinate

AT_ONCE = 4096
"""Steps between two looks at where the walk is: looking at every step would cost a fifth of the time."""


def walk(objective: Function, start: Sequence[float], rule: Rule, rates: Array, until: float) -> Array:
    """Give the points (rows, n) of one run, rows <= steps + 1, with `rates` (steps,) of its updates.

    It ends soon after the gradient's norm is at most `until` (-1: never), and soon after a point
    that isn't finite or has no gradient.
    """
    path = array("d", start)
    n, go = len(start), _walker(objective, rule, path, len(start))
    for first in range(0, len(rates), AT_ONCE):
        try:
            go(first, _listed(rates[first : first + AT_ONCE]))
        except (ValueError, OverflowError, ZeroDivisionError):
            break
        if not all(map(math.isfinite, path[-n:])):
            break
        if until >= 0.0:
            news = points(path[first * n :], n)  # a copy: what is looked at can't grow
            if (norms(objective.gradients(news)) <= until).any():
                break
    return points(path, n)


def _listed(rates: Array) -> list[float]:
    """Give rates as floats; what is the same is one float."""
    same = float(rates[0])
    return [same] * len(rates) if (rates == same).all() else rates.tolist()


def _walker(
    objective: Function, rule: Rule, path: array[float], n: int
) -> Callable[[int, list[float]], None]:
    """Choose the loop that makes the updates `first` .. with some rates, and adds the points to a path."""
    update, memories = rule.make(FLOATS), [rule.start] * n
    if n > 1:
        gradient = objective.fast_gradient()
        return lambda first, rates: _several(gradient, update, path, memories, first, rates)
    slope, bare = objective.fast_slope(), rule.bare
    if bare:
        return lambda _, rates: _bare(slope, bare, path, rates)
    return lambda first, rates: _one(slope, update, path, memories, first, rates)


def points(path: array[float], n: int) -> Array:
    """Give a path of numbers as points (rows, n)."""
    return np.frombuffer(path).reshape(-1, n)


def _one(
    slope: Slope, update: Update, path: array[float], memories: Memories, first: int, rates: list[float]
) -> None:
    """Make the updates first .. of a single variable: a loop that must be fast."""
    w, memory, news = path[-1], memories[0], list[float]()
    x, add = [w], news.append
    try:
        for t, lr in enumerate(rates, first + 1):
            w, memory = update(w, slope(x), memory, t, lr)
            x[0] = w
            add(w)
    finally:
        path.fromlist(news)  # also what was reached before an error
    memories[0] = memory


def _bare(slope: Slope, step: Callable[..., float], path: array[float], rates: list[float]) -> None:
    """Make the updates of a rule that remembers nothing, in three quarters of the time."""
    w, news = path[-1], list[float]()
    x, add = [w], news.append
    try:
        for lr in rates:
            x[0] = w = step(w, slope(x), lr)
            add(w)
    finally:
        path.fromlist(news)


def _several(
    slope: Slopes, update: Update, path: array[float], memories: Memories, first: int, rates: list[float]
) -> None:
    """Make the updates first .. of several variables, one coordinate after the other."""
    x = list(path[-len(memories) :])
    for t, lr in enumerate(rates, first + 1):
        slopes = slope(x)
        for k, g in enumerate(slopes):
            x[k], memories[k] = update(x[k], g, memories[k], t, lr)
        path.extend(x)


def walk_all(
    objective: Function, start: Sequence[float], rule: Rule, rates: Array, until: Array
) -> tuple[Array, Array]:
    """Give points and gradients (rows, runs, n) of many runs, with `rates` (steps, runs).

    A run that leaves the function's domain goes on as nan. All end when none has anywhere to go:
    its gradient's norm was at most its `until` (runs,), or it is nan.
    """
    runs = rates.shape[1]
    w = np.tile(np.asarray(start, np.float64), (runs, 1))
    memory: tuple[Any, ...] = tuple(np.zeros_like(w) for _ in rule.remembers)
    update = rule.make(ARRAYS)
    path, slopes = [w], [objective.gradients(w)]
    ended = np.zeros(runs, np.bool_)
    with np.errstate(all="ignore"):
        for t, lr in enumerate(rates, 1):
            w, memory = update(w, slopes[-1], memory, t, lr[:, np.newaxis])
            path.append(w)
            slopes.append(objective.gradients(w))
            ended |= ~(norms(slopes[-1]) > until)  # also nan
            if ended.all():
                break
    return np.stack(path), np.stack(slopes)


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
        from aimath.core.optim import _closed_form as retrace  # noqa: PLC0415  only for derivations

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
        from aimath.core.optim import _closed_form as retrace  # noqa: PLC0415  not for every descent

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

    >>> from aimath.core.calculus import function
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
