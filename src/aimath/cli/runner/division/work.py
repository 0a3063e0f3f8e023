"""A command line as work that is divided: between processes, parts of an array of jobs, or machines.

`Work` is the command line in words, which any process makes a job of. What learns some of its units gives
nodes of the tree of merges, and those of neighbours are merged anywhere.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from aimath.cli.catalogue import lookup
from aimath.cli.options import OutputOptions
from aimath.cli.runner.division.units import Learnt, NodeState, RowUnits, learn_units
from aimath.cli.runner.job import parse_job
from aimath.errors import InputError
from aimath.read.blocks import UNIT_ROWS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from aimath.cli.runner.job import Division, Job
    from aimath.read.blocks import BadRow, Block
    from aimath.read.segments import Segment

TASKS_PER_WORKER = 4
"""Runs of units that each worker gets: few enough to cost nothing, enough for none to wait for another."""


class Work(NamedTuple):
    """A command line without its output options, as it was parsed: it goes from one process to another."""

    command: str
    given: Mapping[str, Any]
    draws: bool = False
    fields: tuple[str, ...] = ()
    unit_rows: int = UNIT_ROWS

    def job(self, *, reads: bool = True) -> Job:
        """Return the job, which doesn't read standard input; one that `reads` nothing needs no file."""
        return self.parse(reads=reads)[0]

    def parse(self, *, reads: bool = True) -> tuple[Job, Iterator[Block | BadRow]]:
        """Return the job and its blocks."""
        given = {key: list(value) if isinstance(value, list) else value for key, value in self.given.items()}
        command = lookup(self.command)
        defaults = {one.name: one.default for one in command.params if one.name not in OutputOptions._fields}
        given = defaults | given
        return parse_job(command, given, stdin=False, draws=self.draws, fields=self.fields, reads=reads)


class ReductionWorker:
    """What learns units of a command that has one answer of all rows."""

    def __init__(self, work: Work, segments: Sequence[Segment]) -> None:
        self.job = work.job()
        if self.job.reduction is None:
            raise InputError(f"{work.command} has an answer a row, and none of all", usage=True)
        self.reduction = self.job.reduction
        self.units = RowUnits(self.job, work.unit_rows, segments)

    def __call__(self, task: tuple[int, int]) -> Iterator[list[NodeState]]:
        """Yield what is learnt of the units of a task."""
        yield self.learn(*task)

    def learn(self, first: int, stop: int) -> list[NodeState]:
        """Return the nodes of some units."""
        from aimath.core.numerics.accumulators import MergeTree

        tree = MergeTree(first)
        for one in learn_units(self.units, self.reduction, first, stop, _nothing):
            tree.add(one)
        return states_of(tree)

    def join(self, results: Sequence[list[NodeState]]) -> list[list[NodeState]]:
        """Return the results of neighbouring tasks as one."""
        return [join_nodes(results, partial(Learnt.of_state, self.job, self.reduction))]


def _nothing(_empty: Block) -> None:
    """Do nothing: standard input is not read here."""


def states_of(tree: Any) -> list[NodeState]:
    """Return the nodes of a tree of merges with states in place of what they hold."""
    return [NodeState(level, index, one.state()) for level, index, one in tree.nodes()]


def join_nodes(
    results: Iterable[Sequence[NodeState]], restore: Callable[[Mapping[str, Any]], Any]
) -> list[NodeState]:
    """Return the largest nodes that those of neighbouring tasks make."""
    from aimath.core.numerics.accumulators import MergeTree

    nodes = [node for each in results for node in each]
    first = nodes[0].index << nodes[0].level if nodes else 0
    return states_of(MergeTree(first).add_states(nodes, restore))


def learn_all(
    job: Job, work: Work | None, is_empty: Callable[[Block], None], chosen: range | None = None
) -> Any:
    """Return the tree of merges of all units of a reduction, or of those chosen, by those who share them."""
    from aimath.core.numerics.accumulators import MergeTree

    reduction = job.reduction
    if reduction is None:
        raise InputError("there is an answer a row, and none of all", usage=True)
    units = RowUnits(job, work.unit_rows if work else UNIT_ROWS)
    chosen = range(units.count) if chosen is None else chosen
    tree = MergeTree(chosen.start)
    if work is None or not job.shares(len(chosen)):
        for one in learn_units(units, reduction, chosen.start, chosen.stop, is_empty):
            tree.add(one)
        return tree
    from aimath.cli.runner.division.pools import open_pool  # noqa: PLC0415  only for several

    restore = partial(Learnt.of_state, job, reduction)
    with open_pool(job.division, len(chosen), ReductionWorker, work, units.segments) as pool:
        tasks = divide(chosen, TASKS_PER_WORKER * pool.count)
        try:
            for nodes in pool.learn(tasks, lambda task: units.name(task[0])):
                tree.add_states(nodes, restore)
        except InputError as error:
            begun = any(node.accumulator.begun for node in tree.nodes())
            error.begun = begun or getattr(error, "begun", False)  # type: ignore[attr-defined]
            raise
    return tree


def divide(units: range, parts: int) -> list[tuple[int, int]]:
    """Return runs of units, as equally long as they can be, none empty.

    >>> divide(range(5), 2), divide(range(2), 8)
    ([(0, 2), (2, 5)], [(0, 1), (1, 2)])
    """
    count = min(parts, len(units))
    return [part_of(units, k, count) for k in range(count)]


def units_of_part(division: Division, count: int) -> range:
    """Return the units of the part that is asked for, all of them if none is."""
    i, n = division.part or (1, 1)
    return range(*part_of(range(count), i - 1, n))


def part_of(units: range, k: int, parts: int) -> tuple[int, int]:
    """Return the first unit of part k of several, from 0, and the one behind its last; both the same of none.

    >>> [part_of(range(3), k, 4) for k in range(4)]
    [(0, 0), (0, 1), (1, 2), (2, 3)]
    """
    first, count = units.start, len(units)
    return first + count * k // parts, first + count * (k + 1) // parts
