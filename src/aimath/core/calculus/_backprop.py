"""Backpropagation through a formula, node by node."""

from __future__ import annotations

import itertools
import math
import string
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aimath.core.calculus._derivatives import VJP_RULES
from aimath.core.calculus._evaluate import Program
from aimath.core.calculus._expression import Function, parse_function
from aimath.core.calculus._gradient import SourceFunctions, check_points, gradient
from aimath.core.calculus._graph import Graph
from aimath.core.calculus._printing import to_infix
from aimath.core.numerics.arrays import Check
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from aimath.core.numerics.axes import NodeDepths, NodeTexts, PerNode, PerVariable


class Backprop(NamedTuple):
    """The expression tree of a formula at a point, with k nodes and n gradients."""

    source: SourceFunctions
    point: PerVariable
    value: float
    gradients: PerVariable  # by variable: the sum over all places where it stands
    nodes: NodeTexts  # what the nodes are called; a variable by its own name
    formulas: NodeTexts  # "p + b"; of a variable ""
    depths: NodeDepths  # 0 for the whole formula; a node's operands follow it, one deeper
    values: PerNode
    locals: NodeTexts  # how the node above changes with this one, as a formula
    slopes: PerNode  # the same as a number
    upstream: PerNode  # flow of the node above
    flows: PerNode  # slope * upstream: the gradient by this node, in this place

    @property
    def lines(self) -> NodeTexts:
        """The nodes as equations: "a = p + b"; a variable stands alone."""
        pairs = zip(self.nodes.tolist(), self.formulas.tolist(), strict=True)
        return np.array([f"{node} = {formula}" if formula else node for node, formula in pairs])

    def check(self) -> Check:
        """Return the gradients beside those from differences of values."""
        (f,) = self.source.functions
        found = gradient(f, self.point).check()
        return Check(self.gradients, found.alternative[0], np.asarray(found.scale)[0])


class _Row(NamedTuple):
    node: int
    depth: int
    local: str
    slope: float
    upstream: float


def backprop(
    function: str | Function,
    start: Mapping[str, float] | Sequence[float] | None = None,
    *,
    variables: Sequence[str] | None = None,
    **point: float,
) -> Backprop:
    """Return the gradients of a formula by backpropagation, with every node on the way.

    flow of a node = local derivative * upstream, the flow of the node above; the gradient by a
    variable is the sum of its flows. Numbers have no nodes. The point is given by name, in `start`
    too, which takes it in order of the variables as well. For a layer see nn.backprop. Rumelhart,
    Hinton and Williams (1986).

    >>> backprop("(w*x - y)^2", w=2, x=3, y=5).gradients
    array([ 6.,  4., -2.])
    """
    f = parse_function(function, variables)
    (where,) = check_points(f, f.point(start, **point))
    slopes = f.gradient(where.tolist())  # where there is none, this says so
    values = f.node_values(where.tolist())
    names = _name_nodes(f.graph, f.root, f.variables)
    nodes, depths, local, by, upstream = zip(*_node_rows(f, values, names), strict=True)
    written = [_node_formula(f.graph, i, names) if f.graph.nodes[i].args else "" for i in nodes]
    return Backprop(
        SourceFunctions((f,)),
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


def _node_rows(f: Function, values: Mapping[int, float], names: Mapping[int, str]) -> list[_Row]:
    """Return a row for each node from the root to the variables, each before its operands."""
    rows: list[_Row] = []
    waiting = [_Row(f.root, 0, "", 1.0, 1.0)]
    while waiting:
        row = waiting.pop()
        rows.append(row)
        below = [
            arg for arg in dict.fromkeys(f.graph.nodes[row.node].args) if f.graph.nodes[arg].requires_grad
        ]
        if not below:
            continue
        slopes = _local_derivatives(f.graph, row.node, values, names)
        flow = row.slope * row.upstream
        for arg in reversed(below):
            text, slope = slopes[arg]
            if not math.isfinite(slope):
                raise InputError(f"{_node_formula(f.graph, row.node, names)} has no finite derivative")
            waiting.append(_Row(arg, row.depth + 1, text, slope, flow))
    return rows


def _isolate_node(graph: Graph, i: int) -> tuple[Graph, int, list[int], list[int]]:
    """Return a graph of one node alone: graph, root, its operands' nodes there, and in the original.

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


def _node_formula(graph: Graph, i: int, names: Mapping[int, str]) -> str:
    alone, root, _, operands = _isolate_node(graph, i)
    return to_infix(alone, root, [names.get(arg, "") for arg in operands]) or f"{graph.nodes[i].op}(...)"


def _local_derivatives(
    graph: Graph, i: int, values: Mapping[int, float], names: Mapping[int, str]
) -> dict[int, tuple[str, float]]:
    """Return for each operand of a node the local derivative: as a formula, and its value."""
    alone, root, args, operands = _isolate_node(graph, i)
    flows = VJP_RULES[graph.nodes[i].op](alone, root, tuple(args), alone.number(1.0))
    by_operand: dict[int, int] = {}
    for arg, flow in zip(graph.nodes[i].args, flows, strict=True):
        by_operand[arg] = alone.add(by_operand[arg], flow) if arg in by_operand else flow
    program = Program(alone, list(by_operand.values()))
    found = program.node_values([values[arg] for arg in operands])
    called = [names.get(arg, "") for arg in operands]
    return {
        arg: (to_infix(alone, flow, called) or "its share", found[place])
        for (arg, flow), place in zip(by_operand.items(), program.roots, strict=True)
    }


_PREFERRED_NAMES = {
    "sub": "e",
    "add": "a",
    "mul": "p",
    "div": "q",
    "exp": "u",
    "sin": "s",
    "cos": "c",
    "log": "l",
}
"""Letters by operation: an error is a difference, a an activation's sum, p a product; o an output."""


def _name_nodes(graph: Graph, root: int, variables: Sequence[str]) -> dict[int, str]:
    """Return a name for each node: the root L, the others letters that no variable has."""
    taken, names = set(variables), dict[int, str]()
    for i in reversed(graph.topological_order([root])):
        node = graph.nodes[i]
        if node.op == "variable":
            names[i] = variables[int(node.value)]
        elif node.op != "number":
            liked = "L" if i == root else _PREFERRED_NAMES.get(node.op, "o")
            names[i] = next(name for name in _candidate_names(liked) if name not in taken)
            taken.add(names[i])
    return names


def _candidate_names(first: str) -> Iterable[str]:
    yield first
    yield from (letter for letter in string.ascii_lowercase if letter not in "el")
    yield from (f"{first}{k}" for k in itertools.count(1))
