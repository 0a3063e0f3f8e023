"""The usual command line, read without typer, whose import takes a quarter of a small answer's time."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from aimath.read.numbers import looks_numeric

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimath.cli.command import Command, Part

_FORMULA = re.compile(r"-\s*(?:\(|[A-Za-z]\w*\s*[*/^+(])")
"""How a formula may start with a minus, and no option does."""


def guarded(arguments: Sequence[str]) -> list[str]:
    """Give numbers and formulas that start with a minus a leading blank, which their readers strip.

    So `-1e3` and `-x^2` are operands, and a typo in an option still gets its "Did you mean".
    """
    end = arguments.index("--") if "--" in arguments else len(arguments)
    words = (
        f" {token}" if token.startswith("-") and (looks_numeric(token) or _FORMULA.match(token)) else token
        for token in arguments[:end]
    )
    return [*words, *arguments[end:]]


def plainly(command: Command, words: Sequence[str]) -> dict[str, Any] | None:
    """Give the value of every part of a command line, as typer would."""
    known = {flag: part for part in command.parts for flag in part.flags}
    given = {part.key: part.default for part in command.parts}
    operands: list[str] = []
    left = list(reversed(words))
    while left:
        word = left.pop()
        if not word.startswith("-") or word == "-":
            operands.append(word)
            continue
        flag, equals, value = word.partition("=")
        part = known.get(flag)
        if part is None:
            return None
        count = part.values
        values = [left.pop() for _ in range(min(count, len(left)))] if not equals else [value]
        if len(values) < count or any(value.startswith("-") for value in values):
            return None
        if equals and (count != 1 or not flag.startswith("--")):
            return None
        given[part.key] = _value(part, values, given[part.key])
    if operands and "operands" not in given:
        return None
    return given | {"operands": operands} if operands else given


def _value(part: Part, values: list[str], before: Any) -> Any:
    if part.kind == list[str]:
        return [*(before or ()), *values]
    return True if part.kind is bool else tuple(values) if len(values) == 2 else values[0]
