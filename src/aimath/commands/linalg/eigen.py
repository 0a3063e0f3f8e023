"""The command eig."""

from __future__ import annotations

from typing import Annotated, Any

from aimath.cli.command import command
from aimath.cli.options import Operand, Vector
from aimath.commands._shared import MAX_SHOWN_SIZE, format_dot_product, single_matrix
from aimath.report import CrossCheck, Line, Panels, Plot, Report, Table


@command(
    example="aimath eig '2 1; 1 2'",
    answer="eigenvalues, real and imaginary part; `--fields vectors`",
    quiz=("eig",),
    after="det",
)
def eig(
    A: Annotated[  # noqa: N803
        Vector, Operand("A square matrix: a literal or a file.", flag="-A", matrix=True, seeded=True)
    ],
) -> Report:
    """Find the directions that a matrix only stretches.

    A v = value v: values by descending real part, vectors of length 1. A row is the real and the
    imaginary part of a value; --fields vectors gives the vectors, a column each.
    """
    from aimath.core import linalg as eigen

    result = eigen.eig(single_matrix(A, "A"))
    n, complex_ = len(result.values), result.vectors_im is not None
    value = float(result.values[0, 0])
    is_whole = abs(value - round(value)) <= 1e-12 * abs(value)  # but for rounding
    largest = f"{{values[0][0]{'' if is_whole else ':~'}}}"
    products = [
        f"  {format_dot_product('A', 'vectors', i, 0, n)} {sign} {largest} · {{vectors[{i}][0]}}"
        for i, sign in enumerate(_equality_signs(result))
    ]
    first = (" A · v for the largest λ, row by row:", *products)
    return Report(
        result,
        show=("values",),
        steps=(
            Line("A · v = λ · v      A stretches the direction v by λ, and does not turn it"),
            Panels((("A", "A"),)),
            Table((("λ, real part", "{re}"), ("imaginary", "{im}"), ("|λ|", "{magnitude}")), bar="magnitude"),
            Line(" Σ λ = {trace}, the sum of A's diagonal      largest |λ| = {spectral_radius}"),
            Line(" the vectors, a column each:" + " real parts" * complex_),
            Panels((("v", "vectors"),)),
            *((Line(" imaginary parts:"), Panels((("v", "vectors_im"),))) if complex_ else ()),
            *(map(Line, first) if n <= MAX_SHOWN_SIZE and not complex_ else ()),
            Line(
                " A is symmetric: its vectors stand at right angles"
                if result.symmetric
                else " condition of the vectors {condition}: 1 is right angles, inf that one is missing"
            ),
            CrossCheck("A · v against λ · v, in units of A's largest entry: {alternative}"),
        ),
        names={"part": ("re", "im")},
        plot=Plot("magnitude"),
    )


def _equality_signs(result: Any) -> list[str]:
    """Return = for the rows of A · v = λ · v that hold to nine digits of their own, ≈ for others."""
    import numpy as np

    v, value = result.vectors[:, 0], result.values[0, 0]
    with np.errstate(all="ignore"):
        residual = np.abs(result.A @ v - value * v)
        return ["≈" if wide else "=" for wide in residual > 1e-9 * (np.abs(result.A) @ np.abs(v))]
