"""Tables by the names of their columns, of which only those that are wanted must hold numbers.

Names are a header's cells, with _ for what is no letter, digit or _ (`petal length` is petal_length); keys
of JSON objects; or x1, x2, ... where there are none.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from aimath.errors import InputError, join_and, pluralize
from aimath.read._sources import (
    detect_format,
    locate_errors,
    open_source,
    open_stdin,
    read_file,
    sniff_format,
)
from aimath.read._stream import Stream, line_chunks, open_file
from aimath.read.blocks import (
    STDIN,
    BadRow,
    check_budget,
    check_text_budget,
    memory_limit,
    split_archive_path,
    with_location,
)
from aimath.read.lines import has_piped_text
from aimath.read.text._fast_text import fast_parse
from aimath.read.text._rows import RowParser
from aimath.text import display_path, quote

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from aimath.core.numerics.types import Array, Indices
    from aimath.read.blocks import BlockIterator, ReadOptions

OPERAND = "data"
"""What the reader of rows calls them."""


class Table(NamedTuple):
    """The wanted columns of a table."""

    columns: dict[str, Array]  # (r,) by name
    row_numbers: Indices  # (r,) where each row stands in the table, from 1
    names: tuple[str, ...]  # of all columns
    skipped: int  # rows left out, as a cell was missing


def read_table(token: str, wanted: Collection[str], read_options: ReadOptions, stdin: int | None) -> Table:
    """Return those columns of a table that have a wanted name; `token` is FILE, @FILE, or - for stdin."""
    if read_options.missing == "nan":
        why = "a mean over missing cells is missing"
        raise InputError(why, hint="use --missing skip", usage=True).within("--missing nan")
    source = _open(token.strip(), read_options, stdin)
    names, columns = source.columns(wanted)
    if not names:
        raise InputError("there are no rows").within(display_path(source.name))
    return _without_missing(source, names, columns)


def _without_missing(source: _Source, names: tuple[str, ...], columns: dict[str, Array]) -> Table:
    import numpy as np

    if not columns:
        return Table({}, np.arange(1, source.count + 1), names, 0)
    missing = np.isnan(np.stack(list(columns.values()))).any(axis=0)
    kept = np.flatnonzero(~missing)
    if not len(kept):
        raise InputError("every row has a missing cell").within(display_path(source.name))
    columns = {name: column[kept] for name, column in columns.items()}
    for name, column in columns.items():
        bad = np.flatnonzero(~np.isfinite(column))
        if len(bad):
            why = f"column {name} has {column[bad[0]]:g} in row {kept[bad[0]] + 1}"
            raise InputError(why, hint="leave that row out").within(display_path(source.name))
    return Table(columns, kept + 1, names, int(missing.sum()))


class _Source:
    """A file, or standard input in memory, that can be read several times."""

    def __init__(self, name: str, read_options: ReadOptions, data: bytes | None) -> None:
        self.name, self.read_options, self.data = name, read_options, data
        self.count = 0

    def read(self, read_options: ReadOptions) -> tuple[RowParser, BlockIterator]:
        """Return the rows with their parser."""
        parser = RowParser(self.name, [OPERAND], read_options)
        if self.data is None:
            return parser, read_file(self.name, parser)
        return parser, open_stdin(io.BytesIO(self.data), parser)

    def columns(self, wanted: Collection[str]) -> tuple[tuple[str, ...], dict[str, Array]]:
        """Return the names of all columns, and those that are wanted with nan for what is missing."""
        document = self._json()
        if document is not None:
            names, found = _json_columns(document, wanted, self.name)
            self.count = len(next(iter(found.values()))) if found else len(document)
        else:
            names, found = self._text_columns(wanted)
        if self.read_options.missing == "error":
            _refuse_missing(found, self.name)
        return names, found

    def _json(self) -> list[tuple[int, Any]] | None:
        """Return the values of a JSON document or of JSON lines with their lines, None of another format."""
        limit = self.read_options.max_memory
        parser = RowParser(self.name, [OPERAND], self.read_options)
        if self.data is not None:
            form, data = sniff_format(Stream(io.BytesIO(self.data), STDIN), parser.format_name), self.data
        else:
            path = split_archive_path(self.name)[0]
            with open_source(path) as stream:
                form = sniff_format(stream, parser.format_name or detect_format(path, stream))
                head = stream.lookahead.lstrip()[:1]
                if form not in ("json", "ndjson") and not (form == "text" and head in (b"[", b"{")):
                    return None
                data = stream.read_all((memory_limit() if limit is None else limit) // 4)
        if form not in ("json", "ndjson") and not (form == "text" and data.lstrip()[:1] in (b"[", b"{")):
            return None
        check_text_budget(data, (b",",), "JSON", limit)
        return _json_values(data, self.name, self.read_options.key)

    def _text_columns(self, wanted: Collection[str]) -> tuple[tuple[str, ...], dict[str, Array]]:
        import numpy as np

        parser, blocks = self.read(self.read_options._replace(rows=True, missing="nan"))
        held: list[Array] = []
        width, whole = 0, True
        for piece in blocks:
            if isinstance(piece, BadRow):
                width, whole = width or len(parser.labels) or piece.width, False
                break
            rows = piece.operands[OPERAND]
            width = width or rows.shape[-1]
            if rows.shape[-1] != width:
                line = f"{display_path(self.name)}:{piece.lines[0]}"
                why = f"has {pluralize(rows.shape[-1], 'number')}, the rows above have {width}"
                raise InputError(why).within(line)
            held.append(rows)
            size = 16 * width * sum(map(len, held))
            check_budget(size, f"a table of {pluralize(width, 'column')}", self.read_options.max_memory)
        labels = parser.labels if len(parser.labels) == width else ()
        names = tuple(map(as_name, labels)) or tuple(f"x{k}" for k in range(1, width + 1))
        places = {name: k for k, name in enumerate(names) if name in wanted}
        for name in places:
            if names.count(name) > 1:
                raise InputError(f"{name} names two columns").within(display_path(self.name))
        if whole:
            table = np.concatenate(held) if held else np.empty((0, 0))
            self.count = len(table)
            return names if held else (), {name: table[:, k].copy() for name, k in places.items()}
        cut = self._cut(list(places.values()), width, bool(labels)) if places else None
        if cut is not None:
            self.count = len(cut)
            return names, {name: cut[:, k].copy() for k, name in enumerate(places)}
        chosen = {name: labels[k] if labels else str(k + 1) for name, k in places.items()}
        found = {name: self._column(label) for name, label in chosen.items()}
        if not found:
            self.count = len(self._column(labels[0] if labels else "1", numbers=False))
        self.count = self.count or len(next(iter(found.values())))
        return names, found

    def _cut(self, places: list[int], width: int, header: bool) -> Array | None:
        """Return the cells (r, k) in some places of lines, None where they must be read one by one."""
        import numpy as np

        parser = RowParser(self.name, [OPERAND], self.read_options)
        blocks: list[Array] = []
        stream = Stream(io.BytesIO(self.data), STDIN) if self.data is not None else open_file(self.name)
        with stream.raw:
            parser.set_format(sniff_format(stream, parser.format_name or detect_format(self.name, stream)))
            delimiter = parser.delimiter
            if delimiter is None:
                return None
            for chunk in line_chunks(stream, self.read_options.max_memory):
                if b'"' in chunk or b"\r" in chunk or chunk.startswith(b"#"):
                    return None
                rows = [line.split(delimiter.encode()) for line in chunk.split(b"\n")[header:-1]]
                header = False
                if set(map(len, rows)) - {width}:
                    return None
                less = b"".join(b"%b\n" % b",".join([row[k] for k in places]) for row in rows)
                numbers = fast_parse(less, ",") if rows else None
                if numbers is None and rows:
                    return None
                blocks += [] if numbers is None else [numbers]
                size = 16 * len(places) * sum(map(len, blocks))
                check_budget(size, "the columns of a table", self.read_options.max_memory)
        return np.concatenate(blocks) if blocks else None

    def _column(self, label: str, *, numbers: bool = True) -> Array:
        """Return one column, with nan for what is missing and, unless `numbers`, for what is none."""
        import numpy as np

        parts: list[Array] = []
        how = self.read_options.missing if self.read_options.missing == "error" else "nan"
        for piece in self.read(self.read_options._replace(column=label, rows=False, missing=how))[1]:
            if isinstance(piece, BadRow):
                if numbers:
                    raise with_location(piece)
                parts.append(np.full(1, np.nan))
            else:
                parts.append(piece.operands[OPERAND].ravel())
        return np.concatenate(parts)


def _open(token: str, read_options: ReadOptions, stdin: int | None) -> _Source:
    path = token.removeprefix("@")
    if path != "-":
        if not path:
            raise InputError("a file is missing", hint="write --data @FILE", usage=True).within("--data")
        return _Source(path, read_options, None)
    if not has_piped_text(stdin) or stdin is None:
        raise InputError("there is nothing to read on standard input", usage=True).within("--data -")
    limit = memory_limit() if read_options.max_memory is None else read_options.max_memory
    with locate_errors(STDIN):
        data = Stream(stdin, STDIN).read_all(limit // 4)
    check_budget(4 * len(data), "a table on standard input", read_options.max_memory)
    return _Source(STDIN, read_options, data)


def as_name(label: str) -> str:
    """Return a header's cell as a name of the formula language.

    >>> as_name("petal length"), as_name("w")
    ('petal_length', 'w')
    """
    return re.sub(r"[^A-Za-z0-9_]", "_", label.strip())


def _refuse_missing(columns: dict[str, Array], source: str) -> None:
    import numpy as np

    for name, column in columns.items():
        lost = np.flatnonzero(np.isnan(column))
        if len(lost):
            why = f"column {name} has no number in row {lost[0] + 1}"
            raise InputError(why, hint="use --missing skip").within(display_path(source))


def _json_values(data: bytes, source: str, key: str | None) -> list[tuple[int, Any]]:
    """Return the records of a document, or of lines, each with its number from 1."""
    from aimath.read.text._json import loads  # noqa: PLC0415  one format at a time

    lines = [(number, line) for number, line in enumerate(data.split(b"\n"), 1) if line.strip()]
    try:
        value = loads(data)
    except InputError:
        if len(lines) < 2:
            raise
        return [(number, _loads_line(line, source, number)) for number, line in lines]
    if key is not None:
        if not isinstance(value, dict) or key not in value:
            known = join_and(list(map(quote, list(value)[:8]))) if isinstance(value, dict) else "no keys"
            raise InputError(f"there is no key {quote(key)}: it has {known}").within(display_path(source))
        value = value[key]
    if isinstance(value, dict) and value and all(isinstance(part, list) for part in value.values()):
        counts = {name: len(part) for name, part in value.items()}
        if len(set(counts.values())) > 1:
            told = ", ".join(f"{name} {count}" for name, count in counts.items())
            raise InputError(f"columns of different lengths: {told}").within(display_path(source))
        rows = zip(*value.values(), strict=True)
        return [(k, dict(zip(value, row, strict=True))) for k, row in enumerate(rows, 1)]
    records = value if isinstance(value, list) else [value]
    return list(enumerate(records, 1))


def _loads_line(line: bytes, source: str, number: int) -> Any:
    from aimath.read.text._json import loads  # noqa: PLC0415  the same

    try:
        return loads(line)
    except InputError as error:
        raise error.within(f"{display_path(source)}:{number}") from None


def _json_columns(
    records: Sequence[tuple[int, Any]], wanted: Collection[str], source: str
) -> tuple[tuple[str, ...], dict[str, Array]]:
    """Return all names and the wanted columns of objects, of rows of numbers, or of numbers."""
    import numpy as np

    rows = list(_as_objects(records, source))
    keys = dict.fromkeys(key for _, row in rows for key in row)
    named = {as_name(key): key for key in keys}
    if len(named) < len(keys):
        twice = next(name for name in named if sum(as_name(key) == name for key in keys) > 1)
        if twice in wanted:
            raise InputError(f"{twice} names two keys").within(display_path(source))
    found = {
        name: np.array([_json_number(row.get(key), key, number, source) for number, row in rows])
        for name, key in named.items()
        if name in wanted
    }
    return tuple(named), found


def _as_objects(records: Sequence[tuple[int, Any]], source: str) -> Iterator[tuple[int, dict[str, Any]]]:
    width = None
    for number, record in records:
        if isinstance(record, dict):
            yield number, record
            continue
        cells = record if isinstance(record, list) else [record]
        width = len(cells) if width is None else width
        if len(cells) != width:
            why = f"row {number} has {pluralize(len(cells), 'number')}, not {width}"
            raise InputError(why).within(display_path(source))
        yield number, {f"x{k}": cell for k, cell in enumerate(cells, 1)}


def _json_number(value: Any, key: str, number: int, source: str) -> float:
    """Return a number, nan for null and a key that isn't there."""
    if value is None:
        return float("nan")
    if type(value) in (int, float):
        return float(value)
    what = {"str": "a string", "bool": "a boolean", "list": "a list", "dict": "an object"}
    why = f"{quote(key)} is {what.get(type(value).__name__, 'no number')} in row {number}, not a number"
    raise InputError(why).within(display_path(source))
