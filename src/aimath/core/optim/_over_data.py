"""Runs over data: at each step the gradient of all rows, or of one minibatch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.core.calculus import Batches
from aimath.core.numerics.arrays import row_norms
from aimath.core.optim._rules import ARRAY_BACKEND
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike

    from aimath.core.calculus import DataFunction, Function
    from aimath.core.numerics.types import Array, Indices
    from aimath.core.optim._rules import UpdateRule


class Walk(NamedTuple):
    """Points of runs with what the updates knew there; the last row of a run is known over all rows."""

    points: Array  # (rows, runs, n)
    losses: Array  # (rows, runs)
    gradients: Array  # (rows, runs, n)


def resolve_batches(
    objective: Function, batch: ArrayLike | None, seed: int, until: Any, count: int
) -> tuple[Batches, ...] | None:
    """Return the minibatches of each run, or None for all rows at each step."""
    if batch is None:
        return None
    data = objective.data
    if data is None:
        raise InputError("a batch is of rows of data, and there are none", operand="batch", usage=True)
    if until is not None:
        why = "a minibatch's gradient says nothing of the whole one, which until is about"
        raise InputError(why, operand="batch", usage=True)
    sizes = np.broadcast_to(np.asarray(batch, np.float64), count).tolist()
    for size in sizes:
        if not (size >= 1.0 and size.is_integer()):
            raise InputError(f"a batch has a whole number of rows from 1, not {size:g}", operand="batch")
    rows = data.row_count
    return tuple(Batches(rows, int(min(size, rows)), int(seed)) for size in sizes)


def walk_over_data(
    objective: DataFunction,
    start: Sequence[float],
    build_rule: Callable[[Indices], UpdateRule],
    rates: Array,
    until: Array,
    batches: Sequence[Batches] | None,
) -> Walk:
    """Return the walk of runs with `rates` (steps, runs); `build_rule` gives the rule of some of them."""
    sizes = [0 if batches is None else batches[run].size for run in range(rates.shape[1])]
    walks, groups = [], [np.flatnonzero(np.array(sizes) == size) for size in dict.fromkeys(sizes)]
    for runs in groups:
        own = None if batches is None else batches[runs[0]]
        walks.append(run_over_data(objective, start, build_rule(runs), rates[:, runs], until[runs], own))
    if len(walks) == 1:
        return walks[0]
    rows = max(len(walk.points) for walk in walks)
    order = np.argsort(np.concatenate(groups), kind="stable")

    def joined(parts: Sequence[Array]) -> Array:
        padded = [
            np.pad(p, [(0, rows - len(p)), *[(0, 0)] * (p.ndim - 1)], constant_values=np.nan) for p in parts
        ]
        return np.concatenate(padded, axis=1)[:, order]

    return Walk(*(joined([walk[k] for walk in walks]) for k in range(len(Walk._fields))))


def run_over_data(
    objective: DataFunction,
    start: Sequence[float],
    rule: UpdateRule,
    rates: Array,
    until: Array,
    batches: Batches | None,
) -> Walk:
    """Return the walk of runs with `rates` (steps, runs), which end as those of `run_many`.

    All runs see the same minibatches.
    """
    runs = rates.shape[1]
    w = np.tile(np.asarray(start, np.float64), (runs, 1))
    memory: tuple[Any, ...] = tuple(np.zeros_like(w) for _ in rule.initial_state)
    updates, rows = rule.updates_by_step(ARRAY_BACKEND), None if batches is None else batches.endless()
    path, known = [w], []
    ended = np.zeros(runs, np.bool_)
    with np.errstate(all="ignore"):
        for t, lr in enumerate(rates, 1):
            known.append(objective.value_gradients(w, None if rows is None else next(rows)))
            slopes = known[-1][1]
            ended |= ~(row_norms(slopes) > until)  # also nan
            if ended.all():
                break
            w, memory = updates(t)(w, slopes, memory, t, lr[:, np.newaxis])
            path.append(w)
        if len(known) < len(path) or rows is not None:
            known[len(path) - 1 :] = [objective.value_gradients(w)]
    losses, gradients = zip(*known, strict=True)
    return Walk(np.stack(path), np.stack(losses), np.stack(gradients))
