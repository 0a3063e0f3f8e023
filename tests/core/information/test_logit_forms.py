"""Divergences, entropies and losses of logits and log-probabilities against mpmath: no softmax forgets them."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from tests.digits import near, ulps

from aimath.core import information
from aimath.errors import InputError

INF = math.inf
PAIRS = [
    ([2.0, 1.0, 0.1], [1.0, 2.0, 0.1]),
    ([0.0, -800.0, 3.0], [-800.0, 0.0, 1.0]),  # q underflows where p doesn't
    ([1.0, 2.0, 3.0], [1.0, 2.0 + 1e-9, 3.0]),
    ([1e8 + 1, 1e8 + 2], [1.0, 2.5]),
    ([50.0, 0.0, -INF], [50.0, 1.0, -INF]),
    ([700.0, -700.0], [-700.0, 700.0]),
]


@pytest.fixture(autouse=True)
def many_digits():
    with mp.workdps(400):  # 1 + e^-800 must be more than 1
        yield


def distribution(logits):
    weights = [mp.exp(mp.mpf(x)) if x > -INF else mp.mpf(0) for x in logits]
    return [w / mp.fsum(weights) for w in weights]


def kl(p, q):
    return mp.fsum(s * mp.log(s / t) for s, t in zip(p, q, strict=True) if s)


@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_divergences_of_logits(a, b):
    p, q = distribution(a), distribution(b)
    found = information.kl(a, b, logits=True)
    assert ulps(found.kl, kl(p, q)) <= 4
    assert ulps(found.reverse, kl(q, p)) <= 4
    assert found.cross_entropy == near(
        float(-mp.fsum(s * mp.log(t) for s, t in zip(p, q, strict=True) if s)), 1e-13
    )
    for term, s, t in zip(found.terms, p, q, strict=True):
        assert term == pytest.approx(float(s * mp.log(s / t)) if s else 0.0, rel=1e-8, abs=1e-18)
    assert found.check().holds
    assert found.check_reverse().holds
    assert information.kl(a, b, 2, logits=True).kl == near(float(kl(p, q) / mp.log(2)), 1e-15)
    m = [(s + t) / 2 for s, t in zip(p, q, strict=True)]
    bits = (kl(p, m) + kl(q, m)) / 2 / mp.log(2)
    js = information.js(a, b, logits=True)
    assert js.js == near(float(bits), 1e-13)
    assert js.check().holds


@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_logarithms_of_probabilities_are_logits_that_sum_to_1(a, b):
    logs = [np.array([float(mp.log(s)) if s else -INF for s in distribution(x)]) for x in (a, b)]
    for measure in (information.kl, information.js):
        name = measure.__name__
        by_logs = getattr(measure(*logs, log_probs=True), name)
        # The logarithms are rounded: what is near by as much is not told apart.
        assert by_logs == pytest.approx(float(getattr(measure(a, b, logits=True), name)), rel=1e-6, abs=1e-15)
        shifted = measure(logs[0] + 1.0, logs[1] - 2.0, log_probs=True, normalize=True)
        assert getattr(shifted, name) == pytest.approx(float(by_logs), rel=1e-6, abs=1e-15)
    entropy = information.entropy(log_probs=logs[0], base=math.e)
    assert entropy.entropy == near(float(-mp.fsum(s * mp.log(s) for s in distribution(a) if s)), 1e-11)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.floats(-30, 30), st.floats(-30, 30)), min_size=1, max_size=12))
def test_logits_say_what_their_probabilities_say(pairs):
    a, b = np.array(pairs).T
    p, q = (information.entropy(logits=x).probs for x in (a, b))
    assert information.kl(a, b, logits=True).kl == pytest.approx(
        float(information.kl(p, q).kl), rel=1e-9, abs=1e-15
    )
    assert information.js(a, b, logits=True).js == pytest.approx(
        float(information.js(p, q).js), rel=1e-9, abs=1e-15
    )
    assert information.perplexity(logits=a).perplexity == near(
        float(information.perplexity(p).perplexity), 1e-11
    )
    loss = information.cross_entropy(p, logits=b)
    assert loss.cross_entropy == pytest.approx(  # a q near 1 is rounded to 1e-16, which is all of its -ln q
        float(information.cross_entropy(p, q).cross_entropy), rel=1e-11, abs=1e-15
    )
    assert loss.check().holds


def test_soft_targets_are_hard_ones_where_they_are_certain():
    z = np.array([[2.0, 1.0, 0.1], [50.0, 0.0, -3.0]])
    hard = information.cross_entropy(logits=z, target=[0, 0], label_smoothing=0.1)
    soft = information.cross_entropy([[1.0, 0, 0], [1.0, 0, 0]], logits=z, label_smoothing=0.1)
    assert soft.cross_entropy == near(hard.cross_entropy, 1e-14)
    sure = information.cross_entropy([1.0, 0.0], logits=[50.0, 0.0])
    assert ulps(sure.cross_entropy, mp.log(1 + mp.exp(-50))) <= 2
    masked = information.cross_entropy([0.0, 1.0], logits=[-INF, 0.0])
    assert masked.cross_entropy == 0
    assert information.cross_entropy([0.5, 0.5], logits=[-INF, 0.0]).cross_entropy == INF
    counts = information.cross_entropy([7, 2, 1], logits=[2, 1, 0.1], normalize=True)
    assert counts.cross_entropy == near(
        float(information.cross_entropy([0.7, 0.2, 0.1], logits=[2, 1, 0.1]).cross_entropy)
    )


def test_rows_of_logits_go_with_one_row_and_a_row_of_a_batch_is_that_row_alone():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 5, 40))
    found = information.kl(a, b[0], logits=True).kl
    assert found.tolist() == [float(information.kl(row, b[0], logits=True).kl) for row in a]


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda: information.kl([1, 2], [1, 2, 3], logits=True), "lengths 2 and 3"),
        (lambda: information.kl([-INF, -INF], [1, 2], logits=True), "all logits are -inf"),
        (lambda: information.kl([1, math.nan], [1, 2], logits=True), "logit 2 is nan"),
        (lambda: information.js([1, INF], [1, 2], logits=True), "logit 2 is inf"),
        (
            lambda: information.kl([-1, -1], [-1, -1], log_probs=True),
            "0.264241 is missing; use normalize=True",
        ),
        (lambda: information.js([0.5, -1], [-1, -1], log_probs=True), "log-probability 1 is above 0"),
        (lambda: information.entropy(log_probs=[-1, -1]), "0.264241 is missing"),
        (lambda: information.kl([1, 2], [2, 1], logits=True, log_probs=True), "exclude each other"),
        (lambda: information.kl([1, 2], [2, 1], logits=True, normalize=True), "softmax does that"),
        (lambda: information.perplexity(logits=[1, 2], normalize=True), "only probs can be normalised"),
        (lambda: information.cross_entropy([0.5, 0.6], logits=[1, 2]), "sum to 1.1"),
        (lambda: information.cross_entropy([0.5, 0.5], logits=[1, 2, 3]), "lengths 2 and 3"),
    ],
)
def test_what_is_no_distribution_is_refused(call, why):
    with pytest.raises(InputError, match=why):
        call()


def test_flags_say_what_all_numbers_are(refused, answered):
    assert answered("kl", "0,-800", "-800,0", "--logits") == "800\n"
    assert answered("kl", "--q", "1,2", "--logits", stdin="2 1\n1 2\n").splitlines()[1] == "0"
    assert answered("entropy", "--logits", "0", "0") == "1\n"
    assert "is missing" in refused("entropy", "-1", "-1", "--log-probs", code=1)
    assert answered("entropy", "-1", "-1", "--log-probs", "--normalize") == "1\n"
    assert answered("perplexity", "0", "0", "0", "0", "--logits") == "4\n"
    for line in ("kl 1,2 2,1", "js 1,2 2,1", "entropy 1 2"):
        assert "--logits and --log-probs exclude each other" in refused(
            *line.split(), "--logits", "--log-probs"
        )
        assert "--logits and --normalize exclude each other" in refused(
            *line.split(), "--logits", "--normalize"
        )
    for other in ("--tokens", "--log-probs", "--normalize"):
        assert f"--logits and {other} exclude each other" in refused(
            "perplexity", "1", "2", "--logits", other
        )


def test_soft_targets_of_the_command_line(refused, answered):
    assert answered("cross-entropy", "--p", ".5,.5", "--logits", "0,0", "--base", "2") == "1\n"
    said = refused("cross-entropy", "--logits", "2,1,.1", "--target", ".7,.2,.1")
    assert "0.7 is not the number of a class" in said
    assert "--p 0.7,0.2,0.1 --logits LIST" in said
    assert "leave one out" in refused("cross-entropy", "--p", ".5,.5", "--logits", "0,0", "--target", "0")
    assert "or --p, a distribution" in refused("cross-entropy", "--logits", "0,0")


def true_heated(z, w, temperature):
    """Give the divergence of the softmaxes of z/T and w/T with so many digits that nothing cancels."""
    with mp.workdps(400):
        t = mp.mpf(temperature)
        a, b = ([mp.exp(mp.mpf(x) / t) for x in row] for row in (z, w))
        shift = mp.log(mp.fsum(b) / mp.fsum(a))
        parts = (x * ((mp.mpf(u) - mp.mpf(v)) / t + shift) for x, u, v in zip(a, z, w, strict=True))
        return mp.fsum(parts) / mp.fsum(a)


@pytest.mark.parametrize("temperature", [1e-3, 0.05, 0.5, 2.0, 7.0, 1e3, 1e10, 1e30, 1e100])
def test_divergences_keep_their_digits_at_every_temperature(temperature):
    rng = np.random.default_rng(round(math.log10(temperature) * 100) % 1000)
    for _ in range(6):
        z = rng.normal(0, 3, rng.integers(2, 7))
        w = z + rng.normal(0, 10.0 ** rng.integers(-12, 1), len(z)) + rng.choice([0.0, 3.3])
        right = true_heated(z.tolist(), w.tolist(), temperature)
        found = information.kl(z, w, logits=True, temperature=temperature)
        if right > 1e-290:
            assert abs(mp.mpf(float(found.kl)) - right) < 1e-15 * right
            loss = right * mp.mpf(temperature) ** 2
            assert abs(mp.mpf(float(found.distillation)) - loss) < 1.5e-15 * loss


def test_a_hot_loss_is_half_the_variance_of_the_differences():  # T² KL -> Var(z - w) / 2
    z, w = np.array([2.0, 1.0, 0.1]), np.array([1.0, 2.0, 0.0])
    found = information.kl(z, w, logits=True, temperature=1e9)
    assert float(found.distillation) == near(np.var(z - w) / 2, 1e-8)
    assert float(found.kl) == near(np.var(z - w) / 2e18, 1e-8)


def test_at_temperature_1_nothing_changes():
    z, w = np.array([[2.0, -np.inf, 0.1], [0.0, 5.0, 5.0]]), np.array([[1.0, 2.0, 0.0], [1.0, 5.0, 5.0]])
    plain, heated = (information.kl(z, w, logits=True, temperature=t) for t in (1.0, 2.0))
    assert (plain.kl == information.kl(z, w, logits=True).kl).all()
    assert (plain.distillation == plain.kl).all()
    assert (heated.kl == information.kl(z / 2.0, w / 2.0, logits=True).kl).all()
    assert heated.check().holds.all()
    assert heated.check_reverse().holds.all()


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda: information.kl([0.5, 0.5], [0.1, 0.9], temperature=2), "temperature divides logits"),
        (lambda: information.kl([1, 2], [2, 1], logits=True, temperature=0), "1e-100 to 1e.100 here, not 0"),
        (lambda: information.kl([1, 2], [2, 1], logits=True, temperature=math.inf), "here, not inf"),
        (lambda: information.kl([1, 2], [2, 1], logits=True, temperature=-1), "here, not -1"),
    ],
)
def test_temperatures_that_are_none(call, why):
    with pytest.raises(InputError, match=why):
        call()


def test_temperatures_of_the_command_line(answered, refused):
    lines = answered(
        "kl", "2,1,.1", "1,2,0", "--logits", "-T", "1,2", "--csv", "--fields", "kl,distillation"
    ).splitlines()
    assert lines[0] == "temperature,kl,distillation"
    one, two = ([float(x) for x in line.split(",")] for line in lines[1:])
    assert one[1] == one[2]
    assert two[2] == near(4 * two[1], 1e-15)
    assert two[1] == near(float(true_heated([2, 1, 0.1], [1, 2, 0], 2)), 1e-14)
    assert "--temperature does nothing without --logits" in refused("kl", ".5,.5", ".1,.9", "-T", "2", code=2)
    told = answered("kl", "2,1,.1", "1,2,0", "--logits", "-T", "2", "--explain")
    assert "distillation = T² · KL(p‖q) = 2² · 0.0988929 = 0.395571 nats" in told
    assert max(map(len, told.splitlines())) <= 80
