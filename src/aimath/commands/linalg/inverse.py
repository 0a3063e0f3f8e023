"""Commands of square matrices: inverse and determinant."""

from __future__ import annotations

from typing import Annotated

from aimath.cli.command import command
from aimath.cli.options import Operand, Option, Vector
from aimath.commands._shared import format_dot_product, single_matrix
from aimath.report import CrossCheck, Line, Panels, Plot, Report

LEVERRIER_CHECK = "by LeVerrier's recurrence, which has no pivots: {alternative}"
MAX_EXPANDED = 16
EXPANSION = Plot("expansion", axes=("", "first row, each entry · its cofactor: the sum is det"))
SquareMatrix = Annotated[Vector, Operand("A square matrix: a literal or a file.", matrix=True, seeded=True)]


@command(
    example="aimath inverse '2 1; 1 1'",
    answer="the inverse; `--force` if nearly singular",
    quiz=("inverse",),
    after="transpose",
)
def inverse(
    a: SquareMatrix,
    force: Annotated[bool, Option("--force", help="Invert what is singular within rounding.")] = False,
) -> Report:
    """Invert a square matrix.

    a · inverse = 1. Up to 16 rows exact, each entry rounded once; a singular matrix is an error.
    """
    from aimath.core import linalg as core

    result = core.inverse(single_matrix(a, "a"), force)
    n = len(result.a)
    return Report(
        result,
        show=("inverse",),
        steps=(
            Line("a · inverse = 1      the matrix with 1 on its diagonal and 0 elsewhere"),
            Panels((("a", "a"), ("inverse", "inverse"))),
            Line(f" row 1 of a · column 1 of inverse:  {format_dot_product('a', 'inverse', 0, 0, n)} = 1"),
            *(
                (Line(f" row 1 · column {n}:  {format_dot_product('a', 'inverse', 0, n - 1, n)} = 0"),)
                * (n > 1)
            ),
            Line(f" rank {{rank}} of {n}      condition {{condition}}: by so much errors of a may grow"),
            CrossCheck(LEVERRIER_CHECK if result.is_exact() else "a · inverse = {answer}"),
        ),
        plot=Plot("inverse"),
    )


@command(
    example="aimath det '1 2; 3 4'",
    answer="exact for integers",
    quiz=("det",),
)
def det(a: SquareMatrix) -> Report:
    """Give the determinant of a square matrix.

    The volume, with a sign, that the unit cube is stretched to. Up to 16 rows exact, rounded once.
    """
    from aimath.core import linalg as core

    result = core.det(single_matrix(a, "a"))
    n = len(result.a)
    return Report(
        result,
        show=("det",),
        steps=(
            Line("det a = Σ ± a_1,i · a_2,j · …      over all orders i, j, … of the columns"),
            Panels((("a", "a"),)),
            *(Line(text) for text in _determinant_expansion(n)),
            Line(" ln|det| = {log_abs_det}      sign {sign}"),
            CrossCheck(LEVERRIER_CHECK if result.is_exact() else "ln|det| by eigenvalues: {alternative}"),
        ),
        plot=EXPANSION if 1 < n <= MAX_EXPANDED else Plot("det"),
        drawn=lambda: {"expansion": _first_row_expansion(result.a)} if 1 < n <= MAX_EXPANDED else {},
    )


def _first_row_expansion(a: Vector) -> Vector:
    """Return the first row's entries, each times its cofactor, which sum to the determinant."""
    import numpy as np

    from aimath.core import linalg as core

    below, columns = a[1:], np.arange(len(a))
    minors = [core.det(below[:, columns != k]).det for k in columns]
    with np.errstate(over="ignore"):
        return np.asarray(a[0] * np.array(minors) * (-1.0) ** columns)


def _determinant_expansion(n: int) -> tuple[str, ...]:
    """Return the lines that expand a determinant along its first row, up to 3 by 3."""

    def minor(columns: tuple[int, int], row: int) -> str:
        i, j = columns
        below = row + 1
        return f"{{a[{row}][{i}]:~}}·{{a[{below}][{j}]:~}} - {{a[{row}][{j}]:~}}·{{a[{below}][{i}]:~}}"

    if n == 2:
        return (f" det = {minor((0, 1), 0)} = {{det}}",)
    if n == 3:
        signs = ((" det =  ", 0, (1, 2)), ("      - ", 1, (0, 2)), ("      + ", 2, (0, 1)))
        parts = (f"{sign}{{a[0][{k}]:~}} · ({minor(rest, 1)})" for sign, k, rest in signs)
        return (*parts, "      = {det}")
    return (" elimination leaves a triangle, whose diagonal multiplies to {det}",)
