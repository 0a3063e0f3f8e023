"""The operands of a block by parameter, and the row and operand that an error is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
    if error.operand in part.operands and len(part.operands[error.operand]) == 1 < len(part.lines):
        return None
    return error.row if error.row < len(part.lines) else None


def name_operand(error: InputError, part: Block) -> None:
    """Add the operand that an error is about to its places, if there are several."""
    if error.operand in part.operands and len(part.operands) > 1 and not error.names_operand:
        error.within(error.operand)


def line_number(part: Block, error: InputError) -> int:
    """Return the line of the first row of a block; of a column, that of the entry that an error is about."""
    return part.lines[0] + (error.entry or 0 if part.is_column else 0)


def place_entry(error: InputError, part: Block) -> None:
    """Turn the entry that an error is about into the column of the table that it was picked from."""
    if part.columns and not part.is_column and error.entry is not None and error.entry < len(part.columns):
        error.entry = part.columns[error.entry]


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
