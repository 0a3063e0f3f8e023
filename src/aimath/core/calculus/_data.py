"""Data that formulas go over: columns of numbers by name, and the rows of a batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.errors import InputError, pluralize

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike

    from aimath.core.numerics.types import Array, Indices


class Data(NamedTuple):
    """A table of numbers by the names of its columns."""

    columns: dict[str, Array]  # (r,) each, finite
    row_numbers: Indices  # (r,) where each row stands in what was read, from 1
    names: tuple[str, ...] = ()  # of all columns that there are, also those that aren't held

    @property
    def row_count(self) -> int:
        """How many rows there are."""
        return len(self.row_numbers)

    def at_rows(self, rows: Indices) -> Data:
        """Return some rows of the data."""
        columns = {name: column[rows] for name, column in self.columns.items()}
        return Data(columns, self.row_numbers[rows], self.names)

    @property
    def known(self) -> str:
        """The columns in words."""
        names = self.names or tuple(self.columns)
        more = ", ..." * (len(names) > 20)
        return f"the column{'s are' if len(names) > 1 else ' is'} {', '.join(names[:20])}{more}"


def as_data(given: Mapping[str, ArrayLike] | Data) -> Data:
    """Return columns, given by name, as data.

    >>> as_data({"x": [1, 2], "y": [3, 5]}).row_count
    2
    """
    if isinstance(given, Data):
        return given
    if not isinstance(given, Mapping) or not given:
        raise InputError("data must be columns by name, such as {'x': [1, 2]}", operand="data")
    columns = {name: _as_column(name, values) for name, values in given.items()}
    sizes = {name: len(column) for name, column in columns.items()}
    first, *others = sizes
    for name in others:
        if sizes[name] != sizes[first]:
            why = f"column {name} has {pluralize(sizes[name], 'row')}, column {first} {sizes[first]}"
            raise InputError(why, operand="data")
    return Data(columns, np.arange(1, sizes[first] + 1), tuple(columns))


def _as_column(name: str, values: Any) -> Array:
    try:
        column = np.asarray(values, np.float64)
    except (TypeError, ValueError):
        raise InputError(f"column {name} isn't numbers", operand="data") from None
    if column.ndim != 1 or not len(column):
        raise InputError(f"column {name} must be a list of numbers", operand="data")
    bad = np.flatnonzero(~np.isfinite(column))
    if len(bad):
        raise InputError(f"column {name} has {column[bad[0]]:g} in row {bad[0] + 1}", operand="data")
    return column


class Batches(NamedTuple):
    """Minibatches: each epoch is a permutation of the rows, cut into batches, the last of which may be short.

    >>> [rows.size for rows, _ in zip(Batches(10, 4).endless(), range(4))]
    [4, 4, 2, 4]
    """

    rows: int  # of all the data
    size: int  # of a batch
    seed: int = 0

    def endless(self) -> Iterator[Indices]:
        """Yield the rows of one batch after the other."""
        draws = np.random.Generator(np.random.PCG64(self.seed))
        while True:
            order = np.argsort(draws.random(self.rows), kind="stable")
            for start in range(0, self.rows, self.size):
                yield order[start : start + self.size]
