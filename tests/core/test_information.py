"""What the calculators of information promise: edges at which every peer was measured, fields, and checks."""

import inspect
import math

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from tests.digits import near, ulps

from aimath.core import information
from aimath.core.information import _mutual_information as mutual_information_, _perplexity as perplexity_
from aimath.errors import InputError

inf, nan = math.inf, math.nan


@pytest.fixture(autouse=True, scope="module")
def _digits():
    with mp.workdps(120):  # losses of 1e-52 come out of a difference in these oracles
        yield


def m(x):
    return mp.mpf(float(x))


EXAMPLES = [
    lambda: information.entropy([0.5, 0.25, 0.25, 0]),
    lambda: information.entropy([1.0000001, 0]),
    lambda: information.entropy([[0.5, 0.5], [0.9, 0.1]], 10),
    lambda: information.entropy_of_logits([[50, 0, -inf], [1, 2, 3]]),
    lambda: information.cross_entropy([0, 1, 0], [0.2, 0.7, 0.1], label_smoothing=0.1),
    lambda: information.cross_entropy([0.5, 0.5], [1, 0]),
    lambda: information.cross_entropy_of_logits([[1, 2, 3], [3, 2, -inf]], [2, 0]),
    lambda: information.cross_entropy_of_logits([1, 2, 3], 1, 2, 0.1),
    lambda: information.kl([0.5, 0.5, 0], [0.9, 0.05, 0.05]),
    lambda: information.kl([[0.5, 0.5], [1, 0]], [1, 0], 2),
    lambda: information.js([0.5, 0.5], [0.9, 0.1], distance=True),
    lambda: information.mutual_information([[0.1, 0.2], [0.3, 0.4]]),
    lambda: information.mutual_information([[[3, 1], [0, 4]], [[1, 2], [2, 4]]], normalize=True),
    lambda: information.perplexity([0.7, 0.2, 0.1]),
    lambda: information.perplexity_of_tokens([0.7, 0.2, 0.1]),
    lambda: information.perplexity_of_log_probs([-1, -2, -0.5]),
    lambda: information.gaussian_kl([0, 1, -3], [1, 0.1, 3], 0.5, 2),
    lambda: information.vae_kl([[0, 1], [2, 3]], [[0, 1], [-4, 2]]),
    lambda: information.rlhf([[1, 2, 3], [0, 0, 9]], [0.2, 0.8, 0]),
    lambda: information.rlhf([5, 7], [0.3, 0.7], 1e7),
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_answer_is_confirmed_by_another_route(example):
    check = example().check()
    assert check.answer is not check.other
    assert np.all(check.holds)


@pytest.mark.parametrize("example", EXAMPLES)
def test_fields_and_properties_are_quantities_without_nan(example):
    result = example()
    properties = [name for name, _ in inspect.getmembers(type(result), lambda a: isinstance(a, property))]
    for name in (*result._fields, *properties):
        if name == "logits" and result.logits is None:
            continue
        value = np.asarray(getattr(result, name))
        assert value.size
        assert not np.isnan(value).any(), name


@pytest.mark.parametrize("example", [e for e in EXAMPLES if hasattr(e(), "terms")])
def test_terms_add_up_to_the_answer(example):
    result = example()
    answer = result.nats if isinstance(result, perplexity_.Perplexity) else result.check().answer
    axes = (-2, -1) if isinstance(result, mutual_information_.MutualInformation) else -1
    assert np.allclose(result.terms.sum(axis=axes), answer, rtol=1e-12, atol=1e-6)


# Edges as every peer was measured at them, and what we say there.
@pytest.mark.parametrize(
    ("f", "arguments", "message"),
    [
        (information.entropy, ([],), "at least one probability"),
        (information.entropy, ([0, 0],), "probabilities sum to 0"),
        (information.entropy, ([1, 1, 1],), "sum to 3, not 1; use --normalize"),
        (information.entropy, ([0.5, 0.49],), r"sum to 0\.99, not 1"),
        (information.entropy, ([1.2, -0.2],), "probability 2 is negative"),
        (information.entropy, ([0.5, nan, 0.5],), "probability 2 is nan"),
        (information.entropy, (np.zeros((0, 3)),), "at least one row"),
        (information.kl, ([0.5, 0.5], [1.0]), "lengths 2 and 1"),
        (information.kl, ([9, 1], [1, 1]), "sum to 10"),
        (information.kl, ([0.5, 0.5], [1.5, -0.5]), "negative"),
        (information.kl, ([[0.5, 0.5]] * 2, [[0.5, 0.5]] * 3), "p has 2 rows and q has 3"),
        (information.cross_entropy, ([1, 1], [0.5, 0.5]), "sum to 2"),
        (information.cross_entropy, ([1, 1], [0.5, 0.5], math.e, 0.5), "sum to 2"),
        (information.cross_entropy, ([1, 0], [0.5, 0.5], math.e, 1.5), r"must be 0 to 1, not 1.5"),
        (information.cross_entropy, ([1, 0], [0.5, 0.5], math.e, nan), "not nan"),
        (information.cross_entropy_of_logits, ([1, 2, 3], 7), "there is no class 7, only 0 to 2"),
        (information.cross_entropy_of_logits, ([1, 2, 3], -100), "there is no class -100, only 0 to 2"),
        (information.cross_entropy_of_logits, ([1, 2, 3], 1.0), "whole number"),
        (information.cross_entropy_of_logits, ([[1, 2], [3, 4]], [1, 1, 0]), "3 target classes for 2 rows"),
        (information.cross_entropy_of_logits, ([-inf, -inf], 0), "all logits are -inf"),
        (information.mutual_information, ([[0.5, 0.6], [0, 0]],), r"sum to 1\.1"),
        (information.mutual_information, ([0.5, 0.5],), "single row"),
        (information.perplexity_of_tokens, ([0.5, 1.5],), "token probability 2 is above 1"),
        (information.perplexity_of_log_probs, ([-1, 0.5],), "log-probability 2 is above 0"),
        (information.gaussian_kl, ([0], [0]), "sigma must be above 0"),
        (information.gaussian_kl, ([0, 1], [1, 1], 0, [1, 1, 1]), "mu and sigma2 have lengths 2 and 3"),
        (information.vae_kl, ([0, 1], [1]), "lengths 2 and 1"),
        (information.rlhf, ([1, 2], [0.5, 0.5], 0), "beta must be above 0"),
        (information.rlhf, ([1, 2], [0.5, 0.5, 0]), "rewards and reference have lengths 2 and 3"),
    ],
)
def test_what_has_no_answer_says_why(f, arguments, message):
    with pytest.raises(InputError, match=message):
        f(*arguments)


@pytest.mark.parametrize("base", [1, 0, -2, 0.5, inf, nan])
def test_base_must_be_above_one(base):
    for f, arguments in (
        (information.entropy, ([1.0],)),
        (information.kl, ([1.0], [1.0])),
        (information.vae_kl, ([1.0], [1.0])),
    ):
        with pytest.raises(InputError, match="base must be above 1 and finite"):
            f(*arguments, base=base)


def test_a_wrong_row_is_named():
    with pytest.raises(InputError) as caught:
        information.cross_entropy_of_logits([[1, 2], [3, 4], [5, 6]], [0, 1, 2])
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


def test_entropy_of_a_certain_outcome_is_zero_not_minus_zero():
    """The article's 1e-9 in the logarithm makes it -1.4e-9."""
    for p in ([1, 0], [1], [0, 0, 1], np.eye(1, 40)[0]):
        assert str(float(information.entropy(p).entropy)) == "0.0"
        assert str(float(information.cross_entropy(p, p).cross_entropy)) == "0.0"


def test_kl_of_equal_rows_is_zero():
    """pytorch#80488 is negative, the article's -1e-16."""
    p = np.random.default_rng(0).dirichlet(np.ones(7), 500)
    assert not information.kl(p, p).kl.any()
    assert not information.js(p, p).js.any()


def test_normalised_overflow():
    """scipy.stats.entropy([1e308, 1e308]) is 0."""
    assert information.entropy([1e308, 1e308], normalize=True).entropy == 1


def test_kl_is_infinite_where_q_is_zero_and_says_where():
    got = information.kl([[0.5, 0.5, 0], [1, 0, 0]], [[1, 0, 0], [1, 0, 0]])
    assert got.kl.tolist() == [inf, 0]
    assert got.infinite_at.tolist() == [1, -1]


def test_kl_of_a_subnormal_q():
    """kl_div of scipy is inf, torch's Categorical 17.33 (scipy#20710)."""
    truth = mp.log(m(0.5)) / 2 + (mp.log(m(0.5)) - mp.log(m(5e-324))) / 2
    assert ulps(information.kl([0.5, 0.5], [1.0, 5e-324]).kl, truth) <= 4


def test_kl_in_bits_of_powers_of_two_is_exact():
    assert information.kl([1, 0, 0, 0], [0.25] * 4, 2).kl == 2
    assert information.kl([0.5, 0.5, 0], [0.5, 0.25, 0.25], 2).kl == 0.5
    assert information.kl([9, 1], [1, 1], normalize=True).kl == near(0.36806420716849706, 1e-15)


def test_js_of_disjoint_rows_is_exactly_one_bit():
    rng = np.random.default_rng(0)
    assert information.js([1, 0], [0, 1]).js == 1
    assert information.js([0.5, 0.5, 0, 0], [0, 0, 0.25, 0.75], distance=True).js == 1
    p = rng.multinomial(1 << 40, rng.dirichlet(np.ones(20))) / 2.0**40
    assert information.js([*p, *np.zeros(20)], [*np.zeros(20), *p]).js == 1


def test_js_of_near_rows_is_not_nan():
    """scipy#20083: jensenshannon takes the root of -1e-17."""
    p = np.array([0.5, 0.5])
    q = np.array([0.5 + 2.0**-53, 0.5 - 2.0**-53])
    assert ulps(information.js(p, q, math.e).js, m(2.0**-53) ** 2 / 2) <= 4
    assert information.js(p, q, distance=True).js > 0


def test_cross_entropy_of_an_impossible_target_is_infinite():
    """scikit-learn's log_loss clips to 36.04, torch's binary one to 100."""
    assert information.cross_entropy([0, 1], [1, 0]).cross_entropy == inf
    assert information.cross_entropy([0, 1, 0], [0, 1, 0]).cross_entropy == 0  # -sum(t log p) in torch: nan


@pytest.mark.parametrize("gap", [1.0, 5.0, 50.0, 700.0, 745.0, 1000.0])
def test_confident_logits_keep_their_loss(gap):
    """jax and torch: 0 from a gap of 37 on."""
    truth = mp.log1p(mp.exp(-m(gap)))
    got = information.cross_entropy_of_logits([gap, 0.0], 0)
    assert ulps(got.cross_entropy, truth) <= 4
    h = truth + m(gap) * mp.exp(-m(gap)) / (1 + mp.exp(-m(gap)))
    bound = 4 if gap <= 700 else 1000  # exp(-745) has a single bit in float64
    assert ulps(information.entropy_of_logits([gap, 0.0], math.e).entropy, h) <= bound
    assert ulps(information.cross_entropy_of_logits([gap, 0.0], 1).cross_entropy, truth + m(gap)) <= 4


def test_masked_logits():
    """torch and optax: nan for a soft target on [-inf, 0]."""
    assert information.cross_entropy_of_logits([-inf, 0], 1).cross_entropy == 0
    assert information.cross_entropy_of_logits([-inf, 0], 0).cross_entropy == inf
    assert information.cross_entropy_of_logits([-inf, 0], 1, label_smoothing=0.1).cross_entropy == inf
    assert information.entropy_of_logits([0, -inf, 0]).entropy == 1


@pytest.mark.parametrize("k", range(1, 15))
def test_equal_logits_have_exactly_k_bits(k):
    assert information.entropy_of_logits(np.full(2**k, 3.25)).entropy == k


@settings(deadline=None, max_examples=80)
@given(st.lists(st.floats(-60, 60), min_size=2, max_size=6), st.floats(0, 1))
def test_losses_of_any_logits(x, share):
    e = [mp.exp(m(v)) for v in x]
    z = mp.fsum(e)
    h = mp.fsum(v / z * (mp.log(z) - m(w)) for v, w in zip(e, x, strict=True))
    assert ulps(information.entropy_of_logits(x, math.e).entropy, h) <= 6
    t = [m(share) / len(x) + (1 - m(share)) * (k == 0) for k in range(len(x))]
    loss = mp.log(z) - mp.fsum(a * m(b) for a, b in zip(t, x, strict=True))
    assert ulps(information.cross_entropy_of_logits(x, 0, label_smoothing=share).cross_entropy, loss) <= 4


def test_one_target_serves_all_rows_and_rows_agree_with_single_calls():
    x = np.random.default_rng(0).normal(0, 5, (50, 7))
    many = information.cross_entropy_of_logits(x, 3)
    h = information.entropy_of_logits(x)
    assert many.target.shape == (50,)
    for k in range(50):
        assert many.cross_entropy[k] == information.cross_entropy_of_logits(x[k], 3).cross_entropy
        assert h.entropy[k] == information.entropy_of_logits(x[k]).entropy


def true_mi(joint):
    r, c = [mp.fsum(map(m, row)) for row in joint], [mp.fsum(map(m, col)) for col in zip(*joint, strict=True)]
    cells = [(m(v), r[i] * c[j] / mp.fsum(r)) for i, row in enumerate(joint) for j, v in enumerate(row)]
    return mp.fsum(v * mp.log(v / e, 2) for v, e in cells if v)


@pytest.mark.parametrize("size", [1, 1e-2, 1e-5, 1e-8])
def test_mutual_information_of_nearly_independent_tables(size):
    """scikit-learn#13847: slightly negative; differences of entropies have no digits left here."""
    d = round(size * 2**50 / 16) / 2**50
    table = [[0.25 + d, 0.125 - d, 0.125], [0.25 - d, 0.125 + d, 0.125]]
    assert ulps(information.mutual_information(table).mutual_information, true_mi(table)) <= 4


@pytest.mark.parametrize("size", [1e-3, 1e-6, 1e-9])
def test_nearly_independent_tables_of_any_numbers(size):
    """Here r c and the marginals round, by more than what the table differs from r c."""
    rng = np.random.default_rng(3)
    for shape in ((2, 2), (3, 5), (40, 3)):
        table = np.outer(rng.dirichlet(np.ones(shape[0])), rng.dirichlet(np.ones(shape[1])))
        table *= 1 + size * rng.uniform(-1, 1, shape)
        table /= table.sum()
        assert ulps(information.mutual_information(table).mutual_information, true_mi(table)) <= 4


def test_mutual_information_of_independent_and_of_equal_variables():
    rows, columns = np.array([1, 3, 4]) / 8, np.array([1, 1, 6]) / 8
    assert information.mutual_information(np.outer(rows, columns)).mutual_information == 0
    assert information.mutual_information(np.eye(8) / 8).mutual_information == 3
    got = information.mutual_information([[0.5, 0], [0.25, 0.25]])
    assert got.row_marginal.tolist() == [0.5, 0.5]
    assert got.column_marginal.tolist() == [0.75, 0.25]
    assert got.expected.tolist() == [[0.375, 0.125], [0.375, 0.125]]


def test_mutual_information_is_symmetric_and_batched():
    wide = np.random.default_rng(0).dirichlet(np.ones(3600), 9).reshape(9, 40, 90)
    many = information.mutual_information(wide).mutual_information
    assert many.tolist() == [information.mutual_information(t).mutual_information for t in wide]
    t = np.random.default_rng(0).dirichlet(np.ones(12), 20).reshape(20, 3, 4)
    many = information.mutual_information(t).mutual_information
    for k in range(20):
        assert many[k] == information.mutual_information(t[k]).mutual_information
        assert many[k] == near(information.mutual_information(t[k].T).mutual_information, 1e-15)
        assert ulps(many[k], true_mi(t[k])) <= 4


def test_perplexity_of_tokens():
    assert information.perplexity_of_tokens([0.25, 0.25]).perplexity == 4
    assert information.perplexity_of_tokens([1, 1]).perplexity == 1
    assert information.perplexity_of_tokens([0.5, 0]).perplexity == inf
    assert information.perplexity_of_log_probs([-inf, -1]).perplexity == inf
    assert information.perplexity_of_log_probs([-1000, -1000]).perplexity == inf
    truth = mp.exp(-mp.fsum(mp.log(m(p)) for p in (0.1, 0.7, 0.3)) / 3)
    assert ulps(information.perplexity_of_tokens([0.1, 0.7, 0.3]).perplexity, truth) <= 4
    assert (
        ulps(information.perplexity_of_log_probs([-0.1, -0.7]).perplexity, mp.exp((m(0.1) + m(0.7)) / 2)) <= 2
    )


def test_perplexity_of_improbable_tokens_does_not_lose_what_their_logarithms_round_away():
    rng = np.random.default_rng(0)
    for _ in range(20):
        p = 10.0 ** rng.uniform(-300, 0, 9)
        truth = mp.exp(-mp.fsum(mp.log(m(x)) for x in p) / 9)
        assert ulps(information.perplexity_of_tokens(p).perplexity, truth) <= 2
        logs = rng.uniform(-700, 0, 9)
        truth = mp.exp(-mp.fsum(map(m, logs)) / 9)
        assert ulps(information.perplexity_of_log_probs(logs).perplexity, truth) <= 2


def true_gaussian(m1, s1, m2, s2):
    ratio, z = m(s1) / m(s2), (m(m1) - m(m2)) / m(s2)
    return (ratio**2 - 1) / 2 - mp.log(ratio) + z**2 / 2


@pytest.mark.parametrize(
    ("m1", "s1", "m2", "s2"),
    [
        (0, 1 + 2**-26, 0, 1),  # torch: 2e-9 relative
        (2**-30, 1, 0, 1),  # torch: 0
        (0, 1e-200, 0, 1),  # torch: inf
        (0, 1, 0, 1e-100),
        *((0.1, s, 0.1, 1) for s in (1e-3, 0.4999, 0.5, 0.51, 0.9, 0.999, 1.001, 1.1, 1.9, 2, 2.1, 50)),
        (3, 0.7, -1, 0.3),
        (1e308, 1e308, -1e308, 1e308),
        (0, 5e-324, 0, 1),
    ],
)
def test_gaussian_divergence_keeps_its_digits(m1, s1, m2, s2):
    assert ulps(information.gaussian_kl(m1, s1, m2, s2).kl, true_gaussian(m1, s1, m2, s2)) <= 4


@settings(deadline=None, max_examples=150)
@given(st.floats(-3, 3), st.floats(0.01, 100), st.floats(-3, 3), st.floats(0.01, 100))
def test_gaussian_divergence_anywhere(m1, s1, m2, s2):
    truth = true_gaussian(m1, s1, m2, s2)
    assert ulps(information.gaussian_kl(m1, s1, m2, s2).kl, truth) <= 6 or truth < 1e-290
    assert information.gaussian_kl(m1, s1, m1, s1).kl == 0


@pytest.mark.parametrize("logvar", [0, 1e-9, -1e-9, 1e-4, 0.1, -0.1, 0.99, 1, 1.01, -1, -1.01, 5, -50, 700])
@pytest.mark.parametrize("mu", [0, 1e-10, 1.5])
def test_vae_divergence_keeps_its_digits(mu, logvar):
    truth = (mp.exp(m(logvar)) - 1 - m(logvar) + m(mu) ** 2) / 2
    assert ulps(information.vae_kl([mu], [logvar]).kl, truth) <= 4
    assert information.vae_kl([mu], [logvar], 2).kl == near(float(truth / mp.log(2)), 1e-15)


def test_gaussian_divergence_adds_over_dimensions_and_broadcasts_numbers():
    got = information.gaussian_kl([[0, 1], [2, 3]], [1, 2], sigma2=2)
    assert got.kl.shape == (2,)
    assert got.kl[1] == information.gaussian_kl([2, 3], [1, 2], [0, 0], [2, 2]).kl
    assert ulps(got.kl[0], true_gaussian(0, 1, 0, 2) + true_gaussian(1, 2, 0, 2)) <= 4


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


def test_units():
    assert [information.unit(b) for b in (2, math.e, 10)] == ["bits", "nats", "hartleys"]
    assert "3" in information.unit(3)
