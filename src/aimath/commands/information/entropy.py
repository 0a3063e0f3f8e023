"""Commands of information theory: entropy and what is measured with it."""

from __future__ import annotations

from typing import Annotated, Any

from aimath.cli.command import command
from aimath.cli.options import (
    ABSENT,
    Accumulated,
    AreLogits,
    AreLogProbs,
    Base,
    Distribution,
    Normalize,
    Operand,
    Reduction,
    Usage,
    Vector,
    log_name,
)
from aimath.commands._categories import AreCategories, ColumnCounts, note_missing
from aimath.commands._shared import entropy_unit, refuse_both_scales, refuse_scales_of_categories
from aimath.report import CrossCheck, Line, Plot, Report, Table


@command(
    Usage(("probs",)),
    Usage(("logits",), selected_by=("from_logits",), example="aimath entropy 2 1 0.1 --logits"),
    Usage(
        ("log_probs",), selected_by=("logarithms",), example="aimath entropy -.7 -.7 --log-probs --normalize"
    ),
    Usage(
        ("values",),
        selected_by=("categories",),
        example="aimath entropy 1 1 2 1 --categories",
        reduction=Reduction(ColumnCounts, tables=True, whole=True),
    ),
    example="aimath entropy .5 .25 .125 .125",
    answer="bits; `--logits`, `--log-probs`, `--categories`",
    quiz=("entropy",),
    chapter="information",
)
def entropy(
    probs: Distribution = ABSENT,
    logits: Annotated[Vector, Operand("Logits, with --logits.")] = ABSENT,
    log_probs: Annotated[Vector, Operand("Natural log-probabilities, with --log-probs.")] = ABSENT,
    values: Annotated[  # noqa: ARG001  what was counted of it comes
        Vector, Operand("Columns of a table, with --categories.")
    ] = ABSENT,
    base: Base = 2.0,
    from_logits: AreLogits = False,
    logarithms: AreLogProbs = False,
    normalize: Normalize = False,
    categories: AreCategories = False,
    counted: Accumulated = None,
) -> Report:
    """Measure the uncertainty of a distribution.

    H(p) = sum p log(1/p), in bits; 0 log 0 counts as 0. A fair coin has 1 bit. --categories counts
    what each column of a table holds, a row a column.
    """
    from aimath.core import information

    if categories:
        refuse_scales_of_categories(logits=from_logits, log_probs=logarithms, normalize=normalize)
        return _categories_report(counted, base)
    refuse_both_scales(logits=from_logits, log_probs=logarithms, normalize=normalize)
    return _report(information.entropy(probs, base, normalize, logits=logits, log_probs=log_probs), base)


def _categories_report(counted: ColumnCounts, base: float) -> Report:
    """Return the report of the first column, followed by those of the others."""
    from aimath.core import information

    reports: list[Report] = []
    for name in counted.counts:
        found = counted.result(name)
        report = _report(information.entropy(found.counts[None], base, normalize=True), base)
        known = {"column": name, "count": found.rows, "missing": found.missing, "counts": found.counts}
        reports.append(
            report._replace(
                show=("column", "entropy") if len(counted.counts) > 1 else ("entropy",),
                names={"entry": found.names[0]},
                extra=known,
                notes=note_missing(found.missing),
                is_continuation=bool(reports),
            )
        )
    first, *more = reports
    return first._replace(following=more)


def _report(result: Any, base: float) -> Report:
    unit, log = entropy_unit(base), log_name(base)
    return Report(
        result,
        show=("entropy",),
        steps=(
            Line(f"H(p) = Σ p_i · {log}(1/p_i)      {log}(1/p_i) is the surprise of outcome i, in {unit}"),
            Table(
                (("p_i", "{probs}"), ("surprise", "{surprise}"), ("p_i · surprise", "{terms}")), bar="terms"
            ),
            Line(
                f" H = {{terms: + }} = {{entropy}} {unit}      the most for so many outcomes: {{maximum}}",
                condition="terms_add_up",
                fallback=f" H = {{entropy}} {unit} where p sums to 1; these terms sum to {{terms: + }}",
            ),
            Line(" like a choice among {perplexity} equally likely outcomes"),
            CrossCheck(f"{log}(n) - KL(p‖uniform) = {{alternative}}"),
        ),
        units=dict.fromkeys(("entropy", "surprise", "terms", "maximum"), unit) | {"nats": "nats"},
        plot=Plot("terms", "probs", axes=("p", f"-p {log} p ({unit})")),
    )
