"""A layer's gradients: softmax, cross-entropy and what goes back to weights, biases and inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mpmath as mp
import numpy as np
from tests.benchmarks.digits.case import Case, exact, of_largest, over, ulps
from tests.benchmarks.digits.peers import functional, slopes, tensors

from aimath.core import nn as autodiff

if TYPE_CHECKING:
    from tests.benchmarks.digits.case import Operands

SAMPLES = 40


def kinds(rng: np.random.Generator) -> dict[str, Operands]:
    """Give W, x and b; class 0 is the right one, and in the second kind the layer is sure of it."""
    plain = [(rng.normal(size=(4, 6)), rng.normal(size=6), rng.normal(size=4)) for _ in range(SAMPLES)]
    return {"N(0, 1)": plain, "almost sure": [(w, x, b + 35 * np.eye(4)[0]) for w, x, b in plain]}


def gradients(w: Any, x: Any, b: Any) -> tuple[Any, ...]:
    """Give dW, dx, db and the loss."""
    rows, inputs = exact(w), exact(x)
    weights = [mp.exp(mp.fdot(row, inputs) + s) for row, s in zip(rows, exact(b), strict=True)]
    dz = [e / mp.fsum(weights) for e in weights]
    dz[0] = -mp.fsum(dz[1:])
    back = [mp.fdot(column, dz) for column in zip(*rows, strict=True)]
    return [[d * v for v in inputs] for d in dz], back, dz, mp.log1p(mp.fsum(weights[1:]) / weights[0])


def truth(k: int) -> Any:
    return lambda w, x, b: gradients(w, x, b)[k]


def ours(name: str) -> Any:
    return lambda w, x, b: getattr(autodiff.backprop(w, x, b, 0), name)


def numpys(w: Any, x: Any, b: Any) -> tuple[Any, ...]:
    z = w @ x + b
    weights = np.exp(z - z.max())
    dz = weights / weights.sum() - np.eye(len(z))[0]
    return np.outer(dz, x), w.T @ dz, dz, -np.log(weights[0] / weights.sum())


def loss(w: Any, x: Any, b: Any) -> Any:
    return functional.cross_entropy(
        functional.linear(x, w, b)[None], functional.one_hot(_first(w), len(b)).to(w)
    )


def torchs(w: Any, x: Any, b: Any) -> tuple[Any, ...]:
    return *slopes(loss)(w, x, b), tensors(loss)(w, x, b)


def _first(w: Any) -> Any:
    return w.new_zeros(1).long()


def cases(rng: np.random.Generator) -> list[Case]:
    """List the cases: W's by each entry, x's, which may cancel, by the largest."""
    found = []
    for k, (name, measure) in enumerate({"dW": ulps, "dx": of_largest, "db": ulps, "loss": ulps}.items()):
        found += over(
            kinds(rng),
            "backprop",
            truth(k),
            ours(name),
            what=f"{name} of a softmax layer",
            measure=measure,
            numpy=lambda w, x, b, k=k: numpys(w, x, b)[k],
            torch=lambda w, x, b, k=k: torchs(w, x, b)[k],
        )
    return found
