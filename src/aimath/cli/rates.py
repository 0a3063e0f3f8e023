"""Commands around the learning rate: which one is right, how it changes, and optimisers at one rate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from aimath.cli.command import Commands, command
from aimath.cli.descents import FUNCTION, SCHEDULES, WORSE, Formula, Kind, Start, beginning
from aimath.cli.job import one_of
from aimath.cli.options import ABSENT, Flag, Form, Number, Operand, Vector, Whole
from aimath.report import Line, Plot, Report, Table, Verify

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aimath.core.expression import Function
    from aimath.core.race import Race
    from aimath.report import Step

commands: Commands = {}

Lr = Annotated[float, Number(("--lr",), "Learning rate.")]


@command(
    commands,
    Form(("curvatures",)),
    Form((), when=("function", "at")),
    example="aimath learning-rate 1 9 --lr .2",
)
def learning_rate(
    curvatures: Annotated[Vector, Operand("Eigenvalues of the Hessian.")] = ABSENT,
    function: Annotated[
        str, Flag("--function", help="Or a function, whose Hessian is taken.", metavar="F")
    ] = "",
    at: Annotated[str, Flag("--at", help="Where it is taken: x=3,y=2.", metavar="LIST")] = "",
    lr: Lr = 0.1,
) -> Report:
    """Say what a learning rate does to gradient descent.

    A step multiplies the distance to the minimum by 1 - lr * curvature in each direction: it
    converges below lr = 2/L, L the largest curvature, and fastest at 2/(mu + L), mu the smallest.
    """
    from aimath.core import optimize

    if function or at:
        f, point = beginning(function or FUNCTION, [at] if at else None, "--at")
        curvatures = optimize.curvatures_at(f, point)[None]
    return Report(
        optimize.learning_rate(curvatures, lr),
        show=("rate",),
        glance=("rate", "regime", "oscillates", "max_lr", "best_lr", "best_rate"),
        steps=(
            Line("distance ← (1 - lr·curvature) · distance      in each direction"),
            Line(" lr = {lr}"),
            Table((("curvature", "{curvatures}"), ("1 - lr·curvature", "{factors:+}")), bar="factors"),
            Line(" rate = the largest in size = {rate}: {regime}"),
            Line(" {steps} steps for each further digit"),
            Line(" largest curvature L = {largest}   smallest mu = {smallest}   L/mu = {condition}"),
            Line(" converges below lr = 2/L = {max_lr}"),
            Line(" fastest at lr = 2/(mu + L) = {best_lr}, by (L - mu)/(L + mu) = {best_rate}"),
            Verify("8 steps from distance 1, the 8th root of the largest left: {other}"),
        ),
        plot=Plot("factors"),
        extra={"function": function} if function else {},
    )


FORMULAS = {
    "constant": "lr_k = lr",
    "step": "lr_k = lr · gamma^floor(k / step size)",
    "exponential": "lr_k = lr · gamma^k",
    "linear": "lr_k = lr · (1 - k/T)      0 after T",
    "polynomial": "lr_k = lr · (1 - k/T)^power      0 after T",
    "cosine": "lr_k = min + (lr - min) · (1 + cos(π·k/T))/2      min after T",
    "warmup-cosine": "lr_k = lr · k/W for k < W, then cosine from lr to min at T",
}


@command(commands, example="aimath schedule 0 5 10 15 20 --schedule cosine --lr .1")
def schedule(
    step: Annotated[Vector, Operand("Updates, counted from 0.")],
    schedule: Kind = "constant",
    lr: Lr = 0.1,
    steps: Annotated[int, Whole(("--steps",), "Updates until the end, T.", 1, 10**9)] = 20,
    gamma: Annotated[float | None, Number(("--gamma",), "Factor of step (.1) and exponential (.95).")] = None,
    step_size: Annotated[int, Whole(("--step-size",), "Updates between drops of step.", 1, 10**9)] = 10,
    min_lr: Annotated[float, Number(("--min-lr",), "Where cosine ends.")] = 0.0,
    warmup: Annotated[
        int | None, Whole(("--warmup",), "Updates of warming up, W.  [default: a tenth]", 0, 10**9)
    ] = None,
    power: Annotated[float, Number(("--power",), "Power of polynomial.")] = 1.0,
) -> Report:
    """Give the learning rate of each update.

    torch's definitions in closed form; after the end cosine stays at its minimum, as in optax,
    where torch's CosineAnnealingLR rises again.
    """
    from aimath.core import optimize

    one_of("--schedule", schedule, SCHEDULES)
    return Report(
        optimize.schedule(
            step, schedule, lr, horizon=steps, gamma=gamma, step_size=step_size, min_lr=min_lr, warmup=warmup,
            power=power,
        ),
        show=("rate",),
        steps=(
            Line(FORMULAS[schedule]),
            Table((("k", "{step}"), ("lr_k", "{rate}"), ("of lr", "{share:%}")), bar="rate"),
            Verify("as printed, powers by logarithms: {other}"),
        ),
        beside="step",
        plot=Plot("rate", "step", "curve"),
        extra={"schedule": schedule},
    )  # fmt: skip


@command(commands, example="aimath race --lr 0.1 --steps 20")
def race(
    function: Formula = FUNCTION,
    start: Start = None,
    optimizers: Annotated[
        str, Flag("--optimizers", help="Who runs.  [default: all six]", metavar="A,B")
    ] = "",
    lr: Lr = 0.1,
    steps: Annotated[int, Whole(("--steps",), "Updates to make.", 0, 10**7)] = 20,
    until: Annotated[
        float | None, Number(("--until",), "Stop once the gradient is no longer than this.  [default: never]")
    ] = None,
    schedule: Kind = "constant",
) -> Report:
    """Let optimisers walk down one function side by side.

    All from one start at one learning rate, their other options as in torch (momentum .9).
    """
    from aimath.core import optimize

    f, point = beginning(function, start)
    known = tuple(optimize.OPTIMIZERS)
    names = [one_of("--optimizers", n.strip(), known) for n in (optimizers or ",".join(known)).split(",")]
    one_of("--schedule", schedule, SCHEDULES)
    found = optimize.race(f, point, names, lr=lr, steps=steps, until=until, schedule=schedule)
    return Report(
        found,
        show=("optimizer", "steps", "loss", "status"),
        steps=tuple(_race(f)),
        labels=f.variables,
        plot=Plot("loss", "optimizer"),
        extra={"function": function, "lr": lr, "schedule": schedule},
        whole=True,
        by_row=("optimizer", "steps", "loss", "norm", "point", "status", "why", "place"),
        warnings=_worse(found),
    )


def _race(f: Function) -> Iterator[Step]:
    yield Line("every optimiser from one start, lr {lr}, its other options as in torch")
    yield Line(f" f = {f.shown()}")
    columns = (("steps", "{steps}"), ("f", "{loss}"), ("|∇f|", "{norm}"), ("", "{status}"))
    yield Table(columns, names="optimizer", bar="loss")
    yield Line(" lowest: {winner}")
    yield Verify("last points by sums over all gradients in place of recurrences: {other}")


def _worse(found: Race) -> tuple[str, ...]:
    """Say who didn't go down."""
    told = zip(found.optimizer.tolist(), found.status.tolist(), found.why.tolist(), strict=True)
    return tuple(f"{name} {status}: {why}" for name, status, why in told if status in WORSE)
