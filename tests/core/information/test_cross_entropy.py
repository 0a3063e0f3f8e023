"""Cross-entropy of distributions and logits: digits, edges, and the row that is named."""

import math

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from tests.digits import ulps

from aimath.core import information
from aimath.errors import InputError

inf, nan = math.inf, math.nan


@pytest.fixture(autouse=True, scope="module")
def _digits():
    with mp.workdps(120):  # losses of 1e-52 come out of a difference in these oracles
        yield


def m(x):
    return mp.mpf(float(x))


def of_logits(logits, target):
    return information.cross_entropy(logits=logits, target=target)


# Edges as every peer was measured at them, and what we say there.
@pytest.mark.parametrize(
    ("f", "arguments", "message"),
    [
        (information.cross_entropy, ([1, 1], [0.5, 0.5]), "sum to 2"),
        (information.cross_entropy, ([1, 1], [0.5, 0.5], math.e, 0.5), "sum to 2"),
        (information.cross_entropy, ([1, 0], [0.5, 0.5], math.e, 1.5), r"must be 0 to 1, not 1.5"),
        (information.cross_entropy, ([1, 0], [0.5, 0.5], math.e, nan), "not nan"),
        (of_logits, ([1, 2, 3], 7), "there is no class 7, only 0 to 2"),
        (of_logits, ([1, 2, 3], -100), "there is no class -100, only 0 to 2"),
        (of_logits, ([1, 2, 3], 1.0), "whole number"),
        (of_logits, ([[1, 2], [3, 4]], [1, 1, 0]), "3 target classes for 2 rows"),
        (of_logits, ([-inf, -inf], 0), "all logits are -inf"),
    ],
)
def test_what_has_no_answer_says_why(f, arguments, message):
    with pytest.raises(InputError, match=message):
        f(*arguments)


def test_a_wrong_row_is_named():
    with pytest.raises(InputError) as caught:
        information.cross_entropy(logits=[[1, 2], [3, 4], [5, 6]], target=[0, 1, 2])
    assert (caught.value.row, caught.value.operand) == (2, "target")
    with pytest.raises(InputError) as caught:
        information.mutual_information([[0.5, 0.5], [0.1, -0.1]])
    assert (caught.value.row, caught.value.entry) == (1, 1)
    with pytest.raises(InputError) as caught:
        information.mutual_information([[[0.5, 0.5], [0, 0]], [[0.5, 0.5], [nan, 0]]])
    assert (caught.value.row, caught.value.entry) == (3, 0)
    with pytest.raises(InputError) as caught:
        information.mutual_information([[[0.5, 0.5], [0, 0]], [[0.5, 0.7], [0, 0]]])
    assert (caught.value.row, caught.value.entry) == (2, None)


def test_cross_entropy_of_an_impossible_target_is_infinite():
    """scikit-learn's log_loss clips to 36.04, torch's binary one to 100."""
    assert information.cross_entropy([0, 1], [1, 0]).cross_entropy == inf
    assert information.cross_entropy([0, 1, 0], [0, 1, 0]).cross_entropy == 0  # -sum(t log p) in torch: nan


@pytest.mark.parametrize("gap", [1.0, 5.0, 50.0, 700.0, 745.0, 1000.0])
def test_confident_logits_keep_their_loss(gap):
    """jax and torch: 0 from a gap of 37 on."""
    truth = mp.log1p(mp.exp(-m(gap)))
    got = information.cross_entropy(logits=[gap, 0.0], target=0)
    assert ulps(got.cross_entropy, truth) <= 4
    h = truth + m(gap) * mp.exp(-m(gap)) / (1 + mp.exp(-m(gap)))
    bound = 4 if gap <= 700 else 1000  # exp(-745) has a single bit in float64
    assert ulps(information.entropy(logits=[gap, 0.0], base=math.e).entropy, h) <= bound
    assert ulps(information.cross_entropy(logits=[gap, 0.0], target=1).cross_entropy, truth + m(gap)) <= 4


def test_masked_logits():
    """torch and optax: nan for a soft target on [-inf, 0]."""
    assert information.cross_entropy(logits=[-inf, 0], target=1).cross_entropy == 0
    assert information.cross_entropy(logits=[-inf, 0], target=0).cross_entropy == inf
    assert information.cross_entropy(logits=[-inf, 0], target=1, label_smoothing=0.1).cross_entropy == inf
    assert information.entropy(logits=[0, -inf, 0]).entropy == 1


@pytest.mark.slow
@settings(deadline=None, max_examples=80)
@given(st.lists(st.floats(-60, 60), min_size=2, max_size=6), st.floats(0, 1))
def test_losses_of_any_logits(x, share):
    e = [mp.exp(m(v)) for v in x]
    z = mp.fsum(e)
    h = mp.fsum(v / z * (mp.log(z) - m(w)) for v, w in zip(e, x, strict=True))
    assert ulps(information.entropy(logits=x, base=math.e).entropy, h) <= 6
    t = [m(share) / len(x) + (1 - m(share)) * (k == 0) for k in range(len(x))]
    loss = mp.log(z) - mp.fsum(a * m(b) for a, b in zip(t, x, strict=True))
    assert ulps(information.cross_entropy(logits=x, target=0, label_smoothing=share).cross_entropy, loss) <= 4


def test_one_target_serves_all_rows_and_rows_agree_with_single_calls():
    x = np.random.default_rng(0).normal(0, 5, (50, 7))
    many = information.cross_entropy(logits=x, target=3)
    h = information.entropy(logits=x)
    assert many.target.shape == (50,)
    for k in range(50):
        assert many.cross_entropy[k] == information.cross_entropy(logits=x[k], target=3).cross_entropy
        assert h.entropy[k] == information.entropy(logits=x[k]).entropy
