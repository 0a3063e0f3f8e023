"""Optimisers: where they are after some steps, against the same rule on the same doubles in 50 digits."""

from __future__ import annotations

from typing import Any

import mpmath as mp
import numpy as np
from tests.benchmarks.digits.case import Case, exact, over
from tests.benchmarks.digits.peers import torch

from aimath.core import optim as optimize
from aimath.core.calculus import parse_function

LR = {"gd": 0.1, "momentum": 0.02, "nesterov": 0.02, "rmsprop": 0.01, "adam": 0.1, "adamw": 0.1}
FORMULA = "(x-3)^2 + 2*(y+1)^2"
STARTS = [(-2.0, 2.0), (10.0, -4.0), (0.3, 0.7), (4.5, 100.0), (1e-3, -7.7)]
STEPS = (1, 10, 100)


def gd(w: Any, g: Any, m: Any, _t: int, lr: Any) -> Any:
    return w - lr * g, m


def momentum(w: Any, g: Any, m: Any, _t: int, lr: Any) -> Any:
    buffer = exact(0.9) * m[0] + g
    return w - lr * buffer, (buffer, 0)


def nesterov(w: Any, g: Any, m: Any, _t: int, lr: Any) -> Any:
    buffer = exact(0.9) * m[0] + g
    return w - lr * (g + exact(0.9) * buffer), (buffer, 0)


def rmsprop(w: Any, g: Any, m: Any, _t: int, lr: Any) -> Any:
    v = exact(0.99) * m[1] + (1 - exact(0.99)) * g * g
    return w - lr * g / (mp.sqrt(v) + exact(1e-8)), (0, v)


def adam(w: Any, g: Any, m: Any, t: int, lr: Any) -> Any:
    b, c = exact(0.9), exact(0.999)
    u, v = b * m[0] + (1 - b) * g, c * m[1] + (1 - c) * g * g
    return w - lr * u / (1 - b**t) / (mp.sqrt(v / (1 - c**t)) + exact(1e-8)), (u, v)


def adamw(w: Any, g: Any, m: Any, t: int, lr: Any) -> Any:
    return adam(w * (1 - lr * exact(0.01)), g, m, t, lr)


RULES = {
    "gd": gd,
    "momentum": momentum,
    "nesterov": nesterov,
    "rmsprop": rmsprop,
    "adam": adam,
    "adamw": adamw,
}


def walked(name: str, start: tuple[float, ...], lr: float, steps: int) -> Any:
    """Walk down (x - 3)² + 2 (y + 1)²."""
    point, memories = exact(start), [(0, 0), (0, 0)]
    for t in range(1, steps + 1):
        for k, g in enumerate((2 * (point[0] - 3), 4 * (point[1] + 1))):
            point[k], memories[k] = RULES[name](point[k], g, memories[k], t, exact(lr))
    return point


def peer(name: str, start: tuple[float, ...], lr: float, steps: int) -> Any:
    """Give torch's point."""
    made = {
        "gd": lambda p: torch.optim.SGD(p, lr),
        "momentum": lambda p: torch.optim.SGD(p, lr, momentum=0.9),
        "nesterov": lambda p: torch.optim.SGD(p, lr, momentum=0.9, nesterov=True),
        "rmsprop": lambda p: torch.optim.RMSprop(p, lr),
        "adam": lambda p: torch.optim.Adam(p, lr),
        "adamw": lambda p: torch.optim.AdamW(p, lr),
    }
    point = torch.asarray(np.array(start), requires_grad=True)
    optimizer = made[name]([point])
    for _ in range(steps):
        optimizer.zero_grad()
        ((point[0] - 3) ** 2 + 2 * (point[1] + 1) ** 2).backward()
        optimizer.step()
    return point


def descents(name: str) -> list[Case]:
    f = parse_function(FORMULA)
    kinds = {f"{steps} step{'s' * (steps > 1)}": [(start, steps) for start in STARTS] for steps in STEPS}
    lr = LR[name]
    return over(
        kinds,
        name,
        lambda start, steps: walked(name, start, lr, steps),
        lambda start, steps: optimize.minimize(f, start, name, lr=lr, steps=steps).point[-1],
        options=("lr",),
        torch=lambda start, steps: peer(name, start, lr, steps),
    )


def race() -> list[Case]:
    """Compare the losses at the end."""
    names, f = tuple(RULES), parse_function(FORMULA)

    def loss(point: Any) -> Any:
        return (point[0] - 3) ** 2 + 2 * (point[1] + 1) ** 2

    return over(
        {"20 steps": [(start,) for start in STARTS]},
        "race",
        lambda start: [loss(walked(name, start, 0.02, 20)) for name in names],
        lambda start: optimize.race(f, start, optimizers=names, lr=0.02, steps=20).loss,
        what="losses",
        options=("lr",),
        torch=lambda start: [loss(peer(name, start, 0.02, 20)) for name in names],
    )


def cases(_: Any) -> list[Case]:
    """List the cases."""
    return [*(case for name in RULES for case in descents(name)), *race()]
