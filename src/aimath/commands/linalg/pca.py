"""The command pca."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from aimath.cli.command import command
from aimath.cli.options import ArrayOrRowBlocks, MemoryLimit, Number, Operand, Option, Sharing
from aimath.commands._shared import MAX_SHOWN_SIZE, price_quantities, single_matrix
from aimath.errors import pluralize
from aimath.report import CrossCheck, Line, Panels, Plot, Report, Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aimath.core.linalg import PCA
    from aimath.read.matrices import RowBlocks
    from aimath.report import Step


@command(
    example="aimath pca '1 2; 3 4; 5 9' --components 1",
    answer="the rows along them; `--components`, `--whiten`",
    quiz=("pca",),
    after="attention",
)
def pca(
    X: Annotated[  # noqa: N803
        ArrayOrRowBlocks,
        Operand("Data, a row each.", flag="-X", matrix=True, streamed=True, seeded=True),
    ],
    components: Annotated[
        float | None,
        Number(
            ("--components", "-k"),
            "How many directions, or below 1 the share of variance.  [default: all]",
            counts=True,
        ),
    ] = None,
    whiten: Annotated[bool, Option("--whiten", help="Divide each coordinate by its deviation.")] = False,
    memory: MemoryLimit = None,
    share: Sharing = None,
) -> Report:
    """Find the directions in which data spread most.

    C = (X - mean)ᵀ (X - mean) / (n - 1), C v = variance v; a row of the answer is a row of X along
    the components. Signs as in scikit-learn. What is too large for memory is read twice in blocks.
    """
    import numpy as np

    from aimath.core import linalg as core

    if not isinstance(X, np.ndarray):
        share.share_rows(X)
        return _streamed_report(X, components, whiten=whiten)
    columns = X.shape[-1]
    priced = price_quantities({"covariance": columns**2}, memory, alternative="--fields projected")
    data = single_matrix(X, "X")
    share.check_held(data.shape)
    found = core.pca(data, components, whiten)
    return _report(found, _pca_steps(found), check_memory=priced)


def _report(result: PCA, steps: tuple[Step, ...], **overrides: Any) -> Report:
    k = len(result.variance)
    return Report(
        result,
        show=("projected",),
        steps=steps,
        plot=Plot("projected", kind="scatter", caption=_shares(result)),
        names={"coordinate": tuple(f"PC{i + 1}" for i in range(k))},
    )._replace(**overrides)


def _shares(result: PCA) -> str:
    """Return how much of the variance the two directions that are drawn hold."""
    shares = result.ratio[:2].tolist()
    said = (f"PC{k} holds {100.0 * share:.3g} %" for k, share in enumerate(shares, 1))
    return f"{', '.join(said)} of the variance"


def _streamed_report(rows: RowBlocks, components: float | None, *, whiten: bool) -> Report:
    """Return the report of the first block with the derivation, and lazy reports of further blocks."""
    from aimath.core import linalg as core

    found = core.streaming_pca(rows, components, whiten)

    def answered() -> Iterator[Report]:
        for block in rows():
            extra = {"X": block, "projected": found.project(block)}
            yield _report(found, (), plot=(), extra=extra, is_continuation=True)

    reports = answered()
    first = next(reports)
    formula, *steps = _pca_steps(found)
    count = len(first.extra["X"])
    told = Line(f" X is read in blocks; rows 1 to {count} of {rows.shape[0]} are shown")
    return first._replace(
        steps=(formula, told, *steps),
        plot=Plot("projected", kind="scatter", caption=f"the first {count} rows; {_shares(found)}"),
        notes=rows.notes,
        following=reports,
        is_continuation=False,
    )


def _pca_steps(result: PCA) -> tuple[Step, ...]:
    """Return the four steps of the derivation, without matrices that are too wide to read."""
    k, d = result.components.shape
    small = d <= MAX_SHOWN_SIZE
    each = (("centred", "centred"),) if result.X is not None else ()
    axes = "V / deviation" if result.whiten else "V"
    return (
        Line(f"projected = (X - mean) · {axes}      V: the directions in which the rows spread most"),
        Line(" 1 centre: the mean of the {count} rows is {mean}"),
        Line(" 2 covariance C = centredᵀ · centred / (n - 1), total variance {total_variance}"),
        *((Panels((("C", "covariance"),)),) if small and result.X is not None else ()),
        Line(" 3 C · v = λ · v, the largest λ first:"),
        Table(
            (("λ, variance", "{variance}"), ("share", "{ratio:%}"), ("with those before", "{cumulative:%}")),
            bar="ratio",
        ),
        *((Line(" the directions v, a row each:"), Panels((("v", "components"),))) if small else ()),
        Line(f" 4 project: the {pluralize(k, 'number')} of a row are centred · {axes}"),
        *((Panels((("X", "X"), *each, ("projected", "projected"))),) if small else ()),
        CrossCheck(
            "shares of variance from the projected rows: {alternative}"
            if result.X is not None
            else "the directions' lengths: {alternative}"
        ),
    )
