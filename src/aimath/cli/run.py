"""Running a command: blocks of rows in, reports out, bad rows passed over or named."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from aimath.cli.command import LABELS, ROW_NUMBERS, VOID
from aimath.cli.errors import say
from aimath.cli.job import Job, asked_for
from aimath.cli.options import Output
from aimath.cli.output import printer
from aimath.cli.text_command import Talk
from aimath.errors import InputError, counted
from aimath.read.blocks import BadRow, Block, located

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from aimath.cli.command import Command
    from aimath.cli.printer import Kept, Printer
    from aimath.report import Report

AT_ONCE = 10_000
"""Rows times swept values that are answered together: that bounds what a long sweep holds."""


def run(command: Command, given: dict[str, Any]) -> int:
    """Answer a command line and give its exit code."""
    if isinstance(command, Talk):
        return command.talk(given)
    output = Output(**{key: given.pop(key) for key in Output._fields})
    if command.tells(given):
        output = output._replace(explain=True)
    asked, pieces = asked_for(command, given)
    with printer(output, command.name) as out:
        passed = answer(asked, pieces, out)
    if passed:
        say(f"aimath {command.name}: warning: {counted(passed, 'row')} without an answer")
    if out.unmet:
        say(f"aimath {command.name}: check failed: {out.unmet}")
        return 4
    return 3 if passed else 0


def answer(asked: Job, pieces: Iterable[Block | BadRow], out: Printer | Kept) -> int:
    """Answer every row in order; give the number of rows that were passed over."""
    passed = before = 0
    for piece in pieces:
        if isinstance(piece, BadRow):
            _reject(asked, piece, _guessed(asked, piece.width), out)
            passed, before = passed + 1, before + 1
        else:
            passed += _answer(asked, piece, before, out)
            before += len(piece.lines)
    return passed


def _answer(asked: Job, block: Block, before: int, out: Printer | Kept) -> int:
    """Answer a block behind `before` rows: all its rows together, or up to the bad one if there is one."""
    passed, start, rows = 0, 0, len(block.lines)
    most = limit = _rows_at_once(asked, out, rows)
    while start < rows:
        part = block.part(start, min(rows, start + most))
        batches = (_reports(asked, part, runs, before + start) for runs in _batches(asked))
        try:
            reports = next(batches)
        except InputError as wrong:
            error = _named(wrong, part)
            bad = _bad_row(error, part)
            if bad is None or (rows == 1 and not block.source):
                raise error from None
            if bad > 0:
                most = bad  # the rows before the bad one are whole: answer them first
                continue
            shapes = {name: values.shape[1:] for name, values in part.operands.items()}
            _reject(asked, BadRow(error, part.source, _line(part, error), 0, part.labels), shapes, out)
            passed, start = passed + 1, start + 1
        else:
            out.rows(reports)
            for more in batches:
                out.rows(more)
            start, most = start + len(part.lines), min(limit, most * 2)
    return passed


def _rows_at_once(asked: Job, out: Printer | Kept, rows: int) -> int:
    """Bound what a sweep holds; where a row takes more than a line, its answers are made together."""
    if len(asked.runs) == 1:
        return rows
    matrices = any(asked.operand(name).matrix for name in asked.names)
    return max(1, min(rows, AT_ONCE // len(asked.runs))) if out.by_line and not matrices else 1


def _batches(asked: Job) -> Iterator[Sequence[dict[str, float]]]:
    """Cut a long sweep, so that not all of it is held; where rows are passed over they stay whole."""
    size = AT_ONCE if asked.invalid == "stop" else len(asked.runs)
    for first in range(0, len(asked.runs), size):
        yield asked.runs[first : first + size]


def _bad_row(error: InputError, part: Block) -> int | None:
    """Give the row that an error is about, or None where it is about the whole command."""
    if error.usage or any(not hasattr(values, "ndim") for values in part.operands.values()):
        return None
    if error.row is None:
        return None if len(part.lines) > 1 else 0
    if error.operand in part.operands and len(part.operands[error.operand]) == 1 < len(part.lines):
        return None
    return error.row if error.row < len(part.lines) else None


def _named(error: InputError, part: Block) -> InputError:
    """Say which of several operands an error is about."""
    said = re.search(rf"\b{error.operand}s?\b", error.why)
    if error.operand in part.operands and len(part.operands) > 1 and not said:
        error.why = f"{error.operand}: {error.why}"
    return error


def _line(part: Block, error: InputError) -> int:
    return part.lines[0] + (error.entry or 0 if part.column else 0)


def _reject(asked: Job, bad: BadRow, shapes: Mapping[str, tuple[int, ...]], out: Printer | Kept) -> None:
    """Stop at a row without an answer, or pass it over as --invalid says."""
    if asked.invalid == "stop":
        raise located(bad)
    if asked.invalid == "nan":
        labels = () if LABELS in asked.command.parameters else asked.labels or bad.labels
        try:
            reports = _void(asked, shapes)
        except InputError:  # no answer has such a shape, so what is wrong is the row
            raise located(bad) from None
        out.rows([report._replace(labels=labels or report.labels) for report in reports])


def _guessed(asked: Job, width: int) -> dict[str, tuple[int, ...]]:
    """Give the shapes of a row that could not be read: a matrix is taken to be square."""
    return {name: (width, width) if asked.operand(name).matrix else (width,) for name in asked.names}


def _void(asked: Job, shapes: Mapping[str, tuple[int, ...]]) -> list[Report]:
    """Give an answer made of nan, shaped as that to a row of `shapes` would be."""
    import numpy as np

    each = {name for name, operand in asked.command.operands.items() if operand.each}
    stand_in = {name: np.full((1, *shape), 1.0 / np.prod(shape)) for name, shape in shapes.items()}
    stand_in |= {name: np.zeros((1, 1)) for name in each & stand_in.keys()}
    unlabelled = asked._replace(labels=())
    if VOID in asked.command.parameters:
        unlabelled = unlabelled._replace(options={**asked.options, VOID: True})
    reports = _reports(unlabelled, Block(operands=stand_in, source="", lines=(1,)), asked.runs)
    return [report._replace(void=True) for report in reports]


def _reports(asked: Job, part: Block, runs: Sequence[dict[str, float]], before: int = 0) -> list[Report]:
    """Answer some rows, which stand behind `before` others, once for each combination of swept options."""
    import numpy as np

    operands = _gathered(asked, part)
    if ROW_NUMBERS in asked.command.parameters:
        operands[ROW_NUMBERS] = range(before + 1, before + 1 + len(part.lines))
    labels = _fitting(asked.labels, part) or part.labels
    if LABELS in asked.command.parameters:
        operands[LABELS], labels = labels, ()
    reports = []
    for options in runs:
        report = _called(asked, operands, options)
        answer: Any = getattr(report.result, report.show[0], None)
        rows = 1 if report.whole else len(part.lines) if part.operands else len(np.atleast_1d(answer))
        swept = {**report.swept, **{key: np.full(rows, options[key]) for key in asked.swept}}
        reports.append(
            report._replace(
                rows=rows,
                swept=swept,
                warnings=(*report.warnings, *part.notes),
                labels=labels or report.labels,
                row_labels=part.row_labels or report.row_labels,
                column=part.column or report.column,
            )
        )
    return reports


def _fitting(labels: tuple[str, ...], part: Block) -> tuple[str, ...]:
    """Refuse labels that are not as many as the entries of any operand: nobody could tell whose they are."""
    widths = [values.shape[-1] for values in part.operands.values()]
    if labels and widths and len(labels) not in widths:
        given = f"--labels: {counted(len(labels), 'name')} for {counted(widths[0], 'number')}"
        raise InputError(given, hint="give one name for each number", usage=True)
    return labels


def _called(asked: Job, operands: Mapping[str, Any], options: Mapping[str, float]) -> Report:
    try:
        return asked.command.answer({**operands, **asked.options, **options})
    except InputError as error:
        option = asked.command.numbers.get(error.operand or "")
        if option is None:
            if "--normalize" in error.hint and "normalize" not in asked.options:
                error.hint = ""  # core's way out, which this command hasn't
            raise
        # An option is at fault, not the data; core calls it by its parameter's name.
        flag, bound = option.flags[0], error.why.removeprefix(f"{error.operand} must be ")
        why = f"{flag}: {error.why}" if bound == error.why else f"{flag} must be {bound}"
        raise InputError(why, hint=error.hint, usage=True) from None


def _gathered(asked: Job, part: Block) -> dict[str, Any]:
    """Give operands by parameter; a flag that was repeated becomes a list of arrays."""
    gathered: dict[str, Any] = {}
    for name, values in part.operands.items():
        key, _, again = name.partition(" ")
        if again:
            gathered.setdefault(key, []).append(values)
        else:
            gathered[key] = [values] if asked.command.operands[key].repeat else values
    return gathered
