"""The command cosine."""

from __future__ import annotations

from typing import Annotated

from aimath.cli.command import command
from aimath.cli.options import (
    ABSENT,
    Applies,
    MemoryLimit,
    Operand,
    Usage,
    Vector,
    VectorsFile,
    WordList,
)
from aimath.commands._shared import Left, Right, check_memory, single_matrix
from aimath.errors import InputError
from aimath.report import CrossCheck, Line, Panels, Plot, Report, Table


@command(
    Usage(("a", "b")),
    Usage(("matrix",), selected_by=("matrix",), example="aimath cosine --matrix '1 0; 1 1'"),
    example="aimath cosine 1,2,3 4,5,6",
    answer="cosine and angle; `--matrix` for all pairs",
    quiz=("cosine", "angle"),
    after="eig",
    applies=(Applies(("vectors", "words"), "matrix", given=False),),
)
def cosine(
    a: Left = ABSENT,
    b: Right = ABSENT,
    matrix: Annotated[
        Vector | None,
        Operand("Compare all rows of a matrix with each other.", flag="--matrix", matrix=True, seeded=True),
    ] = None,
    vectors: VectorsFile = "",
    words: WordList = "",
    memory: MemoryLimit = None,
) -> Report:
    """Compare the directions of two vectors.

    cosine = a · b / (|a| |b|), from -1 to 1, rounded once; a zero vector has none. With --vectors a
    and b are words of that file.
    """
    from aimath.core import linalg as cosines

    if words and not vectors:
        raise InputError("--words names the rows of --vectors", usage=True)
    if matrix is not None:
        return _matrix_report(matrix, memory)
    return Report(
        cosines.cosine(a, b),
        show=("cosine",),
        steps=(
            Line("cosine = a · b / (|a| · |b|)"),
            Table((("a", "{a}"), ("b", "{b}"))),
            Line(" a · b = {dot}      |a| = {norm_a}      |b| = {norm_b}"),
            Line(" cosine = {dot:~} / ({norm_a:~} · {norm_b:~}) = {cosine}      an angle of {angle} degrees"),
            CrossCheck("1 - |a/|a| - b/|b||² / 2 = {alternative}"),
        ),
        units={"angle": "degrees"},
        plot=Plot("cosine", end="1"),
    )


def _matrix_report(matrix: Vector, memory: int | None) -> Report:
    from aimath.core import linalg as cosines

    rows = single_matrix(matrix, "matrix")
    check_memory((len(rows), len(rows)), "matrix of cosines", memory)
    return Report(
        cosines.cosine(matrix=rows),
        show=("cosine",),
        steps=(
            Line("cosine_i,j = x_i · x_j / (|x_i| · |x_j|)      x_i is row i"),
            Panels((("X", "X"),)),
            Line(" lengths {norms}"),
            Panels((("cosine", "cosine"),)),
            CrossCheck("1 - |x_i/|x_i| - x_j/|x_j||² / 2 = {alternative}"),
        ),
        plot=Plot("cosine", kind="heat"),
    )


@command(
    example="aimath difference '1 2; 3 4' '1 2.1; 3 3.8'",
    answer="largest distance; rmse, relative, SNR, cosine",
    quiz=("difference",),
)
def difference(
    a: Annotated[
        Vector, Operand("The reference: a vector, a matrix or a file.", flag="--a", matrix=True, seeded=True)
    ],
    b: Annotated[
        Vector, Operand("What is compared with it, of one shape.", flag="--b", matrix=True, seeded=True)
    ],
) -> Report:
    """Tell how far two arrays are apart.

    max |a - b|, where it is, √(mean (a - b)²), |a - b| / |a|, the same in decibels (SNR), and the
    cosine of both as vectors. The first is the reference.
    """
    from aimath.core import linalg

    return Report(
        linalg.difference(single_matrix(a, "a"), single_matrix(b, "b")),
        show=("max", "at", "rmse", "relative", "snr_db", "cosine"),
        steps=(
            Line(
                "rmse = √(Σ (a - b)² / n)      relative = |a - b| / |a|      SNR = -20 · log10(relative) dB"
            ),
            Line(" the farthest apart of n = {size} differ by {max}, at {at:, } (from 0)"),
            Line(" |a - b| = rmse · √n = {rmse:~} · √{size} = {distance}      |a| = {norm}"),
            Line(" relative = {distance:~} / {norm:~} = {relative}", nonzero="norm"),
            Line(" SNR = -20 · log10({relative:~}) = {snr_db} dB", nonzero="norm"),
            Line(" cosine = a · b / (|a| |b|) = {cosine}", nonzero="rms_b"),
            CrossCheck(
                "|a|² + |b|² - 2 a · b in place of |a - b|², by the larger norm's square: {alternative}",
                undecided="|a|² + |b|² - 2 a · b cancels to less than a millionth: it can't check |a - b|²",
            ),
        ),
        units={"snr_db": "dB"},
        plot=Plot("cosine", end="1"),
    )
