"""One part of a work that is divided, and the answer of all parts."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from aimath.cli.catalogue import lookup
from aimath.cli.options import SHARING
from aimath.cli.runner.answers import block_reports, reduced_reports
from aimath.cli.runner.division.sharing import PartLearntError, StatesShare
from aimath.cli.runner.division.states import (
    StateFile,
    check_inputs,
    check_parts,
    make_header,
    read_state,
    write_state,
)
from aimath.cli.runner.division.units import Learnt, RowUnits
from aimath.cli.runner.division.work import Work, learn_all, states_of, units_of_part
from aimath.errors import InputError
from aimath.read.blocks import UNIT_ROWS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from aimath.cli.runner.job import Job
    from aimath.read.blocks import Block
    from aimath.report import Report


def run_part(job: Job, work: Work, is_empty: Callable[[Block], None]) -> int:
    """Learn the units of a part, write its state, and return how many rows were passed over."""
    units = RowUnits(job, work.unit_rows)
    chosen = units_of_part(job.division, units.count)
    tree = learn_all(job, work, is_empty, chosen)
    passed: int = sum(node.accumulator.passed for node in tree.nodes())
    header = make_header(work, job, units.count, (chosen.start, chosen.stop))
    write_state(job.division.state, header, states_of(tree))
    return passed


def write_part(job: Job, work: Work, part: PartLearntError) -> None:
    """Write the state of what a command learnt of a part."""
    write_state(job.division.state, make_header(work, job, part.units, part.span), part.nodes)


def combine_states(
    paths: Sequence[str], limit: int | None, *, draws: bool, fields: tuple[str, ...]
) -> Iterator[Report]:
    """Yield the reports of all parts together, one for each run of a sweep."""
    states = check_parts([read_state(path, limit) for path in paths])
    header = states[0].header
    work = Work(header.command, header.given, draws, fields, header.unit_rows or UNIT_ROWS)
    nodes = [node for state in states for node in state.nodes]
    if not lookup(header.command).name_of(SHARING):
        job = work.job(reads=False)
    else:
        check_inputs(header)
        job, pieces = work.parse()
        share = StatesShare(nodes, header.units)
        for report in block_reports(job._replace(share=share), pieces):
            if not (share.is_used or fields):  # names alone need no part
                why = f"{header.command} answers this in one go here, as there is memory for it"
                raise InputError(why, hint="run it by itself")
            yield report
        return
    learnt = _merge(job, states)
    if not learnt.begun:
        raise InputError("no part has a row")
    yield from reduced_reports(job, learnt.accumulators, learnt.notes, learnt.passed)


def _merge(job: Job, states: Sequence[StateFile]) -> Any:
    """Return what all parts have learnt."""
    from aimath.core.numerics.accumulators import MergeTree

    if job.reduction is None:
        raise InputError("its command has an answer a row, and none of all")
    tree, restore = MergeTree(), partial(Learnt.of_state, job, job.reduction)
    for state in states:
        try:
            tree.add_states(state.nodes, restore)
        except InputError as error:
            raise error.within(state.path) from None
        except (KeyError, ValueError, TypeError, IndexError, AttributeError, ArithmeticError):
            raise InputError("it doesn't hold what its command learns").within(state.path) from None
    return tree.merged()
