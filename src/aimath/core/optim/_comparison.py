"""Optimisers side by side on one function, from one start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.core.numerics.arrays import Check
from aimath.core.optim._rules import OPTIMIZERS
from aimath.core.optim._runs import descend
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimath.core.calculus import Function
    from aimath.core.numerics.types import Array
    from aimath.core.optim._runs import Trajectory


class Paths(NamedTuple):
    """The descents that raced."""

    paths: tuple[Trajectory, ...]


class Race(NamedTuple):
    """How far each optimiser came."""

    optimizer: Any  # (k,) names
    steps: Any  # (k,) updates made
    loss: Array  # (k,) at the end
    norm: Array  # (k,) length of the gradient there
    point: Array  # (k, n) where each ended
    status: Any  # (k,) a word each
    source: Paths

    @property
    def why(self) -> Any:
        """(k,) the status in a sentence."""
        return np.array([path.why for path in self.source.paths])

    @property
    def winner(self) -> str:
        """Who came lowest."""
        return str(self.optimizer[int(np.argmin(self.loss))])

    @property
    def place(self) -> Any:
        """(k,) 1 for the lowest loss."""
        return np.array([1 + int((self.loss < loss).sum()) for loss in self.loss])

    def check(self) -> Check:
        """Recompute each last point by another route."""
        checks = [path.check() for path in self.source.paths]
        answer, other = (np.array([check[k] for check in checks]) for k in (0, 1))
        return Check(answer, other, np.array([[check.size] for check in checks]))


def race(
    objective: Function,
    start: Sequence[float],
    optimizers: Sequence[str] = tuple(OPTIMIZERS),
    *,
    lr: float = 0.1,
    steps: int = 20,
    schedule: str = "constant",
    until: float | None = None,
) -> Race:
    """Let optimisers walk down from one start, at one learning rate, with torch's defaults otherwise.

    >>> from aimath.core.calculus import function
    >>> race(function("(w-3)^2"), [10.0], ["gd", "adam"]).place.tolist()
    [1, 2]
    """
    if not optimizers:
        raise InputError("a race needs at least one optimizer", operand="optimizers")
    paths = tuple(
        descend(objective, start, name, lr=lr, steps=steps, schedule=schedule, until=until)
        for name in optimizers
    )
    return Race(
        optimizer=np.array(list(optimizers)),
        steps=np.array([path.step[-1] for path in paths]),
        loss=np.array([path.loss[-1] for path in paths]),
        norm=np.array([path.norm[-1] for path in paths]),
        point=np.array([path.point[-1] for path in paths]),
        status=np.array([path.status for path in paths]),
        source=Paths(paths),
    )
