"""What runs have in common that learn by gradients: steps, learning rates, and how they are resumed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Self

import numpy as np

from aimath.core import nn
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from aimath.core.nn import Parameters, Tensor
    from aimath.core.numerics.types import FloatArray, Indices
    from aimath.training.interface import Optimizer, Picture, Settings

OPTIMIZERS = ("sgd", "adam", "adamw")


class Network:
    """A model that is its parameters; `tokens` are those of its vocabulary, if it has one."""

    parameters: Parameters
    tokens: Sequence[str] = ()

    @property
    def tensors(self) -> Mapping[str, FloatArray]:
        """The weights and biases, as `parameters` has them."""
        return self.parameters.arrays()

    def loaded(self, tensors: Mapping[str, FloatArray]) -> Self:
        """Return this model with the weights of a checkpoint, or raise InputError if they aren't its own."""
        self.parameters.load(tensors)
        return self


class GradientRun:
    """A run whose step is a batch, its loss, its gradient, and an update.

    Who inherits draws a batch's loss in `batch_loss`, from `generator` alone.
    """

    def __init__(self, settings: Settings, parameters: Parameters, optimizer: Optimizer) -> None:
        self.settings, self.parameters, self.optimizer = settings, parameters, optimizer
        self.steps, self.done = int(settings["steps"]), 0
        self.generator = np.random.default_rng(int(settings["seed"]))

    @property
    def weights(self) -> int:
        """How many numbers are learned."""
        return len(self.parameters.values)

    @property
    def lr(self) -> float:
        """The learning rate of the next step: half a cosine, from the full rate down to 0."""
        return cosine_rate(float(self.settings["lr"]), self.done, self.steps)

    def batch_loss(self) -> Tensor:
        """Return the loss of a batch that is drawn."""
        raise NotImplementedError

    def step(self) -> float:
        """Take one optimisation step and return its loss, that of before the update."""
        loss = self.batch_loss()
        loss.backward(free=True)
        self.optimizer.step(self.lr)
        self.done += 1
        return float(loss.value)

    def figures(self) -> Mapping[str, float | str]:
        """Return the further columns of a logged row: none, unless who inherits has some."""
        return {}

    def pictures(self) -> Sequence[Picture]:
        """Return pictures of what was learned: none, unless who inherits has some."""
        return ()

    def load(self, tensors: Mapping[str, FloatArray], state: Mapping[str, FloatArray], done: int) -> None:
        """Go on from a checkpoint's weights, optimizer and number of steps."""
        self.parameters.load(tensors)
        self.optimizer.load(state)
        self.done = done


def cosine_rate(lr: float, done: int, steps: int) -> float:
    """Return lr · (1 + cos(π t / T)) / 2 after t of T steps.

    >>> cosine_rate(0.1, 0, 10), cosine_rate(0.1, 5, 10)
    (0.1, 0.05)
    """
    return lr * 0.5 * (1.0 + math.cos(math.pi * done / max(1, steps)))


def make_optimizer(name: str, parameters: Parameters, weight_decay: float = 0.0) -> Optimizer:
    """Return the optimizer of a name on parameters."""
    makers: dict[str, Callable[[], Optimizer]] = {
        "sgd": lambda: nn.SGD(parameters, weight_decay),
        "adam": lambda: nn.Adam(parameters, weight_decay=weight_decay),
        "adamw": lambda: nn.AdamW(parameters, weight_decay=weight_decay),
    }
    if name not in makers:
        hint = f"choose from {', '.join(makers)}"
        raise InputError(
            "{operand}: this run has no {name}", operand="optimizer", hint=hint, usage=True, name=name
        )
    return makers[name]()


def draw_rows(generator: np.random.Generator, count: int, rows: int) -> Indices:
    """Return `count` of so many rows, drawn one by one with replacement."""
    return (generator.random(count) * rows).astype(np.intp)


def he_start(generator: np.random.Generator, inputs: int, outputs: int) -> FloatArray:
    """Return a matrix (inputs, outputs) to begin with: normal with variance 2 / inputs (He et al. 2015)."""
    return math.sqrt(2.0 / inputs) * generator.standard_normal((inputs, outputs))


def copied(parameters: Parameters) -> Parameters:
    """Return the same parameters in float64, which change on their own."""
    arrays = {name: np.array(values, np.float64) for name, values in parameters.arrays().items()}
    return nn.Parameters(arrays, no_decay=parameters.no_decay)
