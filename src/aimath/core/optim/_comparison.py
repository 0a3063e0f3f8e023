"""Comparison of optimisers on one function."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aimath.core.numerics.arrays import Check
from aimath.core.optim._rules import OPTIMIZERS
from aimath.core.optim._runs import minimize
from aimath.core.optim._start import VALLEY, resolve_start
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike

    from aimath.core.calculus import Data, Function
    from aimath.core.numerics.axes import RowPoints, Rows, RowScalars
    from aimath.core.optim._runs import Trajectory


class Trajectories(NamedTuple):
    """The trajectories that are compared."""

    paths: tuple[Trajectory, ...]


class Comparison(NamedTuple):
    """The final state of each optimiser."""

    optimizer: Rows  # names
    steps: Rows  # updates made
    loss: RowScalars  # at the end
    norm: RowScalars  # length of the gradient there
    point: RowPoints  # where each ended
    status: Rows  # a word each
    source: Trajectories

    @property
    def why(self) -> Rows:
        """The status in a sentence."""
        return np.array([path.why for path in self.source.paths])

    @property
    def winner(self) -> str:
        """Who came lowest."""
        return str(self.optimizer[int(np.argmin(self.loss))])

    @property
    def place(self) -> Rows:
        """1 for the lowest loss."""
        return np.array([1 + int((self.loss < loss).sum()) for loss in self.loss])

    def check(self) -> Check:
        """Return each last point beside that by another route."""
        checks = [path.check() for path in self.source.paths]
        answer, other = (np.array([check[k] for check in checks]) for k in (0, 1))
        return Check(answer, other, np.array([[check.scale] for check in checks]))


def race(
    function: str | Function = VALLEY,
    start: Mapping[str, float] | Sequence[float] | None = None,
    *,
    optimizers: Sequence[str] = tuple(OPTIMIZERS),
    lr: float = 0.1,
    steps: int = 20,
    until: float | None = None,
    schedule: str = "constant",
    data: Mapping[str, ArrayLike] | Data | None = None,
    batch: int | None = None,
    seed: int = 0,
    **point: float,
) -> Comparison:
    """Return where each optimiser ends from one start, at one learning rate, with torch's defaults.

    By default in a valley, from x = 2 and y = .5.

    >>> race("(w-3)^2", w=10, optimizers=["gd", "adam"]).place.tolist()
    [1, 2]
    >>> race(optimizers=["gd", "momentum", "nesterov", "adam"]).winner
    'adam'
    """
    if not optimizers:
        raise InputError("a race needs at least one optimizer", operand="optimizers")
    f, begin = resolve_start(function, start, point, data)
    options = {"lr": lr, "steps": steps, "schedule": schedule, "until": until, "batch": batch, "seed": seed}
    paths = tuple(minimize(f, begin, name, **options) for name in optimizers)
    return Comparison(
        optimizer=np.array(list(optimizers)),
        steps=np.array([path.step[-1] for path in paths]),
        loss=np.array([path.loss[-1] for path in paths]),
        norm=np.array([path.norm[-1] for path in paths]),
        point=np.array([path.point[-1] for path in paths]),
        status=np.array([path.status for path in paths]),
        source=Trajectories(paths),
    )
