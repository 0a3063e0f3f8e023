"""Values, gradients and Hessians of formulas against several hundred digits: within 4 ulp."""

import numpy as np
import pytest
from tests.core.calculus.formula_oracle import derivative
from tests.digits import near, ulps

from aimath.core.calculus import parse_function
from aimath.errors import InputError

UNDEFINED = [
    ("log(x-3)", 3, "log(x-3): argument is 0 at x=3, and must be above 0"),
    ("2 + log( x-3 )*y", 2, "log( x-3 ): argument is -1 at x=2, and must be above 0"),
    ("log(1+x)", -1, "log(1+x): argument is 0 at x=-1, and must be above 0"),
    ("log1p(x)", -2, "log1p(x): argument is -2 at x=-2, and must be above -1"),
    ("1/(x-1)", 1, "1/(x-1): division by zero at x=1"),
    ("x^-1", 0, "x^-1: 0 to the power -1 divides by zero at x=0"),
    ("x^0.5", -4, "x^0.5: a negative number (-4) has no power 0.5 at x=-4"),
    ("sqrt(x)", -1, "sqrt(x): argument is -1 at x=-1, and must be at least 0"),
    ("asin(x)", 2, "asin(x): argument is 2 at x=2, and must be -1 to 1"),
    ("9**9**9**9*x", 1, "9**9**9**9 is beyond e^(10^1500)"),
    ("x + log(0)", 1, "log(0): argument is 0, and must be above 0"),
]


@pytest.mark.parametrize(("text", "x", "why"), UNDEFINED)
def test_what_has_no_value_is_named(text, x, why):
    f = parse_function(text, ["x", "y"])
    for ask in (f, f.gradient, f.hessian):
        with pytest.raises(InputError) as caught:
            ask([x, 1])
        assert caught.value.message == why
        assert not caught.value.usage
    for many in (f.values, f.gradients, f.hessians):
        assert np.isnan(many(np.array([[x, 1.0]]))).all()


OVERFLOWS = [
    ("exp(x)", 1000, "exp(x): the value overflows float64 at x=1000", "exp(x) has a derivative beyond float64 at x=1000"),
    ("x*1e308*10", 1, "x*1e308*10: the value overflows float64 at x=1", "x*1e308*10 has a derivative beyond float64"),
    ("cosh(x)", -800, "cosh(x): the value overflows float64 at x=-800", "cosh(x) has a derivative beyond float64 at x=-800"),
    ("y + exp(x)", 710, "exp(x): the value overflows float64 at x=710", "y + exp(x) has a derivative beyond float64 at x=710"),
    ("x^-2", 1e-200, "x^-2: the value overflows float64 at x=1e-200", "x^-2 has a derivative beyond float64 at x=1e-200"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "x", "of_value", "of_slope"), OVERFLOWS)
def test_what_is_beyond_float64_is_called_so(text, x, of_value, of_slope):
    f = parse_function(text, ["x", "y"])
    for ask, why in ((f, of_value), (f.gradient, of_slope)):
        with pytest.raises(InputError) as caught:
            ask([x, 1])
        assert caught.value.message == why
    for many in (f.values, f.gradients):
        assert np.isnan(many(np.array([[x, 1.0]]))).any()


def test_an_overflow_on_the_way_refuses_neither_value_nor_slope():
    assert parse_function("1/exp(x)")([1000]) == parse_function("1/exp(x)").gradient([1000])[0] == 0
    assert parse_function("log(cosh(x))").value_gradient([1000]) == (999.3068528194401, [1])
    assert parse_function("1e308*x + 1e308*y").value_gradient([1, 1]) == (np.inf, [1e308, 1e308])
    assert parse_function("x*1e308*10").hessian([1]) == [[0]]


# Formulas and points at which they and their derivatives are well conditioned: nothing large cancels.
CASES = """
x^2 + 2*x*y + y^2 ; 3 2
(w-3)^2 ; 10
(1-x)^2 + 100*(y-x^2)^2 ; -1.2 1
(1.5-x+x*y)^2 + (2.25-x+x*y^2)^2 + (2.625-x+x*y^3)^2 ; 1 1.3
logsumexp(x, 2*x, y) ; 1 2
logsumexp(x, y, z) ; 30 1 -20
logsumexp(x, y) ; -700 3
logsumexp(x, y) ; 50 0
exp(x) + exp(-2*x) ; .7
sigmoid(x) ; 40
sigmoid(x) ; -40
sigmoid(x) ; .01
sigmoid(w*x + b) ; .3 .7 2
log(sigmoid(x)) ; -800
log(sigmoid(x)) ; 3
log(sigmoid(x)) ; 40
log(1 - sigmoid(x)) ; 40
1 - sigmoid(x) ; 40
softplus(x) ; -40
softplus(x) ; 3
log(1 + exp(x)) ; -50
log1p(exp(x)) + x ; 3
gelu(x) ; -30
gelu(x) ; -3
gelu(x) ; 2
gelu(x) ; 7
gelu(x)*tanh(y) ; 1 .5
erf(x) ; .3
erf(x) ; 5
erf(x) ; -20
log1p(x) ; 1e-12
log(1 + x) ; 1e-12
exp(x) - 1 ; 1e-12
expm1(x) ; 1e-12
expm1(x) ; -30
tanh(x) ; 18
tanh(x) ; .3
(tanh(w*x + b) - y)^2 ; .5 2 -.5 1
sin(x)*cos(y)*exp(z) ; 1 2 3
sin(sin(sin(x))) ; .7
cos(x)^4 ; .4
tan(x) ; 1.2
asin(x) ; .999
acos(x) ; -.9999999
atan(x) ; 1e8
atan(x) ; -.5
sinh(x)/cosh(y) ; 2 .3
sqrt(x) ; 2
sqrt(x^2 + y^2) ; 3 4
cbrt(x) ; -5
cbrt(x) ; 1e-20
x^y ; 2.5 3.7
x^x ; 1.5
x^3 ; 1.7
x^-2.5 ; 3
x^3 ; -2
2^x ; 5.5
x/y ; 3 7
x^2*y^3/z ; 1.1 2.2 3.3
1/(1 + x^2) ; .7
log2(x)*log10(y) ; 5 7
x*log(x) ; 5
log(log(x)) ; 20
exp(-x^2) ; 4
exp(-x^2/2) ; 3
max(x, y)*min(x, y) ; 2 3
abs(x)^3 ; -2
relu(x)^2 ; 3
pi*x^2 + e*x + tau ; 2
""".strip().splitlines()  # fmt: skip


@pytest.fixture(params=CASES, ids=str.strip)
def case(request):
    text, _, point = request.param.partition(";")
    return parse_function(text.strip()), [float(x) for x in point.split()]


def test_value(case):
    f, point = case
    assert ulps(f(point), derivative(f.text, f.variables, point)) <= 2


def test_gradient(case):
    f, point = case
    for k, found in enumerate(f.gradient(point)):
        assert ulps(found, derivative(f.text, f.variables, point, k)) <= 4


@pytest.mark.slow
def test_hessian(case):
    f, point = case
    for i, row in enumerate(f.hessian(point)):
        for j, found in enumerate(row):
            exact = derivative(f.text, f.variables, point, i, j)
            # A zero comes out of the oracle's differences as what they round to.
            assert ulps(found, exact) <= 4 or (found == 0 and abs(exact) < 1e-100)


@pytest.mark.slow
def test_arrays_have_the_digits_too(case):
    f, point = case
    points = np.array([point] * 3)
    assert (f.values(points) == f.values(points)[0]).all()
    for k, found in enumerate(f.gradients(points)[1]):
        assert ulps(found, derivative(f.text, f.variables, point, k)) <= 4
    exact = [
        [derivative(f.text, f.variables, point, i, j) for j in range(len(point))] for i in range(len(point))
    ]
    for found, wanted in zip(f.hessians(points)[2].ravel(), np.ravel(np.array(exact, object)), strict=True):
        assert ulps(found, wanted) <= 4 or (found == 0 and abs(wanted) < 1e-100)


@pytest.mark.slow
def test_a_batch_is_its_rows(case):
    f, point = case
    points = np.array([[x * (1 + k / 64) for x in point] for k in range(9)])
    for rows, one in ((f.values, f.values), (f.gradients, f.gradients), (f.hessians, f.hessians)):
        together = rows(points)
        for k, row in enumerate(points):
            assert np.array_equal(one(row), together[k], equal_nan=True)


def test_fast_gradient_is_the_gradient(case):
    f, point = case
    assert list(f.compiled_gradient()(point)) == near(f.gradient(point), 1e-15)
    assert f.compiled_derivative()(point) == f.compiled_gradient()(point)[0]
