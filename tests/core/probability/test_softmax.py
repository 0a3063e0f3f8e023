"""Softmax and log-sum-exp against mpmath, which shares no code with them."""

import math

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from tests.digits import near, ulps

from aimath.core import probability
from aimath.core.probability import _softmax
from aimath.errors import InputError

INF = float("inf")
NAN = float("nan")


@pytest.fixture(autouse=True)
def many_digits():
    with mp.workdps(400):  # 1 + e^-800 must be more than 1
        yield


def boltzmann(logits, temperature=1.0):
    weights = [mp.exp(mp.mpf(float(z)) / mp.mpf(temperature)) for z in logits]
    total = mp.fsum(weights)
    return [w / total for w in weights]


def cases(count=25):
    """Rows short, long and very long; flat, peaked and with tails to e^-700; in float64's own shape."""
    rng = np.random.default_rng(5)
    for n in (2, 5, 32, 33, 50, 200):
        for spread in (1e-9, 0.5, 3, 100):
            for _ in range(max(1, count // n)):
                yield rng.normal(0, spread, n) + rng.normal(0, 5)


# softmax: the edges and digits at which every peer was measured


def test_softmax_is_within_4_ulp_at_any_depth():  # scipy, torch and jax: 427 in the tails
    for logits in cases():
        found, truth = probability.softmax(logits), boltzmann(logits)
        assert max(map(ulps, found.probs, truth)) <= 4
        largest = mp.mpf(float(logits.max()))
        assert ulps(found.total, mp.fsum(mp.exp(mp.mpf(float(z)) - largest) for z in logits)) <= 4


@pytest.mark.slow
@pytest.mark.parametrize("temperature", [0.05, 0.7, 1.5, 30.0])
def test_a_temperature_costs_no_digits(temperature):  # torch: 356 ulp
    for logits in cases(10):
        found = probability.softmax(logits, temperature).probs
        for got, truth in zip(found, boltzmann(logits, temperature), strict=True):
            assert ulps(got, truth) <= 4 or truth < 1e-320


@pytest.mark.parametrize(
    ("logits", "temperature", "probs"),
    [
        ([3], 1, [1]),
        ([2, 2, 2], 1, [1 / 3] * 3),
        ([0.1] * 7, 1, [1 / 7] * 7),
        ([1, -INF], 1, [1, 0]),
        ([-INF, 1, 1], 1, [0, 0.5, 0.5]),
        ([1e308, -1e308], 1, [1, 0]),
        ([0, -745], 1, [1, 5e-324]),
        ([0, -746], 1, [1, 0]),
        (np.array([100, -100], np.int8), 1, [1, np.exp(-200)]),  # scipy: [0, nan]
        ([3, 3, 1], 0, [0.5, 0.5, 0]),
        ([3, 3, 1], INF, [1 / 3] * 3),
        ([3, -INF, 1], INF, [0.5, 0, 0.5]),
        ([3, -INF, 1], 0, [1, 0, 0]),
        ([3, 2.9], 1e-300, [1, 0]),
        ([3, 2.9], 5e-324, [1, 0]),
        ([3, 3], 1.7e308, [0.5, 0.5]),
    ],
)
def test_softmax_at_its_edges(logits, temperature, probs):
    found = probability.softmax(logits, temperature)
    assert found.probs.tolist() == near(probs, 1e-15)
    assert found.check().holds.all()


@pytest.mark.parametrize(
    ("logits", "temperature", "why"),
    [
        ([], 1, "needs at least one logit"),
        ([1, INF], 1, "logit 2 is inf"),
        ([1, NAN], 1, "logit 2 is nan"),
        ([-INF, -INF], 1, "all logits are -inf"),
        ([-INF] * 40, 1, "all logits are -inf"),
        ([*range(40), NAN], 1, "logit 41 is nan"),
        ([INF, *range(40)], 1, "logit 1 is inf"),
        ([1, NAN], 0, "logit 2 is nan"),
        ([1, INF], INF, "logit 2 is inf"),
        ([1, INF], 0.5, "logit 2 is inf"),
        ([[1, 2], [NAN, 1]], 0.5, "logit 1 is nan"),
        ([True, False], 1, "real numbers, not bool"),
        ([1, 2], -1, "temperature must be at least 0, not -1"),
        ([1, 2], NAN, "temperature must be at least 0, not nan"),
    ],
)
@pytest.mark.parametrize("function", [probability.softmax, _softmax.log_softmax])
def test_what_has_no_softmax_is_refused(function, logits, temperature, why):
    with pytest.raises(InputError, match=why):
        function(logits, temperature)


@pytest.mark.parametrize("n", [3, 40])
def test_a_masked_row_is_named_by_its_number(n):
    rows = np.zeros((20_000, n))
    rows[15_000] = -INF
    with pytest.raises(InputError) as caught:
        probability.softmax(rows)
    assert caught.value.row == 15_000


@pytest.mark.slow
@given(st.lists(st.integers(-600, 600), min_size=1, max_size=60), st.integers(-1000, 1000))
@settings(deadline=None, max_examples=100)
def test_a_shift_changes_nothing(logits, shift):
    found, moved = probability.softmax(logits).probs, probability.softmax(np.array(logits) + shift).probs
    np.testing.assert_allclose(found, moved, rtol=4 * 2.0**-52, atol=5e-324)
    if len(logits) <= 32:  # where differences are exact, so is the answer
        assert found.tolist() == moved.tolist()


@pytest.mark.parametrize("n", [1, 2, 5, 31, 32, 33, 50, 511, 513, 40_000])
@pytest.mark.parametrize("temperature", [1.0, 0.3])
def test_a_row_of_a_batch_equals_the_single_call_bit_for_bit(n, temperature):
    rng = np.random.default_rng(n)
    rows = rng.normal(rng.normal(0, 300, (7, 1)), 3, (7, n)) * np.array(
        [[1], [1], [0.01], [1], [1], [2], [0]]
    )
    rows[3, 1:] = -INF
    rows = np.asfortranarray(rows).reshape(7, 1, n)
    together = probability.softmax(rows, temperature)
    logs, sums = _softmax.log_softmax(rows, temperature), probability.logsumexp(rows)
    for k in range(7):
        row = rows[k, 0].copy()
        one = probability.softmax(row, temperature)
        assert one.probs.tolist() == together.probs[k, 0].tolist()
        assert one.total == together.total[k, 0]
        assert _softmax.log_softmax(row, temperature).log_probs.tolist() == logs.log_probs[k, 0].tolist()
        assert probability.logsumexp(row).logsumexp == sums.logsumexp[k, 0]


def test_many_blocks_of_rows_are_as_one():
    for shape in ((50_000, 3), (3_000, 37)):
        rows = np.random.default_rng(0).normal(0, 3, shape)
        found = probability.softmax(rows).probs
        for k in (0, 1, shape[0] // 2, shape[0] - 1):
            assert probability.softmax(rows[k]).probs.tolist() == found[k].tolist()


def test_the_input_is_left_alone():
    for n in (5, 50):
        row = np.arange(float(n))
        probability.softmax(row), _softmax.log_softmax(row), probability.logsumexp(row - 3), row.sort()
        assert row.tolist() == list(range(n))


def test_the_quantities_beside_the_probabilities():
    found = probability.softmax([2, 1, 0.1])
    assert found.shifted.tolist() == [0, -1, -1.9]
    assert found.weights == near(np.exp([0, -1, -1.9]), 1e-15)
    assert found.total == near(1 + np.exp(-1) + np.exp(-1.9), 1e-15)
    truth = boltzmann([2, 1, 0.1])
    assert ulps(found.entropy, -mp.fsum(p * mp.log(p, 2) for p in truth)) <= 4
    assert found.argmax == 0
    assert found.log_probs == near([float(mp.log(p)) for p in truth], 1e-15)


@pytest.mark.parametrize(
    ("logits", "bits"), [([0] * 8, 3), ([5] * 64, 6), ([0, -INF], 0), ([7], 0), ([0, 0], 1)]
)
def test_entropy_is_exact_where_the_answer_is(logits, bits):
    entropy = probability.softmax(logits).entropy
    assert entropy == bits
    assert not np.signbit(entropy)


def test_the_entropy_of_a_confident_softmax_is_not_lost():  # p = 1 - 1.9e-22 rounds to 1
    p = mp.exp(-50) / (1 + mp.exp(-50))
    truth = -(p * mp.log(p, 2) + (1 - p) * mp.log(1 - p, 2))
    assert ulps(probability.softmax([50, 0]).entropy, truth) <= 4


# log-softmax


@pytest.mark.slow
def test_log_softmax_is_within_4_ulp():  # scipy and torch: 2304
    for logits in cases():
        truth = [mp.log(p) for p in boltzmann(logits)]
        assert max(map(ulps, _softmax.log_softmax(logits).log_probs, truth)) <= 4


def test_the_log_of_a_sure_thing_survives():  # scipy, torch, jax: 0
    found = _softmax.log_softmax([50, 0])
    assert ulps(found.log_probs[0], -mp.log1p(mp.exp(-50))) <= 1
    assert found.log_probs[1] == -50
    assert (found.maximum, found.logsumexp) == (50, 50)


@pytest.mark.parametrize("temperature", [0, 0.5, 1, 5e-324, 3, INF])
@pytest.mark.parametrize("logits", [[2, 1, 0.1], [1, -INF, 1], [0, -800], [1e308, -1e308], [7]])
def test_log_softmax_is_the_log_of_softmax(logits, temperature):
    found = _softmax.log_softmax(logits, temperature)
    assert found.check().holds.all()
    assert np.exp(found.log_probs) == pytest.approx(
        probability.softmax(logits, temperature).probs, rel=1e-12, abs=1e-300
    )


def log_total(values):
    return mp.log(mp.fsum(mp.exp(mp.mpf(float(v))) for v in values))


# log-sum-exp


def test_logsumexp_is_within_4_ulp():
    for values in cases():
        assert ulps(probability.logsumexp(values).logsumexp, log_total(values)) <= 4


@pytest.mark.parametrize("a", [5, 17.3, 40, 60, 700])
def test_a_small_second_term_is_not_lost(a):  # scipy#18295; torch and jax still say 0
    assert ulps(probability.logsumexp([0, -a]).logsumexp, mp.log1p(mp.exp(-mp.mpf(a)))) <= 2


def test_log_probabilities_sum_to_what_is_left():  # every peer: 1e18 ulp
    rng = np.random.default_rng(8)
    for n in (2, 5, 40):
        row = _softmax.log_softmax(rng.normal(0, 3, n)).log_probs
        assert ulps(probability.logsumexp(row).logsumexp, log_total(row)) <= 1


@pytest.mark.parametrize(
    ("values", "answer"),
    [
        ([INF, 1], INF),
        ([INF, -INF, INF], INF),
        ([-INF, -INF], -INF),
        ([-INF, 3], 3),
        ([7], 7),
        ([1e308], 1e308),
        ([1000, 1000], 1000.6931471805599),
        ([-1000, -1000], -999.3068528194401),
        ([0, 0], 0.6931471805599453),
        ([-5.0] * 100 + [-INF], -0.39482981401190895),
    ],
)
def test_logsumexp_at_its_edges(values, answer):
    found = probability.logsumexp(values)
    assert found.logsumexp == near(answer, 1e-15)
    assert found.maximum == max(values)
    assert 0 <= found.excess <= np.log(len(values)) + 1e-13
    assert found.check().holds


def test_logsumexp_refuses_nan_and_nothing():
    for bad, why in (
        ([1, NAN], "value 2 is nan"),
        ([INF, NAN], "value 2 is nan"),
        ([0.0] * 40 + [NAN], "value 41 is nan"),
        ([], "needs at least one value"),
    ):
        with pytest.raises(InputError, match=why):
            probability.logsumexp(bad)


# steps and checks


def test_the_largest_logit_weighs_exactly_1():
    found = probability.softmax(np.arange(1.0, 41.0))
    assert found.weights[-1] == 1.0
    assert found.maximum == 40.0
    assert found.perplexity == near(2.0 ** float(found.entropy), 1e-15)


@given(st.lists(st.floats(-30, 30), min_size=1, max_size=20), st.floats(0.1, 10))
def test_every_check_of_softmax_holds(logits, temperature):
    found = probability.softmax(logits, temperature)
    assert np.all(found.check().holds)
    assert np.all(found.check_entropy().holds)
    assert not np.all(found._replace(probs=found.probs * 1.1).check().holds)


def test_logsumexp_names_its_steps():
    found = probability.logsumexp([1000.0, 1000.5, -np.inf])
    assert found.shifted.tolist() == [-0.5, 0.0, -np.inf]
    assert found.weights.tolist() == [math.exp(-0.5), 1.0, 0.0]
    assert found.total == 1.0 + math.exp(-0.5)
    assert probability.logsumexp([np.inf, 1.0]).shifted.tolist() == [0.0, -np.inf]


@pytest.mark.parametrize("seed", range(100))
def test_the_difference_overflowed_before_the_temperature_divided(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.choice([2, 5, 40]))
    z = rng.uniform(-1, 1, n) * 10.0 ** rng.uniform(300, 308.25)
    temperature = float(10.0 ** rng.uniform(305, 308))
    with mp.workdps(500):
        weights = [mp.exp(mp.mpf(x) / mp.mpf(temperature)) for x in z.tolist()]
        whole = mp.fsum(weights)
        found, logs = probability.softmax(z, temperature), _softmax.log_softmax(z, temperature)
        for one, log, shift, w, x in zip(
            found.probs, logs.log_probs, found.shifted, weights, z.tolist(), strict=True
        ):
            assert ulps(one, w / whole) <= 4
            assert ulps(log, mp.log(w / whole)) <= 4
            assert ulps(shift, (mp.mpf(x) - mp.mpf(z.max())) / mp.mpf(temperature)) <= 2
        entropy = -mp.fsum(w / whole * mp.log(w / whole, 2) for w in weights)
        assert ulps(found.entropy, entropy) <= 6


@pytest.mark.parametrize("seed", range(50))
def test_what_the_others_add_lost_its_digits(seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 10.0 ** rng.uniform(-3, 2), int(rng.integers(2, 50)))
    found = probability.logsumexp(x)
    with mp.workdps(60):
        most = mp.mpf(float(x.max()))
        assert ulps(found.excess, mp.log(mp.fsum(mp.exp(mp.mpf(v) - most) for v in x.tolist()))) <= 4
        for weight, v in zip(found.weights, x.tolist(), strict=True):
            assert ulps(weight, mp.exp(mp.mpf(v) - most)) <= 3


@pytest.mark.parametrize("values", [[np.inf, 1.0], [1.0, np.inf, -5.0, np.inf], [-np.inf, np.inf, 700.0]])
def test_below_an_infinite_maximum_nothing_has_weight(values):
    found = probability.logsumexp(values)
    assert found.weights.tolist() == [float(x == np.inf) for x in values]
    assert found.total == values.count(np.inf)
