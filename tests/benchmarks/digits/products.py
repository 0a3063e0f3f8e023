"""Sums of products: dot, neuron, layer, matmul and transpose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mpmath as mp
import numpy as np
from tests.benchmarks.digits.case import Case, exact, over
from tests.benchmarks.digits.peers import functional, special, tensors, torch

from aimath.core import linalg as linear

if TYPE_CHECKING:
    from collections.abc import Callable

SAMPLES = 100

ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "none": lambda z: z,
    "relu": lambda z: max(z, mp.mpf(0)),
    "tanh": mp.tanh,
    "sigmoid": lambda z: 1 / (1 + mp.exp(-z)),
    "gelu": lambda z: z * mp.ncdf(z),
}
SCIPY = {"sigmoid": special.expit, "gelu": lambda z: z * special.ndtr(z)}
NUMPY: dict[str, Callable[[Any], Any]] = {
    "none": lambda z: z,
    "relu": lambda z: np.maximum(z, 0),
    "tanh": np.tanh,
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
}
TORCH = {
    "none": lambda z: z,
    "relu": torch.relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "gelu": functional.gelu,
}


def cancelling(rng: np.random.Generator) -> tuple[Any, Any]:
    """Give vectors whose products add up to almost nothing."""
    a, b = rng.normal(size=(2, 20))
    b[-1] = -(a[:-1] @ b[:-1]) / a[-1]
    return a, b


def totalling(rng: np.random.Generator, total: float) -> tuple[Any, Any, float]:
    """Give weights, inputs and a bias whose sum is about `total`."""
    w, x = rng.normal(size=(2, 8))
    return w, x, float(total - w @ x)


def dots(rng: np.random.Generator) -> list[Case]:
    kinds = {
        "N(0, 1)": [tuple(rng.normal(size=(2, n))) for n in rng.integers(2, 100, SAMPLES)],
        "cancelling": [cancelling(rng) for _ in range(SAMPLES)],
    }
    return over(
        kinds,
        "dot",
        lambda a, b: mp.fdot(exact(a), exact(b)),
        lambda a, b: linear.dot(a, b).dot,
        numpy=np.dot,
        torch=tensors(torch.dot),
    )


def neurons(rng: np.random.Generator, activation: str) -> list[Case]:
    """Compare one activation where it bends, and in its tails."""
    kinds = {
        "N(0, 1)": [(*rng.normal(size=(2, 8)), float(rng.normal())) for _ in range(SAMPLES)],
        "sums -36 .. 36": [totalling(rng, z) for z in rng.uniform(-36, 36, SAMPLES)],
    }
    peers: dict[str, Callable[..., Any]] = {}
    if activation in NUMPY:
        peers["numpy"] = lambda w, x, b: NUMPY[activation](w @ x + b)
    if activation in SCIPY:
        peers["scipy"] = lambda w, x, b: SCIPY[activation](w @ x + b)
    peers["torch"] = tensors(lambda w, x, b: TORCH[activation](functional.linear(x, w, b)))
    return over(
        kinds,
        "neuron",
        lambda w, x, b: ACTIVATIONS[activation](mp.fdot(exact(w), exact(x)) + exact(b)),
        lambda w, x, b: linear.neuron(w, x, b, activation).output,
        what=activation,
        options=("bias",),
        **peers,
    )


def layers(rng: np.random.Generator) -> list[Case]:
    kinds = {"N(0, 1)": [(rng.normal(size=(6, 9)), *rng.normal(size=(2, 9))) for _ in range(20)]}
    kinds = {kind: [(w, x, b[:6]) for w, x, b in operands] for kind, operands in kinds.items()}
    return over(
        kinds,
        "layer",
        lambda w, x, b: [
            mp.tanh(mp.fdot(row, exact(x)) + s) for row, s in zip(exact(w), exact(b), strict=True)
        ],
        lambda w, x, b: linear.layer(w, x, b, "tanh").output,
        what="tanh",
        numpy=lambda w, x, b: np.tanh(w @ x + b),
        torch=tensors(lambda w, x, b: torch.tanh(functional.linear(x, w, b))),
    )


def matrices(rng: np.random.Generator) -> list[Case]:
    pairs = [(rng.normal(size=(5, 12)), rng.normal(size=(12, 4))) for _ in range(20)]
    closing = [(np.vstack([a for a, _ in two]), two[0][1][:, None]) for two in
               ([cancelling(rng)] * 2 for _ in range(20))]  # fmt: skip
    products = over(
        {"N(0, 1)": pairs, "cancelling": closing},
        "matmul",
        lambda a, b: mp.matrix(exact(a)) * mp.matrix(exact(b)),
        lambda a, b: linear.matmul(a, b).product,
        numpy=np.matmul,
        torch=tensors(lambda a, b: a @ b),
    )
    turned = over(
        {"N(0, 1)": [(a,) for a, _ in pairs]},
        "transpose",
        lambda a: mp.matrix(exact(a)).T,
        lambda a: linear.transpose(a).transposed,
        numpy=np.transpose,
        torch=tensors(lambda a: a.T),
    )
    return products + turned


def cases(rng: np.random.Generator) -> list[Case]:
    """List the cases."""
    neural = [case for activation in ACTIVATIONS for case in neurons(rng, activation)]
    return [*dots(rng), *neural, *layers(rng), *matrices(rng)]
