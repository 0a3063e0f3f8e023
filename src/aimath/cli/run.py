"""Running a command: blocks of rows in, reports out, bad rows passed over or named."""

from __future__ import annotations

import itertools
import re
import sys
from typing import TYPE_CHECKING, Any

from aimath.cli.chance import settled
from aimath.cli.command import LABELS, LINES, VOID
from aimath.cli.job import Job, form_of, job
from aimath.cli.mistakes import say
from aimath.cli.options import Input, Output
from aimath.cli.output import printer
from aimath.cli.talk import Talk
from aimath.errors import InputError
from aimath.read.blocks import BadRow, Block, Reading, located
from aimath.read.operands import blocks, too_large

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from aimath.cli.command import Command
    from aimath.cli.replay import Out
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
        say(f"aimath {command.name}: warning: {passed} row{'s' if passed > 1 else ''} without an answer")
    if out.unmet:
        say(f"aimath {command.name}: check failed: {out.unmet}")
        return 4
    return 3 if passed else 0


def asked_for(
    command: Command, given: dict[str, Any], *, stdin: bool = True
) -> tuple[Job, Iterator[Block | BadRow]]:
    """Read a command line without its options of output: what is asked, and the rows, read when taken."""
    inputs = Input(**{key: given.pop(key) for key in Input._fields if key in given})
    tokens = given.pop("operands", None) or []
    if command.words and not form_of(command, given).operands:
        given[command.words], tokens = [token.strip() for token in tokens], []
    flags = {key: given.pop(key) for key in list(given) if key in command.operands}
    flags = {key: value for key, value in flags.items() if value is not None}
    _settle_seed(command.name, given)
    asked = job(command, given, inputs, flags, tokens)
    repeated = {key: flags.pop(key) for key in list(flags) if isinstance(flags[key], list)}
    several = {key: {f"{key} {k}": text for k, text in enumerate(texts)} for key, texts in repeated.items()}
    names = [several.get(name, {name: ""}) for name in asked.names]
    asked = asked._replace(names=tuple(itertools.chain.from_iterable(names)))
    flags |= {name: text for texts in several.values() for name, text in texts.items()}
    return asked, _pieces(asked, tokens, flags, inputs, 0 if stdin and sys.stdin is not None else None)


def _settle_seed(name: str, given: dict[str, Any]) -> None:
    """Let `--seed random` draw once, for the rows that are drawn and for the command itself."""
    if "seed" in given:
        seed, notes = settled(given["seed"])
        given["seed"] = str(seed)
        for note in notes:
            say(f"aimath {name}: note: {note}")


def _pieces(
    asked: Job, tokens: Sequence[str], flags: Mapping[str, str], inputs: Input, stdin: int | None
) -> Iterator[Block | BadRow]:
    """Read the operands; a command without any is answered once."""
    if not asked.names:
        yield Block(operands={}, source="", lines=(1,))
        return
    reading = Reading(
        rows=inputs.rows,
        column=inputs.column,
        key=inputs.key,
        delimiter=inputs.delimiter,
        header=inputs.header,
        missing=inputs.missing,  # type: ignore[arg-type]  # job() has looked at it
        input_format=inputs.input_format,
        max_memory=asked.memory,
        seed=int(asked.options.get("seed", 0)),
    )
    operands = asked.command.operands
    if len(asked.names) == 1 and operands[asked.names[0]].streamed:
        rows = too_large(tokens, asked.names[0], flags, reading)
        if rows is not None:
            # Only a command that asked for it gets what isn't an array.
            yield Block(operands={asked.names[0]: rows}, source=rows.source, lines=(1,))  # type: ignore[dict-item]
            return
    try:
        yield from blocks(
            tokens,
            asked.names,
            flags,
            stdin,
            reading,
            matrix=[name for name in asked.names if name in operands and operands[name].matrix],
            optional=asked.optional,
            each=[name for name in asked.names if name in operands and operands[name].each],
            named=[name for name in asked.names if name in operands and operands[name].named],
            aliases=dict.fromkeys(asked.names, asked.command.aliases),
            called={name: operands[name.partition(" ")[0]].flag for name in flags},
        )
    except InputError as error:
        if error.usage and not error.hint:
            error.hint = f"try {asked.command.example}"
        raise


def answer(asked: Job, pieces: Iterable[Block | BadRow], out: Out) -> int:
    """Answer every row in order; give the number of rows that were passed over."""
    passed = 0
    said: set[str] = set()
    for piece in pieces:
        if isinstance(piece, BadRow):
            _reject(asked, piece, _guessed(asked, max(piece.width, 1)), out)
            passed += 1
            continue
        for note in piece.notes:
            if note not in said:
                said.add(note)
                say(f"aimath {asked.command.name}: warning: {note}")
        start, rows = 0, len(piece.lines)
        most = limit = _rows_at_once(asked, out, rows)
        while start < rows:
            part = piece.part(start, min(rows, start + most))
            batches = (_reports(asked, part, runs) for runs in _batches(asked))
            try:
                reports = next(batches)
            except InputError as wrong:
                error = _named(wrong, part)
                bad = _bad_row(error, part)
                if bad is None or (rows == 1 and not piece.source):
                    raise error from None
                if bad > 0:
                    most = bad  # the rows before the bad one are whole: answer them first
                    continue
                shapes = {name: values.shape[1:] for name, values in part.operands.items()}
                row = BadRow(error, part.source, _line(part, error), 0, part.labels)
                _reject(asked, row, shapes, out)
                passed, start = passed + 1, start + 1
            else:
                out.rows(reports)
                for more in batches:
                    out.rows(more)
                start, most = start + len(part.lines), min(limit, most * 2)
    return passed


def _rows_at_once(asked: Job, out: Out, rows: int) -> int:
    """Bound what a sweep holds; where a row takes more than a line, its answers are made together."""
    if len(asked.runs) == 1:
        return rows
    matrices = any(asked.command.operands[name.partition(" ")[0]].matrix for name in asked.names)
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
    said = re.findall(r"\w+", error.why)
    if error.operand in part.operands and len(part.operands) > 1 and error.operand not in said:
        error.why = f"{error.operand}: {error.why}"
    return error


def _line(part: Block, error: InputError) -> int:
    return part.lines[0] + (error.entry or 0 if part.column else 0)


def _reject(asked: Job, bad: BadRow, shapes: Mapping[str, tuple[int, ...]], out: Out) -> None:
    """Stop at a row without an answer, or pass it over as --invalid says."""
    if asked.invalid == "stop":
        raise located(bad)
    if asked.invalid == "nan":
        labels = () if asked.command.wants_labels else asked.labels or bad.labels
        try:
            reports = _void(asked, shapes)
        except InputError:  # no answer has such a shape, so what is wrong is the row
            raise located(bad) from None
        out.rows([report._replace(labels=labels or report.labels) for report in reports])


def _guessed(asked: Job, width: int) -> dict[str, tuple[int, ...]]:
    """Give the shapes of a row that could not be read: a matrix is taken to be square."""
    operands = asked.command.operands
    matrices = {name for name in asked.names if operands[name.partition(" ")[0]].matrix}
    return {name: (width, width) if name in matrices else (width,) for name in asked.names}


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


def _reports(asked: Job, part: Block, runs: Sequence[dict[str, float]]) -> list[Report]:
    """Answer some rows once for each combination of the swept options."""
    import numpy as np

    operands = _gathered(asked, part)
    if asked.command.wants_lines:
        operands[LINES] = part.lines
    labels = _fitting(asked.labels, part) or part.labels
    if asked.command.wants_labels:
        operands[LABELS], labels = labels, ()
    reports = []
    for options in runs:
        report = _called(asked, operands, options)
        answer = getattr(report.result, report.show[0])
        rows = 1 if report.whole else len(part.lines) if part.operands else len(np.atleast_1d(answer))
        swept = {**report.swept, **{key: np.full(rows, options[key]) for key in asked.swept}}
        reports.append(
            report._replace(
                rows=rows,
                swept=swept,
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
        given = f"--labels: {len(labels)} name{'s' * (len(labels) > 1)} for {widths[0]} numbers"
        raise InputError(given, hint="give one a number", usage=True)
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
        # An option is at fault, not the data.
        raise InputError(f"{option.flags[0]}: {error.why}", hint=error.hint, usage=True) from None


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
