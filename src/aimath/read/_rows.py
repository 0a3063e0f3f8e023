"""A parser of text lines into rows: cells, headers, labels, selected column and missing values."""

from __future__ import annotations

import re

from aimath.errors import InputError, join_and, pluralize
from aimath.read._cells import CellReader, Piece, cut_comment, split_cells
from aimath.read.blocks import BadRow, Row, RowLayout
from aimath.read.numbers import is_missing, is_number, looks_numeric, parse_number
from aimath.text import display_path, quote

_COLUMN_NUMBER = re.compile("[1-9][0-9]{0,8}")
_WORD = re.compile("[A-Za-z]{2}")


def _holds_numbers(cells: list[str]) -> bool:
    """Return whether the first line is data: a cell is a number, or all may be mistyped ones, such as 0.l.

    A header's cell may start like a number: 1stFlrSF, 2020Q1 beside a name.
    """
    return any(map(is_number, cells)) or not any(
        _WORD.search(cell) or not looks_numeric(cell) for cell in cells
    )


def decode_line(raw: bytes) -> str:
    """Return a line or a record as text without its end, or raise InputError that names a byte of it."""
    try:
        text = raw.removesuffix(b"\n").removesuffix(b"\r").decode()
    except UnicodeDecodeError as error:
        bad = raw[error.start]
        raise InputError(
            f"byte {error.start + 1} (0x{bad:02x}) is not UTF-8",
            hint="if it is Latin-1, convert it with iconv -f LATIN1 -t UTF-8",
        ) from None
    if "\0" in text:
        raise InputError(f"byte {raw.find(0) + 1} is a NUL inside the line")
    return text


class RowParser(RowLayout):
    """A parser of lines into rows, as configured by its layout."""

    comment_passed = False  # whether a line before the first record was a comment

    passed_over = 0  # rows that were, for what they miss, since this was last asked for

    def count_passed_over(self) -> int:
        """Return how many rows were passed over since the last call."""
        count, self.passed_over = self.passed_over, 0
        return count

    def read_header(self, record: Piece) -> bool:
        """Read the first record, and return whether it is a header."""
        column = self.read_options.column
        self.by_json = self.is_json(record.data)
        if self.by_json:
            if column is not None:
                raise InputError(
                    "--column picks a column of a table, and JSON is none",
                    hint="use --key KEY in place of --column",
                    usage=True,
                )
            return False
        try:
            cells = self.cells_of(record)
        except InputError as error:
            if self.read_options.header or (column is not None and not _COLUMN_NUMBER.fullmatch(column)):
                raise error.within(f"{display_path(self.source)}:{record.line}") from None
            cells = ["0"]  # parse_row() says what is wrong with it
        numeric = _holds_numbers([cell.rpartition("=")[2] for cell in cells])
        is_header = self.read_options.header or not (numeric or all(map(is_missing, cells)))
        if is_header:
            self.labels = tuple(cells)
            self.width = len(cells) if self.strict else 0
        self.column_index = None if column is None else self._column_index(column)
        return is_header

    def _column_index(self, column: str) -> int:
        for names, name in (
            (self.labels, column),
            ([label.strip() for label in self.labels], column.strip()),
        ):
            if names.count(name) > 1:
                numbers = [str(k) for k, label in enumerate(names, 1) if label == name]
                why = (
                    f"{display_path(self.source)}: columns {join_and(numbers)} are each called {quote(name)}"
                )
                raise InputError(why, hint=f"use --column {numbers[0]}", usage=True)
            if name in names:
                return names.index(name)
        if _COLUMN_NUMBER.fullmatch(column):
            return int(column) - 1
        known = f"the columns are {', '.join(map(quote, self.labels[:20]))}" if self.labels else ""
        why = "has no column" if known else "has no header line that names"
        way_out = "count columns from 1"
        if self.comment_passed and self.strict:
            way_out = "a line that begins with # is a comment; use --header if it is the header"
        raise InputError(
            f"{display_path(self.source)} {why} {quote(column)}", hint=known or way_out, usage=True
        )

    def is_json(self, raw: bytes) -> bool:
        """Return whether a line is JSON; a .csv never is."""
        return self.json_lines or (not self.strict and raw.lstrip(b" \t")[:1] in (b"[", b"{"))

    def is_leading_comment(self, raw: bytes) -> bool:
        """Return whether a line before the first record is a comment."""
        found = raw.lstrip(b" \t").startswith(b"#") and not (
            self.json_lines or (self.strict and self.read_options.header)
        )
        self.comment_passed |= found
        return found

    @property
    def spans_lines(self) -> bool:
        """Whether a quoted cell may hold line breaks: in a table; elsewhere a line is a row."""
        how = self.read_options
        picked = how.column is not None or how.by_column
        table = self.strict or how.header or picked or how.delimiter is not None
        return table and not self.json_lines

    def parse_row(self, raw: bytes, line: int) -> Row | BadRow | None:
        """Return one non-empty line as a row, or None if it is a comment or skipped."""
        if self.is_json(raw):
            from aimath.read import _json as structured  # noqa: PLC0415  only text is common

            try:
                return structured.parse_line(raw, self)
            except InputError as error:
                return self._bad_row(error, raw, line)
        return self.parse_record(Piece(raw, line))

    def parse_record(self, record: Piece) -> Row | BadRow | None:
        """Return a record of text as a row, or None if it is a comment or skipped."""
        cells: list[str] = []
        try:
            cells = self.cells_of(record)
            return self._parse_text_row(cells) if cells else None
        except InputError as error:
            return self._bad_row(error, record.data, record.line, len(cells))

    def _bad_row(self, error: InputError, raw: bytes, line: int, cells: int = 0) -> BadRow:
        width = (self.width if self.strict else 0) or cells
        width = width or len(raw.split(self.delimiter.encode() if self.delimiter else None))
        return BadRow(error, self.source, line, width or 1)

    def cell_reader(self) -> CellReader:
        """Return a reader of the cells of one record."""
        return CellReader(self.delimiter, comments=not self.strict)

    def cells_of(self, record: Piece) -> list[str]:
        """Return the cells of a record, none of a comment."""
        text = decode_line(record.data)
        if record.cells is not None:
            if isinstance(record.cells, InputError):
                raise record.cells
            return record.cells
        if '"' in text and not (text.lstrip(" \t").startswith("#") and not self.strict):
            reader = self.cell_reader()
            reader.feed(text)
            if reader.is_open:
                raise InputError("a quote is open at the end of the line")
            return reader.cells
        if "\r" in text:
            at = record.data.index(b"\r") + 1
            raise InputError(f"byte {at} is a carriage return inside the line")
        if "#" in text and not self.strict:
            text = cut_comment(text)
        return split_cells(text, self.delimiter)

    def _parse_text_row(self, cells: list[str]) -> Row | None:
        if len(self.names) > 1:
            both = join_and(self.names)
            hint = f"use JSON objects with the keys {both}, or give all but one by their options"
            raise InputError(f"a row of text can't hold {both}", hint=hint)
        self.check_width(len(cells))
        if self.column_index is not None:
            cells = cells[self.column_index : self.column_index + 1]
        labels, values = self._parse_labelled(cells)
        if None in values:
            self.passed_over += 1
            return None
        import numpy as np

        return Row({self.names[0]: np.array(values, np.float64).reshape(1, -1)}, labels)

    def check_width(self, width: int) -> None:
        """Raise InputError on a row without the selected column or, in a .csv, of another width."""
        self.width = self.width or width
        if self.strict and width != self.width:
            raise InputError(f"has {pluralize(width, 'cell')}, the rows above have {self.width}")
        if self.column_index is not None and self.column_index >= width:
            raise InputError(f"has no column {self.column_index + 1}: it has {width}")

    def _parse_labelled(self, cells: list[str]) -> tuple[tuple[str, ...], list[float | None]]:
        try:
            return (), [parse_number(cell) for cell in cells]
        except InputError:
            pass  # names, something missing, or a mistake
        names: list[str] = []
        values: list[float | None] = []
        for k, cell in enumerate(cells):
            name, _, value = cell.rpartition("=") if self.delimiter is None else ("", "", cell)
            entry = k if self.column_index is None else self.column_index
            if k and bool(name) != bool(names):
                why = f"{quote(cell)}: name all the entries of a row or none of them"
                raise InputError(why, entry=entry)
            try:
                values.append(self._parse_cell(value if name else cell))
            except InputError as error:
                error.entry = entry
                raise
            names += [name] if name else []
        return tuple(names), values

    def _parse_cell(self, cell: str) -> float | None:
        """Return one cell as a number, or nan or None where it is missing."""
        if not is_missing(cell):
            return parse_number(cell)
        if self.read_options.missing == "error":
            what = f"{quote(cell)} is not a number" if cell else "the cell is empty"
            raise InputError(what, hint="use --missing skip or --missing nan")
        return float("nan") if self.read_options.missing == "nan" else None
