"""Multilayer perceptrons that classify rows: the weights, the forward pass, and what is asked of them."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from aimath.core import nn
from aimath.errors import InputError
from aimath.training.gradient_run import Network, he_start
from aimath.training.interface import Samples

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimath.core.nn import Parameters, Tensor
    from aimath.core.numerics.types import Array, Indices
    from aimath.training.interface import Asked, Surprise


class Perceptron(Network):
    """Layers x W + b with an activation between them, as torch's Sequential names them: "0.weight", "2.bias".

    The last layer begins at 0, so that at first all classes are equally likely: the loss is ln(classes).
    """

    def __init__(
        self, sizes: Sequence[int], generator: np.random.Generator, activation: str = "relu"
    ) -> None:
        self.sizes, self.activation = tuple(sizes), activation
        last = len(sizes) - 2
        arrays: dict[str, Array] = {}
        for k, (inputs, outputs) in enumerate(pairwise(sizes)):
            start = he_start(generator, inputs, outputs) if k < last else np.zeros((inputs, outputs))
            arrays |= {f"{2 * k}.weight": start.T, f"{2 * k}.bias": np.zeros(outputs)}
        biases = [name for name in arrays if name.endswith("bias")]
        self.parameters = nn.Parameters(arrays, no_decay=biases)

    def layers(self, x: Any, parameters: Parameters | None = None) -> list[Any]:
        """Return what each layer gives of rows (n, inputs): activations, and last the logits."""
        p = self.parameters if parameters is None else parameters
        found = []
        for k in range(len(self.sizes) - 1):
            x = nn.linear(x, p[f"{2 * k}.weight"].T, p[f"{2 * k}.bias"])
            if k < len(self.sizes) - 2:
                x = nn.relu(x) if self.activation == "relu" else nn.tanh(x)
            found.append(x)
        return found

    def loss(self, x: Array, classes: Indices, parameters: Parameters | None = None) -> Tensor:
        """Return the mean cross-entropy of classes (n,) given rows (n, inputs), in nats."""
        loss: Tensor = nn.cross_entropy_loss(self.layers(x, parameters)[-1], classes)
        return loss

    def logits(self, x: Array) -> Array:
        """Return the logits (n, classes) of rows (n, inputs)."""
        return np.asarray(self.layers(x)[-1].value)

    def accuracy(self, x: Array, classes: Indices) -> float:
        """Return the share of rows (n, inputs) whose likeliest class is theirs."""
        return float((self.logits(x).argmax(axis=-1) == classes).mean())

    def samples(self, _asked: Asked) -> Samples:
        """Return nothing: a classifier makes no samples."""
        return Samples()

    def surprise(self, _text: str) -> Surprise:
        """Raise InputError: a classifier has no texts."""
        raise InputError("this model classifies images or points, and has no texts", usage=True)


def cross_entropy_rows(logits: Array, classes: Indices) -> Array:
    """Return -ln softmax(logits)_k of rows (..., n) and classes k (...)."""
    largest = logits.max(axis=-1)
    total = np.exp(logits - largest[..., np.newaxis]).sum(axis=-1)
    right = np.take_along_axis(logits, classes[..., np.newaxis], axis=-1)[..., 0]
    return np.asarray(np.log(total) + largest - right)
