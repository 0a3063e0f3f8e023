"""Compilation of formula graphs to nested Python closures on a list of floats.

Each node becomes a function of the list; numbers and variables are built into the operation that
uses them, so that 2*(w - 3) is two calls. What is used more than once is computed once and
appended to the list.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from aimath.core.calculus._operations import LIST_OPERATIONS, OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aimath.core.calculus._graph import Graph, Node

    Closure = Callable[[Sequence[Any]], Any]

MAX_CLOSURE_DEPTH = 30
"""Functions within functions; beyond, a value is kept in the list, for Python's stack is short."""


class _CompiledNode(NamedTuple):
    """A compiled node: a number, an index into the list, or a closure."""

    kind: str  # "number", "place", "call"
    value: Any
    depth: int = 0


def compile_outputs(
    graph: Graph, roots: Sequence[int], count: int
) -> Callable[[Sequence[float]], tuple[float, ...]]:
    """Return a function from the values of `count` variables to a tuple of the roots' values."""
    results, kept = _compile_nodes(graph, roots, count)
    return _with_shared(kept, _combine(results))


def compile_output(graph: Graph, root: int, count: int) -> Callable[[Sequence[float]], float]:
    """Return a function from the values of `count` variables to one root's value."""
    (result,), kept = _compile_nodes(graph, [root], count)
    return _with_shared(kept, result)


def _compile_nodes(graph: Graph, roots: Sequence[int], count: int) -> tuple[list[Closure], list[Closure]]:
    """Return a closure for each root, and the closures of shared subexpressions in order."""
    order = graph.topological_order(roots)
    uses = dict.fromkeys(order, 0)
    for used in (*roots, *(arg for i in order for arg in graph.nodes[i].args)):
        uses[used] += 1
    forms: dict[int, _CompiledNode] = {}
    kept: list[Closure] = []
    for i in order:
        node = graph.nodes[i]
        form = _compile_node(node, [forms[arg] for arg in node.args])
        shared = uses[i] > 1 and form.depth > 1  # what is one operation is as fast as looking it up
        if form.kind == "call" and (shared or form.depth > MAX_CLOSURE_DEPTH or node.op in LIST_OPERATIONS):
            kept.append(form.value)
            form = _CompiledNode("place", count + len(kept) - 1)
        forms[i] = form
    return [_as_closure(forms[root]) for root in roots], kept


def _combine(results: list[Closure]) -> Closure:
    if len(results) == 2:  # in two thirds of the time
        first, second = results
        return lambda x: (first(x), second(x))
    return lambda x: tuple([result(x) for result in results])


def _with_shared(shared_closures: list[Closure], output: Closure) -> Closure:
    """Return a function that computes the shared values before the output."""
    if not shared_closures:
        return output

    def after(x: Sequence[float]) -> Any:
        x = [*x]
        for one in shared_closures:
            x.append(one(x))
        return output(x)

    return after


def _as_closure(node: _CompiledNode) -> Closure:
    what = node.value
    if node.kind == "number":
        return lambda _: what
    return (lambda x: x[what]) if node.kind == "place" else what


def _compile_node(node: Node, args: list[_CompiledNode]) -> _CompiledNode:
    if node.op == "number":
        return _CompiledNode("number", node.value)
    if node.op == "variable":
        return _CompiledNode("place", int(node.value))
    if node.op not in LIST_OPERATIONS and all(arg.kind == "number" for arg in args):
        value = _constant(node.op, [arg.value for arg in args])
        if value is not None:
            return _CompiledNode("number", value)
    depth = 1 + max(arg.depth for arg in args)
    kinds = "".join(arg.kind[0] for arg in args)
    inner = [arg.value for arg in args]
    if node.op == "item":
        place, k = inner[0], int(node.value)
        return _CompiledNode("call", lambda x: x[place][k], depth)
    if node.op in _BINARY and kinds in _BINARY[node.op]:
        return _CompiledNode("call", _BINARY[node.op][kinds](*inner), depth)
    if len(args) == 1:
        return _CompiledNode("call", _unary_closure(OPERATIONS[node.op].scalar, args[0]), depth)
    return _CompiledNode(
        "call", _nary_closure(OPERATIONS[node.op].scalar, [_as_closure(arg) for arg in args]), depth
    )


def _constant(op: str, values: list[float]) -> float | None:
    """Return an operation's value on numbers, None if it fails or overflows, as it does at every call."""
    try:
        value = float(OPERATIONS[op].scalar(*values))
    except (ValueError, OverflowError, ZeroDivisionError):
        return None
    return value if math.isfinite(value) else None


def _unary_closure(apply: Callable[[Any], Any], arg: _CompiledNode) -> Closure:
    a = arg.value
    if arg.kind == "place":
        return lambda x: apply(x[a])
    return (lambda x: apply(a(x))) if arg.kind == "call" else lambda _: apply(a)


def _nary_closure(apply: Callable[..., Any], args: list[Closure]) -> Closure:
    if len(args) == 2:
        a, b = args
        return lambda x: apply(a(x), b(x))
    return lambda x: apply(*[arg(x) for arg in args])


_BINARY: dict[str, dict[str, Callable[..., Closure]]] = {
    "add": {
        "pp": lambda a, b: lambda x: x[a] + x[b],
        "pn": lambda a, b: lambda x: x[a] + b,
        "np": lambda a, b: lambda x: a + x[b],
        "pc": lambda a, b: lambda x: x[a] + b(x),
        "cp": lambda a, b: lambda x: a(x) + x[b],
        "nc": lambda a, b: lambda x: a + b(x),
        "cn": lambda a, b: lambda x: a(x) + b,
        "cc": lambda a, b: lambda x: a(x) + b(x),
    },
    "sub": {
        "pp": lambda a, b: lambda x: x[a] - x[b],
        "pn": lambda a, b: lambda x: x[a] - b,
        "np": lambda a, b: lambda x: a - x[b],
        "pc": lambda a, b: lambda x: x[a] - b(x),
        "cp": lambda a, b: lambda x: a(x) - x[b],
        "nc": lambda a, b: lambda x: a - b(x),
        "cn": lambda a, b: lambda x: a(x) - b,
        "cc": lambda a, b: lambda x: a(x) - b(x),
    },
    "mul": {
        "pp": lambda a, b: lambda x: x[a] * x[b],
        "pn": lambda a, b: lambda x: x[a] * b,
        "np": lambda a, b: lambda x: a * x[b],
        "pc": lambda a, b: lambda x: x[a] * b(x),
        "cp": lambda a, b: lambda x: a(x) * x[b],
        "nc": lambda a, b: lambda x: a * b(x),
        "cn": lambda a, b: lambda x: a(x) * b,
        "cc": lambda a, b: lambda x: a(x) * b(x),
    },
    "div": {
        "pp": lambda a, b: lambda x: x[a] / x[b],
        "pn": lambda a, b: lambda x: x[a] / b,
        "np": lambda a, b: lambda x: a / x[b],
        "pc": lambda a, b: lambda x: x[a] / b(x),
        "cp": lambda a, b: lambda x: a(x) / x[b],
        "nc": lambda a, b: lambda x: a / b(x),
        "cn": lambda a, b: lambda x: a(x) / b,
        "cc": lambda a, b: lambda x: a(x) / b(x),
    },
    "pow": {
        "pn": lambda a, b: lambda x: math.pow(x[a], b),
        "cn": lambda a, b: lambda x: math.pow(a(x), b),
        "np": lambda a, b: lambda x: math.pow(a, x[b]),
        "nc": lambda a, b: lambda x: math.pow(a, b(x)),
        "pp": lambda a, b: lambda x: math.pow(x[a], x[b]),
    },
}
"""Operations on two operands, each of them a place, a number or a call."""
