"""Rows that stand in for those of an input that has none, so that a command's options can be looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aimath.cli.options import Integer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from aimath.cli.runner.job import Job

MAX_WIDTH = 256
"""Columns of the widest row that stands in for one that isn't there."""


def stand_in_operands(job: Job, given: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield operands of one row each, of several widths and kinds: those given, and others for the rest."""
    import numpy as np

    for width in _possible_widths(job, given):
        for values in (np.full((width, width), 1 / width), np.ones((width, width)), np.eye(width)):
            yield {
                name: given[name] if name in given and given[name].size else _shape_row(job, name, values)
                for name in job.operand_names
            }


def tries_all_widths(job: Job) -> bool:
    """Return whether no option, such as --heads, asks for wider rows than any that stands in."""
    return all(count <= MAX_WIDTH for count in _counting_options(job))


def _possible_widths(job: Job, given: Mapping[str, Any]) -> list[int]:
    """Return widths that rows might have: those of given operands, a few, and what options ask for."""
    sides = [side for values in given.values() for side in values.shape[:0:-1]]
    return [
        *dict.fromkeys(side for side in (*sides, 1, 2, 3, *_counting_options(job)) if 0 < side <= MAX_WIDTH)
    ]


def _counting_options(job: Job) -> list[int]:
    """Return the largest value of each option that counts something: a row may have to be as wide."""
    largest = []
    for name, spec in job.command.sweepable.items():
        values = job.options.get(name) or [run[name] for run in job.runs if run.get(name)]
        if values and (isinstance(spec, Integer) or spec.counts):
            largest.append(int(max(values)))
    return largest


def _shape_row(job: Job, name: str, values: Any) -> Any:
    """Return one row of an operand from a square of values; what is one number a row is 0."""
    spec = job.operand_spec(name)
    return values[None] if spec.matrix else values[:1, :1] * 0.0 if spec.per_row else values[:1]
