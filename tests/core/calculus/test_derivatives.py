"""Derivatives as formulas: as in the tables, infinite ones named, kinks told."""

import math

import numpy as np
import pytest
from tests.digits import near

from aimath.core.calculus import parse_function
from aimath.errors import InputError


@pytest.mark.parametrize(
    ("text", "formulas"),
    [
        ("(1-x)^2 + 100*(y-x^2)^2", ("-2*(1 - x) - 400*x*(y - x^2)", "200*(y - x^2)")),
        ("x*log(x) - x", ("1 + log(x) - 1",)),
        ("-exp(-x)", ("exp(-x)",)),
        ("x^y", ("y*x^(y - 1)", "x^y*log(x)")),
        ("(-x)^3", ("-3*(-x)^2",)),
        ("1/(x - y)", ("-1/(x - y)/(x - y)", "1/(x - y)/(x - y)")),
        ("tanh(x)", ("1/cosh(x)^2",)),
        ("x*tanh(2*y)", ("tanh(2*y)", "2/cosh(2*y)^2*x")),
        ("relu(x) + abs(y)", ("max(sign(x), 0)", "sign(y)")),
        ("erf(x - 1)*2", ("2.256758334191025*exp(-(x - 1)^2)",)),
        ("gelu(x)", ("(1 + erf(x/sqrt(2)))/2 + x*exp(-x^2/2)/sqrt(tau)",)),
        ("max(x, y)", ("", "")),
        ("+".join(f"sin({k}*x)" for k in range(9)), ("",)),
    ],
)
def test_derivatives_as_formulas(text, formulas):
    assert parse_function(text).gradient_formulas() == formulas


INFINITE = [
    ("sqrt(x)", "sqrt(x) has no finite derivative at x=0"),
    ("y + cbrt(x)", "cbrt(x) has no finite derivative at x=0"),
    ("x^0.5", "x^0.5 has no finite derivative at x=0"),
    ("sqrt(x*x)", "sqrt(x*x) has no finite derivative at x=0"),
    ("asin(1 - x)", "asin(1 - x) has no finite derivative at x=0"),
    ("atan(1e200*(x+1)) + sqrt(x)", "sqrt(x) has no finite derivative at x=0"),  # an infinity there is none
    ("1e300*sin(1e300*x)", "1e300*sin(1e300*x) has a derivative beyond float64 at x=0"),
]


@pytest.mark.parametrize(("text", "why"), INFINITE)
def test_an_infinite_derivative_is_named(text, why):
    f = parse_function(text, ["x", "y"])
    assert np.isfinite(f([0, 1]))
    with pytest.raises(InputError) as caught:
        f.gradient([0, 1])
    assert caught.value.message == why
    assert np.isnan(f.gradients(np.array([[0.0, 1.0]]))).any()


def test_an_infinite_second_derivative_is_named_by_the_variables_alone():
    f = parse_function("y^sqrt(x + 1e-320)", ["x", "y"])
    with pytest.raises(InputError, match=r"has (a|no finite) derivative.* at x=0(, y=2)?$"):
        f.hessian([0, 2])
    with pytest.raises(InputError, match=r"x\^1.5 has no finite derivative at x=0$"):
        parse_function("x^1.5*y").hessian([0, 2])


def test_an_infinity_on_the_way_to_a_derivative_is_none():
    assert parse_function("atan(x)").gradient([1e200]) == [0]  # 1/(1 + x²) with x² = inf
    assert parse_function("x^y").gradient([0, 2]) == [0, 0]  # 0² log 0
    assert parse_function("sqrt(x)^2").gradient([0]) == [1]
    assert parse_function("x^y").hessian([0, 2]) == [[2, 0], [0, 0]]
    assert parse_function("x*log(1e-300*x)").gradient([1e-20]) == near(
        [1 - 320 * math.log(10)], 1e-7
    )  # 1e-320 is subnormal


KINKS = [
    ("abs(x)", [0], [0], "not differentiable at x=0 (abs): 0 is used"),
    ("relu(x-1)", [1], [0], "not differentiable at x=1 (relu): 0 is used"),
    ("sign(x)*y", [0, 5], [0, 0], "not differentiable at x=0 (sign): 0 is used"),
    ("max(x, y)", [2, 2], [0.5, 0.5], "not differentiable at x=2, y=2 (max): equal shares are used"),
    ("min(x, y, 3*x)", [2, 2], [0.5, 0.5], "not differentiable at x=2, y=2 (min): equal shares are used"),
    ("min(x, x, y)", [1, 2], [1, 0], "not differentiable at x=1, y=2 (min): equal shares are used"),
]


@pytest.mark.parametrize(("text", "point", "slopes", "note"), KINKS)
def test_kinks_follow_torch_and_are_told(text, point, slopes, note):
    f = parse_function(text)
    assert f.gradient(point) == slopes
    assert f.gradients(np.array([point], float)).tolist() == [slopes]
    assert list(f.compiled_gradient()([float(x) for x in point])) == slopes
    assert f.non_differentiable(point) == (note,)
    assert f.has_non_differentiable
    assert f.non_differentiable([x + k + 0.25 for k, x in enumerate(point)]) == () or "x, x" in text


def test_a_constant_has_no_kink():
    assert not parse_function("abs(0) + max(1, 1) + x").has_non_differentiable
