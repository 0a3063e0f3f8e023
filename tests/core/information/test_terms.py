"""What each outcome adds to a divergence has all its digits, however near p and q are."""

import math

import mpmath as mp
import numpy as np
import pytest
from tests.digits import near, ulps

from aimath.core import information


@pytest.fixture(autouse=True, scope="module")
def _digits():
    with mp.workdps(60):
        yield


def true_terms(p, q, base):
    pairs = [(mp.mpf(float(a)), mp.mpf(float(b))) for a, b in zip(p, q, strict=True)]
    return [a * mp.log(a / b) / mp.log(mp.mpf(base)) if a else 0 for a, b in pairs]


@pytest.mark.parametrize("base", [2.0, math.e, 10.0, 3.0])
@pytest.mark.parametrize("distance", [0.0, 1e-12, 1e-6, 0.1, 2.0])
def test_terms_of_kl_keep_their_digits(base, distance):
    rng = np.random.default_rng(7)
    p = rng.random((20, 5))
    q = p * np.exp(distance * rng.standard_normal((20, 5)))
    p, q = (weights / weights.sum(axis=-1, keepdims=True) for weights in (p, q))
    found = information.kl(p, q, base)
    for row in range(20):
        truth = true_terms(p[row], q[row], base)
        assert max(map(ulps, found.terms[row], truth)) <= 4
    assert np.array_equal(found.reverse_terms, information.kl(q, p, base).terms)


def test_terms_at_the_edges_of_kl():
    terms = information.kl([0.0, 0.5, 0.5, 0.0], [0.25, 0.0, 0.75, 0.0]).terms
    assert terms.tolist()[:2] == [0.0, math.inf]
    assert terms[3] == 0.0
    assert information.kl([1e-300, 1.0], [1.0, 1e-300]).terms.tolist() == near(
        [-6.90775528e-298, 690.775528], 1e-8
    )


def test_terms_of_a_table_that_is_nearly_independent_add_up():
    found = information.mutual_information([[0.25 + 1e-9, 0.25 - 1e-9], [0.25 - 1e-9, 0.25 + 1e-9]])
    assert float(found.terms.sum()) == near(float(found.mutual_information), 1e-6)
    assert found.terms_add_up()


def test_terms_add_up_only_where_p_and_q_sum_to_the_same():
    rows = information.kl([[0.9, 0.1], [0.5, 0.5]], [[0.5, 0.5], [0.5, 0.4999995]])
    assert rows.terms_add_up().tolist() == [True, False]
    assert rows.entropies_add_up().tolist() == [True, False]
    assert (rows.terms.sum(axis=-1) + rows.mass_difference).tolist() == near(rows.kl.tolist(), 1e-6)
