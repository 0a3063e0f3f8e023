"""A view of a Report as arrays and columns, and the interface of writers."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from aimath.errors import InputError
from aimath.render.numbers import NumberStyle

if TYPE_CHECKING:
    from aimath.report import Report


class LayoutOptions(NamedTuple):
    """Layout options of the output: number style, fields, width and colour."""

    style: NumberStyle = NumberStyle()
    fields: tuple[str, ...] = ()
    header: bool = True
    width: int = 80
    all_rows: bool = False
    ascii_only: bool = False
    colour: bool = False
    braille: bool = True  # the terminal has Unicode's patterns of dots
    log_y: bool = False  # plots have a logarithmic axis
    max_lines: int = 0  # more answers than fill so many lines are counted, not shown; 0: all are shown

    @property
    def text_width(self) -> int:
        """The width of wrapped text and plots, at most 80 cells."""
        return max(20, min(self.width, 80))


class Writer(Protocol):
    """A writer of reports as bytes."""

    def write(self, report: Report) -> bytes:
        """Return the bytes of one block of rows."""
        ...

    def finish(self) -> bytes:
        """Return the bytes that follow the last block, if any."""
        return b""


Values = np.ndarray[Any, Any]
_NO_VALUE = "has no value here: 0/0, or beyond float64"


class Column(NamedTuple):
    """A column of a table: its header, a value per row, their unit and what stands before each."""

    header: str
    values: Values  # (rows,)
    unit: str = ""
    mark: str = ""
    optional: bool = False  # nan is no value here, an empty cell


def is_gap(x: Any) -> bool:
    """Return whether an entry of a quantity that may lack a value has none."""
    return isinstance(x, float) and math.isnan(x)


class ReportView(dict[str, Values | None]):
    """The quantities of a report as arrays (rows, ...) by name, computed on first use.

    Rows are the entries of one axis, `lines`; with none, the whole is a single row. What has not this axis is
    the same in all rows. A name that this answer does not have gives None.
    """

    def __init__(self, report: Report, lines: str) -> None:
        super().__init__()
        self.report, self.lines = report, lines
        self.rows = report.length(lines)

    @classmethod
    def of_problems(cls, report: Report) -> ReportView:
        """Return the view with a row for each problem, as derivations and plots have it."""
        return cls(report, "batch" if report.line_axis() == "batch" else "")

    @classmethod
    def of_lines(cls, report: Report, fields: tuple[str, ...]) -> ReportView:
        """Return the view with a row for each line of the fields asked for, all if none is."""
        return cls(report, report.line_axis(fields))

    def __missing__(self, name: str) -> Values | None:
        """Compute a quantity on first use and cache it."""
        values = self._rows(name)
        if values is not None and not self.report.is_missing:
            wild = self._without_value(name, values)
            if wild.any():
                why = f"{name.replace('_', ' ')} {_NO_VALUE}"
                raise InputError(why, row=int(np.argmax(wild)))
        self[name] = values
        return values

    def _rows(self, name: str) -> Values | None:
        report, swept = self.report, name in self.report.swept
        value = report.swept[name] if swept else report.value(name)
        if value is None:
            return None
        array = np.asarray(value)
        if not (swept or self.has_lines(name)):
            array = array[np.newaxis]
        if array.ndim == 0 or array.shape[0] == 1 != self.rows:
            array = np.broadcast_to(array, (self.rows, *array.shape[1:]))
        if report.is_missing and not swept:
            return np.full(array.shape, "" if array.dtype.kind == "U" else np.nan)
        return array

    def has_lines(self, name: str) -> bool:
        """Return whether a quantity has an entry of its own in each row."""
        return bool(self.lines) and self.report.axes(name)[:1] == (self.lines,)

    def _without_value(self, name: str, values: Values) -> Values:
        """Return in which rows a quantity is no number, or infinite where that is never the truth."""
        given = name in {*self.report.swept, *self.report.extra}
        if values.dtype.kind != "f" or given or self.is_optional(name):
            return np.zeros(len(values), np.bool_)
        finite = name in getattr(self.report.result, "finite_fields", ())
        if values.size and np.isfinite(values.min()) and not (finite and np.isposinf(values.max())):
            return np.zeros(len(values), np.bool_)
        wild = ~np.isfinite(values) if finite else np.isnan(values)
        return np.asarray(wild.reshape(len(values), -1).any(axis=1))

    def is_optional(self, name: str) -> bool:
        """Return whether nan in a quantity is no value, not a mistake."""
        spread = self.report.spread
        if self.report.is_missing:  # nothing has a value then
            return False
        whole = spread.quantity if spread and name in spread.names else name
        return whole in getattr(self.report.result, "optional_fields", ())

    def nullable(self, name: str) -> list[Values | None] | None:
        """Return a quantity row by row, None for a row that it has no value in."""
        if self.report.check_memory:
            self.report.check_memory(name)  # what is too large is refused, not left out
        try:
            values = self._rows(name)
        except InputError:
            if self.rows > 1 and not (self.lines and not self.has_lines(name)):
                raise
            return [None] * self.rows
        if values is None:
            return None
        wild = self._without_value(name, values)
        empty = [bad and not np.isfinite(row).any() for row, bad in zip(values, wild, strict=True)]
        return [None if bad else row for row, bad in zip(values, empty, strict=True)]

    def names(self, *, derivation_only: bool = True) -> tuple[str, ...]:
        """Return the names of the quantities, swept ones first, or of those not for derivations only."""
        names = dict.fromkeys((*self.report.swept, *self.report.quantity_names()))
        wanted = (name for name in names if derivation_only or not self.report.is_derivation_only(name))
        return tuple(name for name in wanted if self._has(name))

    def _has(self, name: str) -> bool:
        """Return whether there is a quantity, be it one beyond float64."""
        try:
            return self[name] is not None
        except InputError:
            return True


def largest_together(view: ReportView, name: str, row: int) -> float:
    """Return the largest size of a quantity in a row, and in that row of all runs of its sweep."""
    largest = 0.0
    for report in (view.report, *view.report.together):
        values = ReportView(report, view.lines)[name] if report is not view.report else view[name]
        if values is not None and values.dtype.kind in "fiu" and row < len(values):
            finite = values[row][np.isfinite(values[row])]
            largest = max(largest, float(np.abs(finite).max(initial=0.0)))
    return largest


def select_fields(view: ReportView, requested: tuple[str, ...]) -> tuple[str, ...]:
    """Return the fields to show: swept options, then those of `--fields` or the answer."""
    for name in requested:
        if view[name] is None:
            hint = _field_hint(name, view)
            raise InputError(f"there is no field '{name}'", hint=hint, usage=True)
    names = dict.fromkeys((*view.report.swept, *(requested or view.report.show)))
    return tuple(name for name in names if view[name] is not None)


def _field_hint(name: str, view: ReportView) -> str:
    """Return the field whose column has a head such as point_w, or all there are."""
    names = view.names()
    owner = max((field for field in names if name.startswith(f"{field}_")), key=len, default="")
    if owner:
        return f"{name} is the head of a column of {owner}: use --fields {owner}"
    return f"choose from {', '.join(names)}"


def table_columns(report: Report, fields: tuple[str, ...]) -> list[Column]:
    """Return the columns of a line-based format; of a whole, each row of its matrices is a line.

    So are those of several matrices, one after the other; where several follow, rows are named or numbered.
    """
    view = ReportView.of_lines(report, fields)
    names = select_fields(view, fields)
    arrays = {name: values for name in names if (values := view[name]) is not None and values.ndim > 1}
    leads = {array.shape[1:-1] for array in arrays.values()}
    lead = leads.pop() if len(leads) == 1 else ()
    if view.lines or not lead:
        return expand_columns(view, names)
    axes = [axis.rstrip("?") for axis in report.axes(next(iter(arrays)))[:-2]]
    rows = _matrix_rows(report, lead, tuple(axes[len(axes) + 1 - len(lead) :]))  # the first may be missing
    rows |= {name: array.reshape(rows.rows, -1) for name, array in arrays.items()}
    return expand_columns(rows, (*rows.report.swept, *names[len(report.swept) :]))


def _matrix_rows(report: Report, lead: tuple[int, ...], stacked: tuple[str, ...]) -> ReportView:
    """Return the view with a row for each row of matrices (*lead, n), of which several are `stacked`."""
    *above, row = np.indices(lead).reshape(len(lead), -1)
    places = {axis: _called(report, axis, at) for axis, at in zip(stacked, above, strict=True)}
    places["row"] = row + 1
    labelled = lead[-1] == len(report.labels)
    if labelled or not (report.swept or stacked):
        del places["row"]
    names = {"row": report.labels * (len(row) // lead[-1])} if labelled else report.names
    view = ReportView(report._replace(swept={**report.swept, **places}, names=names), "row")
    view.rows = len(row)
    return view


def _called(report: Report, axis: str, places: Any) -> Any:
    """Return what places (n,), from 0, on an axis of stacked matrices are called: 1, 2, unless told."""
    names = report.names.get(axis, ())
    return np.array(names)[places] if names else places + 1


def stacked_titles(report: Report, name: str, lead: tuple[int, ...]) -> list[list[str]]:
    """Return what each of the matrices (*lead, r, c) of a quantity is called, as "head 2"."""
    axes = [axis.rstrip("?") for axis in report.axes(name)[:-2]][-len(lead) :] if lead else []
    return [
        [f"{axis} {_called(report, axis, at)}" for axis, at in zip(axes, place, strict=True)]
        for place in np.ndindex(*lead)
    ]


def expand_columns(view: ReportView, names: tuple[str, ...]) -> list[Column]:
    """Return quantities as columns; a vector's entries are `name_1`, `name_2` or `name_label`."""
    report = view.report
    spread: list[Column] = []
    present = ((name, values) for name in names if (values := view[name]) is not None)
    for name, values in present:
        whole = report.spread.quantity if report.spread and name in report.spread.names else name
        unit, mark = report.units.get(whole, ""), "≈" * (name in report.approximate)
        optional = view.is_optional(name)
        if values.ndim == 1:
            spread.append(Column(name, values, unit, mark, optional))
            continue
        flat = values.reshape(view.rows, -1)
        heads = entry_names(report, values.shape[1:], name)
        spread.extend(
            Column(f"{name}_{head}", flat[:, k], unit, mark, optional) for k, head in enumerate(heads)
        )
    named = len(report.swept)
    return [*id_columns(view), *spread[:named], *row_label_column(view), *spread[named:]]


def id_columns(view: ReportView) -> list[Column]:
    """Return the columns that the user has carried through, or raise InputError if rows are others."""
    columns = [Column(name, np.array(texts, np.str_)) for name, texts in view.report.ids.items()]
    if any(len(column.values) != view.rows for column in columns):
        why = "--id names the rows that are read, and this answer has other rows"
        raise InputError(why, hint="leave it out, or choose others by --fields", usage=True)
    return columns


def row_label_column(view: ReportView) -> list[Column]:
    """Return the column of row labels, if there are any."""
    axis = {"row": "row", "batch": "asked"}.get(view.lines, "")  # problems are named where that is asked for
    labels = view.report.names.get(axis, ())
    return [Column("label", np.array(labels))] if labels and len(labels) == view.rows else []


def entry_names(report: Report, shape: tuple[int, ...], name: str = "", separator: str = "_") -> list[str]:
    """Return the names of the entries of a vector or matrix: of its axes, labels, or positions."""
    axes = (*("",) * len(shape), *report.axes(name))[-len(shape) :] if shape else ()
    known = [report.names.get(axis, ()) for axis in axes]
    if shape == (len(report.labels),) != (len(known[0]),):
        return list(report.labels)
    words = [
        names if len(names) == size else [str(k + 1) for k in range(size)]
        for names, size in zip(known, shape, strict=True)
    ]
    return [separator.join(place) for place in itertools.product(*words)]
