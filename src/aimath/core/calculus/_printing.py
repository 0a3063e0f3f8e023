"""Formula graphs as text in the formula language."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from aimath.core.calculus._grammar import REDUCTIONS
from aimath.core.calculus._graph import Node
from aimath.core.calculus._operations import LIST_OPERATIONS, OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aimath.core.calculus._graph import Graph

MAX_CHARACTERS = 60
SUM, PRODUCT, SIGN, POWER, ATOM = range(1, 6)
"""How tightly a text binds; what binds less than its place asks for gets brackets."""


class _FormattedText(NamedTuple):
    text: str
    precedence: int

    def parenthesized(self, minimum: int) -> str:
        """Return the text, parenthesized if its precedence is below `minimum`."""
        return self.text if self.precedence >= minimum else f"({self.text})"

    def __format__(self, spec: str) -> str:
        """Return the text as it stands within brackets, or within a product or a power."""
        return self.parenthesized({"": SUM, "product": PRODUCT, "atom": ATOM}[spec])


def to_infix(graph: Graph, root: int, variables: Sequence[str]) -> str:
    """Return a node as a formula of at most MAX_CHARACTERS characters, else ""."""
    texts: dict[int, _FormattedText | None] = {}
    numbers: dict[int, float] = {}
    for i in graph.topological_order([root]):
        node = graph.nodes[i]
        value = _number(node, numbers)
        if value is not None:
            numbers[i] = value
            node = Node("number", value=value)
        elif node.op == "mul" and node.is_derivative and node.args[0] in numbers:
            node = _with_factor(graph, node, numbers)
        args = [texts[arg] if arg >= 0 else _literal(node.value) for arg in node.args]
        known = [arg for arg in args if arg is not None]
        if node.op == "column":
            known, args = [_FormattedText(graph.columns[int(node.value)], ATOM)], [None]
        written = _format_node(node, known, variables) if len(known) == len(args) else None
        texts[i] = written if written is not None and len(written.text) <= MAX_CHARACTERS else None
    whole = texts[root]
    return whole.text if whole else ""


def _number(node: Node, numbers: Mapping[int, float]) -> float | None:
    """Return what a number is, or what numbers in a derivative come to; the text's own stay as they are."""
    if node.op == "number":
        return node.value
    if (
        not node.is_derivative
        or node.requires_grad
        or node.op in LIST_OPERATIONS
        or node.op in REDUCTIONS
        or not all(arg in numbers for arg in node.args)
    ):
        return None
    try:
        value = float(OPERATIONS[node.op].scalar(*(numbers[arg] for arg in node.args)))
    except (ValueError, OverflowError, ZeroDivisionError):
        return None
    return value if math.isfinite(value) else None


def _with_factor(graph: Graph, node: Node, numbers: Mapping[int, float]) -> Node:
    """Return a number times a number times what remains as one number times it, its place being -1."""
    right = graph.nodes[node.args[1]]
    if right.op != "mul" or not right.is_derivative or right.args[0] not in numbers:
        return node
    value = numbers[node.args[0]] * numbers[right.args[0]]
    return Node("mul", (-1, right.args[1]), value) if math.isfinite(value) and value else node


def _literal(value: float) -> _FormattedText:
    text = repr(value).removesuffix(".0")
    return _FormattedText(text, SIGN if text.startswith("-") else ATOM)


def _format_node(node: Node, args: list[_FormattedText], variables: Sequence[str]) -> _FormattedText | None:
    if node.op == "number":
        return _literal(node.value)
    if node.op == "variable":
        k = int(node.value)
        return _FormattedText(variables[k], ATOM) if k < len(variables) else None
    if node.op == "column":
        return args[0]
    if node.op in ("add", "sub"):
        return _format_sum(node.op, *args)
    if node.op == "mul" and node.args[0] == node.args[1]:
        return _FormattedText(f"{args[0].parenthesized(ATOM)}^2", POWER)
    if node.op == "mul":
        right = f"*{args[1].parenthesized(PRODUCT)}"  # a*(b/c) is a*b/c but for rounding
        return _FormattedText(
            args[0].parenthesized(PRODUCT) + (right[2:] if right.startswith("*1/") else right), PRODUCT
        )
    if node.op == "div":
        return _FormattedText(f"{args[0].parenthesized(PRODUCT)}/{args[1].parenthesized(SIGN)}", PRODUCT)
    if node.op == "pow":
        return _FormattedText(f"{args[0].parenthesized(ATOM)}^{args[1].parenthesized(SIGN)}", POWER)
    if node.op == "neg":
        return _FormattedText(
            f"-{args[0].parenthesized(PRODUCT)}", min(SIGN, max(PRODUCT, args[0].precedence))
        )
    if node.op in _TEMPLATES:
        text, binds = _TEMPLATES[node.op]
        return _FormattedText(text.format(*args), binds)
    if node.op in LIST_OPERATIONS or node.op == "item":
        return None
    return _FormattedText(f"{node.op}({', '.join(arg.text for arg in args)})", ATOM)


def _format_sum(op: str, left: _FormattedText, right: _FormattedText) -> _FormattedText:
    """Return a sum or difference as text; a leading minus on the right side flips the sign."""
    minus = op == "sub"
    text = right.parenthesized(PRODUCT if minus else SUM)  # a + (b - c) is a + b - c but for rounding
    if text.startswith("-"):
        text, minus = text[1:], not minus
    return _FormattedText(f"{left.text} {'-' if minus else '+'} {text}", SUM)


_TEMPLATES = {
    "sigmoid_slope": ("sigmoid({0})*(1 - sigmoid({0}))", PRODUCT),
    "sech2": ("1/cosh({0})^2", PRODUCT),
    "bell": ("exp(-{0:atom}^2)", ATOM),
    "normal_cdf": ("(1 + erf({0:product}/sqrt(2)))/2", PRODUCT),
    "normal_density": ("exp(-{0:atom}^2/2)/sqrt(tau)", PRODUCT),
    "cbrt_slope": ("1/(3*cbrt({0})^2)", PRODUCT),
    "power_log": ("{0:atom}^{1:atom}*log({0})", PRODUCT),
    "power_log2": ("{0:atom}^{1:atom}*log({0})^2", PRODUCT),
    "step": ("max(sign({0}), 0)", ATOM),
}
"""What only derivatives are made of, in the functions of the language."""
