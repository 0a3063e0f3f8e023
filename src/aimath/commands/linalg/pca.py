"""Commands that take matrices apart: eigenvalues, principal components."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from aimath.cli.command import Commands, command
from aimath.cli.options import Flag, Operand, Streamed, Whole
from aimath.commands._shared import SHOWN, one
from aimath.errors import counted
from aimath.report import Line, Panels, Plot, Report, Table, Verify

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aimath.core.linalg import PCA
    from aimath.read.matrices import RowBlocks
    from aimath.report import Step

commands: Commands = {}


@command(commands, example="aimath pca '1 2; 3 4; 5 9' --components 1")
def pca(
    X: Annotated[  # noqa: N803
        Streamed,
        Operand("Data, a row each.", flag="-X", matrix=True, streamed=True, drawn=True),
    ],
    components: Annotated[
        int | None, Whole(("--components", "-k"), "How many directions.  [default: all]", 1, 10**9)
    ] = None,
    whiten: Annotated[bool, Flag("--whiten", help="Divide each coordinate by its deviation.")] = False,
) -> Report:
    """Find the directions in which data spread most.

    C = (X - mean)ᵀ (X - mean) / (n - 1), C v = variance v; a row of the answer is a row of X along
    the components. Signs as in scikit-learn. What is too large for memory is read twice in blocks.
    """
    import numpy as np

    from aimath.core import linalg as core

    if not isinstance(X, np.ndarray):
        return _pca_of_blocks(X, components, whiten=whiten)
    found = core.pca(one(X, "X"), components, whiten)
    return _pca(found, _pca_steps(found))


def _pca(found: PCA, steps: tuple[Step, ...], **more: Any) -> Report:
    k = len(found.variance)
    return Report(
        found,
        show=("projected",),
        steps=steps,
        plot=Plot("projected", kind="scatter"),
        whole=True,
        by_row=("X", "projected", "centred"),
        heads={"projected": tuple(f"PC{i + 1}" for i in range(k))},
    )._replace(**more)


def _pca_of_blocks(rows: RowBlocks, components: int | None, *, whiten: bool) -> Report:
    """Answer the first block with the derivation; the others follow as they are read again."""
    from aimath.core import linalg as core

    found = core.streamed_pca(rows, components, whiten)

    def answered() -> Iterator[Report]:
        for block in rows():
            yield _pca(found, (), plot=(), extra={"X": block, "projected": found.project(block)})

    reports = answered()
    first = next(reports)
    formula, *steps = _pca_steps(found)
    told = Line(f" X is read in blocks; rows 1 to {len(first.extra['X'])} of {rows.shape[0]} are shown")
    plot = Plot("projected", kind="scatter")
    return first._replace(steps=(formula, told, *steps), plot=plot, rest=reports, notes=rows.notes)


def _pca_steps(found: PCA) -> tuple[Step, ...]:
    """Say the four steps; matrices that are too wide to be read are left out."""
    k, d = found.components.shape
    small = d <= SHOWN
    each = (("centred", "centred"),) if found.X is not None else ()
    axes = "V / deviation" if found.whiten else "V"
    return (
        Line(f"projected = (X - mean) · {axes}      V: the directions in which the rows spread most"),
        Line(" 1 centre: the mean of the {count} rows is {mean}"),
        Line(" 2 covariance C = centredᵀ · centred / (n - 1), total variance {total_variance}"),
        *((Panels((("C", "covariance"),)),) if small and found.X is not None else ()),
        Line(" 3 C · v = λ · v, the largest λ first:"),
        Table(
            (("λ, variance", "{variance}"), ("share", "{ratio:%}"), ("with those before", "{cumulative:%}")),
            bar="ratio",
        ),
        *((Line(" the directions v, a row each:"), Panels((("v", "components"),))) if small else ()),
        Line(f" 4 project: the {counted(k, 'number')} of a row are centred · {axes}"),
        *((Panels((("X", "X"), *each, ("projected", "projected"))),) if small else ()),
        Verify(
            "shares of variance from the projected rows: {other}"
            if found.X is not None
            else "the directions' lengths: {other}"
        ),
    )
