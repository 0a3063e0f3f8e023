"""Parsing of formulas, points and directions given on the command line."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

from aimath.cli.runner.job import cartesian_product
from aimath.errors import InputError, Retype, join_and, pluralize, suggest
from aimath.read.numbers import is_number, parse_number, parse_option, parse_sweep
from aimath.report import CrossCheck, Line, Table
from aimath.text import quote, shorten

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aimath.core.calculus import Data, DataFunction, Function
    from aimath.read.blocks import ReadOptions
    from aimath.report import Step


def load_data(
    texts: Sequence[str], file: str, read_options: ReadOptions
) -> tuple[Data | None, tuple[str, ...]]:
    """Return the columns that formulas name of a table, or None without one, and notes about it."""
    if not file:
        return None, ()
    from aimath.core.calculus import Data, formula_names
    from aimath.read.tables import read_table  # noqa: PLC0415  only where there is a table

    wanted = {name for text in texts for name in formula_names(text)}
    table = read_table(file, wanted, read_options, None if sys.stdin is None else 0)
    notes: tuple[str, ...] = ()
    if table.skipped:
        notes = (f"{pluralize(table.skipped, 'row')} of the data left out: a cell is missing",)
    return Data(table.columns, table.row_numbers, table.names), notes


def check_assigned(names: Sequence[str], data: Data | None) -> None:
    """Raise InputError if a column of the data is given a value."""
    for name in names:
        if data is not None and name in data.names:
            why = f"{name} is a column of the data, not a variable"
            hint = f"leave {name}=... out, or give the variable another name"
            raise InputError(why, hint=hint, usage=True)


def parse_formulas(
    given: Sequence[str], order: str, example: str, data: Data | None = None
) -> tuple[list[Function], list[str]]:
    """Return the formulas, over the same variables, and the assignments among the arguments."""
    from aimath.core.calculus import parse_function, parse_over_data

    assignments = [word for word in given if is_assignment(word)]
    texts = [word for word in given if word not in assignments]
    if len(texts) > 1 and not assignments and all(map(is_number, texts[1:])):
        names = parse_over_data(texts[0], data).variables
        if len(names) == len(texts) - 1:
            named = tuple(f"{name}={value}" for name, value in zip(names, texts[1:], strict=True))
            why = f"{' '.join(texts[1:])}: which variable has which value?"
            raise InputError(why, hint=Retype(tuple(texts[1:]), named), usage=True)
    for word in () if texts else assignments:
        name, _, right = word.partition("=")
        if _holds_variable(right):
            why = f"{quote(word)} gives {name.strip()} no number: a formula stands without {name.strip()}="
            raise InputError(why, hint=Retype((word,), (right.strip(),)), usage=True)
    if not texts:
        raise InputError("needs a formula", hint=f"try {example}", usage=True)
    functions = [parse_over_data(text, data) for text in texts]
    check_assigned([assignment.partition("=")[0].strip() for assignment in assignments], data)
    found = tuple(dict.fromkeys(name for f in functions for name in f.variables))
    if order:
        functions, assignments = _hold_others(functions, assignments, order, data)
        found = tuple(dict.fromkeys(name for f in functions for name in f.variables))
    names = _split_variables(order, found) if order else _in_order_of(found, assignments)
    return [parse_function(f, names) for f in functions], assignments


def _hold_others(
    functions: list[Function], assignments: list[str], order: str, data: Data | None
) -> tuple[list[Function], list[str]]:
    """Return formulas with the given numbers for variables that --variables leaves out, and what is left."""
    from aimath.core.calculus import parse_over_data

    listed = {name.strip() for name in order.split(",")}
    if not any(listed & set(f.variables) for f in functions):  # a slip
        return functions, assignments
    values: dict[str, float] = {}
    left = []
    for assignment in assignments:
        name, numbers = _parse_sweep(assignment)
        text = assignment.partition("=")[2].strip()
        free = name not in listed and any(name in f.variables for f in functions)
        if name in values:
            raise InputError(f"{name} is given twice", usage=True)
        if free and text and not numbers:
            values[name] = _parse_number(name, text)
        else:
            left.append(assignment)
    held = [parse_over_data(f.text_with(values), data) for f in functions] if values else functions
    return held, left


def _holds_variable(text: str) -> bool:
    from aimath.core.calculus import parse_function

    try:
        return bool(parse_function(text).variables)
    except InputError:
        return False


def _split_variables(order: str, found: Sequence[str]) -> tuple[str, ...]:
    """Return the names that --variables lists: those in the formula, and others that it doesn't depend on."""
    names = tuple(name.strip() for name in order.split(","))
    missing = [name for name in found if name not in names]
    if missing:
        why = f"{order} lacks {join_and(missing)}, which the formula has"
        raise InputError(why, hint=_describe_variables(found), usage=True).within("--variables")
    for name in names:
        if not is_variable(name):
            raise InputError(f"'{shorten(name)}' is no name of a variable", usage=True).within("--variables")
    if len(set(names)) < len(names):
        raise InputError(f"a name in {order} is there twice", usage=True).within("--variables")
    return names


def is_variable(name: str) -> bool:
    """Return whether a name can be that of a variable: a word that is no function and no constant."""
    from aimath.core.calculus import ARITY, CONSTANTS

    return bool(re.fullmatch(r"[A-Za-z]\w*", name)) and name not in ARITY and name not in CONSTANTS


def is_assignment(word: str) -> bool:
    """Return whether a word gives a variable its value.

    >>> is_assignment("x=3"), is_assignment("x^2")
    (True, False)
    """
    return re.match(r"\s*[A-Za-z]\w*\s*=", word) is not None


def _in_order_of(variables: tuple[str, ...], assignments: Sequence[str]) -> tuple[str, ...]:
    """Return the variables in the order in which the point assigns them, the others behind.

    A formula without any depends on none of those that the point names.
    """
    assigned = [assignment.partition("=")[0].strip() for assignment in assignments]
    known = variables or tuple(filter(is_variable, assigned))
    return tuple(dict.fromkeys((*(name for name in assigned if name in known), *known)))


def parse_points(
    names: Sequence[str],
    assignments: Sequence[str],
    at: Any,
    labels: Sequence[str] = (),
    data: Data | None = None,
) -> Any:
    """Return points (r, n): the rows of --at, or the Cartesian product of the assigned values."""
    if at is not None:
        if assignments:
            raise InputError(f"--at gives the points, and so does '{assignments[0]}'", usage=True)
        return _select_columns(names, at, labels)
    if names and not assignments:
        values = " ".join(f"{name}=..." for name in names)
        hint = f"add {values}, or --at @FILE (--at - in a pipe)"
        hint = hint if data is None else f"{hint}; {data.known}"
        raise InputError(f"no value for {join_and(names)}", hint=hint, usage=True)
    swept = [(assignment, *_parse_sweep(assignment)) for assignment in assignments]
    typed = [f"{name}={values[0]!r}" if values else text for text, name, values in swept]
    try:
        first = parse_point(names, typed)
    except InputError as error:
        if data is not None:
            error.advise(data.known)
        raise
    lists = {name: values or [first[names.index(name)]] for _, name, values in swept}
    order = [list(lists).index(name) for name in names]
    return [[way[k] for k in order] for way in cartesian_product(lists.values())]


def _describe_variables(variables: Sequence[str]) -> str:
    return f"the variable{'s are' if len(variables) > 1 else ' is'} {join_and(variables)}"


def parse_point(variables: Sequence[str], assignments: Sequence[str], flag: str = "") -> list[float]:
    """Return the point of assignments such as x=3 and y=-1/2, one for each variable.

    They are operands, or the list that a flag takes.

    >>> parse_point(["x", "y"], ["y=1/2", "x=-3"])
    [-3.0, 0.5]
    """
    from aimath.core.calculus import ARITY, CONSTANTS

    point: dict[str, float] = {}
    for assignment in assignments:
        name, equals, text = (piece.strip() for piece in assignment.partition("="))
        if not equals or not text:
            raise InputError(
                f"'{shorten(assignment)}' gives no variable a value", hint="write x=3", usage=True
            )
        if name in ARITY or name in CONSTANTS:
            what = "function" if name in ARITY else "constant"
            raise InputError(f"{name} is a {what} and can't be set", usage=True)
        if name not in variables:
            raise _unknown_variable(name, variables, assignments, flag)
        if name in point:
            raise InputError(f"{name} is given twice", usage=True)
        point[name] = _parse_number(name, text)
    missing = [name for name in variables if name not in point]
    if missing:
        values = [f"{name}=..." for name in missing]
        hint = f"add {flag} {','.join(values)}" if flag else f"add {' '.join(values)}"
        raise InputError(f"no value for {join_and(missing)}", hint=hint, usage=True)
    return [point[name] for name in variables]


def _unknown_variable(
    name: str, variables: Sequence[str], assignments: Sequence[str], flag: str
) -> InputError:
    """Return the error of a name that the formula lacks, a slip, or what the formula doesn't depend on."""
    assigned = [assignment.partition("=")[0].strip() for assignment in assignments]
    hint = _describe_variables(variables) if variables else ""
    if set(variables) <= set(assigned) and is_variable(name) and not flag:
        hint = f"{hint}; --variables {','.join(dict.fromkeys(assigned))} has {name} too"
    elif variables:
        hint = suggest(name, variables, hint)
    return InputError(f"{shorten(name)} is not in the formula", hint=hint, usage=True)


def _parse_number(name: str, text: str) -> float:
    """Return a number, which may be an expression without variables: 1/3, -pi/2."""
    from aimath.core.calculus import parse_function

    try:
        return parse_function(text, ())([])
    except InputError as error:
        raise error.within(f"{name}={shorten(text)}") from None


def _select_columns(names: Sequence[str], at: Any, labels: Sequence[str]) -> Any:
    """Return the columns (r, n) of --at whose labels are the variables, or all if none is."""
    if len(names) == 1 and at.shape[-1] != 1 and not (set(names) & set(labels)):
        hint = f"write {names[0]}=1,2,3 in place of --at; in a file --rows makes each line a point"
        raise InputError(
            f"a point has 1 coordinate ({names[0]}), not {at.shape[-1]}", hint=hint, row=0, operand="at"
        )
    if not set(names) & set(labels):
        return at
    for name in names:
        if labels.count(name) != 1:
            why = f"{name} is there twice" if name in labels else f"{name} is not there"
            hint = _describe_variables(names)
            raise InputError(f"the point has {', '.join(labels)}: {why}", hint=hint, row=0, operand="at")
    return at[:, [labels.index(name) for name in names]]


def _parse_sweep(assignment: str) -> tuple[str, list[float]]:
    """Return a variable's name and the values of its sweep, or an empty list for a single value."""
    name, _, text = (part.strip() for part in assignment.partition("="))
    if not ("," in text or text.startswith(("lin:", "log:"))):
        return name, []
    return name, parse_option(name, parse_sweep, text)


def parse_direction(text: str, names: Sequence[str]) -> list[float]:
    """Return a direction vector from a list of entries, or from the nonzero ones by name."""
    entries = [entry.strip() for entry in text.strip("[] ").split(",")]
    if not any("=" in entry for entry in entries):
        return [parse_option("--direction", parse_number, entry) for entry in entries]
    way: dict[str, float] = {}
    for entry in entries:
        name, _, value = (part.strip() for part in entry.partition("="))
        name = name if name in names else name.removeprefix("d")
        if name in way:
            raise InputError(f"{name} is given twice", usage=True).within("--direction")
        if name not in names:
            error = InputError(f"'{entry}' names no variable", hint=_describe_variables(names), usage=True)
            raise error.within("--direction")
        way[name] = parse_option("--direction", parse_number, value)
    return [way.get(name, 0.0) for name in names]


ROWS_SHOWN = 5
"""So many rows of data are worked out."""


def data_quantities(f: Function, points: Any) -> dict[str, Any]:
    """Return the first rows of a formula's data, what they add at a point, and the means and sums."""
    from aimath.core.calculus import DataFunction

    if not isinstance(f, DataFunction):
        return {}
    rows = {"rows": f.data.row_count}
    if len(points) != 1:
        return rows
    known: dict[str, Any] = {"data_row": f.data.row_numbers[:ROWS_SHOWN].astype(str)}
    known |= {f"data_{name}": f.data.columns[name][:ROWS_SHOWN] for name in f.graph.columns}
    for k, part in enumerate(f.contributions(points[0], ROWS_SHOWN), 1):
        known |= {f"term_{k}": part.values, f"total_{k}": part.total}
    return rows | known


def data_steps(f: DataFunction, point: str = "") -> Iterator[Step]:
    """Yield the first rows of the data with what they add to means and sums; `point` says where."""
    parts = f.contributions([0.0] * len(f.variables), 0)
    if not parts:
        return
    shown = f.graph.columns[:MAX_COLUMNS_SHOWN]
    few = f", the first {ROWS_SHOWN}" * (f.data.row_count > ROWS_SHOWN)
    yield Line(f" over {pluralize(f.data.row_count, 'row')} of data{point}{few}:")
    columns = [(name, f"{{data_{name}}}") for name in shown]
    terms = [(shorten(part.text, 30), f"{{term_{k}}}") for k, part in enumerate(parts, 1)]
    yield Table((*columns, *terms), names="data_row")
    for k, part in enumerate(parts, 1):
        yield Line(f" {part.op} of all = {{total_{k}}}")


MAX_COLUMNS_SHOWN = 4
"""So many columns of data are shown."""
MAX_NOTES = 3
"""So many kinks are told of."""


def _drop_checks_at_kinks(notes: Sequence[str], steps: Sequence[Step]) -> tuple[Step, ...]:
    """Return the steps without finite-difference checks if there are kinks, which are noted instead."""
    if not notes:
        return tuple(steps)
    kept = (step for step in steps if not isinstance(step, CrossCheck))
    return (*kept, *(Line(f" {kink}") for kink in notes))


def _non_differentiable_notes(functions: Sequence[Function], points: Any) -> tuple[str, ...]:
    """Return notes on points where a function is not differentiable, at most MAX_NOTES of them."""
    import numpy as np

    from aimath.core.calculus import DataFunction

    found: dict[str, None] = {}
    where = np.asarray(points, np.float64)
    for f in functions:
        if isinstance(f, DataFunction):
            found.update(dict.fromkeys(note for point in where.tolist() for note in f.kinks(point)))
        for point in where[f.may_tie(where)] if f.has_non_differentiable else ():
            found.update(dict.fromkeys(f.non_differentiable([float(x) for x in point])))
            if len(found) >= MAX_NOTES:
                return tuple(found)
    return tuple(found)


def _underflows(functions: Sequence[Function], points: Any, slopes: Any) -> tuple[str, ...]:
    """Return notes on derivatives (r, m, n) that are not 0 but round to it, at most MAX_NOTES of them."""
    import numpy as np

    found: list[str] = []
    several = np.reshape(slopes, (len(points), len(functions), -1))
    for row, k in np.argwhere((several == 0.0).any(axis=-1)).tolist():
        f, point = functions[k], [float(x) for x in points[row]]
        where = ", ".join(f"{name}={value:.6g}" for name, value in zip(f.variables[:4], point, strict=False))
        found.extend(f"∂f/∂{name} at {where} is below 4.9e-324: 0 is shown" for name in f.underflows(point))
        if len(found) >= MAX_NOTES:
            break
    return tuple(found[:MAX_NOTES])
