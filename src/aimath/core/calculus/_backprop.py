"""Backpropagation through one formula, node by node: local derivative times what comes from above."""

from __future__ import annotations

import itertools
import math
import string
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aimath.core.calculus._derivatives import RULES
from aimath.core.calculus._evaluate import Program
from aimath.core.calculus._gradient import Formulas, checked_points, gradient
from aimath.core.calculus._graph import Graph
from aimath.core.calculus._printing import infix
from aimath.core.numerics.arrays import Check
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from aimath.core.calculus._expression import Function
    from aimath.core.numerics.types import Array


class Backprop(NamedTuple):
    """The tree of a formula at a point: k nodes from the whole to the variables, n gradients."""

    source: Formulas
    point: Array  # (n,)
    value: float
    gradients: Array  # (n,) by variable: the sum over all places where it stands
    nodes: NDArray[np.str_]  # (k,) what the nodes are called; a variable by its own name
    formulas: NDArray[np.str_]  # (k,) "p + b"; of a variable ""
    depths: NDArray[np.int64]  # (k,) 0 for the whole formula; a node's operands follow it, one deeper
    values: Array  # (k,)
    locals: NDArray[np.str_]  # (k,) how the node above changes with this one, as a formula
    slopes: Array  # (k,) the same as a number
    upstream: Array  # (k,) flow of the node above
    flows: Array  # (k,) slope * upstream: the gradient by this node, in this place

    @property
    def lines(self) -> NDArray[np.str_]:
        """(k,) the nodes as equations: "a = p + b"; a variable stands alone."""
        pairs = zip(self.nodes.tolist(), self.formulas.tolist(), strict=True)
        return np.array([f"{node} = {formula}" if formula else node for node, formula in pairs])

    def check(self) -> Check:
        """Recompute the gradients from differences of values."""
        (f,) = self.source.functions
        found = gradient(f, self.point).check()
        return Check(self.gradients, found.other[0], np.asarray(found.size)[0])


class _Row(NamedTuple):
    node: int
    depth: int
    local: str
    slope: float
    upstream: float


def backprop(f: Function, point: Sequence[float]) -> Backprop:
    """Send 1 back from a formula to its variables.

    flow of a node = local derivative * upstream, the flow of the node above; the gradient by a
    variable is the sum of its flows. Numbers have no nodes. Rumelhart, Hinton and Williams (1986).

    >>> from aimath.core.calculus._expression import function
    >>> backprop(function("(w*x - y)^2"), [2, 3, 5]).gradients
    array([ 6.,  4., -2.])
    """
    (where,) = checked_points(f, point)
    slopes = f.gradient(where.tolist())  # where there is none, this says so
    values = f.trace(point)
    names = _names(f.graph, f.root, f.variables)
    nodes, depths, local, by, upstream = zip(*_rows(f, values, names), strict=True)
    written = [_formula(f.graph, i, names) if f.graph.nodes[i].args else "" for i in nodes]
    return Backprop(
        Formulas((f,)),
        where,
        values[f.root],
        np.array(slopes),
        np.array([names[i] for i in nodes]),
        np.array(written),
        np.array(depths),
        np.array([values[i] for i in nodes]),
        np.array(local),
        np.array(by),
        np.array(upstream),
        np.array([slope * flow + 0.0 for slope, flow in zip(by, upstream, strict=True)]),
    )


def _rows(f: Function, values: Mapping[int, float], names: Mapping[int, str]) -> list[_Row]:
    """Go from the root to the variables, each node before its operands."""
    rows: list[_Row] = []
    waiting = [_Row(f.root, 0, "", 1.0, 1.0)]
    while waiting:
        row = waiting.pop()
        rows.append(row)
        below = [arg for arg in dict.fromkeys(f.graph.nodes[row.node].args) if f.graph.nodes[arg].moves]
        if not below:
            continue
        slopes = _slopes(f.graph, row.node, values, names)
        flow = row.slope * row.upstream
        for arg in reversed(below):
            text, slope = slopes[arg]
            if not math.isfinite(slope):
                raise InputError(f"{_formula(f.graph, row.node, names)} has no finite derivative")
            waiting.append(_Row(arg, row.depth + 1, text, slope, flow))
    return rows


def _apart(graph: Graph, i: int) -> tuple[Graph, int, list[int], list[int]]:
    """Give a node by itself: a graph of it, its place there, its operands' places, and what they were.

    An operand that isn't a number becomes a variable.
    """
    node, alone = graph.nodes[i], Graph()
    operands = list(dict.fromkeys(node.args))
    places = {}
    for k, arg in enumerate(operands):
        value = graph.constant(arg)
        places[arg] = alone.node("variable", value=float(k)) if value is None else alone.number(value)
    args = [places[arg] for arg in node.args]
    return alone, alone.node(node.op, *args), args, operands


def _formula(graph: Graph, i: int, names: Mapping[int, str]) -> str:
    alone, root, _, operands = _apart(graph, i)
    return infix(alone, root, [names.get(arg, "") for arg in operands]) or f"{graph.nodes[i].op}(...)"


def _slopes(
    graph: Graph, i: int, values: Mapping[int, float], names: Mapping[int, str]
) -> dict[int, tuple[str, float]]:
    """Give for each operand of a node the local derivative: as a formula, and its value."""
    alone, root, args, operands = _apart(graph, i)
    flows = RULES[graph.nodes[i].op](alone, root, tuple(args), alone.number(1.0))
    by_operand: dict[int, int] = {}
    for arg, flow in zip(graph.nodes[i].args, flows, strict=True):
        by_operand[arg] = alone.add(by_operand[arg], flow) if arg in by_operand else flow
    program = Program(alone, list(by_operand.values()))
    found = program.values([values[arg] for arg in operands])
    called = [names.get(arg, "") for arg in operands]
    return {
        arg: (infix(alone, flow, called) or "its share", found[place])
        for (arg, flow), place in zip(by_operand.items(), program.roots, strict=True)
    }


_LIKED = {"sub": "e", "add": "a", "mul": "p", "div": "q", "exp": "u", "sin": "s", "cos": "c", "log": "l"}
"""Letters by operation: an error is a difference, a an activation's sum, p a product; o an output."""


def _names(graph: Graph, root: int, variables: Sequence[str]) -> dict[int, str]:
    """Call the nodes by letters that no variable has: the root L, then from the root down."""
    taken, names = set(variables), dict[int, str]()
    for i in reversed(graph.reach([root])):
        node = graph.nodes[i]
        if node.op == "variable":
            names[i] = variables[int(node.value)]
        elif node.op != "number":
            liked = "L" if i == root else _LIKED.get(node.op, "o")
            names[i] = next(name for name in _letters(liked) if name not in taken)
            taken.add(names[i])
    return names


def _letters(first: str) -> Iterable[str]:
    yield first
    yield from (letter for letter in string.ascii_lowercase if letter not in "el")
    yield from (f"{first}{k}" for k in itertools.count(1))
