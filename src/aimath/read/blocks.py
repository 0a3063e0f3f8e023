"""What every reader gives: blocks of rows, rows that can't be read, and the price of holding them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from aimath.errors import InputError
from aimath.text import echo, whence

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from aimath.core.numerics.types import Array

GIB = 1 << 30
STDIN = "<stdin>"
SUFFIXES = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".txt": "text",
    ".json": "json",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".npy": "npy",
    ".npz": "npz",
    ".safetensors": "safetensors",
}
_OF_SEVERAL = re.compile(r"(.+?\.(?:npz|safetensors)):(.*)", re.DOTALL | re.IGNORECASE)


class Block(NamedTuple):
    """Rows of equal length, one array an operand; what is answered at once."""

    operands: dict[str, Array]  # name -> (rows, n), or (1, n) for all rows; matrices (rows, r, c)
    source: str  # "<stdin>", "data.csv", "" for arguments
    lines: Sequence[int]  # (rows,) the line (or row of an .npy) of each, from 1
    labels: tuple[str, ...] = ()  # (n,) names of the entries, or none
    column: bool = False  # came as a column: one vector, answered as a column
    row_labels: tuple[str, ...] = ()  # names of the rows; of a matrix, of its own rows
    notes: tuple[str, ...] = ()  # what happened to the numbers on their way, such as rounding

    def part(self, start: int, stop: int) -> Block:
        """Give some of the rows; operands of one row belong to all."""
        if start == 0 and stop == len(self.lines):
            return self
        operands = {
            name: rows if len(rows) == 1 else rows[start:stop] for name, rows in self.operands.items()
        }
        named = self.row_labels
        if len(named) == len(self.lines):  # else the one row is a matrix, and they are its own
            named = named[start:stop]
        return self._replace(operands=operands, lines=self.lines[start:stop], row_labels=named)


class BadRow(NamedTuple):
    """A row that can't be read, in its place among the others; the stream goes on behind it."""

    error: InputError  # its `entry` is the column, from 0
    source: str
    line: int  # from 1
    width: int  # entries the row had
    labels: tuple[str, ...] = ()  # what its entries would be called


class Reading(NamedTuple):
    """How text becomes rows, as far as the user has said.

    `missing` is about empty cells and NA: an error; or "skip" leaves out the entry of a column, the
    row of a table; or "nan". `column` picks one column of a table, by name or from 1, as one vector.
    """

    rows: bool = False  # one number a line is a row of one, not a column
    column: str | None = None
    key: str | None = None  # the member of JSON objects, the array of an .npz
    delimiter: str | None = None
    header: bool = False  # the first line names the columns even if it is numeric
    missing: Literal["error", "skip", "nan"] = "error"
    input_format: str | None = None
    max_memory: int | None = None  # bytes; None: memory_limit()
    seed: int = 0  # of randn:MxN


Pieces: TypeAlias = "Iterator[Block | BadRow]"


def asked_form(name: str | None) -> str | None:
    """Give the form that --input-format names."""
    form = None if name is None else SUFFIXES.get(f".{name.lower()}", "text" if name == "text" else "")
    if form == "":
        known = ", ".join(suffix[1:] for suffix in SUFFIXES)
        raise InputError(f"--input-format {echo(name or '')} is not one of {known}", usage=True)
    return form


def is_path(token: str) -> bool:
    """Tell whether a token without @ names a file that could be read: by its suffix alone."""
    return suffix(cut(token)[0]) in SUFFIXES


def suffix(path: str) -> str:
    """Give a file's suffix in lower case, as pathlib does, whose import takes 2 ms.

    >>> suffix("data/x.NPY"), suffix("a.csv/b"), suffix(".csv")
    ('.npy', '', '')
    """
    stem, dot, end = path.rpartition("/")[2].rpartition(".")
    return f"{dot}{end.lower()}" if stem else ""


def is_named(text: str) -> bool:
    """Tell whether a token names rows that come from no file: digits, digits:0,1 or randn:3x4."""
    return text == "digits" or text.startswith(("digits:", "randn:"))


def cut(path: str) -> tuple[str, str | None]:
    """Cut FILE.npz:NAME or FILE.safetensors:NAME in two; the name may hold anything.

    >>> cut("model.safetensors:h.0:w"), cut("a:b.csv")
    (('model.safetensors', 'h.0:w'), ('a:b.csv', None))
    """
    found = _OF_SEVERAL.fullmatch(path)
    return (found[1], found[2]) if found else (path, None)


def memory_limit() -> int:
    """Bytes that may be held: the least of 2 GiB, half of what is free, and the limits set on us."""
    bounds = [2 * GIB]
    free = [line for line in _lines("/proc/meminfo") if line.startswith("MemAvailable:")]
    bounds += [int(line.split()[1]) * 1024 // 2 for line in free]
    bounds += [int(line) for line in _lines("/sys/fs/cgroup/memory.max") if line.strip().isdigit()]
    try:
        import resource  # noqa: PLC0415  not on Windows, and only asked when something is held whole
    except ImportError:
        return min(bounds)
    space = resource.getrlimit(resource.RLIMIT_AS)[0]
    return min(bounds) if space == resource.RLIM_INFINITY else min(*bounds, space)


def _lines(path: str) -> list[str]:
    from pathlib import Path

    try:
        return Path(path).read_text("ascii").splitlines()
    except (OSError, ValueError):
        return []


def price(size: int, what: str, limit: int | None, *, instead: str = "") -> None:
    """Refuse to hold `size` bytes past the limit; `what` begins the sentence ("a column of 9 numbers").

    `instead` is another way out than more memory.

    >>> price(3 << 30, "a column", 1 << 30)
    Traceback (most recent call last):
    aimath.errors.InputError: a column needs 3.00 GiB; the limit is 1.00 GiB; use --max-memory 4G
    """
    if size <= 1 << 24 and limit is None:
        return  # nobody runs aimath with less; and the limit takes files to find out
    bound = memory_limit() if limit is None else limit
    if size > bound:
        raise InputError(
            f"{what} needs {_spoken(size)}; the limit is {_spoken(bound)}",
            hint=f"use {instead and f'{instead} or '}--max-memory {size // GIB + 1}G",
        )


def price_text(data: bytes, separators: tuple[bytes, ...], what: str, limit: int | None) -> None:
    """Refuse to take text apart that is read as a whole, if its cells are too many.

    A cell takes up to 160 bytes until it is a number, and an array or an object of JSON 320 (measured).
    """
    cells = sum(map(data.count, separators)) + 2 * (data.count(b"[") + data.count(b"{"))
    price(4 * len(data) + 160 * cells, what, limit)


def _spoken(size: int) -> str:
    """Write a size so that its first digits are seen.

    >>> _spoken(3 << 30), _spoken(5 << 20)
    ('3.00 GiB', '5.00 MiB')
    """
    return f"{size / GIB:.2f} GiB" if size >= GIB // 10 else f"{size / (1 << 20):.2f} MiB"


class Held:
    """Gathers rows that must be answered together (a column, a matrix), within the price."""

    def __init__(self, what: str, limit: int | None) -> None:
        self.what, self.limit = what, limit
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self.parts: list[Array] = []
        self.labels: list[str] = []
        self.rows = self.line = 0

    def add(self, rows: Array, line: int, labels: tuple[str, ...] = ()) -> None:
        """Take rows (r, n) that begin at `line`."""
        self.line = self.line or line
        self.rows += len(rows)
        size = self.rows * rows[0].nbytes * 2  # the pieces and, for a moment, the whole
        if size > 1 << 24 and self.limit is None:
            self.limit = memory_limit()
        price(size, f"{self.what} of {self.rows} rows or more", self.limit)
        self.parts.append(rows)
        self.labels.extend(labels)

    def whole(self) -> Array:
        """All rows as one array (rows, n)."""
        import numpy as np

        return self.parts[0] if len(self.parts) == 1 else np.concatenate(self.parts)


def located(row: BadRow) -> InputError:
    """Give a bad row's error with its place in front, as grep writes it: data.csv:7:2: ..."""
    error = row.error
    column = "" if error.entry is None else f":{error.entry + 1}"
    place = f"{whence(row.source)}:{row.line}{column}" if row.source else f"row {row.line}"
    return InputError(f"{place}: {error.why}", hint=error.hint)


class Row(NamedTuple):
    """What one line holds: an array an operand, with an axis of rows in front."""

    operands: dict[str, Array]  # name -> (1, n), or (1, r, c)
    labels: tuple[str, ...] = ()


class Layout:
    """How one source becomes rows; its form and its first lines settle what is left open."""

    def __init__(
        self,
        source: str,
        names: Sequence[str],
        reading: Reading,
        *,
        matrices: Collection[str] = (),
        named: Collection[str] = (),
        optional: Collection[str] = (),
    ) -> None:
        self.source, self.names, self.reading = source, tuple(names), reading
        self.matrices, self.named = matrices, named
        self.form = asked_form(reading.input_format)  # None: by suffix or content
        self.optional = optional  # members of JSON objects that are taken if they are there
        self.labels: tuple[str, ...] = ()
        self.pick: int | None = None
        self.width = 0
        self.gaps = True  # whether a blank line ends what came before
        self.settle("text")

    def settle(self, form: str) -> None:
        """Take on the ways of a format: csv, tsv, text, ndjson."""
        self.strict = form in ("csv", "tsv")  # every row as long as the first
        self.json = form == "ndjson"  # every line is JSON, even a bare number
        self.by_json = self.json  # whether the first record is
        self.delimiter = _delimiter(self.reading.delimiter, form)


def _delimiter(given: str | None, form: str) -> str | None:
    """Settle what separates cells: None is blanks, tabs and commas."""
    if given is None:
        return {"csv": ",", "tsv": "\t"}.get(form)
    one = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "blank": " ", "space": " "}.get(
        given, given
    )
    if len(one) != 1 or not one.isascii() or one.isalnum() or one in "\"'+-.%/=#\r\n\0[]{}":
        why = f"--delimiter {echo(given)} can't separate numbers"
        raise InputError(why, hint="give one sign such as , ; or |, or the word tab", usage=True)
    return one
