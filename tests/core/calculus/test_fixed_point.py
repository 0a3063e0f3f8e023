"""Elementary functions in fixed point against mpmath: within two units, with few bits and with many."""

import random

import mpmath as mp
import pytest

from aimath.core.calculus import _fixed_point as fixed

UNARY = {
    "exp": (fixed.exp, mp.exp),
    "sin": (lambda x, bits: fixed.sin_cos(x, bits)[0], mp.sin),
    "cos": (lambda x, bits: fixed.sin_cos(x, bits)[1], mp.cos),
    "atan": (fixed.atan, mp.atan),
    "log": (lambda x, bits: fixed.log((1 << bits) + x, bits), mp.log1p),
}


def off(found, truth, bits):
    """How many units a number in fixed point is from the truth."""
    return abs(found - truth * mp.mpf(2) ** bits)


@pytest.mark.parametrize("name", UNARY)
@pytest.mark.parametrize("bits", [20, 60, 112, 113, 300, 1000, 5000])
def test_functions_are_within_two_units(name, bits):
    ours, theirs = UNARY[name]
    rng = random.Random(bits)  # noqa: S311
    with mp.workprec(bits + 200):
        for size in (1, bits // 2, bits - 1, bits, bits, bits):
            x = rng.getrandbits(size) * 3 // 4  # a kernel's argument is below 1
            assert off(ours(x, bits), theirs(mp.ldexp(x, -bits)), bits) <= 2, x
        assert off(ours(0, bits), theirs(mp.mpf(0)), bits) <= 2


@pytest.mark.parametrize("bits", [30, 3000, 200, 6000, 5])  # what is kept of more serves for less
def test_constants_are_within_two_units(bits):
    with mp.workprec(bits + 50):
        assert off(fixed.pi(bits), mp.pi, bits) <= 2
        assert off(fixed.log2(bits), mp.log(2), bits) <= 2
