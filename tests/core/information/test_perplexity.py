"""Perplexity of tokens, however improbable."""

import math

import mpmath as mp
import numpy as np
import pytest
from tests.digits import ulps

from aimath.core import information
from aimath.errors import InputError

inf = math.inf


@pytest.fixture(autouse=True, scope="module")
def _digits():
    with mp.workdps(120):
        yield


def m(x):
    return mp.mpf(float(x))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"tokens": [0.5, 1.5]}, "token probability 2 is above 1"),
        ({"log_probs": [-1, 0.5]}, "log-probability 2 is above 0"),
    ],
)
def test_what_has_no_answer_says_why(arguments, message):
    with pytest.raises(InputError, match=message):
        information.perplexity(**arguments)


def test_perplexity_of_tokens():
    assert information.perplexity(tokens=[0.25, 0.25]).perplexity == 4
    assert information.perplexity(tokens=[1, 1]).perplexity == 1
    assert information.perplexity(tokens=[0.5, 0]).perplexity == inf
    assert information.perplexity(log_probs=[-inf, -1]).perplexity == inf
    assert information.perplexity(log_probs=[-1000, -1000]).perplexity == inf
    truth = mp.exp(-mp.fsum(mp.log(m(p)) for p in (0.1, 0.7, 0.3)) / 3)
    assert ulps(information.perplexity(tokens=[0.1, 0.7, 0.3]).perplexity, truth) <= 4
    assert ulps(information.perplexity(log_probs=[-0.1, -0.7]).perplexity, mp.exp((m(0.1) + m(0.7)) / 2)) <= 2


def test_perplexity_of_improbable_tokens_does_not_lose_what_their_logarithms_round_away():
    rng = np.random.default_rng(0)
    for _ in range(20):
        p = 10.0 ** rng.uniform(-300, 0, 9)
        truth = mp.exp(-mp.fsum(mp.log(m(x)) for x in p) / 9)
        assert ulps(information.perplexity(tokens=p).perplexity, truth) <= 2
        logs = rng.uniform(-700, 0, 9)
        truth = mp.exp(-mp.fsum(map(m, logs)) / 9)
        assert ulps(information.perplexity(log_probs=logs).perplexity, truth) <= 2


def test_mean_surprise_lies_within_the_surprises():
    rng = np.random.default_rng(0)
    for probs in rng.random(300):
        tokens = np.full(rng.integers(2, 8), probs)
        found = information.perplexity(tokens=tokens)
        assert found.surprise.min() <= found.nats <= found.surprise.max()
        assert information.perplexity(log_probs=-tokens).nats == probs
