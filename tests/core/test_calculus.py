"""Gradients, Hessians, Jacobians, backpropagation: worked by hand, in numbers of many digits, by differences."""

import math

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, strategies as st
from tests.digits import near, ulps

from aimath.core.calculus import _scalars as scalars, backprop, function, gradient, jacobian
from aimath.core.calculus._gradient import _refuse
from aimath.core.calculus._operations import OPERATIONS
from aimath.core.numerics.finite_differences import central
from aimath.errors import InputError


def of(text, *point, **asked):
    return gradient(function(text), [point], **asked)


# gradient


def test_the_guides_example():
    found = of("x^2 + 2*x*y + y^2", 3, 2, hessian=True, direction=[3, 4])
    assert found.value.tolist() == [25]
    assert found.gradient.tolist() == [[10, 10]]
    assert found.norm.tolist() == [math.sqrt(200)]
    assert found.direction.tolist() == [[0.6, 0.8]]
    assert found.directional.tolist() == [14]
    assert found.hessian.tolist() == [[[2, 2], [2, 2]]]
    assert found.eigenvalues[0] == pytest.approx([0, 4], abs=1e-15)
    assert found.critical.tolist() == ["no"]


def test_rosenbrock_by_hand():
    found = of("(1-x)^2 + 100*(y-x^2)^2", -1, 2, hessian=True)
    assert found.gradient.tolist() == [[-2 * 2 - 400 * -1 * 1, 200 * 1]]
    assert found.hessian.tolist() == [[[2 - 400 * (2 - 3), 400], [400, 200]]]


@pytest.mark.parametrize(
    ("text", "point", "kind"),
    [
        ("x^2 + y^2", (0, 0), "minimum"),
        ("(1-x)^2 + 100*(y-x^2)^2", (1, 1), "minimum"),
        ("1e-30*(x^2 + y^2)", (0, 0), "minimum"),
        ("-x^2 - 3*y^2", (0, 0), "maximum"),
        ("x*y", (0, 0), "saddle"),
        ("x^2 - y^2 + 0*z", (0, 0, 0), "saddle"),
        ("x^2 + 0*y", (0, 5), "undecided"),
        ("x^4 + y^4", (0, 0), "undecided"),
        ("x^2 + y^2", (1e-3, 0), "no"),
        ("x + 0*y", (0, 0), "no"),
        ("sin(x) + y^2", (math.pi / 2, 0), "saddle"),  # the gradient there is 6e-17
    ],
)
def test_critical_points(text, point, kind):
    assert of(text, *point, hessian=True).critical.tolist() == [kind]


def test_many_points_at_once():
    f = function("x^2*y")
    points = np.array([[1.0, 2.0], [3.0, 4.0], [0.0, 0.0]])
    found = gradient(f, points, hessian=True)
    assert found.gradient.tolist() == [[4, 1], [24, 9], [0, 0]]
    assert found.hessian.tolist() == [[[4, 2], [2, 0]], [[8, 6], [6, 0]], [[0, 0], [0, 0]]]
    assert found.critical.tolist() == ["no", "no", "undecided"]
    assert found.check().holds.all()
    assert found.check_hessian().holds.all()


def test_lengths_do_not_overflow():
    found = of("1e200*x + 1e200*y", 1, 1, direction=[1e200, 1e200])
    assert found.norm[0] == near(math.sqrt(2) * 1e200, 1e-15)
    assert found.direction[0] == near([math.sqrt(0.5)] * 2, 1e-15)
    assert of("1e-200*x", 1).norm[0] == 1e-200


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda: of("3"), "without variables"),
        (lambda: of("x + y", 1), r"2 coordinates \(x, y\), not 1"),
        (lambda: of("x", 1, 2), r"1 coordinate \(x\), not 2"),
        (lambda: of("x", math.inf), "is inf"),
        (lambda: of("x + y", 1, 2, direction=[1]), "1 number for 2 variables"),
        (lambda: of("x + y", 1, 2, direction=[0, 0]), "zero"),
        (lambda: of("log(x)", -1), r"log\(x\): argument is -1"),
        (lambda: of("x^1.5", 0, hessian=True), r"x\^1.5 has no finite derivative"),
        (lambda: backprop(function("3"), []), "without variables"),
        (lambda: backprop(function("sqrt(x)^2"), [0]), r"sqrt\(x\) has no finite derivative"),  # of all: 1
        (lambda: backprop(function("sqrt(x)"), [0]), "no finite derivative"),
    ],
)
def test_what_is_refused(call, why):
    with pytest.raises(InputError, match=why):
        call()


def test_the_row_without_a_slope_is_named():
    with pytest.raises(InputError) as caught:
        gradient(function("1/x"), [[1], [2], [0], [3]])
    assert (caught.value.row, caught.value.operand) == (2, "at")


def test_where_only_arrays_overflow_that_is_said():
    with pytest.raises(InputError, match="beyond float64") as caught:
        _refuse(lambda _: None, np.zeros((3, 1)), np.array([True, True, False]))
    assert caught.value.row == 2


# jacobian


def test_polar_coordinates():
    functions = [function("r*cos(t)", ["r", "t"]), function("r*sin(t)", ["r", "t"])]
    found = jacobian(functions, [[2, 0.5], [3, -1]])
    for (r, t), J in zip(found.point, found.jacobian, strict=True):
        wanted = [[math.cos(t), -r * math.sin(t)], [math.sin(t), r * math.cos(t)]]
        assert near(np.array(wanted), 4e-16) == J
    assert found.values[0] == near([2 * math.cos(0.5), 2 * math.sin(0.5)], 2e-16)
    assert found.norm == near([math.sqrt(5), math.sqrt(10)], 4e-16)
    assert found.check().holds.all()


def test_as_many_formulas_as_wanted():
    functions = [function(text, ["x", "y"]) for text in ("x", "y", "x*y", "x/y")]
    found = jacobian(functions, [[6, 2]])
    assert found.jacobian.tolist() == [[[1, 0], [0, 1], [2, 6], [0.5, -1.5]]]
    assert found.check().holds.all()
    with pytest.raises(InputError, match="x/y: division by zero"):
        jacobian(functions, [[6, 0]])


# checks


def test_a_wrong_derivative_is_found_out():
    found = of("sin(x)*y + exp(x)", 0.7, 2, hessian=True)
    assert found.check().holds.all()
    assert found.check_hessian().holds.all()
    off = found._replace(gradient=found.gradient * (1 + 1e-8), hessian=found.hessian + 1e-7)
    assert not off.check().holds.any()
    assert not off.check_hessian().holds.any()
    both = jacobian([function("x^2", ["x"]), function("x^3", ["x"])], [[2]])
    assert both._replace(jacobian=both.jacobian + np.array([[0], [1e-6]])).check().holds.tolist() == [
        [[True], [False]]
    ]


@pytest.mark.parametrize(
    ("slope", "at", "values"),
    [
        (12, 2.0, lambda x: x**3),
        (math.exp(3), 3.0, np.exp),
        (1 / 1e-20, 1e-20, np.log),
        (1e-8 / 2, 1e16, np.sqrt),
        (0, 0.0, np.cos),
        (2 * math.pi, 3.0, lambda x: np.sin(2 * math.pi * x)),  # coarse steps see nothing but zeros
        (-2e6 * 1e-4 * math.exp(-1e-2), 0.5001, lambda x: np.exp(-1e6 * (x - 0.5) ** 2)),  # a narrow hill
        (0, 0.0, np.abs),  # the mean of both sides
        (5, 0.0, lambda x: np.where(x > 0, 7 * x, 3 * x)),
    ],
)
def test_differences_know_how_far_off_they_are(slope, at, values):
    found = central(lambda points: values(points[..., 0]), np.array([[at]]), np.array([[1.0]]))
    assert abs(found.value - slope) <= found.error + 1e-15 * abs(slope)
    assert found.error <= 1e-8 * max(abs(slope), 1)


@pytest.mark.parametrize("text", ["+".join(["x"] * 3000), "+".join(f"sin({k}*x)" for k in range(300))])
def test_differences_of_long_formulas_allow_for_their_rounding(text):
    found = of(text, 1)
    check = found.check()
    assert check.holds.all()
    assert check.other == near(found.gradient, 1e-8)


def test_differences_at_points_of_every_size_at_once():
    points = np.array([[1e-300], [0.5], [3.0], [1e200], [0.5]])
    found = central(lambda points: points[..., 0], points, np.ones((5, 1)))
    assert found.value == near(np.ones(5), 1e-12)
    for k in range(5):
        alone = central(lambda points: points[..., 0], points[k : k + 1], np.ones((1, 1)))
        assert (alone.value, alone.error) == (found.value[k], found.error[k])


def test_differences_where_there_is_nothing_on_one_side():
    found = central(lambda points: np.sqrt(points[..., 0]), np.array([[0.0]]), np.array([[1.0]]))
    assert not np.isfinite(found.error)


# backprop


def test_the_tree_worked_by_hand():
    found = backprop(function("(w*x + b - y)^2"), [2, 3, 1, 5])
    assert found.lines.tolist() == ["L = e^2", "e = a - y", "a = p + b", "p = w*x", "w", "x", "b", "y"]
    assert found.depths.tolist() == [0, 1, 2, 3, 4, 4, 3, 2]
    assert found.values.tolist() == [4, 2, 7, 6, 2, 3, 1, 5]
    assert found.locals.tolist() == ["", "2*e", "1", "1", "x", "w", "1", "-1"]
    assert found.slopes.tolist() == [1, 4, 1, 1, 3, 2, 1, -1]
    assert found.upstream.tolist() == [1, 1, 4, 4, 4, 4, 4, 4]
    assert found.flows.tolist() == [1, 4, 4, 4, 12, 8, 4, -4]
    assert found.gradients.tolist() == [12, 8, 4, -4]
    assert found.check().holds.all()


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("x*x*x + x/x", [3]),
        ("(x+1)*(x+1) + log(x+1)", [2]),
        ("log(sigmoid(x))*y", [-800, 2]),
        ("max(x, y, 2*x)^2 + min(x, y)", [1, 2]),
        ("logsumexp(x, y, x*y) - softplus(x)", [1, 2]),
        ("x^y + 2^x + gelu(y)", [2, 3]),
        ("abs(x)*relu(y) - cbrt(x)", [-3, 2]),
    ],
)
def test_flows_into_the_places_of_a_variable_add_up(text, point):
    f = function(text)
    found = backprop(f, point)
    for k, name in enumerate(f.variables):
        flows = found.flows[found.nodes == name]
        assert math.fsum(flows) == near(f.gradient(point)[k], 1e-13)
    assert found.flows == near(found.slopes * found.upstream, 0)
    # What flows into a node is what the nodes below are sent.
    for k in range(1, len(found.depths)):
        above = max(j for j in range(k) if found.depths[j] == found.depths[k] - 1)
        assert found.upstream[k] == found.flows[above]


def test_nodes_are_not_named_as_variables():
    f = function("(L*e1 - a)^2 + o*p*L")
    found = backprop(f, [1, 2, 3, 4, 5])
    names = [line.split(" = ")[0] for line in found.lines if " = " in line]
    assert not set(names) & set(f.variables)
    assert len(set(names)) == len(names)


def test_more_nodes_than_letters():
    found = backprop(function("+".join(f"sin(x)^{k}" for k in range(3, 60))), [0.5])
    lines = {line for line in found.lines if " = " in line}  # sin(x) stands in many places, as one node
    assert len({line.split(" = ")[0] for line in lines}) == len(lines) > 26


# The functions that the C library hasn't: floats against mpmath, arrays against floats.

# Most squares of these are rounded, which exp(-x²) without care multiplies by x².
TAILS = [0.0, 1e-300, 1e-9, 0.1, 0.5, 0.9, 1.0, 2.7, 6.1, 9.3, 20.1, 25.7, 26.0, 30.3, 36.9, 700.0]
EXACT = {
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "sigmoid_slope": lambda x: mp.exp(x) / (1 + mp.exp(x)) ** 2,
    "softplus": lambda x: mp.log1p(mp.exp(x)),
    "sech2": lambda x: mp.sech(x) ** 2,
    "bell": lambda x: mp.exp(-(x**2)),
    "normal_cdf": mp.ncdf,
    "normal_density": mp.npdf,
    "gelu": lambda x: x * mp.ncdf(x),
    "cbrt": lambda x: mp.sign(x) * mp.cbrt(abs(x)),
    "erf": mp.erf,
    "tanh": mp.tanh,
}


@pytest.mark.parametrize("name", sorted(EXACT))
def test_tails_of_functions(name):
    operation, exact = OPERATIONS[name], EXACT[name]
    for x in (sign * x for x in TAILS for sign in (1, -1)):
        with mp.workdps(800):
            wanted = exact(mp.mpf(x))
        with np.errstate(all="ignore"):  # as whoever evaluates arrays has it
            found, row = operation.scalar(x), operation.array(np.array([x, 0.25]))[0]
        if abs(wanted) > 1e-300:
            assert ulps(found, wanted) <= (0.51 if name == "cbrt" else 3), x
            assert ulps(row, wanted) <= 4, x
        else:
            assert found == pytest.approx(float(wanted), abs=1e-300)
            assert row == pytest.approx(float(wanted), abs=1e-300)


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=6))
def test_softmax_and_logsumexp_of_floats(values):
    with mp.workdps(60):
        weights = [mp.exp(mp.mpf(x)) for x in values]
        for found, weight in zip(scalars.softmax(*values), weights, strict=True):
            assert ulps(found, weight / sum(weights)) <= 4
        total = mp.log(sum(weights))
        if abs(total) > 0.5:  # nearer to 0 the terms cancel
            assert ulps(scalars.logsumexp(*values), total) <= 3


def test_a_wide_softmax_is_centred_in_linear_time():
    values = [math.sin(k) for k in range(scalars.WIDE + 1)]
    slopes = [math.cos(k) for k in range(scalars.WIDE + 1)]
    probs = scalars.softmax(*values)
    mean = math.fsum(p * s for p, s in zip(probs, slopes, strict=True))
    wanted = [p * (s - mean) for p, s in zip(probs, slopes, strict=True)]
    assert scalars.centred(probs, *slopes) == near(wanted, 1e-13)
    arrays = OPERATIONS["centred"].array([np.array([p]) for p in probs], *(np.array([s]) for s in slopes))
    assert np.ravel(arrays) == near(wanted, 1e-13)
