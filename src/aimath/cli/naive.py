"""A textbook's formula beside the right one, on the same numbers."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from aimath.cli.demo import following, page, with_own
from aimath.cli.replay import replayed
from aimath.errors import InputError
from aimath.report import Line, Opening, Prose, Report, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from aimath.demos.kinds import Demo
    from aimath.demos.naive import Naive
    from aimath.guide.chapters import Topic


def compared(topic: Topic, shown: Demo, own: Sequence[str]) -> Report:
    """Set the textbook's answers to a line, or to the user's numbers, beside the right ones."""
    from aimath.demos.naive import NAIVE

    naive = NAIVE.get(topic.id)
    if naive is None:
        hint = f"choose from {', '.join(NAIVE)}"
        raise InputError(f"the textbook's formula of {topic.id} breaks nowhere", hint=hint, usage=True)
    line = with_own(naive.line, shown, own) if own else naive.line
    prose = (
        Prose(f"{topic.id}: {topic.what}", "title"),
        Prose(f"The right answer, and the textbook's: {naive.formula}"),
        Prose(line, "command"),
    )
    return following(
        page(_pairs(naive, line), Opening(prose, explain=True), (Prose(naive.why),), topic.id, line)
    )


def _pairs(naive: Naive, line: str) -> Iterator[Report]:
    """Give a report for each row that the line answers."""
    import numpy as np

    from aimath.render.fields import Quantities
    from aimath.render.templates import number

    taken = inspect.signature(naive.wrong).parameters
    for report in replayed(line).reports:
        known = Quantities(report)
        for row in range(1 if report.whole or naive.along else report.rows):
            values = {
                name: known[name] if name in naive.along else number(known, row, name)
                for name in (*taken, *naive.along, naive.quantity)
            }
            with np.errstate(all="ignore"):  # it breaks: that is what is shown
                wrong = naive.wrong(**{name: values[name] for name in taken})
            right = np.asarray(values.pop(naive.quantity))[naive.place]
            yield Report(
                None,
                show=("right", "textbook"),
                steps=_steps(values, right),
                labels=report.labels if right.shape == (len(report.labels),) else (),
                extra={"right": right, "textbook": wrong, **values},
                whole=True,
            )


def _steps(inputs: Mapping[str, Any], right: Any) -> tuple[Line | Table, ...]:
    import numpy as np

    if not right.shape:
        return (Line("right     {right:.10}"), Line("textbook  {textbook:.10}"))
    if "step" in inputs:
        both = (("right", "{right}"), ("textbook", "{textbook}"))
        return (Table(both, names="step" if right.size == len(inputs["step"]) else ""),)
    beside = [name for name, value in inputs.items() if np.shape(value) == right.shape]
    columns = (*((name, f"{{{name}}}") for name in beside), ("right", "{right}"), ("textbook", "{textbook}"))
    return (Table(columns),)
