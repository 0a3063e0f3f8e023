"""Formulas over data: mean(...) and sum(...) go over its rows, all at once.

Inside of them a node of the graph has a value a row; outside it has one. At one point answers are
rounded once, row by row in balls (`_exact.py`), as long as that is a matter of seconds; beyond, and on
many points, they are those of float64.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import repeat
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.core.calculus._ball_functions import FUNCTIONS
from aimath.core.calculus._balls import TooLargeError, UndecidedError, UndefinedError, ball
from aimath.core.calculus._evaluate import BLOCK, Program, excerpt, undefined_reason
from aimath.core.calculus._exact import NON_DIFFERENTIABLE, Evaluation, cost, settle, widths
from aimath.core.calculus._expression import Function, names_of_variables, parse_function
from aimath.core.calculus._grammar import CONSTANTS, REDUCTIONS, format_caret, formula_names, parse
from aimath.core.calculus._operations import OPERATIONS
from aimath.core.numerics.double_double import two_sum
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimath.core.calculus._balls import Ball, Balls
    from aimath.core.calculus._data import Data
    from aimath.core.calculus._grammar import ParseNode
    from aimath.core.numerics.types import Array, Indices

FEW_ROWS = 64
"""Of so many rows sums are compensated."""
POLES = ("div", "log", "log2", "log10", "pow")
"""Operations that are infinite where an operand is 0."""
EXACT_WORK = 300_000
"""Operations, rows times nodes, that are made in balls: about a second."""


class Contributions(NamedTuple):
    """What some rows add to a mean or a sum."""

    text: str  # what is inside
    op: str  # "mean" or "sum"
    values: Array  # (count,) of the first rows
    total: float  # over all rows


class Fit(NamedTuple):
    """A formula of one column that is fitted to another."""

    x: str  # the column that it is of
    y: str  # the column that it should give
    text: str


class DataFunction(Function):
    """A formula of variables and columns of data, whose means and sums go over the rows."""

    data: Data

    def __init__(self, text: str, variables: tuple[str, ...], parts: Sequence[ParseNode], data: Data) -> None:
        used = tuple(name for name in data.columns if any(part.name == name for part in parts))
        super().__init__(text, variables, parts, used)
        self.data, self._parts = data, parts
        self._columns = [data.columns[name] for name in used]
        self._evaluators: dict[int, _RowEvaluator] = {}
        _check_names(text, parts, data)
        self._check_root(parts)

    @property
    def fit(self) -> Fit | None:
        """What the formula fits to the data, if it has powers or sizes of f(x) - y, x and y columns."""
        for part in self._parts:
            if part.op in ("pow", "abs") and self._parts[part.args[0]].op == "sub":
                sides = [self._parts[place] for place in self._parts[part.args[0]].args]
                for line, column in (sides, sides[::-1]):
                    names = formula_names(self.text[line.start : line.end])
                    crossed = [name for name in names if name in self.data.columns]
                    if column.name in self.data.columns and len(crossed) == 1 and line.op != "variable":
                        return Fit(crossed[0], column.name, self.text[line.start : line.end])
        return None

    def fitted(self, fit: Fit, point: Sequence[float], x: Array) -> Array:
        """Return what the formula makes of numbers x (n,) at a point, where the data have its column x."""
        variables = (*self.variables, fit.x)
        rows = np.column_stack((*(np.full(len(x), value) for value in point), x))
        return parse_function(fit.text, variables).float_values(rows)

    def _check_root(self, parts: Sequence[ParseNode]) -> None:
        """Raise InputError if nothing goes over the rows, or the formula has a value for each."""
        if not self.graph.nodes[self.root].per_row:
            if not any(part.op in REDUCTIONS for part in parts):
                why = f"{self.short_text()} has no mean(...) and no sum(...) that goes over the data"
                raise InputError(why, hint="leave the data out, or write mean(...)", usage=True)
            return
        inside = _reduced_parts(parts)
        first = next(
            part for k, part in enumerate(parts) if part.name in self.graph.columns and k not in inside
        )
        why = f"{first.name} is a column of the data and stands outside of mean(...) and sum(...)"
        hint = (
            f"write mean({self.text})" if not inside and len(self.text) <= 60 else "put it into a mean(...)"
        )
        raise InputError(why, hint=hint, snippet=format_caret(self.text, first.start), usage=True)

    def point(self, start: Mapping[str, Any] | Sequence[float] | None = None, /, **named: Any) -> Any:
        """Return the coordinates of a point, given by name or in the order of `variables`."""
        try:
            return super().point(start, **named)
        except InputError as error:
            given = {**(start if isinstance(start, Mapping) else {}), **named}
            column = next((name for name in given if name in self.data.columns), None)
            if column is not None:
                raise InputError(
                    f"{column} is a column of the data, not a variable", hint=self.data.known, usage=True
                ) from None
            error.hint = error.hint or self.data.known
            raise

    def with_variables(self, variables: tuple[str, ...]) -> DataFunction:
        """Return the same formula of variables in another order, or of more."""
        names = names_of_variables(self.text, self._parts, variables, self.data.columns)
        return DataFunction(self.text, names, self._parts, self.data)

    def at_rows(self, rows: Indices) -> DataFunction:
        """Return the formula over some rows of the data."""
        return DataFunction(self.text, self.variables, self._parts, self.data.at_rows(rows))

    # Many points, in float64.

    def _roots(self, program: Program, points: Array, rows: Indices | None = None) -> Array:
        """Return a program's roots (..., roots) at points (..., n), nan where there is none."""
        found = self._evaluator(program)(np.asarray(points, np.float64).reshape(-1, points.shape[-1]), rows)
        return np.asarray(found).reshape(*points.shape[:-1], len(program.roots))

    def _evaluator(self, program: Program) -> _RowEvaluator:
        found = self._evaluators.get(id(program))
        if found is None:
            found = self._evaluators[id(program)] = _RowEvaluator(program, self._columns, self.data.row_count)
        return found

    def float_values(self, points: Array) -> Array:
        """Return the values (...) at points (..., n), nan where there is none."""
        return self._roots(self._value_program, self._as_points(points))[..., 0]

    def values(self, points: Array) -> Array:
        """Return the values (...) at points (..., n), nan where there is none."""
        return self.float_values(points)

    def float_gradients(self, points: Array) -> Array:
        """Return the gradients (..., n) at points (..., n), nan where there is none."""
        return self.value_gradients(points)[1]

    def gradients(self, points: Array) -> Array:
        """Return the gradients (..., n) at points (..., n), nan where there is none."""
        return self.float_gradients(points)

    def value_gradients(self, points: Array, rows: Indices | None = None) -> tuple[Array, Array]:
        """Return values (...) and gradients (..., n) at points (..., n), over some rows or all."""
        found = self._roots(self._gradient_program, self._as_points(points), rows)
        return found[..., 0], found[..., 1:]

    def hessians(self, points: Array) -> Array:
        """Return the Hessians (..., n, n) at points (..., n), nan where there is none."""
        n = len(self.variables)
        where = self._as_points(points)
        both = np.concatenate(
            [
                np.repeat(where[..., np.newaxis, :], n, axis=-2),
                np.broadcast_to(np.eye(n), (*where.shape[:-1], n, n)),
            ],
            axis=-1,
        )
        return self._roots(self._hessian_program, both)[..., 1 + n :]

    def peak_memory(self, points: int = 1) -> int:
        """Return about how many bytes evaluating the gradient takes at its peak, besides the data."""
        most = max(self._live(self._gradient_program))
        return 8 * self.data.row_count * most * max(1, min(points, BLOCK // self.data.row_count))

    def _live(self, program: Program) -> list[int]:
        """Return how many rows of numbers are held after each instruction."""
        held, counts = 0, [0]
        for node, _, last in program.instructions:
            held += node.per_row and node.op != "column"
            counts.append(held + 2)
            held -= sum(
                program.instructions[k].node.per_row and program.instructions[k].node.op != "column"
                for k in last
            )
        return counts

    # One point, rounded once.

    def _at(self, program: Program, point: Sequence[float], *, free: int = 0) -> Evaluation:
        """Evaluate a program at a point: in balls, or in float64 where that takes too long."""
        where = np.array([point], np.float64)
        if not np.isfinite(where).all():
            raise InputError(f"the point has a coordinate {where[~np.isfinite(where)][0]}")
        if self.data.row_count * cost(program) <= EXACT_WORK:
            return self._in_balls(program, point, free)
        floats = self._roots(program, where)[0].tolist()
        if not np.isfinite(floats[free:]).all():
            raise self._undefined(program, where)
        return Evaluation(program, [], floats)

    def _in_balls(self, program: Program, point: Sequence[float], free: int) -> Evaluation:
        inputs = list(map(ball, map(float, point)))
        columns = [list(map(ball, column.tolist())) for column in self._columns]
        balls: list[Any] = []

        def compute(arithmetic: Balls) -> list[Ball]:
            balls[:] = _balls_of_rows(program, inputs, columns, self.data.row_count, arithmetic)
            return [balls[root] for root in program.roots]

        try:
            floats = settle(compute, self.data.row_count * cost(program), free)
        except (UndecidedError, UndefinedError, TooLargeError):
            raise self._undefined(program, np.array([point], np.float64)) from None
        if any(value is not None and np.isinf(value) for value in floats[free:]):
            raise self._undefined(program, np.array([point], np.float64))
        return Evaluation(program, balls, floats)

    def _widths(self, program: Program, point: Sequence[float], moved: int, radius: float) -> list[float]:
        columns = [list(map(ball, column.tolist())) for column in self._columns]
        count = self.data.row_count

        def rows(program: Program, inputs: Sequence[Ball], arithmetic: Balls, _: list[Any]) -> list[Any]:
            return _balls_of_rows(program, inputs, columns, count, arithmetic)

        return widths(program, point, moved, radius, rows)

    def _undefined(self, program: Program, where: Array) -> InputError:
        """Return the error that names the part without a value, and the first row that has none."""
        evaluator = self._evaluator(program)
        for k, row, values in evaluator.trace(where):
            node = program.instructions[k].node
            at = self._describe_point(where[0], row if node.per_row else None)
            piece = excerpt(self.text, node.span)
            if node.is_derivative:
                return InputError(f"{piece} has no finite derivative{at}")
            if np.isinf(values[0]) and not (node.op in POLES and 0.0 in values[1:]):
                return InputError(f"{piece}: the value overflows float64{at}")
            why, bound = undefined_reason(self.text, node, values[1:])
            return InputError(f"{piece}: {why}{at}{bound}")
        return InputError(f"{self.short_text()} can't be told{self._describe_point(where[0], None)}")

    def _describe_point(self, point: Array, row: int | None) -> str:
        named = [f"{name}={x:.6g}" for name, x in zip(self.variables, point.tolist(), strict=False)][:4]
        if row is None:
            return f" at {', '.join(named)}"
        cells = [
            f"{name}={column[row]:.6g}"
            for name, column in zip(self.graph.columns, self._columns, strict=True)
        ]
        return f" in row {self.data.row_numbers[row]} of the data, at {', '.join(named + cells[:4])}"

    # What people see of it.

    def contributions(self, point: Sequence[float], count: int) -> list[Contributions]:
        """Return what the first rows add to each mean and sum that stands in no other."""
        outer: list[int] = []
        inside: set[int] = set()
        for i in reversed(self.graph.topological_order([self.root])):
            node = self.graph.nodes[i]
            if node.op in REDUCTIONS and i not in inside and self.graph.nodes[node.args[0]].per_row:
                outer.append(i)
                inside |= {*self.graph.topological_order(node.args)}
        found = []
        where = np.array([point], np.float64)
        for i in reversed(outer):
            node = self.graph.nodes[i]
            term = self.graph.nodes[node.args[0]]
            program = Program(self.graph, [i, node.args[0]])
            whole, each = _RowEvaluator(program, self._columns, self.data.row_count).raw(where)
            text = self.text[slice(*term.span)].strip()
            values = np.broadcast_to(each, (1, self.data.row_count))[0, :count]
            found.append(Contributions(text, node.op, values, float(np.ravel(whole)[0])))
        return found

    @property
    def has_non_differentiable(self) -> bool:
        """False: which rows are at a kink is told of by `kinks`."""
        return False

    def kinks(self, point: Sequence[float]) -> tuple[str, ...]:
        """Return notes on rows whose terms are not differentiable at a point.

        Only those count where the operand would move with a variable.
        """
        program, notes = self._value_program, []
        values = self._evaluator(program).all_values(np.array([point], np.float64))
        for k, (node, args, _) in enumerate(program.instructions):
            if node.op not in NON_DIFFERENTIABLE or not node.requires_grad:
                continue
            operands = [np.ravel(values[arg]) for arg in args]
            if len(operands) == 1:
                tied = operands[0] == 0.0
            else:
                best = np.ravel(values[k])
                tied = sum((one == best).astype(np.int64) for one in operands) > 1
            count = int(np.count_nonzero(tied))
            if count:
                used = "equal shares are" if node.op in ("max", "min") else "0 is"
                many = f" in {count} of {self.data.row_count} rows" if node.per_row else ""
                notes.append(f"not differentiable{many} ({node.op}): {used} used")
        return tuple(dict.fromkeys(notes))


def parse_over_data(
    text: str | Function, data: Data | None, variables: Sequence[str] | None = None
) -> Function:
    """Return the function of a formula whose means and sums go over data; of one without, if that is None.

    Names of columns are no variables. What is a Function already keeps its own data.

    >>> from aimath.core.calculus import as_data
    >>> parse_over_data("mean((w*x - y)^2)", as_data({"x": [1, 2], "y": [2, 4]})).gradient([1.0])
    [-5.0]
    """
    if data is None or isinstance(text, Function):
        return parse_function(text, variables)
    parts = parse(text)
    return DataFunction(text, names_of_variables(text, parts, variables, data.columns), parts, data)


class _RowEvaluator:
    """A program over columns of data, all rows and a block of points at a time."""

    def __init__(self, program: Program, columns: Sequence[Array], count: int) -> None:
        self.program, self.count = program, count
        self.columns = [column[np.newaxis] for column in columns]
        self.fixed: dict[int, Any] = {}
        with np.errstate(all="ignore"):
            for k, (node, _, _) in enumerate(program.instructions):
                if not node.requires_grad:
                    self.fixed[k] = self._value(k, self.fixed, None, self.columns, count)
        needed = {arg for node, args, _ in program.instructions if node.requires_grad for arg in args}
        needed |= {*program.roots}
        self.lost_before = any(
            not np.isfinite(value).all()
            for k, value in self.fixed.items()
            if program.instructions[k].node.args
            and not program.instructions[k].node.is_derivative
            and not isinstance(value, list)
        )
        self.fixed = {k: value for k, value in self.fixed.items() if k in needed}

    def __call__(self, points: Array, rows: Indices | None = None) -> Array:
        """Return the roots (p, roots) at points (p, n), nan where a part has no value."""
        found = np.empty((len(points), len(self.program.roots)))
        count = self.count if rows is None else len(rows)
        step = max(1, BLOCK // count)
        for start in range(0, len(points), step):
            part = points[start : start + step]
            values, lost = self._block(part, rows)
            for j, root in enumerate(self.program.roots):
                found[start : start + step, j] = values[root].ravel()  # one for all where nothing moves
            found[start : start + step][lost] = np.nan
        found[~np.isfinite(found)] = np.nan
        return found + 0.0

    def _block(self, points: Array, rows: Indices | None) -> tuple[list[Any], Any]:
        columns, count, fixed = self.columns, self.count, self.fixed
        lost = np.full(len(points), self.lost_before and rows is None)
        if rows is not None:
            columns, count, fixed = [column[:, rows] for column in columns], len(rows), {}
        values: list[Any] = [None] * len(self.program.instructions)
        with np.errstate(all="ignore"):
            for k, (node, _, last) in enumerate(self.program.instructions):
                if k in fixed:
                    values[k] = fixed[k]
                    continue
                if rows is None and not node.requires_grad:
                    continue
                values[k] = value = self._value(k, values, points, columns, count)
                if node.args and not node.is_derivative:
                    whole = np.isfinite(value)
                    if not whole.all():
                        lost |= ~whole.all(axis=-1)
                for done in last:
                    values[done] = None
        return values, lost

    def _value(self, k: int, values: Any, points: Any, columns: Sequence[Array], count: int) -> Any:
        """Return the value of a node: (p, rows), or 1 in place of what is the same for all."""
        node, args, _ = self.program.instructions[k]
        if node.op == "variable":
            place = int(node.value)
            return points[:, place : place + 1]
        if node.op == "number":
            return np.array([[node.value]])
        if node.op == "column":
            return columns[int(node.value)]
        if node.op == "item":
            return values[args[0]][int(node.value)]
        if node.op in REDUCTIONS:
            return _reduce(node.op, values[args[0]], count)
        return OPERATIONS[node.op].array(*(values[arg] for arg in args))

    def raw(self, points: Array) -> list[Any]:
        """Return the values of the roots, those that have one a row too."""
        values, _ = self._block(points, None)
        return [values[root] for root in self.program.roots]

    def all_values(self, points: Array) -> list[Any]:
        """Return the values of all nodes at points."""
        values: list[Any] = []
        with np.errstate(all="ignore"):
            for k in range(len(self.program.instructions)):
                values.append(self._value(k, values, points, self.columns, self.count))
        return values

    def trace(self, points: Array) -> Any:
        """Yield a node without a finite value, the first such row, and the value and operands there."""
        values = self.all_values(points)
        for k, (node, args, _) in enumerate(self.program.instructions):
            if isinstance(values[k], list) or not node.args or node.op == "item":
                continue
            bad = np.flatnonzero(~np.isfinite(np.ravel(values[k])))
            if len(bad):
                row = int(bad[0])
                at = [np.ravel(values[arg]) for arg in (k, *args) if not isinstance(values[arg], list)]
                yield k, row, [float(one[row if len(one) > 1 else 0]) for one in at]


def _reduce(op: str, value: Array, count: int) -> Array:
    """Return the mean or the sum over rows (p, 1) of values (p, rows), or of one for all."""
    if value.shape[-1] != count:
        return value * count if op == "sum" else value
    total = (_compensated if count <= FEW_ROWS else np.add.reduce)(value, axis=-1)[..., np.newaxis]
    return total / count if op == "mean" else total


def _compensated(values: Array, axis: int) -> Array:
    """Return sums along the last axis, halves added to halves with what their roundings lose."""
    rest: Any = 0.0
    while values.shape[axis] > 1:
        half = values.shape[axis] // 2
        sums, lost = two_sum(values[..., :half], values[..., half : 2 * half])
        rest = rest + lost.sum(axis=axis)
        values = np.concatenate([sums, values[..., 2 * half :]], axis=axis)
    total = values[..., 0]
    return np.where(np.isfinite(total), total + rest, total)  # rest is nan beside an infinity


def _balls_of_rows(
    program: Program, inputs: Sequence[Ball], columns: Sequence[list[Ball]], count: int, arithmetic: Balls
) -> list[Any]:
    """Return the balls of a program's nodes, a list of what has a value a row."""
    found: list[Any] = []
    for node, args, _ in program.instructions:
        if node.op == "variable":
            found.append(inputs[int(node.value)])
        elif node.op == "number":
            found.append(ball(node.value))
        elif node.op == "column":
            found.append(columns[int(node.value)])
        elif node.op in REDUCTIONS:
            rows = found[args[0]] if program.instructions[args[0]].node.per_row else [found[args[0]]] * count
            found.append(_reduce_balls(node.op, rows, arithmetic))
        elif node.per_row:
            each = [
                found[arg] if program.instructions[arg].node.per_row else repeat(found[arg], count)
                for arg in args
            ]
            if node.op == "item":
                found.append([one[int(node.value)] for one in each[0]])
            else:
                apply = FUNCTIONS[node.op]
                found.append([apply(arithmetic, *one) for one in zip(*each, strict=True)])
        elif node.op == "item":
            found.append(found[args[0]][int(node.value)])
        else:
            found.append(FUNCTIONS[node.op](arithmetic, *[found[arg] for arg in args]))
    return found


def _reduce_balls(op: str, rows: Sequence[Ball], arithmetic: Balls) -> Any:
    total: Any = rows[0]
    for one in rows[1:]:
        total = FUNCTIONS["add"](arithmetic, total, one)
    return FUNCTIONS["div"](arithmetic, total, ball(float(len(rows)))) if op == "mean" else total


def _reduced_parts(parts: Sequence[ParseNode]) -> set[int]:
    """Return the places of parts that stand inside of a mean or a sum."""
    inside: set[int] = set()
    for k in range(len(parts) - 1, -1, -1):
        if k in inside or parts[k].op in REDUCTIONS:
            inside.update(parts[k].args)
    return inside


def _check_names(text: str, parts: Sequence[ParseNode], data: Data) -> None:
    """Raise InputError if a name of the formula is a constant and a column."""
    for part in parts:
        # A number that is written in digits has no name, which a column may have too.
        if part.op == "number" and part.name and part.name in (data.names or data.columns):
            why = f"{part.name} is the constant {CONSTANTS[part.name]:.6g} and a column of the data"
            hint = "give the column another name"
            raise InputError(why, hint=hint, snippet=format_caret(text, part.start), usage=True)
