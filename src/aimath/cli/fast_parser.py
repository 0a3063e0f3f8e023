"""A fast argument parser for ordinary command lines, without importing typer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from aimath.errors import InputError
from aimath.read.numbers import looks_numeric

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimath.cli.command import Command, Param

_NEGATIVE_FORMULA = re.compile(r"-\s*(?:\(|[A-Za-z]\w*\s*[*/^+(])")
"""How a formula may start with a minus, and no option does."""


def escape_negatives(arguments: Sequence[str]) -> list[str]:
    """Prefix numbers and formulas that start with a minus with a space, so they are not taken for options.

    So `-1e3` and `-x^2` are operands, and a typo in an option still gets its "Did you mean".
    """
    end = arguments.index("--") if "--" in arguments else len(arguments)
    words = (
        f" {token}"
        if token.startswith("-") and (looks_numeric(token) or _NEGATIVE_FORMULA.match(token))
        else token
        for token in arguments[:end]
    )
    return [*words, *arguments[end:]]


def refuse_empty_values(command: Command, args: Sequence[str]) -> None:
    """Raise InputError if an option's value is empty, as a shell's variable that isn't set is."""
    counts = {flag: part.nargs for part in command.params for flag in part.flags}
    left = list(reversed(args[: args.index("--")] if "--" in args else args))
    while left:
        flag, equals, value = left.pop().partition("=")
        count = counts.get(flag, 0)
        values = [value] if equals and count else [left.pop() for _ in range(min(count, len(left)))]
        for text in values:
            if not (text if flag == "--delimiter" else text.strip()):  # a blank can separate cells
                raise InputError("its value is empty", usage=True).within(flag)


def parse_args(command: Command, args: Sequence[str]) -> dict[str, Any] | None:
    """Return the value of every parameter as typer would, or None where typer has to parse the line."""
    known = {flag: part for part in command.params for flag in part.flags}
    given = {part.name: part.default for part in command.params}
    operands: list[str] = []
    left = list(reversed(args))
    while left:
        word = left.pop()
        if not word.startswith("-") or word == "-":
            operands.append(word)
            continue
        flag, equals, value = word.partition("=")
        part = known.get(flag)
        if part is None:
            return None
        count = part.nargs
        values = [left.pop() for _ in range(min(count, len(left)))] if not equals else [value]
        if len(values) < count or any(value.startswith("-") for value in values):
            return None
        if equals and (count != 1 or not flag.startswith("--")):
            return None
        given[part.name] = _store_value(part, values, given[part.name])
    if operands and "operands" not in given:
        return None
    return given | {"operands": operands} if operands else given


def _store_value(param: Param, values: list[str], previous: Any) -> Any:
    if param.kind == list[str]:
        return [*(previous or ()), *values]
    return True if param.kind is bool else tuple(values) if len(values) == 2 else values[0]
