"""Reading a Report: one array a quantity, one column a name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.errors import InputError

if TYPE_CHECKING:
    from aimath.report import Report

Values = np.ndarray[Any, Any]


class Column(NamedTuple):
    """A column of a table: what stands above it, a value for each row, and of what unit they are."""

    head: str
    values: Values  # (rows,)
    unit: str = ""


class Quantities(dict[str, Values | None]):
    """What is known of the rows of a report, (rows, ...) by name; each is computed when first asked for.

    A name that this answer does not have gives None.
    """

    def __init__(self, report: Report) -> None:
        super().__init__()
        self.report = report

    def __missing__(self, name: str) -> Values | None:
        """Look a quantity up, and keep it: derived ones are worth computing once."""
        values = self[name] = _field(self.report, name)
        return values

    def names(self, *, but: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Name the quantities of this answer, the swept ones first, `but` some that need not be computed."""
        names = dict.fromkeys((*self.report.swept, *self.report.quantities()))
        return tuple(name for name in names if name not in but and self[name] is not None)


def _field(report: Report, name: str) -> Values | None:
    swept = name in report.swept
    value = report.swept[name] if swept else report.value(name)
    if value is None:
        return None
    array = np.asarray(value)
    if not swept and (report.whole or (report.by_row and name not in report.by_row)):
        array = array[np.newaxis]
    if array.ndim == 0 or array.shape[0] == 1 != report.rows:
        array = np.broadcast_to(array, (report.rows, *array.shape[1:]))
    if report.void and not swept:
        return np.full(array.shape, "" if array.dtype.kind == "U" else np.nan)
    return array


def chosen(known: Quantities, wanted: tuple[str, ...]) -> tuple[str, ...]:
    """Name the quantities to show: what is swept, then those wanted (`--fields`) or the answer."""
    for name in wanted:
        if known[name] is None:
            hint = f"choose from {', '.join(known.names())}"
            raise InputError(f"there is no field '{name}'", hint=hint, usage=True)
    names = dict.fromkeys((*known.report.swept, *(wanted or known.report.show)))
    return tuple(name for name in names if known[name] is not None)


def table(report: Report, fields: tuple[str, ...]) -> list[Column]:
    """Give the columns of a form with lines: a matrix that answers a problem has a line for each row."""
    known = Quantities(report.spread())
    names = chosen(known, fields)
    shapes = {name: values.shape[1:] for name in names if (values := known[name]) is not None}
    matrices = tuple(name for name, shape in shapes.items() if len(shape) == 2)
    high = {shape[0] for shape in shapes.values() if shape}
    if not (
        known.report.whole and matrices and len(high) == 1 and {len(s) for s in shapes.values()} <= {0, 2}
    ):
        return columns(known, names)
    rows = report._replace(by_row=matrices)
    if high == {len(report.labels)}:
        rows = rows._replace(row_labels=report.labels, labels=())
    return columns(Quantities(rows.spread()), names)


def columns(known: Quantities, names: tuple[str, ...]) -> list[Column]:
    """Spread quantities to columns: a vector's entries are `name_1`, `name_2` or `name_label`."""
    report = known.report
    spread = row_names(known)
    present = ((name, values) for name in names if (values := known[name]) is not None)
    for name, values in present:
        unit = report.units.get(name, "")
        if values.ndim == 1:
            spread.append(Column(name, values, unit))
            continue
        flat = values.reshape(report.rows, -1)
        heads = entry_names(report, values.shape[1:], name)
        spread.extend(Column(f"{name}_{head}", flat[:, k], unit) for k, head in enumerate(heads))
    return spread


def row_names(known: Quantities) -> list[Column]:
    """Give the column of the names of an answer's rows, if they have names."""
    report = known.report
    named = report.by_row and len(report.row_labels) == report.rows
    return [Column("label", np.array(report.row_labels))] if named else []


def entry_names(report: Report, shape: tuple[int, ...], name: str = "") -> list[str]:
    """Name the entries of a vector or matrix: by label, or by place from 1."""
    ends = report.heads.get(name, ())
    if ends and shape[-1:] == (len(ends),):
        rows = ["_".join(str(k + 1) for k in place) for place in np.ndindex(*shape[:-1])]
        return [f"{row}_{end}" if row else end for row in rows for end in ends]
    if shape == (len(report.labels),):
        return list(report.labels)
    return ["_".join(str(k + 1) for k in place) for place in np.ndindex(*shape)]
