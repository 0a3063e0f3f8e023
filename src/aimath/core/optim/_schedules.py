"""Learning-rate schedules in closed form."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aimath.core.numerics.arrays import Check, check_choice, raise_at
from aimath.core.optim._rules import check_learning_rate, raise_if_any

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike

    from aimath.core.numerics.axes import Scalars, Vectors
    from aimath.core.numerics.types import Array


class ScheduleOptions(NamedTuple):
    """The options of learning-rate schedules; each uses its own."""

    lr: Array  # (...) the base rate, above 0
    steps: Array  # (...) updates until the end, >= 1
    gamma: Array  # (...) factor of step and exponential, share of inverse-time, above 0
    step_size: Array  # (...) updates between two drops of step, or that inverse-time counts by, >= 1
    min_lr: Array  # (...) where linear, polynomial and cosine end, 0 .. lr
    warmup: Array  # (...) updates of warming up, 0 .. steps
    power: Array  # (...) of polynomial, above 0
    init_lr: Array  # (...) where warming up starts, 0 .. lr


def _constant(_k: Array, options: ScheduleOptions) -> Array:
    return options.lr


def _polynomial(k: Array, options: ScheduleOptions) -> Array:
    left = np.maximum(options.steps - k, 0.0) / options.steps
    return options.min_lr + (options.lr - options.min_lr) * left**options.power


def _cosine(k: Array, options: ScheduleOptions) -> Array:
    rates = options.min_lr + (options.lr - options.min_lr) * _cosine_decay(k, options.steps)
    return np.clip(rates, options.min_lr, options.lr)  # min + (lr - min) may round to above lr


def _warmup_cosine(k: Array, options: ScheduleOptions) -> Array:
    before = np.maximum(options.warmup - k, 0.0)
    rise = (options.init_lr * before + options.lr * k) / np.maximum(options.warmup, 1.0)
    length = np.maximum(options.steps - options.warmup, 1.0)
    return np.where(k < options.warmup, rise, _cosine(k - options.warmup, options._replace(steps=length)))


def _cosine_decay(k: Array, length: Array) -> Array:
    """Return (1 + cos(pi k/length)) / 2 as a square, so that no digit is lost where it nears 0."""
    k = np.clip(k, 0.0, length)
    quarter = np.pi / (2.0 * length)
    return np.where(2.0 * k < length, np.cos(quarter * k), np.sin(quarter * (length - k))) ** 2


SCHEDULES: dict[str, Callable[[Array, ScheduleOptions], Array]] = {
    "constant": _constant,
    "step": lambda k, plan: plan.lr * plan.gamma ** np.floor(k / plan.step_size),
    "exponential": lambda k, plan: plan.lr * plan.gamma**k,
    "inverse-time": lambda k, plan: plan.lr / (1.0 + plan.gamma * (k / plan.step_size)),
    "linear": _polynomial,
    "polynomial": _polynomial,
    "cosine": _cosine,
    "warmup-cosine": _warmup_cosine,
}


def _textbook_cosine(k: Array, options: ScheduleOptions) -> Array:
    angle = np.pi * np.minimum(k, options.steps) / options.steps
    return np.asarray(options.min_lr + (options.lr - options.min_lr) * ((1.0 + np.cos(angle)) / 2.0))


def _textbook_warmup(k: Array, options: ScheduleOptions) -> Array:
    after = _textbook_cosine(
        np.maximum(k - options.warmup, 0.0),
        options._replace(steps=np.maximum(options.steps - options.warmup, 1.0)),
    )
    share = k / np.maximum(options.warmup, 1.0)
    return np.where(k < options.warmup, options.init_lr + share * (options.lr - options.init_lr), after)


def _textbook_power(k: Array, options: ScheduleOptions) -> Array:
    left = np.log(np.maximum(1.0 - k / options.steps, 0.0))
    return np.asarray(options.min_lr + (options.lr - options.min_lr) * np.exp(options.power * left))


_TEXTBOOK: dict[str, Callable[[Array, ScheduleOptions], Array]] = {
    "constant": _constant,
    "step": lambda k, plan: np.asarray(plan.lr * np.exp(k // plan.step_size * np.log(plan.gamma))),
    "exponential": lambda k, plan: np.asarray(plan.lr * np.exp(k * np.log(plan.gamma))),
    "inverse-time": lambda k, plan: plan.lr * plan.step_size / (plan.step_size + plan.gamma * k),
    "linear": _textbook_power,
    "polynomial": _textbook_power,
    "cosine": _textbook_cosine,
    "warmup-cosine": _textbook_warmup,
}
"""The same once more, for Schedule.check."""


DEFAULT_GAMMAS = {"step": 0.1, "exponential": 0.95, "inverse-time": 1.0}


class LearningRateSchedule(NamedTuple):
    """Learning rates of some updates."""

    kind: str
    step: Vectors  # from 0
    plan: ScheduleOptions
    lr: Vectors  # >= 0, the learning rate of each update

    @property
    def base_lr(self) -> Scalars:
        """The rate that the schedule starts from or rises to."""
        return self.plan.lr

    @property
    def share(self) -> Vectors:
        """Of the base rate."""
        return np.asarray(self.lr / self.plan.lr)

    def check(self) -> Check:
        """Return the rates beside the textbook formulas, powers by logarithms."""
        with np.errstate(all="ignore"):
            return Check(self.lr, _TEXTBOOK[self.kind](self.step, self.plan) + 0.0 * self.step, self.plan.lr)


def schedule(
    step: ArrayLike | None = None,
    schedule: str = "constant",
    lr: ArrayLike = 0.1,
    *,
    steps: ArrayLike = 20,
    gamma: ArrayLike | None = None,
    step_size: ArrayLike = 10,
    min_lr: ArrayLike = 0.0,
    warmup: ArrayLike | None = None,
    power: ArrayLike = 1.0,
    init_lr: ArrayLike = 0.0,
) -> LearningRateSchedule:
    """Return the learning rates of updates counted from 0, by torch's definitions.

    step: lr * gamma^floor(step / step_size), gamma .1 (StepLR); exponential: lr * gamma^step, gamma .95
    (ExponentialLR); inverse-time: lr / (1 + gamma * step / step_size), gamma 1 (Keras); polynomial:
    min_lr + (lr - min_lr) * (1 - step / steps)^power (PolynomialLR, with an end as in transformers and
    optax), linear its power 1;
    cosine: min_lr + (lr - min_lr) * (1 + cos(pi step / steps)) / 2 (Loshchilov and Hutter 2017),
    which stays at min_lr after the steps as optax's does, where torch's CosineAnnealingLR rises
    again; warmup-cosine: from init_lr to lr in `warmup` steps, then cosine to min_lr at the end (optax).
    `steps` are the updates until the end, all of which are answered if no `step` is given; `warmup` is
    a tenth of them unless given.

    >>> schedule([0, 5, 10, 15], "cosine", 1.0, steps=10).lr.round(12)
    array([1. , 0.5, 0. , 0. ])
    """
    given = np.arange(int(np.asarray(steps).max())) if step is None else np.asarray(step)
    k = given.astype(np.float64)
    whole = np.isfinite(k) & (k >= 0.0) & (k == np.floor(k))
    if not whole.all():
        raise_at(
            np.atleast_1d(~whole),
            f"a step must be a whole number from 0, not {k[~whole][0]:g}",
            operand="step",
        )
    check_choice("schedule", schedule, SCHEDULES)
    factor = DEFAULT_GAMMAS.get(schedule, 0.95) if gamma is None else gamma
    rise = np.floor(np.asarray(steps, np.float64) / 10.0) if warmup is None else warmup
    parts = (check_learning_rate(lr), steps, factor, step_size, min_lr, rise, power, init_lr)
    plan = _check_options(ScheduleOptions(*(np.asarray(part, np.float64) for part in parts)))
    if schedule == "linear":
        plan = plan._replace(power=np.ones(()))
    with np.errstate(under="ignore", over="ignore"):
        rates = np.asarray(SCHEDULES[schedule](k, plan) + np.zeros_like(k))
    raise_at(np.atleast_1d(~np.isfinite(rates)), "the learning rate grows beyond float64", operand="step")
    return LearningRateSchedule(schedule, k, plan, rates)


def _check_options(options: ScheduleOptions) -> ScheduleOptions:
    bounds = {
        "steps": (options.steps >= 1.0, "at least 1"),
        "gamma": (options.gamma > 0.0, "above 0"),
        "step_size": (options.step_size >= 1.0, "at least 1"),
        "min_lr": ((options.min_lr >= 0.0) & (options.min_lr <= options.lr), "at least 0 and at most lr"),
        "warmup": (
            (options.warmup >= 0.0) & (options.warmup <= options.steps),
            "at least 0 and at most all steps",
        ),
        "power": (options.power > 0.0, "above 0"),
        "init_lr": ((options.init_lr >= 0.0) & (options.init_lr <= options.lr), "at least 0 and at most lr"),
    }
    for name, (fine, bound) in bounds.items():
        value = getattr(options, name)
        raise_if_any(~(fine & np.isfinite(value)), name, value, f"must be {bound}")
    return options
