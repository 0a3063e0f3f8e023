"""Bayes against fractions on the doubles that were given."""

from fractions import Fraction

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from tests.digits import near, ulps

from aimath.core import probability
from aimath.errors import InputError

INF = float("inf")
NAN = float("nan")


@pytest.fixture(autouse=True)
def many_digits():
    with mp.workdps(400):  # 1 + e^-800 must be more than 1
        yield


def exact(p, seen, alarm):
    p, seen, alarm = Fraction(p), Fraction(seen), Fraction(alarm)
    joint, evidence = p * seen, p * seen + (1 - p) * alarm
    return joint, evidence, joint / evidence


CHANCE = st.floats(1e-30, 1.0)


@pytest.mark.slow
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


@pytest.mark.slow
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
        ((NAN, 0.5, 0.5), "prior is nan"),
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


@pytest.mark.slow
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


@pytest.mark.parametrize("seed", range(200))
def test_a_product_underflowed_in_one_form_of_several(seed):
    rng = np.random.default_rng(seed)
    prior, likelihood, alarm = (float(10.0 ** rng.uniform(-rng.choice([2, 300]), 0)) for _ in range(3))
    p, seen, other = map(Fraction, (prior, likelihood, alarm))
    rival = Fraction(1.0 - prior) * other
    truth = p * seen / (p * seen + rival)
    assert probability.bayes(prior, likelihood, false_positive=alarm).posterior == near(float(truth), 1e-15)
    many = probability.bayes([prior, 1.0 - prior], [likelihood, alarm])
    assert many.posterior[0] == near(float(truth), 1e-15)
    evidence = float(p * seen + rival)
    if evidence > 1e-307:
        given = probability.bayes(prior, likelihood, evidence=evidence)
        assert given.posterior == near(min(1.0, float(p * seen / Fraction(evidence))), 1e-15)
    sequence = probability.bayes_sequence(prior, [likelihood], [alarm])
    assert sequence.posterior == near(float(truth), 1e-14)
    close = likelihood * (1.0 + 1e-9 * rng.normal())
    if 0.0 < close <= 1.0 and likelihood > 1e-290:
        bits = probability.bayes(prior, likelihood, false_positive=close).bits
        ratio = Fraction(likelihood) / Fraction(close) - 1
        assert bits == near(float(mp.log1p(mp.mpf(ratio.numerator) / ratio.denominator) / mp.log(2)), 1e-14)


def test_a_list_of_one_hypothesis_and_priors_that_are_weights():
    truth = near(np.array([1 / 7, 6 / 7]))
    assert probability.bayes([1.0], [0.2]).posterior == 1.0
    assert probability.bayes([1, 3], [0.2, 0.4], normalize=True).posterior == truth
    assert probability.bayes_sequence([1, 3], [[0.2, 0.4]], normalize=True).posterior == truth
    with pytest.raises(InputError, match="several hypotheses"):
        probability.bayes(0.2, 0.5, false_positive=0.2, normalize=True)
