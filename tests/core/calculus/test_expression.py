"""Formulas: values, gradients and Hessians at points, against fractions and several hundred digits."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, strategies as st
from tests.core.calculus.formula_oracle import derivative
from tests.digits import near

from aimath.core.calculus import Function, parse_function
from aimath.errors import InputError


def test_variables_come_in_order_of_appearance():
    assert parse_function("b*x_1 + a - b*lambda + None").variables == ("b", "x_1", "a", "lambda", "None")
    assert parse_function("x", ["y", "x"])([1, 2]) == 2
    assert parse_function("3").variables == ()


def asked(ask, *args):
    """The answer and the refusal, of which there is one."""
    try:
        return ask(*args), None
    except InputError as error:
        return None, error


# Formulas that are right by construction, with the value that fractions give them.
LEAVES = st.one_of(st.just(("x", Fraction(3, 4))), st.integers(0, 9).map(lambda k: (str(k), Fraction(k))))


def _joined(parts):
    (a, u), op, (b, v) = parts
    value = u + v if op == "+" else u - v if op == "-" else u * v
    return f"({a}{op}{b})", value


EXACT = st.recursive(
    LEAVES, lambda inner: st.tuples(inner, st.sampled_from("+-*"), inner).map(_joined), max_leaves=8
)


@given(EXACT)
def test_arithmetic_is_that_of_fractions(pair):
    text, value = pair
    found = parse_function(text, ["x"])([0.75])
    assert found == float(value)  # small dyadic numbers: float64 holds each on the way


UNARY = [
    "exp",
    "log",
    "sqrt",
    "tanh",
    "sin",
    "abs",
    "relu",
    "sigmoid",
    "softplus",
    "cbrt",
    "atan",
    "gelu",
    "log1p",
]

TREES = st.recursive(
    st.sampled_from(["x", "y", "2", "0.5"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "^"]), inner).map(
            lambda t: f"({t[0]}{t[1]}{t[2]})"
        ),
        st.tuples(st.sampled_from(UNARY), inner).map(lambda t: f"{t[0]}({t[1]})"),
        st.tuples(st.sampled_from(["max", "min", "logsumexp"]), inner, inner).map(
            lambda t: f"{t[0]}({t[1]},{t[2]})"
        ),
    ),
    max_leaves=10,
)

POINTS = st.tuples(st.sampled_from([-2.0, -0.5, 0.0, 0.75, 3.0]), st.sampled_from([-1.0, 0.0, 0.25, 2.0]))


def checked(ask, *args):
    found, refused = asked(ask, *args)
    return None if refused else np.array(found)


@given(TREES, POINTS)
def test_arrays_are_undefined_where_one_point_is_refused(text, point):
    f = parse_function(text, ["x", "y"])
    row = np.array([point])
    for one, many in ((f, f.values), (f.gradient, f.gradients), (f.hessian, f.hessians)):
        found, wanted = many(row)[0], checked(one, point)
        assert np.isnan(found).any() == (wanted is None)
        if wanted is not None:
            assert found == pytest.approx(wanted, rel=1e-9, abs=1e-9 * float(np.abs(wanted).max()))


@given(TREES, POINTS)
def test_fast_functions_agree(text, point):
    f = parse_function(text, ["x", "y"])
    wanted = checked(f.gradient, point)
    if wanted is not None:
        assert list(f.compiled_gradient()(point)) == near(wanted.tolist(), 1e-13)


@given(TREES, POINTS)
def test_a_derivative_reads_back(text, point):
    f = parse_function(text, ["x", "y"])
    wanted = checked(f.gradient, point)
    for k, formula in enumerate(f.gradient_formulas()):
        if formula and wanted is not None:
            found = checked(parse_function(formula, ["x", "y"]), point)
            # As a formula of its own it may be undefined where the infinities of a derivative cancel.
            if found is not None:
                assert found == pytest.approx(wanted[k], rel=1e-9, abs=1e-9 * float(np.abs(wanted).max()))


def test_equal_parts_are_one_node():
    assert parse_function("(x+1)*(x+1)").operation_count == parse_function("(x+1)^2").operation_count == 4


def test_zero_is_never_minus_zero():
    found = parse_function("-(x*0)")
    assert math.copysign(1, found([1])) == 1
    assert math.copysign(1, found.gradient([1])[0]) == 1


def test_a_point_of_the_wrong_length_is_refused():
    with pytest.raises(InputError, match="2 coordinates"):
        parse_function("x+y").values(np.zeros((3, 3)))


def test_unknown_variable_of_a_given_list():
    with pytest.raises(InputError) as caught:
        parse_function("learning*rat", ["learning", "rate"])
    assert caught.value.message == "rat is not a variable here"
    assert caught.value.hint == "did you mean rate?"
    assert isinstance(parse_function("rate", ["learning", "rate"]), Function)


@pytest.mark.slow
@given(TREES, POINTS)
def test_any_formula_against_several_hundred_digits(text, point):
    f = parse_function(text, ["x", "y"])
    found, slopes, curvatures = (checked(ask, point) for ask in (f, f.gradient, f.hessian))
    assume(curvatures is not None and not f.non_differentiable(point))
    size = max(np.abs(found).max(), np.abs(slopes).max(), np.abs(curvatures).max())
    assume(size < 1e12)  # what large values cancel to is right to their digits, not to its own
    close = {"rel": 1e-9, "abs": 1e-9 * (1 + size)}
    assert found == pytest.approx(exact(text, point), **close)
    for i in range(2):
        assert slopes[i] == pytest.approx(exact(text, point, i), **close)
        for j in range(2):
            assert curvatures[i, j] == pytest.approx(exact(text, point, i, j), **close)


def exact(text, point, *by):
    """The oracle's derivative, where there is one on both sides."""
    try:
        return float(derivative(text, ["x", "y"], point, *by))
    except (TypeError, ZeroDivisionError):  # a complex number beside the edge of what is defined
        assume(False)


def test_without_a_gradient_there_is_no_hessian():
    f = parse_function("cbrt(x-x)*y")
    for many, one in ((f.gradients, f.gradient), (f.hessians, f.hessian)):
        with pytest.raises(InputError, match="no finite derivative"):
            one([1, 2])
        assert np.isnan(many(np.array([[1.0, 2.0]]))).any()


def test_hessians_of_more_points_than_a_block():
    f = parse_function("x^2*y + log(x)")
    points = np.abs(np.random.default_rng(0).normal(size=(70_000, 2)))
    points[[5, 69_999]] = -1.0
    found = f.hessians(points)
    assert np.isnan(found).any(axis=(1, 2)).sum() == 2
    for k in (0, 65_535, 65_536, 69_998):
        assert found[k] == near(np.array(f.hessian(points[k].tolist())), 1e-15)
