"""Parsed formulas as functions: values, gradients and Hessians at one point or many.

`parse_function` reads the language (grammar.py) into a graph (formula.py) that differentiates itself
(derivatives.py); evaluate.py checks every step, closures.py only hurries.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from aimath.core.calculus._compile import compile_output, compile_outputs
from aimath.core.calculus._derivatives import backward, gradient_nodes
from aimath.core.calculus._evaluate import BLOCK, Program, format_inputs
from aimath.core.calculus._grammar import ARITY, CONSTANTS, format_caret, parse
from aimath.core.calculus._graph import Graph, build_graph
from aimath.core.calculus._printing import to_infix
from aimath.errors import InputError, join_and, suggest
from aimath.text import shorten

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aimath.core.calculus._grammar import ParseNode
    from aimath.core.numerics.types import Array


class Function:
    """A formula of named variables; points are in the order of `variables`.

    Every value on the way must be finite, and so must the derivatives that are asked for; else an
    InputError names the part of the text. Derivatives are exact formulas, rounded as they are
    evaluated, never differences.
    """

    def __init__(self, text: str, variables: tuple[str, ...], parts: Sequence[ParseNode]) -> None:
        self.text, self.variables = text, variables
        self.graph = Graph()
        # All variables come first, so that every one has a node, also one that the text lacks.
        self._input_nodes = [self.graph.node("variable", value=float(k)) for k in range(len(variables))]
        self.root = build_graph(self.graph, parts, variables)

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
        return self._value_program.evaluate(point, self.text, self.variables)[0]

    def gradient(self, point: Sequence[float]) -> list[float]:
        """Return the partial derivatives at a point.

        >>> parse_function("x^2 + 2*x*y + y^2").gradient([3.0, 2.0])
        [10.0, 10.0]
        """
        return self._gradient_program.evaluate(point, self.text, self.variables)[1:]

    def node_values(self, point: Sequence[float]) -> dict[int, float]:
        """Return the values of all nodes of the graph at a point, by node."""
        return dict(zip(self._value_program.order, self._value_program.node_values(point), strict=True))

    def hessian(self, point: Sequence[float]) -> list[list[float]]:
        """Return the matrix of second derivatives at a point: for each direction, the gradient's derivative.

        >>> parse_function("x^2*y").hessian([3.0, 2.0])
        [[4.0, 6.0], [6.0, 0.0]]
        """
        n = len(self.variables)
        rows = []
        for k in range(n):
            direction = [float(j == k) for j in range(n)]
            rows.append(
                self._hessian_program.evaluate([*point, *direction], self.text, self.variables)[1 + n :]
            )
        return rows

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
        return self._value_program.evaluate_batch(self._as_points(points))[0]

    def gradients(self, points: Array) -> Array:
        """Return the gradients (..., n) at points (..., n), nan where there is none.

        >>> parse_function("sqrt(x)").gradients(np.array([[4.0], [0.0]]))
        array([[0.25],
               [ nan]])
        """
        found = self._gradient_program.evaluate_batch(self._as_points(points))[1:]
        return np.stack(found, axis=-1)

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
            ways = np.broadcast_to(np.eye(n), part.shape)
            values, *rows = self._hessian_program.evaluate_batch(np.concatenate([part, ways], axis=-1))
            found[k : k + step] = np.stack(rows[n:], axis=-1)
            found[k : k + step][np.isnan([values, *rows[:n]]).any(axis=(0, -1))] = np.nan
        return found.reshape(*where.shape[:-2], n, n)

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
        values = self._value_program.node_values(point)
        notes = []
        for k, (node, args, _) in enumerate(self._value_program.instructions):
            operands = [values[arg] for arg in args]
            if (
                node.op in _NON_DIFFERENTIABLE
                and node.requires_grad
                and _NON_DIFFERENTIABLE[node.op](operands)
            ):
                where = format_inputs(self._value_program, k, values, self.variables)
                used = "equal shares are" if node.op in ("max", "min") else "0 is"
                notes.append(f"not differentiable{where} ({node.op}): {used} used")
        return tuple(dict.fromkeys(notes))

    @property
    def has_non_differentiable(self) -> bool:
        """Whether there may be points without a derivative that have a value."""
        return any(
            step.node.op in _NON_DIFFERENTIABLE and step.node.requires_grad
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
        return Program(self.graph, [self.root, *self._partials])

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
        return Program(graph, [self.root, *self._partials, *backward(graph, seeds, self._input_nodes)])

    def _as_points(self, points: Array) -> Array:
        points = np.asarray(points, np.float64)
        if points.shape[-1:] != (len(self.variables),):
            raise InputError(f"a point has {len(self.variables)} coordinates, not {points.shape[-1:]}")
        return points


def _has_tie(values: list[float], largest: float) -> bool:
    return values.count(largest) > 1


_NON_DIFFERENTIABLE: dict[str, Callable[[list[float]], bool]] = {
    **dict.fromkeys(("abs", "relu", "sign"), lambda values: values[0] == 0.0),
    "max": lambda values: _has_tie(values, max(values)),
    "min": lambda values: _has_tie(values, min(values)),
}


def parse_function(text: str | Function, variables: Sequence[str] | None = None) -> Function:
    """Return the function that a formula defines; variables are in order of appearance unless given.

    What is a Function already is given back, if its variables are to be the same.

    >>> parse_function("a*x + b").variables
    ('a', 'x', 'b')
    """
    if isinstance(text, Function):
        same = variables is None or tuple(variables) == text.variables
        return text if same else parse_function(text.text, variables)
    parts = parse(text)
    found = [part for part in parts if part.op == "variable"]
    names = tuple(dict.fromkeys(part.name for part in sorted(found, key=lambda part: part.start)))
    if variables is None:
        return Function(text, names, parts)
    for part in found:
        if part.name not in variables:
            raise _unknown_variable(text, part, variables)
    return Function(text, tuple(variables), parts)


def _unknown_variable(text: str, part: ParseNode, variables: Sequence[str]) -> InputError:
    hint = "write a number"
    if variables:
        known = (*variables, *ARITY, *CONSTANTS)
        hint = suggest(part.name, known, f"choose from {', '.join(variables)}")
    why = f"{part.name} is not a variable here"
    return InputError(why, hint=hint, snippet=format_caret(text, part.start), usage=True)
