"""Runs over data: at each step the gradient of all rows, or of one minibatch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.core.calculus import Batches
from aimath.core.numerics.arrays import row_norms
from aimath.core.optim._rules import ARRAY_BACKEND
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimath.core.calculus import DataFunction, Function
    from aimath.core.numerics.types import Array
    from aimath.core.optim._rules import UpdateRule


class Walk(NamedTuple):
    """Points of runs with what the updates knew there; the last row of a run is known over all rows."""

    points: Array  # (rows, runs, n)
    losses: Array  # (rows, runs)
    gradients: Array  # (rows, runs, n)


def resolve_batches(objective: Function, batch: int | None, seed: int, until: Any) -> Batches | None:
    """Return the minibatches that are asked for, or None for all rows at each step."""
    if batch is None:
        return None
    data = objective.data
    if data is None:
        raise InputError("a batch is of rows of data, and there are none", operand="batch", usage=True)
    if until is not None:
        why = "a minibatch's gradient says nothing of the whole one, which until is about"
        raise InputError(why, operand="batch", usage=True)
    if int(batch) != batch or batch < 1:
        raise InputError(f"a batch has a whole number of rows from 1, not {batch:g}", operand="batch")
    return Batches(data.count, min(int(batch), data.count), int(seed))


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
