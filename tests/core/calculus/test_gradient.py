"""Gradients, Hessians and Jacobians: worked by hand, in numbers of many digits, by differences."""

import json
import math

import numpy as np
import pytest
from tests.core.calculus import hard_formulas
from tests.digits import near

from aimath.core.calculus import backprop, grad, parse_function
from aimath.core.calculus._gradient import _raise_undefined
from aimath.errors import InputError

TABLE = json.loads(hard_formulas.FILE.read_text())


def of(text, *point, **asked):
    return grad(text, at=[point], **asked)


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
    f = parse_function("x^2*y")
    points = np.array([[1.0, 2.0], [3.0, 4.0], [0.0, 0.0]])
    found = grad(f, at=points, hessian=True)
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
        (lambda: backprop(parse_function("3"), []), "without variables"),
        (
            lambda: backprop(parse_function("sqrt(x)^2"), [0]),
            r"sqrt\(x\) has no finite derivative",
        ),  # of all: 1
        (lambda: backprop(parse_function("sqrt(x)"), [0]), "no finite derivative"),
    ],
)
def test_what_is_refused(call, why):
    with pytest.raises(InputError, match=why):
        call()


def test_the_row_without_a_slope_is_named():
    with pytest.raises(InputError) as caught:
        grad("1/x", at=[[1], [2], [0], [3]])
    assert (caught.value.row, caught.value.operand) == (2, "at")


def test_where_only_arrays_overflow_that_is_said():
    with pytest.raises(InputError, match="beyond float64") as caught:
        _raise_undefined(lambda _: None, np.zeros((3, 1)), np.array([True, True, False]))
    assert caught.value.row == 2


# jacobian


def test_polar_coordinates():
    functions = [parse_function("r*cos(t)", ["r", "t"]), parse_function("r*sin(t)", ["r", "t"])]
    found = grad(*functions, at=[[2, 0.5], [3, -1]])
    for (r, t), J in zip(found.point, found.jacobian, strict=True):
        wanted = [[math.cos(t), -r * math.sin(t)], [math.sin(t), r * math.cos(t)]]
        assert near(np.array(wanted), 4e-16) == J
    assert found.value[0] == near([2 * math.cos(0.5), 2 * math.sin(0.5)], 2e-16)
    assert found.norm == near([math.sqrt(5), math.sqrt(10)], 4e-16)
    assert found.check().holds.all()


def test_as_many_formulas_as_wanted():
    functions = [parse_function(text, ["x", "y"]) for text in ("x", "y", "x*y", "x/y")]
    found = grad(*functions, at=[[6, 2]])
    assert found.jacobian.tolist() == [[[1, 0], [0, 1], [2, 6], [0.5, -1.5]]]
    assert found.check().holds.all()
    with pytest.raises(InputError, match="x/y: division by zero"):
        grad(*functions, at=[[6, 0]])


# checks


def test_a_wrong_derivative_is_found_out():
    found = of("sin(x)*y + exp(x)", 0.7, 2, hessian=True)
    assert found.check().holds.all()
    assert found.check_hessian().holds.all()
    off = found._replace(gradient=found.gradient * (1 + 1e-8), hessian=found.hessian + 1e-7)
    assert not off.check().holds.any()
    assert not off.check_hessian().holds.any()
    both = grad("x^2", "x^3", at=[[2]])
    assert both._replace(jacobian=both.jacobian + np.array([[0], [1e-6]])).check().holds.tolist() == [
        [[True], [False]]
    ]


TOO_FINE = [
    ("x^2*sin(y)", [2.0, 1e200]),  # between two floats the sine turns 1e183 times
    ("tan(x)", [1e300]),
    ("sin(1e20*x)", [1.0]),
    ("sin(1/x)", [1e-17]),
    ("sqrt(x)", [1e-320]),  # x - step has no value
    ("exp(x)", [-740.0]),  # values below the normal numbers have few digits
    ("atan(1/x)", [1e-200]),
]


@pytest.mark.parametrize(("text", "point"), TOO_FINE)
def test_what_no_difference_can_check_is_undecided_and_not_wrong(text, point):
    found = grad(text, at=[point])
    check = found.check()
    assert (check.holds | check.undecided).all()
    assert check.undecided.any()
    twice = grad(text, text, at=[point]).check()
    assert (twice.holds | twice.undecided).all()
    assert twice.undecided.any()
    tree = backprop(text, dict(zip(found.source.functions[0].variables, point, strict=True))).check()
    assert (tree.holds | tree.undecided).all()


def test_a_hessian_between_whose_points_the_slope_turns_is_undecided():
    assert of("sin(x)", 1e17, hessian=True).check_hessian().undecided.all()
    assert not of("sin(x)", 1.0, hessian=True).check_hessian().undecided.any()


def verdict(check):
    return (
        "undecided" if (check.undecided & ~check.holds).any() else "right" if check.holds.all() else "wrong"
    )


@pytest.mark.parametrize("count", [30, pytest.param(700, marks=pytest.mark.slow)])
def test_no_right_derivative_of_any_formula_is_marked_as_wrong(count):
    verdicts = []
    for text, names, point, _ in TABLE["gradients"][:count]:
        try:
            found = grad(parse_function(text, names), at=[point], exact=True)
        except InputError:
            continue
        if not found.source.functions[0].non_differentiable(point):
            verdicts.append(verdict(found.check()))
    assert "wrong" not in verdicts
    assert verdicts.count("right") > len(verdicts) / 2


@pytest.mark.parametrize("share", [1e-7, -1e-3, 0.5, -2.0])
def test_a_derivative_that_is_off_is_wrong_and_not_undecided(share):
    points = np.random.default_rng(7).uniform([-3, 0.5], [3, 2], (8, 2))
    found = grad("exp(x)*sin(y) + x^3 + 5*y", at=points)
    assert verdict(found.check()) == "right"
    off = found._replace(gradient=found.gradient * (1.0 + share)).check()
    assert not off.undecided.any()
    assert not off.holds.any()


@pytest.mark.slow
@pytest.mark.parametrize("text", ["+".join(["x"] * 3000), "+".join(f"sin({k}*x)" for k in range(300))])
def test_differences_of_long_formulas_allow_for_their_rounding(text):
    found = of(text, 1)
    check = found.check()
    assert check.holds.all()
    assert check.alternative == near(found.gradient, 1e-8)
