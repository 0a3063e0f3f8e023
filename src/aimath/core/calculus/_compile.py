"""Formulas as nested functions of a list of floats: the fastest that plain Python evaluates them.

Each node becomes a function of the list; numbers and variables are built into the operation that
uses them, so that 2*(w - 3) is two calls. What is used more than once is computed once and
appended to the list.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from aimath.core.calculus._operations import LISTS, OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aimath.core.calculus._graph import Graph, Node

    Closure = Callable[[Sequence[Any]], Any]

DEEPEST = 30
"""Functions within functions; beyond, a value is kept in the list, for Python's stack is short."""


class _Form(NamedTuple):
    """A node as it may stand within another: a number, a place of the list, or a function of the list."""

    kind: str  # "number", "place", "call"
    what: Any
    depth: int = 0


def closures(
    graph: Graph, roots: Sequence[int], count: int
) -> Callable[[Sequence[float]], tuple[float, ...]]:
    """Give a function from the values of `count` variables to the values of the roots."""
    results, kept = _built(graph, roots, count)
    return _after(kept, _together(results))


def closure(graph: Graph, root: int, count: int) -> Callable[[Sequence[float]], float]:
    """Give a function to the value of one root: without a tuple around it, in half the time."""
    (result,), kept = _built(graph, [root], count)
    return _after(kept, result)


def _built(graph: Graph, roots: Sequence[int], count: int) -> tuple[list[Closure], list[Closure]]:
    """Give a function for each root, and those of what is shared, to be kept behind the variables first."""
    order = graph.reach(roots)
    uses = dict.fromkeys(order, 0)
    for used in (*roots, *(arg for i in order for arg in graph.nodes[i].args)):
        uses[used] += 1
    forms: dict[int, _Form] = {}
    kept: list[Closure] = []
    for i in order:
        node = graph.nodes[i]
        form = _form(node, [forms[arg] for arg in node.args])
        shared = uses[i] > 1 and form.depth > 1  # what is one operation is as fast as looking it up
        if form.kind == "call" and (shared or form.depth > DEEPEST or node.op in LISTS):
            kept.append(form.what)
            form = _Form("place", count + len(kept) - 1)
        forms[i] = form
    return [_function(forms[root]) for root in roots], kept


def _together(results: list[Closure]) -> Closure:
    """Make one function that gives all results."""
    if len(results) == 2:  # in two thirds of the time
        first, second = results
        return lambda x: (first(x), second(x))
    return lambda x: tuple([result(x) for result in results])


def _after(kept: list[Closure], answer: Closure) -> Closure:
    """Make a function that puts what is shared behind the variables before it answers."""
    if not kept:
        return answer

    def after(x: Sequence[float]) -> Any:
        x = [*x]
        for one in kept:
            x.append(one(x))
        return answer(x)

    return after


def _function(form: _Form) -> Closure:
    what = form.what
    if form.kind == "number":
        return lambda _: what
    return (lambda x: x[what]) if form.kind == "place" else what


def _form(node: Node, args: list[_Form]) -> _Form:
    if node.op == "number":
        return _Form("number", node.value)
    if node.op == "variable":
        return _Form("place", int(node.value))
    depth = 1 + max(arg.depth for arg in args)
    kinds = "".join(arg.kind[0] for arg in args)
    inner = [arg.what for arg in args]
    if node.op == "item":
        place, k = inner[0], int(node.value)
        return _Form("call", lambda x: x[place][k], depth)
    if node.op in _TWO and kinds in _TWO[node.op]:
        return _Form("call", _TWO[node.op][kinds](*inner), depth)
    if len(args) == 1:
        return _Form("call", _one(OPERATIONS[node.op].scalar, args[0]), depth)
    return _Form("call", _several(OPERATIONS[node.op].scalar, [_function(arg) for arg in args]), depth)


def _one(apply: Callable[[Any], Any], arg: _Form) -> Closure:
    a = arg.what
    if arg.kind == "place":
        return lambda x: apply(x[a])
    return (lambda x: apply(a(x))) if arg.kind == "call" else lambda _: apply(a)


def _several(apply: Callable[..., Any], args: list[Closure]) -> Closure:
    if len(args) == 2:
        a, b = args
        return lambda x: apply(a(x), b(x))
    return lambda x: apply(*[arg(x) for arg in args])


_TWO: dict[str, dict[str, Callable[..., Closure]]] = {
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
