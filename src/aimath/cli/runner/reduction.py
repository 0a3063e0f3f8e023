"""All rows as one answer: the accumulators that blocks go into, one for each setting of the options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aimath.cli.options import ENTRY_LABELS
from aimath.cli.runner.row_errors import (
    as_bad_row,
    find_bad_row,
    gather_operands,
    locate_single_row,
    name_operand,
)
from aimath.errors import InputError, join_and, pluralize
from aimath.read.blocks import with_location

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aimath.cli.options import Reduction
    from aimath.cli.runner.job import Job
    from aimath.core.numerics.accumulators import State
    from aimath.read.blocks import BadRow, Block


def named_operands(job: Job, part: Block) -> dict[str, Any]:
    """Return the operands by parameter, with the names of the entries for a command that asks for them."""
    named = job.command.name_of(ENTRY_LABELS)
    if job.labels and not named:
        check_labels(job.labels, part)
    return gather_operands(job, part) | ({named: job.labels or part.labels} if named else {})


def check_labels(labels: tuple[str, ...], part: Block) -> tuple[str, ...]:
    """Return the labels, or raise InputError if their number matches no operand."""
    widths = [values.shape[-1] for values in part.operands.values()]
    if labels and widths and len(labels) not in widths:
        why = f"{pluralize(len(labels), 'name')} for {pluralize(widths[0], 'number')}"
        raise InputError(why, hint="give one name for each number", usage=True).within("--labels")
    return labels


class Accumulators:
    """The accumulators of a job: runs of a sweep share one unless they differ in its settings."""

    def __init__(self, job: Job, reduction: Reduction) -> None:
        self.job, self.names = job, reduction.settings
        settings = dict.fromkeys(map(self._settings, job.runs))
        if len(settings) > 1 and job.on_invalid == "skip":
            why = f"a sweep over {join_and(self.names)} can't pass over rows"
            raise InputError(why, hint="sweep without --invalid skip", usage=True)
        self.held = {one: reduction.make(**dict(zip(self.names, one, strict=True))) for one in settings}

    def _settings(self, run: Mapping[str, float]) -> tuple[Any, ...]:
        """Return the values of the options that an accumulator depends on."""
        given = {name: one.default for name, one in self.job.command.parameters.items()}
        given |= {**self.job.options, **run}
        return tuple(given[name] for name in self.names)

    def of_run(self, run: Mapping[str, float]) -> Any:
        """Return the accumulator of one combination of swept options."""
        return self.held[self._settings(run)]

    def update(self, operands: Mapping[str, Any]) -> None:
        """Add the rows of some operands to all of them."""
        for accumulator in self.held.values():
            accumulator.update(**operands)

    def add_block(self, block: Block) -> int:
        """Add a block of rows, and return how many bad ones were passed over."""
        start, stop, rows, passed = 0, len(block.lines), len(block.lines), 0
        while start < rows:
            part = block.slice_rows(start, stop)
            try:
                self.update(named_operands(self.job, part))
            except InputError as error:
                error.flags = self.job.command.flags
                name_operand(error, part)
                bad = find_bad_row(error, part)
                if bad is None or (rows == 1 and not block.source):
                    raise locate_single_row(error, part) from None
                if bad > 0:
                    stop = start + bad  # the rows before the bad one are whole
                    continue
                self.pass_over(as_bad_row(error, part))
                start, stop, passed = start + 1, rows, passed + 1
            else:
                start, stop = stop, rows
        return passed

    def merge(self, other: Accumulators) -> None:
        """Add what others learnt of the units that follow."""
        for settings, accumulator in self.held.items():
            accumulator.merge(other.held[settings])

    def state(self) -> State:
        """Return all that is held, as arrays by name, those of each setting behind its number."""
        from aimath.core.numerics.accumulators import combine_states

        return combine_states(**{f"run{k}": one.state() for k, one in enumerate(self.held.values())})

    def restore(self, state: Mapping[str, Any]) -> None:
        """Hold a state in place of what is held."""
        from aimath.core.numerics.accumulators import part_of_state

        for k, accumulator in enumerate(self.held.values()):
            accumulator.restore(part_of_state(state, f"run{k}"))

    def pass_over(self, bad: BadRow) -> None:
        """Raise the error of a bad row, unless such rows are passed over: they are counted all the same."""
        if self.job.on_invalid == "stop":
            raise with_location(bad)
        for accumulator in self.held.values():
            accumulator.pass_over()
