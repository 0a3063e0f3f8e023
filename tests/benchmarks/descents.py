"""Targets 11 and 12: Adam on a million parameters, and steps on one, beside torch on one thread."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
from tests.benchmarks.kernels import Work, compared, seconds
from tests.benchmarks.rows import Row, skipped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.benchmarks.rows import Plan

TARGETS = {11, 12}

PARAMETERS = 1_000_000
OURS, THEIRS = 100_000, 500
"""So many steps are timed at once, of ours and of torch's."""


def many(rounds: int) -> Iterator[Row]:
    """Target 11: torch.optim.Adam with its defaults."""
    import torch

    from aimath.core.nn import Adam, Parameters

    torch.set_num_threads(1)

    def make(rng: np.random.Generator) -> tuple[Any, ...]:
        start, gradient = rng.normal(size=(2, PARAMETERS))
        theirs = torch.tensor(start, requires_grad=True)
        theirs.grad = torch.tensor(gradient)
        parameters = Parameters({"w": start})
        parameters.gradient[:] = gradient
        return Adam(parameters), torch.optim.Adam([theirs])

    ours, peer = (lambda adam, _: adam.step(1e-3)), (lambda _, optimizer: optimizer.step())
    yield compared(Work(11, "Adam on 1e6 float64 parameters", 0.75, make, ours, peer, "torch"), 2 * rounds)


def one(rounds: int) -> Iterator[Row]:
    """Target 12: (w-3)^2, its gradient by autograd on their side, by nested functions on ours.

    Ours keeps every point; losses and gradients for a table come later, all at once (20 ns a step).
    """
    import torch

    from aimath.core.calculus import parse_function
    from aimath.core.optim import OPTIMIZERS
    from aimath.core.optim._runs import run_one

    rates = np.full(OURS, 1e-3)

    def ours(name: str) -> None:
        run_one(parse_function("(w-3)^2"), [10.0], OPTIMIZERS[name](), rates, -1.0)

    def peer(kind: Any) -> None:
        w = torch.tensor(10.0, dtype=torch.float64, requires_grad=True)
        optimizer = kind([w], lr=1e-3)
        for _ in range(THEIRS):
            optimizer.zero_grad()
            ((w - 3) ** 2).backward()
            optimizer.step()

    for name, kind, target in (("gd", torch.optim.SGD, 1 / 500), ("adam", torch.optim.Adam, 1 / 250)):
        pairs = [
            (seconds(ours, (name,)) / OURS, seconds(peer, (kind,)) / THEIRS) for _ in range(2 * rounds + 1)
        ][1:]
        mine, theirs = (median(pair[k] for pair in pairs) for k in (0, 1))
        ratio = median(a / b for a, b in pairs)
        texts = f"{mine * 1e9:.0f} ns", f"{theirs * 1e6:.0f} us"
        yield Row(12, f"a step of {name} on (w-3)^2 / torch", *texts, ratio, target)


def measure(plan: Plan) -> Iterator[Row | str]:
    """Give the rows of the targets asked for."""
    for number, part in ((11, many), (12, one)):
        if number in plan.only:
            missing = skipped(number, "torch")
            yield from [missing] if missing else part(plan.rounds)
