"""Evaluating a graph: on one point with every step checked, and on many points at once.

In a formula every value must be a finite number: what has none is an error there, nan in an array.
Within a derivative infinities may come and go (1 / (1 + inf) is 0), if the derivative is finite.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.core.calculus._operations import LIST_OPERATIONS, OPERATIONS
from aimath.text import shorten

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimath.core.calculus._graph import Graph, Node
    from aimath.core.numerics.types import Array

BLOCK = 32_768
"""Points worked on at a time."""


class Instruction(NamedTuple):
    """A node of a program; its operands are places in the same program."""

    node: Node
    args: tuple[int, ...]
    last_uses: tuple[int, ...]  # what nobody needs after it


class Program:
    """The part of a graph that some roots need, in order of evaluation."""

    def __init__(self, graph: Graph, roots: Sequence[int], also: Sequence[int] = ()) -> None:
        self.order = order = graph.topological_order([*roots, *also])
        at = {i: k for k, i in enumerate(order)}
        self.roots = [at[root] for root in roots]
        steps = [(graph.nodes[i], tuple(at[arg] for arg in graph.nodes[i].args)) for i in order]
        self.also = [at[one] for one in also]  # must have a value, though no root is made of it
        needed = {*self.roots, *self.also}
        kept: list[Instruction] = []
        for k in range(len(steps) - 1, -1, -1):
            node, args = steps[k]
            last = tuple({arg for arg in args if arg not in needed})
            needed.update(args)
            kept.append(Instruction(node, args, last))
        self.instructions = kept[::-1]

    def node_values(self, point: Sequence[float]) -> list[Any]:
        """Return the value of every node at a point, nan or inf where there is none."""
        values: list[Any] = []
        for node, args, _ in self.instructions:
            if node.op == "variable":
                values.append(float(point[int(node.value)]))
            elif node.op == "number":
                values.append(node.value)
            elif node.op == "item":
                values.append(values[args[0]][int(node.value)])
            else:
                values.append(apply_scalar(node.op, [values[arg] for arg in args]))
        return values

    @cached_property
    def constants(self) -> dict[int, Any]:
        """The values of nodes that no variable moves, by place, each of shape (1,)."""
        known: dict[int, Any] = {}
        for k, (node, args, _) in enumerate(self.instructions):
            if node.requires_grad:
                continue
            if node.op == "number":
                known[k] = node.value
            elif node.op == "item":
                known[k] = known[args[0]][int(node.value)]
            else:
                known[k] = apply_scalar(node.op, [known[arg] for arg in args])
        return {
            k: [np.array([one]) for one in value] if isinstance(value, list) else np.array([value])
            for k, value in known.items()
        }

    def evaluate_batch(self, points: Array) -> list[Array]:
        """Return the values of the roots at points (..., n), each (...), nan where there is none."""
        flat = points.reshape(-1, points.shape[-1])
        results = [np.empty(len(flat)) for _ in self.roots]
        for start in range(0, len(flat), BLOCK):
            part = slice(start, start + BLOCK)
            for result, values in zip(results, self._evaluate_block(flat[part]), strict=True):
                result[part] = values
        return [result.reshape(points.shape[:-1]) for result in results]

    def _evaluate_block(self, points: Array) -> list[Array]:
        values: list[Any] = [None] * len(self.instructions)
        lost = np.zeros(len(points), np.bool_)
        with np.errstate(all="ignore"):
            for k, (node, args, last) in enumerate(self.instructions):
                if k in self.constants:
                    values[k] = self.constants[k]
                elif node.op == "variable":
                    values[k] = np.ascontiguousarray(points[:, int(node.value)])
                elif node.op == "item":
                    values[k] = values[args[0]][int(node.value)]
                else:
                    values[k] = OPERATIONS[node.op].array(*(values[arg] for arg in args))
                if node.args and not node.is_derivative:
                    lost |= ~np.isfinite(values[k])
                for done in last:
                    values[done] = None
        found = (values[root] for root in self.roots)
        return [np.where(lost | ~np.isfinite(one), np.nan, one + 0.0) for one in found]


def apply_scalar(op: str, values: list[Any]) -> Any:
    """Return an operation's value on floats, inf or nan where `math` raises."""
    operation = OPERATIONS[op]
    try:
        return operation.scalar(*values)
    except (ValueError, OverflowError, ZeroDivisionError):
        with np.errstate(all="ignore"):
            given = [np.asarray(value) for value in values] if op != "centred" else values
            result = operation.array(*given)
        return [float(x) for x in result] if op in LIST_OPERATIONS else float(result)


def undefined_reason(text: str, node: Node, operands: list[float]) -> tuple[str, str]:
    """Return why an operation of a formula has no value, and what its operand must be."""
    op = node.op
    if op == "log1p" and not text.startswith("log1p", node.span[0]):  # it was written log(1 + u)
        op, operands = "log", [1.0 + operands[0]]
    return _undefined_reason(op, operands)


def _undefined_reason(op: str, operands: list[float]) -> tuple[str, str]:
    first, last = operands[0], operands[-1]
    if op == "pow" and first == 0.0:
        return f"0 to the power {last:.6g} divides by zero", ""
    if op == "pow":
        return f"a negative number ({first:.6g}) has no power {last:.6g}", ""
    if op in DOMAINS:
        return f"argument is {first:.6g}", f", and must be {DOMAINS[op]}"
    return "division by zero", ""


DOMAINS = {
    **dict.fromkeys(("log", "log2", "log10"), "above 0"),
    "log1p": "above -1",
    "sqrt": "at least 0",
    **dict.fromkeys(("asin", "acos"), "-1 to 1"),
}
"""What functions of one operand need it to be."""


def excerpt(text: str, place: tuple[int, int]) -> str:
    """Return a piece of the formula's text for a message."""
    return shorten(text[slice(*place)])


def format_inputs(program: Program, k: int, values: list[Any], variables: Sequence[str]) -> str:
    """Return " at x=..., y=..." with the variables that a node depends on."""
    needed = {k}
    for i in range(k, -1, -1):  # operands stand before what they are used in
        needed.update(program.instructions[i].args if i in needed else ())
    of = sorted(
        (int(program.instructions[i].node.value), i)
        for i in needed
        if program.instructions[i].node.op == "variable"
    )
    # Beyond them are the directions that a Hessian is taken in.
    named = [f"{variables[v]}={values[i]:.6g}" for v, i in of if v < len(variables)]
    more = ["..."] if len(named) > 4 else []
    return f" at {', '.join(named[:4] + more)}" if named else ""
