"""Rates of gradient descent on quadratics against rational numbers and descents."""

from fractions import Fraction

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, strategies as st
from tests.digits import near

from aimath.core import optim
from aimath.core.calculus import parse_function
from aimath.errors import InputError


@pytest.mark.parametrize(
    ("curvatures", "lr", "rate", "regime", "sides"),
    [
        ([2.0], 0.1, Fraction(4, 5), "converges", False),
        ([2.0], 0.5, Fraction(0), "converges", False),
        ([2.0], 0.75, Fraction(1, 2), "converges", True),
        ([2.0], 1.0, Fraction(1), "oscillates", True),
        ([2.0], 1.1, Fraction(6, 5), "diverges", True),
        ([1.0, 9.0], 0.2, Fraction(4, 5), "converges", True),
        ([0.0, 4.0], 0.25, Fraction(0), "converges", False),
        (
            [4.0, 1e-20],
            0.25,
            1 - Fraction(1e-20) / 4,
            "converges",
            False,
        ),  # a curvature that was typed counts
    ],
)
def test_rates_and_regimes(curvatures, lr, rate, regime, sides):
    found = optim.learning_rate(curvatures, lr)
    assert float(found.rate) == pytest.approx(float(rate), rel=1e-15, abs=1e-16)
    assert (str(found.regime), bool(found.oscillates)) == (regime, sides)
    assert found.check().holds


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=5), st.integers(1, 100))
def test_bounds_are_the_rational_ones(curvatures, tenth):
    found = optim.learning_rate([float(c) for c in curvatures], tenth / 1000)
    low, high, lr = min(curvatures), max(curvatures), Fraction(tenth / 1000)
    exact = {
        "rate": max(abs(1 - lr * c) for c in curvatures),
        "max_lr": Fraction(2, high),
        "best_lr": Fraction(2, low + high),
        "best_rate": Fraction(high - low, high + low),
        "condition": Fraction(high, low),
    }
    for name, value in exact.items():
        got = float(getattr(found, name))
        # 1 - lr c is rounded at 1 where it nears 0.
        assert abs(Fraction(got) - value) <= 2 * np.finfo(float).eps * max(value, Fraction(name == "rate"))
    assert found.check().holds


def test_no_rate_beats_the_best_one():
    curvatures = [0.5, 3.0, 7.0]
    best = optim.learning_rate(curvatures).best_lr
    least = float(optim.learning_rate(curvatures, float(best)).rate)
    assert least == near(float(optim.learning_rate(curvatures).best_rate), 1e-14)
    for share in (0.9, 0.99, 1.01, 1.1):
        assert optim.learning_rate(curvatures, float(best) * share).rate > least


def test_the_rate_is_that_of_a_descent():
    f = parse_function("x^2/2 + 9*y^2/2")
    found = optim.learning_rate(function=f, at=[3.0, 4.0], lr=0.15)
    path = optim.minimize(f, [1.0, 1.0], lr=0.15, steps=100)
    assert path.norm[-1] / path.norm[-2] == near(float(found.rate), 1e-12)


def test_steps_for_a_digit():
    assert float(optim.learning_rate([1.0], 0.9).steps) == near(1.0, 1e-14)
    assert optim.learning_rate([1.0], 1.0).steps == 0.0
    assert optim.learning_rate([2.0], 1.0).steps == np.inf


def test_rows_are_answered_one_by_one():
    found = optim.learning_rate([[1.0, 9.0], [2.0, 2.0]], 0.2)
    assert found.rate.tolist() == near([0.8, 0.6], 1e-15)
    assert found.max_lr.tolist() == near([2 / 9, 1.0], 1e-15)


@pytest.mark.parametrize(
    ("curvatures", "why"),
    [
        ([1.0, -2.0], "curvature 2 is negative: gradient descent leaves this point at any rate"),
        ([0.0, 0.0], "every curvature is 0: there is no minimum to go to"),
        ([1.0, np.nan], "curvature 2 is nan"),
    ],
)
def test_what_has_no_minimum_is_named(curvatures, why):
    with pytest.raises(InputError) as error:
        optim.learning_rate(curvatures)
    assert error.value.message == why
    with pytest.raises(InputError, match="lr must be above 0"):
        optim.learning_rate([1.0], 0.0)


def test_curvatures_of_a_saddle_and_of_a_valley():
    with pytest.raises(InputError, match="a curvature at x = 1, y = 2 is -2"):
        optim.learning_rate(function="x^2 - y^2", at=[1.0, 2.0])
    assert optim.learning_rate(function="(x+y)^2", at=[1.0, 2.0]).curvatures.tolist() == pytest.approx(
        [0.0, 4.0], abs=1e-12
    )


@pytest.mark.parametrize("seed", range(200))
def test_a_small_curvature_was_taken_for_none(seed):
    rng = np.random.default_rng(seed)
    curvatures = 10.0 ** rng.uniform(-30, 6, rng.integers(1, 5))
    lr = float(10.0 ** rng.uniform(-6, 0) / curvatures.max())
    found = optim.learning_rate(curvatures, lr)
    factors = [1 - Fraction(lr) * Fraction(c) for c in curvatures.tolist()]
    assert found.factors.tolist() == [float(f) for f in factors]
    assert float(found.rate) == float(max(map(abs, factors)))
    assert found.condition == curvatures.max() / curvatures.min()
    with mp.workdps(120):
        truth = 1 / min(-mp.log10(abs(mp.mpf(f.numerator) / f.denominator)) for f in factors if f)
    assert float(found.steps) == near(float(truth), 1e-14)
    assert found.best_rate <= 1.0
