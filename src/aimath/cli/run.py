"""Running a command: blocks of rows in, reports out, bad rows passed over or named."""

from __future__ import annotations

import itertools
import sys
from typing import TYPE_CHECKING, Any

from aimath.cli.chance import settled
from aimath.cli.command import LINES
from aimath.cli.job import Job, job, one_of, size
from aimath.cli.mistakes import say
from aimath.cli.options import Input, Output
from aimath.cli.output import Printer, printer
from aimath.errors import InputError
from aimath.read.blocks import BadRow, Block, Reading, located
from aimath.read.operands import blocks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from aimath.cli.command import Command
    from aimath.report import Report


def run(command: Command, given: dict[str, Any]) -> int:
    """Answer a command line and give its exit code."""
    output = Output(**{key: given.pop(key) for key in Output._fields})
    inputs = Input(**{key: given.pop(key) for key in Input._fields if key in given})
    tokens = given.pop("operands", None) or []
    flags = {key: given.pop(key) for key in list(given) if key in command.operands}
    flags = {key: value for key, value in flags.items() if value is not None}
    _settle_seed(command.name, given)
    asked = job(command, given, inputs, flags, tokens)
    repeated = {key: flags.pop(key) for key in list(flags) if isinstance(flags[key], list)}
    several = {key: {f"{key} {k}": text for k, text in enumerate(texts)} for key, texts in repeated.items()}
    names = [several.get(name, {name: ""}) for name in asked.names]
    asked = asked._replace(names=tuple(itertools.chain.from_iterable(names)))
    flags |= {name: text for texts in several.values() for name, text in texts.items()}
    with printer(output, command.name) as out:
        passed = _answer(asked, _pieces(asked, tokens, flags, inputs), out)
    if not passed:
        return 0
    say(f"aimath {command.name}: warning: {passed} row{'s' if passed > 1 else ''} without an answer")
    return 3


def _settle_seed(name: str, given: dict[str, Any]) -> None:
    """Let `--seed random` draw once, for the rows that are drawn and for the command itself."""
    if "seed" in given:
        seed, notes = settled(given["seed"])
        given["seed"] = str(seed)
        for note in notes:
            say(f"aimath {name}: note: {note}")


def _pieces(
    asked: Job, tokens: Sequence[str], flags: Mapping[str, str], inputs: Input
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
        missing=one_of("--missing", inputs.missing, ("error", "skip", "nan")),  # type: ignore[arg-type]
        input_format=inputs.input_format,
        max_memory=size(inputs.max_memory),
        seed=int(asked.options.get("seed", 0)),
    )
    stdin = None if sys.stdin is None else 0
    operands = asked.command.operands
    try:
        yield from blocks(
            tokens,
            asked.names,
            flags,
            stdin,
            reading,
            matrix=[name for name in asked.names if name in operands and operands[name].matrix],
            each=[name for name in asked.names if name in operands and operands[name].each],
            aliases=dict.fromkeys(asked.names, asked.command.aliases),
        )
    except InputError as error:
        if error.usage and not error.hint:
            error.hint = f"try {asked.command.example}"
        raise


def _answer(asked: Job, pieces: Iterable[Block | BadRow], out: Printer) -> int:
    """Answer every row in order; give the number of rows that were passed over."""
    passed = 0
    said: set[str] = set()
    for piece in pieces:
        if isinstance(piece, BadRow):
            _reject(asked, piece, dict.fromkeys(asked.names, (max(piece.width, 1),)), out)
            passed += 1
            continue
        for note in piece.notes:
            if note not in said:
                said.add(note)
                say(f"aimath {asked.command.name}: warning: {note}")
        start, most, rows = 0, len(piece.lines), len(piece.lines)
        while start < rows:
            part = piece.part(start, min(rows, start + most))
            try:
                reports = _reports(asked, part)
            except InputError as error:
                bad = _bad_row(error, part)
                if bad is None or (rows == 1 and not piece.source):
                    raise _named(error, part) from None
                if bad > 0:
                    most = bad  # the rows before the bad one are whole: answer them first
                    continue
                shapes = {name: values.shape[1:] for name, values in part.operands.items()}
                _reject(asked, BadRow(error, part.source, _line(part, error), 0), shapes, out)
                passed, start = passed + 1, start + 1
            else:
                out.rows(reports)
                start, most = start + len(part.lines), most * 2
    return passed


def _bad_row(error: InputError, part: Block) -> int | None:
    """Give the row that an error is about, or None where it is about the whole command."""
    if error.usage:
        return None
    if error.row is None:
        return None if len(part.lines) > 1 else 0
    if error.operand in part.operands and len(part.operands[error.operand]) == 1 < len(part.lines):
        return None
    return error.row if error.row < len(part.lines) else None


def _named(error: InputError, part: Block) -> InputError:
    """Say which of several operands an error is about."""
    if error.operand in part.operands and len(part.operands) > 1 and error.operand not in error.why:
        error.why = f"{error.operand}: {error.why}"
    return error


def _line(part: Block, error: InputError) -> int:
    return part.lines[0] + (error.entry or 0 if part.column else 0)


def _reject(asked: Job, bad: BadRow, shapes: Mapping[str, tuple[int, ...]], out: Printer) -> None:
    """Stop at a row without an answer, or pass it over as --invalid says."""
    if asked.invalid == "stop":
        raise located(bad)
    if asked.invalid == "nan":
        out.rows(_void(asked, shapes))


def _void(asked: Job, shapes: Mapping[str, tuple[int, ...]]) -> list[Report]:
    """Give an answer made of nan, shaped as that to a row of `shapes` would be."""
    import numpy as np

    each = {name for name, operand in asked.command.operands.items() if operand.each}
    stand_in = {name: np.full((1, *shape), 1.0 / np.prod(shape)) for name, shape in shapes.items()}
    stand_in |= {name: np.zeros((1, 1)) for name in each & stand_in.keys()}
    reports = _reports(asked, Block(operands=stand_in, source="", lines=(1,)))
    return [report._replace(void=True) for report in reports]


def _reports(asked: Job, part: Block) -> list[Report]:
    """Answer some rows once for each combination of the swept options."""
    import numpy as np

    operands = _gathered(asked, part)
    if asked.command.wants_lines:
        operands[LINES] = part.lines
    labels = asked.labels or part.labels
    reports = []
    for options in asked.runs:
        report = _called(asked, operands, options)
        rows = len(np.atleast_1d(getattr(report.result, report.show[0])))
        swept = {key: np.full(rows, options[key]) for key in asked.swept}
        reports.append(
            report._replace(
                rows=rows, swept=swept, labels=labels or report.labels, column=part.column or report.column
            )
        )
    return reports


def _called(asked: Job, operands: Mapping[str, Any], options: Mapping[str, float]) -> Report:
    try:
        return asked.command.function(**operands, **asked.options, **options)
    except InputError as error:
        option = asked.command.numbers.get(error.operand or "")
        if option is None:
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
