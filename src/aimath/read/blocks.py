"""Blocks of rows, bad rows, read options and memory limits, shared by all readers."""

from __future__ import annotations

import os
import re
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from aimath.errors import InputError
from aimath.text import display_path, quote

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from aimath.core.numerics.types import Array

GIB = 1 << 30
UNIT_ROWS = 1 << 16
"""Rows of a stored array that are one unit of work, counted from the start."""
NO_IDS: Mapping[str, Sequence[str]] = MappingProxyType({})
NO_COLUMNS: Mapping[str, str] = MappingProxyType({})
STDIN = "<stdin>"
WORDS = ("king", "queen", "man", "woman")
"""The guide's words: each is a vector of four numbers."""
FORMAT_BY_SUFFIX = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".txt": "text",
    ".json": "json",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".npy": "npy",
    ".npz": "npz",
    ".safetensors": "safetensors",
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
}
COMPRESSIONS = {".gz": "gzip", ".bz2": "bzip2", ".xz": "xz", ".zst": "zstd"}
_ARCHIVES = (".npz", ".safetensors")
_TABLES = tuple(suffix for suffix in FORMAT_BY_SUFFIX if suffix not in {".npy", *_ARCHIVES})


@cache
def _named_part(suffixes: tuple[str, ...], part: str) -> str:
    """Return the pattern of a file with one of some suffixes, perhaps compressed, and what is named in it."""
    file, compressed = ("|".join(map(re.escape, several)) for several in (suffixes, COMPRESSIONS))
    return rf"(?is)(.+?(?:{file})(?:{compressed})?):({part})"


class RowRange(NamedTuple):
    """The rows of stored arrays that are read, in blocks that end where a unit of so many rows does."""

    start: int = 0
    stop: int | None = None  # None: to the end
    unit_rows: int = UNIT_ROWS


class Origin(NamedTuple):
    """Where the rows of an operand were read."""

    source: str  # "<stdin>", "data.csv", "" for arguments
    lines: Sequence[int]  # (rows,) the line (or row of an .npy) of each, from 1; one for all rows
    columns: tuple[int, ...] = ()  # of the table, from 0, that the entries were picked from
    is_column: bool = False  # came as a column, an entry a line
    is_for_all: bool = False  # a single row, for all rows of the others

    def slice_rows(self, start: int, stop: int) -> Origin:
        """Return the origin of a slice of the rows; that of a single row for all is kept."""
        return self if len(self.lines) == 1 else self._replace(lines=self.lines[start:stop])


NO_ORIGINS: Mapping[str, Origin] = MappingProxyType({})


class Block(NamedTuple):
    """Rows of equal length, one array per operand."""

    operands: dict[str, Array]  # name -> (rows, n), or (1, n) for all rows; matrices (rows, r, c)
    source: str  # "<stdin>", "data.csv", "" for arguments
    lines: Sequence[int]  # (rows,) the line (or row of an .npy) of each, from 1
    labels: tuple[str, ...] = ()  # (n,) names of the entries, or none
    is_column: bool = False  # came as a column: one vector, answered as a column
    row_labels: tuple[str, ...] = ()  # names of the rows; of a matrix, of its own rows
    notes: tuple[str, ...] = ()  # what happened to the numbers on their way, such as rounding
    missing: int = 0  # entries of the column that were missing and passed over
    is_empty: bool = False  # stands for a stdin without rows, whose operands are (1, 0)
    ids: Mapping[str, Sequence[str]] = NO_IDS  # (rows,) what is carried through to the answer, by name
    columns: tuple[int, ...] = ()  # of the table, from 0, that the entries were picked from
    said: tuple[str, ...] = ()  # what was seen, which people are told
    is_named: bool = False  # the names of its rows are a column that was asked for
    unit: int | None = None  # of its stored array, if units were asked for; None of all else
    origins: Mapping[str, Origin] = NO_ORIGINS  # of each operand, where they come from several sources

    def origin(self, operand: str | None) -> Origin:
        """Return where an operand was read; of None, the rows."""
        of_rows = Origin(self.source, self.lines, self.columns, self.is_column)
        return self.origins.get(operand or "", of_rows)

    def slice_rows(self, start: int, stop: int) -> Block:
        """Return a slice of the rows; operands with a single row are kept."""
        if start == 0 and stop == len(self.lines):
            return self
        operands = {
            name: rows if len(rows) == 1 else rows[start:stop] for name, rows in self.operands.items()
        }
        named = self.row_labels
        if len(named) == len(self.lines):  # else the one row is a matrix, and they are its own
            named = named[start:stop]
        ids = {name: texts[start:stop] for name, texts in self.ids.items()}
        origins = {name: origin.slice_rows(start, stop) for name, origin in self.origins.items()}
        return self._replace(
            operands=operands, lines=self.lines[start:stop], row_labels=named, ids=ids, origins=origins
        )


class BadRow(NamedTuple):
    """A row that can't be read, in its place among the others."""

    error: InputError  # its `entry` is the column, from 0
    source: str
    line: int  # from 1
    width: int  # entries the row had
    labels: tuple[str, ...] = ()  # what its entries would be called
    ids: Mapping[str, Sequence[str]] = NO_IDS  # (1,) as a block has them


class ReadOptions(NamedTuple):
    """Options for parsing text into rows.

    `missing` is about empty cells and NA: an error; or "skip" leaves out the entry of a column, the
    row of a table; or "nan". `column` picks columns of a table: one by its name or number, from 1, is one
    vector; lists, ranges and globs, and what `exclude` leaves, are rows.
    """

    rows: bool = False  # one number a line is a row of one, not a column
    column: str | Sequence[str] | None = None
    exclude: Sequence[str] = ()
    id: Sequence[str] = ()  # columns that are carried through
    row_labels: str = ""  # names of the rows, or the column that has them
    key: str | None = None  # the member of JSON objects, the array of an .npz
    delimiter: str | None = None
    decimal: str = "."  # the sign before the digits of a fraction
    header: bool = False  # the first line names the columns even if it is numeric
    missing: Literal["error", "skip", "nan"] = "error"
    input_format: str | None = None
    max_memory: int | None = None  # bytes; None: memory_limit()
    seed: int = 0  # of randn:MxN
    by_column: bool = False  # a table is read as columns of numbers and of texts
    range: RowRange | None = None  # of stored arrays that have several rows: which are read; None: all

    @property
    def columns(self) -> tuple[str, ...]:
        """The texts that ask for columns."""
        return (self.column,) if isinstance(self.column, str) else tuple(self.column or ())

    @property
    def picks(self) -> bool:
        """Whether a column of a table is asked for."""
        return bool(self.columns or self.exclude or self.id)


BlockIterator: TypeAlias = "Iterator[Block | BadRow]"


def resolve_input_format(name: str | None) -> str | None:
    """Return the format that --input-format names."""
    form = (
        None if name is None else FORMAT_BY_SUFFIX.get(f".{name.lower()}", "text" if name == "text" else "")
    )
    if form == "":
        known = ", ".join(suffix[1:] for suffix in FORMAT_BY_SUFFIX)
        raise InputError(f"--input-format {quote(name or '')} is not one of {known}", usage=True)
    return form


def has_known_suffix(token: str) -> bool:
    """Return whether a token without @ is a file, by its suffix alone."""
    return data_suffix(split_column(split_archive_path(token)[0])[0]) in FORMAT_BY_SUFFIX


def data_suffix(path: str) -> str:
    """Return the suffix that says what a file holds, beneath one that says how it is compressed.

    >>> data_suffix("x.csv.gz"), data_suffix("x.npy"), data_suffix("x.gz")
    ('.csv', '.npy', '')
    """
    suffix = file_suffix(path)
    return file_suffix(path[: -len(suffix)]) if suffix in COMPRESSIONS else suffix


def file_suffix(path: str) -> str:
    """Return a path's suffix in lower case, without importing pathlib.

    >>> file_suffix("data/x.NPY"), file_suffix("a.csv/b"), file_suffix(".csv")
    ('.npy', '', '')
    """
    stem, dot, end = path.rpartition("/")[2].rpartition(".")
    return f"{dot}{end.lower()}" if stem else ""


def is_dataset(text: str) -> bool:
    """Return whether a token is a data set at hand: digits, digits:3#7, randn:3x4, or a word of the guide."""
    return text == "digits" or text.startswith(("digits:", "digits#", "randn:")) or text in WORDS


def split_archive_path(path: str) -> tuple[str, str | None]:
    """Return FILE.npz:NAME or FILE.safetensors:NAME split into path and name.

    >>> split_archive_path("model.safetensors:h.0:w"), split_archive_path("a:b.csv")
    (('model.safetensors', 'h.0:w'), ('a:b.csv', None))
    """
    found = re.fullmatch(_named_part(_ARCHIVES, ".*"), path)
    return (found[1], found[2]) if found else (path, None)


def split_column(path: str) -> tuple[str, str | None]:
    """Return FILE.csv:COLUMN, or -:COLUMN, split into path and column; a path that exists is one.

    >>> split_column("preds.csv:label"), split_column("-:p_*"), split_column("model.npz:a")
    (('preds.csv', 'label'), ('-', 'p_*'), ('model.npz:a', None))
    """
    if path.startswith("-:"):
        return "-", path[2:]
    found = re.fullmatch(_named_part(_TABLES, ".+"), path)
    if not found or os.path.exists(path):  # noqa: PTH110  pathlib takes 2 ms to load
        return path, None
    return found[1], found[2]


def memory_limit() -> int:
    """Return the bytes that may be held: the least of 2 GiB, half the free memory and the limits set."""
    bounds = [2 * GIB]
    free = [line for line in _read_lines("/proc/meminfo") if line.startswith("MemAvailable:")]
    bounds += [int(line.split()[1]) * 1024 // 2 for line in free]
    bounds += [int(line) for line in _read_lines("/sys/fs/cgroup/memory.max") if line.strip().isdigit()]
    try:
        import resource  # noqa: PLC0415  not on Windows, and only asked when something is held whole
    except ImportError:
        return min(bounds)
    space = resource.getrlimit(resource.RLIMIT_AS)[0]
    return min(bounds) if space == resource.RLIM_INFINITY else min(*bounds, space)


def _read_lines(path: str) -> list[str]:
    from pathlib import Path

    try:
        return Path(path).read_text("ascii").splitlines()
    except (OSError, ValueError):
        return []


def check_budget(size: int, description: str, limit: int | None, *, alternative: str = "") -> None:
    """Raise InputError if `size` bytes exceed the memory limit.

    `instead` is another way out than more memory.

    >>> check_budget(3 << 30, "a column", 1 << 30)
    Traceback (most recent call last):
    aimath.errors.InputError: a column needs 3.00 GiB; the limit is 1.00 GiB; use --max-memory 4G
    """
    if size <= 1 << 24 and limit is None:
        return  # nobody runs aimath with less; and the limit takes files to find out
    bound = memory_limit() if limit is None else limit
    if size > bound:
        raise InputError(
            f"{description} needs {format_size(size)}; the limit is {format_size(bound)}",
            hint=f"use {alternative and f'{alternative} or '}--max-memory {size // GIB + 1}G",
        )


def check_text_budget(
    data: bytes, separators: tuple[bytes, ...], description: str, limit: int | None
) -> None:
    """Raise InputError if parsing a whole text would exceed the memory limit.

    A cell takes up to 160 bytes until it is a number, and an array or an object of JSON 320 (measured).
    """
    cells = sum(map(data.count, separators)) + 2 * (data.count(b"[") + data.count(b"{"))
    check_budget(4 * len(data) + 160 * cells, description, limit)


def format_size(size: int) -> str:
    """Return a size in GiB or MiB.

    >>> format_size(3 << 30), format_size(5 << 20)
    ('3.00 GiB', '5.00 MiB')
    """
    return f"{size / GIB:.2f} GiB" if size >= GIB // 10 else f"{size / (1 << 20):.2f} MiB"


class Accumulator:
    """An accumulator of rows that are answered together (a column, a matrix), within the memory limit."""

    def __init__(self, description: str, limit: int | None) -> None:
        self.description, self.limit = description, limit
        self.clear()

    def clear(self) -> None:
        """Remove all rows."""
        self.blocks: list[Array] = []
        self.labels: list[str] = []
        self.row_labels: list[str] = []
        self.ids: dict[str, list[str]] = {}
        self.notes: dict[str, None] = {}
        self.rows = self.first_line = 0

    def add_names(self, block: Block) -> None:
        """Add the names of a block's rows, what is carried through of them, and what is said."""
        self.notes |= dict.fromkeys(block.notes)
        self.row_labels.extend(block.row_labels)
        for name, texts in block.ids.items():
            self.ids.setdefault(name, []).extend(texts)

    def add(self, rows: Array, line: int, labels: tuple[str, ...] = ()) -> None:
        """Add rows (r, n) that start at `first_line`."""
        self.first_line = self.first_line or line
        self.rows += len(rows)
        size = self.rows * rows[0].nbytes * 2  # the pieces and, for a moment, the whole
        if size > 1 << 24 and self.limit is None:
            self.limit = memory_limit()
        check_budget(size, f"{self.description} of {self.rows} rows or more", self.limit)
        self.blocks.append(rows)
        self.labels.extend(labels)

    def concatenated(self) -> Array:
        """Return all rows as one array (rows, n)."""
        import numpy as np

        return self.blocks[0] if len(self.blocks) == 1 else np.concatenate(self.blocks)


def with_location(bad_row: BadRow) -> InputError:
    """Return a bad row's error with its location in front: data.csv:7:2: ..."""
    error = bad_row.error
    column = "" if error.entry is None else f":{error.entry + 1}"
    place = (
        f"{display_path(bad_row.source)}:{bad_row.line}{column}" if bad_row.source else f"row {bad_row.line}"
    )
    return error.within(place)


class Row(NamedTuple):
    """The operands of one line, each with a leading axis of rows."""

    operands: dict[str, Array]  # name -> (1, n), or (1, r, c)
    labels: tuple[str, ...] = ()
    ids: Mapping[str, Sequence[str]] = NO_IDS  # of a table: what is carried through
    row_labels: tuple[str, ...] = ()  # and the row's name
    said: tuple[str, ...] = ()  # what was seen, which people are told
    is_whole: bool = False  # one vector, entry by entry


class RowLayout:
    """How one source is split into rows, partly decided by its format and first lines."""

    def __init__(
        self,
        source: str,
        names: Sequence[str],
        read_options: ReadOptions,
        *,
        matrix_names: Collection[str] = (),
        keyed_names: Collection[str] = (),
        optional_names: Collection[str] = (),
        per_row_names: Collection[str] = (),
        stacked: bool = False,
        asked: Mapping[str, str] = NO_COLUMNS,
        class_names: Sequence[str] = (),
        response_name: str = "",
        distributions: Collection[str] = (),
        is_unsettled: bool = True,
        is_alone: bool = False,
    ) -> None:
        self.source, self.names, self.read_options = source, tuple(names), read_options
        self.matrix_names, self.keyed_names = matrix_names, keyed_names
        self.stacked = stacked  # of matrices the axis before them is kept with them
        self.asked = asked  # operand -> the columns, or the key, that it is told to be
        self.distributions = distributions  # operands whose rows are probabilities, which sum to 1
        self.response_name = response_name  # the operand that a response of a language model holds
        self.is_unsettled = is_unsettled  # no option says yet what the numbers are
        self.is_alone = is_alone  # nothing else is read, whose options these might be
        self.is_scalar = False  # an object of JSON holds one number, under --key
        self.passed_over = 0  # rows or entries that were, for what they miss, since this was last asked for
        self.class_names = class_names  # what the classes of an operand with one number a row are called
        self.per_row_names = per_row_names  # of whose numbers each belongs to a row
        self.format_name = resolve_input_format(read_options.input_format)  # None: by suffix or content
        self.optional_names = optional_names  # members of JSON objects that are taken if they are there
        self.labels: tuple[str, ...] = ()
        self.width = 0
        self.blank_lines_separate = True  # whether a blank line ends what came before
        self.set_format("text")

    def count_passed_over(self) -> int:
        """Return how many rows or entries were passed over since the last call."""
        count, self.passed_over = self.passed_over, 0
        return count

    def set_format(self, format_name: str) -> None:
        """Set the options of a format: csv, tsv, text or ndjson."""
        self.strict = format_name in ("csv", "tsv")  # every row as long as the first
        self.json_lines = format_name == "ndjson"  # every line is JSON, even a bare number
        self.delimiter = _resolve_delimiter(self.read_options, format_name)


def _resolve_delimiter(how: ReadOptions, format_name: str) -> str | None:
    """Return the cell delimiter, or None for blanks and commas, or semicolons where commas are decimal."""
    given = how.delimiter
    if how.decimal not in (".", ","):
        why = f"{quote(how.decimal)} is no decimal sign"
        raise InputError(why, hint="use --decimal , or leave it out", usage=True).within("--decimal")
    if given is None:
        comma = ";" if how.decimal == "," else ","
        return {"csv": comma, "tsv": "\t"}.get(format_name)
    one = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "blank": " ", "space": " "}.get(
        given, given
    )
    if len(one) != 1 or not one.isascii() or one.isalnum() or one in "\"'+-.%/=#\r\n\0[]{}":
        why = f"--delimiter {quote(given)} can't separate numbers"
        raise InputError(why, hint="give one sign such as , ; or |, or the word tab", usage=True)
    if one == how.decimal:
        why = "a comma can't be both --delimiter and --decimal"
        raise InputError(why, hint="use --delimiter ';'", usage=True)
    return one
