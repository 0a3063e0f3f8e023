"""Descents: the guide's figures, what is said of each way to end, many runs as one, other routes."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, strategies as st
from tests.digits import near

from aimath.core import optim as optimize, optim as retrace
from aimath.core.calculus import function
from aimath.errors import InputError

PARABOLA = function("(w-3)^2")
ROSENBROCK = function("(1-x)^2 + 100*(y-x^2)^2")


def went(text, start, *optimizer, **options):
    return optimize.descend(function(text), start, *optimizer, **options)


# The guide's figures


def test_twenty_steps_are_the_guides():
    found = optimize.descend(PARABOLA, [10.0])
    w, loss = found.point[1:, 0], found.loss[1:]  # the guide counts updates from 0
    shown = [(f"{w[k]:.4f}", f"{loss[k]:.4f}") for k in (0, 5, 10, 15)]
    assert shown == [("8.6000", "31.3600"), ("4.8350", "3.3673"), ("3.6013", "0.3616"), ("3.1970", "0.0388")]
    assert f"{w[-1]:.4f}" == "3.0807"


def test_each_point_is_the_rational_one():
    found = optimize.descend(PARABOLA, [10.0], lr=0.125, steps=40)
    exact = [3 + 7 * Fraction(3, 4) ** k for k in range(41)]
    assert all(
        abs(Fraction(x) - e) <= Fraction(4, 2**52) * e for x, e in zip(found.point[:, 0], exact, strict=True)
    )


@pytest.mark.parametrize(
    ("lr", "first"),
    [(1.0, [-4, 10, -4, 10]), (1.1, [-5.4, 13.08, -9.096]), (0.01, [9.86, 9.7228]), (0.1, [8.6, 7.48])],
)
def test_rates_do_what_the_guide_says(lr, first):
    found = optimize.descend(PARABOLA, [10.0], lr=lr)
    assert found.point[1 : len(first) + 1, 0] == near(first, 1e-14)


def test_steps_to_3001_and_30002():
    slow = optimize.descend(PARABOLA, [10.0], lr=0.01, steps=500).point[:, 0]
    right = optimize.descend(PARABOLA, [10.0], steps=100).point[:, 0]
    assert np.flatnonzero(slow <= 3.001)[0] == 439
    assert np.flatnonzero(right <= 3.0002)[0] == 47


def test_adams_first_steps_are_those_of_the_paper():
    found = optimize.descend(PARABOLA, [10.0], "adam", steps=3)
    assert found.m[:, 0] == near([0, 1.4, 2.64, 3.736], 1e-4)
    assert found.v[:, 0] == near([0, 0.196, 0.386244, 0.57082], 1e-4)
    assert found.m_hat[:2, 0].tolist() == near([0, 14], 1e-15)
    assert found.v_hat[:2, 0].tolist() == near([0, 196], 1e-13)
    assert found.point[:, 0] == near([10, 9.9, 9.80004, 9.700148], 1e-7)


# What happened


@pytest.mark.parametrize(
    ("text", "start", "options", "status", "why"),
    [
        ("(w-3)^2", [10.0], {}, "going", "|gradient| = 0.161409 > 1e-06 after 20 steps"),
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
        ("1e200*w", [1.0], {"optimizer": "adam"}, "stuck", "the gradient's square is beyond float64"),
        ("1e-5*w", [1e12], {"lr": 1e-3}, "stuck", "the step is less than the spacing of floats at w = 1e+12"),
        ("(w-3)^2", [10.0], {"optimizer": "momentum", "lr": 5.0}, "diverged", "the loss grew from 49"),
        (
            "(w-3)^2",
            [10.0],
            {"optimizer": "momentum", "lr": 5.0, "steps": 3},
            "going",
            "after 3 steps",
        ),  # too few
        ("(w-3)^2", [10.0], {"optimizer": "momentum"}, "going", "|gradient| = 4.88954"),
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


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"optimizer": "sgd"}, "optimizer 'sgd' is not one of gd, momentum"),
        ({"steps": -1}, "steps must be a whole number from 0, not -1"),
        ({"steps": 1.5}, "steps must be a whole number from 0, not 1.5"),
        ({"until": -1.0}, "until must be at least 0 and finite, not -1"),
        ({"lr": float("inf")}, "lr must be above 0 and finite, not inf"),
    ],
)
def test_what_makes_no_descent_is_named(options, why):
    with pytest.raises(InputError) as error:
        optimize.descend(PARABOLA, [10.0], **options)
    assert error.value.why.startswith(why)


# Many runs at once


@pytest.mark.parametrize("optimizer", optimize.OPTIMIZERS)
def test_runs_together_are_the_runs_alone(optimizer):
    rates, decays = np.array([1e-4, 1e-3, 0.02, 0.5]), np.array([0.0, 0.1, 0.01, 0.3])
    steps = np.array([50, 7, 30, 50])
    runs = optimize.descents(
        ROSENBROCK, [-1.2, 1.0], optimizer, lr=rates, steps=steps, weight_decay=decays, schedule="cosine"
    )
    for k, (lr, decay, count) in enumerate(zip(rates, decays, steps, strict=True)):
        alone = optimize.descend(
            ROSENBROCK,
            [-1.2, 1.0],
            optimizer,
            lr=float(lr),
            steps=int(count),
            weight_decay=float(decay),
            schedule="cosine",
        )
        places = np.arange(runs.last[k] + 1)
        together = runs.trajectory(places, np.full(len(places), k))
        assert together.point.tolist() == alone.point.tolist()
        assert (runs.statuses[k], runs.why(k)) == (alone.status, alone.why)
        for name in runs.rule.remembers:
            mine, theirs = (getattr(one, name) for one in (together, alone))
            assert (mine is None) == (theirs is None)
            assert mine is None or mine.tolist() == theirs.tolist()
        assert together.rate.tolist() == alone.rate.tolist()


def test_runs_that_end_early_end_alone():
    runs = optimize.descents(PARABOLA, [10.0], lr=np.array([0.1, 0.5, 1.0, 400.0]), steps=2000, until=1e-6)
    assert runs.last.tolist() == [74, 1, 2000, 52]  # 7 * 799^53 has no square in float64
    assert runs.statuses == ["converged", "converged", "oscillates", "diverged"]
    places, which = runs.all_rows(every=1000)
    assert list(zip(which.tolist(), places.tolist(), strict=True)) == [
        (0, 0), (0, 74), (1, 0), (1, 1), (2, 0), (2, 1000), (2, 2000), (3, 0), (3, 52),
    ]  # fmt: skip


@pytest.mark.parametrize("optimizer", optimize.OPTIMIZERS)
def test_a_long_run_knows_how_many_steps_it_made(optimizer):
    twice = optimize.descents(PARABOLA, [10.0], optimizer, lr=np.array([1e-3, 2e-3]), steps=9000)
    alone = optimize.descend(PARABOLA, [10.0], optimizer, lr=1e-3, steps=9000)
    assert alone.point.tolist() == twice.points[:, 0].tolist()
    bound = float(alone.norm[8500:].max())
    first = int(np.argmax(alone.norm <= bound))
    stopped = optimize.descend(PARABOLA, [10.0], optimizer, lr=1e-3, steps=9000, until=bound)
    assert stopped.step[-1] == first


def test_options_of_runs_are_as_many_as_runs():
    with pytest.raises(InputError, match="options of 2 and 3 values"):
        optimize.descents(PARABOLA, [10.0], lr=np.ones(2), steps=np.ones(3))


def test_memory_of_runs_is_what_a_single_run_remembers():
    runs = optimize.descents(
        PARABOLA, [10.0], "adam", beta1=np.array([0.5, 0.9]), beta2=np.array([0.9, 0.999]), steps=4
    )
    found = runs.trajectory(*runs.all_rows())
    assert found.m_hat.shape == (10, 1)
    assert found.m_hat[[1, 6], 0] == near([14, 14], 1e-14)


# Other routes to the same point


@pytest.mark.parametrize("optimizer", optimize.OPTIMIZERS)
@pytest.mark.parametrize("f", [PARABOLA, ROSENBROCK, function("exp(x+3*y-.1)+exp(x-3*y-.1)+exp(-x-.1)")])
@pytest.mark.parametrize("schedule", ["constant", "exponential"])
def test_another_route_leads_to_the_same_point(optimizer, f, schedule):
    start = [10.0] if f is PARABOLA else [-0.5, 0.4]
    for steps in (0, 1, 2, 60):
        found = optimize.descend(f, start, optimizer, lr=1e-3, steps=steps, schedule=schedule)
        assert np.all(found.check().holds)
    moved = found.source.points
    moved.flags.writeable = True
    moved[-1] *= 1.0 + 1e-6
    assert not np.all(found.check().holds)


@pytest.mark.parametrize(
    ("optimizer", "options"),
    [
        ("gd", {"weight_decay": 0.1}),
        ("momentum", {"dampening": 0.3, "weight_decay": 0.1}),
        ("rmsprop", {"centered": True, "momentum": 0.5}),
        ("adam", {"amsgrad": True, "weight_decay": 0.1}),
        ("adamw", {"amsgrad": True, "weight_decay": 0.5}),
        ("adam", {"eps": 0.0}),
    ],
)
def test_other_routes_know_every_option(optimizer, options):
    found = optimize.descend(ROSENBROCK, [-1.2, 1.0], optimizer, lr=1e-3, steps=50, **options)
    assert np.all(found.check().holds)


@given(st.floats(0.01, 0.9), st.floats(-50, 50), st.floats(0.1, 4.0))
def test_a_parabola_is_known_as_one(lr, start, bend):
    found = optimize.descend(function(f"{bend}*w^2/2 + w"), [start], lr=lr / bend, steps=30)
    shape = retrace.parabola(found.source)
    assert shape.curvatures[0] == near(bend, 1e-12)
    assert shape.centre[0] == pytest.approx(-1.0 / bend, rel=1e-9, abs=1e-9)
    assert np.all(found.check().holds)


def test_what_is_bent_elsewhere_is_no_parabola():
    assert retrace.parabola(optimize.descend(function("w^2 + w^4"), [1.0]).source) is None
    assert retrace.parabola(optimize.descend(function("abs(w) + w^2"), [1.05], lr=0.6).source) is None
    assert retrace.parabola(optimize.descend(function("x^2 + 0*y"), [1.0, 1.0]).source) is None


def test_following_goes_on_where_the_path_ends():
    found = optimize.descend(PARABOLA, [10.0], steps=2)
    assert retrace.following(found.source)[:, 0, 0] == near([8.6, 7.48, 6.584], 1e-15)


# The landscape


def test_surface_holds_the_whole_way():
    found = optimize.descend(ROSENBROCK, [-1.2, 1.0], lr=1e-3)
    seen = found.surface(7, 5)
    assert seen.values.shape == (5, 7)
    assert seen.values[1, 2] == ROSENBROCK([seen.x[2], seen.y[1]])
    assert seen.x[0] < found.point[:, 0].min() < found.point[:, 0].max() < seen.x[-1]


@pytest.mark.parametrize("ends", [[3.0], [1.7e308]])
def test_surface_of_a_way_without_extent(ends):
    f = function("w*1e-300")
    seen = optimize.descend(f, ends, steps=0).surface(9, 1)
    assert np.isfinite(seen.x).all()
    assert (np.diff(seen.x) > 0).all()
