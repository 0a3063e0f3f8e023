"""The operands of a block by parameter, and the row and operand that an error is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aimath.read.blocks import BadRow, with_location

if TYPE_CHECKING:
    from aimath.cli.runner.job import Job
    from aimath.errors import InputError
    from aimath.read.blocks import Block


def find_bad_row(error: InputError, part: Block) -> int | None:
    """Return the index of the row that an error is about, or None if it concerns the whole command."""
    if error.usage or any(not hasattr(values, "ndim") for values in part.operands.values()):
        return None
    if error.row is None:
        return None if len(part.lines) > 1 else 0
    operand = _read_as(error, part)
    if operand is None and error.operand in {name.partition(" ")[0] for name in part.operands}:
        return None  # of several that a repeated flag gave, it doesn't say which
    origin = part.origin(operand)
    is_typed = origin.is_for_all and bool(part.source) and not origin.source
    if is_typed or _is_for_all(operand, part):
        return None
    return error.row if error.row < len(part.lines) else None


def name_operand(error: InputError, part: Block) -> None:
    """Add the operand that an error is about to its places, if there are several.

    What a file holds in a row is no mistake of the command line.
    """
    if error.row is not None and error.operand in part.operands and part.origin(error.operand).source:
        error.usage = False
    if error.operand in part.operands and len(part.operands) > 1 and not error.names_operand:
        error.within(error.operand)


def as_bad_row(error: InputError, part: Block) -> BadRow:
    """Return the first row of a block as the bad one, with the place of what an error is about.

    That is the source, the line and the column of its operand; of a column, the line of its entry.
    """
    origin = part.origin(_read_as(error, part))
    line, entry = origin.lines[0], error.entry
    if entry is not None and origin.is_column:
        line += entry
    elif entry is not None and entry < len(origin.columns):
        error.entry = origin.columns[entry]
    ids = {name: texts[:1] for name, texts in part.ids.items()}
    return BadRow(error, origin.source, line, 0, part.labels, ids)


def locate_single_row(error: InputError, part: Block) -> InputError:
    """Return an error with its place in front, if it is about the one row of a file that is for all rows."""
    operand = _read_as(error, part)
    if error.usage or error.row is None or not (part.origin(operand).source and _is_for_all(operand, part)):
        return error
    return with_location(as_bad_row(error, part))


def _read_as(error: InputError, part: Block) -> str | None:
    """Return the name of a block's operand that an error is about: its own, or that of its only value."""
    values = [name for name in part.operands if name.partition(" ")[0] == error.operand]
    return values[0] if len(values) == 1 else None


def _is_for_all(operand: str | None, part: Block) -> bool:
    """Return whether an operand is a single row for several of another."""
    return operand is not None and len(part.lines) > 1 and len(part.operands[operand]) == 1


def gather_operands(job: Job, part: Block) -> dict[str, Any]:
    """Return the operands by parameter, with repeated flags as lists of arrays."""
    gathered: dict[str, Any] = {}
    for name, values in part.operands.items():
        key, _, again = name.partition(" ")
        if again:
            gathered.setdefault(key, []).append(values)
        else:
            gathered[key] = [values] if job.command.operands[key].repeatable else values
    return gathered
