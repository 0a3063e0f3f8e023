"""One line of text to one row: cells, headers, labels, the picked column, and what is missing."""

from __future__ import annotations

import re

from aimath.errors import InputError, counted, listed
from aimath.read.blocks import BadRow, Layout, Row
from aimath.read.numbers import looks_numeric, number
from aimath.text import echo, whence

_SEPARATOR = re.compile(r"[ \t]*,[ \t]*|[ \t]+")
_MISSING = frozenset({"", "na", "n/a", "nan", "null"})


class RowParser(Layout):
    """Reads lines as rows, as its layout says."""

    def begin(self, raw: bytes) -> bool:
        """Look at the first line that is not empty: True if it was a header and is used up."""
        column = self.reading.column
        self.by_json = self.is_json(raw)
        if self.by_json:
            if column is not None:
                raise InputError(
                    "--column picks a column of a table, and JSON is none", hint="use --key KEY", usage=True
                )
            return False
        try:
            cells = self.cells(self.decoded(raw))
        except InputError:
            cells = ["0"]  # row() says what is wrong with it
        numeric = any(looks_numeric(cell.rpartition("=")[2]) for cell in cells)
        is_header = self.reading.header or not (numeric or all(cell.lower() in _MISSING for cell in cells))
        if is_header:
            self.labels = tuple(cells)
            self.width = len(cells) if self.strict else 0
        self.pick = None if column is None else self._picked(column)
        return is_header

    def _picked(self, column: str) -> int:
        if column in self.labels:
            return self.labels.index(column)
        if re.fullmatch("[1-9][0-9]{0,8}", column):
            return int(column) - 1
        known = f"the columns are {', '.join(map(echo, self.labels[:20]))}" if self.labels else ""
        why = "has no column" if known else "has no header line that names"
        raise InputError(
            f"{whence(self.source)} {why} {echo(column)}", hint=known or "count columns from 1", usage=True
        )

    def is_json(self, raw: bytes) -> bool:
        """Tell whether a line is JSON: text never begins with a bracket, and a .csv is never JSON."""
        return self.json or (not self.strict and raw.lstrip(b" \t")[:1] in (b"[", b"{"))

    def row(self, raw: bytes, line: int) -> Row | BadRow | None:
        """Read one line that is not empty; None if it is a comment or is to be passed over."""
        cells: list[str] = []
        try:
            if self.is_json(raw):
                from aimath.read import _json as structured  # noqa: PLC0415  only text is common

                return structured.line(raw, self)
            text = self.decoded(raw)
            if not text:
                return None
            cells = self.cells(text)
            return self._text(cells)
        except InputError as error:
            width = self.width if self.strict else len(cells) or len(raw.split())
            return BadRow(error, self.source, line, width or 1)

    def decoded(self, raw: bytes) -> str:
        """Give a line as text without its comment and the blanks around it."""
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

    def cells(self, text: str) -> list[str]:
        """Cut a line at its separators."""
        if '"' in text:
            import csv  # noqa: PLC0415  quotes are for headers, and those are rare

            try:
                found = next(csv.reader([text], delimiter=self.delimiter or ",", strict=True))
            except csv.Error:
                raise InputError("a quote is open at the end of the line") from None
        else:
            found = _SEPARATOR.split(text) if self.delimiter is None else text.split(self.delimiter)
        return [cell.strip(" \t") for cell in found]

    def _text(self, cells: list[str]) -> Row | None:
        if len(self.names) > 1:
            both = listed(self.names)
            hint = f"use JSON objects with the keys {both}, or give all but one by their options"
            raise InputError(f"a row of text can't hold {both}", hint=hint)
        self.measure(len(cells))
        if self.pick is not None:
            cells = cells[self.pick : self.pick + 1]
        labels, values = self._labelled(cells)
        if None in values:
            return None
        import numpy as np

        return Row({self.names[0]: np.array(values, np.float64).reshape(1, -1)}, labels)

    def measure(self, width: int) -> None:
        """Refuse a row without the picked column or, in a .csv, of another length than the first."""
        self.width = self.width or width
        if self.strict and width != self.width:
            raise InputError(f"has {counted(width, 'cell')}, the rows above have {self.width}")
        if self.pick is not None and self.pick >= width:
            raise InputError(f"has no column {self.pick + 1}: it has {width}")

    def _labelled(self, cells: list[str]) -> tuple[tuple[str, ...], list[float | None]]:
        try:
            return (), [number(cell) for cell in cells]
        except InputError:
            pass  # names, something missing, or a mistake
        names: list[str] = []
        values: list[float | None] = []
        for k, cell in enumerate(cells):
            name, _, value = cell.rpartition("=") if self.delimiter is None else ("", "", cell)
            entry = k if self.pick is None else self.pick
            if k and bool(name) != bool(names):
                why = f"{echo(cell)}: name all the entries of a row or none of them"
                raise InputError(why, entry=entry)
            try:
                values.append(self._cell(value if name else cell))
            except InputError as error:
                raise InputError(error.why, hint=error.hint, entry=entry) from None
            names += [name] if name else []
        return tuple(names), values

    def _cell(self, cell: str) -> float | None:
        """Read one cell: a number, or nan or None (to be left out) where it is missing."""
        if cell.lower() not in _MISSING:
            return number(cell)
        if self.reading.missing == "error":
            what = f"{echo(cell)} is not a number" if cell else "the cell is empty"
            raise InputError(what, hint="use --missing skip or --missing nan")
        return float("nan") if self.reading.missing == "nan" else None
