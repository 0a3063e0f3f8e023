"""What the words of a command line say of formulas: which there are, at which points, in which direction."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from aimath.cli.job import combinations
from aimath.errors import InputError, listed, meant
from aimath.read.numbers import number, read_as, sweep
from aimath.report import Line, Verify

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimath.core.calculus import Function
    from aimath.report import Step


def read(given: Sequence[str], order: str, example: str) -> tuple[list[Function], list[str]]:
    """Tell formulas from values of variables, and let all formulas have the same variables."""
    from aimath.core.calculus import function

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


def points(names: Sequence[str], assignments: Sequence[str], at: Any, labels: Sequence[str] = ()) -> Any:
    """Give points (r, n): the rows of --at, or every combination of what the variables were set to."""
    if at is not None:
        if assignments:
            raise InputError(f"--at gives the points, and so does '{assignments[0]}'", usage=True)
        return _by_name(names, at, labels)
    if names and not assignments:
        values = " ".join(f"{name}=..." for name in names)
        hint = f"add {values}, or --at @FILE (--at - in a pipe)"
        raise InputError(f"no value for {listed(names)}", hint=hint, usage=True)
    swept = [(assignment, *_swept(assignment)) for assignment in assignments]
    first = place(names, [f"{name}={values[0]!r}" if values else text for text, name, values in swept])
    lists = {name: values or [first[names.index(name)]] for _, name, values in swept}
    order = [list(lists).index(name) for name in names]
    return [[way[k] for k in order] for way in combinations(lists.values())]


def _named(variables: Sequence[str]) -> str:
    return f"the variable{'s are' if len(variables) > 1 else ' is'} {listed(variables)}"


def place(variables: Sequence[str], assignments: Sequence[str]) -> list[float]:
    """Give the point that assignments such as x=3 and y=-1/2 name; every variable needs exactly one.

    >>> place(["x", "y"], ["y=1/2", "x=-3"])
    [-3.0, 0.5]
    """
    from aimath.core.calculus import ARGUMENTS, CONSTANTS, short

    point: dict[str, float] = {}
    for assignment in assignments:
        name, equals, text = (piece.strip() for piece in assignment.partition("="))
        if not equals or not text:
            raise InputError(f"'{short(assignment)}' gives no variable a value", hint="write x=3", usage=True)
        if name in ARGUMENTS or name in CONSTANTS:
            what = "function" if name in ARGUMENTS else "constant"
            raise InputError(f"{name} is a {what} and can't be set", usage=True)
        if name not in variables:
            hint = meant(name, variables, _named(variables)) if variables else ""
            raise InputError(f"{short(name)} is not in the formula", hint=hint, usage=True)
        if name in point:
            raise InputError(f"{name} is given twice", usage=True)
        point[name] = _number(name, text)
    missing = [name for name in variables if name not in point]
    if missing:
        hint = f"add {' '.join(f'{name}=...' for name in missing)}"
        raise InputError(f"no value for {listed(missing)}", hint=hint, usage=True)
    return [point[name] for name in variables]


def _number(name: str, text: str) -> float:
    """Give a number, which may be a formula without variables: 1/3, -pi/2."""
    from aimath.core.calculus import function, short

    try:
        return function(text, ())([])
    except InputError as error:
        error.why = f"{name}={short(text)}: {error.why}"
        raise


def _by_name(names: Sequence[str], at: Any, labels: Sequence[str]) -> Any:
    """Give the entries (r, n) of --at that are called as the variables are; all, if none is."""
    if not set(names) & set(labels):
        return at
    for name in names:
        if labels.count(name) != 1:
            why = f"{name} is there twice" if name in labels else f"{name} is not there"
            hint = _named(names)
            raise InputError(f"the point has {', '.join(labels)}: {why}", hint=hint, row=0, operand="at")
    return at[:, [labels.index(name) for name in names]]


def _swept(assignment: str) -> tuple[str, list[float]]:
    """Give a variable's name and the values of its sweep, none if it is set to one."""
    name, _, text = (part.strip() for part in assignment.partition("="))
    if not ("," in text or text.startswith(("lin:", "log:"))):
        return name, []
    return name, read_as(name, sweep, text)


def direction(text: str, names: Sequence[str]) -> list[float]:
    """Read a direction: an entry for each variable, or those that aren't 0 by name, dx=1 being x=1."""
    entries = [entry.strip() for entry in text.strip("[] ").split(",")]
    if not any("=" in entry for entry in entries):
        return [read_as("--direction", number, entry) for entry in entries]
    way: dict[str, float] = {}
    for entry in entries:
        name, _, value = (part.strip() for part in entry.partition("="))
        name = name if name in names else name.removeprefix("d")
        if name in way:
            raise InputError(f"--direction: {name} is given twice", usage=True)
        if name not in names:
            raise InputError(f"--direction: '{entry}' names no variable", hint=_named(names), usage=True)
        way[name] = read_as("--direction", number, value)
    return [way.get(name, 0.0) for name in names]


NOTES = 3
"""So many kinks are told of."""


def _unless(kinks: Sequence[str], steps: Sequence[Step]) -> tuple[Step, ...]:
    """Leave out checks by differences where there is a kink: theirs is the mean of both sides."""
    if not kinks:
        return tuple(steps)
    kept = (step for step in steps if not isinstance(step, Verify))
    return (*kept, *(Line(f" {kink}") for kink in kinks))


def _kinks(functions: Sequence[Function], points: Any) -> tuple[str, ...]:
    """Say where there is no derivative, and what stands for it; of many places the first ones."""
    found: dict[str, None] = {}
    for f in functions:
        for point in points if f.has_kinks else ():
            found.update(dict.fromkeys(f.kinks([float(x) for x in point])))
            if len(found) >= NOTES:
                return tuple(found)
    return tuple(found)
