"""Reverse mode on graphs: the derivative of a formula is again a formula, in the same graph.

Each rule gives what flows back to the operands of a node; its size doesn't depend on theirs, so a
gradient is at most some times as long as its formula, and differentiating it again is exact too.
Where there is no derivative the rules choose: 0 for abs, relu and sign at 0, and equal shares for
values that tie in max or min, as torch does.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aimath.core.calculus._graph import Graph

    Rule = Callable[[Graph, int, tuple[int, ...], int], Sequence[int]]


def gradient(graph: Graph, root: int, wanted: Sequence[int]) -> list[int]:
    """Give the nodes of the derivatives of one node by others.

    Baydin, Pearlmutter, Radul and Siskind (2018), section 3.2.
    """
    return backward(graph, {root: graph.number(1.0)}, wanted)


def backward(graph: Graph, seeds: dict[int, int], wanted: Sequence[int]) -> list[int]:
    """Give Σ seed · d root / d wanted, over the roots that seeds are given for."""
    flows = dict(seeds)
    lists: dict[int, dict[int, int]] = {}  # flows to the items of a node whose answer is a list
    kept = graph.place, graph.derived
    graph.derived = True
    for i in reversed(graph.reach(seeds)):
        node = graph.nodes[i]
        graph.place = node.place
        if not node.moves or not node.args:
            continue
        if node.op == "item":
            if i in flows:
                lists.setdefault(node.args[0], {})[int(node.value)] = flows[i]
            continue
        back: Sequence[int]
        if node.op == "softmax" and i in lists:
            back = _through_softmax(graph, i, lists[i])
        elif i in flows:
            back = RULES[node.op](graph, i, node.args, flows[i])
        else:
            continue
        for arg, flow in zip(node.args, back, strict=True):
            if graph.nodes[arg].moves and graph.constant(flow) != 0.0:
                flows[arg] = graph.add(flow, flows[arg]) if arg in flows else flow
    zero = graph.number(0.0)
    graph.place, graph.derived = kept
    return [flows.get(i, zero) for i in wanted]


def _through_softmax(graph: Graph, i: int, flows: dict[int, int]) -> list[int]:
    zero = graph.number(0.0)
    count = len(graph.nodes[i].args)
    centred = graph.node("centred", i, *(flows.get(k, zero) for k in range(count)))
    return [graph.item(centred, k) for k in range(count)]


def _shared(op: str) -> Rule:
    """Divide what flows back among the operands as the list `op` says."""

    def rule(g: Graph, _: int, args: tuple[int, ...], d: int) -> list[int]:
        parts = g.node(op, *args)
        return [g.mul(d, g.item(parts, k)) for k in range(len(args))]

    return rule


def _one(slope: Callable[[Graph, int, int], int]) -> Rule:
    """Make a rule of the slope of a function of one operand: slope(graph, node, operand)."""
    return lambda g, i, args, d: [g.mul(slope(g, i, args[0]), d)]


def _over(divisor: Callable[[Graph, int, int], int], factor: float = 1.0) -> Rule:
    """Make a rule of a slope that is factor / divisor(graph, node, operand)."""
    return lambda g, i, args, d: [g.div(g.mul(g.number(factor), d), divisor(g, i, args[0]))]


def _product(g: Graph, _: int, args: tuple[int, ...], d: int) -> Sequence[int]:
    a, b = args
    if a == b:
        return g.mul(g.number(2.0), g.mul(a, d)), g.number(0.0)
    return g.mul(b, d), g.mul(a, d)


def _quotient(g: Graph, i: int, args: tuple[int, ...], d: int) -> Sequence[int]:
    by = args[1]
    return g.div(d, by), g.neg(g.div(g.mul(d, i), by)) if g.nodes[by].moves else g.number(0.0)


def _power(g: Graph, _: int, args: tuple[int, ...], d: int) -> Sequence[int]:
    a, b = args
    none = g.number(0.0)
    lower = g.pow(a, g.sub(b, g.number(1.0)))
    by_base = g.mul(g.mul(b, lower), d) if g.nodes[a].moves else none
    return by_base, g.mul(g.node("power_log", a, b), d) if g.nodes[b].moves else none


def _power_log(g: Graph, _: int, args: tuple[int, ...], d: int) -> Sequence[int]:
    """Give the slopes of a^b log a: a^(b-1) (1 + b log a) by a, a^b log² a by b."""
    a, b = args
    one = g.number(1.0)
    by_base = g.add(g.pow(a, g.sub(b, one)), g.mul(b, g.node("power_log", a, g.sub(b, one))))
    return g.mul(d, by_base), g.mul(d, g.node("power_log2", a, b))


def _cosines(g: Graph, _: int, u: int) -> int:
    """Give √(1 - u²) without losing digits near 1."""
    one = g.number(1.0)
    return g.node("sqrt", g.mul(g.sub(one, u), g.add(one, u)))


def _square_plus_1(g: Graph, u: int) -> int:
    return g.add(g.node("mul", u, u), g.number(1.0))


RULES: dict[str, Rule] = {
    "add": lambda _g, _i, _args, d: (d, d),
    "sub": lambda g, _i, _args, d: (d, g.neg(d)),
    "neg": lambda g, _i, _args, d: (g.neg(d),),
    "mul": _product,
    "div": _quotient,
    "pow": _power,
    "sin": _one(lambda g, _, u: g.node("cos", u)),
    "cos": _one(lambda g, _, u: g.neg(g.node("sin", u))),
    "tan": _one(lambda g, i, _: _square_plus_1(g, i)),
    "asin": _over(_cosines),
    "acos": _over(_cosines, -1.0),
    "atan": _over(lambda g, _, u: _square_plus_1(g, u)),
    "sinh": _one(lambda g, _, u: g.node("cosh", u)),
    "cosh": _one(lambda g, _, u: g.node("sinh", u)),
    "tanh": _one(lambda g, _, u: g.node("sech2", u)),
    "sech2": _one(lambda g, i, u: g.mul(g.number(-2.0), g.mul(i, g.node("tanh", u)))),
    "exp": _one(lambda _g, i, _u: i),
    "expm1": _one(lambda g, _, u: g.node("exp", u)),
    "log": _over(lambda _g, _i, u: u),
    "log2": _over(lambda g, _, u: g.mul(g.number(math.log(2.0)), u)),
    "log10": _over(lambda g, _, u: g.mul(g.number(math.log(10.0)), u)),
    "log1p": _over(lambda g, _, u: g.add(u, g.number(1.0))),
    "sqrt": _over(lambda _g, i, _u: i, 0.5),
    "cbrt": _one(lambda g, _, u: g.node("cbrt_slope", u)),
    "cbrt_slope": _one(lambda g, i, u: g.div(g.mul(g.number(-2.0 / 3.0), i), u)),
    "abs": _one(lambda g, _, u: g.node("sign", u)),
    "sign": _one(lambda g, _i, _u: g.number(0.0)),
    "step": _one(lambda g, _i, _u: g.number(0.0)),
    "relu": _one(lambda g, _, u: g.node("step", u)),
    "sigmoid": _one(lambda g, _, u: g.node("sigmoid_slope", u)),
    "sigmoid_slope": _one(lambda g, i, u: g.neg(g.mul(i, g.node("tanh", g.mul(g.number(0.5), u))))),
    "softplus": _one(lambda g, _, u: g.node("sigmoid", u)),
    "gelu": _one(lambda g, _, u: g.add(g.node("normal_cdf", u), g.mul(u, g.node("normal_density", u)))),
    "normal_cdf": _one(lambda g, _, u: g.node("normal_density", u)),
    "normal_density": _one(lambda g, i, u: g.neg(g.mul(u, i))),
    "erf": _one(lambda g, _, u: g.mul(g.number(2.0 / math.sqrt(math.pi)), g.node("bell", u))),
    "bell": _one(lambda g, i, u: g.mul(g.number(-2.0), g.mul(u, i))),
    "power_log": _power_log,
    "logsumexp": _shared("softmax"),
    "max": _shared("max_shares"),
    "min": _shared("min_shares"),
}
