"""Commands around the learning rate: which one is right, how it changes, and optimisers at one rate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from aimath.cli.command import Commands, command
from aimath.cli.job import one_of
from aimath.cli.options import Flag, Number, Whole
from aimath.commands.optim._runs import FUNCTION, SCHEDULES, WORSE, Formula, Kind, Lr, Start, beginning
from aimath.report import Line, Plot, Report, Table, Verify

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aimath.core.calculus import Function
    from aimath.core.optim import Race
    from aimath.report import Step

commands: Commands = {}


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
    from aimath.core import optim as optimize

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
