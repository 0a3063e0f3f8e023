"""A view of a Report as arrays and columns, and the interface of writers."""

from __future__ import annotations

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


class Column(NamedTuple):
    """A column of a table: its header, a value per row and their unit."""

    header: str
    values: Values  # (rows,)
    unit: str = ""


class ReportView(dict[str, Values | None]):
    """The quantities of a report's rows as arrays (rows, ...) by name, computed on first use.

    A name that this answer does not have gives None.
    """

    def __init__(self, report: Report) -> None:
        super().__init__()
        self.report = report

    def __missing__(self, name: str) -> Values | None:
        """Compute a quantity on first use and cache it."""
        values = self[name] = _quantity_array(self.report, name)
        return values

    def names(self, *, exclude: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Return the names of the quantities, swept ones first, without those of `exclude`."""
        names = dict.fromkeys((*self.report.swept, *self.report.quantity_names()))
        return tuple(name for name in names if name not in exclude and self[name] is not None)


def _quantity_array(report: Report, name: str) -> Values | None:
    swept = name in report.swept
    value = report.swept[name] if swept else report.value(name)
    if value is None:
        return None
    array = np.asarray(value)
    if not swept and (report.unbatched or (report.row_fields and name not in report.row_fields)):
        array = array[np.newaxis]
    if array.ndim == 0 or array.shape[0] == 1 != report.rows:
        array = np.broadcast_to(array, (report.rows, *array.shape[1:]))
    if report.is_missing and not swept:
        return np.full(array.shape, "" if array.dtype.kind == "U" else np.nan)
    return array


def select_fields(view: ReportView, requested: tuple[str, ...]) -> tuple[str, ...]:
    """Return the fields to show: swept options, then those of `--fields` or the answer."""
    for name in requested:
        if view[name] is None:
            hint = f"choose from {', '.join(view.names())}"
            raise InputError(f"there is no field '{name}'", hint=hint, usage=True)
    names = dict.fromkeys((*view.report.swept, *(requested or view.report.show)))
    return tuple(name for name in names if view[name] is not None)


def table_columns(report: Report, fields: tuple[str, ...]) -> list[Column]:
    """Return the columns of a line-based format, with one line per row of a matrix.

    So have the matrices of a stack, one after the other; where several follow, rows are named or numbered.
    """
    known = ReportView(report.split_rows())
    report, names = known.report, select_fields(known, fields)
    arrays = {name: values for name in names if (values := known[name]) is not None and values.ndim > 1}
    leads = {array.shape[1:-1] for array in arrays.values()}
    lead = leads.pop() if len(leads) == 1 else ()
    if not report.unbatched or not 1 <= len(lead) <= 1 + bool(report.batch_axis):
        return expand_columns(known, names)
    lines = _matrix_rows_report(report, lead)._replace(row_fields=tuple(arrays))
    rows = ReportView(lines)
    rows |= {name: array.reshape(lines.rows, -1) for name, array in arrays.items()}
    return expand_columns(rows, (*lines.swept, *names[len(report.swept) :]))


def _matrix_rows_report(report: Report, lead: tuple[int, ...]) -> Report:
    """Return the report with each row of the matrices (*lead, n) as a row."""
    numbers = np.indices(lead).reshape(len(lead), -1) + 1
    places = dict(zip((report.batch_axis, "row")[-len(lead) :], numbers, strict=True))
    labelled = lead[-1] == len(report.labels)
    if labelled or not (report.swept or len(lead) > 1):
        del places["row"]
    report = report._replace(unbatched=False, rows=numbers.shape[1], swept={**report.swept, **places})
    if not labelled:
        return report
    return report._replace(row_labels=report.labels * (report.rows // lead[-1]), labels=())


def expand_columns(view: ReportView, names: tuple[str, ...]) -> list[Column]:
    """Return quantities as columns; a vector's entries are `name_1`, `name_2` or `name_label`."""
    report = view.report
    spread: list[Column] = []
    present = ((name, values) for name in names if (values := view[name]) is not None)
    for name, values in present:
        unit = report.units.get(name, "")
        if values.ndim == 1:
            spread.append(Column(name, values, unit))
            continue
        flat = values.reshape(report.rows, -1)
        heads = entry_names(report, values.shape[1:], name)
        spread.extend(Column(f"{name}_{head}", flat[:, k], unit) for k, head in enumerate(heads))
    named = len(report.swept)
    return [*spread[:named], *row_label_column(view), *spread[named:]]


def row_label_column(view: ReportView) -> list[Column]:
    """Return the column of row labels, if there are any."""
    report = view.report
    named = report.row_fields and len(report.row_labels) == report.rows
    return [Column("label", np.array(report.row_labels))] if named else []


def entry_names(report: Report, shape: tuple[int, ...], name: str = "") -> list[str]:
    """Return the names of the entries of a vector or matrix: labels, or positions from 1."""
    ends = report.axis_labels.get(name, ())
    if ends and shape[-1:] == (len(ends),):
        rows = ["_".join(str(k + 1) for k in place) for place in np.ndindex(*shape[:-1])]
        return [f"{row}_{end}" if row else end for row in rows for end in ends]
    if shape == (len(report.labels),):
        return list(report.labels)
    return ["_".join(str(k + 1) for k in place) for place in np.ndindex(*shape)]
