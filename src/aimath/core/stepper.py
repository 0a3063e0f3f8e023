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
        self.rule, self.lr, self.t = rule, positive_rate(lr), 0
        self.parameters = parameters
        self.memory = tuple(np.zeros_like(parameters) for _ in rule.remembers)
        self._update = rule.make(ARRAYS)

    def step(self, gradient: Array) -> None:
        """Move by one gradient, of the parameters' shape."""
        if gradient.shape != self.parameters.shape:
            why = f"the gradient has shape {gradient.shape}, the parameters {self.parameters.shape}"
            raise InputError(why, operand="gradient")
        self.t += 1
        flat, slopes = self.parameters.reshape(-1), gradient.reshape(-1)
        kept = [one.reshape(-1) for one in self.memory]
        for first in range(0, flat.size, BLOCK):
            part = slice(first, first + BLOCK)
            before = tuple(one[part] for one in kept)
            flat[part], after = self._update(flat[part], slopes[part], before, self.t, self.lr)
            for one, values in zip(kept, after, strict=True):
                one[part] = values
