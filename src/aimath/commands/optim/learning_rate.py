"""The command learning-rate."""

from __future__ import annotations

from typing import Annotated, Any

from aimath.cli.command import command
from aimath.cli.options import ABSENT, Operand, Option, Reading, TableFile, Usage, Vector
from aimath.commands.formulas import load_data
from aimath.commands.optim._runs import DEFAULT_FUNCTION, LearningRate, parse_start
from aimath.read.blocks import ReadOptions
from aimath.report import CrossCheck, Line, Plot, Reference, Report, Table

MAX_DIRECTIONS = 4
CURVE_POINTS = 400


@command(
    Usage(("curvatures",)),
    Usage((), selected_by=("function", "at", "data"), example="aimath learning-rate --function x^4 --at x=1"),
    example="aimath learning-rate 1 9 --lr .2",
    answer="rate; the largest and the best one",
    quiz=("learning_rate",),
    after="race",
)
def learning_rate(
    curvatures: Annotated[Vector, Operand("Eigenvalues of the Hessian.")] = ABSENT,
    function: Annotated[
        str, Option("--function", help="Or a function, whose Hessian is taken.", metavar="F")
    ] = "",
    at: Annotated[str, Option("--at", help="Where it is taken: x=3,y=2.", metavar="LIST")] = "",
    lr: LearningRate = 0.1,
    data: TableFile = "",
    reading: Reading = ReadOptions(),  # noqa: B008  immutable
) -> Report:
    """Say what a learning rate does to gradient descent.

    A step multiplies the distance to the minimum by 1 - lr * curvature in each direction: it
    converges below lr = 2/L, L the largest curvature, and fastest at 2/(mu + L), mu the smallest.
    """
    from aimath.core import optim as optimize

    notes: tuple[str, ...] = ()
    if function or at or data:
        text = function or DEFAULT_FUNCTION
        table, notes = load_data([text], data, reading)
        f, point = parse_start(text, [at] if at else None, "--at", table)
        curvatures = optimize.learning_rate(function=f, at=point, lr=lr).curvatures[None]
    flat = " where there is a curvature" if (curvatures == 0.0).any() else ""
    found = optimize.learning_rate(curvatures, lr)
    return Report(
        found,
        show=("rate",),
        summary_fields=("rate", "regime", "oscillates", "max_lr", "best_lr", "best_rate"),
        steps=(
            Line("distance ← (1 - lr·curvature) · distance      in each direction"),
            Line(" lr = {lr}"),
            Table((("curvature", "{curvatures}"), ("1 - lr·curvature", "{factors:+}")), bar="factors"),
            Line(f" rate = the largest in size{flat} = {{rate}}: {{regime}}"),
            Line(" {steps} steps for each further digit"),
            Line(" largest curvature L = {largest}   smallest mu = {smallest}   L/mu = {condition}"),
            Line(" converges below lr = 2/L = {max_lr}"),
            Line(" fastest at lr = 2/(mu + L) = {best_lr}, by (L - mu)/(L + mu) = {best_rate}"),
            CrossCheck("8 steps from distance 1, the 8th root of the largest left: {alternative}"),
        ),
        plot=Plot(
            "sizes", "rates", "curve", axes=("lr", "|1 - lr·curvature|"), series="directions", from_zero=True,
            points=("lr", "rate"),
            references=(
                Reference("converges_below", "1: above, it diverges"),
                Reference("best_lr", "best lr {best_lr}", upright=True),
                Reference("max_lr", "2/L = {max_lr}", upright=True),
            ),
            caption="● lr as given, and its rate: what a step leaves of the distance, at worst   "
            "L: the largest curvature, {largest}",
        ),
        drawn=lambda: _factors_by_rate(found),
        extra={"function": function} if function else {},
        notes=notes,
    )  # fmt: skip


def _factors_by_rate(result: Any) -> dict[str, Any]:
    """Return what a step makes of the distance in each direction of the first row, by learning rate.

    Of more than MAX_DIRECTIONS only the smallest and the largest curvature have a curve.
    """
    import numpy as np

    bends = np.unique(np.atleast_2d(result.curvatures)[0])
    if len(bends) > MAX_DIRECTIONS:
        bends = bends[[0, -1]]
    with np.errstate(all="ignore"):
        end = max(1.2 * float(np.ravel(result.max_lr)[0]), 1.1 * result.lr)
        rates = np.linspace(0.0, min(end, 1e300), CURVE_POINTS)
        sizes = np.abs(1.0 - rates * bends[:, np.newaxis])
    return {
        "rates": rates,
        "sizes": sizes,
        "directions": np.array([f"curvature {bend:.4g}" for bend in bends]),
        "converges_below": 1.0,
    }
