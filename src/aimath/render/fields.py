"""Reading a Report: one array a quantity, one column a name; and what every writer is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from aimath.errors import InputError
from aimath.render.numbers import Style

if TYPE_CHECKING:
    from aimath.report import Report


class Wanted(NamedTuple):
    """What was asked of the output."""

    style: Style = Style()
    fields: tuple[str, ...] = ()
    header: bool = True
    width: int = 80
    all_rows: bool = False
    ascii_only: bool = False
    colour: bool = False

    @property
    def measure(self) -> int:
        """The width of lines that may be broken, and of pictures: no line is read well beyond 80 cells."""
        return max(20, min(self.width, 80))


class Writer(Protocol):
    """Turns reports into bytes, one after the other, and closes what it opened."""

    def write(self, report: Report) -> bytes:
        """Give the text of one block of rows."""
        ...

    def end(self) -> bytes:
        """Give what stands behind the last block: nothing, unless something was left open."""
        return b""


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
    """Give the columns of a form with lines: a matrix that answers a problem has a line for each row.

    So have the matrices of a stack, one after the other; where several follow, rows are named or numbered.
    """
    known = Quantities(report.spread())
    report, names = known.report, chosen(known, fields)
    arrays = {name: values for name in names if (values := known[name]) is not None and values.ndim > 1}
    leads = {array.shape[1:-1] for array in arrays.values()}
    lead = leads.pop() if len(leads) == 1 else ()
    if not report.whole or not 1 <= len(lead) <= 1 + bool(report.stack):
        return columns(known, names)
    lines = _by_line(report, lead)._replace(by_row=tuple(arrays))
    rows = Quantities(lines)
    rows |= {name: array.reshape(lines.rows, -1) for name, array in arrays.items()}
    return columns(rows, (*lines.swept, *names[len(report.swept) :]))


def _by_line(report: Report, lead: tuple[int, ...]) -> Report:
    """Let each row of the matrices (*lead, n) be a row, by its label or, among several, its number."""
    numbers = np.indices(lead).reshape(len(lead), -1) + 1
    places = dict(zip((report.stack, "row")[-len(lead) :], numbers, strict=True))
    labelled = lead[-1] == len(report.labels)
    if labelled or not (report.swept or len(lead) > 1):
        del places["row"]
    report = report._replace(whole=False, rows=numbers.shape[1], swept={**report.swept, **places})
    if not labelled:
        return report
    return report._replace(row_labels=report.labels * (report.rows // lead[-1]), labels=())


def columns(known: Quantities, names: tuple[str, ...]) -> list[Column]:
    """Spread quantities to columns: a vector's entries are `name_1`, `name_2` or `name_label`."""
    report = known.report
    spread: list[Column] = []
    present = ((name, values) for name in names if (values := known[name]) is not None)
    for name, values in present:
        unit = report.units.get(name, "")
        if values.ndim == 1:
            spread.append(Column(name, values, unit))
            continue
        flat = values.reshape(report.rows, -1)
        heads = entry_names(report, values.shape[1:], name)
        spread.extend(Column(f"{name}_{head}", flat[:, k], unit) for k, head in enumerate(heads))
    named = len(report.swept)
    return [*spread[:named], *row_names(known), *spread[named:]]


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
