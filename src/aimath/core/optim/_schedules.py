"""Schedules of the learning rate, in closed form: update k, counted from 0, is made with rate[k]."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aimath.core.numerics.arrays import Check
from aimath.core.optim._rules import positive_rate, refuse
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike

    from aimath.core.numerics.types import Array


class Plan(NamedTuple):
    """What a schedule is made of; each uses its own part of it."""

    lr: Array  # (...) the base rate, above 0
    horizon: Array  # (...) updates until the end, >= 1
    gamma: Array  # (...) factor of step and exponential, above 0
    step_size: Array  # (...) updates between two drops of step, >= 1
    min_lr: Array  # (...) where cosine ends, 0 .. lr
    warmup: Array  # (...) updates of warming up, 0 .. horizon
    power: Array  # (...) of polynomial, above 0


def _constant(_k: Array, plan: Plan) -> Array:
    return plan.lr


def _polynomial(k: Array, plan: Plan) -> Array:
    left = np.maximum(plan.horizon - k, 0.0) / plan.horizon
    return plan.lr * left**plan.power


def _cosine(k: Array, plan: Plan) -> Array:
    return plan.min_lr + (plan.lr - plan.min_lr) * _half_wave(k, plan.horizon)


def _warmup_cosine(k: Array, plan: Plan) -> Array:
    rise = plan.lr * k / np.maximum(plan.warmup, 1.0)
    length = np.maximum(plan.horizon - plan.warmup, 1.0)
    return np.where(k < plan.warmup, rise, _cosine(k - plan.warmup, plan._replace(horizon=length)))


def _half_wave(k: Array, length: Array) -> Array:
    """Give (1 + cos(pi k/length)) / 2 as a square, so that no digit is lost where it nears 0."""
    k = np.clip(k, 0.0, length)
    quarter = np.pi / (2.0 * length)
    return np.where(2.0 * k < length, np.cos(quarter * k), np.sin(quarter * (length - k))) ** 2


SCHEDULES: dict[str, Callable[[Array, Plan], Array]] = {
    "constant": _constant,
    "step": lambda k, plan: plan.lr * plan.gamma ** np.floor(k / plan.step_size),
    "exponential": lambda k, plan: plan.lr * plan.gamma**k,
    "linear": _polynomial,
    "polynomial": _polynomial,
    "cosine": _cosine,
    "warmup-cosine": _warmup_cosine,
}


def _printed_cosine(k: Array, plan: Plan) -> Array:
    angle = np.pi * np.minimum(k, plan.horizon) / plan.horizon
    return np.asarray(plan.min_lr + (plan.lr - plan.min_lr) * (1.0 + np.cos(angle)) / 2.0)


def _printed_warmup(k: Array, plan: Plan) -> Array:
    after = _printed_cosine(
        np.maximum(k - plan.warmup, 0.0), plan._replace(horizon=np.maximum(plan.horizon - plan.warmup, 1.0))
    )
    return np.where(k < plan.warmup, k / np.maximum(plan.warmup, 1.0) * plan.lr, after)


def _printed_power(k: Array, plan: Plan) -> Array:
    left = np.log(np.maximum(1.0 - k / plan.horizon, 0.0))
    return np.asarray(plan.lr * np.exp(plan.power * left))


_PRINTED: dict[str, Callable[[Array, Plan], Array]] = {
    "constant": _constant,
    "step": lambda k, plan: np.asarray(plan.lr * np.exp(k // plan.step_size * np.log(plan.gamma))),
    "exponential": lambda k, plan: np.asarray(plan.lr * np.exp(k * np.log(plan.gamma))),
    "linear": _printed_power,
    "polynomial": _printed_power,
    "cosine": _printed_cosine,
    "warmup-cosine": _printed_warmup,
}
"""The same once more, for Schedule.check."""


class Schedule(NamedTuple):
    """Learning rates of some updates."""

    kind: str
    step: Array  # (...) from 0
    plan: Plan
    rate: Array  # (...) >= 0

    @property
    def share(self) -> Array:
        """(...) of the base rate."""
        return np.asarray(self.rate / self.plan.lr)

    def check(self) -> Check:
        """Recompute the rates from the formulas as they are printed, powers by logarithms."""
        with np.errstate(divide="ignore", under="ignore"):
            return Check(self.rate, _PRINTED[self.kind](self.step, self.plan) + 0.0 * self.step, self.plan.lr)


def schedule(
    step: ArrayLike,
    kind: str = "constant",
    lr: ArrayLike = 0.1,
    *,
    horizon: ArrayLike = 20,
    gamma: ArrayLike | None = None,
    step_size: ArrayLike = 10,
    min_lr: ArrayLike = 0.0,
    warmup: ArrayLike | None = None,
    power: ArrayLike = 1.0,
) -> Schedule:
    """Give the learning rates of updates counted from 0, by torch's definitions.

    step: lr * gamma^floor(step / step_size), gamma .1 (StepLR); exponential: lr * gamma^step, gamma .95
    (ExponentialLR); polynomial: lr * (1 - step / horizon)^power (PolynomialLR), linear its power 1;
    cosine: min_lr + (lr - min_lr) * (1 + cos(pi step / horizon)) / 2 (Loshchilov and Hutter 2017),
    which stays at min_lr after the horizon as optax's does, where torch's CosineAnnealingLR rises
    again; warmup-cosine: lr * step / warmup, then cosine from lr to the horizon (optax).
    `warmup` is a tenth of the horizon unless given.

    >>> schedule([0, 5, 10, 15], "cosine", 1.0, horizon=10).rate.round(12)
    array([1. , 0.5, 0. , 0. ])
    """
    k = np.asarray(step, np.float64)
    whole = np.isfinite(k) & (k >= 0.0) & (k == np.floor(k))
    if not whole.all():
        raise InputError(f"a step must be a whole number from 0, not {k[~whole][0]:g}", operand="step")
    if kind not in SCHEDULES:
        raise InputError(f"schedule '{kind}' is not one of {', '.join(SCHEDULES)}", operand="schedule")
    factor = (0.1 if kind == "step" else 0.95) if gamma is None else gamma
    rise = np.floor(np.asarray(horizon, np.float64) / 10.0) if warmup is None else warmup
    parts = (positive_rate(lr), horizon, factor, step_size, min_lr, rise, power)
    plan = _checked(Plan(*(np.asarray(part, np.float64) for part in parts)))
    if kind == "linear":
        plan = plan._replace(power=np.ones(()))
    with np.errstate(under="ignore", over="ignore"):
        rates = np.asarray(SCHEDULES[kind](k, plan) + np.zeros_like(k))
    if not np.isfinite(rates).all():
        raise InputError("the learning rate grows beyond float64", operand="gamma")
    return Schedule(kind, k, plan, rates)


def _checked(plan: Plan) -> Plan:
    """Refuse a plan of which a part is out of its bounds."""
    bounds = {
        "horizon": (plan.horizon >= 1.0, "at least 1"),
        "gamma": (plan.gamma > 0.0, "above 0"),
        "step_size": (plan.step_size >= 1.0, "at least 1"),
        "min_lr": ((plan.min_lr >= 0.0) & (plan.min_lr <= plan.lr), "at least 0 and at most lr"),
        "warmup": ((plan.warmup >= 0.0) & (plan.warmup <= plan.horizon), "at least 0 and at most all steps"),
        "power": (plan.power > 0.0, "above 0"),
    }
    for name, (fine, bound) in bounds.items():
        value = getattr(plan, name)
        refuse(~(fine & np.isfinite(value)), name, value, f"must be {bound}")
    return plan
