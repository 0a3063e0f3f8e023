"""Schedules against their formulas in 50 digits, and what holds after the end."""

import math

import mpmath as mp
import numpy as np
import pytest
from tests.digits import ulps

from aimath.core.optim import schedule
from aimath.core.optim._schedules import SCHEDULES
from aimath.errors import InputError

K = list(range(25))
ULPS = 4


def cosine(k, lr, low, end):
    return low + (lr - low) * (1 + mp.cos(mp.pi * min(k, end) / end)) / 2


TRUTHS = {
    "constant": lambda _, lr: lr,
    "step": lambda k, lr: lr * mp.mpf(0.1) ** (k // 10),
    "exponential": lambda k, lr: lr * mp.mpf(0.95) ** k,
    "inverse-time": lambda k, lr: lr / (1 + mp.mpf(k) / 10),
    "linear": lambda k, lr: lr * (1 - mp.mpf(min(k, 20)) / 20),
    "polynomial": lambda k, lr: lr * (1 - mp.mpf(min(k, 20)) / 20) ** mp.mpf(1.5),
    "cosine": lambda k, lr: cosine(k, lr, mp.mpf(0), 20),
    "warmup-cosine": lambda k, lr: lr * k / 2 if k < 2 else cosine(k - 2, lr, mp.mpf(0), 18),
}


@pytest.mark.parametrize("kind", SCHEDULES)
def test_rates_are_the_formulas(kind):
    found = schedule(K, kind, 0.3, power=1.5 if kind == "polynomial" else 1.0)
    with mp.workdps(50):
        for k, rate in zip(K, found.lr.tolist(), strict=True):
            truth = TRUTHS[kind](k, mp.mpf(0.3))
            # A power multiplies the relative error of what is raised: half an ulp of .95, 24 times.
            allowed = ULPS + k if kind == "exponential" else ULPS
            assert ulps(rate, truth) <= allowed or abs(truth) < mp.mpf(10) ** -30
    assert found.check().holds.all()


def test_cosine_keeps_its_digits_where_it_nears_0():
    rate = float(schedule([999_999], "cosine", 1.0, steps=1_000_000).lr[0])
    with mp.workdps(50):
        truth = (1 + mp.cos(mp.pi * 999_999 / 1_000_000)) / 2
        assert ulps(rate, truth) <= ULPS


@pytest.mark.parametrize(
    ("kind", "end"), [("cosine", 0.01), ("warmup-cosine", 0.01), ("linear", 0.01), ("polynomial", 0.01)]
)
def test_after_the_end_it_stays(kind, end):
    assert schedule([20, 21, 40, 1e9], kind, 0.1, min_lr=0.01, steps=20).lr.tolist() == [end] * 4


@pytest.mark.parametrize("low", [1e-9, 0.01, 0.3])
@pytest.mark.parametrize("kind", ["linear", "polynomial", "warmup-cosine"])
def test_ends_and_starts_are_those_of_optax_and_transformers(kind, low):
    power = 2.5 if kind == "polynomial" else 1.0
    found = schedule(K, kind, 0.3, min_lr=low, init_lr=low, power=power, warmup=6)
    with mp.workdps(50):
        high, end = mp.mpf(0.3), mp.mpf(low)
        for k, rate in zip(K, found.lr.tolist(), strict=True):
            if (
                kind == "warmup-cosine"
            ):  # optax.warmup_cosine_decay_schedule(init_value, peak_value, ..., end_value)
                truth = end + (high - end) * k / 6 if k < 6 else cosine(k - 6, high, end, 14)
            else:  # optax.polynomial_schedule(init_value, end_value, power, transition_steps)
                truth = end + (high - end) * (1 - mp.mpf(min(k, 20)) / 20) ** mp.mpf(power)
            assert ulps(rate, truth) <= ULPS
    assert found.check().holds.all()
    assert found.lr[-1] == low


@pytest.mark.parametrize("rate", [1e-3, 0.5, 7.0])
def test_inverse_time_is_that_of_keras(rate):
    k = [0, 1, 10, 999, 10**9]
    found = schedule(k, "inverse-time", 0.3, gamma=rate, step_size=7)
    with mp.workdps(50):
        for step, lr in zip(k, found.lr.tolist(), strict=True):
            assert ulps(lr, mp.mpf(0.3) / (1 + mp.mpf(rate) * step / 7)) <= ULPS


def test_step_drops_at_its_steps_and_warmup_begins_at_0():
    found = schedule([0, 2, 3, 5, 6], "step", 1.0, step_size=3, gamma=0.5)
    assert found.lr.tolist() == [1.0, 1.0, 0.5, 0.5, 0.25]
    assert schedule([0, 1, 2], "warmup-cosine", 1.0, steps=20).lr.tolist() == [0.0, 0.5, 1.0]
    assert schedule([0], "warmup-cosine", 1.0, warmup=0, steps=20).lr.tolist() == [1.0]
    assert schedule([0, 20], "warmup-cosine", 1.0, warmup=20, steps=20).lr.tolist() == [0.0, 1.0]


def test_rates_of_many_runs_stand_beside_each_other():
    k = np.arange(3)[:, np.newaxis]
    found = schedule(k, "exponential", np.array([1.0, 2.0]), gamma=0.5)
    assert found.lr.tolist() == [[1.0, 2.0], [0.5, 1.0], [0.25, 0.5]]
    assert found.share.tolist() == [[1.0, 1.0], [0.5, 0.5], [0.25, 0.25]]


def test_check_sees_a_wrong_rate():
    found = schedule(K, "cosine", 0.3)
    assert not found._replace(lr=found.lr * (1 + 1e-6)).check().holds.all()


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"schedule": "linaer"}, "schedule 'linaer' is not one of constant, step"),
        ({"lr": 0}, "lr must be above 0 and finite, not 0"),
        ({"gamma": 0.0, "schedule": "step"}, "gamma must be above 0, not 0"),
        ({"gamma": 1e300, "schedule": "exponential"}, "the learning rate grows beyond float64"),
        ({"min_lr": 0.2}, "min_lr must be at least 0 and at most lr, not 0.2"),
        ({"warmup": 30}, "warmup must be at least 0 and at most all steps, not 30"),
        ({"init_lr": 0.2}, "init_lr must be at least 0 and at most lr, not 0.2"),
        ({"init_lr": -0.1}, "init_lr must be at least 0 and at most lr, not -0.1"),
        ({"power": 0.0}, "power must be above 0, not 0"),
        ({"steps": 0}, "steps must be at least 1, not 0"),
        ({"step_size": 0}, "step_size must be at least 1, not 0"),
    ],
)
def test_what_makes_no_schedule_is_named(options, why):
    with pytest.raises(InputError) as error:
        schedule(K, **options)
    assert error.value.message.startswith(why)


@pytest.mark.parametrize("step", [-1, 0.5, math.nan])
def test_steps_are_counted_from_0(step):
    with pytest.raises(InputError, match="a step must be a whole number from 0"):
        schedule([step], "cosine")
