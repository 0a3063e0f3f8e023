"""Target 17: a step of training a char-GPT, beside torch in eager mode, turn by turn, on one thread, in CPU time."""

from __future__ import annotations

import time
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
from tests.benchmarks.rows import Row, skipped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.benchmarks.rows import Plan

TARGETS = {17}
RATE, STEPS = 0.01, 6
ALLOWED = {"float64": 1.2, "float32": 1.0}


def batch() -> tuple[Any, Any]:
    """Draw 32 rows of 16 letters and the letters after them."""
    ids = np.random.default_rng(20261130).integers(0, 27, (32, 17))
    return ids[:, :-1].copy(), ids[:, 1:].copy()


def ours(dtype: str) -> Callable[[], float]:
    """Give a function that makes one step and tells the loss before it."""
    from aimath.core import nn

    gpt = nn.GPT(nn.GPTConfig(vocabulary=27, context=16, layers=2, width=48, heads=4), dtype=dtype)
    optimizer, (ids, targets) = nn.Adam(gpt.parameters), batch()

    def step() -> float:
        loss = gpt.loss(ids, targets)
        loss.backward(free=True)
        optimizer.step(RATE)
        return float(loss.value)

    return step


def torchs(dtype: str) -> Callable[[], float]:
    """Give the same by torch's own functions, from the same weights."""
    import torch
    from tests.oracles.layers import torch_gpt

    from aimath.core import nn

    torch.set_num_threads(1)
    gpt = nn.GPT(nn.GPTConfig(vocabulary=27, context=16, layers=2, width=48, heads=4), dtype=dtype)
    parameters, logits = torch_gpt(gpt)
    optimizer = torch.optim.Adam(parameters.values(), lr=RATE)
    ids, targets = (torch.tensor(rows) for rows in batch())

    def step() -> float:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(logits(ids).flatten(0, 1), targets.flatten())
        loss.backward()
        optimizer.step()
        return float(loss.detach())

    return step


def seconds(step: Callable[[], float]) -> float:
    """Time some steps on the processor; give the time of one."""
    start = time.process_time()
    for _ in range(STEPS):
        step()
    return (time.process_time() - start) / STEPS


def measure(plan: Plan) -> Iterator[Row | str]:
    """Give a row for each type."""
    if missing := skipped(17, "torch"):
        yield missing
        return
    for dtype, target in ALLOWED.items():
        mine, theirs = ours(dtype), torchs(dtype)
        apart = max(abs(mine() / theirs() - 1.0) for _ in range(5))
        if apart > (1e-9 if dtype == "float64" else 1e-3):
            yield f"17  {dtype}: the two don't compute the same"
            return
        pairs = [(seconds(mine), seconds(theirs)) for _ in range(2 * plan.rounds)]
        cells = (f"{median(pair[k] for pair in pairs) * 1e3:.1f} ms" for k in (0, 1))
        ratio = median(a / b for a, b in pairs)
        yield Row(17, f"step of a GPT, 2 x 48, 32 x 16, {dtype} / torch", *cells, ratio, target)
