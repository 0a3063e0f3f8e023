"""How often the categories of columns come, alone and together, in one pass."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from aimath.core.numerics.accumulators import (
    combine_states,
    part_of_state,
    state_of_texts,
    texts_of_state,
)
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from aimath.core.numerics.accumulators import State
    from aimath.core.numerics.types import Array

MAX_DISTINCT = 1 << 20
"""Distinct categories, or rows of them, that are counted."""
MAX_TABLE = 1 << 22
"""Entries of a table of counts."""


class Categories(NamedTuple):
    """Counts of what columns hold, an axis for each."""

    names: tuple[tuple[str, ...], ...]  # of each column, numbers in their order, else texts in theirs
    counts: NDArray[np.int64]  # (categories of the first, categories of the second, ...)
    rows: int  # that are counted
    missing: int  # rows that were passed over, as a cell is missing


class CategoriesAccumulator:
    """An accumulator of how often rows of categories come; a number is the category of its shortest text.

    >>> found = CategoriesAccumulator(2)
    >>> found.update([["cat", "dog", "cat"], [1.0, 2.0, 2.0]])
    >>> found.result().names, found.result().counts.tolist()
    ((('cat', 'dog'), (1.0, 2.0)), [[1, 1], [0, 1]])
    """

    def __init__(self, columns: int = 1) -> None:
        self.columns = columns
        self.missing = 0
        self._counts: Counter[tuple[str, ...]] = Counter()

    def update(self, columns: Sequence[Array | Sequence[str | None]]) -> None:
        """Add columns (rows,) of texts, None where one is missing, or of numbers, nan where one is."""
        if len(columns) != self.columns:
            raise InputError(f"{len(columns)} columns are given, and {self.columns} are counted")
        texts = [_texts(c) if isinstance(c, np.ndarray) else c for c in columns]
        found = Counter(zip(*texts, strict=True))
        for row in [row for row in found if None in row]:
            self.missing += found.pop(row)
        self._counts.update(found)
        if len(self._counts) > MAX_DISTINCT:
            raise InputError(f"more than {MAX_DISTINCT} different categories are too many to count")

    def merge(self, other: Self) -> None:
        """Add what another accumulator counted in other rows."""
        if self.columns != other.columns:
            raise InputError("counts of different columns don't go together")
        self._counts.update(other._counts)
        self.missing += other.missing

    def state(self) -> State:
        """Return all that is held."""
        held: State = {
            "counts": np.array([*self._counts.values()], np.int64),
            "rest": np.array([self.columns, self.missing]),
        }
        return held | combine_states(names=state_of_texts(name for row in self._counts for name in row))

    @classmethod
    def of_state(cls, state: Mapping[str, Any]) -> Self:
        """Return the accumulator that holds a state."""
        found = cls(int(state["rest"][0]))
        found.missing = int(state["rest"][1])
        names = texts_of_state(part_of_state(state, "names"))
        rows = zip(*(names[k :: found.columns] for k in range(found.columns)), strict=True)
        found._counts = Counter(dict(zip(rows, state["counts"].tolist(), strict=True)))
        return found

    def result(self) -> Categories:
        """Return the counts of all rows so far."""
        if not self._counts:
            raise InputError("all rows are missing" if self.missing else "there are no rows to count")
        names = tuple(sort_categories({row[k] for row in self._counts}) for k in range(self.columns))
        if np.prod([float(len(one)) for one in names]) > MAX_TABLE:
            sizes = " x ".join(str(len(one)) for one in names)
            raise InputError(f"a table of {sizes} categories is too large")
        counts = np.zeros([len(one) for one in names], np.int64)
        places = [{name: place for place, name in enumerate(one)} for one in names]
        for row, count in self._counts.items():
            counts[tuple(place[name] for place, name in zip(places, row, strict=True))] = count
        return Categories(names, counts, int(counts.sum()), self.missing)


def align_categories(one: Categories, other: Categories) -> tuple[tuple[str, ...], Array, Array]:
    """Return all categories of two columns, and the counts (n,) of either."""
    names = sort_categories({*one.names[0], *other.names[0]})
    both = [dict(zip(found.names[0], found.counts.tolist(), strict=True)) for found in (one, other)]
    first, second = (np.array([counts.get(name, 0) for name in names], np.float64) for counts in both)
    return names, first, second


def sort_categories(names: set[str]) -> tuple[str, ...]:
    """Return categories in order, by their value if all are numbers.

    >>> sort_categories({"10", "9"}), sort_categories({"10", "9", "a"})
    (('9', '10'), ('10', '9', 'a'))
    """
    try:
        return tuple(sorted(names, key=lambda name: (float(name), name)))
    except ValueError:
        return tuple(sorted(names))


def _texts(numbers: Array) -> list[str | None]:
    """Return numbers as texts, None where one is missing."""
    values, places = np.unique(numbers, return_inverse=True)
    texts = [None if math.isnan(x) else repr(x).removesuffix(".0") for x in (values + 0.0).tolist()]
    return [texts[place] for place in places.tolist()]
