"""Diffusion: schedules of the noise, signal to noise, and a vector with noise mixed in."""

from __future__ import annotations

from functools import cache
from itertools import accumulate, pairwise
from operator import mul
from typing import Any

import mpmath as mp
import numpy as np
from tests.benchmarks.digits.case import Case, exact, over
from tests.benchmarks.digits.peers import torch

from aimath.core import probability as diffusion

STEPS, START, END = 1000, 1e-4, 0.02
TIMES = (0, 1, 10, 100, 258, 500, 750, 998, 999)


@cache
def left(name: str) -> tuple[Any, ...]:
    """Give the share of the signal's variance that is left after each step."""
    if name == "cosine":
        wave = [
            mp.cospi((mp.mpf(s) / STEPS + exact(0.008)) / (2 + 2 * exact(0.008))) ** 2
            for s in range(STEPS + 1)
        ]
        betas = [min(1 - b / a, exact(0.999)) for a, b in pairwise(wave)]
    else:
        first, last = exact(START), exact(END)
        if name == "scaled-linear":
            first, last = mp.sqrt(first), mp.sqrt(last)
        betas = [first + (last - first) * k / (STEPS - 1) for k in range(STEPS)]
        betas = [b * b for b in betas] if name == "scaled-linear" else betas
    return tuple(accumulate((1 - b for b in betas), mul))


def by_numpy(name: str) -> Any:
    """Give the same as diffusers computes it, in float64."""
    if name == "cosine":
        wave = np.cos((np.arange(STEPS + 1) / STEPS + 0.008) / 1.008 * np.pi / 2) ** 2
        betas = np.minimum(1 - wave[1:] / wave[:-1], 0.999)
    elif name == "linear":
        betas = np.linspace(START, END, STEPS)
    else:
        betas = np.linspace(START**0.5, END**0.5, STEPS) ** 2
    return np.cumprod(1.0 - betas)


def by_torch(name: str) -> Any:
    if name == "cosine":
        wave = torch.cos((torch.arange(STEPS + 1).double() / STEPS + 0.008) / 1.008 * np.pi / 2) ** 2
        betas = torch.clamp(1 - wave[1:] / wave[:-1], max=0.999)
    elif name == "linear":
        betas = torch.asarray(np.linspace(START, END, STEPS))
    else:
        betas = torch.asarray(np.linspace(START**0.5, END**0.5, STEPS)) ** 2
    return torch.cumprod(1.0 - betas, 0)


def schedules() -> list[Case]:
    found = []
    for name in ("linear", "scaled-linear", "cosine"):
        kinds = {name: [(name, t) for t in TIMES]}
        found += over(
            kinds,
            "diffuse",
            lambda name, t: left(name)[t],
            lambda name, t: diffusion.noise_schedule(name).alpha_bar[t],
            what="alpha-bar",
            numpy=lambda name, t: by_numpy(name)[t],
            torch=lambda name, t: by_torch(name)[t],
        )
        found += over(
            kinds,
            "diffuse",
            lambda name, t: left(name)[t] / (1 - left(name)[t]),
            lambda name, t: diffusion.noise_schedule(name).snr[t],
            what="signal to noise",
            numpy=lambda name, t: (a := by_numpy(name)[t]) / (1 - a),
            torch=lambda name, t: (a := by_torch(name)[t]) / (1 - a),
        )
    return found


def noisy(rng: np.random.Generator) -> list[Case]:
    """Compare positive vectors with positive noise, in which nothing cancels."""

    def truth(x: Any, noise: Any, t: int) -> list[Any]:
        a = left("linear")[t]
        pairs = zip(exact(x), exact(noise), strict=True)
        return [mp.sqrt(a) * s + mp.sqrt(1 - a) * e for s, e in pairs]

    def mixed(x: Any, noise: Any, a: Any) -> Any:
        return a**0.5 * x + (1 - a) ** 0.5 * noise

    return over(
        {"linear": [(*rng.uniform(0, 1, (2, 20)), t) for t in TIMES]},
        "diffuse",
        truth,
        lambda x, noise, t: diffusion.diffuse(x, t, noise=noise).noisy,
        what="noisy",
        numpy=lambda x, noise, t: mixed(x, noise, by_numpy("linear")[t]),
        torch=lambda x, noise, t: mixed(torch.tensor(x), torch.tensor(noise), by_torch("linear")[t]),
    )


def with_options(rng: np.random.Generator) -> list[Case]:
    """Compare schedules between ends of their own, and a share of the signal that is given."""

    def alpha_bar(first: float, last: float, t: int) -> Any:
        first, last = exact((first, last))
        return mp.fprod(1 - first - (last - first) * k / 99 for k in range(t + 1))

    def mixed(x: Any, noise: Any, share: float) -> list[Any]:
        a = exact(share)
        pairs = zip(exact(x), exact(noise), strict=True)
        return [mp.sqrt(a) * s + mp.sqrt(1 - a) * e for s, e in pairs]

    ends = [(1e-3, 0.05, t) for t in (0, 1, 10, 50, 98, 99)]
    shares = [(*rng.uniform(0, 1, (2, 20)), float(a)) for a in rng.uniform(0, 1, 10)]
    return [
        *over(
            {"100 steps, beta 1e-3 .. .05": ends},
            "diffuse",
            alpha_bar,
            lambda first, last, t: diffusion.noise_schedule("linear", 100, first, last).alpha_bar[t],
            what="alpha-bar",
            options=("T", "beta_start", "beta_end"),
            numpy=lambda first, last, t: np.cumprod(1.0 - np.linspace(first, last, 100))[t],
            torch=lambda first, last, t: torch.cumprod(1.0 - torch.asarray(np.linspace(first, last, 100)), 0)[
                t
            ],
        ),
        *over(
            {"0 .. 1": shares},
            "diffuse",
            mixed,
            lambda x, noise, a: diffusion.diffuse(x, alpha_bar=a, noise=noise).noisy,
            what="noisy, alpha-bar given",
            options=("alpha_bar",),
            numpy=lambda x, noise, a: a**0.5 * x + (1 - a) ** 0.5 * noise,
        ),
    ]


def cases(rng: np.random.Generator) -> list[Case]:
    """List the cases."""
    return [*schedules(), *noisy(rng), *with_options(rng)]
