"""What a parameter of a command means, once for all commands: its flags, its help, how it is read."""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from aimath.read.blocks import SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from aimath.read.matrices import RowBlocks

NO_WORDS: Mapping[str, float] = MappingProxyType({})


class Operand(NamedTuple):
    """A vector that a command works on: from arguments, its flag, a file or standard input.

    `each` makes its entries belong to one row each (`--target 0,2,1`); `repeat` lets the flag be
    given more than once, and the command gets a list of arrays; `matrix` takes all rows together;
    a matrix that is `streamed` comes as blocks that can be read again (RowBlocks) where it is too
    large to be held; what is `named` may be a JSON object of numbers by name; `drawn` gives the command
    a --seed, which only the reading of randn:MxN asks for.
    """

    help: str
    flag: str = ""
    each: bool = False
    repeat: bool = False
    matrix: bool = False
    streamed: bool = False
    named: bool = False
    drawn: bool = False


class Number(NamedTuple):
    """A real option that may be swept: repeats, lists, lin:A:B:N, log:A:B:N.

    With `together` the command gets all values at once, and answers them from one computation.
    """

    flags: tuple[str, ...]
    help: str
    words: Mapping[str, float] = NO_WORDS
    together: bool = False


class Whole(NamedTuple):
    """An integer option from `low` to `high` that may be swept by repeats and lists."""

    flags: tuple[str, ...]
    help: str
    low: int = 0
    high: int = 10**18 - 1
    together: bool = False


class Flag(NamedTuple):
    """Any other option: a switch, or one that takes text, as the parameter's type says."""

    flag: str
    help: str = ""  # nothing: its choices say it
    metavar: str = ""
    choices: tuple[str, ...] = ()  # all that the text may be, where that is known


class Words(NamedTuple):
    """What stands on the command line by itself and isn't numbers: the parameter gets a list of texts.

    What is `told` is a text for people, in a pipe too.
    """

    help: str
    metavar: str
    told: bool = False


class Form(NamedTuple):
    """One way to call a command: the operands it needs, and the parameters that ask for this way.

    What is listed `behind` them is taken from further arguments, but never waited for.
    """

    operands: tuple[str, ...]
    when: tuple[str, ...] = ()
    behind: tuple[str, ...] = ()


if TYPE_CHECKING:
    Vector = NDArray[np.float64]
    Streamed = Vector | RowBlocks
else:
    Vector = Streamed = Any  # numpy is not imported for an annotation
ABSENT: Any = None
"""The default of an operand that another form of the command doesn't have."""
Base = Annotated[
    float, Number(("--base",), "Base of the logarithm: 2 gives bits, e nats, 10 hartleys.", {"e": math.e})
]
Temperature = Annotated[
    float, Number(("--temperature", "-T"), "Divide the logits by T; 0 takes the largest, inf is uniform.")
]
Normalize = Annotated[bool, Flag("--normalize", help="Take weights or counts: divide by their sum.")]
Seed = Annotated[str, Flag("--seed", help="Seed of the random numbers, or 'random'.", metavar="N")]
MaxMemory = Annotated[
    str | None, Flag("--max-memory", help="Refuse to hold more, as 512M or 4G.", metavar="SIZE")
]
Distribution = Annotated[Vector, Operand("Probabilities that sum to 1.")]
First = Annotated[Vector, Operand("The distribution that is true.", flag="--p")]
Second = Annotated[Vector, Operand("The distribution that is believed.", flag="--q")]


def log_name(base: float) -> str:
    """Write a logarithm to a base as people do.

    >>> log_name(2.0), log_name(math.e)
    ('log2', 'ln')
    """
    return "ln" if base == math.e else f"log{base:g}"


FORMS = ("table", "plain", "csv", "tsv", "json", "markdown")


class Output(NamedTuple):
    """Options that every command has: what the answer looks like and where it goes."""

    format: Annotated[str, Flag("--format", metavar="FORM", choices=FORMS)] = ""
    json: Annotated[bool, Flag("--json", help="One JSON object a row, with every quantity.")] = False
    csv: Annotated[bool, Flag("--csv", help="Comma-separated, with a header.")] = False
    out: Annotated[
        str | None, Flag("--out", help="Write to FILE; the form by its suffix.", metavar="FILE")
    ] = None
    fields: Annotated[str, Flag("--fields", help="The quantities to print.", metavar="A,B")] = ""
    digits: Annotated[str, Flag("--digits", help="Significant digits.", metavar="N")] = ""
    decimals: Annotated[str, Flag("--decimals", help="Digits after the point.", metavar="N")] = ""
    no_header: Annotated[bool, Flag("--no-header", help="No header line.")] = False
    explain: Annotated[bool, Flag("--explain", help="Show each step with your numbers.")] = False
    plot: Annotated[bool, Flag("--plot", help="Draw; in a pipe, on standard error.")] = False
    all: Annotated[bool, Flag("--all", help="Show every row of a long table.")] = False
    ascii: Annotated[bool, Flag("--ascii", help="Draw with ASCII signs only.")] = False


MISSING, INVALID = ("error", "skip", "nan"), ("stop", "skip", "nan")
READ = ("text", *(suffix[1:] for suffix in SUFFIXES))


class Input(NamedTuple):
    """Options of every command that reads rows."""

    labels: Annotated[str, Flag("--labels", help="Names of the entries.", metavar="A,B")] = ""
    rows: Annotated[bool, Flag("--rows", help="Single numbers are rows, not a column.")] = False
    column: Annotated[
        str | None, Flag("--column", help="A column of a table as one vector.", metavar="NAME|N")
    ] = None
    key: Annotated[str | None, Flag("--key", help="The key to read in JSON.", metavar="KEY")] = None
    header: Annotated[bool, Flag("--header", help="The first line is a header.")] = False
    delimiter: Annotated[str | None, Flag("--delimiter", help="What separates cells.", metavar="SIGN")] = None
    missing: Annotated[
        str,
        Flag("--missing", help="Empty cells: error, skip the row, or nan.", metavar="WHAT", choices=MISSING),
    ] = "error"
    invalid: Annotated[
        str,
        Flag(
            "--invalid", help="Rows without an answer: stop, skip, or nan.", metavar="WHAT", choices=INVALID
        ),
    ] = "stop"
    input_format: Annotated[
        str | None,
        Flag("--input-format", help="Read as csv, npy, safetensors, ...", metavar="FORM", choices=READ),
    ] = None
    max_memory: MaxMemory = None
