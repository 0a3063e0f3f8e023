"""The forms that programs read: plain, csv, tsv, json, markdown."""

from __future__ import annotations

import json
import math
import re
from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from aimath.errors import InputError
from aimath.render.fields import Column, Quantities, Wanted, Writer, chosen, row_names, table
from aimath.text import encoded

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aimath.report import Report


class Plain(Writer):
    """Bare numbers, one row a line; a table of several columns has tabs and a header."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted, self.table = wanted, Separated(wanted, "\t", spreadsheet=False)
        self.blank = False

    def write(self, report: Report) -> bytes:
        """Give a line of numbers for each row, or a number a line where the input was a column."""
        known = Quantities(report.spread())
        names = chosen(known, self.wanted.fields)
        values = known[names[0]] if len(names) == 1 else None
        if values is None:
            return self.table.write(report)
        if values.ndim == 1 or (values.ndim == 2 and not report.column):
            return self._lines(values.reshape(len(values), -1))
        # A column's entries and a matrix' rows need several lines: a blank one stands between two.
        wide = 1 if values.ndim == 2 else values.shape[-1]
        parts = [self._lines(row.reshape(-1, wide)) for row in values]
        before, self.blank = b"\n" if self.blank else b"", True
        return before + b"\n".join(parts)

    def _lines(self, values: np.ndarray[Any, Any]) -> bytes:
        if values.dtype.kind in "fiu":
            return self.wanted.style.rows(values)
        return b"".join(self.table.line(map(self.table.cell, row)) for row in values.tolist())


class Tabular(Writer):
    """One row a line below a header."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.heads: list[str] = []

    def write(self, report: Report) -> bytes:
        """Give the rows; the first block brings the header, which later blocks must fit."""
        spread = table(report, self.wanted.fields)
        heads = [column.head for column in spread]
        start = b"" if self.heads else self._header(spread)
        self.heads = self.heads or heads
        _fit(heads, self.heads)
        return start + self._rows(spread)

    @abstractmethod
    def _header(self, spread: list[Column]) -> bytes: ...

    @abstractmethod
    def _rows(self, spread: list[Column]) -> bytes: ...


class Separated(Tabular):
    """CSV (RFC 4180, lines ended as on Unix) and TSV."""

    def __init__(self, wanted: Wanted, separator: str, *, spreadsheet: bool = True) -> None:
        super().__init__(wanted)
        self.separator, self.spreadsheet = separator, spreadsheet

    def _header(self, spread: list[Column]) -> bytes:
        return self.line(column.head for column in spread) if self.wanted.header else b""

    def _rows(self, spread: list[Column]) -> bytes:
        style = self.wanted.style
        if all(_is_float(column.values, exact=style.exact) for column in spread):
            return style.rows(np.stack([column.values for column in spread], axis=1), self.separator)
        texts = [[self.cell(x) for x in column.values.tolist()] for column in spread]
        return b"".join(self.line(row) for row in zip(*texts, strict=True))

    def cell(self, x: Any) -> str:
        """Give a number or a text as the text of a cell."""
        return x if isinstance(x, str) else self.wanted.style.text(x)

    def line(self, cells: Iterable[str]) -> bytes:
        """Give one line of cells."""
        texts = (quoted(cell, self.separator, spreadsheet=self.spreadsheet) for cell in cells)
        return encoded(self.separator.join(texts) + "\n")


def _is_float(values: np.ndarray[Any, Any], *, exact: bool) -> bool:
    """Whether numbers print the same as floats: whole ones do while no digit of theirs is cut."""
    if values.dtype.kind not in "iu":
        return str(values.dtype.kind) == "f"
    return exact and int(np.abs(values).max(initial=0)) <= 1 << 53


def _fit(heads: list[str], first: list[str]) -> None:
    """Refuse rows that do not belong under the header which was written."""
    hint = "--format json takes rows that differ"
    if len(heads) != len(first):
        raise InputError(f"a row has {len(heads)} columns where the first has {len(first)}", hint=hint)
    for head, other in zip(heads, first, strict=True):
        if head != other:
            raise InputError(f"a row has a column '{head}' where the first has '{other}'", hint=hint)


def quoted(cell: str, separator: str, *, spreadsheet: bool = True) -> str:
    """Guard a cell of text: RFC 4180 quotes in CSV, and no formula for a spreadsheet to run.

    >>> print(quoted("a,b", ","), quoted("=1+1", ","), quoted("-2.5", ","))
    "a,b" '=1+1 -2.5
    """
    if spreadsheet and cell.startswith(("=", "+", "-", "@", "\t", "\r")) and not _is_number(cell):
        cell = "'" + cell
    if separator == "\t":
        return re.sub(r"[\t\r\n]", " ", cell)
    if any(sign in cell for sign in (separator, '"', "\n", "\r")):
        return '"' + cell.replace('"', '""') + '"'
    return cell


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


class Json(Writer):
    """JSON Lines: one compact object a row with everything that is known of it."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted, self.begun = wanted, False

    def write(self, report: Report) -> bytes:
        """Give an object a row; inf and nan are strings, which JSON's numbers can't be.

        Vectors and matrices that belong to all rows of an answer stand in its first object alone.
        """
        same = report.continued or not report.whole  # another problem has matrices of its own
        self.begun = self.begun and same and not report.opening
        known = Quantities(report.spread())
        report = known.report
        names = chosen(known, self.wanted.fields) if self.wanted.fields else known.names(but=report.unlisted)
        lists = {column.head: self._values(column.values) for column in row_names(known)}
        first: dict[str, Any] = {}
        for name in names:
            values = known[name]
            if values is not None and values.ndim > 1 and report.of_all(name):
                first |= {} if self.begun else {name: self._values(values[:1])[0]}
            elif values is not None:
                lists[name] = self._values(values)
        self.begun = True
        head: dict[str, Any] = {"labels": [_utf8(label) for label in report.labels]} if report.labels else {}
        rows = [head | {name: values[k] for name, values in lists.items()} for k in range(report.rows)]
        rows[:1] = [row | first for row in rows[:1]]
        text = b"".join(orjson.dumps(row) + b"\n" for row in rows)
        return text if text.isascii() else _escaped(text)

    def _values(self, values: np.ndarray[Any, Any]) -> list[Any]:
        kind = values.dtype.kind
        if kind in "biu" or (kind == "f" and self.wanted.style.exact and np.isfinite(values).all()):
            return values.tolist()  # type: ignore[no-any-return]
        shaped = np.empty(values.size, dtype=object)
        shaped[:] = [self._one(x) for x in values.ravel().tolist()]
        return shaped.reshape(values.shape).tolist()  # type: ignore[no-any-return]

    def _one(self, x: float | str) -> float | str:
        if isinstance(x, str):
            return _utf8(x)
        return float(self.wanted.style.text(x)) if math.isfinite(x) else str(x)


def _utf8(text: str) -> str:
    """Write what UTF-8 can't hold (half of a surrogate pair) as its escape."""
    return text.encode("utf-8", "backslashreplace").decode()


def _escaped(text: bytes) -> bytes:
    r"""Write JSON in ASCII: é as \u00e9."""
    return re.sub(r"[^\x00-\x7f]", lambda sign: json.dumps(sign[0])[1:-1], text.decode()).encode()


class Markdown(Tabular):
    """A table for a README or an issue."""

    def _header(self, spread: list[Column]) -> bytes:
        ruler = ["---" if column.values.dtype.kind == "U" else "---:" for column in spread]
        return _barred([_guard(column.head) for column in spread]) + _barred(ruler)

    def _rows(self, spread: list[Column]) -> bytes:
        people = self.wanted.style.people
        columns = (column.values.tolist() for column in spread)
        cells = [[_guard(x) if isinstance(x, str) else people(x) for x in column] for column in columns]
        return b"".join(map(_barred, zip(*cells, strict=True)))


def _barred(cells: Iterable[str]) -> bytes:
    return encoded("| " + " | ".join(cells) + " |\n")


def _guard(cell: str) -> str:
    """Keep a text within its cell, and let it be no HTML."""
    return re.sub(r"[\r\n]+", " ", re.sub(r"[\\|<]", r"\\\g<0>", cell))
