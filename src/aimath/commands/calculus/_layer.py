"""Backpropagation through one layer: `backprop --layer`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aimath.commands._shared import single_matrix
from aimath.errors import InputError
from aimath.read.blocks import check_budget, memory_limit
from aimath.report import CrossCheck, Line, Panels, Plot, Report, Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aimath.cli.options import Vector
    from aimath.report import Step

MAX_NAMED_WEIGHTS = 1000
"""Weights of so many at most have names."""
BYTES_PER_GRADIENT = 64
"""Bytes that a gradient takes: what it is made of, and its text (measured: 7 times 8)."""
CHECKS = (
    CrossCheck("along random signs the slope is {answer}, by a complex step {alternative}"),
    CrossCheck("reverse mode, operation by operation: {alternative}", "check_tape"),
)


def layer_report(W: Vector, x: Vector, b: Vector, target: Any, memory: int | None) -> Report:  # noqa: N803
    """Return the report for each row of x, by cross-entropy if a target class is given, else the sum."""
    from aimath.core import nn as core

    weights, shift = (
        single_matrix(W, "layer", unbatched=False),
        None if b is None else single_matrix(b, "b", unbatched=False),
    )
    m, n = weights.shape
    _check_rows(len(x), m, n, memory)
    result: Any
    if target is None:
        result, steps = core.backprop(weights, x, shift), _sum_steps()
    else:
        result, steps = core.backprop(weights, x, shift, target=target), _loss_steps()
    return Report(
        result,
        show=("gradients",),
        steps=tuple(steps),
        units={"loss": "nats"} if target is not None else {},
        names={"entry": _gradient_labels(*result.W.shape)},
        plot=Plot("gradients"),
    )


def _check_rows(rows: int, m: int, n: int, memory: int | None) -> None:
    """Raise InputError if a row's gradients are too large, or name the first row that is one too many."""
    size = BYTES_PER_GRADIENT * (m * n + m + n)
    check_budget(size, f"{m * n + m + n} gradients with their text", memory)
    if rows > 1 and (most := (memory_limit() if memory is None else memory) // size) < rows:
        raise InputError("more rows than are answered at once", row=most)  # the runner answers those before


def _gradient_labels(m: int, n: int) -> tuple[str, ...]:
    """Return the labels of the gradients, or none for a large layer."""
    if m * n > MAX_NAMED_WEIGHTS:
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
    yield Line(" 4 ∂L/∂W = ∂L/∂z · xᵀ      the first: {dz[0]:~4} · {x[0]:~4} = {dW[0][0]}")
    yield from _parameter_gradient_steps("z", 5)


def _sum_steps() -> Iterator[Step]:
    yield Line("L = Σ h      h = W·x + b      the chain rule, from L back to W, b and x")
    yield Line(" x = {x}")
    yield Table((("1 h = W·x + b", "{h}"), ("2 ∂L/∂h = 1", "{dh}")), bar="h")
    yield Line(" L = {h: + } = {loss}")
    yield Line(" 3 ∂L/∂W = ∂L/∂h · xᵀ      x in every row")
    yield from _parameter_gradient_steps("h", 4)


def _parameter_gradient_steps(upstream: str, first: int) -> Iterator[Step]:
    yield Panels((("∂L/∂W", "dW"),))
    yield Line(f" {first} ∂L/∂b = ∂L/∂{upstream} = {{db}}")
    yield Line(f" {first + 1} ∂L/∂x = Wᵀ · ∂L/∂{upstream} = {{dx}}")
    yield from CHECKS
