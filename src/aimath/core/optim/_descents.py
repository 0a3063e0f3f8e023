"""The optimisers as functions: each walks down a formula and gives its trajectory.

All take a formula and a start (a value by each variable's name, or `start`, which takes what is named like a
parameter and coordinates in order), and options by their names at the command line: learning rate, steps, a
gradient's norm to stop at, a schedule with its own options, then the optimiser's. Over `data`, columns by
name, a formula's mean(...) and sum(...) go over all rows, or at each step over the next `batch` of them,
in an order drawn by `seed` for each epoch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aimath.core.optim._runs import minimize
from aimath.core.optim._start import DEFAULT_FUNCTION, resolve_start

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike

    from aimath.core.calculus import Data, Function
    from aimath.core.optim._runs import Trajectory

    Start = Mapping[str, float] | Sequence[float] | None
    Table = Mapping[str, ArrayLike] | Data | None


def gd(
    function: str | Function = DEFAULT_FUNCTION,
    start: Start = None,
    *,
    data: Table = None,
    batch: ArrayLike | None = None,
    seed: int = 0,
    lr: ArrayLike = 0.1,
    steps: ArrayLike = 20,
    until: ArrayLike | None = None,
    schedule: str = "constant",
    gamma: ArrayLike | None = None,
    step_size: ArrayLike = 10,
    min_lr: ArrayLike = 0.0,
    warmup: ArrayLike | None = None,
    power: ArrayLike = 1.0,
    init_lr: ArrayLike = 0.0,
    weight_decay: ArrayLike = 0.0,
    **point: float,
) -> Trajectory:
    """Return the trajectory of a minimisation by gradient descent.

    w <- w - lr * gradient. Cauchy (1847).

    >>> gd("(w-3)^2", w=10, lr=0.1, steps=2).point[:, 0].round(12)
    array([10.  ,  8.6 ,  7.48])
    >>> gd("mean((w*x - y)^2)", data={"x": [1, 2], "y": [2, 4]}, w=0, lr=0.1, steps=2).point[:, 0].round(12)
    array([0. , 1. , 1.5])
    """
    return _descend("gd", **locals())


def momentum(
    function: str | Function = DEFAULT_FUNCTION,
    start: Start = None,
    *,
    data: Table = None,
    batch: ArrayLike | None = None,
    seed: int = 0,
    lr: ArrayLike = 0.1,
    steps: ArrayLike = 20,
    until: ArrayLike | None = None,
    schedule: str = "constant",
    gamma: ArrayLike | None = None,
    step_size: ArrayLike = 10,
    min_lr: ArrayLike = 0.0,
    warmup: ArrayLike | None = None,
    power: ArrayLike = 1.0,
    init_lr: ArrayLike = 0.0,
    momentum: ArrayLike = 0.9,
    dampening: ArrayLike = 0.0,
    weight_decay: ArrayLike = 0.0,
    **point: float,
) -> Trajectory:
    """Return the trajectory of a minimisation by gradient descent with momentum.

    buffer <- momentum * buffer + gradient; w <- w - lr * buffer, as torch's SGD. Polyak (1964).
    """
    return _descend("momentum", **locals())


def nesterov(
    function: str | Function = DEFAULT_FUNCTION,
    start: Start = None,
    *,
    data: Table = None,
    batch: ArrayLike | None = None,
    seed: int = 0,
    lr: ArrayLike = 0.1,
    steps: ArrayLike = 20,
    until: ArrayLike | None = None,
    schedule: str = "constant",
    gamma: ArrayLike | None = None,
    step_size: ArrayLike = 10,
    min_lr: ArrayLike = 0.0,
    warmup: ArrayLike | None = None,
    power: ArrayLike = 1.0,
    init_lr: ArrayLike = 0.0,
    momentum: ArrayLike = 0.9,
    weight_decay: ArrayLike = 0.0,
    **point: float,
) -> Trajectory:
    """Return the trajectory of a minimisation by gradient descent with Nesterov's momentum.

    buffer <- momentum * buffer + gradient; w <- w - lr * (gradient + momentum * buffer). Nesterov (1983).
    """
    return _descend("nesterov", **locals())


def rmsprop(
    function: str | Function = DEFAULT_FUNCTION,
    start: Start = None,
    *,
    data: Table = None,
    batch: ArrayLike | None = None,
    seed: int = 0,
    lr: ArrayLike = 0.1,
    steps: ArrayLike = 20,
    until: ArrayLike | None = None,
    schedule: str = "constant",
    gamma: ArrayLike | None = None,
    step_size: ArrayLike = 10,
    min_lr: ArrayLike = 0.0,
    warmup: ArrayLike | None = None,
    power: ArrayLike = 1.0,
    init_lr: ArrayLike = 0.0,
    alpha: ArrayLike = 0.99,
    eps: ArrayLike = 1e-8,
    centered: bool = False,
    momentum: ArrayLike = 0.0,
    weight_decay: ArrayLike = 0.0,
    **point: float,
) -> Trajectory:
    """Return the trajectory of a minimisation by RMSprop.

    w <- w - lr * gradient / (sqrt(mean square) + eps): eps outside the root, as in torch. Hinton (2012).
    """
    return _descend("rmsprop", **locals())


def adam(
    function: str | Function = DEFAULT_FUNCTION,
    start: Start = None,
    *,
    data: Table = None,
    batch: ArrayLike | None = None,
    seed: int = 0,
    lr: ArrayLike = 0.1,
    steps: ArrayLike = 20,
    until: ArrayLike | None = None,
    schedule: str = "constant",
    gamma: ArrayLike | None = None,
    step_size: ArrayLike = 10,
    min_lr: ArrayLike = 0.0,
    warmup: ArrayLike | None = None,
    power: ArrayLike = 1.0,
    init_lr: ArrayLike = 0.0,
    beta1: ArrayLike = 0.9,
    beta2: ArrayLike = 0.999,
    eps: ArrayLike = 1e-8,
    weight_decay: ArrayLike = 0.0,
    amsgrad: bool = False,
    **point: float,
) -> Trajectory:
    """Return the trajectory of a minimisation by Adam.

    w <- w - lr * m_hat / (sqrt(v_hat) + eps), as in torch. Kingma and Ba (2015).
    """
    return _descend("adam", **locals())


def adamw(
    function: str | Function = DEFAULT_FUNCTION,
    start: Start = None,
    *,
    data: Table = None,
    batch: ArrayLike | None = None,
    seed: int = 0,
    lr: ArrayLike = 0.1,
    steps: ArrayLike = 20,
    until: ArrayLike | None = None,
    schedule: str = "constant",
    gamma: ArrayLike | None = None,
    step_size: ArrayLike = 10,
    min_lr: ArrayLike = 0.0,
    warmup: ArrayLike | None = None,
    power: ArrayLike = 1.0,
    init_lr: ArrayLike = 0.0,
    beta1: ArrayLike = 0.9,
    beta2: ArrayLike = 0.999,
    eps: ArrayLike = 1e-8,
    weight_decay: ArrayLike = 0.01,
    amsgrad: bool = False,
    **point: float,
) -> Trajectory:
    """Return the trajectory of a minimisation by Adam with decoupled weight decay.

    w <- w - lr * weight_decay * w, then as Adam. Loshchilov and Hutter (2019).
    """
    return _descend("adamw", **locals())


SCHEDULE_OPTIONS = ("gamma", "step_size", "min_lr", "warmup", "power", "init_lr")


def _descend(rule: str, *, function: Any, start: Any, point: Any, data: Any, **options: Any) -> Trajectory:
    """Return the trajectory of an optimiser; options of a schedule that are None aren't given."""
    plan = {name: options.pop(name) for name in SCHEDULE_OPTIONS}
    given = {name: value for name, value in plan.items() if value is not None}
    f, begin = resolve_start(function, start, point, data)
    return minimize(f, begin, rule, schedule_options=given, **options)
