"""Optimizers of networks, in place on the flat vectors of Parameters.

Each has `step(lr)`, which reads the gradient that the last backward left, and `state()` and `load(state)`,
with which a run goes on bit for bit. `core.optim` has the same rules with more digits, for descents.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from aimath.core.nn._parameters import Parameters
    from aimath.core.numerics.types import FloatArray

BLOCK = 3 << 13
"""Weights worked on at a time: what a step needs of them stays in the cache."""
NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
"""Of Muon's a X + b (X Xᵀ) X + c (X Xᵀ)² X, which drives singular values from 0 .. 1 to near 1."""


class Optimizer:
    """What all have: the parameters, the number of steps, and named vectors that are remembered."""

    remembered: tuple[str, ...] = ()

    def __init__(self, parameters: Parameters, weight_decay: float = 0.0) -> None:
        if not 0.0 <= weight_decay < math.inf:
            why = f"weight_decay must be at least 0 and finite, not {weight_decay:g}"
            raise InputError(why, operand="weight_decay")
        self.parameters, self.weight_decay, self.steps = parameters, weight_decay, 0
        self.memory = {name: np.zeros_like(parameters.values) for name in self.remembered}

    def step(self, lr: float) -> None:
        """Update the weights in place by the gradient that the last backward left."""
        if not lr >= 0.0:
            raise InputError(f"a learning rate must be at least 0, not {lr:g}", operand="lr")
        lr = float(lr)  # a number of numpy's would make float64 of float32
        self.steps += 1
        self._decay(lr)
        self._update(lr)

    def _decay(self, lr: float) -> None:
        """Shrink the weights by lr · weight_decay of them, beside the loss (Loshchilov and Hutter 2019)."""
        if self.weight_decay:
            for part in self.parameters.slices(set(self.parameters) - self.parameters.no_decay):
                self.parameters.values[part] *= 1.0 - lr * self.weight_decay

    def _update(self, lr: float) -> None:
        raise NotImplementedError

    def state(self) -> dict[str, FloatArray]:
        """Return copies of what is remembered, by name, and the number of steps."""
        return {name: memory.copy() for name, memory in self.memory.items()} | {
            "steps": np.array(self.steps, np.float64)
        }

    def load(self, state: Mapping[str, FloatArray]) -> None:
        """Go on from what `state` returned, or raise an InputError if it isn't of this kind and size."""
        wanted = {**self.memory, "steps": np.array(0.0)}
        for name, memory in wanted.items():
            if name not in state or np.shape(state[name]) != memory.shape:
                raise InputError(
                    f"this isn't the state of such an optimizer: {name} is missing or of another size"
                )
        for name, memory in self.memory.items():
            memory[...] = state[name]
        self.steps = int(state["steps"])


class SGD(Optimizer):
    """w <- w - lr · g.

    >>> from aimath.core.nn._parameters import Parameters
    >>> parameters = Parameters({"w": [1.0]})
    >>> (parameters["w"] ** 2).sum().backward()
    >>> SGD(parameters).step(0.1)
    >>> parameters.values
    array([0.8])
    """

    def _update(self, lr: float) -> None:
        self.parameters.values -= lr * self.parameters.gradient


class Momentum(Optimizer):
    """m <- beta · m + g; w <- w - lr · m, as torch has it; with `nesterov` w <- w - lr (g + beta · m).

    Polyak (1964); Sutskever et al. (2013).
    """

    remembered = ("m",)

    def __init__(
        self, parameters: Parameters, beta: float = 0.9, weight_decay: float = 0.0, *, nesterov: bool = False
    ) -> None:
        super().__init__(parameters, weight_decay)
        self.beta, self.nesterov = _check_beta("beta", beta), nesterov

    def _update(self, lr: float) -> None:
        m, g = self.memory["m"], self.parameters.gradient
        m *= self.beta
        m += g
        self.parameters.values -= lr * (g + self.beta * m if self.nesterov else m)


class Adam(Optimizer):
    """m <- beta1 m + (1 - beta1) g; v <- beta2 v + (1 - beta2) g²; w <- w - lr m̂ / (√v̂ + eps).

    m̂ = m / (1 - beta1^t) and v̂ = v / (1 - beta2^t) undo that m and v began with 0. Remembered are the sums
    M = beta1 M + g and V = beta2 V + g², which `m` and `v` are (1 - beta) of: two passes over the weights
    less. Weight decay, if any, is AdamW's, and leaves the names of `no_decay` alone. Kingma and Ba (2015).

    >>> from aimath.core.nn._parameters import Parameters
    >>> parameters = Parameters({"w": [10.0]})
    >>> (parameters["w"] ** 2).sum().backward()
    >>> adam = Adam(parameters)
    >>> adam.step(0.1)
    >>> parameters.values.round(6), adam.m.round(6), adam.v.round(6)
    (array([9.9]), array([2.]), array([0.4]))
    """

    remembered = ("gradients", "squares")

    def __init__(
        self,
        parameters: Parameters,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, weight_decay)
        self.beta1, self.beta2, self.eps = _check_beta("beta1", beta1), _check_beta("beta2", beta2), eps
        self.names: Collection[str] = list(parameters)

    @property
    def m(self) -> FloatArray:
        """The mean of the gradients of late, not yet divided by 1 - beta1^t."""
        return np.asarray((1.0 - self.beta1) * self.memory["gradients"])

    @property
    def v(self) -> FloatArray:
        """The mean of their squares, not yet divided by 1 - beta2^t."""
        return np.asarray((1.0 - self.beta2) * self.memory["squares"])

    def _update(self, lr: float) -> None:
        root = math.sqrt((1.0 - self.beta2) / (1.0 - self.beta2**self.steps))  # √v̂ = root · √V
        rate = lr * (1.0 - self.beta1) / (1.0 - self.beta1**self.steps) / root
        vectors = (self.parameters.values, self.parameters.gradient, *self.memory.values())
        room = np.empty(min(BLOCK, len(vectors[0])), vectors[0].dtype)
        for part in _blocks(self.parameters.slices(self.names)):
            w, g, m, v = (vector[part] for vector in vectors)
            a = room[: len(w)]
            m *= self.beta1
            m += g
            v *= self.beta2
            v += np.multiply(g, g, out=a)
            np.sqrt(v, out=a)
            a += self.eps / root
            np.divide(m, a, out=a)
            a *= rate
            w -= a


class AdamW(Adam):
    """Adam with decoupled weight decay, .01 as in torch: w <- (1 - lr · weight_decay) w, then Adam's step."""

    def __init__(
        self,
        parameters: Parameters,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(parameters, beta1, beta2, eps, weight_decay)


class Muon(Adam):
    """Momentum whose step is made orthogonal for each matrix of `matrices`; Adam for the rest.

    m <- beta · m + g, n = g + beta · m as Nesterov has it, and w <- w - lr · s · O(n): O drives all singular
    values of n toward 1 by five steps of Newton and Schulz, and s = √max(1, outputs / inputs) of a matrix
    (inputs, outputs). `step(lr, adam_lr)` has a rate for each. Jordan et al. (2024).
    """

    def __init__(
        self,
        parameters: Parameters,
        matrices: Collection[str],
        beta: float = 0.95,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, beta1, beta2, eps, weight_decay)
        for name in matrices:
            if name not in parameters or parameters[name].ndim != 2:
                raise InputError(f"Muon is for matrices, and {name} isn't one of the parameters")
        self.beta = _check_beta("beta", beta)
        self.matrices = [name for name in parameters if name in matrices]
        self.names = [name for name in parameters if name not in matrices]
        self.adam_lr: float | None = None

    def step(self, lr: float, adam_lr: float | None = None) -> None:
        """Update the matrices at the rate lr, the rest at adam_lr, which is lr unless told."""
        self.adam_lr = None if adam_lr is None else float(adam_lr)
        super().step(lr)

    def _update(self, lr: float) -> None:
        super()._update(lr if self.adam_lr is None else self.adam_lr)
        for name in self.matrices:
            (here,) = self.parameters.slices([name])
            w = self.parameters[name].value
            m = self.memory["gradients"][here].reshape(w.shape)
            g = self.parameters.gradient[here].reshape(w.shape)
            m *= self.beta
            m += g
            w -= lr * math.sqrt(max(1.0, w.shape[1] / w.shape[0])) * orthogonalize(g + self.beta * m)


def orthogonalize(matrix: FloatArray, steps: int = 5) -> FloatArray:
    """Return a matrix (m, n) with its singular vectors and singular values near 1 (about .7 to 1.2).

    X = matrix / ‖matrix‖, then `steps` times X <- a X + (b A + c A²) X, A = X Xᵀ, (a, b, c) =
    (3.4445, -4.7750, 2.0315). Jordan et al. (2024), by an iteration of Newton and Schulz.

    >>> bool(np.abs(np.linalg.svd(orthogonalize(np.diag([3.0, 1.0, 2.0])))[1] - 1.0).max() < 0.35)
    True
    """
    a, b, c = NEWTON_SCHULZ
    x = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    x = x / (np.linalg.norm(x) + 1e-7)
    for _ in range(steps):
        square = x @ x.T
        x = a * x + (b * square + c * (square @ square)) @ x
    return np.asarray(x if matrix.shape[0] <= matrix.shape[1] else x.T)


def _blocks(slices: list[slice]) -> Iterator[slice]:
    """Return the slices in pieces of at most BLOCK."""
    for whole in slices:
        for first in range(whole.start, whole.stop, BLOCK):
            yield slice(first, min(first + BLOCK, whole.stop))


def _check_beta(name: str, beta: float) -> float:
    if not 0.0 <= beta < 1.0:
        raise InputError(f"{name} must be at least 0 and below 1, not {beta:g}", operand=name)
    return beta
