"""Rates: schedules of the learning rate against torch's, and what a rate does on a quadratic."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import mpmath as mp
import numpy as np
from tests.benchmarks.digits.case import Case, exact, over
from tests.benchmarks.digits.peers import torch

from aimath.core import optim as optimize

if TYPE_CHECKING:
    from collections.abc import Callable

UPDATES = 100
KINDS: dict[str, Callable[[Any, int], Any]] = {
    "constant": lambda lr, _: lr,
    "step": lambda lr, k: lr * exact(0.1) ** (k // 10),
    "exponential": lambda lr, k: lr * exact(0.95) ** k,
    "inverse-time": lambda lr, k: lr / (1 + mp.mpf(k) / 10),
    "linear": lambda lr, k: lr * (1 - mp.mpf(k) / UPDATES),
    "polynomial": lambda lr, k: lr * (1 - mp.mpf(k) / UPDATES) ** exact(0.9),
    "cosine": lambda lr, k: lr * (1 + mp.cospi(mp.mpf(k) / UPDATES)) / 2,
    "warmup-cosine": lambda lr, k: lr * k / 10 if k < 10 else lr * (1 + mp.cospi(mp.mpf(k - 10) / 90)) / 2,
}
POWER = {"polynomial": 0.9}


@cache
def peer(kind: str, lr: float) -> tuple[float, ...]:
    """Give the rates of torch's scheduler, update by update."""
    made = {
        "constant": lambda o: torch.optim.lr_scheduler.ConstantLR(o, 1.0),
        "step": lambda o: torch.optim.lr_scheduler.StepLR(o, 10),
        "exponential": lambda o: torch.optim.lr_scheduler.ExponentialLR(o, 0.95),
        "linear": lambda o: torch.optim.lr_scheduler.LinearLR(o, 1.0, 0.0, UPDATES),
        "polynomial": lambda o: torch.optim.lr_scheduler.PolynomialLR(o, UPDATES, 0.9),
        "cosine": lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, UPDATES),
    }
    optimizer = torch.optim.SGD([torch.zeros(1)], lr)
    scheduler, rates = made[kind](optimizer), []
    for _ in range(UPDATES):
        rates += scheduler.get_last_lr()
        optimizer.step()
        scheduler.step()
    return tuple(rates)


def schedule(kind: str) -> list[Case]:
    """Compare the rates of all updates but the last few, and of these, where torch's recursion has drifted."""
    rates = (0.1, 3e-4, 0.7)
    few = range(UPDATES - 5, UPDATES)
    operands = {"": [(lr, k) for lr in rates for k in range(UPDATES)]}
    if "cosine" in kind:
        operands = {"": operands[""], "last 5 of 100": [(lr, k) for lr in rates for k in few]}
    peers = {} if kind in {"warmup-cosine", "inverse-time"} else {"torch": lambda lr, k: peer(kind, lr)[k]}
    return over(
        operands,
        "schedule",
        lambda lr, k: KINDS[kind](exact(lr), k),
        lambda lr, k: optimize.schedule(k, kind, lr, steps=UPDATES, power=POWER.get(kind, 1.0)).lr,
        what=kind,
        options=("lr",),
        **peers,
    )


def with_options() -> list[Case]:
    """Compare rates with ends, factors and a warm-up of their own."""
    n, warmup, options = 50, 7, {"min_lr": 3e-4, "power": 1.7, "init_lr": 2e-3}
    least, power, first = map(exact, options.values())

    def cosine(lr: Any, share: Any) -> Any:
        return least + (lr - least) * (1 + mp.cospi(share)) / 2

    kinds: dict[str, tuple[dict[str, Any], Callable[[Any, int], Any]]] = {
        "step": ({"gamma": 0.3, "step_size": 7}, lambda lr, k: lr * exact(0.3) ** (k // 7)),
        "exponential": ({"gamma": 0.9}, lambda lr, k: lr * exact(0.9) ** k),
        "inverse-time": ({"gamma": 0.7, "step_size": 3}, lambda lr, k: lr / (1 + exact(0.7) * k / 3)),
        "polynomial": (
            {"power": options["power"], "min_lr": options["min_lr"]},
            lambda lr, k: least + (lr - least) * (1 - mp.mpf(k) / n) ** power,
        ),
        "cosine": ({"min_lr": options["min_lr"]}, lambda lr, k: cosine(lr, mp.mpf(k) / n)),
        "warmup-cosine": (
            {"min_lr": options["min_lr"], "init_lr": options["init_lr"], "warmup": warmup},
            lambda lr, k: (
                first + (lr - first) * k / warmup
                if k < warmup
                else cosine(lr, mp.mpf(k - warmup) / (n - warmup))
            ),
        ),
    }
    found = []
    for kind, (given, truth) in kinds.items():
        found += over(
            {"": [(lr, k) for lr in (0.1, 0.7) for k in range(n)]},
            "schedule",
            lambda lr, k, truth=truth: truth(exact(lr), k),
            lambda lr, k, kind=kind, given=given: optimize.schedule(k, kind, lr, steps=n, **given).lr,
            what=f"{kind} with options",
            options=tuple(given),
        )
    return found


def learning_rates(rng: np.random.Generator) -> list[Case]:
    bends = [(rng.uniform(0.1, 10, 4), float(lr)) for lr in rng.uniform(0.01, 0.3, 100)]

    def truth(bends: Any, lr: float) -> list[Any]:
        low, *_, high = sorted(exact(bends))
        rate = max(abs(1 - exact(lr) * c) for c in exact(bends))
        return [rate, high / low, 2 / high, 2 / (low + high), (high - low) / (high + low)]

    def ours(bends: Any, lr: float) -> list[Any]:
        found = optimize.learning_rate(bends, lr)
        return [float(x) for x in (found.rate, found.condition, found.max_lr, found.best_lr, found.best_rate)]

    near = [(np.array([1.0, c, c]), float(np.nextafter(1 / c, 1))) for c in rng.uniform(1, 1.001, 100)]
    return over(
        {"curvatures .1 .. 10": bends, "nearly equal, lr 1/L": near},
        "learning-rate",
        truth,
        ours,
        what="bounds",
        options=("lr",),
    )


def cases(rng: np.random.Generator) -> list[Case]:
    """List the cases."""
    return [
        *(case for kind in KINDS for case in schedule(kind)),
        *with_options(),
        *learning_rates(rng),
    ]
