"""Naive textbook formulas that break numerically, for demos alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.core import calculus as expression

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

EPSILON = 1e-9
"""What people add inside a logarithm, lest it be taken of 0."""


class NaiveFormula(NamedTuple):
    """A command line on which a naive formula breaks, the formula, and an explanation."""

    command_line: str
    quantity: str  # of the command's answer, which is right
    formula: str  # the textbook's
    compute: Callable[..., Any]  # of the answer's quantities that its parameters name
    explanation: str
    position: tuple[int, ...] = ()  # within the quantity
    trajectory_fields: tuple[str, ...] = ()  # of a walk: quantities that are wanted of all its steps


def softmax(logits: Array, temperature: float) -> Array:
    """Return exp(z / T) / sum exp(z / T), which overflows from z = 710 T on."""
    weights = np.exp(logits / temperature)
    return np.asarray(weights / weights.sum())


def cosine(a: Array, b: Array) -> float:
    """Return sum a b / sqrt(sum a^2 sum b^2), whose squares overflow or underflow."""
    return float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum()))


def uncentred_first_component(X: Array) -> Array:  # noqa: N803
    """Return the first eigenvector of X^T X / n, without centring."""
    vector = np.linalg.eigh(X.T @ X / len(X)).eigenvectors[:, -1]
    return np.asarray(vector * np.sign(vector[np.abs(vector).argmax()]))


def uncorrected_adam(
    function: str, point: Array, rate: Array, beta1: float, beta2: float, eps: float
) -> Array:
    """Return the points of Adam without bias correction."""
    f = expression.parse_function(function)
    m, v = np.zeros_like(point[0]), np.zeros_like(point[0])
    points = [point[0]]
    for lr in rate[1:]:
        g = np.array(f.gradient(points[-1].tolist()))
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        points.append(points[-1] - lr * m / (np.sqrt(v) + eps))
    return np.array(points)


def log_density(x: Array, mu: float, sigma: float) -> Array:
    """Return log(exp(-z^2/2) / (sigma sqrt(2 pi))), whose exponential underflows from z = 39 on."""
    density = np.exp(-(((x - mu) / sigma) ** 2) / 2) / (sigma * np.sqrt(2 * np.pi))
    return np.asarray(np.log(density))


def cross_entropy(p: Array, q: Array, base: float) -> float:
    """Return -sum p log(q + 1e-9), which is never infinite."""
    return float(-(p * np.log(q + EPSILON)).sum() / np.log(base))


def entropy(probs: Array, base: float) -> float:
    """Return -sum p log(p + 1e-9), which may be negative."""
    return float(-(probs * np.log(probs + EPSILON)).sum() / np.log(base))


def kl(p: Array, q: Array, base: float) -> float:
    """Return sum p log(p / (q + 1e-9)), which is not 0 for p = q and never infinite."""
    return float((p * np.log(p / (q + EPSILON))).sum() / np.log(base))


NAIVE: Mapping[str, NaiveFormula] = {
    "cosine": NaiveFormula(
        "aimath cosine 3e200,4e200 4e200,3e200", "cosine", "Σ a·b / √(Σ a² · Σ b²)", cosine,
        "The squares are beyond the largest float, about 1.8e308; scaled first, they are not.",
    ),
    "pca": NaiveFormula(
        "aimath pca '10 10; 11 9; 12 8; 9 11; 8 12.5' --components 1", "components",
        "first eigenvector of Xᵀ·X/n", uncentred_first_component,
        "The data spread along (1, -1); but they lie far from 0, and uncentred, that is all it sees.",
        (0,),
    ),
    "adam": NaiveFormula(
        "aimath adam --function '(w-3)^2' --start w=10 --lr .1 --steps 3", "point",
        "w ← w - lr·m/(√v + ε)", uncorrected_adam,
        "v starts at 0 and grows a thousandth at a time: its root is far too small at first. So the first "
        "step is (1 - β1)/√(1 - β2) = 3.16 times as long.",
        trajectory_fields=("point", "rate", "step"),
    ),
    "softmax": NaiveFormula(
        "aimath softmax 1000 1001 1002", "probs", "exp(z_i) / Σ exp(z_j)", softmax,
        "exp overflows from 710 on, and inf/inf is no number. With the largest logit taken off first "
        "no exponential is above 1, and the ratio is the same.",
    ),
    "gaussian": NaiveFormula(
        "aimath gaussian 1 10 40 --log", "log_density", "log(density)", log_density,
        "The density at 40 is smaller than the smallest float, so it is 0 and its logarithm -inf. "
        "Take the logarithm of the formula, not of its value.",
    ),
    "cross-entropy": NaiveFormula(
        "aimath cross-entropy 0,1 1,0", "cross_entropy", "-Σ p · log(q + 1e-9)", cross_entropy,
        "The loss of being sure and wrong has no bound; the epsilon makes one up, and spoils every other "
        "answer's last digits.",
    ),
    "entropy": NaiveFormula(
        "aimath entropy 1 0", "entropy", "-Σ p · log2(p + 1e-9)", entropy,
        "0 · log 0 is 0, as its limit is: nothing has to be added. With the epsilon an entropy can be "
        "negative, which none is.",
    ),
    "kl": NaiveFormula(
        "aimath kl .5,.5 1,0", "kl", "Σ p · log(p/(q + 1e-9))", kl,
        "Where q rules out what happens, the divergence is infinite; and of p and p it is 0. With the "
        "epsilon it is neither.",
    ),
}  # fmt: skip
