"""Units of work: what is learnt of each is merged in a tree, so that the answer is the same for any division.

A unit is a file, or UNIT_ROWS rows of an .npy or a .safetensors. Whoever learns units, this process or
another, here or on another machine, gives nodes of the tree (`core/numerics/accumulators.py: MergeTree`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from aimath.cli.runner.job import read_segment
from aimath.cli.runner.reduction import Accumulators
from aimath.errors import InputError
from aimath.read.blocks import UNIT_ROWS, BadRow
from aimath.read.segments import count_rows, unit_ranges

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from aimath.cli.options import Reduction
    from aimath.cli.runner.job import Job
    from aimath.core.numerics.accumulators import State
    from aimath.read.blocks import Block, RowRange
    from aimath.read.segments import Segment


class RowUnits:
    """The units of the rows that a job reads, counted here unless `segments` are as another has counted."""

    def __init__(self, job: Job, unit_rows: int = UNIT_ROWS, segments: Sequence[Segment] = ()) -> None:
        known = (*job.operand_names, *job.optional_operands)
        matrices = [name for name in known if job.operand_spec(name).matrix]
        whole = bool(job.reduction and job.reduction.whole) or not job.operand_names
        self.job, self.unit_rows = job, unit_rows
        self.segments = [*segments] or [
            segment if whole else count_rows(segment, matrices, job.read_options) for segment in job.segments
        ]
        self.count = sum(segment.count_units(unit_rows) for segment in self.segments)
        if job.reduction and job.reduction.whole:
            self.count = 1

    def name(self, unit: int) -> str:
        """Return what a unit is, for messages."""
        for _, place, rows in unit_ranges(self.segments, unit, unit + 1, self.unit_rows):
            inside = 0 if rows is None else rows.start // self.unit_rows
            return self.segments[place].describe(inside, self.unit_rows)
        return "what is read"

    def pieces(self, first: int, stop: int) -> Iterator[tuple[int, Block | BadRow]]:
        """Yield the blocks of some units, each with the number of its unit."""
        for start, place, rows in unit_ranges(self.segments, first, stop, self.unit_rows):
            offset = start if rows is None else start - rows.start // self.unit_rows
            for piece in read_range(self.job, self.segments[place], rows):
                inside = 0 if rows is None or isinstance(piece, BadRow) else piece.unit or 0
                yield offset + inside if self.count > 1 else 0, piece


def read_range(job: Job, segment: Segment, rows: RowRange | None) -> Iterator[Block | BadRow]:
    """Yield the blocks of some rows of a segment; InputError behind them if there are fewer or more."""
    ranged, read = job._replace(read_options=job.read_options._replace(range=rows)), 0
    for piece in read_segment(ranged, segment):
        read += 1 if isinstance(piece, BadRow) else len(piece.lines)
        yield piece
    if rows is not None and read != (rows.stop or segment.rows or 0) - rows.start:
        raise InputError("it was changed while it was read").within(segment.describe(0))


class Learnt:
    """What is learnt of the rows of some units, in accumulators for each setting of the options."""

    def __init__(self, job: Job, reduction: Reduction) -> None:
        self.accumulators = Accumulators(job, reduction)
        self.notes: dict[str, None] = {}
        self.passed = 0  # rows without an answer
        self.begun = False  # a row has been learnt of

    def add(self, piece: Block | BadRow) -> None:
        """Add a block of rows, or a row that can't be read."""
        import numpy as np

        if isinstance(piece, BadRow):
            self.accumulators.pass_over(piece)
            self.passed += 1
            return
        self.notes |= dict.fromkeys(piece.notes)
        with np.errstate(all="ignore"):
            self.passed += self.accumulators.add_block(piece)
        self.begun = True

    def merge(self, other: Learnt) -> None:
        """Add what was learnt of the units that follow."""
        self.accumulators.merge(other.accumulators)
        self.notes |= other.notes
        self.passed += other.passed
        self.begun |= other.begun

    def state(self) -> State:
        """Return all that is held, as arrays by name."""
        import numpy as np

        return {
            "counts": np.array([self.passed, self.begun]),
            "notes": np.array([*self.notes], np.str_),
            **self.accumulators.state(),
        }

    @classmethod
    def of_state(cls, job: Job, reduction: Reduction, state: Mapping[str, Any]) -> Learnt:
        """Return what holds a state."""
        found = cls(job, reduction)
        passed, begun = state["counts"].tolist()
        found.passed, found.begun = int(passed), bool(begun)
        found.notes = dict.fromkeys(state["notes"].tolist())
        found.accumulators.restore(state)
        return found


class NodeState(NamedTuple):
    """A node of the tree of merges as arrays by name: what goes from one process to another."""

    level: int
    index: int  # type: ignore[assignment]  # a tuple's method of this name is not missed
    state: State


def learn_units(
    units: RowUnits, reduction: Reduction, first: int, stop: int, is_empty: Callable[[Block], None]
) -> Iterator[Learnt]:
    """Yield what is learnt of each of some units; an empty standard input is told to `is_empty`."""
    number, one = first, Learnt(units.job, reduction)
    try:
        for unit, piece in units.pieces(first, stop):
            while number < unit:
                yield one
                number, one = number + 1, Learnt(units.job, reduction)
            if not isinstance(piece, BadRow) and piece.is_empty:
                is_empty(piece)
            else:
                one.add(piece)
    except InputError as error:
        error.begun = number > first or one.begun  # type: ignore[attr-defined]
        raise
    while number < stop:
        yield one
        number, one = number + 1, Learnt(units.job, reduction)
