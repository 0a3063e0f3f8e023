"""Update rules against the papers' formulas in 50 digits, on floats, on arrays and in place."""

import math

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, strategies as st
from tests.digits import near, ulps

from aimath.core.calculus import parse_function
from aimath.core.optim import OPTIMIZERS, _rules, minimize_batch
from aimath.core.optim._rules import ARRAY_BACKEND, FLOAT_BACKEND, Optimizer, adam_rule
from aimath.errors import InputError

SLOPES = [14.0, 13.8, -3.25, 1e-3, 7.5, 0.0, -20.0, 2.5]
CLOSE = 64  # ulp of the point after 8 steps, each of a dozen operations


def gone(rule, slopes, w=10.0, lr=0.1):
    """Every point and memory of a rule that is given these slopes."""
    update, memory = rule.build_update(FLOAT_BACKEND), rule.initial_state
    points = []
    for t, g in enumerate(slopes, 1):
        w, memory = update(w, g, memory, t, lr)
        points.append(w)
    return points, memory


def paper_adam(slopes, w, lr, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.0, decoupled=0.0, largest=False):
    w, lr, b1, b2, eps = (mp.mpf(x) for x in (w, lr, beta1, beta2, eps))
    m = v = top = mp.mpf(0)
    for t, slope in enumerate(slopes, 1):
        g, w = mp.mpf(slope) + mp.mpf(decay) * w, w - lr * mp.mpf(decoupled) * w
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g**2
        top = max(top, v) if largest else v
        w -= lr * m / (1 - b1**t) / (mp.sqrt(top / (1 - b2**t)) + eps)
    return w


def paper_rmsprop(slopes, w, lr, alpha=0.99, eps=1e-8, mu=0.0, centred=False):
    w, lr, a, eps, mu = (mp.mpf(x) for x in (w, lr, alpha, eps, mu))
    s = mean = b = mp.mpf(0)
    for g in map(mp.mpf, slopes):
        s, mean = a * s + (1 - a) * g**2, a * mean + (1 - a) * g
        b = mu * b + g / (mp.sqrt(s - mean**2 if centred else s) + eps)
        w -= lr * b
    return w


def paper_momentum(slopes, w, lr, mu=0.9, damp=0.0, ahead=False):
    w, lr, mu, damp = (mp.mpf(x) for x in (w, lr, mu, damp))
    b = None
    for g in map(mp.mpf, slopes):
        b = g if b is None else mu * b + (1 - damp) * g
        w -= lr * (g + mu * b if ahead else b)
    return w


@pytest.mark.parametrize(
    ("name", "options", "paper", "theirs"),
    [
        ("gd", {}, paper_momentum, {"mu": 0.0}),
        ("momentum", {}, paper_momentum, {}),
        ("momentum", {"momentum": 0.5, "dampening": 0.25}, paper_momentum, {"mu": 0.5, "damp": 0.25}),
        ("nesterov", {}, paper_momentum, {"ahead": True}),
        ("rmsprop", {}, paper_rmsprop, {}),
        (
            "rmsprop",
            {"alpha": 0.5, "eps": 1e-3, "momentum": 0.9},
            paper_rmsprop,
            {"alpha": 0.5, "eps": 1e-3, "mu": 0.9},
        ),
        ("rmsprop", {"centered": True}, paper_rmsprop, {"centred": True}),
        ("adam", {}, paper_adam, {}),
        (
            "adam",
            {"beta1": 0.5, "beta2": 0.75, "eps": 0.0},
            paper_adam,
            {"beta1": 0.5, "beta2": 0.75, "eps": 0.0},
        ),
        ("adam", {"weight_decay": 0.1}, paper_adam, {"decay": 0.1}),
        ("adam", {"amsgrad": True, "beta2": 0.5}, paper_adam, {"largest": True, "beta2": 0.5}),
        ("adamw", {}, paper_adam, {"decoupled": 0.01}),
        ("adamw", {"weight_decay": 0.5, "amsgrad": True}, paper_adam, {"decoupled": 0.5, "largest": True}),
    ],
)
def test_rules_are_the_papers(name, options, paper, theirs):
    with mp.workdps(50):
        for count in range(1, len(SLOPES) + 1):
            points, _ = gone(OPTIMIZERS[name](**options), SLOPES[:count])
            assert ulps(points[-1], paper(SLOPES[:count], 10.0, 0.1, **theirs)) <= CLOSE


def test_first_steps_are_those_of_torch():
    g = 14.0
    first = {name: gone(rule(), [g])[0][0] for name, rule in OPTIMIZERS.items()}
    assert first["gd"] == first["momentum"] == 8.6
    assert first["nesterov"] == near(7.34, 1e-15)
    assert first["rmsprop"] == pytest.approx(9.0000000071, abs=1e-10)  # eps stands outside the root
    assert first["adam"] == pytest.approx(9.9000000001, abs=1e-10)
    assert gone(OPTIMIZERS["adamw"](weight_decay=0.1), [g])[0][0] == pytest.approx(9.8, abs=1e-9)
    assert gone(OPTIMIZERS["adam"](weight_decay=0.1), [g])[0][0] == pytest.approx(9.9, abs=1e-9)


@given(st.floats(1e-6, 1e6), st.sampled_from((-1.0, 1.0)))
def test_adams_first_step_is_lr_whatever_the_slope(size, sign):
    (point,), _ = gone(OPTIMIZERS["adam"](eps=0.0), [sign * size], w=0.0, lr=0.25)
    assert point == near(-0.25 * sign, 1e-14)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_arrays_go_where_floats_go(name):
    rule = OPTIMIZERS[name](weight_decay=0.1)
    slopes = np.array([SLOPES, SLOPES[::-1]]).T
    update, w = rule.build_update(ARRAY_BACKEND), np.array([10.0, -3.0])
    memory = tuple(np.zeros(2) for _ in rule.state_names)
    for t, g in enumerate(slopes, 1):
        w, memory = update(w, g, memory, t, 0.1)
    for k, start in enumerate((10.0, -3.0)):
        points, last = gone(rule, slopes[:, k].tolist(), w=start)
        assert w[k] == points[-1]
        assert [float(kept[k]) for kept in memory] == list(last)


@pytest.mark.parametrize("name", ["rmsprop", "adam", "adamw"])
def test_no_slope_and_no_eps_is_no_step(name):
    points, _ = gone(OPTIMIZERS[name](eps=0.0), [0.0, 0.0], w=1.0)
    assert points == ([1.0, 1.0] if name != "adamw" else [0.999, 0.999 * 0.999])
    rule = OPTIMIZERS["adam"](eps=0.0)
    memory = tuple(np.zeros(2) for _ in rule.initial_state)
    w, _ = rule.build_update(ARRAY_BACKEND)(np.ones(2), np.zeros(2), memory, 1, 0.1)
    assert w.tolist() == [1.0, 1.0]


def test_centred_rmsprop_of_equal_slopes_has_a_root():
    points, _ = gone(OPTIMIZERS["rmsprop"](centered=True, alpha=0.5), [0.7] * 200, lr=1e-9)  # .49 - .7² < 0
    assert all(map(math.isfinite, points))


@pytest.mark.parametrize("size", [3, _rules.BLOCK, 2 * _rules.BLOCK + 5])
def test_large_arrays_are_moved_in_place_block_by_block(size):
    rng = np.random.default_rng(1)
    rule, parameters = OPTIMIZERS["adam"](amsgrad=True), rng.normal(size=size)
    start, moved = parameters.copy(), _rules.Optimizer(rule, parameters, lr=0.1)
    slopes = rng.normal(size=(3, size))
    for g in slopes:
        moved.step(g)
    for k in (0, size // 2, size - 1):
        points, memory = gone(rule, slopes[:, k].tolist(), w=float(start[k]))
        assert parameters[k] == points[-1]
        assert [float(moved.state[name][k]) for name in ("m", "v", "v_max")] == list(memory)
    assert moved.t == 3


def test_matrices_are_parameters_too_and_shapes_are_compared():
    parameters = np.ones((2, 3))
    moved = _rules.Optimizer(OPTIMIZERS["gd"](), parameters, lr=0.5)
    moved.step(np.ones((2, 3)))
    assert parameters.tolist() == [[0.5] * 3] * 2
    assert _rules.Optimizer(OPTIMIZERS["adam"](), parameters, lr=0.5).state["m"].shape == (2, 3)
    with pytest.raises(InputError, match="not contiguous"):
        _rules.Optimizer(OPTIMIZERS["gd"](), np.ones((4, 3))[::2], lr=0.5)
    with pytest.raises(InputError, match=r"shape \(3, 2\), the parameters \(2, 3\)"):
        moved.step(np.ones((3, 2)))


@pytest.mark.parametrize(
    ("name", "options", "why"),
    [
        ("adam", {"beta1": 1.0}, "beta1 must be at least 0 and below 1, not 1"),
        ("adam", {"beta2": -0.1}, "beta2 must be at least 0 and below 1, not -0.1"),
        ("adamw", {"eps": -1e-8}, "eps must be at least 0 and finite, not -1e-08"),
        ("adamw", {"weight_decay": math.inf}, "weight_decay must be at least 0 and finite, not inf"),
        ("rmsprop", {"alpha": math.nan}, "alpha must be at least 0 and below 1, not nan"),
        ("momentum", {"momentum": 1.5}, "momentum must be at least 0 and below 1, not 1.5"),
        ("momentum", {"dampening": 1.5}, "dampening must be 0 to 1, not 1.5"),
        ("adam", {"beta1": np.array([0.9, 2.0])}, "beta1 must be at least 0 and below 1, not 2"),
    ],
)
def test_options_out_of_bounds_are_named(name, options, why):
    with pytest.raises(InputError) as error:
        OPTIMIZERS[name](**options)
    assert error.value.message == why
    assert error.value.operand == next(iter(options))


@pytest.mark.parametrize("lr", [0.0, -1.0, math.inf, math.nan])
def test_rates_that_lead_nowhere_are_refused(lr):
    with pytest.raises(InputError, match="lr must be above 0 and finite"):
        _rules.Optimizer(OPTIMIZERS["gd"](), np.ones(1), lr=lr)


@pytest.mark.parametrize("name", ["rmsprop", "adam", "adamw"])
@pytest.mark.parametrize("options", [{}, {"more": True}])
@pytest.mark.parametrize("seed", range(20))
def test_squares_underflowed_where_eps_is_0(name, options, seed):
    """The step does not depend on the size of the gradients, so neither does their underflow."""
    flag = {"rmsprop": "centered"}.get(name, "amsgrad")
    rng = np.random.default_rng(seed)
    slopes = rng.normal(1.0, 2.0, 6)
    small = 2.0 ** -float(rng.integers(500, 1000))
    ends = []
    for scale in (1.0, small):
        for backend in (_rules.FLOAT_BACKEND, _rules.ARRAY_BACKEND):
            rule = OPTIMIZERS[name](eps=0.0, **{flag: bool(options)})
            update, memory, w = rule.build_update(backend), rule.initial_state, 1.0
            for t, g in enumerate(slopes * scale, 1):
                w, memory = update(
                    w, float(g) if backend is _rules.FLOAT_BACKEND else np.array(g), memory, t, 0.1
                )
            ends.append(float(w))
    assert ends == [near(ends[0], 1e-9)] * 4


@pytest.mark.parametrize("name", ["rmsprop", "adam", "adamw"])
@pytest.mark.parametrize("size", [1e-200, 1e-170, 1e155, 1e200, 1e307])
def test_gradients_whose_squares_leave_float64_move_as_others_do(name, size):
    """Without eps the size of a gradient cancels: each step is that of a gradient of 1."""
    options = {"optimizer": name, "lr": [0.1, 0.05], "steps": 5, "eps": 0.0}
    wanted = minimize_batch(parse_function("w"), [1.0], **options).points
    found = minimize_batch(parse_function(f"{size!r}*w"), [1.0], **options).points
    assert np.abs(found - wanted).max() <= 1e-14
    if size > 1.0:  # eps is nothing beside it
        beside = minimize_batch(parse_function(f"{size!r}*w"), [1.0], **options | {"eps": 1e-8}).points
        assert np.abs(beside - wanted).max() <= 1e-14


def test_large_arrays_keep_roots_without_eps():
    weights = np.array([10.0, -4.0])
    stepper = Optimizer(adam_rule(eps=0.0), weights, lr=0.1)
    stepper.step(np.array([1e-200, 1e200]))
    assert weights == near([9.9, -4.1], 1e-15)
    assert list(stepper.state) == ["m", "v"]
