"""Other routes to the point that a descent reaches."""

import numpy as np
import pytest
from hypothesis import given, strategies as st
from tests.digits import near

from aimath.core import optim
from aimath.core.calculus import parse_function
from aimath.core.optim import _closed_form

PARABOLA = parse_function("(w-3)^2")
ROSENBROCK = parse_function("(1-x)^2 + 100*(y-x^2)^2")


@pytest.mark.parametrize("optimizer", optim.OPTIMIZERS)
@pytest.mark.parametrize(
    "f", [PARABOLA, ROSENBROCK, parse_function("exp(x+3*y-.1)+exp(x-3*y-.1)+exp(-x-.1)")]
)
@pytest.mark.parametrize("schedule", ["constant", "exponential"])
def test_another_route_leads_to_the_same_point(optimizer, f, schedule):
    start = [10.0] if f is PARABOLA else [-0.5, 0.4]
    for steps in (0, 1, 2, 60):
        found = optim.minimize(f, start, optimizer, lr=1e-3, steps=steps, schedule=schedule)
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
    found = optim.minimize(ROSENBROCK, [-1.2, 1.0], optimizer, lr=1e-3, steps=50, **options)
    assert np.all(found.check().holds)


@given(st.floats(0.01, 0.9), st.floats(-50, 50), st.floats(0.1, 4.0))
def test_a_parabola_is_known_as_one(lr, start, bend):
    found = optim.minimize(parse_function(f"{bend}*w^2/2 + w"), [start], lr=lr / bend, steps=30)
    shape = _closed_form.fit_quadratic(found.source)
    assert shape.curvatures[0] == near(bend, 1e-12)
    assert shape.centre[0] == pytest.approx(-1.0 / bend, rel=1e-9, abs=1e-9)
    assert np.all(found.check().holds)


def test_what_is_bent_elsewhere_is_no_parabola():
    assert _closed_form.fit_quadratic(optim.minimize(parse_function("w^2 + w^4"), [1.0]).source) is None
    assert (
        _closed_form.fit_quadratic(optim.minimize(parse_function("abs(w) + w^2"), [1.05], lr=0.6).source)
        is None
    )
    assert _closed_form.fit_quadratic(optim.minimize(parse_function("x^2 + 0*y"), [1.0, 1.0]).source) is None


def test_following_goes_on_where_the_path_ends():
    found = optim.minimize(PARABOLA, [10.0], steps=2)
    assert found.source.next_points[:, 0, 0] == near([8.6, 7.48, 6.584], 1e-15)
