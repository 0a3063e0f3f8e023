"""One run as it trains: what to expect of it, the rows of its log, and what came of it, as data.

A process that trains for another sends these as they are; reports are made of them where they are written.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from aimath.commands.nn._live_curve import live_curve
from aimath.commands.nn._training_page import header

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from aimath.commands.nn._plan import Plan
    from aimath.report import PageHeader
    from aimath.training.explain import ExplainedExample
    from aimath.training.interface import Baseline, Run
    from aimath.training.loop import LogRow


class Outcome(NamedTuple):
    """How a run ended, and what it came to."""

    row: LogRow  # the last
    status: str  # "done", "stopped", "interrupted" or "diverged"
    reason: str  # of a divergence
    tested: Mapping[str, float]  # figures on test data, none of what diverged
    about: Mapping[str, Any]  # what JSON says of the run beside its figures
    baselines: tuple[Baseline, ...]
    explain: Callable[[], ExplainedExample] | None  # one step in numbers, if there is one


def follow_run(
    plan: Plan, run: Run, stop_at: int | None, is_interrupted: Callable[[], bool]
) -> Iterator[PageHeader | LogRow | Outcome]:
    """Yield the head of a run, the rows of its log as they come, and its outcome.

    At a terminal its losses are drawn meanwhile.
    """
    from aimath.training.explain import explain_next
    from aimath.training.loop import DivergenceError, train

    baselines = run.baselines()
    yield header(plan.recipe, run, baselines)
    end = run.steps if stop_at is None else stop_at
    rows: list[LogRow] = []
    reason = ""
    with live_curve(plan.recipe.unit, run.steps, baselines) as curve:
        try:
            for row in train(run, stop=lambda: is_interrupted() or run.done >= end, watch=curve.watch):
                rows.append(row)
                yield row
                curve.log(row)  # below the head, which is written by now
        except DivergenceError as error:
            reason = f"step {error.step}: {error.reason}"
            rows.append(_lost_row(error.step, run.lr, rows))
    status = "diverged" if reason else "done" if run.done >= run.steps else "stopped"
    if status == "stopped" and is_interrupted():
        status = "interrupted"
    yield Outcome(
        row=rows[-1],
        status=status,
        reason=reason,
        tested={} if reason else dict(run.test()),
        about=_about(plan, run, baselines),
        baselines=tuple(baselines),
        explain=None if reason or run.optimizer is None else lambda: explain_next(run),
    )


def _lost_row(step: int, lr: float, rows: Sequence[LogRow]) -> LogRow:
    """Return the row of a step at which a training diverged, behind those before it."""
    from aimath.training.loop import LogRow

    seconds, figures = (rows[-1].seconds, rows[-1].figures) if rows else (0.0, {})
    return LogRow(step, seconds, math.nan, math.nan, lr, dict.fromkeys(figures, math.nan))


def _about(plan: Plan, run: Run, baselines: Sequence[Baseline]) -> dict[str, Any]:
    """Return what JSON says of a run beside its figures: its settings, weights and baselines."""
    import numpy as np

    settings = {name: value for name, value in run.settings.items() if name not in (*plan.swept, "lr")}
    about: dict[str, Any] = {
        "run": plan.recipe.name,
        **({"arch": plan.recipe.arch} if plan.recipe.arch else {}),
        **settings,
    }
    about["weights"] = run.weights
    if baselines:
        about["baselines"] = np.array([one.value for one in baselines])
    return about
