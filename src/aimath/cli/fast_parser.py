"""A fast argument parser for ordinary command lines, without importing typer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from aimath.read.numbers import looks_numeric

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimath.cli.command import Command, Param

_NEGATIVE_FORMULA = r"-\s*(?:[(√πτ]|[A-Za-z]\w*\s*[*/^+(×·⋅÷−]|[A-Za-z]\w*[²³⁰¹⁴-⁹⁻])"
"""How a formula may start with a minus, and no option does."""


def escape_negatives(arguments: Sequence[str], command: Command | None = None) -> list[str]:
    """Prefix numbers and formulas that start with a minus with a space, so they are not taken for options.

    So `-1e3` and `-x^2` are operands, and a typo in an option still gets its "Did you mean". What follows
    an option of the command is its value and stays as it was typed: `--out -5` names the file -5.
    """
    counts = {} if command is None else {flag: part.nargs for part in command.params for flag in part.flags}
    words: list[str] = []
    values = 0  # that are still to come
    for word in arguments:
        if word == "--" and not values:
            break
        words.append(f" {word}" if not values and _is_negative(word) else word)
        values = values - 1 if values else counts.get(word, 0)
    return [*words, *arguments[len(words) :]]


def _is_negative(token: str) -> bool:
    """Return whether a token is a number or a formula that starts with a minus."""
    return token.startswith("-") and (looks_numeric(token) or re.match(_NEGATIVE_FORMULA, token) is not None)


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
        if len(values) < count or any(value.startswith("-") and not _is_negative(value) for value in values):
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
