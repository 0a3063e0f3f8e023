"""Backpropagation through one layer: `backprop --layer`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aimath.commands._shared import one
from aimath.report import Line, Panels, Plot, Report, Table, Verify

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aimath.cli.options import Vector
    from aimath.report import Step

NAMED = 1000
"""Weights of so many at most have names."""
CHECKS = (
    Verify("along random signs the slope is {answer}, by a complex step {other}"),
    Verify("reverse mode, operation by operation: {other}", "check_tape"),
)


def layer_report(W: Vector, x: Vector, b: Vector, target: Any) -> Report:  # noqa: N803
    """Answer for each row of x: with softmax and cross-entropy if there is a right class, else the sum."""
    from aimath.core import nn as core

    weights, shift = one(W, "layer", whole=False), None if b is None else one(b, "b", whole=False)
    result: Any
    if target is None:
        result, steps = core.sum_gradients(weights, x, shift), _sum_steps()
    else:
        result, steps = core.layer_gradients(weights, x, shift, target), _loss_steps()
    return Report(
        result._replace(W=result.W[None], b=result.b[None]),  # the same for every row of x
        show=("gradients",),
        steps=tuple(steps),
        units={"loss": "nats"} if target is not None else {},
        shared=("W", "b"),
        labels=_names(*result.W.shape),
        plot=Plot("gradients"),
    )


def _names(m: int, n: int) -> tuple[str, ...]:
    """Call the gradients by what they are of; those of a large layer by their place."""
    if m * n > NAMED:
        return ()
    rows, columns = (range(1, size + 1) for size in (m, n))
    weights = (f"W{i},{j}" for i in rows for j in columns)
    return (*weights, *(f"b{i}" for i in rows), *(f"x{j}" for j in columns))


def _loss_steps() -> Iterator[Step]:
    yield Line("L = -log softmax(W·x + b)_k      the chain rule, from L back to W, b and x")
    yield Line(" x = {x}      the right class k, from 0: {target}")
    columns = (("1 z = W·x + b", "{z}"), ("2 p = softmax(z)", "{probs}"), ("y", "{y}"))
    yield Table((*columns, ("3 ∂L/∂z = p - y", "{dz:+}")), bar="probs")
    yield Line(" L = -log p_k = {loss} nats")
    yield Line(" 4 ∂L/∂W = ∂L/∂z · xᵀ      the first: {dz[0]:.4} · {x[0]:.4} = {dW[0][0]}")
    yield from _shares("z", 5)


def _sum_steps() -> Iterator[Step]:
    yield Line("L = Σ h      h = W·x + b      the chain rule, from L back to W, b and x")
    yield Line(" x = {x}")
    yield Table((("1 h = W·x + b", "{h}"), ("2 ∂L/∂h = 1", "{dh}")), bar="h")
    yield Line(" L = {h: + } = {loss}")
    yield Line(" 3 ∂L/∂W = ∂L/∂h · xᵀ      x in every row")
    yield from _shares("h", 4)


def _shares(upstream: str, first: int) -> Iterator[Step]:
    yield Panels((("∂L/∂W", "dW"),))
    yield Line(f" {first} ∂L/∂b = ∂L/∂{upstream} = {{db}}")
    yield Line(f" {first + 1} ∂L/∂x = Wᵀ · ∂L/∂{upstream} = {{dx}}")
    yield from CHECKS
