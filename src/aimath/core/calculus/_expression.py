"""Formulas that users type: their values, gradients and Hessians at a point, and at many points.

`function` reads the language (grammar.py) into a graph (formula.py) that differentiates itself
(derivatives.py); evaluate.py checks every step, closures.py only hurries.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from aimath.core.calculus._compile import closure, closures
from aimath.core.calculus._derivatives import backward, gradient
from aimath.core.calculus._evaluate import BLOCK, Program, at
from aimath.core.calculus._grammar import ARGUMENTS, CONSTANTS, parse, point_at, short
from aimath.core.calculus._graph import Graph, grow
from aimath.core.calculus._printing import infix
from aimath.errors import InputError, meant

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aimath.core.calculus._grammar import Part
    from aimath.core.numerics.types import Array


class Function:
    """A formula of named variables; points are in the order of `variables`.

    Every value on the way must be finite, and so must the derivatives that are asked for; else an
    InputError names the part of the text. Derivatives are exact formulas, rounded as they are
    evaluated, never differences.
    """

    def __init__(self, text: str, variables: tuple[str, ...], parts: Sequence[Part]) -> None:
        self.text, self.variables = text, variables
        self.graph = Graph()
        # All variables come first, so that every one has a node, also one that the text lacks.
        self._inputs = [self.graph.node("variable", value=float(k)) for k in range(len(variables))]
        self.root = grow(self.graph, parts, variables)

    def shown(self, room: int = 60) -> str:
        """Give the formula in one line, the end of a long one left out."""
        return short(self.text, room)

    def __call__(self, point: Sequence[float]) -> float:
        """Give the value at a point.

        >>> function("x^2*y")([3.0, 2.0])
        18.0
        """
        return self._value.checked(point, self.text, self.variables)[0]

    def gradient(self, point: Sequence[float]) -> list[float]:
        """Give the partial derivatives at a point.

        >>> function("x^2 + 2*x*y + y^2").gradient([3.0, 2.0])
        [10.0, 10.0]
        """
        return self._gradient.checked(point, self.text, self.variables)[1:]

    def trace(self, point: Sequence[float]) -> dict[int, float]:
        """Give the values of all nodes of the graph that the value is made of."""
        return dict(zip(self._value.order, self._value.values(point), strict=True))

    def hessian(self, point: Sequence[float]) -> list[list[float]]:
        """Give the matrix of second derivatives at a point: for each direction, the gradient's derivative.

        >>> function("x^2*y").hessian([3.0, 2.0])
        [[4.0, 6.0], [6.0, 0.0]]
        """
        n = len(self.variables)
        rows = []
        for k in range(n):
            direction = [float(j == k) for j in range(n)]
            rows.append(self._curvature.checked([*point, *direction], self.text, self.variables)[1 + n :])
        return rows

    def fast_gradient(self) -> Callable[[Sequence[float]], Sequence[float]]:
        """Give a function from a point to the gradient, made for loops: it checks nothing.

        It may raise ValueError, OverflowError or ZeroDivisionError, or give inf or nan, where
        `gradient` has an InputError.

        >>> function("(w-3)^2").fast_gradient()([10.0])
        (14.0,)
        """
        return closures(self.graph, self._slopes, len(self.variables))

    def fast_slope(self) -> Callable[[Sequence[float]], float]:
        """Give a function from a point to the derivative by the first variable, made for loops too.

        >>> function("(w-3)^2").fast_slope()([10.0])
        14.0
        """
        return closure(self.graph, self._slopes[0], len(self.variables))

    def values(self, points: Array) -> Array:
        """Give the values (...) at points (..., n), nan where there is none.

        >>> function("1/x").values(np.array([[2.0], [0.0]]))
        array([0.5, nan])
        """
        return self._value.arrays(self._points(points))[0]

    def gradients(self, points: Array) -> Array:
        """Give the gradients (..., n) at points (..., n), nan where there is none.

        >>> function("sqrt(x)").gradients(np.array([[4.0], [0.0]]))
        array([[0.25],
               [ nan]])
        """
        found = self._gradient.arrays(self._points(points))[1:]
        return np.stack(found, axis=-1)

    def hessians(self, points: Array) -> Array:
        """Give the Hessians (..., n, n) at points (..., n), nan where there is none.

        >>> function("x^2*y").hessians(np.array([[3.0, 2.0]]))
        array([[[4., 6.],
                [6., 0.]]])
        """
        n = len(self.variables)
        where = self._points(points)[..., np.newaxis, :]
        flat = where.reshape(-1, 1, n)
        found = np.empty((len(flat), n, n))
        step = max(1, BLOCK * 8 // max(1, n * n))
        for k in range(0, len(flat), step):  # every point once in each direction, a block at a time
            part = np.repeat(flat[k : k + step], n, axis=1)
            ways = np.broadcast_to(np.eye(n), part.shape)
            values, *rows = self._curvature.arrays(np.concatenate([part, ways], axis=-1))
            found[k : k + step] = np.stack(rows[n:], axis=-1)
            found[k : k + step][np.isnan([values, *rows[:n]]).any(axis=(0, -1))] = np.nan
        return found.reshape(*where.shape[:-2], n, n)

    def formulas(self) -> tuple[str, ...]:
        """Write the partial derivatives as formulas, "" for one that is too long.

        >>> function("x^2 + 2*x*y + y^2").formulas()
        ('2*x + 2*y', '2*x + 2*y')
        """
        return tuple(infix(self.graph, slope, self.variables) for slope in self._slopes)

    def kinks(self, point: Sequence[float]) -> tuple[str, ...]:
        """Say where on the way to the value there is no derivative at a point, and what stands for it.

        >>> function("abs(x) + y").kinks([0.0, 1.0])
        ('not differentiable at x=0 (abs): 0 is used',)
        """
        values = self._value.values(point)
        notes = []
        for k, (node, args, _) in enumerate(self._value.steps):
            operands = [values[arg] for arg in args]
            if node.op in _KINKS and node.moves and _KINKS[node.op](operands):
                where = at(self._value, k, values, self.variables)
                used = "equal shares are" if node.op in ("max", "min") else "0 is"
                notes.append(f"not differentiable{where} ({node.op}): {used} used")
        return tuple(dict.fromkeys(notes))

    @property
    def has_kinks(self) -> bool:
        """Whether there may be points without a derivative that have a value."""
        return any(step.node.op in _KINKS and step.node.moves for step in self._value.steps)

    @property
    def size(self) -> int:
        """How many different operations the formula has."""
        return len(self._value.steps)

    @property
    def gradient_size(self) -> int:
        """How many different operations value and gradient have together."""
        return len(self._gradient.steps)

    @cached_property
    def _value(self) -> Program:
        return Program(self.graph, [self.root])

    @cached_property
    def _slopes(self) -> list[int]:
        return gradient(self.graph, self.root, self._inputs)

    @cached_property
    def _gradient(self) -> Program:
        """The value too: where there is none, there is no gradient either."""
        return Program(self.graph, [self.root, *self._slopes])

    @cached_property
    def _curvature(self) -> Program:
        """The derivative of gradient · v; v is n further variables, so its size is that of one row.

        Value and gradient are evaluated too: without them there is no second derivative either.
        """
        graph, n = self.graph, len(self.variables)
        seeds: dict[int, int] = {}
        for k, slope in enumerate(self._slopes):
            v = graph.node("variable", value=float(n + k))
            seeds[slope] = graph.add(seeds[slope], v) if slope in seeds else v
        return Program(graph, [self.root, *self._slopes, *backward(graph, seeds, self._inputs)])

    def _points(self, points: Array) -> Array:
        points = np.asarray(points, np.float64)
        if points.shape[-1:] != (len(self.variables),):
            raise InputError(f"a point has {len(self.variables)} coordinates, not {points.shape[-1:]}")
        return points


def _tied(values: list[float], largest: float) -> bool:
    return values.count(largest) > 1


_KINKS: dict[str, Callable[[list[float]], bool]] = {
    **dict.fromkeys(("abs", "relu", "sign"), lambda values: values[0] == 0.0),
    "max": lambda values: _tied(values, max(values)),
    "min": lambda values: _tied(values, min(values)),
}


def function(text: str, variables: Sequence[str] | None = None) -> Function:
    """Read a formula; its variables are those of the text in order of appearance, unless they are given.

    >>> function("a*x + b").variables
    ('a', 'x', 'b')
    """
    parts = parse(text)
    found = [part for part in parts if part.op == "variable"]
    names = tuple(dict.fromkeys(part.name for part in sorted(found, key=lambda part: part.start)))
    if variables is None:
        return Function(text, names, parts)
    for part in found:
        if part.name not in variables:
            raise _unknown(text, part, variables)
    return Function(text, tuple(variables), parts)


def _unknown(text: str, part: Part, variables: Sequence[str]) -> InputError:
    hint = "write a number"
    if variables:
        known = (*variables, *ARGUMENTS, *CONSTANTS)
        hint = meant(part.name, known, f"choose from {', '.join(variables)}")
    why = f"{part.name} is not a variable here"
    return InputError(why, hint=hint, shown=point_at(text, part.start), usage=True)
