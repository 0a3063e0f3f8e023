"""Categories of columns that are counted as they are read: the accumulators of --categories."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from aimath.cli.options import Option
from aimath.errors import InputError, pluralize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimath.core.information import CategoriesAccumulator

AreCategories = Annotated[
    bool, Option("--categories", help="Count the categories that columns of a table hold.")
]


class ColumnCounts:
    """The categories of each column of a table, or those of one vector."""

    def __init__(self) -> None:
        self.counts: dict[str, CategoriesAccumulator] = {}
        self.vectors: dict[str, bool] = {}  # of each operand, whether it began with a single row of numbers

    def update(self, **tables: Any) -> None:
        """Add columns of a table, or rows of numbers."""
        for operand, table in tables.items():
            for name, column in zip(*self._columns(operand, table), strict=True):
                self._add(name, [column])

    def _columns(self, operand: str, table: Any) -> tuple[list[str], list[Any]]:
        """Return the names and the columns of a table as it is read, or of rows of numbers."""
        if not hasattr(table, "ndim"):
            texts = [one.texts if one.numbers is None else one.numbers for one in table]
            return [one.name for one in table], texts
        rows = table.reshape(-1, table.shape[-1])
        if self.vectors.setdefault(operand, len(rows) == 1):
            return ["1"], [rows.ravel()]
        return [str(k + 1) for k in range(rows.shape[1])], list(rows.T)

    def _add(self, name: str, columns: Sequence[Any]) -> None:
        from aimath.core import information

        self.counts.setdefault(name, information.CategoriesAccumulator(len(columns))).update(columns)

    def result(self, name: str) -> Any:
        """Return the counts of a column or an operand, or raise InputError if nothing was counted."""
        if name not in self.counts:
            raise InputError("{operand} has no rows to count", operand=name)
        return self.counts[name].result()

    def pass_over(self) -> None:
        """Do nothing about a row that is bad."""


class PairCounts(ColumnCounts):
    """The pairs of categories that the two columns of a table hold."""

    def update(self, **tables: Any) -> None:
        """Add the two columns of a table, or rows of two numbers."""
        for name, table in tables.items():
            self.vectors[name] = False
            _, columns = self._columns(name, table)
            if len(columns) != 2:
                why = f"--categories counts pairs of two columns, not of {len(columns)}"
                raise InputError(why, hint="pick them with --column A,B", usage=True)
            self._add(name, columns)


class OperandCounts(ColumnCounts):
    """The categories of the one column of each operand."""

    def update(self, **tables: Any) -> None:
        """Add the column of an operand, or of several."""
        for name, table in tables.items():
            _, columns = self._columns(name, table)
            if len(columns) != 1:
                why = f"--categories counts one column of {name}, not {len(columns)}"
                raise InputError(why, hint="pick it with --column NAME", usage=True)
            self._add(name, columns)


def note_missing(missing: int) -> tuple[str, ...]:
    """Return a note on rows that were passed over as a cell is missing."""
    return (f"{pluralize(missing, 'row')} passed over: a cell is missing",) if missing else ()
