"""Reverse mode on graphs: the derivative of a formula is again a formula, in the same graph.

Each rule gives what flows back to the operands of a node; its size doesn't depend on theirs, so a
gradient is at most some times as long as its formula, and differentiating it again is exact too.
Where there is no derivative the rules choose: 0 for abs, relu and sign at 0, and equal shares for
values that tie in max or min, as torch does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aimath.core.calculus._grammar import REDUCTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from aimath.core.calculus._graph import Graph, Node

    VjpRule = Callable[[Graph, int, tuple[int, ...], int], Sequence[int]]


def gradient_nodes(graph: Graph, root: int, inputs: Sequence[int]) -> list[int]:
    """Return the nodes of the partial derivatives of a root by the inputs.

    Baydin, Pearlmutter, Radul and Siskind (2018), section 3.2.
    """
    return backward(graph, {root: graph.number(1.0)}, inputs)


def backward(graph: Graph, seeds: dict[int, int], inputs: Sequence[int]) -> list[int]:
    """Return the nodes of Σ seed · d root / d input, over the roots that seeds are given for."""
    kept = graph.span, graph.in_derivative
    graph.in_derivative = True
    flows = _flows(graph, seeds, per_row=False)
    zero = graph.number(0.0)
    graph.span, graph.in_derivative = kept
    return [flows.get(i, zero) for i in inputs]


def _flows(graph: Graph, seeds: dict[int, int], *, per_row: bool) -> dict[int, int]:
    """Return what flows back to each node, through those that have a value a row or through the others.

    Where nodes of one kind meet the other, what flows to an operand stops there.
    """
    flows = dict(seeds)
    lists: dict[int, dict[int, int]] = {}  # flows to the items of a node whose answer is a list
    for i in reversed(graph.topological_order(seeds)):
        node = graph.nodes[i]
        graph.span = node.span
        if not node.requires_grad or not node.args or node.per_row != per_row:
            continue
        if node.op == "item":
            if i in flows:
                lists.setdefault(node.args[0], {})[int(node.value)] = flows[i]
            continue
        back: Iterable[tuple[int, int]]
        if node.op == "softmax" and i in lists:
            back = zip(node.args, _softmax_rule(graph, i, lists[i]), strict=True)
        elif i not in flows:
            continue
        elif node.op in REDUCTIONS:
            back = _through_rows(graph, node, flows[i])
        else:
            back = zip(node.args, VJP_RULES[node.op](graph, i, node.args, flows[i]), strict=True)
        for arg, flow in back:
            if graph.nodes[arg].requires_grad and graph.constant(flow) != 0.0:
                flows[arg] = graph.add(flow, flows[arg]) if arg in flows else flow
    return flows


def _through_rows(graph: Graph, node: Node, flow: int) -> list[tuple[int, int]]:
    """Return what flows through a mean to what is the same in all rows: flow · the mean of its slopes."""
    slopes = _flows(graph, {node.args[0]: graph.number(1.0)}, per_row=True)
    ends = [(i, slope) for i, slope in slopes.items() if not graph.nodes[i].per_row]
    return [(i, graph.mul(flow, graph.reduce(node.op, slope))) for i, slope in ends]


def _softmax_rule(graph: Graph, i: int, adjoints: dict[int, int]) -> list[int]:
    zero = graph.number(0.0)
    count = len(graph.nodes[i].args)
    centred = graph.node("centred", i, *(adjoints.get(k, zero) for k in range(count)))
    return [graph.item(centred, k) for k in range(count)]


def _list_rule(op: str) -> VjpRule:
    """Return the vjp rule that splits the adjoint among the operands by the list `op`."""

    def rule(g: Graph, _: int, args: tuple[int, ...], d: int) -> list[int]:
        parts = g.node(op, *args)
        return [g.mul(d, g.item(parts, k)) for k in range(len(args))]

    return rule


def _unary_rule(derivative: Callable[[Graph, int, int], int]) -> VjpRule:
    """Return the vjp rule of a unary function with derivative(graph, node, operand)."""
    return lambda g, i, args, d: [g.mul(derivative(g, i, args[0]), d)]


def _reciprocal_rule(divisor: Callable[[Graph, int, int], int], factor: float = 1.0) -> VjpRule:
    """Return the vjp rule of a unary function with derivative factor / divisor(graph, node, operand)."""
    return lambda g, i, args, d: [g.div(g.mul(g.number(factor), d), divisor(g, i, args[0]))]


def _mul_rule(g: Graph, _: int, args: tuple[int, ...], d: int) -> Sequence[int]:
    a, b = args
    if a == b:
        return g.mul(g.number(2.0), g.mul(a, d)), g.number(0.0)
    return g.mul(b, d), g.mul(a, d)


def _div_rule(g: Graph, i: int, args: tuple[int, ...], d: int) -> Sequence[int]:
    by = args[1]
    return g.div(d, by), g.neg(g.div(g.mul(d, i), by)) if g.nodes[by].requires_grad else g.number(0.0)


def _pow_rule(g: Graph, _: int, args: tuple[int, ...], d: int) -> Sequence[int]:
    a, b = args
    none = g.number(0.0)
    lower = g.pow(a, g.sub(b, g.number(1.0)))
    by_base = g.mul(g.mul(b, lower), d) if g.nodes[a].requires_grad else none
    return by_base, g.mul(g.node("power_log", a, b), d) if g.nodes[b].requires_grad else none


def _power_log_rule(g: Graph, _: int, args: tuple[int, ...], d: int) -> Sequence[int]:
    """Return the slopes of a^b log a: a^(b-1) (1 + b log a) by a, a^b log² a by b."""
    a, b = args
    one = g.number(1.0)
    by_base = g.add(g.pow(a, g.sub(b, one)), g.mul(b, g.node("power_log", a, g.sub(b, one))))
    return g.mul(d, by_base), g.mul(d, g.node("power_log2", a, b))


def _sqrt_one_minus_square(g: Graph, _: int, u: int) -> int:
    """Return √(1 - u²) without losing digits near 1."""
    one = g.number(1.0)
    return g.node("sqrt", g.mul(g.sub(one, u), g.add(one, u)))


def _one_plus_square(g: Graph, u: int) -> int:
    return g.add(g.node("mul", u, u), g.number(1.0))


def _two_by_root_of_pi(g: Graph) -> int:
    """Return the node of 2/√π, π being acos(-1): the language's pi is a float."""
    return g.node("div", g.number(2.0), g.node("sqrt", g.node("acos", g.number(-1.0))))


VJP_RULES: dict[str, VjpRule] = {
    "add": lambda _g, _i, _args, d: (d, d),
    "sub": lambda g, _i, _args, d: (d, g.neg(d)),
    "neg": lambda g, _i, _args, d: (g.neg(d),),
    "mul": _mul_rule,
    "div": _div_rule,
    "pow": _pow_rule,
    "sin": _unary_rule(lambda g, _, u: g.node("cos", u)),
    "cos": _unary_rule(lambda g, _, u: g.neg(g.node("sin", u))),
    "tan": _unary_rule(lambda g, i, _: _one_plus_square(g, i)),
    "asin": _reciprocal_rule(_sqrt_one_minus_square),
    "acos": _reciprocal_rule(_sqrt_one_minus_square, -1.0),
    "atan": _reciprocal_rule(lambda g, _, u: _one_plus_square(g, u)),
    "sinh": _unary_rule(lambda g, _, u: g.node("cosh", u)),
    "cosh": _unary_rule(lambda g, _, u: g.node("sinh", u)),
    "tanh": _unary_rule(lambda g, _, u: g.node("sech2", u)),
    "sech2": _unary_rule(lambda g, i, u: g.mul(g.number(-2.0), g.mul(i, g.node("tanh", u)))),
    "exp": _unary_rule(lambda _g, i, _u: i),
    "expm1": _unary_rule(lambda g, _, u: g.node("exp", u)),
    "log": _reciprocal_rule(lambda _g, _i, u: u),
    "log2": _reciprocal_rule(lambda g, _, u: g.mul(g.node("log", g.number(2.0)), u)),
    "log10": _reciprocal_rule(lambda g, _, u: g.mul(g.node("log", g.number(10.0)), u)),
    "log1p": _reciprocal_rule(lambda g, _, u: g.add(u, g.number(1.0))),
    "sqrt": _reciprocal_rule(lambda _g, i, _u: i, 0.5),
    "cbrt": _unary_rule(lambda g, _, u: g.node("cbrt_slope", u)),
    "cbrt_slope": _unary_rule(lambda g, i, u: g.div(g.mul(g.number(-2.0), i), g.mul(g.number(3.0), u))),
    "abs": _unary_rule(lambda g, _, u: g.node("sign", u)),
    "sign": _unary_rule(lambda g, _i, _u: g.number(0.0)),
    "step": _unary_rule(lambda g, _i, _u: g.number(0.0)),
    "relu": _unary_rule(lambda g, _, u: g.node("step", u)),
    "sigmoid": _unary_rule(lambda g, _, u: g.node("sigmoid_slope", u)),
    "sigmoid_slope": _unary_rule(lambda g, i, u: g.neg(g.mul(i, g.node("tanh", g.mul(g.number(0.5), u))))),
    "softplus": _unary_rule(lambda g, _, u: g.node("sigmoid", u)),
    "gelu": _unary_rule(
        lambda g, _, u: g.add(g.node("normal_cdf", u), g.mul(u, g.node("normal_density", u)))
    ),
    "normal_cdf": _unary_rule(lambda g, _, u: g.node("normal_density", u)),
    "normal_density": _unary_rule(lambda g, i, u: g.neg(g.mul(u, i))),
    "erf": _unary_rule(lambda g, _, u: g.mul(_two_by_root_of_pi(g), g.node("bell", u))),
    "bell": _unary_rule(lambda g, i, u: g.mul(g.number(-2.0), g.mul(u, i))),
    "power_log": _power_log_rule,
    "logsumexp": _list_rule("softmax"),
    "max": _list_rule("max_shares"),
    "min": _list_rule("min_shares"),
}
