"""Where torch.optim goes in 100 steps, by every optimiser and schedule, in float64, thinned to a few steps."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.core.calculus import parse_function
from aimath.core.optim import minimize

if TYPE_CHECKING:
    from collections.abc import Callable

PEERS = ("torch",)

STEPS = 100
KEPT = [0, 1, 2, 3, 5, 10, 20, 50, 75, 100]
CLOSE = 1e-13  # of a point's length: where one coordinate nears 0, the other rounds what moves it


class Landscape(NamedTuple):
    """A function, for us and for torch, and rates at which nothing flies apart."""

    text: str
    theirs: Callable[..., Any]
    start: tuple[float, ...]
    slow: float  # for gradient descent and its kin
    fast: float  # for those that scale the gradient


LANDSCAPES = {
    "parabola": Landscape("(w-3)^2", lambda _, w: (w - 3) ** 2, (10.0,), 0.1, 0.1),
    "rosenbrock": Landscape(
        "(1-x)^2 + 100*(y-x^2)^2",
        lambda _, x, y: (1 - x) ** 2 + 100 * (y - x**2) ** 2,
        (-1.2, 1.0), 1e-3, 0.02,
    ),
    "beale": Landscape(
        "(1.5-x+x*y)^2 + (2.25-x+x*y^2)^2 + (2.625-x+x*y^3)^2",
        lambda _, x, y: (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2,
        (1.0, 1.0), 5e-3, 0.05,
    ),
    "log-sum-exp": Landscape(
        "log(exp(x+2*y) + exp(x-y) + exp(-2*x))",
        lambda t, x, y: t.log(t.exp(x + 2 * y) + t.exp(x - y) + t.exp(-2 * x)),
        (2.0, -1.5), 0.1, 0.05,
    ),
    "exponentials": Landscape(
        "exp(x+3*y-0.1) + exp(x-3*y-0.1) + exp(-x-0.1)",
        lambda t, x, y: t.exp(x + 3 * y - 0.1) + t.exp(x - 3 * y - 0.1) + t.exp(-x - 0.1),
        (-0.5, 0.4), 0.02, 0.02,
    ),
}  # fmt: skip


class Case(NamedTuple):
    """An optimiser and a schedule: our names and options, torch's names and options."""

    ours: str
    options: dict[str, Any]
    theirs: str
    their_options: dict[str, Any]
    schedule: str = "constant"


RULES = {
    "gd": Case("gd", {}, "SGD", {}),
    "momentum": Case("momentum", {}, "SGD", {"momentum": 0.9}),
    "nesterov": Case("nesterov", {}, "SGD", {"momentum": 0.9, "nesterov": True}),
    "rmsprop": Case("rmsprop", {}, "RMSprop", {}),
    "adam": Case("adam", {}, "Adam", {}),
    "adamw": Case("adamw", {}, "AdamW", {}),
}


def same(ours: str, theirs: str, **options: Any) -> Case:
    """Give a case whose options have the same names on both sides."""
    return Case(ours, options, theirs, options)


DAMPED = {"momentum": 0.8, "dampening": 0.3, "weight_decay": 0.01}
VARIANTS = {
    "gd with decay": same("gd", "SGD", weight_decay=0.01),
    "momentum, damped": same("momentum", "SGD", **DAMPED),
    "nesterov with decay": Case(
        "nesterov", {"momentum": 0.5, "weight_decay": 0.01},
        "SGD", {"momentum": 0.5, "weight_decay": 0.01, "nesterov": True},
    ),
    "rmsprop, centred": same("rmsprop", "RMSprop", centered=True),
    "rmsprop with momentum": same("rmsprop", "RMSprop", momentum=0.5, weight_decay=0.01, eps=1e-6),
    "adam with decay": Case(
        "adam", {"beta1": 0.8, "beta2": 0.99, "weight_decay": 0.1},
        "Adam", {"betas": (0.8, 0.99), "weight_decay": 0.1},
    ),
    "adam, amsgrad": same("adam", "Adam", amsgrad=True),
    "adamw, amsgrad": same("adamw", "AdamW", amsgrad=True, weight_decay=0.1),
}  # fmt: skip

# Our options; torch's class and options. It has no cosine after a warm-up: that one is written out.
SCHEDULES: dict[str, tuple[dict[str, Any], str, dict[str, Any]]] = {
    "step": ({"step_size": 30, "gamma": 0.5}, "StepLR", {"step_size": 30, "gamma": 0.5}),
    "exponential": ({"gamma": 0.97}, "ExponentialLR", {"gamma": 0.97}),
    "linear": ({}, "PolynomialLR", {"total_iters": STEPS}),
    "polynomial": ({"steps": 80, "power": 2.0}, "PolynomialLR", {"total_iters": 80, "power": 2.0}),
    "cosine": ({"min_lr": 1e-4}, "CosineAnnealingLR", {"T_max": STEPS, "eta_min": 1e-4}),
    "warmup-cosine": (
        {"warmup": 10},
        "LambdaLR",
        {"lr_lambda": lambda k: k / 10 if k < 10 else (1 + math.cos(math.pi * (k - 10) / 90)) / 2},
    ),
}

CASES = RULES | VARIANTS | {f"{n}, {s}": c._replace(schedule=s) for n, c in RULES.items() for s in SCHEDULES}


def peer(case: Case) -> dict[str, Any]:
    """Walk down all landscapes at once: no rule of torch's lets one parameter see another."""
    import torch

    points = [
        [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in land.start]
        for land in LANDSCAPES.values()
    ]
    rates = [land.slow if case.theirs == "SGD" else land.fast for land in LANDSCAPES.values()]
    groups = [{"params": point, "lr": lr} for point, lr in zip(points, rates, strict=True)]
    optimizer = getattr(torch.optim, case.theirs)(groups, lr=0.1, **case.their_options)
    _, kind, options = SCHEDULES.get(case.schedule, ({}, "LambdaLR", {"lr_lambda": lambda _: 1.0}))
    scheduler = getattr(torch.optim.lr_scheduler, kind)(optimizer, **options)
    paths = [[[x.item() for x in point] for point in points]]
    for _ in range(STEPS):
        optimizer.zero_grad()
        sum(
            land.theirs(torch, *point) for land, point in zip(LANDSCAPES.values(), points, strict=True)
        ).backward()
        optimizer.step()
        scheduler.step()
        paths.append([[x.item() for x in point] for point in points])
    return {name: [paths[k][i] for k in KEPT] for i, name in enumerate(LANDSCAPES)}


def compare(case: Case, figures: dict[str, np.ndarray]) -> None:
    ours, *_ = SCHEDULES.get(case.schedule, ({},))
    for name, land in LANDSCAPES.items():
        walked = minimize(
            parse_function(land.text), land.start, case.ours,
            lr=land.slow if case.theirs == "SGD" else land.fast, steps=STEPS,
            schedule=case.schedule, schedule_options=ours, **case.options,
        )  # fmt: skip
        off = np.linalg.norm(walked.point[KEPT] - figures[name], axis=1)
        assert (off <= CLOSE * np.linalg.norm(figures[name], axis=1)).all(), f"{name}: {off}"
