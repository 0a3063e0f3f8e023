"""An optimiser for arrays of many parameters, such as those of a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from aimath.core.bounds import positive_rate
from aimath.core.optimizers import ARRAYS
from aimath.errors import InputError

if TYPE_CHECKING:
    from aimath.core.arrays import Array
    from aimath.core.optimizers import Rule

BLOCK = 32_768
"""Parameters worked on at a time: what a step needs of them stays in the cache."""


class Stepper:
    """Moves a large array of parameters in place, a step at a time, as torch.optim does.

    >>> from aimath.core.optimizers import adam
    >>> parameters = np.array([10.0, -4.0])
    >>> stepper = Stepper(adam(), parameters, lr=0.1)
    >>> stepper.step(2.0 * (parameters - 3.0))
    >>> parameters.round(6)
    array([ 9.9, -3.9])
    """

    def __init__(self, rule: Rule, parameters: Array, lr: float) -> None:
        if not parameters.flags.c_contiguous:  # a view of it by blocks would be a copy
            raise InputError("the parameters are not contiguous in memory", operand="parameters")
        self.rule, self.lr, self.t = rule, positive_rate(lr), 0
        self.parameters = parameters
        self._update = rule.make(ARRAYS)
        starts = range(0, parameters.size, BLOCK)
        self._parts = [slice(first, first + BLOCK) for first in starts]
        # By block, so that a new memory takes the place of the old one and none is copied.
        sizes = (min(BLOCK, parameters.size - first) for first in starts)
        self._memories: list[tuple[Array, ...]] = [tuple(np.zeros(n) for _ in rule.remembers) for n in sizes]

    @property
    def memory(self) -> dict[str, Array]:
        """What the rule remembers, each of the parameters' shape."""
        kept = zip(*self._memories, strict=True)
        shaped = (np.concatenate(blocks).reshape(self.parameters.shape) for blocks in kept)
        return dict(zip(self.rule.remembers, shaped, strict=True))

    def step(self, gradient: Array) -> None:
        """Move by one gradient, of the parameters' shape."""
        if gradient.shape != self.parameters.shape:
            why = f"the gradient has shape {gradient.shape}, the parameters {self.parameters.shape}"
            raise InputError(why, operand="gradient")
        self.t += 1
        flat, slopes = self.parameters.reshape(-1), gradient.reshape(-1)
        for k, part in enumerate(self._parts):
            flat[part], self._memories[k] = self._update(
                flat[part], slopes[part], self._memories[k], self.t, self.lr
            )
