"""How the units of one command are shared: all here, by several processes, one part of them, or states read.

A command that goes through tensors, or through a matrix that is read in blocks, gets a Share and asks it to
`learn`: what is learnt of each unit is merged in a tree, so that the answer is the same however they came.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aimath.cli.runner.division.units import NodeState  # noqa: TC001  as the others
from aimath.cli.runner.division.work import TASKS_PER_WORKER, divide, join_nodes, states_of, units_of_part
from aimath.cli.runner.job import WHOLE, Division
from aimath.cli.runner.share import LocalShare, Task
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Self

    from aimath.cli.runner.division.pools import Pool
    from aimath.cli.runner.division.workers import Handler
    from aimath.cli.runner.share import Learn
    from aimath.core.numerics.units import Begin
    from aimath.read.matrices import RowBlocks


class Share(LocalShare):
    """Units that are learnt here, or by several processes."""

    def __init__(self, division: Division = WHOLE) -> None:
        self.division = division
        self._pools: dict[str, Pool] = {}

    def __enter__(self) -> Self:
        """Return the share."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the processes."""
        for pool in self._pools.values():
            pool.close()
        self._pools = {}

    def learn(self, task: Task) -> Any:
        """Return one accumulator of all units, None of none."""
        return self._tree(task, range(task.units)).merged()

    def _tree(self, task: Task, chosen: range) -> Any:
        """Return the tree of what is learnt of some units."""
        from aimath.core.numerics.accumulators import MergeTree

        tree = MergeTree(chosen.start)
        if self.division.shares(len(chosen)):
            return tree.add_states(self._nodes(task, chosen), task.restore)
        for unit in chosen:
            tree.add(task.here(unit))
        return tree

    def _nodes(self, task: Task, chosen: range) -> Iterator[NodeState]:
        from aimath.cli.runner.division.pools import open_pool  # noqa: PLC0415  only for several

        given = (task.there, task.arguments, task.restore)
        with open_pool(self.division, len(chosen), _UnitWorker, *given) as pool:
            tasks = divide(chosen, max(TASKS_PER_WORKER * pool.count, len(chosen) // 8))
            for nodes in pool.learn(tasks, lambda one: task.name(one[0])):
                yield from nodes

    def count_workers(self, tasks: int) -> int:
        """Return how many processes so many tasks are given to, this one if it is one."""
        return min(tasks, self.division.workers)

    def results(
        self,
        tasks: Sequence[Any],
        name: Callable[[Any], str],
        ends: Callable[[], bool],
        setup: Callable[..., Handler],
        *arguments: Any,
    ) -> Iterator[tuple[int, Any]]:
        """Yield (number of the task, result) in the order of the tasks; each process calls `setup` once."""
        from aimath.cli.runner.division.workers import WorkerPool  # noqa: PLC0415  only for several

        with WorkerPool(self.count_workers(len(tasks)), setup, *arguments) as pool:
            yield from pool.results(tasks, name, ends)

    def share_rows(self, rows: RowBlocks) -> None:
        """Let the passes over a matrix that is read in blocks be shared."""
        rows.reducer = self.reduce_rows

    def reduce_rows(self, rows: RowBlocks, begin: Begin) -> Any:
        """Return one accumulator of all rows of a matrix."""
        return self._rows_tree(rows, begin, range(rows.count_units())).merged()

    def _rows_tree(self, rows: RowBlocks, begin: Begin, chosen: range) -> Any:
        from aimath.core.numerics.accumulators import MergeTree

        if not (rows.is_divisible and self.division.shares(len(chosen))):
            return rows.learn(begin, chosen.start, chosen.stop)
        tree = MergeTree(chosen.start)
        pool = self._pool_of_rows(rows)
        tasks = [(begin, *one) for one in divide(chosen, TASKS_PER_WORKER * pool.count)]
        for kind, nodes in pool.learn(tasks, lambda one: rows.name_of_unit(one[1])):
            tree.add_states(nodes, kind.of_state)
        return tree

    def _pool_of_rows(self, rows: RowBlocks) -> Pool:
        """Return those who go through a matrix, pass after pass."""
        from aimath.cli.runner.division.pools import open_pool  # noqa: PLC0415  only for several

        if rows.source not in self._pools:
            given = (rows.source, rows.read_options, rows.unit_rows)
            self._pools[rows.source] = open_pool(self.division, rows.count_units(), _RowsWorker, *given)
        return self._pools[rows.source]


class _UnitWorker:
    """What learns runs of units in a process of its own."""

    def __init__(
        self,
        there: Callable[..., Learn],
        arguments: tuple[Any, ...],
        restore: Callable[[Mapping[str, Any]], Any],
    ) -> None:
        self.learn, self.restore = there(*arguments), restore

    def __call__(self, task: tuple[int, int]) -> Iterator[list[NodeState]]:
        """Yield the nodes of the units of a task."""
        from aimath.core.numerics.accumulators import MergeTree

        tree = MergeTree(task[0])
        for unit in range(*task):
            tree.add(self.learn(unit))
        yield states_of(tree)

    def join(self, results: Sequence[list[NodeState]]) -> list[list[NodeState]]:
        """Return the results of neighbouring tasks as one."""
        return [join_nodes(results, self.restore)]


class _RowsWorker:
    """What goes through runs of units of a matrix in a process of its own."""

    def __init__(self, source: str, read_options: Any, unit_rows: int) -> None:
        from aimath.read.matrices import reopen  # noqa: PLC0415  only for matrices

        rows = reopen(source, read_options)
        if rows is None:
            raise InputError("it was changed while it was read").within(source)
        rows.unit_rows = unit_rows
        self.rows = rows

    def __call__(self, task: tuple[Begin, int, int]) -> Iterator[tuple[type, list[NodeState]]]:
        """Yield the nodes of the units of a task, and of what kind they are."""
        tree = self.rows.learn(*task)
        yield type(tree.nodes()[0].accumulator), states_of(tree)

    def join(self, results: Sequence[tuple[Any, list[NodeState]]]) -> list[tuple[type, list[NodeState]]]:
        """Return the results of neighbouring tasks as one."""
        kind = results[0][0]
        return [(kind, join_nodes([nodes for _, nodes in results], kind.of_state))]


class PartLearntError(Exception):
    """A part is learnt, and there is no more to be done of this command line."""

    def __init__(self, units: int, span: tuple[int, int], nodes: list[NodeState]) -> None:
        super().__init__()
        self.units, self.span, self.nodes = units, span, nodes


class PartShare(Share):
    """One part of the units: what is learnt of them is raised, as there is no answer yet."""

    is_part = True

    def learn(self, task: Task) -> Any:
        """Raise what is learnt of the units of the part."""
        chosen = units_of_part(self.division, task.units)
        nodes = states_of(self._tree(task, chosen))
        raise PartLearntError(task.units, (chosen.start, chosen.stop), nodes)

    def reduce_rows(self, rows: RowBlocks, begin: Begin) -> Any:
        """Raise what is learnt of the rows of the part."""
        count = rows.count_units()
        chosen = units_of_part(self.division, count)
        nodes = states_of(self._rows_tree(rows, begin, chosen))
        raise PartLearntError(count, (chosen.start, chosen.stop), nodes)


class StatesShare(Share):
    """Units that have been learnt: their states are read."""

    is_part = True

    def __init__(self, nodes: Sequence[NodeState], units: int) -> None:
        super().__init__()
        self.nodes, self.units = nodes, units
        self.is_used = False

    def learn(self, task: Task) -> Any:
        """Return one accumulator of all states."""
        return self._merged(task.units, task.restore)

    def reduce_rows(self, rows: RowBlocks, begin: Begin) -> Any:
        """Return one accumulator of all states."""
        return self._merged(rows.count_units(), type(begin(0)).of_state)

    def _merged(self, count: int, restore: Callable[[Mapping[str, Any]], Any]) -> Any:
        from aimath.core.numerics.accumulators import MergeTree

        self.is_used = True
        if count != self.units:
            raise InputError(f"the parts have {self.units} units, and there are {count} now")
        return MergeTree().add_states(self.nodes, restore).merged()
