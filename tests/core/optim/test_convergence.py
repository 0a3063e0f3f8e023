"""What is said of each way in which a descent ends."""

import numpy as np
import pytest
from tests.digits import near

from aimath.core import optim
from aimath.core.calculus import parse_function
from aimath.errors import InputError


def went(text, start, *optimizer, **options):
    return optim.minimize(parse_function(text), start, *optimizer, **options)


@pytest.mark.parametrize(
    ("text", "start", "options", "status", "why"),
    [
        ("(w-3)^2", [10.0], {}, "going", "not there yet, |gradient| = 0.161409 > 1e-06 after 20 steps"),
        ("(w-3)^2", [10.0], {"steps": 100}, "converged", "<= 1e-06 after 100 steps"),
        (
            "(w-3)^2",
            [10.0],
            {"steps": 900, "until": 1e-3},
            "converged",
            "|gradient| = 0.000952791 <= 0.001 after 43 steps",
        ),
        ("(w-3)^2", [3.0], {"steps": 0}, "converged", "|gradient| = 0 <= 1e-06 after 0 steps"),
        (
            "(w-3)^2",
            [10.0],
            {"lr": 1.0},
            "oscillates",
            "between w = -4 and w = 10: lr 1 is 2/curvature = 2/2",
        ),
        ("(w-3)^2", [10.0], {"lr": 1.1}, "diverged", "lr 1.1 is above 2/curvature = 1"),
        ("(w-3)^2", [10.0], {"lr": 1.1, "steps": 1}, "diverged", "the loss grew from 49 to 70.56 in 1 step:"),
        ("(w-3)^2", [10.0], {"lr": 1.001}, "diverged", "the loss grew from 49 to 53.07"),
        (
            "(w-3)^2",
            [10.0],
            {"lr": 1.1, "steps": 5000},
            "diverged",
            "beyond float64 at step 1936, from w = -1.15",
        ),
        ("w^4", [30.0], {}, "diverged", "lr 0.1 is above 2/curvature = 0.000185185"),
        ("exp(w)", [5.0], {"lr": 900.0}, "converged", "|gradient| = 0 <= 1e-06"),
        ("exp(w) + exp(-w)", [5.0], {"lr": 1.0}, "diverged", "beyond float64 at step 2, from w = -143.406"),
        (
            "x^2 - y^2",
            [1.0, 0.0],
            {"steps": 200},
            "stuck",
            "at a saddle, x = 4.14952e-20, y = 0: curvatures -2 to 2",
        ),
        ("-w^2", [0.0], {}, "stuck", "at a maximum, w = 0: curvatures -2 to -2"),
        # Where the other curvature is 0 but for rounding, up or down.
        ("-(x+3*y)^2", [3.0, -1.0], {}, "stuck", "at a ridge, x = 3, y = -1: curvatures -20 to "),
        ("-(x+y/3)^2", [1.0, -3.0], {}, "stuck", "at a ridge, x = 1, y = -3: curvatures -2.22222 to "),
        ("abs(w)", [0.0], {}, "stuck", "at a kink: not differentiable at w=0 (abs)"),
        ("abs(w)", [1.05], {}, "oscillates", "for ever between w = -0.05 and w = 0.05"),
        (
            "log(w)",
            [0.3],
            {"lr": 0.5},
            "undefined",
            "step 1 leads to w = -1.36667: log(w): argument is -1.36667",
        ),
        ("sqrt(w)", [1.0], {"lr": 1.0}, "undefined", "step 2 leads to w = -0.207107: sqrt(w)"),
        (
            "sqrt(w)",
            [0.25],
            {"lr": 0.25},
            "undefined",
            "step 1 leads to w = 0: sqrt(w) has no finite derivative",
        ),
        ("w^3", [0.0], {}, "converged", "|gradient| = 0"),
        ("1e200*w", [1.0], {"optimizer": "adam"}, "going", "|gradient| = 1e+200"),
        ("1e-5*w", [1e12], {"lr": 1e-3}, "stuck", "the step is less than the spacing of floats at w = 1e+12"),
        ("(w-3)^2", [10.0], {"optimizer": "momentum", "lr": 5.0}, "diverged", "the loss grew from 49"),
        (
            "(w-3)^2",
            [10.0],
            {"optimizer": "momentum", "lr": 5.0, "steps": 3},
            "going",
            "after 3 steps",
        ),  # too few
        ("(w-3)^2", [10.0], {"optimizer": "momentum"}, "going", "not there yet, |gradient| = 4.88954"),
    ],
)
def test_what_happened_is_said_with_its_figures(text, start, options, status, why):
    found = went(text, start, **options)
    assert (found.status, why in found.why) == (status, True), found.why
    assert np.isfinite(found.point).all()
    assert np.isfinite(found.loss).all()
    assert np.isfinite(found.gradient).all()


def test_a_point_that_is_met_twice_makes_no_cycle():
    lr = (134.4 - 3606.4**0.5) / 112  # the third step leads where the first one led, the second elsewhere
    found = went("(w-3)^2", [10.0], "momentum", lr=lr, steps=3)
    assert found.point[3, 0] == near(found.point[1, 0], 1e-9)
    assert found.status == "going"


def test_a_start_without_a_value_is_an_error():
    with pytest.raises(InputError, match=r"log\(w\)"):
        went("log(w)", [-1.0])
    with pytest.raises(InputError, match="no finite derivative"):
        went("sqrt(w)", [0.0])


def test_several_variables_may_leave_the_domain_or_float64():
    assert went("log(x) + y^2", [1.0, 1.0], lr=2.0).status == "undefined"
    found = went("x^4 + y^2", [30.0, 1.0])
    assert found.status == "diverged"
    assert len(found.step) == 4


@pytest.mark.parametrize("text", ["(w-3)^2", "(w-3)^2 + 0*x"])
def test_until_stops_at_the_first_point_that_is_flat_enough(text):
    start = [10.0] if "x" not in text else [10.0, 0.0]
    all_of_it = went(text, start, steps=3000)
    for bound in (1e-3, 1e-9, 1e-14):
        found = went(text, start, steps=3000, until=bound)
        assert found.norm[-1] <= bound
        assert (found.norm[:-1] > bound).all()
        assert found.point.tolist() == all_of_it.point[: len(found.point)].tolist()
