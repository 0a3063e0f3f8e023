"""Weighted sums of exponentials against mpmath: wide, cancelling, near 1, of both signs."""

import math

import mpmath as mp
import numpy as np
import pytest
from tests.digits import near, ulps

from aimath.core import probability
from aimath.errors import InputError

INF, NAN = math.inf, math.nan


def true_sum(values, weights):
    with mp.workdps(400):
        pairs = zip(values.tolist(), weights.tolist(), strict=True)
        return mp.fsum(mp.mpf(w) * mp.exp(mp.mpf(x)) for x, w in pairs if w)


def doubled(rng, n):
    x = rng.normal(0, 3, n)
    return np.append(x, x + 1e-12 * rng.normal(size=n)), np.append(np.ones(n), -np.ones(n))


def chances(rng, n):
    weights = rng.uniform(0.1, 1, n)
    return 1e-3 * rng.normal(size=n), weights / weights.sum()


def undone(rng, n):
    x = rng.uniform(-300, 300, n)
    return x, np.exp(-x) / n


KINDS = {
    "positive": lambda rng, n: (rng.normal(0, 3, n), rng.uniform(0.1, 5, n)),
    "of both signs": lambda rng, n: (rng.normal(0, 3, n), rng.normal(size=n)),
    "some weights 0": lambda rng, n: (rng.normal(0, 300, n), rng.integers(0, 2, n).astype(float)),
    "from 1e-300 to 1e300": lambda rng, n: (rng.uniform(-700, 700, n), 10.0 ** rng.uniform(-300, 300, n)),
    "values beyond exp": lambda rng, n: (rng.normal(0, 1e5, n), rng.uniform(1, 2, n)),
    "huge weights": lambda rng, n: (rng.normal(size=n), rng.uniform(1e308, 1.7e308, n)),
    "nearly cancelling": doubled,
    "sums near 1": chances,
    "weights that undo the values": undone,
}


@pytest.mark.parametrize("kind", KINDS)
def test_weighted_sums_are_within_4_ulp(kind):
    rng, answered = np.random.default_rng(list(KINDS).index(kind)), 0
    for n in (1, 2, 2, 3, 5, 8, 40) * 12:
        values, weights = KINDS[kind](rng, n)
        truth = true_sum(values, weights)
        if truth < 0:
            with pytest.raises(InputError, match="the weighted sum is negative: it has no logarithm"):
                probability.logsumexp(values, weights)
            continue
        found = probability.logsumexp(values, weights)
        if truth == 0:
            assert found.logsumexp == -INF
            continue
        with mp.workdps(400):
            assert ulps(found.logsumexp, mp.log(truth)) <= 4
        check = found.check()
        assert check.holds | check.undecided
        answered += 1
    assert answered > 5


def test_rows_together_are_the_rows_alone_and_one_row_of_weights_serves_all():
    rng = np.random.default_rng(3)
    rows, weights = rng.normal(0, 3, (50, 4)), rng.uniform(-0.1, 2, (50, 4))
    weights[:, 0] = 9.0
    together = probability.logsumexp(rows, weights).logsumexp
    assert together.tolist() == [
        float(probability.logsumexp(x, w).logsumexp) for x, w in zip(rows, weights, strict=True)
    ]
    assert probability.logsumexp(rows, weights[0]).logsumexp.tolist() == [
        float(probability.logsumexp(x, weights[0]).logsumexp) for x in rows
    ]
    ones = probability.logsumexp(rows, np.ones(4)).logsumexp
    assert ones == near(probability.logsumexp(rows).logsumexp, 1e-15)


@pytest.mark.parametrize(
    ("values", "weights", "answer"),
    [
        ([0, 1], [0, 0], -INF),
        ([1, 1], [1, -1], -INF),
        ([-INF, 2], [5, 1], 2),
        ([INF, 2], [0, 1], 2),
        ([INF, 2], [1, -1], INF),
        ([-INF, -INF], [1, 2], -INF),
        ([1e308, -1e308], [1, 1], 1e308),
        ([5e-324], [1], 5e-324),
    ],
)
def test_the_edges_of_weighted_sums(values, weights, answer):
    assert probability.logsumexp(values, weights).logsumexp == answer


@pytest.mark.parametrize(
    ("values", "weights", "why"),
    [
        ([1, 2], [-1, -1], "the weighted sum is negative: it has no logarithm"),
        ([INF, 2], [-1, 1], "value 1 is inf with a negative weight"),
        ([1, 2], [1, NAN], "weight 2 is nan"),
        ([1, 2], [1, INF], "weight 2 is inf"),
        ([1, NAN], [1, 0], "value 2 is nan"),
        ([1, 2], [1], "lengths 2 and 1"),
    ],
)
def test_what_is_no_weighted_sum_is_refused(values, weights, why):
    with pytest.raises(InputError, match=why):
        probability.logsumexp(values, weights)


def test_a_wrong_weighted_sum_is_found_out():
    found = probability.logsumexp([1.0, 2.0], [3.0, -0.5])
    assert found.check().holds
    assert not found._replace(logsumexp=found.logsumexp * (1 + 1e-7)).check().holds


@pytest.mark.parametrize(
    ("values", "distinct"), [([5, -30, -31], False), ([5], True), ([5, -2000], True), ([2, 1], True)]
)
def test_the_sum_is_written_out_where_six_digits_make_it_1(values, distinct):
    assert probability.logsumexp(values).total_is_distinct() == distinct
