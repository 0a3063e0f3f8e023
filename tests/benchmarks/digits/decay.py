"""Optimisers with weight decay and with momenta, betas and eps of their own, by the same rules in 50 digits."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import mpmath as mp
import numpy as np
from tests.benchmarks.digits.case import Case, exact, over
from tests.benchmarks.digits.descents import FORMULA, STARTS
from tests.benchmarks.digits.peers import torch

from aimath.core import optim
from aimath.core.calculus import parse_function

if TYPE_CHECKING:
    from collections.abc import Mapping

STEPS, LR = (1, 20), 0.02
OPTIONS: dict[str, dict[str, float]] = {
    "gd": {"weight_decay": 0.03},
    "momentum": {"momentum": 0.8, "dampening": 0.1, "weight_decay": 0.03},
    "nesterov": {"momentum": 0.8, "weight_decay": 0.03},
    "rmsprop": {"alpha": 0.9, "eps": 1e-6, "momentum": 0.8, "weight_decay": 0.03},
    "adam": {"beta1": 0.8, "beta2": 0.99, "eps": 1e-6, "weight_decay": 0.03},
    "adamw": {"beta1": 0.8, "beta2": 0.99, "eps": 1e-6, "weight_decay": 0.03},
}


def moved(name: str, w: Any, g: Any, memory: dict[str, Any], t: int, o: Mapping[str, Any]) -> Any:
    """Make one step of one weight, as torch's documentation has the rules."""
    if name == "adamw":
        w -= LR_EXACT * o["weight_decay"] * w
    else:
        g += o["weight_decay"] * w
    if name in {"adam", "adamw"}:
        memory["m"] = o["beta1"] * memory.get("m", 0) + (1 - o["beta1"]) * g
        memory["v"] = o["beta2"] * memory.get("v", 0) + (1 - o["beta2"]) * g * g
        root = mp.sqrt(memory["v"] / (1 - o["beta2"] ** t)) + o["eps"]
        return w - LR_EXACT * memory["m"] / (1 - o["beta1"] ** t) / root
    if name == "rmsprop":
        memory["v"] = o["alpha"] * memory.get("v", 0) + (1 - o["alpha"]) * g * g
        g /= mp.sqrt(memory["v"]) + o["eps"]
    if name != "gd":
        share = 1 - o.get("dampening", 0) if t > 1 else 1
        memory["b"] = o["momentum"] * memory.get("b", 0) + share * g
        g = g + o["momentum"] * memory["b"] if name == "nesterov" else memory["b"]
    return w - LR_EXACT * g


LR_EXACT = mp.mpf(LR)


def walked(name: str, start: tuple[float, ...], steps: int) -> list[Any]:
    """Walk down (x - 3)² + 2 (y + 1)²."""
    point, memories = exact(start), [{}, {}]
    options = {key: exact(value) for key, value in OPTIONS[name].items()}
    for t in range(1, steps + 1):
        for k, g in enumerate((2 * (point[0] - 3), 4 * (point[1] + 1))):
            point[k] = moved(name, point[k], g, memories[k], t, options)
    return point


def peer(name: str, start: tuple[float, ...], steps: int) -> Any:
    """Give torch's point."""
    o = dict(OPTIONS[name])
    if "beta1" in o:
        o["betas"] = (o.pop("beta1"), o.pop("beta2"))
    if name == "nesterov":
        o["nesterov"] = True
    kind = {"rmsprop": "RMSprop", "adam": "Adam", "adamw": "AdamW"}.get(name, "SGD")
    point = torch.asarray(np.array(start), requires_grad=True)
    optimizer = getattr(torch.optim, kind)([point], lr=LR, **o)
    for _ in range(steps):
        optimizer.zero_grad()
        ((point[0] - 3) ** 2 + 2 * (point[1] + 1) ** 2).backward()
        optimizer.step()
    return point


def ours(name: str, start: tuple[float, ...], steps: int) -> Any:
    found = optim.minimize(parse_function(FORMULA), start, name, lr=LR, steps=steps, **OPTIONS[name])
    return found.point[-1]


def cases(_: Any) -> list[Case]:
    """List the cases."""
    kinds = {f"{steps} step{'s' * (steps > 1)}": [(start, steps) for start in STARTS] for steps in STEPS}
    found = []
    for name, options in OPTIONS.items():
        found += over(
            kinds,
            name,
            partial(walked, name),
            partial(ours, name),
            what="with decay and options",
            options=tuple(options),
            torch=partial(peer, name),
        )
    return found
