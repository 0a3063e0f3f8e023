"""The loops of descents: on plain floats for one run, on arrays for many runs at once."""

from __future__ import annotations

import math
from array import array
from typing import TYPE_CHECKING, Any

import numpy as np

from aimath.core.arrays import norms
from aimath.core.optimizers import ARRAYS, FLOATS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aimath.core.arrays import Array
    from aimath.core.expression import Function
    from aimath.core.optimizers import Rule, Update

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
