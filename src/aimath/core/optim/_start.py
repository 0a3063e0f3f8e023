"""The function and the point at which a descent begins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from aimath.core import calculus
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimath.core.calculus import Function

DEFAULT_FUNCTION = "(w-3)^2"
DEFAULT_START = (10.0,)


def resolve_start(
    function: str | Function,
    start: Mapping[str, float] | Sequence[float] | None,
    named: Mapping[str, float],
) -> tuple[Function, list[float]]:
    """Return the parsed function and the start, by name or in order of its variables.

    Without a start the default function has its own.
    """
    f = calculus.parse_function(function)
    names = (*(start if isinstance(start, Mapping) else ()), *named)
    if not f.variables and names:  # it is as good everywhere
        f = calculus.parse_function(f.text, names)
    if not f.variables:
        raise InputError(f"{f.short_text()} has no variable to change", usage=True)
    if start is None and not named and f.text == DEFAULT_FUNCTION:
        return f, list(DEFAULT_START)
    return f, [float(x) for x in f.point(start, **named)]
