"""Writers of machine-readable formats: plain, csv, tsv, json, markdown."""

from __future__ import annotations

import math
import re
from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np

from aimath.errors import InputError
from aimath.render.report_view import (
    Column,
    LayoutOptions,
    ReportView,
    Writer,
    id_columns,
    is_gap,
    row_label_column,
    select_fields,
    table_columns,
)
from aimath.report import CrossCheck
from aimath.text import encode_utf8

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from aimath.report import Report


class PlainWriter(Writer):
    """A writer of bare numbers, one row a line; several columns have tabs and a header."""

    def __init__(self, layout: LayoutOptions) -> None:
        self.layout, self.table = layout, DelimitedWriter(layout, "\t", spreadsheet=False)
        self.needs_blank_line = False

    def write(self, report: Report) -> bytes:
        """Return a line of numbers per row, or a number per line for column input."""
        known = ReportView.of_lines(report, self.layout.fields)
        names = select_fields(known, self.layout.fields)
        values = known[names[0]] if len(names) == 1 else None
        named = report.ids or (known.lines and report.names.get("asked"))
        if values is None or named:  # a name alone would be lost among bare numbers
            return self.table.write(report)
        if values.ndim == 1 or (values.ndim == 2 and not report.is_column):
            return self._lines(values.reshape(len(values), -1)) if len(values) else b""
        # A column's entries and a matrix' rows need several lines: a blank one stands between two.
        wide = 1 if values.ndim == 2 else values.shape[-1]
        parts = [self._lines(row.reshape(-1, wide)) for row in values]
        before, self.needs_blank_line = b"\n" if self.needs_blank_line else b"", True
        return before + b"\n".join(parts)

    def _lines(self, values: np.ndarray[Any, Any]) -> bytes:
        if values.dtype.kind in "fiu":
            return self.layout.style.format_rows(values)
        return b"".join(self.table.line(map(self.table.cell, row)) for row in values.tolist())


class UnevenRowsError(InputError):
    """Rows have other columns than those above them."""


class TabularWriter(Writer):
    """A base class of writers with one line per row below a header."""

    def __init__(self, layout: LayoutOptions) -> None:
        self.layout = layout
        self.header: list[str] = []
        self.known: dict[str, Column] = {}  # those of several reports that come together

    def write(self, report: Report) -> bytes:
        """Return the rows; the first block sets the header, which later blocks must match."""
        spread = table_columns(report, self.layout.fields)
        if self.known:
            spread = self._fill(spread)
        heads = [column.header for column in spread]
        start = b"" if self.header else self._header(list(self.known.values()) or spread)
        self.header = self.header or heads
        _check_header(heads, self.header)
        return start + self._rows(spread)

    def announce(self, reports: Sequence[Report]) -> None:
        """Take the columns of all reports for the header; a row that lacks one has an empty cell there."""
        tables = [table_columns(report, self.layout.fields) for report in reports]
        for table in sorted(tables, key=len, reverse=True):  # the widest has most of them in order
            for column in table:
                self.known.setdefault(column.header, column)

    def _fill(self, spread: list[Column]) -> list[Column]:
        """Return all known columns, those that are missing empty."""
        there = {column.header: column for column in spread}
        if not there.keys() <= self.known.keys():
            return spread
        empty = np.full(len(spread[0].values), "")
        return [there.get(head, column._replace(values=empty)) for head, column in self.known.items()]

    @abstractmethod
    def _header(self, table: list[Column]) -> bytes: ...

    @abstractmethod
    def _rows(self, table: list[Column]) -> bytes: ...


class DelimitedWriter(TabularWriter):
    """A writer of CSV (RFC 4180, with Unix line ends) and TSV."""

    def __init__(self, layout: LayoutOptions, separator: str, *, spreadsheet: bool = True) -> None:
        super().__init__(layout)
        self.separator, self.spreadsheet = separator, spreadsheet

    def _header(self, table: list[Column]) -> bytes:
        return self.line(column.header for column in table) if self.layout.header else b""

    def _rows(self, table: list[Column]) -> bytes:
        style = self.layout.style
        if style.exact and len({column.values.dtype for column in table}) > 1:
            table = [column._replace(values=widen_float32(column.values)) for column in table]
        if all(
            _prints_as_float(column.values, exact=style.exact) and not _has_gaps(column) for column in table
        ):
            return style.format_rows(np.stack([column.values for column in table], axis=1), self.separator)
        texts = [
            ["" if column.optional and is_gap(x) else self.cell(x) for x in column.values.tolist()]
            for column in table
        ]
        return b"".join(self.line(row) for row in zip(*texts, strict=True))

    def cell(self, x: Any) -> str:
        """Return a number or a text as a cell."""
        return x if isinstance(x, str) else self.layout.style.format(x)

    def line(self, cells: Iterable[str]) -> bytes:
        """Return one line of cells."""
        texts = (quote_cell(cell, self.separator, spreadsheet=self.spreadsheet) for cell in cells)
        return encode_utf8(self.separator.join(texts) + "\n")


def widen_float32(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return float32 numbers as the float64 of the same shortest text; all others as they are.

    >>> widen_float32(np.array([0.1], np.float32)).tolist()
    [0.1]
    """
    return values.astype(np.str_).astype(np.float64) if values.dtype == np.float32 else values


def _prints_as_float(values: np.ndarray[Any, Any], *, exact: bool) -> bool:
    """Return whether numbers print the same as floats."""
    if values.dtype.kind not in "iu":
        return str(values.dtype.kind) == "f"
    return exact and int(np.abs(values).max(initial=0)) <= 1 << 53


def _has_gaps(column: Column) -> bool:
    return column.optional and column.values.dtype.kind == "f" and bool(np.isnan(column.values).any())


def _check_header(header: list[str], first: list[str]) -> None:
    """Raise InputError if rows do not match the header written."""
    hint = "--format json takes rows that differ"
    if len(header) != len(first):
        raise UnevenRowsError(f"a row has {len(header)} columns where the first has {len(first)}", hint=hint)
    for head, other in zip(header, first, strict=True):
        if head != other:
            raise UnevenRowsError(f"a row has a column '{head}' where the first has '{other}'", hint=hint)


def quote_cell(cell: str, separator: str, *, spreadsheet: bool = True) -> str:
    """Return a cell quoted as RFC 4180 says in CSV, with spreadsheet formulas disarmed.

    >>> print(quote_cell("a,b", ","), quote_cell("=1+1", ","), quote_cell("-2.5", ","))
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


class JsonLinesWriter(Writer):
    """A writer of JSON Lines: one object per row with all its quantities, and its checks if asked for."""

    def __init__(self, layout: LayoutOptions, *, explain: bool = False) -> None:
        self.layout, self.explain, self.started = layout, explain, False

    def write(self, report: Report) -> bytes:
        """Return one object per row; inf and nan are strings.

        Vectors and matrices that belong to all rows of an answer stand in its first object alone.
        """
        known = ReportView.of_lines(report, self.layout.fields)
        same = report.is_continuation or known.lines == "batch"  # another problem has matrices of its own
        self.started = self.started and same and not report.page.header
        names = (
            select_fields(known, self.layout.fields)
            if self.layout.fields
            else known.names(derivation_only=False)
        )
        lists = self._named_rows(known)
        first: dict[str, Any] = {}
        for name in names:
            whole = known.lines and name not in report.extra and not known.has_lines(name)
            try:
                values = known[name]
            except InputError:
                if self.layout.fields:
                    raise
                rows_of = known.nullable(name) or []  # one quantity has no value, and its neighbours have
                parts = [None if row is None else self._to_json(row[np.newaxis])[0] for row in rows_of]
                if whole:
                    first |= {} if self.started else {name: parts[0]}
                else:
                    lists[name] = parts
                values = None
            if values is None:
                continue
            once = values.ndim > 1 and whole
            if once and self.started:
                continue
            cells = self._to_json(values[:1] if once else values, optional=known.is_optional(name))
            if report.spread and name == report.spread.quantity:
                cells = [dict(zip(report.spread.keys, row, strict=True)) for row in cells]
            if once:
                first[name] = cells[0]
            else:
                lists[name] = cells
        self.started = True
        named = {
            "labels": report.labels,
            "row_labels": () if "label" in lists else report.names.get("asked", ()),
        }
        head: dict[str, Any] = {
            key: [*map(_escape_surrogates, words)] for key, words in named.items() if words
        }
        rows = [head | {name: values[k] for name, values in lists.items()} for k in range(known.rows)]
        rows[:1] = [row | first for row in rows[:1]]
        if self.explain and not report.is_missing:
            checks = check_results(report)
            rows = [row | (checks[k] if k < len(checks) else {}) for k, row in enumerate(rows)]
        import orjson  # noqa: PLC0415  4 ms, which other forms save

        text = b"".join(orjson.dumps(row) + b"\n" for row in rows)
        return text if text.isascii() else _to_ascii_json(text)

    def _named_rows(self, known: ReportView) -> dict[str, list[Any]]:
        """Return what names the rows: what the user has carried through, and their labels."""
        lists: dict[str, list[Any]] = {}
        if ids := {column.header: self._to_json(column.values) for column in id_columns(known)}:
            lists["id"] = [dict(zip(ids, texts, strict=True)) for texts in zip(*ids.values(), strict=True)]
        return lists | {column.header: self._to_json(column.values) for column in row_label_column(known)}

    def _to_json(self, values: np.ndarray[Any, Any], *, optional: bool = False) -> list[Any]:
        values = widen_float32(values) if self.layout.style.exact else values
        kind = values.dtype.kind
        if kind in "biu" or (kind == "f" and self.layout.style.exact and np.isfinite(values).all()):
            return values.tolist()  # type: ignore[no-any-return]
        shaped = np.empty(values.size, dtype=object)
        shaped[:] = [self._json_scalar(x, optional=optional) for x in values.ravel().tolist()]
        return shaped.reshape(values.shape).tolist()  # type: ignore[no-any-return]

    def _json_scalar(self, x: float | str, *, optional: bool = False) -> float | str | None:
        if optional and is_gap(x):
            return None
        if isinstance(x, str):
            return _escape_surrogates(x)
        return float(self.layout.style.format(x)) if math.isfinite(x) else str(x)


def check_results(report: Report) -> list[dict[str, Any]]:
    """Return the checks of the derivation of each problem: the method's name, and whether it holds.

    None stands for a check that can't tell.
    """
    view = ReportView.of_problems(report)
    steps = [step for step in report.steps if isinstance(step, CrossCheck)]
    found = [
        (re.split(r"[\s:=]*\{", step.text)[0].strip(), getattr(report.result, step.method)())
        for step in steps
    ]
    rows: list[dict[str, Any]] = []
    for row in range(view.rows if found else 0):
        checks = [{"method": name, "holds": _verdict(check, row, view.rows)} for name, check in found]
        rows.append({"checks": checks})
    return rows


def _verdict(check: Any, row: int, rows: int) -> bool | None:
    """Return whether a check holds in a row of several, None if it can't tell."""
    masks = [np.asarray(mask) for mask in (check.holds, check.undecided)]
    holds, coarse = (mask[row] if mask.ndim and len(mask) == rows else mask for mask in masks)
    if np.all(holds):
        return True
    return None if np.all(holds | coarse) else False


def _escape_surrogates(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def _to_ascii_json(text: bytes) -> bytes:
    r"""Write JSON in ASCII: é as \u00e9."""
    import json  # noqa: PLC0415  1 ms, for letters beyond ASCII

    return re.sub(r"[^\x00-\x7f]", lambda sign: json.dumps(sign[0])[1:-1], text.decode()).encode()


class MarkdownWriter(TabularWriter):
    """A writer of Markdown tables."""

    def _header(self, table: list[Column]) -> bytes:
        ruler = ["---" if column.values.dtype.kind == "U" else "---:" for column in table]
        return _markdown_row([_escape_markdown(column.header) for column in table]) + _markdown_row(ruler)

    def _rows(self, table: list[Column]) -> bytes:
        people = self.layout.style.format_display
        cells = [
            [
                ""
                if column.optional and is_gap(x)
                else _escape_markdown(x)
                if isinstance(x, str)
                else people(x)
                for x in column.values.tolist()
            ]
            for column in table
        ]
        return b"".join(map(_markdown_row, zip(*cells, strict=True)))


def _markdown_row(cells: Iterable[str]) -> bytes:
    return encode_utf8("| " + " | ".join(cells) + " |\n")


def _escape_markdown(cell: str) -> str:
    return re.sub(r"[\r\n]+", " ", re.sub(r"[\\|<]", r"\\\g<0>", cell))
