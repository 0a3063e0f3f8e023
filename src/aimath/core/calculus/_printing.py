"""Graphs as text in the language that they were read from: a gradient is a formula too."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from aimath.core.calculus._operations import LISTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimath.core.calculus._graph import Graph, Node

LONGEST = 60
SUM, PRODUCT, SIGN, POWER, ATOM = range(1, 6)
"""How tightly a text binds; what binds less than its place asks for gets brackets."""


class _Text(NamedTuple):
    text: str
    binds: int

    def inside(self, least: int) -> str:
        """Give the text, in brackets if it binds less than `least`."""
        return self.text if self.binds >= least else f"({self.text})"

    def __format__(self, spec: str) -> str:
        """Give the text as it stands within brackets, or within a product or a power."""
        return self.inside({"": SUM, "product": PRODUCT, "atom": ATOM}[spec])


def infix(graph: Graph, root: int, variables: Sequence[str]) -> str:
    """Write a node as a formula of at most LONGEST characters, "" if it is longer or can't be written."""
    texts: dict[int, _Text | None] = {}
    for i in graph.reach([root]):
        node = graph.nodes[i]
        args = [texts[arg] for arg in node.args]
        known = [arg for arg in args if arg is not None]
        written = _written(node, known, variables) if len(known) == len(args) else None
        texts[i] = written if written is not None and len(written.text) <= LONGEST else None
    whole = texts[root]
    return whole.text if whole else ""


def _written(node: Node, args: list[_Text], variables: Sequence[str]) -> _Text | None:
    if node.op == "number":
        text = repr(node.value).removesuffix(".0")
        return _Text(text, SIGN if text.startswith("-") else ATOM)
    if node.op == "variable":
        k = int(node.value)
        return _Text(variables[k], ATOM) if k < len(variables) else None
    if node.op in ("add", "sub"):
        return _sum(node.op, *args)
    if node.op == "mul" and node.args[0] == node.args[1]:
        return _Text(f"{args[0].inside(ATOM)}^2", POWER)
    if node.op == "mul":
        right = f"*{args[1].inside(PRODUCT)}"  # a*(b/c) is a*b/c but for rounding
        return _Text(args[0].inside(PRODUCT) + (right[2:] if right.startswith("*1/") else right), PRODUCT)
    if node.op == "div":
        return _Text(f"{args[0].inside(PRODUCT)}/{args[1].inside(SIGN)}", PRODUCT)
    if node.op == "pow":
        return _Text(f"{args[0].inside(ATOM)}^{args[1].inside(SIGN)}", POWER)
    if node.op == "neg":
        return _Text(f"-{args[0].inside(PRODUCT)}", min(SIGN, max(PRODUCT, args[0].binds)))
    if node.op in _WRITTEN:
        text, binds = _WRITTEN[node.op]
        return _Text(text.format(*args), binds)
    if node.op in LISTS or node.op == "item":
        return None
    return _Text(f"{node.op}({', '.join(arg.text for arg in args)})", ATOM)


def _sum(op: str, left: _Text, right: _Text) -> _Text:
    """Write a sum or difference; a minus at the start of its right side is the other one."""
    minus = op == "sub"
    text = right.inside(PRODUCT if minus else SUM)  # a + (b - c) is a + b - c but for rounding
    if text.startswith("-"):
        text, minus = text[1:], not minus
    return _Text(f"{left.text} {'-' if minus else '+'} {text}", SUM)


_WRITTEN = {
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
