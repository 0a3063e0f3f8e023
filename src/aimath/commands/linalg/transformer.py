"""Commands of a transformer's smaller pieces: layer norm, RMS norm, positions."""

from __future__ import annotations

import re
from typing import Annotated

from aimath.cli.command import command
from aimath.cli.options import (
    Integer,
    MaxMemory,
    MissingRow,
    Number,
    Operand,
    Option,
    RowNumbers,
    TextArguments,
    Vector,
)
from aimath.cli.runner.job import parse_size
from aimath.commands._shared import check_memory
from aimath.errors import InputError
from aimath.report import CrossCheck, Line, Panels, Plot, Report, Table
from aimath.text import quote

Gain = Annotated[Vector | None, Operand("What each entry is multiplied by.  [default: 1]", flag="--gain")]
Theta = Annotated[float, Number(("--theta",), "The base of the frequencies.")]
Start = Annotated[int, Integer(("--start",), "The position of the first row.", 0, 10**12)]
PAIRINGS = ("halves", "interleaved")


@command(
    example="aimath layer-norm 2 4 4 4 5 5 7 9",
    answer="output; `--gain --bias --eps`",
    quiz=("layer_norm",),
    after="attention",
)
def layer_norm(
    x: Annotated[Vector, Operand("Any real numbers; of rows, each is answered.", flag="--x")],
    gain: Gain = None,
    bias: Annotated[
        Vector | None, Operand("What is added to each entry.  [default: 0]", flag="--bias")
    ] = None,
    eps: Annotated[float, Number(("--eps",), "Added to the variance.")] = 1e-5,
    missing: MissingRow = False,
) -> Report:
    """Bring a row to mean 0 and variance 1.

    output = (x - mean) / √(variance + eps) · gain + bias, the variance divided by n. As torch's
    LayerNorm, whose eps it has. Ba, Kiros and Hinton (2016).
    """
    from aimath.core import linalg

    result = linalg.layer_norm(x, gain, bias, 1.0 if missing else eps)
    stretched = gain is not None or bias is not None
    return Report(
        result,
        show=("output",),
        steps=(
            Line("output = (x - mean) / √(variance + eps)" + " · gain + bias" * stretched),
            Line(
                " mean = {mean}      variance = Σ (x - mean)² / n = {variance}",
                condition="variance_in_range",
                fallback=" mean = {mean}      the variance leaves float64's range here",
            ),
            Line(
                " √(variance + eps) = √({variance:~} + {eps}) = {scale:~}",
                condition="variance_in_range",
                fallback=" √(variance + eps) = {scale}",
            ),
            Table(
                (
                    ("x", "{x}"),
                    ("1 x - mean", "{deviations:+}"),
                    ("2 divide", "{normalized:+}"),
                    *((("gain", "{gain}"), ("bias", "{bias}"), ("3 output", "{output:+}")) * stretched),
                ),
                bar="output",
            ),
            CrossCheck("mean square of what was divided = variance/(variance + eps) = {alternative}"),
        ),
        plot=Plot("output"),
    )


@command(
    example="aimath rms-norm 3 -4 0 5",
    answer="output; `--gain --eps`",
    quiz=("rms_norm",),
)
def rms_norm(
    x: Annotated[Vector, Operand("Any real numbers; of rows, each is answered.", flag="--x")],
    gain: Gain = None,
    eps: Annotated[
        float, Number(("--eps",), "Added to the mean square; torch's own default is 2.2e-16.")
    ] = 1e-6,
) -> Report:
    """Bring a row to mean square 1.

    output = x / √(Σ x² / n + eps) · gain: layer norm without the mean, as in Llama. Zhang and
    Sennrich (2019).
    """
    from aimath.core import linalg

    stretched = gain is not None
    return Report(
        linalg.rms_norm(x, gain, eps),
        show=("output",),
        steps=(
            Line("output = x / √(mean square + eps)" + " · gain" * stretched),
            Line(
                " mean square = Σ x² / n = {mean_square}",
                condition="mean_square_in_range",
                fallback=" mean square = Σ x² / n, which leaves float64's range here",
            ),
            Line(
                " √(mean square + eps) = √({mean_square:~} + {eps}) = {rms:~}",
                condition="mean_square_in_range",
                fallback=" √(mean square + eps) = {rms}",
            ),
            Table(
                (
                    ("x", "{x}"),
                    ("divide", "{normalized:+}"),
                    *((("gain", "{gain}"), ("output", "{output:+}")) * stretched),
                ),
                bar="output",
            ),
            CrossCheck("mean square of what was divided = m/(m + eps), m the mean square: {alternative}"),
        ),
        plot=Plot("output"),
    )


@command(
    example="aimath rope 1 0 1 0 --start 2",
    answer="a row a position; `--theta --pairs --start`",
    quiz=("rope",),
)
def rope(
    row_numbers: RowNumbers,
    x: Annotated[Vector, Operand("Queries or keys, one a position.", flag="--x")],
    theta: Theta = 10000.0,
    pairs: Annotated[
        str, Option("--pairs", help="Which entries are turned together.", metavar="HOW", choices=PAIRINGS)
    ] = "halves",
    start: Start = 0,
) -> Report:
    """Turn vectors by their positions (rotary embeddings).

    Pair i of row r is turned by the angle r · theta^(-2i/d), rows counted from 0: then a query times
    a key depends on how far apart they are, not on where. Pairs are entries i and i + d/2, as in
    transformers' checkpoints, or with --pairs interleaved 2i and 2i + 1, as in the paper. Su et al. (2021).
    """
    from aimath.core import linalg

    return Report(
        linalg.rope(x, theta, pairs, start + row_numbers[0] - 1),
        show=("output",),
        steps=(
            Line("angle of pair i = r · theta^(-2i/d)      output = x · cos + partner · sin"),
            Line(" position r = {position}      angles of the pairs: {angles:, }"),
            Table(
                (
                    ("x", "{x:+}"),
                    ("cos", "{cosines:+}"),
                    ("partner", "{partners:+}"),
                    ("sin", "{sines:+}"),
                    ("output", "{output:+}"),
                ),
                bar="output",
            ),
            CrossCheck("turned, the row is as long as before: {answer} and {alternative}"),
        ),
        plot=Plot("output"),
    )


@command(
    example="aimath positional 4x4 --theta 10",
    answer="a row a position; `--theta --start`",
    quiz=("positional",),
)
def positional(
    shape: Annotated[list[str], TextArguments("Positions and numbers each, as 4x6.", metavar="NxD")],
    theta: Theta = 10000.0,
    start: Start = 0,
    max_memory: MaxMemory = None,
) -> Report:
    """Encode positions by sines and cosines.

    Entry 2i of position r is sin(r · theta^(-2i/d)), entry 2i + 1 its cosine, positions counted from
    0. Vaswani et al. (2017).
    """
    from aimath.core import linalg

    sides = re.fullmatch(r"([0-9]{1,9})[x×,]([0-9]{1,9})", " ".join(shape))
    if not sides or "0" in sides.groups():
        why = f"{quote(' '.join(shape))} is not a number of positions by a number of entries"
        pair = len(shape) == 2 and all(word.isascii() and word.isdigit() for word in shape)
        line = f"aimath positional {'x'.join(shape) if pair else '4x6'}"
        raise InputError(why if shape else "needs a shape", hint=f"try {line}", usage=True)
    size = (int(sides[1]), int(sides[2]))
    check_memory(size, "matrix of positions", parse_size(max_memory))
    return Report(
        linalg.positional(size, theta, start),
        show=("encoding",),
        steps=(
            Line("entry 2i = sin(r · theta^(-2i/d))      entry 2i + 1 = cos(r · theta^(-2i/d))"),
            Panels((("angles", "angles"), ("sines and cosines", "encoding")), names="position", corner="r"),
            CrossCheck("sin² + cos² = 1, so every row's squares sum to d/2: {alternative}"),
        ),
        plot=Plot("encoding", kind="heat", title="row = position, column = entry"),
    )
