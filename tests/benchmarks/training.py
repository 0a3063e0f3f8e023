"""Target 13: a step of training a small network, beside torch in eager mode, turn by turn, on one thread, in CPU time."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
from tests.benchmarks.kernels import seconds
from tests.benchmarks.rows import Row, skipped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.benchmarks.rows import Plan

TARGETS = {13}
TARGET, RATE, STEPS = 0.4, 0.01, 200

SHAPES = ((2, 16), (16,), (16, 16), (16,), (16, 1), (1,))


def drawn() -> tuple[Any, Any, list[Any]]:
    """Draw 100 points in the plane, their classes 1 and -1, and weights of a network 2-16-16-1."""
    rng = np.random.default_rng(20261123)
    X = rng.normal(size=(100, 2))
    return X, np.sign(X[:, :1] * X[:, 1:] + 0.1), [0.3 * rng.normal(size=shape) for shape in SHAPES]


def loss_of(X: Any, p: list[Any], activation: Callable[[Any], Any], loss: Callable[[Any], Any]) -> Any:
    """Send the points through the network; the same words for torch and for aimath."""
    hidden = activation(activation(X @ p[0] + p[1]) @ p[2] + p[3])
    return loss(hidden @ p[4] + p[5])


def ours(kind: str) -> Callable[[], float]:
    """Give a function that makes one step and tells the loss before it."""
    from aimath.core import nn

    X, Y, weights = drawn()
    parameters = nn.Parameters(dict(zip("abcdef", weights, strict=True)))
    tensors, optimiser = [parameters[name] for name in parameters], nn.SGD(parameters)
    activation: Any = nn.tanh if kind == "tanh" else nn.relu

    def loss(score: Any) -> Any:
        return ((score - Y) ** 2).mean() if kind == "tanh" else nn.relu(1.0 - Y * score).mean()

    def step() -> float:
        found = loss_of(X, tensors, activation, loss)
        found.backward()
        optimiser.step(RATE)
        return float(found.value)

    return step


def torchs(kind: str) -> Callable[[], float]:
    """Give the same by torch, with its own optimiser."""
    import torch

    torch.set_num_threads(1)
    X, Y, weights = drawn()
    points, classes = torch.tensor(X), torch.tensor(Y)
    parameters = [torch.tensor(array, requires_grad=True) for array in weights]
    optimiser = torch.optim.SGD(parameters, lr=RATE)
    activation: Any = torch.tanh if kind == "tanh" else torch.relu

    def loss(score: Any) -> Any:
        return ((score - classes) ** 2).mean() if kind == "tanh" else torch.relu(1.0 - classes * score).mean()

    def step() -> float:
        optimiser.zero_grad()
        found = loss_of(points, parameters, activation, loss)
        found.backward()
        optimiser.step()
        return float(found.detach())

    return step


def many(step: Callable[[], float]) -> float:
    """Make STEPS steps; give the last loss."""
    for _ in range(STEPS - 1):
        step()
    return step()


def measure(plan: Plan) -> Iterator[Row | str]:
    """Give the rows: two activations, two losses (relu and the hinge are micrograd's example)."""
    if missing := skipped(13, "torch"):
        yield missing
        return
    for kind, words in (("tanh", "tanh, squared error"), ("relu", "relu, hinge loss")):
        mine, theirs = ours(kind), torchs(kind)
        if abs(many(mine) / many(theirs) - 1.0) > 1e-9:
            yield f"13  {words}: the two don't compute the same"
            return
        pairs = [(seconds(many, (mine,)), seconds(many, (theirs,))) for _ in range(plan.rounds)]
        cells = (f"{median(pair[k] for pair in pairs) / STEPS * 1e6:.0f} µs" for k in (0, 1))
        ratio = median(a / b for a, b in pairs)
        yield Row(13, f"step of 2-16-16-1, {words} / torch", *cells, ratio, TARGET)
