"""Backpropagation through a formula, node by node."""

from __future__ import annotations

import itertools
import math
import string
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aimath.core.calculus._balls import ONE, UndecidedError, UndefinedError, ball
from aimath.core.calculus._derivatives import VJP_RULES
from aimath.core.calculus._evaluate import Program
from aimath.core.calculus._exact import cost, evaluate, settle
from aimath.core.calculus._expression import Function, parse_function
from aimath.core.calculus._gradient import SourceFunctions, check_points, gradient
from aimath.core.calculus._graph import Graph
from aimath.core.calculus._printing import to_infix
from aimath.core.numerics.arrays import Check
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from aimath.core.calculus._balls import Ball, Balls
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
        scale, undecided = (np.asarray(part)[0] for part in found[2:])
        return Check(self.gradients, found.alternative[0], scale, undecided)

    def check_flows(self) -> Check:
        """Recompute the gradients from the tree: a variable's is the sum of what flows into its places."""
        (f,) = self.source.functions
        flows = [self.flows[self.nodes == name] for name in f.variables]
        sums = [math.fsum(flow) if np.isfinite(flow).all() else math.nan for flow in flows]
        scale = [np.abs(flow).max(initial=0.0) for flow in flows]
        return Check(self.gradients, np.array(sums), np.array(scale))


class _Row(NamedTuple):
    """A node in one place of the tree."""

    node: int
    depth: int
    parent: int  # the row above
    local: str  # how the node above changes with this one


class _Local(NamedTuple):
    """The derivatives of one node by its operands, as formulas of them."""

    program: Program
    operands: list[int]
    texts: list[str]  # a root each
    by: list[int]  # the operand that a root is the derivative by


def backprop(
    function: str | Function,
    start: Mapping[str, float] | Sequence[float] | None = None,
    *,
    variables: Sequence[str] | None = None,
    **point: float,
) -> Backprop:
    """Return the gradients of a formula by backpropagation, with every node on the way.

    flow of a node = local derivative * upstream, the flow of the node above; the gradient by a
    variable is the sum of its flows. Numbers have no nodes. Every number is rounded once, inf
    standing for what is beyond float64. The point is given by name, in `start` too, which takes it
    in order of the variables as well. For a layer see nn.backprop. Rumelhart, Hinton and Williams
    (1986).

    >>> backprop("(w*x - y)^2", w=2, x=3, y=5).gradients
    array([ 6.,  4., -2.])
    """
    f = parse_function(function, variables)
    if not f.variables and point:  # it depends on none of those that are named
        f = parse_function(f.text, tuple(point))
    (where,) = check_points(f, f.point(start, **point))
    gradients = f.gradient(where.tolist())  # where there is none, this says so
    names = _name_nodes(f.graph, f.root, f.variables)
    locals_ = {
        i: _local(f.graph, i, names) for i in f.graph.topological_order([f.root]) if _below(f.graph, i)
    }
    rows = _node_rows(f, locals_)
    values, slopes, upstream, flows = _numbers(f, where.tolist(), rows, locals_, names)
    written = [
        _node_formula(f.graph, row.node, names) if f.graph.nodes[row.node].args else "" for row in rows
    ]
    return Backprop(
        SourceFunctions((f,), np.array([[values[0]]])),
        where,
        values[0],
        np.array(gradients),
        np.array([names[row.node] for row in rows]),
        np.array(written),
        np.array([row.depth for row in rows]),
        np.array(values),
        np.array([row.local for row in rows]),
        np.array(slopes),
        np.array(upstream),
        np.array(flows),
    )


def _below(graph: Graph, i: int) -> list[int]:
    """Return the operands of a node that flows go to."""
    return [arg for arg in dict.fromkeys(graph.nodes[i].args) if graph.nodes[arg].requires_grad]


def _node_rows(f: Function, locals_: Mapping[int, _Local]) -> list[_Row]:
    """Go from the root to the variables, each node before its operands."""
    rows: list[_Row] = []
    waiting = [_Row(f.root, 0, 0, "")]
    while waiting:
        row = waiting.pop()
        rows.append(row)
        for arg in reversed(_below(f.graph, row.node)):
            local = locals_[row.node]
            text = local.texts[local.by.index(arg)]
            waiting.append(_Row(arg, row.depth + 1, len(rows) - 1, text))
    return rows


def _numbers(
    f: Function,
    point: Sequence[float],
    rows: Sequence[_Row],
    locals_: Mapping[int, _Local],
    names: Mapping[int, str],
) -> list[list[float]]:
    """Return the values of rows, the local derivatives, what comes from above, and their products."""
    program, inputs = Program(f.graph, [f.root]), list(map(ball, point))

    def compute(b: Balls) -> list[Ball]:
        values = dict(zip(program.order, evaluate(program, inputs, b, []), strict=True))
        slopes = {i: _local_derivatives(f.graph, i, local, values, b, names) for i, local in locals_.items()}
        by, upstream, flows = [ONE], [ONE], [ONE]
        for row in rows[1:]:
            by.append(slopes[rows[row.parent].node][row.node])
            upstream.append(flows[row.parent])
            flows.append(b.mul(by[-1], upstream[-1]))
        return [*(values[row.node] for row in rows), *by, *upstream, *flows]

    size = 3 * len(rows) + sum(map(cost, (program, *(local.program for local in locals_.values()))))
    try:
        found = settle(compute, size)
    except UndecidedError:
        raise InputError("the tree has numbers that no number of digits tells from 0") from None
    count = len(rows)
    return [[x for x in found[k : k + count] if x is not None] for k in range(0, 4 * count, count)]


def _local_derivatives(
    graph: Graph, i: int, local: _Local, values: Mapping[int, Ball], b: Balls, names: Mapping[int, str]
) -> dict[int, Ball]:
    try:
        found = evaluate(local.program, [values[arg] for arg in local.operands], b, [])
    except UndefinedError:
        raise InputError(f"{_node_formula(graph, i, names)} has no finite derivative") from None
    return dict(zip(local.by, (found[root] for root in local.program.roots), strict=True))


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


def _local(graph: Graph, i: int, names: Mapping[int, str]) -> _Local:
    """Return for each operand of a node that moves the local derivative."""
    alone, root, args, operands = _isolate_node(graph, i)
    flows = VJP_RULES[graph.nodes[i].op](alone, root, tuple(args), alone.number(1.0))
    by_operand: dict[int, int] = {}
    for arg, flow in zip(graph.nodes[i].args, flows, strict=True):
        if graph.nodes[arg].requires_grad:
            by_operand[arg] = alone.add(by_operand[arg], flow) if arg in by_operand else flow
    called = [names.get(arg, "") for arg in operands]
    texts = [to_infix(alone, flow, called) or "its share" for flow in by_operand.values()]
    return _Local(Program(alone, list(by_operand.values())), operands, texts, list(by_operand))


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
        elif node.op != "number" or i == root:
            liked = "L" if i == root else _PREFERRED_NAMES.get(node.op, "o")
            names[i] = next(name for name in _candidate_names(liked) if name not in taken)
            taken.add(names[i])
    return names


def _candidate_names(first: str) -> Iterable[str]:
    yield first
    yield from (letter for letter in string.ascii_lowercase if letter not in "el")
    yield from (f"{first}{k}" for k in itertools.count(1))
