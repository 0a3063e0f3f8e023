"""The command schedule."""

from __future__ import annotations

from typing import Annotated, Any

from aimath.cli.command import command
from aimath.cli.options import ABSENT, Integer, MemoryLimit, Number, Operand, Usage, Vector
from aimath.cli.runner.job import check_choice
from aimath.commands.optim._runs import SCHEDULE_OPTIONS, SCHEDULES, ScheduleName
from aimath.read.blocks import check_budget
from aimath.report import CrossCheck, Line, Plot, Report, Table

FORMULAS = {
    "constant": "lr_k = lr",
    "step": "lr_k = lr · gamma^floor(k / step size)",
    "exponential": "lr_k = lr · gamma^k",
    "inverse-time": "lr_k = lr / (1 + gamma · k / step size)",
    "linear": "lr_k = min + (lr - min) · (1 - k/T)      min after T",
    "polynomial": "lr_k = min + (lr - min) · (1 - k/T)^power      min after T",
    "cosine": "lr_k = min + (lr - min) · (1 + cos(π·k/T))/2      min after T",
    "warmup-cosine": "lr_k = init + (lr - init) · k/W for k < W, then cosine from lr to min at T",
}


BYTES_PER_STEP = 600
"""Bytes that the rate of a step takes, with its text."""
CURVE_POINTS = 400


@command(
    Usage(("step",)),
    Usage(
        (), selected_by=("steps",), trailing=("step",), example="aimath schedule --steps 5 --schedule cosine"
    ),
    example="aimath schedule 0 5 10 15 20 --schedule cosine --lr .1",
    answer="step, exponential, inverse-time, polynomial, cosine, warm-up",
    quiz=("schedule",),
    applies=SCHEDULE_OPTIONS,
    after="learning-rate",
)
def schedule(
    step: Annotated[Vector, Operand("Updates, counted from 0.  [default: all of --steps]")] = ABSENT,
    schedule: ScheduleName = "constant",
    lr: Annotated[float, Number(("--lr",), "Learning rate.", quantity="base_lr")] = 0.1,
    steps: Annotated[int, Integer(("--steps",), "Updates until the end, T.", 1, 10**9)] = 20,
    gamma: Annotated[
        float | None, Number(("--gamma",), "Of step (.1), exponential (.95) and inverse-time (1).")
    ] = None,
    step_size: Annotated[
        int, Integer(("--step-size",), "Updates between drops of step, unit of inverse-time.", 1, 10**9)
    ] = 10,
    min_lr: Annotated[float, Number(("--min-lr",), "Where linear, polynomial and cosine end.")] = 0.0,
    warmup: Annotated[
        int | None, Integer(("--warmup",), "Updates of warming up, W.  [default: a tenth]", 0, 10**9)
    ] = None,
    power: Annotated[float, Number(("--power",), "Power of polynomial.")] = 1.0,
    init_lr: Annotated[float, Number(("--init-lr",), "Where warming up starts.")] = 0.0,
    memory: MemoryLimit = None,
) -> Report:
    """Give the learning rate of each update.

    torch's definitions in closed form; after the end cosine stays at its minimum, as in optax,
    where torch's CosineAnnealingLR rises again.
    """
    from aimath.core import optim as optimize

    check_choice("--schedule", schedule, SCHEDULES)
    every = step is None
    if every:
        check_budget(steps * BYTES_PER_STEP, f"to write the rates of {steps} updates", memory)
        step = optimize.schedule(steps=steps).step[None]
    given: dict[str, Any] = {
        "schedule": schedule, "lr": lr, "steps": steps, "gamma": gamma, "step_size": step_size,
        "min_lr": min_lr, "warmup": warmup, "power": power, "init_lr": init_lr,
    }  # fmt: skip
    return Report(
        optimize.schedule(step, **given),
        show=("lr",),
        steps=(
            Line(FORMULAS[schedule]),
            Table((("k", "{step}"), ("lr_k", "{lr}"), ("of lr", "{share:%}")), bar="lr"),
            CrossCheck("as printed, powers by logarithms: {alternative}"),
        ),
        companion="step",
        plot=Plot(
            "rates", "updates", "curve", axes=("step", "lr"), points=("step", "lr"), column="lr",
            from_zero=True,
        ),
        drawn=lambda: _all_rates(step, given),
        extra={"schedule": schedule},
        is_column=every,
    )  # fmt: skip


def _all_rates(step: Vector, options: dict[str, Any]) -> dict[str, Any]:
    """Return the rates of all updates from the first to the end, or to the last that is asked for."""
    import numpy as np

    from aimath.core import optim as optimize

    end = max(float(options["steps"]), float(step.max()))
    updates = np.unique(np.rint(np.linspace(0.0, end, CURVE_POINTS)))
    return {"updates": updates, "rates": optimize.schedule(updates, **options).lr}
