"""Formula graphs with hash-consed nodes and constant folding.

Nodes only refer to earlier ones: their order is one of evaluation, and no walk needs recursion.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from aimath.core.calculus._grammar import REDUCTIONS
from aimath.core.calculus._operations import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from aimath.core.calculus._grammar import ParseNode


EXACT = frozenset({"neg", "abs", "sign", "step", "relu", "min", "max"})
"""Operations that round nothing."""


class Node(NamedTuple):
    """A number, a variable, a column of data, or an operation on earlier nodes."""

    op: str
    args: tuple[int, ...] = ()
    value: float = 0.0  # of a number; which variable or column; which item of a list
    span: tuple[int, int] = (0, 0)  # the text[start:end] that it came from, or that it is a derivative of
    is_derivative: bool = False  # it belongs to a derivative and stands nowhere in the text
    requires_grad: bool = False  # it depends on a variable
    per_row: bool = False  # it has a value for each row of data


class Graph:
    """A graph of unique nodes, with the constructors that derivatives use."""

    def __init__(self, columns: Sequence[str] = ()) -> None:
        self.nodes: list[Node] = []
        self.columns = tuple(columns)  # of data, by name
        self._node_ids: dict[tuple[str, tuple[int, ...], float, float], int] = {}
        self.span, self.in_derivative = (0, 0), False  # of what is made next

    def node(self, op: str, *args: int, value: float = 0.0) -> int:
        """Return the id of a node, created if it doesn't exist yet; what rounds nothing is folded."""
        key = (op, args, value, math.copysign(1.0, value))
        if key in self._node_ids:
            return self._node_ids[key]
        folded = self._fold_constants(op, args)
        if folded is None:
            moves = op == "variable" or any(self.nodes[arg].requires_grad for arg in args)
            rows = op == "column" or (op not in REDUCTIONS and any(self.nodes[arg].per_row for arg in args))
            self.nodes.append(Node(op, args, value, self.span, self.in_derivative, moves, rows))
            folded = len(self.nodes) - 1
        self._node_ids[key] = folded
        return folded

    def number(self, value: float) -> int:
        """Return the node of a number."""
        return self.node("number", value=value)

    def item(self, list_node: int, k: int) -> int:
        """Return the id of item k of a node whose value is a list."""
        return self.node("item", list_node, value=float(k))

    def constant(self, i: int) -> float | None:
        """Return the value of a node that is a number."""
        return self.nodes[i].value if self.nodes[i].op == "number" else None

    def _fold_constants(self, op: str, args: tuple[int, ...]) -> int | None:
        """Return the node of an operation on numbers if nothing is rounded, else None."""
        values = [self.nodes[arg].value for arg in args if self.nodes[arg].op == "number"]
        value = exact_value(op, values) if values and len(values) == len(args) else None
        return None if value is None else self.number(value)

    # Simplified as a derivative wants it: no 0 * x, no 1 * x, signs and factors in front.

    def add(self, a: int, b: int) -> int:
        """Return a + b."""
        if self.constant(a) == 0.0:
            return b
        if self.constant(b) == 0.0:
            return a
        if a == b:
            return self.mul(self.number(2.0), a)
        if self.nodes[b].op == "neg":
            return self.sub(a, self.nodes[b].args[0])
        if self.nodes[a].op == "neg":
            return self.sub(b, self.nodes[a].args[0])
        return self.node("add", a, b)

    def sub(self, a: int, b: int) -> int:
        """Return a - b."""
        if self.constant(b) == 0.0:
            return a
        if self.constant(a) == 0.0:
            return self.neg(b)
        if a == b and self.nodes[a].op in ("number", "variable"):
            return self.number(0.0)
        return self.node("sub", a, b)

    def neg(self, a: int) -> int:
        """Return -a."""
        node = self.nodes[a]
        if node.op == "neg":
            return node.args[0]
        if node.op == "sub":
            return self.sub(node.args[1], node.args[0])
        if node.op == "mul" and (factor := self.constant(node.args[0])) is not None:
            return self.mul(self.number(-factor), node.args[1])
        return self.node("neg", a)

    def mul(self, a: int, b: int) -> int:
        """Return a * b, a number first."""
        if self.constant(b) is not None:
            a, b = b, a
        factor, right = self.constant(a), self.nodes[b]
        if factor is None:
            if self.nodes[a].op == "neg":
                return self.neg(self.mul(self.nodes[a].args[0], b))
            if right.op == "neg":
                return self.neg(self.mul(a, right.args[0]))
            if (inner := self._leading_factor(a)) is not None:
                return self.mul(self.number(inner), self.mul(self.nodes[a].args[1], b))
            if (inner := self._leading_factor(b)) is not None:
                return self.mul(self.number(inner), self.mul(a, right.args[1]))
            return self.node("mul", a, b)
        if factor in (0.0, 1.0, -1.0):
            return self.number(0.0) if factor == 0.0 else b if factor == 1.0 else self.neg(b)
        if right.op == "neg":
            return self.mul(self.number(-factor), right.args[0])
        inner = self._leading_factor(b)
        if inner is not None and 1e-150 < abs(inner * factor) < 1e150:
            both = exact_value("mul", [inner, factor])
            if both is not None:
                return self.mul(self.number(both), right.args[1])
        return self.node("mul", a, b)

    def _leading_factor(self, i: int) -> float | None:
        node = self.nodes[i]
        return self.constant(node.args[0]) if node.op == "mul" and node.is_derivative else None

    def div(self, a: int, b: int) -> int:
        """Return a / b."""
        if self.constant(a) == 0.0 or self.constant(b) == 1.0:
            return a
        if a == b:
            return self.number(1.0)
        if self.nodes[a].op == "neg":
            return self.neg(self.div(self.nodes[a].args[0], b))
        return self.node("div", a, b)

    def pow(self, a: int, b: int) -> int:
        """Return a ^ b; a square is a product, which is rounded once."""
        exponent = self.constant(b)
        if exponent == 1.0:
            return a
        if exponent == 2.0:
            return self.node("mul", a, a)
        return self.number(1.0) if exponent == 0.0 else self.node("pow", a, b)

    def reduce(self, op: str, a: int) -> int:
        """Return the mean or the sum of a over the rows, a factor in front; a mean of one number is that."""
        factor = self._leading_factor(a)
        if factor is not None:
            return self.mul(self.number(factor), self.reduce(op, self.nodes[a].args[1]))
        return self.node(op, a) if op == "sum" or self.nodes[a].per_row else a

    def topological_order(self, roots: Iterable[int]) -> list[int]:
        """Return the nodes that the roots depend on, roots included, in topological order."""
        seen = set(roots)
        waiting = list(seen)
        while waiting:
            for arg in self.nodes[waiting.pop()].args:
                if arg not in seen:
                    seen.add(arg)
                    waiting.append(arg)
        return sorted(seen)


def exact_value(op: str, values: Sequence[float]) -> float | None:
    """Return the value of an operation on numbers if it is a float, without rounding, else None.

    >>> exact_value("div", [1.0, 4.0]), exact_value("div", [1.0, 3.0]), exact_value("add", [1.0, 1e-17])
    (0.25, None, None)
    """
    if op in EXACT:
        return float(OPERATIONS[op].scalar(*values))
    if len(values) != 2 or op not in ("add", "sub", "mul", "div", "pow"):
        return None
    (a, c), (b, d) = (value.as_integer_ratio() for value in values)
    if op == "pow":
        if d != 1 or not 0 < b <= 64:
            return None
        above, below = a**b, c**b
    else:
        above, below = {
            "add": (a * d + b * c, c * d),
            "sub": (a * d - b * c, c * d),
            "mul": (a * b, c * d),
            "div": (a * d, c * b),
        }[op]
    try:
        value = above / below
    except (OverflowError, ZeroDivisionError):
        return None
    top, bottom = value.as_integer_ratio()
    return value if top * below == above * bottom else None


def build_graph(graph: Graph, parsed: Sequence[ParseNode], variables: Sequence[str]) -> int:
    """Return the root of a parsed formula after adding it to a graph.

    What would lose all digits is written as people who know would: log(sigmoid(u)) as -softplus(-u),
    log(1 + u) as log1p(u), log1p(exp(u)) as softplus(u), exp(u) - 1 as expm1(u), 1 - sigmoid(u) as
    sigmoid(-u).
    """
    places: list[int] = []
    for part in parsed:
        graph.span = (part.start, part.end)
        args = tuple(places[arg] for arg in part.args)
        if part.op == "number":
            places.append(graph.number(part.value))
        elif part.name in graph.columns:
            places.append(graph.node("column", value=float(graph.columns.index(part.name))))
        elif part.op == "variable":
            places.append(graph.node("variable", value=float(variables.index(part.name))))
        elif part.op in REDUCTIONS:
            places.append(graph.reduce(part.op, *args))
        else:
            places.append(_add_rewritten(graph, "log" if part.op == "ln" else part.op, args))
    return places[-1]


def _add_rewritten(graph: Graph, op: str, args: tuple[int, ...]) -> int:
    nodes = graph.nodes
    if op == "pow":
        return graph.pow(*args)
    if op == "log":
        inner = nodes[args[0]]
        if inner.op == "sigmoid":
            return graph.node("neg", graph.node("softplus", graph.neg(inner.args[0])))
        if inner.op == "add" and 1.0 in map(graph.constant, inner.args):
            rest = inner.args[int(graph.constant(inner.args[0]) == 1.0)]
            return _add_rewritten(graph, "log1p", (rest,))
    if op == "log1p" and nodes[args[0]].op == "exp":
        return graph.node("softplus", nodes[args[0]].args[0])
    if op == "sub":
        left, right = (nodes[arg] for arg in args)
        if left.op == "exp" and graph.constant(args[1]) == 1.0:
            return graph.node("expm1", left.args[0])
        if right.op == "sigmoid" and graph.constant(args[0]) == 1.0:
            return graph.node("sigmoid", graph.neg(right.args[0]))
    return graph.node(op, *args)
