"""Gates and the discretized logistic loss, beside their formulas in other words and differences."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from aimath.core import nn
from aimath.errors import InputError

RNG = np.random.default_rng(20261130)


def test_gate_is_the_product_of_its_halves():
    x = RNG.normal(size=(5, 8))
    np.testing.assert_array_equal(nn.reglu(x), x[:, :4] * np.maximum(x[:, 4:], 0.0))


def test_gate_has_the_gradient_of_its_parts():
    x = nn.Tensor(RNG.normal(size=(5, 8)))
    seed = RNG.normal(size=(5, 4))
    nn.reglu(x).backward(seed)
    fused = x.grad
    (x[:, :4] * nn.relu(x[:, 4:])).backward(seed)
    np.testing.assert_allclose(fused, x.grad, rtol=1e-15)


def test_gate_wants_two_halves():
    with pytest.raises(InputError, match="halves"):
        nn.reglu(np.ones((2, 3)))


def by_mpmath(mean, log_scale, levels, top):
    """Return the loss from the two ends' own probabilities, with 1,000 digits."""
    with mpmath.workdps(1000):
        total = mpmath.mpf(0)
        for m, t, k in zip(mean.flat, log_scale.flat, levels.flat, strict=True):
            scale = mpmath.exp(float(t))
            ends = [
                1 / (1 + mpmath.exp(-(int(k) + half - mpmath.mpf(float(m))) / scale)) for half in (0.5, -0.5)
            ]
            upper = mpmath.mpf(1) if k == top else ends[0]
            lower = mpmath.mpf(0) if k == 0 else ends[1]
            total -= mpmath.log(upper - lower)
        return float(total / len(mean))


@pytest.mark.parametrize("spread", [0.1, 1.0, 1.5])
def test_discretized_logistic_loss_is_that_of_its_definition(spread):
    mean, log_scale = RNG.normal(8.0, 5.0, (4, 6)), RNG.normal(0.0, spread, (4, 6))
    levels = RNG.integers(0, 17, (4, 6))
    levels[0, :2] = 0, 16
    found = float(nn.discretized_logistic_loss(mean, log_scale, levels, 16))
    assert found == pytest.approx(by_mpmath(mean, log_scale, levels, 16), rel=1e-12, abs=0)


def test_chances_of_all_levels_add_up_to_one():
    for mean, log_scale in ((3.3, 0.5), (-20.0, 0.0), (16.4, -2.0), (8.0, 5.0)):
        losses = [nn.discretized_logistic_loss([[mean]], [[log_scale]], [[k]], 16) for k in range(17)]
        assert np.exp(-np.array(losses)).sum() == pytest.approx(1.0, rel=1e-12, abs=0)


@pytest.mark.slow
def test_discretized_logistic_loss_has_the_gradient_of_differences():
    levels = np.arange(17).reshape(1, 17).repeat(2, axis=0)
    mean, log_scale = nn.Tensor(RNG.normal(8.0, 6.0, (2, 17))), nn.Tensor(RNG.normal(0.0, 1.0, (2, 17)))
    nn.discretized_logistic_loss(mean, log_scale, levels, 16).backward()
    for operand in (mean, log_scale):
        for place in np.ndindex(2, 17):
            only = tuple(slice(k, k + 1) for k in place)  # what it moves of the loss
            found = []
            for h in (1e-5, -1e-5):
                moved = [np.array(each.value[only]) for each in (mean, log_scale)]
                moved[operand is log_scale] += h
                found.append(by_mpmath(*moved, levels[only], 16) / len(levels))
            difference = (found[0] - found[1]) / 2e-5
            assert operand.grad[place] == pytest.approx(difference, rel=1e-7, abs=1e-8)


@pytest.mark.parametrize("levels", [[[17]], [[-1]], [[1, 2]]])
def test_levels_beyond_the_grid_are_refused(levels):
    with pytest.raises(InputError):
        nn.discretized_logistic_loss([[1.0]], [[0.0]], levels, 16)
