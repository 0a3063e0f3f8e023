"""--variables may leave out what is given a number: a constant, which the derivatives aren't by."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

FORMULAS = (
    "x*y + y^2",
    "-y^2*x",
    "x^y",
    "sin(x)*exp(y/8)",
    "2^y^x",
    "x*z - y*sqrt(z)",
    "max(x, y + 9)*z",
    "x - y²",
)
NUMBERS = st.integers(1, 9).map(lambda k: k / 4)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(st.sampled_from(FORMULAS), NUMBERS, NUMBERS, NUMBERS)
def test_derivatives_are_those_that_all_variables_have(answered, formula, x, y, z):
    at = [f"x={x}", f"y={y}", *([f"z={z}"] if "z" in formula else [])]
    free = "x,z" if "z" in formula else "x"
    whole = answered("grad", formula, *at, "--variables", f"{free},y").split()
    assert answered("grad", formula, *at, "--variables", free).split() == whole[:-1]


def test_derivative_that_exists_is_given_where_that_by_a_constant_does_not(answered):
    assert answered("grad", "x^y", "x=-2", "y=3", "--variables", "x") == "12\n"
    assert answered("grad", "y*x", "x=2", "y=-3", "--variables", "x") == "-3\n"
    assert answered("backprop", "x^y", "x=-2", "y=3", "--variables", "x").split()[-1] == "12"
    assert answered("grad", "x^y", "--at", "-2", "y=3", "--variables", "x") == "12\n"


@pytest.mark.parametrize("words", ["x=2", "x=2 y=3,4", "x=2 y=", "x=2 y=3 y=3"])
def test_what_is_left_out_needs_one_number(refused, words):
    assert "y" in refused("grad", "x^y", *words.split(), "--variables", "x")
