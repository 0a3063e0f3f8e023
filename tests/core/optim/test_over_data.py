"""Descents over data against least squares, Newton's method in many digits, and the same by hand."""

import mpmath
import numpy as np
import pytest
from tests.digits import near

from aimath.core import calculus, optim
from aimath.core.calculus import Batches
from aimath.core.optim._over_data import run_over_data
from aimath.errors import InputError

LINE = "mean((w*x+b-y)^2)"


def noisy_line(rows=200, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=rows)
    return {"x": x, "y": 2.0 * x + 1.0 + 0.3 * rng.normal(size=rows)}


@pytest.mark.parametrize("optimizer", ["gd", "momentum", "nesterov", "adam"])
def test_a_line_is_that_of_least_squares(optimizer):
    data = noisy_line()
    found = getattr(optim, optimizer)(LINE, data=data, w=0, b=0, lr=0.05, steps=800)
    best = np.linalg.lstsq(np.stack([data["x"], np.ones(200)], axis=1), data["y"], rcond=None)[0]
    assert found.point[-1] == near(best, 1e-9)
    assert found.status == "converged"


def test_ridge_regression_is_its_closed_form():
    rng = np.random.default_rng(2)
    columns = rng.normal(size=(60, 3))
    data = {"p": columns[:, 0], "q": columns[:, 1], "r": columns[:, 2], "y": rng.normal(size=60)}
    text = "mean((a*p + b*q + c*r - y)^2) + 0.1*(a^2 + b^2 + c^2)"
    found = optim.momentum(text, data=data, a=1, b=1, c=1, lr=0.05, steps=600)
    best = np.linalg.solve(columns.T @ columns / 60 + 0.1 * np.eye(3), columns.T @ data["y"] / 60)
    assert found.point[-1] == near(best, 1e-9)


def test_logistic_regression_is_that_of_newton_in_40_digits():
    rng = np.random.default_rng(4)
    x = rng.normal(size=80)
    y = (rng.random(80) < 1.0 / (1.0 + np.exp(-(1.5 * x - 0.5)))).astype(float)
    text = "mean(log(1+exp(w*x+b)) - y*(w*x+b)) + 0.01*w^2"
    found = optim.nesterov(text, data={"x": x, "y": y}, w=0, b=0, lr=0.5, steps=1500)
    with mpmath.workdps(40):
        w, b = mpmath.mpf(0), mpmath.mpf(0)
        for _ in range(12):
            grad, hess = (
                mpmath.matrix([mpmath.mpf("0.02") * w, 0]),
                mpmath.matrix([[mpmath.mpf("0.02"), 0], [0, 0]]),
            )
            for s, t in zip(map(mpmath.mpf, x.tolist()), map(mpmath.mpf, y.tolist()), strict=True):
                p = 1 / (1 + mpmath.exp(-(w * s + b)))
                row = mpmath.matrix([s, 1])
                grad += (p - t) * row / 80
                hess += p * (1 - p) * row * row.T / 80
            step = mpmath.lu_solve(hess, grad)
            w, b = w - step[0], b - step[1]
    assert found.point[-1] == near([float(w), float(b)], 1e-8)
    assert found.status == "converged"


@pytest.mark.parametrize("optimizer", optim.OPTIMIZERS)
def test_means_of_one_row_descend_as_its_formula_does(optimizer):
    plain = getattr(optim, optimizer)("(3*w - 2)^2 + cosh(b)", w=1, b=0.5, steps=15, lr=0.01)
    found = getattr(optim, optimizer)(
        "mean((x*w - y)^2) + cosh(b)", data={"x": [3], "y": [2]}, w=1, b=0.5, steps=15, lr=0.01
    )
    assert found.point == near(plain.point, 1e-12)
    assert found.loss == near(plain.loss, 1e-12)


@pytest.mark.parametrize("optimizer", optim.OPTIMIZERS)
def test_what_is_printed_of_a_batch_is_what_it_was_moved_by(optimizer):
    data = noisy_line(11, seed=6)
    found = getattr(optim, optimizer)(LINE, data=data, w=0.5, b=0, lr=0.05, steps=9, batch=4, seed=8)
    sizes = []
    for k, rows in zip(range(9), Batches(11, 4, seed=8).endless(), strict=False):
        w, b = found.point[k]
        rest = w * data["x"][rows] + b - data["y"][rows]
        assert found.loss[k] == near((rest**2).mean(), 1e-13)
        slope = [2.0 * (rest * data["x"][rows]).mean(), 2.0 * rest.mean()]
        assert found.gradient[k] == near(slope, 1e-12)
        sizes.append(len(rows))
    assert sizes == [4, 4, 3] * 3
    rest = found.point[-1, 0] * data["x"] + found.point[-1, 1] - data["y"]
    assert found.loss[-1] == near((rest**2).mean(), 1e-13)  # of all rows
    assert found.check().holds.all()
    assert found.check_gradient().holds.all()


def test_batches_are_the_same_again_and_others_by_another_seed():
    data = noisy_line(50)
    runs = [
        optim.gd(LINE, data=data, w=0, b=0, batch=7, seed=seed, steps=12).point.tolist() for seed in (1, 1, 2)
    ]
    assert runs[0] == runs[1] != runs[2]


def test_a_batch_of_all_rows_is_no_batch():
    data = noisy_line(20)
    whole = optim.gd(LINE, data=data, w=0, b=0, steps=10)
    for size in (20, 1000):
        assert optim.gd(LINE, data=data, w=0, b=0, steps=10, batch=size).point == near(whole.point, 1e-12)


def test_swept_sizes_and_rates_are_single_runs():
    data = noisy_line(30)
    f = calculus.parse_over_data(LINE, calculus.as_data(data))
    sizes, rates = [3, 30, 3, 8], [0.1, 0.1, 0.02, 0.05]
    many = optim.minimize_batch(f, [0.0, 0.0], lr=rates, batch=sizes, steps=[10, 10, 6, 10], seed=4)
    for k, (size, rate, steps) in enumerate(zip(sizes, rates, (10, 10, 6, 10), strict=True)):
        one = optim.gd(LINE, data=data, w=0, b=0, lr=rate, batch=size, steps=steps, seed=4)
        assert many.points[: steps + 1, k] == near(one.point, 1e-12)


def test_a_race_and_a_learning_rate_go_over_the_rows():
    data = noisy_line(40)
    race = optim.race(LINE, data=data, w=0, b=0, steps=50)
    assert race.loss[0] == optim.gd(LINE, data=data, w=0, b=0, steps=50).loss[-1]
    rows = np.stack([data["x"], np.ones(40)], axis=1)
    found = optim.learning_rate(function=LINE, data=data, at={"w": 0, "b": 0})
    assert found.curvatures == near(np.linalg.eigvalsh(2.0 * rows.T @ rows / 40), 1e-12)


def test_runs_end_where_they_should():
    data = noisy_line(30)
    stopped = optim.gd(LINE, data=data, w=0, b=0, lr=0.1, steps=500, until=1e-3)
    assert stopped.norm[-1] <= 1e-3 < stopped.norm[-2]
    far = optim.gd(LINE, data=data, w=0, b=0, lr=100.0, steps=500)
    assert far.status == "diverged"
    out = optim.gd("mean(log(w*x) + w)", data={"x": [1.0, 2.0]}, w=0.1, lr=1.0, steps=5)
    assert out.status == "undefined"
    assert "row 1 of the data" in out.why
    none = optim.gd(LINE, data=data, w=0, b=0, steps=0)
    assert none.point.tolist() == [[0.0, 0.0]]
    assert len(none.gradient) == 1


def test_every_step_evaluates_its_rows_once():
    """As many evaluations as steps, of all rows: nothing is worked out row by row or twice."""
    data = noisy_line(100)
    f = calculus.parse_over_data(LINE, calculus.as_data(data))
    calls = []

    class Counted:
        def __getattr__(self, name):
            return getattr(f, name)

        def value_gradients(self, points, rows=None):
            calls.append(None if rows is None else len(rows))
            return f.value_gradients(points, rows)

    rule = optim.OPTIMIZERS["gd"]()
    run_over_data(Counted(), [0.0, 0.0], rule, np.full((10, 1), 0.1), np.array([-1.0]), None)
    assert calls == [None] * 11
    calls.clear()
    run_over_data(Counted(), [0.0, 0.0], rule, np.full((10, 1), 0.1), np.array([-1.0]), Batches(100, 30))
    assert calls == [30, 30, 30, 10] * 2 + [30, 30, None]


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda: optim.gd("w^2", w=1, batch=3), "a batch is of rows of data, and there are none"),
        (
            lambda: optim.gd(LINE, data=noisy_line(), w=1, b=1, batch=0),
            "a whole number of rows from 1, not 0",
        ),
        (
            lambda: optim.gd(LINE, data=noisy_line(), w=1, b=1, batch=2.5),
            "a whole number of rows from 1, not 2.5",
        ),
        (
            lambda: optim.gd(LINE, data=noisy_line(), w=1, b=1, batch=2, until=1),
            "says nothing of the whole one",
        ),
        (
            lambda: optim.gd(LINE, data=noisy_line(), w=1, b=1, x=1),
            "x is a column of the data, not a variable",
        ),
        (lambda: optim.gd(LINE, data=noisy_line(), w=1), "no value for b; the columns are x, y"),
        (
            lambda: optim.gd("mean(log(w*x))", data={"x": [1.0, -1.0]}, w=1),
            "argument is -1 in row 2 of the data",
        ),
    ],
)
def test_mistakes_are_told(call, why):
    with pytest.raises(InputError, match=why):
        call()
