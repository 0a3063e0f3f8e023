"""The command race."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any

from aimath.cli.command import command
from aimath.cli.options import TABLE_OPTIONS, Integer, MaxMemory, MemoryLimit, Number, Option, TableOptions
from aimath.cli.runner.job import check_choice
from aimath.commands.formulas import load_data
from aimath.commands.optim._runs import (
    FAILED_STATUSES,
    SCHEDULES,
    VALLEY,
    Formula,
    Given,
    LearningRate,
    ScheduleName,
    batch_notes,
    parse_start,
    take_operands,
)
from aimath.errors import InputError
from aimath.read.blocks import check_budget
from aimath.report import CrossCheck, Line, Page, Plot, Report, Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aimath.core.calculus import Function
    from aimath.core.optim import Comparison
    from aimath.report import Step


BYTES_PER_STEP = 80
"""Bytes that a step takes for each optimiser and variable (measured: 75)."""
LOSSES = Plot(
    "losses", "updates", "curve", axes=("step", "loss"), series="optimizer", status="status", column="loss"
)
"""The losses along the way of each optimiser."""


@command(
    example="aimath race --lr 0.1 --steps 20",
    answer="steps, loss and status of each",
    quiz=("race",),
    applies=TABLE_OPTIONS,
    after="adamw",
)
def race(
    given: Given,
    table_options: TableOptions,
    function: Formula = VALLEY,
    start: Annotated[
        list[str] | None,
        Option("--start", help="Where to begin: x=3,y=2.  [default: x=2,y=0.5]", metavar="LIST"),
    ] = None,
    optimizers: Annotated[
        str, Option("--optimizers", help="Who runs.  [default: all six]", metavar="A,B")
    ] = "",
    lr: LearningRate = 0.1,
    steps: Annotated[int, Integer(("--steps",), "Updates to make.", 0, 10**7)] = 20,
    until: Annotated[
        float | None, Number(("--until",), "Stop once the gradient is no longer than this.  [default: never]")
    ] = None,
    schedule: ScheduleName = "constant",
    max_memory: MaxMemory = None,  # noqa: ARG001  it comes as `memory`
    memory: MemoryLimit = None,
) -> Report:
    """Let optimisers walk down one function side by side.

    All from one start at one learning rate (momentum .9), in a valley 200 times as steep across as
    along unless another function is given.
    """
    from aimath.core import optim as optimize

    function, start = take_operands(given, function, start)
    sizes = table_options.batch or (None,)  # a tuple of what was typed
    if len(sizes) > 1:
        hint = "race each by itself"
        raise InputError(f"--batch has {len(sizes)} sizes, and a race has one", hint=hint, usage=True)
    data, notes = load_data([function], table_options.data, table_options.read_options(memory))
    f, point = parse_start(function, start, "" if given else "--start", data)
    known = tuple(optimize.OPTIMIZERS)
    names = [
        check_choice("--optimizers", n.strip(), known) for n in (optimizers or ",".join(known)).split(",")
    ]
    check_choice("--schedule", schedule, SCHEDULES)
    size = BYTES_PER_STEP * steps * len(names) * len(point)
    check_budget(size, f"{len(names)} ways of {steps} steps", memory, alternative="fewer --steps")
    found = optimize.race(
        f, point, optimizers=names, lr=lr, steps=steps, until=until, schedule=schedule,
        batch=sizes[0], seed=int(table_options.seed),
    )  # fmt: skip
    return Report(
        found,
        show=("optimizer", "steps", "loss", "status"),
        steps=tuple(_steps(f)),
        names={"entry": f.variables},
        plot=(*((Plot("point", kind="path"),) * (len(f.variables) > 1)), LOSSES),
        drawn=lambda: _trajectories(found),
        extra={"function": function, "lr": lr, "schedule": schedule},
        warnings=_failure_warnings(found),
        notes=(*notes, *batch_notes(found.source.paths[0].source)),
        page=Page(footnote=_lowest(found)),
    )


def _lowest(result: Comparison) -> str:
    known = all(math.isfinite(loss) for loss in result.loss.tolist())
    return f"lowest loss: {result.winner}" if known else ""


def _trajectories(result: Comparison) -> dict[str, Any]:
    """Return the losses (optimizers, steps + 1) along the ways, nan behind the end of each."""
    import numpy as np

    paths = result.source.paths
    losses = np.full((len(paths), max(len(path.loss) for path in paths)), np.nan)
    for row, path in zip(losses, paths, strict=True):
        row[: len(path.loss)] = path.loss
    return {"losses": losses, "updates": np.arange(losses.shape[1])}


def _steps(f: Function) -> Iterator[Step]:
    yield Line("every optimiser from one start, lr {lr}")
    yield Line(f" f = {f.short_text()}")
    columns = (("steps", "{steps}"), ("f", "{loss}"), ("|∇f|", "{norm}"), ("", "{status}"))
    yield Table(columns, names="optimizer", bar="loss")
    yield Line(" lowest: {winner}")
    yield CrossCheck("last points by sums over all gradients in place of recurrences: {alternative}")


def _failure_warnings(result: Comparison) -> tuple[str, ...]:
    """Return warnings about optimizers that failed to descend."""
    told = zip(result.optimizer.tolist(), result.status.tolist(), result.why.tolist(), strict=True)
    return tuple(f"{name} {status}: {why}" for name, status, why in told if status in FAILED_STATUSES)
