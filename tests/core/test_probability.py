"""Softmax, log-sum-exp, Bayes and describe against mpmath and fractions, which share no code with them."""

import math
from fractions import Fraction

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from tests.digits import near, ulps

from aimath.core import probability
from aimath.core.probability import _softmax as softmax_
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
@pytest.mark.parametrize("function", [probability.softmax, softmax_.log_softmax])
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
    logs, sums = softmax_.log_softmax(rows, temperature), probability.logsumexp(rows)
    for k in range(7):
        row = rows[k, 0].copy()
        one = probability.softmax(row, temperature)
        assert one.probs.tolist() == together.probs[k, 0].tolist()
        assert one.total == together.total[k, 0]
        assert softmax_.log_softmax(row, temperature).log_probs.tolist() == logs.log_probs[k, 0].tolist()
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
        probability.softmax(row), softmax_.log_softmax(row), probability.logsumexp(row - 3), row.sort()
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


def test_log_softmax_is_within_4_ulp():  # scipy and torch: 2304
    for logits in cases():
        truth = [mp.log(p) for p in boltzmann(logits)]
        assert max(map(ulps, softmax_.log_softmax(logits).log_probs, truth)) <= 4


def test_the_log_of_a_sure_thing_survives():  # scipy, torch, jax: 0
    found = softmax_.log_softmax([50, 0])
    assert ulps(found.log_probs[0], -mp.log1p(mp.exp(-50))) <= 1
    assert found.log_probs[1] == -50
    assert (found.maximum, found.logsumexp) == (50, 50)


@pytest.mark.parametrize("temperature", [0, 0.5, 1, 5e-324, 3, INF])
@pytest.mark.parametrize("logits", [[2, 1, 0.1], [1, -INF, 1], [0, -800], [1e308, -1e308], [7]])
def test_log_softmax_is_the_log_of_softmax(logits, temperature):
    found = softmax_.log_softmax(logits, temperature)
    assert found.check().holds.all()
    assert np.exp(found.log_probs) == pytest.approx(
        probability.softmax(logits, temperature).probs, rel=1e-12, abs=1e-300
    )


# log-sum-exp


def log_total(values):
    return mp.log(mp.fsum(mp.exp(mp.mpf(float(v))) for v in values))


def test_logsumexp_is_within_4_ulp():
    for values in cases():
        assert ulps(probability.logsumexp(values).logsumexp, log_total(values)) <= 4


@pytest.mark.parametrize("a", [5, 17.3, 40, 60, 700])
def test_a_small_second_term_is_not_lost(a):  # scipy#18295; torch and jax still say 0
    assert ulps(probability.logsumexp([0, -a]).logsumexp, mp.log1p(mp.exp(-mp.mpf(a)))) <= 2


def test_log_probabilities_sum_to_what_is_left():  # every peer: 1e18 ulp
    rng = np.random.default_rng(8)
    for n in (2, 5, 40):
        row = softmax_.log_softmax(rng.normal(0, 3, n)).log_probs
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


# describe: its digits


def moments(values, ddof):
    exact = [Fraction(float(v)) for v in values]
    mean = sum(exact) / len(exact)
    return mean, sum((v - mean) ** 2 for v in exact) / (len(exact) - ddof)


@pytest.mark.parametrize("offset", [0, 1e8, -1e12])
@pytest.mark.parametrize("n", [2, 7, 33, 1001])
@pytest.mark.parametrize("ddof", [0, 1])
def test_an_offset_costs_no_digits(offset, n, ddof):  # np.var: 7 ulp, one-pass: 4.8e16
    values = np.random.default_rng(n).normal(offset, 1, n)
    found, (mean, variance) = probability.describe(values, ddof), moments(values, ddof)
    mean, variance = (mp.mpf(v.numerator) / v.denominator for v in (mean, variance))
    assert ulps(found.mean, mean) <= 1
    assert ulps(found.variance, variance) <= 1
    assert ulps(found.std, mp.sqrt(variance)) <= 1.5
    assert (found.min, found.max, found.count) == (values.min(), values.max(), n)


def test_describe_at_its_edges():
    assert probability.describe([1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16], 1).variance == 30  # one-pass: -170.67
    assert probability.describe([1e16, 1, -1e16]).mean == 1 / 3
    assert probability.describe([0.1] * 10).variance == 0
    assert probability.describe([0, 0]).std == 0
    assert probability.describe([1.7e308, 1.7e308]).mean == 1.7e308
    assert probability.describe([1e-200, 3e-200]).std == 1e-200
    with pytest.raises(InputError, match="variance is beyond float64"):
        probability.describe([1e200, -1e200])
    for bad in (1, 2, -1, NAN):
        with pytest.raises(InputError, match="ddof must be at least 0 and below the count 1"):
            probability.describe([3], bad)


def test_describe_takes_rows_as_it_takes_one():
    rows = np.random.default_rng(0).normal(5, 2, (4, 3, 37))
    found = probability.describe(rows, 1)
    assert found.check().holds.all()
    for place in np.ndindex(4, 3):
        one = probability.describe(rows[place], 1)
        assert (one.mean, one.variance, one.std) == (
            found.mean[place],
            found.variance[place],
            found.std[place],
        )


# Bayes: by fractions on the doubles given


def exact(p, seen, alarm):
    p, seen, alarm = Fraction(p), Fraction(seen), Fraction(alarm)
    joint, evidence = p * seen, p * seen + (1 - p) * alarm
    return joint, evidence, joint / evidence


CHANCE = st.floats(1e-30, 1.0)


@given(CHANCE, CHANCE, CHANCE)
@settings(deadline=None, max_examples=300)
def test_two_hypotheses_are_within_4_ulp(p, seen, alarm):
    found = probability.bayes(p, seen, false_positive=alarm)
    for got, truth in zip((found.joint, found.evidence, found.posterior), exact(p, seen, alarm), strict=True):
        assert ulps(got, mp.mpf(truth.numerator) / truth.denominator) <= 4
    assert found.implied == alarm
    assert found.check().holds
    if p < 1:
        odds = Fraction(p) * Fraction(seen) / (1 - Fraction(p)) / Fraction(alarm)
        assert ulps(found.odds, mp.mpf(odds.numerator) / odds.denominator) <= 4


@given(CHANCE, CHANCE, st.floats(0.001, 0.999))
@settings(deadline=None, max_examples=300)
def test_the_evidence_gives_back_the_false_positives(p, seen, share):
    evidence = p * seen + share * (1 - p)
    found = probability.bayes(p, seen, evidence)
    truth = Fraction(p) * Fraction(seen) / Fraction(evidence)
    assert ulps(found.posterior, mp.mpf(truth.numerator) / truth.denominator) <= 4
    if p < 1:
        implied = (Fraction(evidence) - Fraction(p) * Fraction(seen)) / (1 - Fraction(p))
        if 0 < implied < 1:
            assert ulps(found.implied, mp.mpf(implied.numerator) / implied.denominator) <= 4
    assert found.check().holds


@pytest.mark.parametrize(
    ("arguments", "posterior"),
    [
        ((0.01, 0.9, None, 0.09), 0.009 / (0.009 + 0.0891)),
        ((0.5, 0.9, 0.45), 1),  # nothing is left for the other hypothesis
        ((0.01, 0.99, 0.0099), 1),
        ((0.01, 0.09, 0.0009), 1),  # the product of the doubles is above: rounded, not impossible
        ((0, 0.5, 0.25), 0),
        ((1, 0.5, 0.5), 1),
        ((0, 0.5, None, 0.25), 0),
        ((1, 0.5, None, 0.25), 1),
        ((0.5, 1, None, 0), 1),
        ((0.5, 1e-320, None, 1e-320), 0.5),
        ((1e-200, 1e-200, None, 1e-200), 1e-200),
    ],
)
def test_bayes_at_its_edges(arguments, posterior):
    found = probability.bayes(*arguments)
    assert found.posterior == near(posterior, 1e-15)
    assert found.check().holds
    for name in (*found._fields, "prior_odds", "bayes_factor"):
        assert not np.isnan(getattr(found, name)).any(), name


def test_impossible_evidence_is_refused_by_its_bounds():  # .9 * .5 / .3 = 1.5: the article prints it
    with pytest.raises(
        InputError, match=r"evidence 0.3 is impossible: prior and likelihood bound it by 0.45 and 0.95"
    ):
        probability.bayes(0.5, 0.9, 0.3)
    for beyond in (0.96, 0.45 - 1e-14, 0.95 + 1e-14):
        with pytest.raises(InputError, match="is impossible"):
            probability.bayes(0.5, 0.9, beyond)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ((1.5, 0.5, 0.5), "prior must be 0 to 1, not 1.5"),
        ((0.5, -0.1, 0.5), "likelihood must be 0 to 1, not -0.1"),
        ((0.5, 0.5, 2), "evidence must be 0 to 1, not 2"),
        ((0.5, 0.5, None, 2), "false positive rate must be 0 to 1"),
        (([0.5, 1.5], 0.5, 0.5), "prior 2 must be 0 to 1"),
        ((0.5, 0.5, 0), "the evidence has probability 0"),
        ((0.5, 0, None, 0), "likelihoods are all 0"),
        ((0, 0.5, None, 0), "the evidence has probability 0"),
        ((0.5, 0.5, 0.5, 0.5), "not both"),
        ((0.5, 0.5), "one prior needs the evidence"),
        (([0.5, 0.4], [0.1, 0.2]), r"priors sum to 0\.9, not 1"),
        (([0.5, 0.5], [0, 0]), "likelihoods are all 0"),
        (([0.5, 0.5], [0.1, 0.2, 0.3]), "shapes differ"),
        ((NAN, 0.5, 0.5), "prior 1 is nan"),
    ],
)
def test_what_bayes_refuses(arguments, why):
    with pytest.raises(InputError, match=why):
        probability.bayes(*arguments)


def test_what_natural_frequencies_need():
    found = probability.bayes(0.01, 0.9, false_positive=0.09)
    assert found.prior_odds == near(1 / 99, 1e-15)
    assert found.bayes_factor == near(10, 1e-15)
    assert found.odds == near(10 / 99, 1e-15)
    assert found.bits == near(np.log2(10), 1e-14)


def test_several_hypotheses_by_fractions():
    rng = np.random.default_rng(4)
    for k in (2, 3, 10):
        p = rng.dirichlet(np.ones(k) * 0.3)
        seen = rng.uniform(0, 1, k) ** 8
        found = probability.bayes(p, seen)
        joint = [Fraction(a) * Fraction(b) for a, b in zip(p.tolist(), seen.tolist(), strict=True)]
        for got, odds, part in zip(found.posterior, found.odds, joint, strict=True):
            truth, against = part / sum(joint), part / (sum(joint) - part)
            assert ulps(got, mp.mpf(truth.numerator) / truth.denominator) <= 4
            assert ulps(odds, mp.mpf(against.numerator) / against.denominator) <= 6
        assert found.check().holds.all()
        assert found.evidence == near(float(sum(joint)), 1e-15)
    sure = probability.bayes([1, 0], [0.5, 0.2])
    assert sure.posterior.tolist() == [1, 0]
    assert sure.odds.tolist() == [INF, 0]


def test_rows_of_two_hypotheses_are_answered_each_by_itself():
    rng = np.random.default_rng(6)
    p, seen, alarm = rng.uniform(0, 1, (3, 500))
    found = probability.bayes(p, seen, false_positive=alarm)
    for k in range(0, 500, 50):
        one = probability.bayes(p[k], seen[k], false_positive=alarm[k])
        assert all(a == b[k] for a, b in zip(one, found, strict=True))
    rows = probability.bayes(np.full((4, 2), 0.5), rng.uniform(0, 1, (4, 2)))
    assert probability.bayes([0.5, 0.5], rows.likelihood[2]).posterior.tolist() == rows.posterior[2].tolist()


def test_a_hundred_unlikely_observations_underflow_nothing():  # 1e-5 ** 100 does
    found = probability.bayes_sequence([0.3, 0.7], [[1e-5, 2e-5], [2e-5, 1e-5]] * 50)
    assert found.posterior == near([0.3, 0.7], 1e-14)
    likely = probability.bayes_sequence(0.5, [1e-5] * 100, [2e-5] * 100)
    assert likely.log_odds == near(-100, 1e-13)
    assert ulps(likely.posterior, 1 / (1 + (mp.mpf(2e-5) / mp.mpf(1e-5)) ** 100)) <= 4


def test_a_belief_can_come_back_from_further_than_float64_reaches():
    pieces, alarms = [1e-10] * 100 + [0.5] * 100, [0.5] * 100 + [1e-10] * 100
    found = probability.bayes_sequence(0.25, pieces, alarms)
    assert found.posteriors[99] == 0
    assert found.posterior == near(0.25, 1e-13)
    assert found.log_odds == near(-np.log2(3), 1e-12)
    assert found.check().holds


@given(CHANCE, st.lists(st.tuples(CHANCE, CHANCE), min_size=1, max_size=12))
@settings(deadline=None, max_examples=100)
def test_a_sequence_is_the_updates_one_by_one(p, pieces):
    seen, alarms = zip(*pieces, strict=True)
    found = probability.bayes_sequence(p, seen, alarms)
    yes, no = Fraction(p), 1 - Fraction(p)
    for k, (a, b) in enumerate(pieces):
        yes, no = yes * Fraction(a), no * Fraction(b)
        truth = yes / (yes + no)
        if truth > 1e-300:
            assert ulps(found.posteriors[k], mp.mpf(truth.numerator) / truth.denominator) <= 4
    assert found.posterior == found.posteriors[-1]
    assert found.check().holds


def test_the_edges_of_a_sequence():
    assert probability.bayes_sequence(0.5, [1.0, 0.5], [0.0, 0.5]).log_odds == INF
    assert probability.bayes_sequence(0.5, [0.0], [0.5]).log_odds == -INF
    with pytest.raises(InputError, match="after piece 2 no hypothesis is left"):
        probability.bayes_sequence(0.5, [1.0, 0.0], [0.0, 0.5])
    with pytest.raises(InputError, match="2 likelihoods need as many false positive rates, not 1"):
        probability.bayes_sequence(0.5, [0.1, 0.2], [0.1])
    with pytest.raises(InputError, match=r"priors sum to 0\.9"):
        probability.bayes_sequence([0.5, 0.4], [[0.1, 0.2]])


def test_a_sequence_takes_many_priors_at_once():
    priors = np.array([0.1, 0.5, 0.9])
    found = probability.bayes_sequence(priors, [[0.9, 0.8]] * 3, [[0.2, 0.3]] * 3)
    assert found.posteriors.shape == (3, 2)
    for k in range(3):
        assert probability.bayes_sequence(priors[k], [0.9, 0.8], [0.2, 0.3]).posterior == found.posterior[k]


@pytest.mark.parametrize(
    ("prior", "likelihood", "alarm", "population"),
    [(0.3, 0.8, 0.1, 1000), (0.001, 0.99, 0.01, 100_000), (0.5, 1.0, 0.0, 1000), (1e-9, 0.5, 0.5, 1e10)],
)
def test_natural_frequencies_are_the_joint_table_in_round_numbers(prior, likelihood, alarm, population):
    found = probability.bayes(prior, likelihood, false_positive=alarm)
    a, seen, fa = Fraction(prior), Fraction(likelihood), Fraction(alarm)
    exact = [a, 1 - a, a * seen, a * (1 - seen), (1 - a) * fa, (1 - a) * (1 - fa)]
    counts = [
        found.cases,
        found.others,
        found.hits,
        found.misses,
        found.false_alarms,
        found.correct_rejections,
    ]
    assert float(found.population) == population
    assert [float(n) for n in counts] == near([float(population * x) for x in exact], 1e-14)


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


@given(st.floats(-8, 8), st.floats(-3, 3), st.floats(0.1, 5))
def test_every_check_of_the_gaussian_holds(x, mu, sigma):
    found = probability.gaussian([x], mu, sigma)
    assert np.all(found.check().holds)
    assert np.all(found.check_log().holds)
    assert np.all(found.check_cdf().holds)
    assert (found.mu.shape, found.sigma.shape) == ((), ())  # as given


def test_logsumexp_names_its_steps():
    found = probability.logsumexp([1000.0, 1000.5, -np.inf])
    assert found.shifted.tolist() == [-0.5, 0.0, -np.inf]
    assert found.weights.tolist() == [math.exp(-0.5), 1.0, 0.0]
    assert found.total == 1.0 + math.exp(-0.5)
    assert probability.logsumexp([np.inf, 1.0]).shifted.tolist() == [0.0, -np.inf]


def test_describe_shows_its_deviations():
    found = probability.describe([2, 4, 4, 4, 5, 5, 7, 9], ddof=1)
    assert found.deviations.tolist() == [-3, -1, -1, -1, 0, 0, 2, 4]
    assert found.squares == near(32, 1e-15)
