"""Entropy: digits against 50 of mpmath, and the edges at which every peer was measured."""

import math

import mpmath as mp
import numpy as np
import pytest
from tests.digits import ulps

from aimath.core import information
from aimath.errors import InputError


@pytest.fixture(autouse=True, scope="module")
def _digits():
    with mp.workdps(50):
        yield


def exact(values):
    return [mp.mpf(float(v)) for v in values]


def true_entropy(p, base=2.0):
    return -mp.fsum(a * mp.log(a) for a in exact(p) if a) / mp.log(mp.mpf(base))


@pytest.mark.slow
@pytest.mark.parametrize("n", [2, 3, 5, 17, 32, 33, 50, 100, 700, 2047, 2048, 3000])
@pytest.mark.parametrize("base", [2.0, math.e])
def test_entropy_within_one_and_a_half_ulp(n, base):
    rng = np.random.default_rng(n)
    for p in [
        *(rng.dirichlet(np.ones(n)) for _ in range(5)),
        rng.dirichlet(np.full(n, 0.05)),
    ]:
        assert ulps(information.entropy(p, base).entropy, true_entropy(p, base)) <= 1.5


def test_entropy_of_uniform_rows_keeps_its_digits_where_sums_drift():
    for n in range(33, 400, 7):
        assert ulps(information.entropy(np.full(n, 1 / n)).entropy, true_entropy([1 / n], 2) * n) <= 1.5
    for n in (2048, 3000, 20_000):  # all terms round alike, and lanes of them do again
        p = np.full(n, 1 / n)
        assert ulps(information.entropy(p, math.e).entropy, true_entropy([1 / n], math.e) * n) <= 3


@pytest.mark.slow
def test_entropy_of_a_row_longer_than_a_block():
    p = np.random.default_rng(0).dirichlet(np.ones(70_001))
    assert ulps(information.entropy(p).entropy, true_entropy(p)) <= 1.5
    p = np.full(100_000, 1e-5)
    assert ulps(information.entropy(p).entropy, true_entropy([1e-5]) * 100_000) <= 1.5


@pytest.mark.parametrize("k", range(20))
def test_entropy_of_two_to_the_k_equal_outcomes_is_exactly_k_bits(k):
    p = np.full(2**k, 2.0**-k)
    assert information.entropy(p).entropy == k
    assert information.perplexity(p).perplexity == 2**k


def test_entropy_of_joint_counts_is_the_sum_of_independent_ones():
    p, q = np.array([0.5, 0.25, 0.25]), np.array([0.125, 0.875])
    both = information.entropy(np.outer(p, q).ravel()).entropy
    assert ulps(both, mp.mpf(3) / 2 + true_entropy(q)) <= 2


nan = math.nan


# Edges as every peer was measured at them, and what we say there.
@pytest.mark.parametrize(
    ("f", "arguments", "message"),
    [
        (information.entropy, ([],), "at least one probability"),
        (information.entropy, ([0, 0],), "probabilities sum to 0"),
        (information.entropy, ([1, 1, 1],), "sum to 3, not 1; use normalize=True"),
        (information.entropy, ([0.5, 0.49],), r"sum to 0\.99, not 1"),
        (information.entropy, ([1.2, -0.2],), "probability 2 is negative"),
        (information.entropy, ([0.5, nan, 0.5],), "probability 2 is nan"),
        (information.entropy, (np.zeros((0, 3)),), "at least one row"),
    ],
)
def test_what_has_no_answer_says_why(f, arguments, message):
    with pytest.raises(InputError, match=message):
        f(*arguments)


def test_entropy_of_a_certain_outcome_is_zero_not_minus_zero():
    """The article's 1e-9 in the logarithm makes it -1.4e-9."""
    for p in ([1, 0], [1], [0, 0, 1], np.eye(1, 40)[0]):
        assert str(float(information.entropy(p).entropy)) == "0.0"
        assert str(float(information.cross_entropy(p, p).cross_entropy)) == "0.0"


def test_normalised_overflow():
    """scipy.stats.entropy([1e308, 1e308]) is 0."""
    assert information.entropy([1e308, 1e308], normalize=True).entropy == 1


@pytest.mark.parametrize("k", range(1, 15))
def test_equal_logits_have_exactly_k_bits(k):
    assert information.entropy(logits=np.full(2**k, 3.25)).entropy == k
