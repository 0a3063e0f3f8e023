"""Balls hold the truth: every operation at easy and hard arguments, exact ones and such with a radius."""

import math
import operator
import random

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, strategies as st

from aimath.core.calculus._ball_functions import FUNCTIONS
from aimath.core.calculus._balls import (
    Balls,
    TooLargeError,
    UndecidedError,
    UndefinedError,
    ball,
    nearest,
    rounded,
)

NOTHING = (UndecidedError, UndefinedError, TooLargeError)
EXACT = {
    "sin": mp.sin, "cos": mp.cos, "tan": mp.tan, "asin": mp.asin, "acos": mp.acos, "atan": mp.atan,
    "sinh": mp.sinh, "cosh": mp.cosh, "exp": mp.exp, "log": mp.log, "sqrt": mp.sqrt, "abs": abs,
    "log2": lambda x: mp.log(x) / mp.log(2), "log10": lambda x: mp.log(x) / mp.log(10),
    "log1p": lambda x: mp.log(1 + x), "expm1": lambda x: mp.exp(x) - 1, "relu": lambda x: max(x, mp.mpf(0)),
    "cbrt": lambda x: mp.sign(x) * mp.cbrt(abs(x)), "cbrt_slope": lambda x: 1 / (3 * mp.cbrt(abs(x)) ** 2),
    "tanh": lambda x: mp.sign(x) * (1 - mp.exp(-2 * abs(x))) / (1 + mp.exp(-2 * abs(x))),
    "sech2": lambda x: 4 * mp.exp(-2 * abs(x)) / (1 + mp.exp(-2 * abs(x))) ** 2,
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "sigmoid_slope": lambda x: mp.exp(-abs(x)) / (1 + mp.exp(-abs(x))) ** 2,
    "softplus": lambda x: mp.log1p(mp.exp(x)), "erf": mp.erf, "bell": lambda x: mp.exp(-x * x),
    "gelu": lambda x: x * mp.erfc(-x / mp.sqrt(2)) / 2, "normal_cdf": lambda x: mp.erfc(-x / mp.sqrt(2)) / 2,
    "normal_density": lambda x: mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi),
}  # fmt: skip
DOMAINS = {
    "log": lambda x: x > 0, "log2": lambda x: x > 0, "log10": lambda x: x > 0, "log1p": lambda x: x > -1,
    "sqrt": lambda x: x >= 0, "asin": lambda x: abs(x) <= 1, "acos": lambda x: abs(x) <= 1,
    "cbrt_slope": lambda x: x != 0,
}  # fmt: skip
DEAR = {"erf", "gelu", "normal_cdf"}
"""Functions for which mpmath takes most of the time of these tests."""
ARGUMENTS = [0.0, 1.0, -1.0, 0.5, -0.5, 2.0, 27.0, math.pi, math.pi / 2, -math.pi, 1e-5, 1e-9, -1e-17, 3e-160,
             1 + 2**-52, 1 - 2**-53, -1 + 2**-53, 0.75, -5.5, 17.3, -30.0, 38.0, -38.5, 100.0, -700.0, 709.5,
             1e5, -1e5, 1e22]  # fmt: skip


def number(m, e):
    return mp.ldexp(m, e)


def holds(a, truth):
    """Whether a ball has a number in it, but for what the truth itself may be off."""
    m, r, e = a
    return abs(number(m, e) - truth) <= number(r, e) + abs(truth) * mp.mpf(2) ** (100 - mp.mp.prec)


def around(x, rng, bits):
    """A ball about a float, exact or with a radius that is anything from tiny to larger than the float."""
    m, _, e = ball(x)
    wide = rng.choice([0, 0, bits - 5, bits // 2, 30, 4, 1])
    if not wide:
        return m, 0, e
    n = max(wide + 2 - abs(m).bit_length(), 0)
    return m << n, rng.randint(1, 1 << rng.randint(1, 20)), e - n


@pytest.mark.parametrize("bits", [112, *(pytest.param(bits, marks=pytest.mark.slow) for bits in (60, 448))])
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name in DEAR else []) for name in EXACT]
)
def test_functions_hold_the_truth(name, bits):
    rng, b, found = random.Random(bits), Balls(bits), 0  # noqa: S311
    with mp.workprec(3200):
        for x in (*ARGUMENTS, *(rng.gauss(0, 3) for _ in range(10))):
            if abs(x) > 40 and name in DEAR:
                continue  # mpmath's take too long
            m, r, e = around(x, rng, bits)
            try:
                a = FUNCTIONS[name](b, (m, r, e))
            except NOTHING:
                continue
            found += 1
            for k in {m - r, m, m + r, m + rng.randint(-r, r)}:
                if DOMAINS.get(name, lambda _: True)(number(k, e)):
                    assert holds(a, EXACT[name](number(k, e))), (x, r)
    assert found >= 10


@pytest.mark.parametrize("name", sorted(EXACT))
def test_functions_lose_few_bits_of_floats(name):
    b = Balls(112)
    for x in ARGUMENTS:
        try:
            m, r, _ = FUNCTIONS[name](b, ball(x))
        except NOTHING:
            continue
        assert not m or r.bit_length() <= 12 + max(m.bit_length() - 112, 0) or name in ("gelu", "normal_cdf")


@pytest.mark.parametrize("name", ["add", "sub", "mul", "div", pytest.param("pow", marks=pytest.mark.slow)])
def test_arithmetic_holds_the_truth(name):
    rng, b = random.Random(name), Balls(80)  # noqa: S311
    theirs = {
        "add": operator.add,
        "sub": operator.sub,
        "mul": operator.mul,
        "div": operator.truediv,
        "pow": mp.power,
    }
    with mp.workprec(3000):
        for _ in range(400):
            x, y = (
                rng.choice([rng.gauss(0, 1), 10 ** rng.uniform(-200, 200), rng.choice(ARGUMENTS)])
                for _ in "xy"
            )
            if name == "pow":
                y = rng.choice([y % 7, 3.0, -2.0, 0.5, 2.5, 4097.0])
            one, two = around(x, rng, 80), around(y, rng, 80)
            try:
                a = FUNCTIONS[name](b, one, two)
            except NOTHING:
                continue
            for s, t in ((-1, -1), (-1, 1), (1, -1), (1, 1), (0, 0)):
                u, v = (number(m + k * r, e) for (m, r, e), k in ((one, s), (two, t)))
                if not (name == "div" and not v) and not (name == "pow" and (u < 0 or (not u and v < 0))):
                    assert holds(a, theirs[name](u, v)), (x, y)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_are_exact_balls(x):
    assert rounded(ball(x)) == x


@given(st.integers(-(2**80), 2**80), st.integers(-1200, 1000))
def test_the_nearest_float_is_numpys(m, e):
    with np.errstate(all="ignore"), mp.workprec(200):
        exact = mp.ldexp(m, e)
        found = nearest(m, e)
        if math.isinf(found):
            assert abs(exact) >= mp.mpf(2) ** 1024 - mp.mpf(2) ** 970
        else:
            gaps = [
                abs(mp.mpf(x) - exact)
                for x in (np.nextafter(found, -np.inf), np.nextafter(found, np.inf))
                if np.isfinite(x)
            ]
            assert abs(mp.mpf(found) - exact) <= min(gaps)
        assert math.copysign(1, found) == 1 or found < 0


def test_what_is_exact_stays_exact():
    b = Balls(112)
    half, three, nine = ball(0.5), ball(3.0), ball(9.0)
    assert b.sub(b.div(nine, three), three)[:2] == (0, 0)
    assert rounded(b.sqrt(nine)) == 3
    assert (
        b.sqrt(nine)[1]
        == b.cbrt(ball(27.0))[1]
        == b.pow(nine, ball(1.5))[1]
        == b.pow(three, ball(-0.0))[1]
        == 0
    )
    assert FUNCTIONS["sin"](b, ball(0.0))[:2] == FUNCTIONS["log"](b, ball(1.0))[:2] == (0, 0)
    assert b.div(ball(0.0), b.exp(half))[:2] == (0, 0)


def test_signs_that_are_not_known_are_asked_again():
    unknown = (1, 2, -100)
    with pytest.raises(UndecidedError):
        Balls(112).sign(unknown)
    assert Balls(112, final=True).sign(unknown) == 0
    for name in ("log", "sqrt", "step", "sign"):
        with pytest.raises(UndecidedError):
            FUNCTIONS[name](Balls(112), unknown)
    with pytest.raises(UndecidedError):
        Balls(112).div(ball(1.0), unknown)
    with pytest.raises(UndefinedError):
        Balls(112).div(ball(1.0), ball(0.0))


def test_towers_of_exponentials_end():
    b = Balls(112)
    tower = ball(10.0)
    for _ in range(2):
        tower = b.exp(tower)
    with pytest.raises(NOTHING):
        b.exp(b.exp(tower))
    m, r, _ = b.exp(b.neg(b.exp((1, 0, 400))))  # exp(-exp(2^400)) is 0 to all that matters
    assert abs(m) <= r
