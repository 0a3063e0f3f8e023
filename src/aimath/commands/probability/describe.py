"""The command describe."""

from __future__ import annotations

from typing import Annotated

from aimath.cli.command import command
from aimath.cli.options import Integer, Operand, Vector
from aimath.report import CrossCheck, Line, Plot, Report, Table


@command(
    example="aimath describe 2 4 4 4 5 5 7 9",
    answer="mean, variance, std, min, max, count",
    quiz=("variance", "deviation"),
    after="gaussian",
)
def describe(
    values: Annotated[Vector, Operand("Any real numbers.")],
    ddof: Annotated[int, Integer(("--ddof",), "Divide the variance by n - ddof.", 0, 10**9)] = 0,
) -> Report:
    """Summarise values: mean, variance, extremes.

    mean = sum x / n; variance = sum (x - mean)^2 / (n - ddof); std is its square root.
    """
    from aimath.core import probability

    return Report(
        probability.describe(values, ddof),
        show=("mean", "variance", "std", "min", "max", "count"),
        steps=(
            Line("mean = Σ x / n      variance = Σ (x - mean)² / (n - ddof)"),
            Table((("x", "{values}"), ("x - mean", "{deviations:+}")), bar="deviations"),
            Line(" mean = ({values: + }) / {count} = {mean}"),
            Line(
                " variance = {squares} / ({count} - {ddof}) = {variance}      std = √variance = {std}",
                condition="squares_in_range",
                fallback=" variance = {variance}      std = {std}      squares leave float64's range here",
            ),
            Line(" from {min} to {max}"),
            CrossCheck("variance by differences to the first value = {alternative}"),
        ),
        plot=Plot("values", kind="histogram"),
    )
