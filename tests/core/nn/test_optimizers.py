"""Optimizers in place: by core.optim's rules, by singular values, and resumed. torch's figures are in tests/oracles."""

import math

import numpy as np
import pytest

from aimath.core import nn, optim
from aimath.core.optim._rules import Optimizer
from aimath.errors import InputError

RULES = {
    "gd": (nn.SGD, {}),
    "momentum": (nn.Momentum, {}),
    "adam": (nn.Adam, {}),
    "adamw": (nn.AdamW, {}),
}
MAKERS = {
    "SGD": nn.SGD,
    "Momentum": lambda p: nn.Momentum(p, 0.8, 0.1, nesterov=True),
    "Adam": nn.Adam,
    "AdamW": nn.AdamW,
    "Muon": lambda p: nn.Muon(p, ["w"], weight_decay=0.1),
}


def drawn(seed=0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    return nn.Parameters({"w": rng.normal(size=(6, 4)), "b": rng.normal(size=4)}, dtype, no_decay=["b"])


@pytest.mark.parametrize("name", RULES)
def test_the_rules_are_those_of_descents(name):
    maker, options = RULES[name]
    rng = np.random.default_rng(0)
    start, gradients = rng.normal(size=50_000), rng.normal(size=(4, 50_000))
    parameters, other = nn.Parameters({"w": start}), start.copy()
    ours, theirs = maker(parameters, **options), Optimizer(optim.OPTIMIZERS[name](), other, lr=0.1)
    for gradient in gradients:
        parameters.gradient[:] = gradient
        ours.step(0.1)
        theirs.step(gradient)
        assert np.abs(parameters.values - other).max() < 1e-13


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_run_goes_on_bit_for_bit(name, dtype):
    rng = np.random.default_rng(3)
    gradients = rng.normal(size=(6, 28)).astype(dtype)

    def run(parameters, optimizer, some):
        for gradient in some:
            parameters.gradient[:] = gradient
            optimizer.step(np.float64(0.05))

    whole = drawn(dtype=dtype)
    run(whole, MAKERS[name](whole), gradients)
    half = drawn(dtype=dtype)
    first = MAKERS[name](half)
    run(half, first, gradients[:3])
    state, resumed = first.state(), drawn(9, dtype)
    run(half, first, gradients[3:])  # a state is a copy, which going on doesn't change
    resumed.load({"w": whole["w"].value, "b": whole["b"].value})
    fresh = drawn(dtype=dtype)
    run(fresh, MAKERS[name](fresh), gradients[:3])
    resumed.load(fresh.arrays())
    second = MAKERS[name](resumed)
    second.load(state)
    run(resumed, second, gradients[3:])
    assert resumed.values.tobytes() == half.values.tobytes() == whole.values.tobytes()
    assert whole.values.dtype == dtype
    assert all(memory.dtype == dtype for memory in second.memory.values())


@pytest.mark.parametrize("maker", [nn.AdamW, lambda p: nn.Muon(p, ["w"], weight_decay=0.01)])
def test_decay_leaves_some_alone(maker):
    parameters = drawn()
    before = parameters.values.copy()
    maker(parameters).step(0.5)  # the gradient is 0: what moves is decay alone
    assert (parameters["w"].value == before[:24].reshape(6, 4) * (1 - 0.005)).all()
    assert (parameters["b"].value == before[24:]).all()


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (5, 5), (1, 7)])
def test_an_orthogonalized_matrix_has_its_directions_and_other_singular_values(shape):
    matrix = np.random.default_rng(1).normal(size=shape)
    u, s, vt = np.linalg.svd(matrix, full_matrices=False)
    s = s / math.sqrt((s**2).sum())
    for _ in range(5):  # what the iteration does to each singular value by itself
        s = 3.4445 * s - 4.7750 * s**3 + 2.0315 * s**5
    assert np.abs(nn.orthogonalize(matrix) - (u * s) @ vt).max() < 1e-6
    assert np.abs(nn.orthogonalize(matrix * 1e8) - (u * s) @ vt).max() < 1e-12
    assert (nn.orthogonalize(np.zeros(shape)) == 0).all()


def test_muon_moves_matrices_by_orthogonal_steps_and_the_rest_by_adam():
    parameters, other = drawn(), drawn()
    muon, adam = nn.Muon(parameters, ["w"]), nn.Adam(other)
    m = np.zeros((6, 4))
    for seed in range(4):
        g = np.random.default_rng(seed).normal(size=28)
        before = parameters["w"].value.copy()
        parameters.gradient[:] = other.gradient[:] = g
        muon.step(0.02, 0.001)
        adam.step(0.001)
        m = 0.95 * m + 0.05 * g[:24].reshape(6, 4)
        step = nn.orthogonalize(0.05 * g[:24].reshape(6, 4) + 0.95 * m)
        assert np.abs(before - parameters["w"].value - 0.02 * step).max() < 1e-8
    assert (parameters["b"].value == other["b"].value).all()
    wide = nn.Parameters({"w": np.zeros((2, 8))})
    wide.gradient[:] = np.eye(2, 8).ravel()
    nn.Muon(wide, ["w"]).step(1.0)  # 8 outputs of 2 inputs: √4 times as far
    assert np.abs(np.linalg.svd(wide["w"].value)[1] / 2.0 - 1.0).max() < 0.35


def test_moments_are_adams():
    parameters = nn.Parameters({"w": [1.0, 2.0]})
    adam = nn.Adam(parameters, 0.9, 0.99)
    m = v = np.zeros(2)
    for g in ([1.0, -2.0], [3.0, 0.5]):
        parameters.gradient[:] = g
        adam.step(0.1)
        m, v = 0.9 * m + 0.1 * np.array(g), 0.99 * v + 0.01 * np.array(g) ** 2
        assert np.abs(adam.m - m).max() < 1e-15
        assert np.abs(adam.v - v).max() < 1e-15


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda p: nn.SGD(p).step(-1.0), "a learning rate must be at least 0, not -1"),
        (lambda p: nn.SGD(p).step(math.nan), "a learning rate must be at least 0, not nan"),
        (lambda p: nn.Momentum(p, 1.0), "beta must be at least 0 and below 1, not 1"),
        (lambda p: nn.Adam(p, beta2=-0.1), "beta2 must be"),
        (lambda p: nn.AdamW(p, weight_decay=-1.0), "weight_decay must be at least 0 and finite, not -1"),
        (lambda p: nn.Muon(p, ["b"]), "Muon is for matrices, and b isn't"),
        (lambda p: nn.Muon(p, ["q"]), "Muon is for matrices, and q isn't"),
        (lambda p: nn.Adam(p).load(nn.SGD(p).state()), "gradients is missing or of another size"),
        (
            lambda p: nn.Adam(p).load({"gradients": p.values, "squares": p.values[1:]}),
            "squares is missing or",
        ),
    ],
)
def test_refusals_say_why(call, why):
    with pytest.raises(InputError, match=why):
        call(drawn())
