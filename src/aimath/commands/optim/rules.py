"""Commands of optimisers, each a descent: gradient descent, momentum, RMSprop, Adam and their kin."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from aimath.cli.command import command
from aimath.cli.options import Number, Option, TableOptions
from aimath.commands.optim._runs import (
    DESCENT_OPTIONS,
    DescentOptions,
    ReportOptions,
    ScheduleOptions,
    descent_report,
)
from aimath.report import Report

Eps = Annotated[float, Number(("--eps",), "Added to the root.", vectorized=True)]
Momentum = Annotated[float, Number(("--momentum",), "Share of the buffer that is kept.", vectorized=True)]
WeightDecay = Annotated[
    float, Number(("--weight-decay",), "Add this times the point to the gradient.", vectorized=True)
]
Amsgrad = Annotated[bool, Option("--amsgrad", help="Divide by the largest mean square so far.")]


class AdamOptions(NamedTuple):
    """Options shared by Adam and AdamW: both moment decays and epsilon."""

    beta1: Annotated[float, Number(("--beta1",), "Memory of the mean gradient.", vectorized=True)] = 0.9
    beta2: Annotated[float, Number(("--beta2",), "Memory of the mean square.", vectorized=True)] = 0.999
    eps: Eps = 1e-8


@command(
    example="aimath gd --lr 0.1 --steps 20",
    answer="a row a step; `--data FILE --batch --lr --steps --until --schedule`",
    quiz=("gd", "fit"),
    applies=DESCENT_OPTIONS,
    after="backprop",
)
def gd(
    descent_options: DescentOptions,
    schedule_options: ScheduleOptions,
    table_options: TableOptions,
    report_options: ReportOptions,
    weight_decay: WeightDecay = 0.0,
) -> Report:
    """Walk downhill against the gradient.

    w <- w - lr * gradient. Of f = (w-3)^2 from w = 10, unless --function and --start say otherwise.
    mean(...) and sum(...) go over the rows of --data, whose columns the formula names.
    """
    return descent_report("gd", **locals())


@command(
    example="aimath momentum --lr 0.1 --steps 20",
    answer="the same; `--momentum --dampening`",
    quiz=("momentum",),
    applies=DESCENT_OPTIONS,
)
def momentum(
    descent_options: DescentOptions,
    schedule_options: ScheduleOptions,
    table_options: TableOptions,
    report_options: ReportOptions,
    momentum: Momentum = 0.9,
    dampening: Annotated[
        float, Number(("--dampening",), "Add (1 - dampening) of the gradient to the buffer.", vectorized=True)
    ] = 0.0,
    weight_decay: WeightDecay = 0.0,
) -> Report:
    """Walk downhill as a heavy ball does.

    buffer <- momentum * buffer + gradient; w <- w - lr * buffer.
    """
    return descent_report("momentum", **locals())


@command(
    example="aimath nesterov --lr 0.1 --steps 20",
    answer="the same; `--momentum`",
    quiz=("nesterov",),
    applies=DESCENT_OPTIONS,
)
def nesterov(
    descent_options: DescentOptions,
    schedule_options: ScheduleOptions,
    table_options: TableOptions,
    report_options: ReportOptions,
    momentum: Momentum = 0.9,
    weight_decay: WeightDecay = 0.0,
) -> Report:
    """Walk downhill with momentum, looking ahead.

    buffer <- momentum * buffer + gradient; w <- w - lr * (gradient + momentum * buffer).
    """
    return descent_report("nesterov", **locals())


@command(
    example="aimath rmsprop --lr 0.1 --steps 20",
    answer="the same; `--alpha --eps --centered`",
    quiz=("rmsprop",),
    applies=DESCENT_OPTIONS,
)
def rmsprop(
    descent_options: DescentOptions,
    schedule_options: ScheduleOptions,
    table_options: TableOptions,
    report_options: ReportOptions,
    alpha: Annotated[float, Number(("--alpha",), "Memory of the mean square.", vectorized=True)] = 0.99,
    eps: Eps = 1e-8,
    centered: Annotated[bool, Option("--centered", help="Take off the square of the mean.")] = False,
    momentum: Momentum = 0.0,
    weight_decay: WeightDecay = 0.0,
) -> Report:
    """Walk downhill by gradients divided by their recent size.

    w <- w - lr * gradient / (sqrt(mean square) + eps): eps outside the root.
    """
    return descent_report("rmsprop", **locals())


@command(
    example="aimath adam --lr 0.1 --steps 20",
    answer="the same; `--beta1 --beta2 --eps --amsgrad`",
    quiz=("adam",),
    applies=DESCENT_OPTIONS,
)
def adam(
    descent_options: DescentOptions,
    schedule_options: ScheduleOptions,
    table_options: TableOptions,
    report_options: ReportOptions,
    adam_options: AdamOptions,
    weight_decay: WeightDecay = 0.0,
    amsgrad: Amsgrad = False,
) -> Report:
    """Walk downhill by Adam: momentum over recent size, both corrected for their start.

    w <- w - lr * m_hat / (sqrt(v_hat) + eps). Kingma and Ba (2015).
    """
    return descent_report("adam", **locals())


@command(
    example="aimath adamw --lr 0.1 --steps 20",
    answer="the same; `--weight-decay`",
    quiz=("adamw",),
    applies=DESCENT_OPTIONS,
)
def adamw(
    descent_options: DescentOptions,
    schedule_options: ScheduleOptions,
    table_options: TableOptions,
    report_options: ReportOptions,
    adam_options: AdamOptions,
    weight_decay: Annotated[
        float, Number(("--weight-decay",), "Shrink the point by this times lr.", vectorized=True)
    ] = 0.01,
    amsgrad: Amsgrad = False,
) -> Report:
    """Walk downhill by Adam with decoupled weight decay.

    w <- w - lr * weight_decay * w, then as Adam. Loshchilov and Hutter (2019).
    """
    return descent_report("adamw", **locals())
