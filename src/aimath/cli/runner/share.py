"""Units of work that a command learns of: here, one after the other, unless they are shared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aimath.read.matrices import RowBlocks

    Learn = Callable[[int], Any]
    """Returns the accumulator of a unit, by its number."""


class Task(NamedTuple):
    """What is to be learnt of so many units."""

    units: int
    here: Learn
    there: Callable[..., Learn]  # in a process of its own it makes `here` again, of its arguments
    arguments: tuple[Any, ...]
    restore: Callable[[Mapping[str, Any]], Any]  # makes an accumulator of a state
    name: Callable[[int], str]  # says what a unit is


class LocalShare:
    """Units that are learnt here."""

    is_part = False

    def learn(self, task: Task) -> Any:
        """Return one accumulator of all units, None of none."""
        from aimath.core.numerics.accumulators import MergeTree

        tree = MergeTree()
        for unit in range(task.units):
            tree.add(task.here(unit))
        return tree.merged()

    def share_rows(self, rows: RowBlocks) -> None:
        """Let the passes over a matrix that is read in blocks be shared: here they aren't."""

    def count_workers(self, tasks: int) -> int:
        """Return how many processes so many tasks are given to: here one, which is this."""
        return min(tasks, 1)
