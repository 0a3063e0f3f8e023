"""Commands that turn square matrices over: inverse and determinant."""

from __future__ import annotations

from typing import Annotated

from aimath.cli.command import Commands, command
from aimath.cli.options import Flag, Operand, Vector
from aimath.commands._shared import one, worked
from aimath.report import Line, Panels, Plot, Report, Verify

commands: Commands = {}
LEVERRIER = "by LeVerrier's recurrence, which has no pivots: {other}"
Square = Annotated[Vector, Operand("A square matrix: a literal or a file.", matrix=True, drawn=True)]


@command(commands, example="aimath inverse '2 1; 1 1'")
def inverse(
    a: Square,
    force: Annotated[bool, Flag("--force", help="Invert what is singular within rounding.")] = False,
) -> Report:
    """Invert a square matrix.

    a · inverse = 1. Up to 16 rows exact, each entry rounded once; a singular matrix is an error.
    """
    from aimath.core import linalg as core

    result = core.inverse(one(a, "a"), force)
    n = len(result.a)
    return Report(
        result,
        show=("inverse",),
        steps=(
            Line("a · inverse = 1      the matrix with 1 on its diagonal and 0 elsewhere"),
            Panels((("a", "a"), ("inverse", "inverse"))),
            Line(f" row 1 of a · column 1 of inverse:  {worked('a', 'inverse', 0, 0, n)} = 1"),
            *((Line(f" row 1 · column {n}:  {worked('a', 'inverse', 0, n - 1, n)} = 0"),) * (n > 1)),
            Line(f" rank {{rank}} of {n}      condition {{condition}}: by so much errors of a may grow"),
            Verify(LEVERRIER if n <= core.EXACT_MOST else "a · inverse = {answer}"),
        ),
        plot=Plot("inverse"),
        whole=True,
    )


@command(commands, example="aimath det '1 2; 3 4'")
def det(a: Square) -> Report:
    """Give the determinant of a square matrix.

    The volume, with a sign, that the unit cube is stretched to. Up to 16 rows exact, rounded once.
    """
    from aimath.core import linalg as core

    result = core.det(one(a, "a"))
    n = len(result.a)
    return Report(
        result,
        show=("det",),
        steps=(
            Line("det a = Σ ± a_1,i · a_2,j · …      over all orders i, j, … of the columns"),
            Panels((("a", "a"),)),
            *(Line(text) for text in _expanded(n)),
            Line(" ln|det| = {log_abs_det}      sign {sign}"),
            Verify(LEVERRIER if n <= core.EXACT_MOST else "ln|det| by eigenvalues: {other}"),
        ),
        plot=Plot("det"),
        whole=True,
    )


def _expanded(n: int) -> tuple[str, ...]:
    """Write a small determinant out: along its first row, where it has three."""

    def minor(columns: tuple[int, int], row: int) -> str:
        i, j = columns
        below = row + 1
        return f"{{a[{row}][{i}]}}·{{a[{below}][{j}]}} - {{a[{row}][{j}]}}·{{a[{below}][{i}]}}"

    if n == 2:
        return (f" det = {minor((0, 1), 0)} = {{det}}",)
    if n == 3:
        signs = ((" det =  ", 0, (1, 2)), ("      - ", 1, (0, 2)), ("      + ", 2, (0, 1)))
        parts = (f"{sign}{{a[0][{k}]}} · ({minor(rest, 1)})" for sign, k, rest in signs)
        return (*parts, "      = {det}")
    return (" elimination leaves a triangle, whose diagonal multiplies to {det}",)
