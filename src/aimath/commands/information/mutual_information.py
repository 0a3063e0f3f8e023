"""The command mutual-information."""

from __future__ import annotations

from typing import Annotated

from aimath.cli.command import command
from aimath.cli.options import (
    Base,
    Normalize,
    Operand,
    Vector,
    log_name,
)
from aimath.commands._shared import entropy_unit
from aimath.report import CrossCheck, Line, Plot, Report, Table


@command(
    example="aimath mutual-information '.4 .1; .1 .4'",
    answer="bits, of a joint table",
    quiz=("mutual_information",),
    after="js",
)
def mutual_information(
    joint: Annotated[Vector, Operand("A table of joint probabilities: rows x, columns y.", matrix=True)],
    base: Base = 2.0,
    normalize: Normalize = False,
) -> Report:
    """Measure what two variables tell of each other.

    I(X; Y) = sum p(x,y) log(p(x,y) / (p(x) p(y))), in bits, of a joint table; counts with --normalize.
    """
    from aimath.core import information

    unit, log = entropy_unit(base), log_name(base)
    return Report(
        information.mutual_information(joint, base, normalize),
        show=("mutual_information",),
        steps=(
            Line(f"I(X; Y) = Σ p(x,y) · {log}(p(x,y) / (p(x) · p(y)))"),
            Line(" p(x) = {row_marginal}      p(y) = {column_marginal}"),
            Table((("p(x,y)", "{joint}"), ("p(x) · p(y)", "{expected}"), (unit, "{terms:+}")), bar="terms"),
            Line(
                f" I = {{terms: + }} = {{mutual_information}} {unit}",
                condition="terms_add_up",
                fallback=f" I = {{mutual_information}} {unit}: rounded as they are, these terms cancel",
            ),
            CrossCheck(
                "H(X) + H(Y) - H(X,Y)"
                " = {row_entropy:~} + {column_entropy:~} - {joint_entropy:~} = {alternative}",
                condition="entropies_add_up",
                fallback="H(X) + H(Y) - H(X,Y) = {alternative}",
            ),
        ),
        units=dict.fromkeys(
            ("mutual_information", "terms", "row_entropy", "column_entropy", "joint_entropy"), unit
        ),
        plot=Plot("terms"),
    )
