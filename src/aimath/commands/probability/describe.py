"""The command describe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from aimath.cli.command import command
from aimath.cli.options import (
    ABSENT,
    Accumulated,
    EachColumn,
    HasHeader,
    Integer,
    MissingCount,
    Operand,
    Option,
    Reduction,
    Usage,
    Vector,
)
from aimath.read.numbers import parse_option, parse_sweep
from aimath.report import CrossCheck, Line, Plot, Report, Spread, Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aimath.core.numerics.accumulators import State


class TableColumns:
    """The rows of a table as they are read, put into an accumulator of its columns."""

    def __init__(self) -> None:
        from aimath.core import probability

        self.accumulator = probability.ColumnsAccumulator()

    def update(self, values: Any) -> None:
        """Add columns of a table, or rows of numbers."""
        if hasattr(values, "ndim"):
            self.accumulator.update(values)
        else:
            columns = [one.texts if one.numbers is None else one.numbers for one in values]
            self.accumulator.update_columns([one.name for one in values], columns)

    def pass_over(self) -> None:
        """Do nothing about a row that is bad."""

    def merge(self, other: TableColumns) -> None:
        """Add what is known of the rows that follow."""
        self.accumulator.merge(other.accumulator)

    def state(self) -> State:
        """Return all that is held."""
        return self.accumulator.state()

    def restore(self, state: Mapping[str, Any]) -> None:
        """Hold a state in place of what is held."""
        self.accumulator = type(self.accumulator).of_state(state)


@command(
    Usage(("values",)),
    Usage(
        ("values",),
        selected_by=("each_column",),
        example="aimath describe '2 1; 4 3; 4 8' --each-column",
        reduction=Reduction(TableColumns, tables=True),
    ),
    example="aimath describe 2 4 4 4 5 5 7 9",
    answer="mean, variance, std, min, max, count, stderr, quantiles; `--each-column`",
    quiz=("variance", "deviation"),
    after="gaussian",
)
def describe(
    values: Annotated[Vector, Operand("Any real numbers.")] = ABSENT,
    ddof: Annotated[int, Integer(("--ddof",), "Divide the variance by n - ddof.", 0, 10**9)] = 0,
    quantiles: Annotated[
        str,
        Option(
            "--quantiles",
            help="Which quantiles, from 0 to 1.  [default: 0.05,0.25,0.5,0.75,0.95]",
            metavar="A,B",
        ),
    ] = "",
    each_column: EachColumn = False,
    columns: Accumulated = None,
    missing: MissingCount = 0,
    has_header: HasHeader = False,
) -> Report:
    """Summarise values: mean, variance, extremes.

    mean = sum x / n; variance = sum (x - mean)^2 / (n - ddof); std is its square root. stderr is that
    of the mean, with the std of n - 1; quantiles are linear between neighbours. --each-column has a
    row for every column of a table, and so have several that --column picks; empty cells and NA are
    counted, and texts by how many differ.
    """
    from aimath.core import probability

    parse_levels = lambda text: probability.check_levels(parse_sweep(text))  # noqa: E731
    levels = parse_option("--quantiles", parse_levels, quantiles) if quantiles else probability.LEVELS
    if each_column:
        return _columns_report(columns.accumulator, ddof, levels)
    result = probability.describe(values, ddof, levels)._replace(missing=missing)
    spread = _spread(result.levels)
    header = "the rows are described; --each-column describes the columns"
    return Report(
        result,
        show=(
            *("mean", "variance", "std", "min", "max", "count", "stderr"),
            *dict.fromkeys(("median", *spread.names)),
            "missing",
        ),
        steps=(
            Line("mean = Σ x / n      variance = Σ (x - mean)² / (n - ddof)"),
            Table((("x", "{values}"), ("x - mean", "{deviations:+}")), bar="deviations"),
            Line(" mean = ({values: + }) / {count} = {mean}"),
            Line(
                " variance = {squares} / ({count} - {ddof}) = {variance}      std = √variance = {std}",
                condition="squares_in_range",
                fallback=" variance = {variance}      std = {std}      squares leave float64's range here",
            ),
            Line(
                " stderr = √({squares} / ({count} - 1) / {count}) = {stderr}",
                condition="has_stderr",
                fallback=" stderr, √(Σ (x - mean)² / (n - 1) / n), has no value or none of its digits here",
            ),
            Line(" from {min} to {max}      median {median}"),
            Line(f" {', '.join(spread.names)}: {{quantiles}}"),
            CrossCheck("variance by differences to the first value = {alternative}"),
        ),
        plot=Plot("values", kind="histogram"),
        spread=spread,
        notes=(header,) if has_header else (),
    )


def _spread(levels: Sequence[float]) -> Spread:
    """Return the names of quantiles: p5 in a column's head, 0.05 in JSON."""
    from aimath.core import probability

    names = tuple(probability.quantile_name(level) for level in levels)
    return Spread("quantiles", names, tuple(repr(level) for level in levels))


def _columns_report(accumulator: Any, ddof: float, levels: Sequence[float]) -> Report:
    result = accumulator.result(ddof, levels)
    spread = _spread(result.levels)
    before = tuple(name for name, level in zip(spread.names, result.levels, strict=True) if level < 0.5)
    after = tuple(name for name in spread.names if name not in (*before, "median"))
    texts = result.has_texts()
    rough = float(result.quantile_error[result.quantile_error == result.quantile_error].max(initial=0.0))
    said = f"more values differ than are kept: quantiles are within {rough:.2g}, see quantile_error"
    return Report(
        result,
        show=(
            *("column", "count", "missing", "mean", "std", "stderr", "min"),
            *(*before, "median", *after),
            "max",
            *(("unique", "top") if texts else ()),
        ),
        steps=(
            Line("mean = Σ x / n      std = √(Σ (x - mean)² / (n - ddof))      stderr = s / √n, s of n - 1"),
            Table(
                (("count", "{count}"), ("mean", "{mean}"), ("std", "{std}"), ("stderr", "{stderr}")),
                names="column",
            ),
            CrossCheck("means of sums that are rounded at each step: {alternative}"),
        ),
        plot=Plot("mean", "column"),
        spread=spread,
        notes=(said,) if rough > 0.0 else (),
    )
