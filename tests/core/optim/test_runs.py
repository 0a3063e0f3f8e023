"""Descents: the guide's figures, many runs as one, the landscape."""

import math
from fractions import Fraction

import numpy as np
import pytest
from tests.digits import near

from aimath.core import optim
from aimath.core.calculus import parse_function
from aimath.core.optim._runs import unsure_steps
from aimath.errors import InputError

PARABOLA = parse_function("(w-3)^2")
ROSENBROCK = parse_function("(1-x)^2 + 100*(y-x^2)^2")


# The guide's figures


def test_twenty_steps_are_the_guides():
    found = optim.minimize(PARABOLA, [10.0])
    w, loss = found.point[1:, 0], found.loss[1:]  # the guide counts updates from 0
    shown = [(f"{w[k]:.4f}", f"{loss[k]:.4f}") for k in (0, 5, 10, 15)]
    assert shown == [("8.6000", "31.3600"), ("4.8350", "3.3673"), ("3.6013", "0.3616"), ("3.1970", "0.0388")]
    assert f"{w[-1]:.4f}" == "3.0807"


def test_each_point_is_the_rational_one():
    found = optim.minimize(PARABOLA, [10.0], lr=0.125, steps=40)
    exact = [3 + 7 * Fraction(3, 4) ** k for k in range(41)]
    assert all(
        abs(Fraction(x) - e) <= Fraction(4, 2**52) * e for x, e in zip(found.point[:, 0], exact, strict=True)
    )


def directions(found, decay, mu):
    """Give what each update takes lr times off the point, in the floats of the run."""
    slopes = found.gradient + decay * found.point if decay else found.gradient
    if found.source.rule.name == "gd":
        return slopes[:-1]
    return found.buffer[1:] if found.source.rule.name == "momentum" else slopes[:-1] + mu * found.buffer[1:]


@pytest.mark.parametrize("optimizer", ["gd", "momentum", "nesterov"])
@pytest.mark.parametrize("decay", [0.0, 0.3])
@pytest.mark.parametrize("runs", [1, 3])
def test_early_updates_are_rounded_once(optimizer, decay, runs):
    rng = np.random.default_rng([runs, decay > 0])
    # Sums and products alone: the slopes of a run are floats', those shown numpy's, whose cosh may differ.
    for formula in ("(x-3)^2 + 2*(y+1)^2", "(x*y-1)^2 + (x+2)^2", "1e-200*x^2+1e200*y^2"):
        f, start, lr = parse_function(formula), rng.normal(size=2), rng.uniform(0.01, 0.4, runs)
        with np.errstate(over="ignore"):
            batch = optim.minimize_batch(f, start, optimizer, lr=lr, steps=20, weight_decay=decay)
        for run in range(runs):
            steps = np.arange(batch.last[run] + 1)
            found = batch.trajectory(steps, np.full(len(steps), run))
            for before, way, after in zip(
                found.point[:-1], directions(found, decay, 0.9), found.point[1:], strict=True
            ):
                for w, d, x in zip(before.tolist(), way.tolist(), after.tolist(), strict=True):
                    exact = Fraction(w) - Fraction(lr[run]) * Fraction(d)
                    assert abs(Fraction(x) - exact) <= Fraction(math.ulp(x)) * Fraction(501, 1000)


@pytest.mark.parametrize("optimizer", ["gd", "rmsprop"])
def test_a_longer_run_begins_with_the_shorter_one(optimizer):
    whole = optim.minimize(PARABOLA, [10.0], optimizer, lr=0.003, steps=300)
    for steps in (20, 127, 128, 129, 200):
        assert optim.minimize(PARABOLA, [10.0], optimizer, lr=0.003, steps=steps).point.tolist() == (
            whole.point[: steps + 1].tolist()
        )


@pytest.mark.parametrize(
    ("lr", "first"),
    [(1.0, [-4, 10, -4, 10]), (1.1, [-5.4, 13.08, -9.096]), (0.01, [9.86, 9.7228]), (0.1, [8.6, 7.48])],
)
def test_rates_do_what_the_guide_says(lr, first):
    found = optim.minimize(PARABOLA, [10.0], lr=lr)
    assert found.point[1 : len(first) + 1, 0] == near(first, 1e-14)


def test_steps_to_3001_and_30002():
    slow = optim.minimize(PARABOLA, [10.0], lr=0.01, steps=500).point[:, 0]
    right = optim.minimize(PARABOLA, [10.0], steps=100).point[:, 0]
    assert np.flatnonzero(slow <= 3.001)[0] == 439
    assert np.flatnonzero(right <= 3.0002)[0] == 47


def test_adams_first_steps_are_those_of_the_paper():
    found = optim.minimize(PARABOLA, [10.0], "adam", steps=3)
    assert found.m[:, 0] == near([0, 1.4, 2.64, 3.736], 1e-4)
    assert found.v[:, 0] == near([0, 0.196, 0.386244, 0.57082], 1e-4)
    assert found.m_hat[:2, 0].tolist() == near([0, 14], 1e-15)
    assert found.v_hat[:2, 0].tolist() == near([0, 196], 1e-13)
    assert found.point[:, 0] == near([10, 9.9, 9.80004, 9.700148], 1e-7)


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
        optim.minimize(PARABOLA, [10.0], **options)
    assert error.value.message.startswith(why)


# Many runs at once


@pytest.mark.parametrize("optimizer", optim.OPTIMIZERS)
def test_runs_together_are_the_runs_alone(optimizer):
    rates, decays = np.array([1e-4, 1e-3, 0.02, 0.5]), np.array([0.0, 0.1, 0.01, 0.3])
    steps = np.array([50, 7, 30, 50])
    runs = optim.minimize_batch(
        ROSENBROCK, [-1.2, 1.0], optimizer, lr=rates, steps=steps, weight_decay=decays, schedule="cosine"
    )
    for k, (lr, decay, count) in enumerate(zip(rates, decays, steps, strict=True)):
        alone = optim.minimize(
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
        assert (runs.statuses[k], runs.explain(k)) == (alone.status, alone.why)
        for name in runs.rule.state_names:
            mine, theirs = (getattr(one, name) for one in (together, alone))
            assert (mine is None) == (theirs is None)
            assert mine is None or mine.tolist() == theirs.tolist()
        assert together.rate.tolist() == alone.rate.tolist()


def test_runs_that_end_early_end_alone():
    runs = optim.minimize_batch(PARABOLA, [10.0], lr=np.array([0.1, 0.5, 1.0, 400.0]), steps=2000, until=1e-6)
    assert runs.last.tolist() == [74, 1, 2000, 52]  # 7 * 799^53 has no square in float64
    assert runs.statuses == ["converged", "converged", "oscillates", "diverged"]
    places, which = runs.select_rows(every=1000)
    assert list(zip(which.tolist(), places.tolist(), strict=True)) == [
        (0, 0), (0, 74), (1, 0), (1, 1), (2, 0), (2, 1000), (2, 2000), (3, 0), (3, 52),
    ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", optim.OPTIMIZERS)
def test_a_long_run_knows_how_many_steps_it_made(optimizer):
    twice = optim.minimize_batch(PARABOLA, [10.0], optimizer, lr=np.array([1e-3, 2e-3]), steps=9000)
    alone = optim.minimize(PARABOLA, [10.0], optimizer, lr=1e-3, steps=9000)
    assert alone.point.tolist() == twice.points[:, 0].tolist()
    bound = float(alone.norm[8500:].max())
    first = int(np.argmax(alone.norm <= bound))
    stopped = optim.minimize(PARABOLA, [10.0], optimizer, lr=1e-3, steps=9000, until=bound)
    assert stopped.step[-1] == first


def test_options_of_runs_are_as_many_as_runs():
    with pytest.raises(InputError, match="options of 2 and 3 values"):
        optim.minimize_batch(PARABOLA, [10.0], lr=np.ones(2), steps=np.ones(3))


def test_memory_of_runs_is_what_a_single_run_remembers():
    runs = optim.minimize_batch(
        PARABOLA, [10.0], "adam", beta1=np.array([0.5, 0.9]), beta2=np.array([0.9, 0.999]), steps=4
    )
    found = runs.trajectory(*runs.select_rows())
    assert found.m_hat.shape == (10, 1)
    assert found.m_hat[[1, 6], 0] == near([14, 14], 1e-14)


# The landscape


def test_the_function_is_known_at_each_pair_of_places():
    found = optim.minimize(ROSENBROCK, [-1.2, 1.0], lr=1e-3)
    x, y = np.linspace(-2.0, 2.0, 7), np.linspace(-1.0, 3.0, 5)
    seen = found.values_at(x, y)
    assert seen.shape == (5, 7)
    exact = [[ROSENBROCK([a, b]) for a in x.tolist()] for b in y.tolist()]
    assert seen.ravel() == near(np.ravel(exact), 1e-14)


def test_further_variables_are_as_at_the_end_of_the_run():
    f = parse_function("x^2 + y^2 + 10*z^2")
    found = optim.minimize(f, [1.0, 2.0, 3.0], lr=1e-2)
    z = found.point[-1, 2]
    seen = found.values_at(np.array([0.0, 1.0]), np.array([2.0]))
    assert seen[0] == near([f([0.0, 2.0, z]), f([1.0, 2.0, z])], 1e-14)


def test_one_variable_has_one_row_of_values():
    found = optim.minimize(parse_function("log(w)"), [3.0], lr=1e-2, steps=1)
    seen = found.values_at(np.array([-1.0, 1.0]), np.zeros(1))
    assert np.isnan(seen[0, 0])
    assert seen[0, 1] == 0.0


def test_the_whole_run_is_known_though_one_row_was_asked_for():
    runs = optim.minimize_batch(ROSENBROCK, [-1.2, 1.0], lr=np.array([1e-3, 1e-4]), steps=4)
    end = runs.trajectory(runs.last, np.arange(2))
    points, losses = end.whole_run()
    assert points.tolist() == runs.points[:, 1].tolist()
    assert losses == near([ROSENBROCK(point) for point in points.tolist()], 1e-14)


# gradients that float64 loses on the way


HYPOTENUSE = parse_function("sqrt(x^2+y^2)")


@pytest.mark.parametrize("lr", [1e-161, np.array([1e-161, 2e-161])], ids=["alone", "together"])
def test_where_rounding_would_move_a_point_gradients_are_exact(lr):
    runs = optim.minimize_batch(HYPOTENUSE, [1e-160, 1e-160], lr=lr, steps=5)
    step = np.atleast_1d(lr)
    for k in range(6):  # along the diagonal the slope is always √½ in both directions; float64 says .70710717
        wanted = 1e-160 - k * step[:, np.newaxis] * math.sqrt(0.5)
        assert runs.points[k] == near(np.repeat(wanted, 2, axis=1), 1e-14)
        assert (runs.gradients[k] == math.sqrt(0.5)).all()


def test_an_overflow_on_the_way_ends_no_run():
    run = optim.minimize(parse_function("log(cosh(x))"), [1000.0], lr=0.5, steps=4)
    assert run.point[:, 0].tolist() == [1000, 999.5, 999, 998.5, 998]
    assert run.gradient[:, 0].tolist() == [1] * 5
    assert run.loss[0] == 999.3068528194401


@pytest.mark.parametrize("optimizer", ["momentum", "adam", "rmsprop"])
def test_what_an_optimizer_remembers_is_kept_where_gradients_become_exact(optimizer):
    # Beyond x = 355 float64's derivative is 0; the exact one is what 1/(1+exp(x)) has anyway.
    hard = parse_function("1e150*x/(1+exp(x))*1e-150 + x^2/1000 - x")
    easy = parse_function("x*sigmoid(-x) + x^2/1000 - x")
    paths = [optim.minimize(f, [380.0], optimizer, lr=2.0, steps=120).point[:, 0] for f in (hard, easy)]
    assert paths[0] == near(paths[1], 1e-9)


def test_near_a_minimum_no_gradient_is_worked_out_again():
    f = parse_function("log(1+exp(-x)) + x^2/10")
    points = optim.minimize(f, [3.0], lr=0.1, steps=2000).point
    slopes, bounds = f.gradients_with_bounds(points)
    rule = optim.OPTIMIZERS["gd"]()
    assert not unsure_steps(rule, np.full((len(points), 1), 0.1), points, slopes, bounds).any()
    assert (bounds > 1024 * np.abs(slopes)).any()  # though beside itself it is far off
