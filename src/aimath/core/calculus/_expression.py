"""Parsed formulas as functions: values, gradients and Hessians at one point or many.

`function` reads the language (grammar.py) into a graph (formula.py) that differentiates itself
(derivatives.py); exact.py rounds once, evaluate.py is for many points, compile.py only hurries.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from aimath.core.calculus._compile import compile_output, compile_outputs
from aimath.core.calculus._derivatives import backward, gradient_nodes
from aimath.core.calculus._error_bounds import UNIT, bounded
from aimath.core.calculus._evaluate import BLOCK, Program, format_inputs
from aimath.core.calculus._exact import NON_DIFFERENTIABLE, exactly, finite, ties, widths
from aimath.core.calculus._grammar import ARITY, CONSTANTS, REDUCTIONS, format_caret, parse, tokenize
from aimath.core.calculus._graph import Graph, build_graph
from aimath.core.calculus._printing import to_infix
from aimath.errors import InputError, Remedy, join_and, suggest
from aimath.text import shorten

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from numpy.typing import NDArray

    from aimath.core.calculus._data import Data
    from aimath.core.calculus._exact import Evaluation
    from aimath.core.calculus._grammar import ParseNode
    from aimath.core.numerics.types import Array

LIMIT = 64.0
"""How far off what is evaluated on many points may be, in units of 2^-53: half as many ulp."""


class Function:
    """A formula of named variables; points are in the order of `variables`.

    Every part must have a value, and what is asked for must be within float64; else an InputError
    names the part of the text. At one point every answer is the float next to the true one
    (`_exact.py`); on many points it is within 64 units of 2^-53 (`_error_bounds.py`).
    """

    data: Data | None = None
    """The rows that its means and sums go over."""

    def __init__(
        self, text: str, variables: tuple[str, ...], parts: Sequence[ParseNode], columns: Sequence[str] = ()
    ) -> None:
        self.text, self.variables = text, variables
        self.graph = Graph(columns)
        # All variables come first, so that every one has a node, also one that the text lacks.
        self._input_nodes = [self.graph.node("variable", value=float(k)) for k in range(len(variables))]
        self.root = build_graph(self.graph, parts, variables)

    def with_variables(self, variables: tuple[str, ...]) -> Function:
        """Return the same formula of variables in another order, or of more."""
        return parse_function(self.text, variables)

    def text_with(self, values: Mapping[str, float]) -> str:
        """Return the formula's text with numbers in the place of some variables.

        >>> parse_function("x^y").text_with({"y": 3.0})
        'x^3'
        """
        text, at = "", 0
        for token in tokenize(self.text):
            if token.kind == "name" and token.text in values:
                number = repr(float(values[token.text])).removesuffix(".0")
                text += self.text[at : token.start] + (f"({number})" if number.startswith("-") else number)
                at = token.end
        return text + self.text[at:]

    def short_text(self, width: int = 60) -> str:
        """Return the formula's text, truncated to `width` characters."""
        return shorten(self.text, width)

    def point(self, start: Mapping[str, Any] | Sequence[float] | None = None, /, **named: Any) -> Any:
        """Return the coordinates of a point, given by name or in the order of `variables`.

        >>> parse_function("x^2*y").point(y=2.0, x=3.0)
        [3.0, 2.0]
        """
        if start is not None and not isinstance(start, Mapping):
            if named:
                raise InputError(f"start gives the point, and so does {next(iter(named))}", usage=True)
            return start
        given = {**(start or {}), **named}
        for name in given:
            if name not in self.variables:
                known = f"choose from {', '.join(self.variables)}" if self.variables else ""
                why = f"{name} is not a variable of {self.short_text()}"
                raise InputError(why, hint=suggest(name, self.variables, known), usage=True)
        missing = [name for name in self.variables if name not in given]
        if missing:
            raise InputError(f"no value for {join_and(missing)}", usage=True)
        return [given[name] for name in self.variables]

    def __call__(self, point: Sequence[float]) -> float:
        """Return the value at a point.

        >>> parse_function("x^2*y")([3.0, 2.0])
        18.0
        """
        return finite(self._at(self._value_program, point), self.text, self.variables)[0]

    def gradient(self, point: Sequence[float]) -> list[float]:
        """Return the partial derivatives at a point.

        >>> parse_function("x^2 + 2*x*y + y^2").gradient([3.0, 2.0])
        [10.0, 10.0]
        """
        found = self._at(self._gradient_program, point, free=1)
        return finite(found, self.text, self.variables, first=1)

    def value_gradient(self, point: Sequence[float]) -> tuple[float, list[float]]:
        """Return the value, inf where it is beyond float64, and the partial derivatives at a point.

        >>> parse_function("log(cosh(x))").value_gradient([1000.0])
        (999.3068528194401, [1.0])
        """
        found = self._at(self._gradient_program, point, free=1)
        slopes = finite(found, self.text, self.variables, first=1)
        value = found.floats[0]
        return self(point) if value is None else value, slopes

    def hessian(self, point: Sequence[float]) -> list[list[float]]:
        """Return the matrix of second derivatives at a point: for each direction, the gradient's derivative.

        >>> parse_function("x^2*y").hessian([3.0, 2.0])
        [[4.0, 6.0], [6.0, 0.0]]
        """
        n = len(self.variables)
        return [self._row_of_hessian([*point, *(float(j == k) for j in range(n))]) for k in range(n)]

    def _row_of_hessian(self, point_and_direction: Sequence[float]) -> list[float]:
        free = 1 + len(self.variables)
        found = self._at(self._hessian_program, point_and_direction, free=free)
        return finite(found, self.text, self.variables, first=free)

    def gradient_widths(self, point: Sequence[float], moved: int, radius: float) -> list[float]:
        """Return bounds of how far each partial derivative ranges within a radius along one coordinate.

        >>> parse_function("x^2*y").gradient_widths([3.0, 2.0], 0, 0.5)
        [4.0, 6.5]
        """
        return self._widths(self._gradient_program, point, moved, radius)[1:]

    def hessian_widths(self, point: Sequence[float], moved: int, radius: float) -> list[float]:
        """Return the same of the second derivatives by that coordinate and each other."""
        way = [float(k == moved) for k in range(len(self.variables))]
        return self._widths(self._hessian_program, [*point, *way], moved, radius)[1 + len(self.variables) :]

    def _widths(self, program: Program, point: Sequence[float], moved: int, radius: float) -> list[float]:
        return widths(program, point, moved, radius)

    def compiled_gradient(self) -> Callable[[Sequence[float]], Sequence[float]]:
        """Return a compiled, unchecked function from a point to the gradient.

        It may raise ValueError, OverflowError or ZeroDivisionError, or give inf or nan, where
        `gradient` has an InputError.

        >>> parse_function("(w-3)^2").compiled_gradient()([10.0])
        (14.0,)
        """
        return compile_outputs(self.graph, self._partials, len(self.variables))

    def compiled_derivative(self) -> Callable[[Sequence[float]], float]:
        """Return a compiled, unchecked function from a point to the derivative by the first variable.

        >>> parse_function("(w-3)^2").compiled_derivative()([10.0])
        14.0
        """
        return compile_output(self.graph, self._partials[0], len(self.variables))

    def values(self, points: Array) -> Array:
        """Return the values (...) at points (..., n), nan where there is none.

        >>> parse_function("1/x").values(np.array([[2.0], [0.0]]))
        array([0.5, nan])
        """
        where = self._as_points(points)
        found = self.float_values(where)
        return self._redone(where, found[..., np.newaxis], np.isnan(found), lambda p: [self(p)])[..., 0]

    def float_values(self, points: Array) -> Array:
        """Return the values (...) at points (..., n) in float64 alone, nan where it leads to none.

        >>> parse_function("log(cosh(x))").float_values(np.array([[1.0], [1000.0]]))
        array([0.43378083,        nan])
        """
        return self._value_program.evaluate_batch(self._as_points(points))[0]

    def float_gradients(self, points: Array) -> Array:
        """Return the gradients (..., n) at points (..., n) in float64 alone, nan where it leads to none.

        >>> parse_function("x^2").float_gradients(np.array([[3.0]]))
        array([[6.]])
        """
        return np.stack(self._gradient_program.evaluate_batch(self._as_points(points))[1:], axis=-1)

    def gradients(self, points: Array) -> Array:
        """Return the gradients (..., n) at points (..., n), nan where there is none.

        Within 64 units of 2^-53: what rounding may have led further astray is evaluated as by `gradient`.

        >>> parse_function("sqrt(x)").gradients(np.array([[4.0], [0.0]]))
        array([[0.25],
               [ nan]])
        """
        where = self._as_points(points)
        found, bounds = self._with_bounds(self._gradient_program, where)
        slopes, unsure = found[..., 1:], _unsure(found[..., 1:], bounds[..., 1:])
        return self._redone(where, slopes, unsure, self.gradient)

    def value_gradients(self, points: Array) -> tuple[Array, Array]:
        """Return the values (...) and gradients (..., n) at points (..., n), each within 64 units of 2^-53.

        >>> parse_function("x^2*y").value_gradients(np.array([[3.0, 2.0]]))
        (array([18.]), array([[12.,  9.]]))
        """
        where = self._as_points(points)
        found, bounds = self._with_bounds(self._gradient_program, where)

        def exact(point: list[float]) -> list[float]:
            value, slopes = self.value_gradient(point)
            return [value, *slopes]

        found = self._redone(where, found, _unsure(found, bounds), exact)
        return found[..., 0], found[..., 1:]

    def gradients_with_bounds(self, points: Array) -> tuple[Array, Array]:
        """Return gradients (..., n) in float64 alone, and how far off they may be in units of 2^-53.

        >>> parse_function("x^2").gradients_with_bounds(np.array([[3.0]]))
        (array([[6.]]), array([[6.]]))
        """
        found, bounds = self._with_bounds(self._gradient_program, self._as_points(points))
        return found[..., 1:], bounds[..., 1:]

    def hessians(self, points: Array) -> Array:
        """Return the Hessians (..., n, n) at points (..., n), nan where there is none.

        >>> parse_function("x^2*y").hessians(np.array([[3.0, 2.0]]))
        array([[[4., 6.],
                [6., 0.]]])
        """
        n = len(self.variables)
        where = self._as_points(points)[..., np.newaxis, :]
        flat = where.reshape(-1, 1, n)
        found = np.empty((len(flat), n, n))
        step = max(1, BLOCK * 8 // max(1, n * n))
        for k in range(0, len(flat), step):  # every point once in each direction, a block at a time
            part = np.repeat(flat[k : k + step], n, axis=1)
            both = np.concatenate([part, np.broadcast_to(np.eye(n), part.shape)], axis=-1)
            roots, bounds = self._with_bounds(self._hessian_program, both)
            rows, unsure = roots[..., 1 + n :], _unsure(roots[..., 1 + n :], bounds[..., 1 + n :])
            unsure |= ~np.isfinite(roots[..., : 1 + n]).all(axis=-1)
            found[k : k + step] = self._redone(both, rows, unsure, self._row_of_hessian)
        found[np.isnan(found).any(axis=(-1, -2))] = np.nan
        return found.reshape(*where.shape[:-2], n, n)

    def _at(self, program: Program, point: Sequence[float], *, free: int = 0) -> Evaluation:
        """Evaluate a program at a point; the first `free` roots need not be known to all digits."""
        for value in point:
            if not math.isfinite(value):
                raise InputError(f"the point has a coordinate {value}")
        return exactly(program, [float(x) for x in point], self.text, self.variables, free=free)

    def _with_bounds(self, program: Program, points: Array) -> tuple[Array, Array]:
        """Return the values (..., roots) at points (..., n), and their bounds."""
        flat = points.reshape(-1, points.shape[-1])
        found, bounds = (np.empty((len(flat), len(program.roots))) for _ in range(2))
        for start in range(0, len(flat), BLOCK):
            rows = slice(start, start + BLOCK)
            for k, (value, bound) in enumerate(zip(*bounded(program, flat[rows]), strict=True)):
                found[rows, k], bounds[rows, k] = value, bound
        shape = (*points.shape[:-1], len(program.roots))
        return found.reshape(shape), bounds.reshape(shape)

    def _redone(
        self,
        points: Array,
        found: Array,
        unsure: NDArray[np.bool_],
        exact: Callable[[list[float]], list[float]],
    ) -> Array:
        """Return answers (..., k), those that are unsure (...) worked out again, nan where there is none."""
        unsure = np.asarray(unsure)
        if unsure.any():
            found = np.array(found)
            for place in zip(*np.nonzero(unsure), strict=True) if unsure.ndim else [()]:
                try:
                    found[place] = exact(points[place].tolist())
                except InputError:
                    found[place] = np.nan
        return found

    def gradient_formulas(self) -> tuple[str, ...]:
        """Return the partial derivatives as formulas, "" for one that is too long.

        >>> parse_function("x^2 + 2*x*y + y^2").gradient_formulas()
        ('2*x + 2*y', '2*x + 2*y')
        """
        return tuple(to_infix(self.graph, slope, self.variables) for slope in self._partials)

    def non_differentiable(self, point: Sequence[float]) -> tuple[str, ...]:
        """Return notes on where a function is not differentiable at a point, and the value used there.

        >>> parse_function("abs(x) + y").non_differentiable([0.0, 1.0])
        ('not differentiable at x=0 (abs): 0 is used',)
        """
        if not self.has_non_differentiable:
            return ()
        program, notes = self._value_program, []
        for k in ties(program, [float(x) for x in point]):
            op = program.instructions[k].node.op
            used = "equal shares are" if op in ("max", "min") else "0 is"
            where = format_inputs(program, k, program.node_values(point), self.variables)
            notes.append(f"not differentiable{where} ({op}): {used} used")
        return tuple(dict.fromkeys(notes))

    def underflows(self, point: Sequence[float]) -> tuple[str, ...]:
        """Return the variables by which the derivative is not 0 but rounds to it.

        >>> parse_function("exp(-x) + y - y").underflows([800.0, 1.0])
        ('x',)
        """
        found = self._at(self._gradient_program, point, free=1)
        balls = [found.balls[root] for root in found.program.roots[1:]]
        tiny = [not value and abs(m) > r for value, (m, r, _) in zip(found.floats[1:], balls, strict=True)]
        return tuple(name for name, is_tiny in zip(self.variables, tiny, strict=True) if is_tiny)

    def may_tie(self, points: Array) -> NDArray[np.bool_]:
        """Return at which of many points (r, n) `non_differentiable` may have something to say (r,).

        >>> parse_function("abs(x - y)").may_tie(np.array([[1.0, 1.0], [1.0, 2.0]]))
        array([ True, False])
        """
        program = self._value_program
        kinks = [
            (node.op, [program.order[arg] for arg in args])
            for node, args, _ in program.instructions
            if node.op in NON_DIFFERENTIABLE and node.requires_grad
        ]
        sides = Program(self.graph, [side for _, operands in kinks for side in operands])
        found, bounds = self._with_bounds(sides, self._as_points(points))
        near, k = np.zeros(len(found), np.bool_), 0
        with np.errstate(all="ignore"):
            for op, operands in kinks:
                columns = slice(k, k + len(operands))
                k += len(operands)
                values, slack = found[:, columns], UNIT * bounds[:, columns].max(axis=1)
                if op in ("max", "min"):
                    values = np.sort(values if op == "max" else -values, axis=1)
                    values, slack = values[:, -1:] - values[:, -2:-1], 2.0 * slack
                near |= ~(np.abs(values[:, 0]) > slack)
        return near

    @property
    def has_non_differentiable(self) -> bool:
        """Whether there may be points without a derivative that have a value."""
        return any(
            step.node.op in NON_DIFFERENTIABLE and step.node.requires_grad
            for step in self._value_program.instructions
        )

    @property
    def operation_count(self) -> int:
        """How many different operations the formula has."""
        return len(self._value_program.instructions)

    @property
    def gradient_operation_count(self) -> int:
        """How many different operations value and gradient have together."""
        return len(self._gradient_program.instructions)

    @cached_property
    def _value_program(self) -> Program:
        return Program(self.graph, [self.root])

    @cached_property
    def _partials(self) -> list[int]:
        return gradient_nodes(self.graph, self.root, self._input_nodes)

    @cached_property
    def _gradient_program(self) -> Program:
        """The value too: where there is none, there is no gradient either."""
        return Program(self.graph, [self.root, *self._partials], self._powers)

    @cached_property
    def _hessian_program(self) -> Program:
        """The derivative of gradient · v; v is n further variables, so its size is that of one row.

        Value and gradient are evaluated too: without them there is no second derivative either.
        """
        graph, n = self.graph, len(self.variables)
        seeds: dict[int, int] = {}
        for k, slope in enumerate(self._partials):
            v = graph.node("variable", value=float(n + k))
            seeds[slope] = graph.add(seeds[slope], v) if slope in seeds else v
        return Program(
            graph, [self.root, *self._partials, *backward(graph, seeds, self._input_nodes)], self._powers
        )

    @cached_property
    def _powers(self) -> list[int]:
        """The slopes a^b log a of powers whose exponents move: where there is none, b can't move at all."""
        graph, found = self.graph, []
        kept = graph.span, graph.in_derivative
        for i in graph.topological_order([self.root]):
            node = graph.nodes[i]
            if node.op == "pow" and graph.nodes[node.args[1]].requires_grad:
                graph.span, graph.in_derivative = node.span, True
                found.append(graph.node("power_log", *node.args))
        graph.span, graph.in_derivative = kept
        return found

    def _as_points(self, points: Array) -> Array:
        points = np.asarray(points, np.float64)
        if points.shape[-1:] != (len(self.variables),):
            raise InputError(f"a point has {len(self.variables)} coordinates, not {points.shape[-1:]}")
        return points


def _unsure(found: Array, bounds: Array) -> NDArray[np.bool_]:
    """Return which answers (..., k) may be off by more than LIMIT units in any of their numbers (...)."""
    with np.errstate(invalid="ignore", over="ignore"):
        return np.asarray(~(np.isfinite(found) & (bounds <= LIMIT * np.abs(found))).all(axis=-1))


def parse_function(text: str | Function, variables: Sequence[str] | None = None) -> Function:
    """Return the function that a formula defines; variables are in order of appearance unless given.

    What is a Function already is given back, if its variables are to be the same.

    >>> parse_function("a*x + b").variables
    ('a', 'x', 'b')
    """
    if isinstance(text, Function):
        same = variables is None or tuple(variables) == text.variables
        return text if same else text.with_variables(tuple(variables or ()))
    parts = parse(text)
    for part in parts:
        if part.op in REDUCTIONS:
            why = f"{part.op}(...) goes over the rows of data, and there are none"
            snippet = format_caret(text, part.start)
            raise InputError(why, hint=Remedy("give {data}", data=...), snippet=snippet, usage=True)
    return Function(text, names_of_variables(text, parts, variables), parts)


def names_of_variables(
    text: str, parts: Sequence[ParseNode], variables: Sequence[str] | None, columns: Collection[str] = ()
) -> tuple[str, ...]:
    """Return the names in a formula that are no columns: in order of appearance, or as they are given."""
    found = [part for part in parts if part.op == "variable" and part.name not in columns]
    if variables is None:
        return tuple(dict.fromkeys(part.name for part in sorted(found, key=lambda part: part.start)))
    for part in found:
        if part.name not in variables:
            raise _unknown_variable(text, part, variables)
    return tuple(variables)


def _unknown_variable(text: str, part: ParseNode, variables: Sequence[str]) -> InputError:
    hint = "write a number"
    if variables:
        known = (*variables, *ARITY, *CONSTANTS)
        hint = suggest(part.name, known, f"choose from {', '.join(variables)}")
    why = f"{part.name} is not a variable here"
    return InputError(why, hint=hint, snippet=format_caret(text, part.start), usage=True)
