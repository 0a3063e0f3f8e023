"""Parameter specs shared by all commands: flags, help text and how values are parsed.

Annotations are evaluated here, once: they are what the options of reading and writing are made of.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from aimath.read.blocks import FORMAT_BY_SUFFIX, ReadOptions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from aimath.read.matrices import RowBlocks

NO_KEYWORDS: Mapping[str, float] = MappingProxyType({})


class Operand(NamedTuple):
    """A vector that a command works on: from arguments, its flag, a file or standard input.

    What is a `distribution` is no single number. `responses` of language models may hold it: it is then
    what the command gets, whatever usage was asked for.
    `per_row` makes its entries belong to one row each (`--target 0,2,1`); `repeatable` lets the flag be
    given more than once, and the command gets a list of arrays; `matrix` takes all rows together;
    a matrix that is `streamed` comes as blocks that can be read again (RowBlocks) where it is too
    large to be held; what is `keyed` may be a JSON object of numbers by name; `seeded` gives the command
    a --seed, which only the reading of randn:MxN asks for. Where one of the options that it is `stacked`
    beside is given, an array of more than two axes is no row of matrices: its last three stay together.
    """

    help: str
    flag: str = ""
    per_row: bool = False
    repeatable: bool = False
    matrix: bool = False
    streamed: bool = False
    keyed: bool = False
    seeded: bool = False
    distribution: bool = False
    stacked: tuple[str, ...] = ()
    responses: bool = False


class Number(NamedTuple):
    """A real option that may be swept: repeats, lists, lin:A:B:N, log:A:B:N.

    With `vectorized` the command gets all values at once, and answers them from one computation.
    Swept values stand in answers as the `quantity`, by default one of the parameter's name. One that
    `counts` may say how many entries a row must have.
    """

    flags: tuple[str, ...]
    help: str
    named_values: Mapping[str, float] = NO_KEYWORDS
    vectorized: bool = False
    quantity: str = ""
    counts: bool = False


class Integer(NamedTuple):
    """An integer option from `low` to `high` that may be swept by repeats and lists, as a Number may.

    With `binary` it may be written as 32k, which is 32 * 1024.
    """

    flags: tuple[str, ...]
    help: str
    low: int = 0
    high: int = 10**18 - 1
    vectorized: bool = False
    quantity: str = ""
    binary: bool = False


class Option(NamedTuple):
    """Any other option: a switch, or one that takes text, as the parameter's type says."""

    flag: str
    help: str = ""  # nothing: its choices say it
    metavar: str = ""
    choices: tuple[str, ...] = ()  # all that the text may be, where that is known


class TextArguments(NamedTuple):
    """Positional arguments that are not numbers, passed to the parameter as a list of strings.

    What is `implies_explain` is a text for people, in a pipe too. Of `lines` @FILE stands for the lines of
    the file and - for those of standard input, and so do no arguments but assignments (x=3).
    With `read` the parameter is a function without arguments that gives what is read of the strings: once
    for all runs of a sweep, when it is asked.
    """

    help: str
    metavar: str
    implies_explain: bool = False
    lines: bool = False
    read: Callable[[list[str]], Any] | None = None


class Supplied(NamedTuple):
    """What the runner gives to a parameter, which has no flag."""

    what: str


class Reduction(NamedTuple):
    """How all rows that are read become one answer: an accumulator gets them block by block.

    `make` is called with the options that are its `settings`, and returns what has an `update` that takes
    the operands' rows by name, a `pass_over` for a row that is bad, and `merge`, `state` and `restore` for
    what was learnt of other units; what is `whole` is one unit. With `tables` the rows of text come
    as Columns (read/text/_columns.py), which may be texts. Operands that are `apart` have rows of their own,
    as many as they are: they come one after the other, not in step.
    """

    make: Callable[..., Any]
    settings: tuple[str, ...] = ()
    tables: bool = False
    apart: bool = False
    whole: bool = False


class Usage(NamedTuple):
    """One way to call a command: the operands it needs, and the parameters that select it.

    What is listed `trailing` them is taken from further arguments, but never waited for. `example` is a
    call that selects it; of the first usage it is the command's own. An operand that stands alone where
    the first usage needs several selects the usage that has `lone` options, with these values. Operands
    `beside` them go with it, by their flags alone. With a `reduction` the command is called once, with
    what an accumulator learnt of all rows.
    """

    operands: tuple[str, ...]
    selected_by: tuple[str, ...] = ()
    trailing: tuple[str, ...] = ()
    example: str = ""
    lone: tuple[tuple[str, str], ...] = ()
    reduction: Reduction | None = None
    beside: tuple[str, ...] = ()


class Applies(NamedTuple):
    """Where options of a command do anything: on the command line they are refused elsewhere.

    That is where the parameter `beside` is given, or has one of some `values`; where not `given`,
    it is where that parameter isn't.
    """

    options: tuple[str, ...]
    beside: str
    values: tuple[str, ...] = ()
    given: bool = True


if TYPE_CHECKING:
    Vector = NDArray[np.float64]
    ArrayOrRowBlocks = Vector | RowBlocks
else:
    Vector = ArrayOrRowBlocks = Any  # numpy is not imported for an annotation
ABSENT: Any = None
"""The default of an operand that another form of the command doesn't have."""
Base = Annotated[
    float, Number(("--base",), "Base of the logarithm: 2 gives bits, e nats, 10 hartleys.", {"e": math.e})
]
Temperature = Annotated[
    float, Number(("--temperature", "-T"), "Divide the logits by T; 0 takes the largest, inf is uniform.")
]
Normalize = Annotated[bool, Option("--normalize", help="Take weights or counts: divide by their sum.")]
AreLogits = Annotated[bool, Option("--logits", help="The numbers are logits.")]
AreLogProbs = Annotated[bool, Option("--log-probs", help="The numbers are natural log-probabilities.")]
IGNORE = Option("--ignore", help="Pass over rows of this target, as -100.", metavar="N")
Ignore = Annotated[str, IGNORE]
"""The target whose rows are passed over before the command is asked."""
SEED = Option("--seed", help="Seed of the random numbers, or 'random'.", metavar="N")
Seed = Annotated[str, SEED]
"""The seed, which is drawn by the runner where it is 'random'."""
MAX_MEMORY = Option("--max-memory", help="Refuse to hold more, as 512M or 4G.", metavar="SIZE")
MaxMemory = Annotated[str | None, MAX_MEMORY]
"""The memory limit as it was typed: the option of a command without operands, which has none by itself."""
MEMORY_LIMIT = Supplied("--max-memory in bytes, or None")
MemoryLimit = Annotated[int | None, MEMORY_LIMIT]
"""The memory limit in bytes, for a command that prices its answer."""
TABLE = Option("--data", help="A table that mean(...) and sum(...) go over, - for stdin.", metavar="FILE")
TableFile = Annotated[str, TABLE]
"""The file that a formula's means and sums go over, whose columns it names."""
READING = Supplied("how text is read")
Reading = Annotated[ReadOptions, READING]
ENTRY_LABELS = Supplied("the names of the entries")
EntryLabels = Annotated[tuple[str, ...], ENTRY_LABELS]
ROW_NUMBERS = Supplied("the numbers of the rows, from 1 in all that is read")
RowNumbers = Annotated[Sequence[int], ROW_NUMBERS]


OPERAND_WORDS = Supplied("how the operands were given")
GivenOperands = Annotated[tuple[Sequence[str], Sequence[str]], OPERAND_WORDS]
"""The operands that were given by their options, and the words typed for the others."""
MISSING_ROW = Supplied("whether the row is missing, so that only the shape of the answer matters")
MissingRow = Annotated[bool, MISSING_ROW]
EACH_COLUMN = Option("--each-column", help="Describe every column of a table, texts too.")
EachColumn = Annotated[bool, EACH_COLUMN]
"""Whether columns are answered, a row each: also where several are picked."""
VECTORS = Option(
    "--vectors", help="Word vectors, whose words the operands are: text, or .npy.", metavar="FILE"
)
VectorsFile = Annotated[str, VECTORS]
"""The file of word vectors that the operands of a command are words of."""
WORD_LIST = Option("--words", help="The words of an .npy, one a line.  [default: its .txt]", metavar="FILE")
WordList = Annotated[str, WORD_LIST]
PLOT_ASKED = Supplied("whether a plot is drawn, which may need no operand")
PlotAsked = Annotated[bool, PLOT_ASKED]
ASKED_FIELDS = Supplied("the fields that alone are printed, or none")
AskedFields = Annotated[tuple[str, ...], ASKED_FIELDS]
"""The fields that alone are printed, none where everything may be: what they don't need is not computed."""
SOURCE = Supplied("what the rows are read from, such as digits:3")
Source = Annotated[str, SOURCE]
ACCUMULATED = Supplied("what the accumulator of a reduction learnt of all rows")
Accumulated = Annotated[Any, ACCUMULATED]
"""What the accumulator of a reduction learnt of all rows, None in other usages."""
SHARING = Supplied("how units of work are shared")
Sharing = Annotated[Any, SHARING]
"""What learns of units of work: here, by several processes, or one part of them (cli/division/sharing.py)."""
MISSING_COUNT = Supplied("how many entries of the column were missing and passed over")
MissingCount = Annotated[int, MISSING_COUNT]
HAS_HEADER = Supplied("whether the rows are of a table whose header names the entries")
HasHeader = Annotated[bool, HAS_HEADER]
Distribution = Annotated[Vector, Operand("Probabilities that sum to 1.", distribution=True)]
TrueDistribution = Annotated[Vector, Operand("The distribution that is true.", flag="--p", distribution=True)]
ModelDistribution = Annotated[
    Vector, Operand("The distribution that is believed.", flag="--q", distribution=True)
]


def log_name(base: float) -> str:
    """Return the usual name of a logarithm to a base.

    >>> log_name(2.0), log_name(math.e)
    ('log2', 'ln')
    """
    return "ln" if base == math.e else f"log{base:g}"


FORMATS = ("table", "plain", "csv", "tsv", "json", "markdown")


class OutputOptions(NamedTuple):
    """Output options of every command: format, destination, digits and plots."""

    format: Annotated[str, Option("--format", metavar="FORM", choices=FORMATS)] = ""
    json: Annotated[bool, Option("--json", help="One JSON object a row, with every quantity.")] = False
    csv: Annotated[bool, Option("--csv", help="Comma-separated, with a header.")] = False
    out: Annotated[
        str | None, Option("--out", help="Write to FILE; the form by its suffix.", metavar="FILE")
    ] = None
    fields: Annotated[str, Option("--fields", help="The quantities to print.", metavar="A,B")] = ""
    digits: Annotated[str, Option("--digits", help="Digits that are significant.", metavar="N")] = ""
    decimals: Annotated[str, Option("--decimals", help="Digits after the point.", metavar="N")] = ""
    no_header: Annotated[bool, Option("--no-header", help="No header line.")] = False
    explain: Annotated[bool, Option("--explain", help="Show each step with your numbers.")] = False
    plot: Annotated[bool, Option("--plot", help="Draw; in a pipe, on standard error.")] = False
    figure: Annotated[
        str | None, Option("--figure", help="Draw into a .svg, .png or .pdf.", metavar="FILE")
    ] = None
    log_y: Annotated[bool, Option("--log-y", help="Draw with a logarithmic y axis.")] = False
    all: Annotated[bool, Option("--all", help="Show every row of a long table.")] = False
    ascii: Annotated[bool, Option("--ascii", help="Draw with ASCII signs only.")] = False

    @property
    def draws(self) -> bool:
        """Whether a plot stands beside the answer: an option of how it is drawn asks for it too."""
        return self.plot or (self.log_y and self.figure is None)

    @property
    def asks_plot(self) -> bool:
        """Whether there is a plot, be it in a file of its own."""
        return self.draws or self.figure is not None

    @property
    def only_fields(self) -> tuple[str, ...]:
        """The fields that alone are printed: none where there is a derivation or a plot too."""
        named = tuple(part.strip() for part in self.fields.split(",") if part.strip())
        return () if self.explain or self.draws else named


MISSING_POLICIES, INVALID_POLICIES = ("error", "skip", "nan"), ("stop", "skip", "nan")
WORKERS = Option("--workers", help="Share the work among N processes.", metavar="N")
Workers = Annotated[str, WORKERS]
PART = Option("--part", help="Share it among N jobs: do part I.", metavar="I/N")
Part = Annotated[str, PART]
STATE = Option("--state", help="Write what a part learns, for combine.", metavar="FILE.npz")
StateFile = Annotated[str, STATE]
"""The file that what is learnt of a part goes to."""
DASK = Option("--dask", help="Share the work among a dask cluster.", metavar="tcp://HOST:PORT")
Dask = Annotated[str, DASK]
"""The address of the scheduler of a dask cluster that shares the work, or local; the answer is the same."""
INPUT_FORMATS = ("text", *(suffix[1:] for suffix in FORMAT_BY_SUFFIX))


Key = Annotated[str | None, Option("--key", help="The key to read in JSON.", metavar="KEY")]
Header = Annotated[bool, Option("--header", help="The first line is a header.")]
Delimiter = Annotated[str | None, Option("--delimiter", help="What separates cells.", metavar="SIGN")]
Decimal = Annotated[str, Option("--decimal", help="The decimal sign: a point, or a comma.", metavar="SIGN")]
Missing = Annotated[
    str,
    Option(
        "--missing",
        help="Empty cells: error, skip the row, or nan.",
        metavar="WHAT",
        choices=MISSING_POLICIES,
    ),
]
InputFormat = Annotated[
    str | None,
    Option(
        "--input-format", help="Read as csv, npy, safetensors, ...", metavar="FORM", choices=INPUT_FORMATS
    ),
]


class InputOptions(NamedTuple):
    """Input options of every command that reads rows."""

    labels: Annotated[str, Option("--labels", help="Names of the entries.", metavar="A,B")] = ""
    rows: Annotated[bool, Option("--rows", help="Single numbers are rows, not a column.")] = False
    column: Annotated[
        list[str] | None,
        Option(
            "--column",
            help="Columns of a table: one is one vector, several are rows.",
            metavar="NAME|N|2-5|'p_*'",
        ),
    ] = None
    exclude: Annotated[
        list[str] | None,
        Option("--exclude", help="Columns to leave out; all others are read.", metavar="COLUMNS"),
    ] = None
    id: Annotated[
        list[str] | None, Option("--id", help="Columns that name the rows of the answer.", metavar="COLUMNS")
    ] = None
    row_labels: Annotated[
        str, Option("--row-labels", help="Names of the rows, or their column.", metavar="A,B")
    ] = ""
    key: Key = None
    header: Header = False
    delimiter: Delimiter = None
    decimal: Decimal = "."
    missing: Missing = "error"
    invalid: Annotated[
        str,
        Option(
            "--invalid",
            help="Rows without an answer: stop, skip, or nan.",
            metavar="WHAT",
            choices=INVALID_POLICIES,
        ),
    ] = "stop"
    input_format: InputFormat = None
    max_memory: MaxMemory = None
    workers: Workers = ""
    part: Part = ""
    state: StateFile = ""
    dask: Dask = ""


class TableOptions(NamedTuple):
    """The table that formulas go over, and how it is read, for a command without operands."""

    data: TableFile = ""
    missing: Missing = "error"
    header: Header = False
    delimiter: Delimiter = None
    key: Key = None
    input_format: InputFormat = None
    batch: Annotated[
        Any,
        Integer(("--batch",), "Rows that an update goes over.  [default: all]", 1, 10**12, vectorized=True),
    ] = None
    seed: Seed = "0"

    def read_options(self, max_memory: int | None) -> ReadOptions:
        """Return the options of reading."""
        given = {key: value for key, value in self._asdict().items() if key in ReadOptions._fields}
        return ReadOptions(**given | {"max_memory": max_memory, "seed": 0})


TABLE_OPTIONS = (
    Applies(("missing", "header", "delimiter", "key", "input_format", "batch"), "data"),
    Applies(("seed",), "batch"),
)
"""Options that only a table gives something to do."""
