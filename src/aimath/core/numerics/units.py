"""Rows in units: what every process learns of one, and how that is put together.

An accumulator gets one unit, and those of all units are merged in a tree over their numbers. So an answer
has the same bytes whether one process goes through the units or many do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable

from aimath.core.numerics.accumulators import MergeTree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from aimath.core.numerics.types import Array

    Begin: TypeAlias = Callable[[int], Any]
    BlockSource: TypeAlias = Callable[[], Iterable[Array]]

UNIT_ROWS = 1 << 16
"""Rows of a unit, but for the last: blocks of them begin anew in each."""


@runtime_checkable
class Units(Protocol):
    """Rows in units that can be gone through again and again."""

    def first_block(self) -> Array | None:
        """Return the first block of rows, None if there is none."""
        ...

    def reduce(self, begin: Begin) -> Any:
        """Return one accumulator of all rows, None of none.

        `begin` gives that of a unit by its number. Where other processes go through the units it is
        sent to them: a class, or functools.partial of one.
        """
        ...


class BlockUnits:
    """Rows in units, which this process goes through.

    >>> from aimath.core.numerics.accumulators import MomentsAccumulator
    >>> units = BlockUnits(lambda unit: [[[1.0 * unit]], [[4.0]]], 2)
    >>> units.reduce(lambda unit: MomentsAccumulator(1)).result().means.tolist()
    [2.25]
    """

    def __init__(self, read_blocks: Callable[[int], Iterable[Array]], count: int) -> None:
        self.read_blocks, self.count = read_blocks, count

    def first_block(self) -> Array | None:
        """Return the first block of rows, None if there is none."""
        return next(iter(self.read_blocks(0)), None) if self.count else None

    def reduce(self, begin: Begin) -> Any:
        """Return one accumulator of all rows, None of none."""
        tree = MergeTree()
        for unit in range(self.count):
            tree.add(accumulate(begin, unit, self.read_blocks(unit)))
        return tree.merged()


def accumulate(begin: Begin, unit: int, blocks: Iterable[Array]) -> Any:
    """Return the accumulator of a unit after all its blocks."""
    found = begin(unit)
    for block in blocks:
        found.update(block)
    return found


def as_units(rows: Units | BlockSource) -> Units:
    """Return what gives blocks of rows anew at each call as one unit; units as they are."""
    if isinstance(rows, Units):
        return rows
    return BlockUnits(lambda _: rows(), 1)
