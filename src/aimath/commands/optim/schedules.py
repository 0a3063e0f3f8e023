"""The command schedule."""

from __future__ import annotations

from typing import Annotated

from aimath.cli.command import command
from aimath.cli.job import check_choice
from aimath.cli.options import Integer, Number, Operand, Vector
from aimath.commands.optim._runs import SCHEDULE_OPTIONS, SCHEDULES, ScheduleName
from aimath.report import CrossCheck, Line, Plot, Report, Table

FORMULAS = {
    "constant": "lr_k = lr",
    "step": "lr_k = lr · gamma^floor(k / step size)",
    "exponential": "lr_k = lr · gamma^k",
    "linear": "lr_k = lr · (1 - k/T)      0 after T",
    "polynomial": "lr_k = lr · (1 - k/T)^power      0 after T",
    "cosine": "lr_k = min + (lr - min) · (1 + cos(π·k/T))/2      min after T",
    "warmup-cosine": "lr_k = lr · k/W for k < W, then cosine from lr to min at T",
}


@command(
    example="aimath schedule 0 5 10 15 20 --schedule cosine --lr .1",
    answer="step, exponential, polynomial, cosine, warm-up",
    quiz=("schedule",),
    applies=SCHEDULE_OPTIONS,
    after="learning-rate",
)
def schedule(
    step: Annotated[Vector, Operand("Updates, counted from 0.")],
    schedule: ScheduleName = "constant",
    lr: Annotated[float, Number(("--lr",), "Learning rate.", quantity="base_lr")] = 0.1,
    steps: Annotated[int, Integer(("--steps",), "Updates until the end, T.", 1, 10**9)] = 20,
    gamma: Annotated[float | None, Number(("--gamma",), "Factor of step (.1) and exponential (.95).")] = None,
    step_size: Annotated[int, Integer(("--step-size",), "Updates between drops of step.", 1, 10**9)] = 10,
    min_lr: Annotated[float, Number(("--min-lr",), "Where cosine ends.")] = 0.0,
    warmup: Annotated[
        int | None, Integer(("--warmup",), "Updates of warming up, W.  [default: a tenth]", 0, 10**9)
    ] = None,
    power: Annotated[float, Number(("--power",), "Power of polynomial.")] = 1.0,
) -> Report:
    """Give the learning rate of each update.

    torch's definitions in closed form; after the end cosine stays at its minimum, as in optax,
    where torch's CosineAnnealingLR rises again.
    """
    from aimath.core import optim as optimize

    check_choice("--schedule", schedule, SCHEDULES)
    return Report(
        optimize.schedule(
            step, schedule, lr, steps=steps, gamma=gamma, step_size=step_size, min_lr=min_lr, warmup=warmup,
            power=power,
        ),
        show=("lr",),
        steps=(
            Line(FORMULAS[schedule]),
            Table((("k", "{step}"), ("lr_k", "{lr}"), ("of lr", "{share:%}")), bar="lr"),
            CrossCheck("as printed, powers by logarithms: {alternative}"),
        ),
        companion="step",
        plot=Plot("lr", "step", "curve"),
        extra={"schedule": schedule},
    )  # fmt: skip
