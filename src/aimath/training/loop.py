"""The loop that every training runs in: steps, and a row of the log at some of them."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, NamedTuple

from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from aimath.training.interface import Run

TOO_LARGE = 2.0
"""A loss so many times that of a model that knows nothing isn't on its way down any more."""
ROWS = 10
"""Rows of a log below the first, unless told otherwise."""


class LogRow(NamedTuple):
    """One row of a log: what held after so many steps."""

    step: int
    seconds: float  # since the first step began, validation included
    train: float  # mean training loss since the row before; in the first row that of the first batch
    heldout: float  # loss on what is held out to choose by
    lr: float  # of the last step; in the first row of the first
    figures: Mapping[str, float | str]  # the recipe's columns


class DivergenceError(ArithmeticError):
    """A training that went wrong: its step, and the reason in words."""

    def __init__(self, step: int, reason: str) -> None:
        super().__init__(f"step {step}: {reason}")
        self.step, self.reason = step, reason


def is_logged(step: int, steps: int, rows: int = ROWS) -> bool:
    """Return whether a step has a row: the first and the last have, and those that share the rest evenly.

    >>> [step for step in range(26) if is_logged(step, 25, 4)]
    [0, 7, 13, 19, 25]
    """
    return step in {0, steps} or (step * rows) // steps > ((step - 1) * rows) // steps


def train(
    run: Run,
    rows: int = ROWS,
    *,
    stop: Callable[[], bool] = lambda: False,
    watch: Callable[[int, float], None] = lambda _step, _loss: None,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[LogRow]:
    """Yield the rows of the log while the run takes its steps, to its planned end or until `stop` says so.

    `watch` sees each step with its training loss. Raises DivergenceError where a loss is no number or
    above twice that of a model that knows nothing.
    """
    start = clock()
    heldout, figures, lr = run.validate(), run.figures(), run.lr
    first = run.done
    if run.done >= run.steps or stop():
        yield LogRow(run.done, 0.0, math.nan, heldout, lr, figures)
        return
    losses: list[float] = []
    while run.done < run.steps and not (run.done > first and stop()):
        lr = run.lr
        losses.append(_step(run))
        watch(run.done, losses[-1])
        _check_loss(run, losses[-1])
        if run.done == first + 1:
            yield LogRow(first, 0.0, losses[0], heldout, lr, figures)
        if is_logged(run.done, run.steps, rows):
            yield _row(run, clock() - start, losses, lr)
            losses = []
    if losses:  # it was stopped in between
        yield _row(run, clock() - start, losses, lr)


def _row(run: Run, seconds: float, losses: list[float], lr: float) -> LogRow:
    """Return the row of a step that is logged."""
    heldout = run.validate()
    _check_loss(run, heldout)
    return LogRow(run.done, seconds, math.fsum(losses) / len(losses), heldout, lr, run.figures())


def _step(run: Run) -> float:
    """Return the loss of a step, or raise DivergenceError where its numbers have left float64."""
    try:
        return run.step()
    except (InputError, FloatingPointError) as error:  # of an operation whose result isn't finite
        raise DivergenceError(run.done + 1, str(error)) from None


def _check_loss(run: Run, loss: float) -> None:
    """Raise DivergenceError if a loss says that the training went wrong."""
    if not math.isfinite(loss):
        raise DivergenceError(run.done, "the loss is no number any more")
    limit = TOO_LARGE * run.ignorance
    if loss > limit:
        why = f"the loss {loss:.4g} is above {limit:.4g}, twice that of a model that knows nothing"
        raise DivergenceError(run.done, why)
