"""Runs of optimisers: trajectories of points, losses and gradients."""

from __future__ import annotations

import math
from array import array
from contextlib import suppress
from functools import cached_property, partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.core.calculus import DataFunction
from aimath.core.numerics.arrays import check_choice, row_norms
from aimath.core.optim import _convergence as _convergence
from aimath.core.optim._over_data import resolve_batches, walk_over_data
from aimath.core.optim._rules import (
    ARRAY_BACKEND,
    FLOAT_BACKEND,
    LARGEST_ROOT,
    OPTIMIZERS,
    ROUNDED_UPDATES,
    UpdateRule,
    check_nonnegative,
    raise_if_any,
)
from aimath.core.optim._run_arrays import RunArrays, redone
from aimath.core.optim._schedules import schedule as learning_rate_schedule
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from aimath.core.calculus import Function
    from aimath.core.numerics.arrays import Check
    from aimath.core.numerics.axes import Classes, Points, Scalars, Words
    from aimath.core.numerics.types import Array, Indices
    from aimath.core.optim._closed_form import Quadratic
    from aimath.core.optim._rules import Update

    Derivative = Callable[[Sequence[float]], float]
    GradientFunction = Callable[[Sequence[float]], Sequence[float]]
    Loop = Callable[[int, list[float]], None]  # of the updates after `first`, with these rates
    States = list[tuple[Any, ...]]  # of each coordinate

STEPS_PER_CHECK = 4096
"""Steps between two looks at where the walk is: looking at every step would cost a fifth of the time."""


def run_one(
    objective: Function, start: Sequence[float], rule: UpdateRule, rates: Array, until: float
) -> Array:
    """Return the points (rows, n) of one run, rows <= steps + 1, with `rates` (steps,).

    It ends soon after the gradient's norm is at most `until` (-1: never), and soon after a point
    that isn't finite or has no gradient. Where rounding leads float64's gradient so far astray
    that it moves a point, CAREFUL updates are made with exact ones (`unsure_steps`).
    """
    path = array("d", start)
    n, memories = len(start), [rule.initial_state] * len(start)
    go = _choose_loop(objective, rule, path, memories)
    with_care = _rounded_first(
        rule, lambda update: partial(_vector_loop, objective.gradient, update, path, memories)
    )
    first = 0
    while first < len(rates):
        begun, before = len(path), memories[:]
        block = rates[first : first + STEPS_PER_CHECK]
        with suppress(ValueError, OverflowError, ZeroDivisionError):
            go(first, _as_floats(block))
        news = as_points(path[begun - n :], n)  # a copy: what is looked at can't grow
        slopes, bounds = objective.gradients_with_bounds(news)
        taken = np.append(block, block[-1:])[: len(news)]
        unsure = np.flatnonzero(unsure_steps(rule, taken[:, np.newaxis], news, slopes, bounds))
        if len(unsure) and unsure[0] < len(block):
            del path[begun:]
            memories[:] = before
            sure = int(unsure[0])
            go(first, _as_floats(block[:sure]) if sure else [])
            first += sure
            some = _as_floats(rates[first : first + CAREFUL])
            try:
                with_care(first, some)
            except (ValueError, OverflowError):  # an InputError is one of the former
                break
            first += len(some)
        else:
            first += len(block)
            if len(news) <= len(block):
                break
        if not all(map(math.isfinite, path[-n:])):
            break
        if until >= 0.0 and (row_norms(slopes) <= until).any():
            break
    return as_points(path, n)


CAREFUL = 64
"""Updates made with exact gradients before float64's are tried again."""
ASTRAY = 1024.0
"""Units of 2^-53 of itself that a gradient must be off to be worth a second look."""
MOVED = 16.0
"""Units of the last place of a weight that an update must be off."""


def unsure_steps(
    rule: UpdateRule, rates: Array, where: Array, slopes: Array, bounds: Array
) -> NDArray[np.bool_]:
    """Return at which points (..., n) rounding of the gradient would show in the next point.

    Near a minimum gradients cancel by nature: what is far off beside itself need not be so beside
    the weight that it moves. Rules that divide by the gradient's size move a weight by it down to
    their eps. `rates` are (..., 1).
    """
    with np.errstate(all="ignore"):
        relative = ~(bounds <= ASTRAY * np.abs(slopes))
        eps = rule.settings.get("eps")
        if eps is None:
            matters = ~(rates * bounds * 2.0**-53 <= MOVED * np.spacing(np.abs(where)))
        else:
            matters = ~(np.abs(slopes) <= eps)
        return np.asarray((relative & matters).any(axis=-1))


def _as_floats(rates: Array) -> list[float]:
    """Return rates as a list of floats, one shared object if all are equal."""
    same = float(rates[0])
    return [same] * len(rates) if (rates == same).all() else rates.tolist()


def _choose_loop(objective: Function, rule: UpdateRule, path: array[float], memories: States) -> Loop:
    """Return the loop that appends the points of some updates to a path."""
    if len(memories) > 1:
        gradient = objective.compiled_gradient()
        return _rounded_first(rule, lambda update: partial(_vector_loop, gradient, update, path, memories))
    slope, bare = objective.compiled_derivative(), rule.stateless_update
    plain = partial(_stateless_loop, slope, bare, path) if bare else None
    return _rounded_first(rule, lambda update: partial(_scalar_loop, slope, update, path, memories), plain)


def _rounded_first(rule: UpdateRule, build_loop: Callable[[Update], Loop], plain: Loop | None = None) -> Loop:
    """Return the loop whose first updates of a run are rounded once; `plain` may make the others."""
    early, late = rule.build_rounded_update(FLOAT_BACKEND), rule.build_update(FLOAT_BACKEND)
    start, go_on = build_loop(early), plain or build_loop(late)

    def go(first: int, rates: list[float]) -> None:
        if first < ROUNDED_UPDATES:
            count = ROUNDED_UPDATES - first
            start(first, rates[:count])
            first, rates = first + count, rates[count:]
        go_on(first, rates)

    return go


def as_points(path: array[float], n: int) -> Array:
    """Return a path of numbers as points (rows, n)."""
    return np.frombuffer(path).reshape(-1, n)


def _scalar_loop(
    derivative: Derivative, update: Update, path: array[float], states: States, first: int, rates: list[float]
) -> None:
    """Append the updates of a single variable to the path."""
    w, memory, news = path[-1], states[0], list[float]()
    x, add = [w], news.append
    try:
        for t, lr in enumerate(rates, first + 1):
            w, memory = update(w, derivative(x), memory, t, lr)
            x[0] = w
            add(w)
    finally:
        path.fromlist(news)  # also what was reached before an error
    states[0] = memory


def _stateless_loop(
    derivative: Derivative, step: Callable[..., float], path: array[float], _: int, rates: list[float]
) -> None:
    """Append the updates of a stateless rule to the path."""
    w, news = path[-1], list[float]()
    x, add = [w], news.append
    try:
        for lr in rates:
            x[0] = w = step(w, derivative(x), lr)
            add(w)
    finally:
        path.fromlist(news)


def _vector_loop(
    gradient: GradientFunction,
    update: Update,
    path: array[float],
    states: States,
    first: int,
    rates: list[float],
) -> None:
    """Append the updates of several variables to the path."""
    x = list(path[-len(states) :])
    for t, lr in enumerate(rates, first + 1):
        slopes = gradient(x)
        for k, g in enumerate(slopes):
            x[k], states[k] = update(x[k], g, states[k], t, lr)
        path.extend(x)


def run_many(
    objective: Function, start: Sequence[float], rule: UpdateRule, rates: Array, until: Array
) -> Array:
    """Return points (rows, runs, n) of many runs, with `rates` (steps, runs).

    A run that leaves the function's domain goes on as nan. All end when none has anywhere to go:
    its gradient's norm was at most its `until` (runs,), or it is nan.
    """
    runs = rates.shape[1]
    w = np.tile(np.asarray(start, np.float64), (runs, 1))
    memory: tuple[Any, ...] = tuple(np.zeros_like(w) for _ in rule.initial_state)
    updates = rule.updates_by_step(ARRAY_BACKEND)
    path, slopes = [w], objective.float_gradients(w)
    ended = np.zeros(runs, np.bool_)
    with np.errstate(all="ignore"):
        for t, lr in enumerate(rates, 1):
            w, memory = updates(t)(w, slopes, memory, t, lr[:, np.newaxis])
            path.append(w)
            slopes = objective.float_gradients(w)
            ended |= ~(row_norms(slopes) > until)  # also nan
            if ended.all():
                break
    return np.stack(path)


class Trajectory(NamedTuple):
    """Rows of descents: row k of a run is what is known after k updates.

    `status` and `explain` say what happened to the run that a row is of (convergence.py).
    """

    run: Classes  # which run a row is of, from 0
    step: Classes  # updates made
    point: Points  # finite
    loss: Scalars  # finite
    gradient: Points  # finite
    rate: Scalars  # learning rate of the update that led here, 0 at the start
    update: Points  # what that update added, 0 at the start
    source: RunBatch

    @property
    def status(self) -> Words:
        """One word: converged, going, oscillates, stuck, diverged or undefined."""
        return self._per_row(self.source.statuses)

    @property
    def why(self) -> Words:
        """The status in a sentence, with the figures that it rests on."""
        return self._per_row([self.source.explain(run) for run in range(self.source.count)])

    @property
    def norm(self) -> Scalars:
        """Length of the gradient."""
        return row_norms(self.gradient)

    @property
    def buffer(self) -> Points | None:
        """Of momentum."""
        return self._state("buffer")

    @property
    def square_avg(self) -> Points | None:
        """RMSprop's mean of squared gradients."""
        return self._state("square_avg")

    @property
    def grad_avg(self) -> Points | None:
        """RMSprop's mean gradient, if it centres."""
        return self._state("grad_avg") if self.source.rule.settings.get("centered") else None

    @property
    def m(self) -> Points | None:
        """Adam's mean gradient, pulled towards its start at 0."""
        return self._state("m")

    @property
    def v(self) -> Points | None:
        """Adam's mean squared gradient, pulled towards its start at 0."""
        return self._state("v")

    @property
    def v_max(self) -> Points | None:
        """The largest v so far, with amsgrad."""
        return self._state("v_max")

    @property
    def m_hat(self) -> Points | None:
        """M / (1 - beta1^step)."""
        return self._bias_corrected("m", "beta1")

    @property
    def v_hat(self) -> Points | None:
        """V / (1 - beta2^step)."""
        return self._bias_corrected("v", "beta2")

    def whole_run(self) -> tuple[Array, Array]:
        """Return the points (rows, n) and losses (rows,) of the whole run that the last row is of."""
        run = int(self.run[-1])
        rows = int(self.source.last[run]) + 1
        return self.source.points[:rows, run], self.source.losses[:rows, run]

    def values_at(self, x: Array, y: Array) -> Array:
        """Return the function (high, wide) at each y and x of its first two variables, nan where it has none.

        Further variables are as at the end of the last row's run; of one variable y has a single entry,
        which is ignored.
        """
        end = self.whole_run()[0][-1]
        grid = np.tile(end, (len(y), len(x), 1))
        grid[..., 0] = x
        if len(end) > 1:
            grid[..., 1] = np.asarray(y)[:, np.newaxis]
        return np.asarray(self.source.objective.float_values(grid))

    def check(self) -> Check:
        """Return the last point of a single run beside that by another route."""
        from aimath.core.optim import _closed_form as retrace  # noqa: PLC0415  only for derivations

        return retrace.check_last_point(self.source, int(self.run[-1]), int(self.step[-1]))

    def check_gradient(self) -> Check:
        """Return the gradient at the first row beside that from differences of values, of its batch."""
        from aimath.core.calculus import grad  # noqa: PLC0415  the same

        check: Check = grad(self.source.first_objective(int(self.run[0])), at=self.point[0]).check()
        return check._replace(answer=self.gradient[0])

    def _per_row(self, by_run: Sequence[str]) -> Any:
        return by_run[0] if self.source.count == 1 else np.array(by_run)[self.run]

    def _state(self, name: str) -> Array | None:
        kept = self.source.optimizer_states.get(name)
        return None if kept is None else np.asarray(kept[self.step, self.run])

    def _bias_corrected(self, name: str, beta: str) -> Array | None:
        values = self._state(name)
        if values is None:
            return None
        setting = np.broadcast_to(np.ravel(self.source.rule.settings[beta]), self.source.count)
        share = 1.0 - setting[self.run] ** np.maximum(self.step, 1)
        return np.asarray(values / share[:, np.newaxis])


NO_OPTIONS: Mapping[str, Any] = MappingProxyType({})


class RunBatch(RunArrays):
    """Optimiser runs with state and convergence status."""

    def trajectory(self, steps: Indices, runs: Indices) -> Trajectory:
        """Return the rows at (steps, runs)."""
        before = np.maximum(steps - 1, 0)
        point = self.points[steps, runs]
        rate = np.where(steps > 0, self.rates[before, runs], 0.0) if len(self.rates) else np.zeros(len(runs))
        return Trajectory(
            run=runs,
            step=steps,
            point=point,
            loss=self.losses[steps, runs],
            gradient=self.gradients[steps, runs],
            rate=rate,
            update=point - self.points[before, runs],
            source=self,
        )

    @cached_property
    def optimizer_states(self) -> dict[str, Array]:
        """What the rule remembers, by name: (rows, runs, n)."""
        from aimath.core.optim import _closed_form as retrace  # noqa: PLC0415  not for every descent

        return retrace.optimizer_states(self)

    @cached_property
    def statuses(self) -> list[str]:
        """What happened, a word a run."""
        return _convergence.classify_runs(self)

    @cached_property
    def next_points(self) -> Array:
        """The point (rows, runs, n) after each row's update, behind the last row too."""
        from aimath.core.optim import _closed_form  # noqa: PLC0415  only for derivations

        return _closed_form.next_points(self)

    def first_objective(self, run: int = 0) -> Function:
        """Return the function that a run's first update goes over: of a batch, if there are any."""
        if self.batches is None or not isinstance(self.objective, DataFunction):
            return self.objective
        return self.objective.at_rows(next(self.batches[run].endless()))

    def closed_form(self, run: int = 0) -> Quadratic | None:
        """Return the quadratic that a run of gradient descent is on, or None without a closed form."""
        from aimath.core.optim import _closed_form  # noqa: PLC0415  only for derivations

        return _closed_form.closed_form(self, run)

    def explain(self, run: int) -> str:
        """Return a sentence on what happened to a run."""
        return _convergence.explain_status(self, run, self.statuses[run])


def minimize(
    objective: Function, start: Sequence[float], optimizer: str = "gd", **options: Any
) -> Trajectory:
    """Return the trajectory of one minimisation; the options are those of `minimize_batch`.

    >>> from aimath.core.calculus import parse_function
    >>> minimize(parse_function("(w-3)^2"), [10.0], steps=2).point[:, 0].round(12)
    array([10.  ,  8.6 ,  7.48])
    """
    runs = minimize_batch(objective, start, optimizer, **options)
    return runs.trajectory(*runs.select_rows())


def minimize_batch(
    objective: Function,
    start: Sequence[float],
    optimizer: str = "gd",
    *,
    lr: ArrayLike = 0.1,
    steps: ArrayLike = 20,
    schedule: str = "constant",
    schedule_options: Mapping[str, Any] = NO_OPTIONS,
    until: ArrayLike | None = None,
    batch: ArrayLike | None = None,
    seed: int = 0,
    **options: Any,
) -> RunBatch:
    """Return runs of an optimiser; each option is one value for all runs or an array of one per run.

    `optimizer` and its `options` are those of optim.OPTIMIZERS, `schedule` and its `schedule_options` those
    of optim.schedule, whose end is `steps` unless given. With `until`, a run stops where the
    gradient's norm is no more than that. Over data each update takes the gradient of all rows, or of
    the next `batch` of them, in an order drawn by `seed` for each epoch.
    """
    count = _count_runs(lr, steps, until, batch, *schedule_options.values(), *options.values())
    rule = _build_rule(optimizer, options, count)
    batches = resolve_batches(objective, batch, seed, until, count)
    limits = np.broadcast_to(_check_steps(steps), count)
    bound = np.broadcast_to(-1.0 if until is None else np.float64(check_nonnegative("until", until)), count)
    objective(start), objective.gradient(start)  # where nothing can begin, say so
    k = np.arange(limits.max())[:, np.newaxis]
    rates = learning_rate_schedule(k, schedule, lr, **{"steps": np.maximum(limits, 1), **schedule_options}).lr
    rates = np.broadcast_to(rates, (len(k), count))
    base = np.broadcast_to(np.asarray(lr, np.float64), count)

    def rule_of(runs: Indices, rule: UpdateRule) -> UpdateRule:
        """Return the rule of some of the runs, with what it remembers."""
        own = {name: np.asarray(v)[runs] if np.ndim(v) else v for name, v in options.items()}
        single = _build_rule(optimizer, own, len(runs))
        return single.by_roots() if rule.hidden and single.by_roots else single

    def walk(rule: UpdateRule) -> tuple[Array, Array, Array | None]:
        """Return points and gradients (rows, runs, n) of the runs by a rule, and losses that are known."""
        if isinstance(objective, DataFunction):
            found = walk_over_data(objective, start, lambda runs: rule_of(runs, rule), rates, bound, batches)
            return found.points, found.gradients, found.losses
        if count == 1:
            path = run_one(objective, start, rule, rates[:, 0], float(bound[0]))[:, np.newaxis]
            return path, slopes_of(objective, rule, rates, path), None

        def again(run: int) -> Array:
            single = rule_of(np.array([run]), rule)
            return run_one(objective, start, single, rates[:, run], float(bound[run]))

        path = _walked_again(objective, rule, rates, run_many(objective, start, rule, rates, bound), again)
        return path, slopes_of(objective, rule, rates, path), None

    path, slopes, losses = walk(rule)
    if rule.by_roots and not rule.hidden and _are_squares_beyond(slopes):
        rule = rule.by_roots()
        path, slopes, losses = walk(rule)
    return RunBatch(objective, rule, base, rates, bound, path, slopes, limits, losses, batches)


def _are_squares_beyond(slopes: Array) -> bool:
    """Return whether the square of a gradient may be beyond float64 where the gradient is not."""
    return bool((np.abs(np.where(np.isfinite(slopes), slopes, 0.0)) > LARGEST_ROOT).any())


def _walked_again(
    objective: Function, rule: UpdateRule, rates: Array, path: Array, again: Callable[[int], Array]
) -> Array:
    """Return points (rows, runs, n) with those runs that rounding led astray walked one by one."""
    unsure = _unsure_rows(objective, rule, rates, path)[0][: len(rates)].any(axis=0)
    for run in np.flatnonzero(unsure).tolist():
        own = again(run)
        if len(own) > len(path):
            path = np.pad(path, ((0, len(own) - len(path)), (0, 0), (0, 0)), constant_values=np.nan)
        path[:, run] = np.nan
        path[: len(own), run] = own
    return path


def _unsure_rows(
    objective: Function, rule: UpdateRule, rates: Array, path: Array
) -> tuple[NDArray[np.bool_], Array]:
    """Return at which points (rows, runs, n) the gradient may be astray, and float64's gradients."""
    slopes, bounds = objective.gradients_with_bounds(path)
    taken = np.concatenate([rates, np.zeros((1, rates.shape[1]))])[: len(path), :, np.newaxis]
    taken[-1] = rates[min(len(path), len(rates)) - 1][:, np.newaxis] if len(rates) else 1.0
    return unsure_steps(rule, taken, path, slopes, bounds) & np.isfinite(path).all(axis=-1), slopes


def slopes_of(objective: Function, rule: UpdateRule, rates: Array, path: Array) -> Array:
    """Return the gradients at points (rows, runs, n), exact ones where rounding shows."""
    unsure, slopes = _unsure_rows(objective, rule, rates, path)
    return redone(path, slopes, unsure, objective.gradient)


def _count_runs(*options: Any) -> int:
    sizes = {np.size(value) for value in options if np.ndim(value)}
    if len(sizes) > 1:
        raise InputError(f"the runs have options of {' and '.join(map(str, sorted(sizes)))} values")
    return sizes.pop() if sizes else 1


def _build_rule(optimizer: str, options: Mapping[str, Any], count: int) -> UpdateRule:
    """Return the update rule for options by run: floats for one run, columns for many."""
    check_choice("optimizer", optimizer, OPTIMIZERS)
    by_run = {name: np.asarray(value) for name, value in options.items() if np.ndim(value)}
    shaped = {name: v.item() if count == 1 else v[:, np.newaxis] for name, v in by_run.items()}
    return OPTIMIZERS[optimizer](**{**options, **shaped})


def _check_steps(steps: ArrayLike) -> Indices:
    counts = np.asarray(steps)
    whole = np.isfinite(counts) & (counts >= 0) & (counts == np.floor(counts))
    raise_if_any(~whole, "steps", steps, "must be a whole number from 0")
    return counts.astype(np.intp)
