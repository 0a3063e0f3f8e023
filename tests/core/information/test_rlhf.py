"""The best policy near a reference against mpmath."""

import math

import mpmath as mp
import numpy as np
import pytest
from tests.digits import near, ulps

from aimath.core import information
from aimath.errors import InputError


@pytest.fixture(autouse=True, scope="module")
def _digits():
    with mp.workdps(120):
        yield


def m(x):
    return mp.mpf(float(x))


@pytest.mark.parametrize(
    ("f", "arguments", "message"),
    [
        (information.rlhf, ([1, 2], [0.5, 0.5], 0), "beta must be above 0"),
        (information.rlhf, ([1, 2], [0.5, 0.5, 0]), "rewards and reference have lengths 2 and 3"),
    ],
)
def test_what_has_no_answer_says_why(f, arguments, message):
    with pytest.raises(InputError, match=message):
        f(*arguments)


def true_policy(r, q, beta):
    w = [m(b) * mp.exp(m(a) / m(beta)) for a, b in zip(r, q, strict=True)]
    z, mass = mp.fsum(w), mp.fsum(map(m, q))
    p = [v / z for v in w]
    kl = mp.fsum(a * mp.log(a * mass / m(b)) for a, b in zip(p, q, strict=True) if b)
    return p, kl, mp.fsum(a * m(b) for a, b in zip(p, r, strict=True))


@pytest.mark.parametrize(
    ("r", "q", "beta"),
    [
        ([1, 2, 3], [0.2, 0.3, 0.5], 1.0),
        ([1, 2, 3], [0.25, 0.25, 0.5], 1e8),  # the policy moves by 1e-8
        ([1, 2, 3], [0.25, 0.25, 0.5], 0.01),
        ([1000, 0], [2.0**-997, 1.0], 1.0),
        ([-1e5, 1e5], [0.5, 0.5], 300.0),
        ([0, 700, 300], [0.5, 0.5, 0.0], 1.0),
        ([0.1, 0.7], [0.5, 0.5], 0.3),
        ([1.6, 1.8, 2.5], [0.55, 0.14, 0.31], 0.6),  # neither near nor far: steps as large as 0.8
    ],
)
def test_rlhf_keeps_its_digits(r, q, beta):
    got = information.rlhf(r, q, beta)
    p, kl, reward = true_policy(r, q, beta)
    assert max(ulps(a, b) for a, b in zip(got.policy, p, strict=True)) <= 4
    assert ulps(got.kl, kl) <= 8
    assert ulps(got.expected_reward, reward) <= 4
    assert ulps(got.objective, reward - m(beta) * kl) <= 4
    assert np.all(got.check().holds)


def test_rlhf_never_leaves_the_support_of_the_reference():
    got = information.rlhf([100, 1, 2], [0, 0.5, 0.5], 0.1)
    assert got.policy[0] == 0
    assert got.policy.sum() == pytest.approx(1, abs=1e-15)
    assert information.rlhf([1, 1], [0.3, 0.7]).kl == 0


def test_rlhf_with_extreme_rewards_stays_finite():
    got = information.rlhf([1e308, -1e308], [0.5, 0.5], 1e-9)
    assert got.policy.tolist() == [1, 0]
    assert got.kl == near(math.log(2))


def test_rlhf_beats_every_other_policy():
    r, q = np.array([1.0, 0.2, -3.0]), np.array([0.2, 0.5, 0.3])
    best = information.rlhf(r, q, 0.7)
    for p in np.random.default_rng(0).dirichlet(np.ones(3), 200):
        assert p @ r - 0.7 * information.kl(p, q).kl <= best.objective
