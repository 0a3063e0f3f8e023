"""A parser of text lines into rows: cells, headers, labels, selected column and missing values."""

from __future__ import annotations

import re

from aimath.errors import InputError, join_and, pluralize
from aimath.read.blocks import BadRow, Row, RowLayout
from aimath.read.numbers import is_number, looks_numeric, parse_number
from aimath.text import display_path, quote

_SEPARATOR = re.compile(r"[ \t]*,[ \t]*|[ \t]+")
_WORD = re.compile("[A-Za-z]{2}")
_MISSING = frozenset({"", "na", "n/a", "nan", "null"})


def _holds_numbers(cells: list[str]) -> bool:
    """Return whether the first line is data: a cell is a number, or all may be mistyped ones, such as 0.l.

    A header's cell may start like a number: 1stFlrSF, 2020Q1 beside a name.
    """
    return any(map(is_number, cells)) or not any(
        _WORD.search(cell) or not looks_numeric(cell) for cell in cells
    )


class RowParser(RowLayout):
    """A parser of lines into rows, as configured by its layout."""

    def read_header(self, raw: bytes) -> bool:
        """Read the first non-empty line, and return whether it is a header."""
        column = self.read_options.column
        self.by_json = self.is_json(raw)
        if self.by_json:
            if column is not None:
                raise InputError(
                    "--column picks a column of a table, and JSON is none",
                    hint="use --key KEY in place of --column",
                    usage=True,
                )
            return False
        try:
            cells = self.split_cells(self.decode_line(raw))
        except InputError:
            cells = ["0"]  # row() says what is wrong with it
        numeric = _holds_numbers([cell.rpartition("=")[2] for cell in cells])
        is_header = self.read_options.header or not (
            numeric or all(cell.lower() in _MISSING for cell in cells)
        )
        if is_header:
            self.labels = tuple(cells)
            self.width = len(cells) if self.strict else 0
        self.column_index = None if column is None else self._column_index(column)
        return is_header

    def _column_index(self, column: str) -> int:
        if column in self.labels:
            return self.labels.index(column)
        if re.fullmatch("[1-9][0-9]{0,8}", column):
            return int(column) - 1
        known = f"the columns are {', '.join(map(quote, self.labels[:20]))}" if self.labels else ""
        why = "has no column" if known else "has no header line that names"
        raise InputError(
            f"{display_path(self.source)} {why} {quote(column)}",
            hint=known or "count columns from 1",
            usage=True,
        )

    def is_json(self, raw: bytes) -> bool:
        """Return whether a line is JSON; a .csv never is."""
        return self.json_lines or (not self.strict and raw.lstrip(b" \t")[:1] in (b"[", b"{"))

    def parse_row(self, raw: bytes, line: int) -> Row | BadRow | None:
        """Return one non-empty line as a row, or None if it is a comment or skipped."""
        cells: list[str] = []
        try:
            if self.is_json(raw):
                from aimath.read import _json as structured  # noqa: PLC0415  only text is common

                return structured.parse_line(raw, self)
            text = self.decode_line(raw)
            if not text:
                return None
            cells = self.split_cells(text)
            return self._parse_text_row(cells)
        except InputError as error:
            width = self.width if self.strict else len(cells) or len(raw.split())
            return BadRow(error, self.source, line, width or 1)

    def decode_line(self, raw: bytes) -> str:
        """Return a line as text, without its comment and surrounding blanks."""
        try:
            text = raw.removesuffix(b"\r").decode()
        except UnicodeDecodeError as error:
            bad = raw[error.start]
            raise InputError(f"byte {error.start + 1} (0x{bad:02x}) is not UTF-8") from None
        for sign, what in (("\0", "a NUL"), ("\r", "a carriage return")):
            if sign in text:
                raise InputError(f"byte {raw.index(sign.encode()) + 1} is {what} inside the line")
        if "#" in text:
            text = re.split(r"(?:^|[ \t])[ \t]*#", text, maxsplit=1)[0]
        return text.strip(" \t")

    def split_cells(self, text: str) -> list[str]:
        """Return a line split at its separators."""
        if '"' in text:
            import csv  # noqa: PLC0415  quotes are for headers, and those are rare

            try:
                found = next(csv.reader([text], delimiter=self.delimiter or ",", strict=True))
            except csv.Error:
                raise InputError("a quote is open at the end of the line") from None
        else:
            found = _SEPARATOR.split(text) if self.delimiter is None else text.split(self.delimiter)
        return [cell.strip(" \t") for cell in found]

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
        if cell.lower() not in _MISSING:
            return parse_number(cell)
        if self.read_options.missing == "error":
            what = f"{quote(cell)} is not a number" if cell else "the cell is empty"
            raise InputError(what, hint="use --missing skip or --missing nan")
        return float("nan") if self.read_options.missing == "nan" else None
