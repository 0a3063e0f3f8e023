"""What the words of a command line say of formulas: which there are, at which points, in which direction."""

from __future__ import annotations

import itertools
import math
import re
from typing import TYPE_CHECKING, Any

from aimath.errors import InputError, listed
from aimath.read.numbers import number, sweep

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimath.core.expression import Function

MOST = 1_000_000
"""So many points may be swept."""


def read(given: Sequence[str], order: str, example: str) -> tuple[list[Function], list[str]]:
    """Tell formulas from values of variables, and let all formulas have the same variables."""
    from aimath.core.expression import function

    assignments = [word for word in given if re.match(r"\s*[A-Za-z]\w*\s*=", word)]
    texts = [word for word in given if word not in assignments]
    if not texts:
        raise InputError("needs a formula", hint=f"try {example}", usage=True)
    functions = [function(text) for text in texts]
    found = tuple(dict.fromkeys(name for f in functions for name in f.variables))
    names = tuple(name.strip() for name in order.split(",")) if order else found
    if sorted(names) != sorted(found):
        why = f"--variables: {order} are not the variables of the formula, which has {listed(found)}"
        raise InputError(why, usage=True)
    return [f if f.variables == names else function(f.text, names) for f in functions], assignments


def points(names: Sequence[str], assignments: Sequence[str], at: Any) -> Any:
    """Give points (r, n): the rows of --at, or every combination of what the variables were set to."""
    from aimath.core.expression import place

    if at is not None:
        if assignments:
            raise InputError(f"--at gives the points, and so does '{assignments[0]}'", usage=True)
        return at
    if names and not assignments:
        values = " ".join(f"{name}=..." for name in names)
        hint = f"add {values}, or --at @FILE (--at - in a pipe)"
        raise InputError(f"no value for {listed(names)}", hint=hint, usage=True)
    swept = [(assignment, *_swept(assignment)) for assignment in assignments]
    first = place(names, [f"{name}={values[0]!r}" if values else text for text, name, values in swept])
    lists = [(name, values or [first[names.index(name)]]) for _, name, values in swept]
    count = math.prod(len(values) for _, values in lists)
    if count > MOST:
        raise InputError(f"the sweep has {count} combinations, more than {MOST}", usage=True)
    ways = itertools.product(*(values for _, values in lists))
    order = [[name for name, _ in lists].index(name) for name in names]
    return [[way[k] for k in order] for way in ways]


def _swept(assignment: str) -> tuple[str, list[float]]:
    """Give a variable's name and the values of its sweep, none if it is set to one."""
    name, _, text = (part.strip() for part in assignment.partition("="))
    if not ("," in text or text.startswith(("lin:", "log:"))):
        return name, []
    try:
        return name, sweep(text)
    except InputError as error:
        raise InputError(f"{name}: {error.why}", hint=error.hint, usage=True) from None


def direction(text: str, names: Sequence[str]) -> list[float]:
    """Read a direction: an entry for each variable, or those that aren't 0 by name, dx=1 being x=1."""
    entries = [entry.strip() for entry in text.strip("[] ").split(",")]
    way = dict.fromkeys(names, 0.0)
    if not any("=" in entry for entry in entries):
        return [_entry(entry) for entry in entries]
    for entry in entries:
        name, _, value = (part.strip() for part in entry.partition("="))
        name = name if name in way else name.removeprefix("d")
        if name not in way:
            hint = f"choose from {', '.join(names)}"
            raise InputError(f"--direction: '{entry}' names no variable", hint=hint, usage=True)
        way[name] = _entry(value)
    return list(way.values())


def _entry(text: str) -> float:
    try:
        return number(text)
    except InputError as error:
        raise InputError(f"--direction: {error.why}", usage=True) from None
