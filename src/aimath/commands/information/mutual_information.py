"""The command mutual-information."""

from __future__ import annotations

from typing import Annotated, Any

from aimath.cli.command import command
from aimath.cli.options import (
    ABSENT,
    Accumulated,
    Base,
    Normalize,
    Operand,
    Reduction,
    Usage,
    Vector,
    log_name,
)
from aimath.commands._categories import AreCategories, PairCounts, note_missing
from aimath.commands._shared import entropy_unit, refuse_scales_of_categories
from aimath.report import CrossCheck, Line, Plot, Report, Table


@command(
    Usage(("joint",)),
    Usage(
        ("values",),
        selected_by=("categories",),
        example="aimath mutual-information 1,2 --categories",
        reduction=Reduction(PairCounts, tables=True, whole=True),
    ),
    example="aimath mutual-information '.4 .1; .1 .4'",
    answer="bits, of a joint table; of two columns with `--categories`",
    quiz=("mutual_information",),
    after="js",
)
def mutual_information(
    joint: Annotated[
        Vector, Operand("A table of joint probabilities: rows x, columns y.", matrix=True)
    ] = ABSENT,
    values: Annotated[  # noqa: ARG001  what was counted of it comes
        Vector, Operand("Two columns of a table, with --categories.")
    ] = ABSENT,
    base: Base = 2.0,
    normalize: Normalize = False,
    categories: AreCategories = False,
    counted: Accumulated = None,
) -> Report:
    """Measure what two variables tell of each other.

    I(X; Y) = sum p(x,y) log(p(x,y) / (p(x) p(y))), in bits, of a joint table; counts with --normalize.
    --categories counts the pairs that two columns of a table hold. nmi is I over the mean of H(X) and H(Y).
    """
    from aimath.core import information

    if not categories:
        return _report(information.mutual_information(joint, base, normalize), base)
    refuse_scales_of_categories(logits=False, log_probs=False, normalize=normalize)
    import numpy as np

    found = counted.result("values")
    report = _report(information.mutual_information(found.counts[None], base, normalize=True), base)
    x, y = found.names
    return report._replace(
        names={"x": x, "y": y},
        extra={
            "count": found.rows,
            "missing": found.missing,
            "x": np.array(x),
            "y": np.array(y),
            "counts": found.counts,
        },
        notes=note_missing(found.missing),
    )


def _report(result: Any, base: float) -> Report:
    unit, log = entropy_unit(base), log_name(base)
    return Report(
        result,
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
            Line(
                f" H(Y|X) = {{conditional_entropy}} {unit} is left of Y's {{column_entropy}}      nmi {{nmi}}"
            ),
            CrossCheck(
                "H(X) + H(Y) - H(X,Y)"
                " = {row_entropy:~} + {column_entropy:~} - {joint_entropy:~} = {alternative}",
                condition="entropies_add_up",
                fallback="H(X) + H(Y) - H(X,Y) = {alternative}",
            ),
        ),
        units=dict.fromkeys(
            (
                *("mutual_information", "terms", "conditional_entropy"),
                *("row_entropy", "column_entropy", "joint_entropy"),
            ),
            unit,
        ),
        plot=Plot("terms"),
    )
