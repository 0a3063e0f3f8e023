"""Divergences: digits against mpmath, and the edges at which every peer was measured."""

import math

import mpmath as mp
import numpy as np
import pytest
from tests.digits import near, ulps

from aimath.core import information
from aimath.errors import InputError

BASES = (2.0, math.e, 10.0, 3.0)


@pytest.fixture(autouse=True, scope="module")
def _digits():
    with mp.workdps(120):
        yield


def exact(values):
    return [mp.mpf(float(v)) for v in values]


def true_kl(p, q, base=math.e):  # with the masses: what a divergence of rounded probabilities means
    pairs = zip(exact(p), exact(q), strict=True)
    return mp.fsum((a * mp.log(a / b) if a else 0) - a + b for a, b in pairs) / mp.log(mp.mpf(base))


def true_js(p, q, base=2.0):
    m = [(a + b) / 2 for a, b in zip(exact(p), exact(q), strict=True)]
    pairs = [*zip(exact(p), m, strict=True), *zip(exact(q), m, strict=True)]
    return mp.fsum(a * mp.log(a / b) for a, b in pairs if a) / 2 / mp.log(mp.mpf(base))


def dyadic(rng, n, bits=40):
    """Probabilities that sum to exactly 1: every definition of KL agrees on them."""
    counts = rng.multinomial(1 << bits, rng.dirichlet(np.ones(n)))
    return counts / float(1 << bits)


def moved(rng, p, size):
    """p with small dyadic amounts carried from each entry to the next: the sum stays exactly 1."""
    step = np.round(size * p.min() * rng.uniform(0.5, 1, p.size) * 2.0**52) / 2.0**52
    return p - step + np.roll(step, 1)


@pytest.mark.slow
@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("n", [2, 5, 40, 900])
def test_kl_of_random_rows_within_four_ulp(n, base):
    rng = np.random.default_rng(n)
    for _ in range(8 if n < 100 else 2):
        p, q = dyadic(rng, n), dyadic(rng, n)
        q = np.where(q > 0, q, 2.0**-40)
        assert ulps(information.kl(p, q, base).kl, true_kl(p, q, base)) <= 4


@pytest.mark.slow
@pytest.mark.parametrize("size", [0.9, 1e-1, 1e-2, 1e-4, 1e-8])
@pytest.mark.parametrize("n", [2, 4, 30, 100])
def test_near_rows_keep_all_digits(n, size):
    """Peers: scipy 5e8 ulp off at 1e-8, torch 1e17."""
    rng = np.random.default_rng(n)
    for _ in range(5):
        p = (dyadic(rng, n, 30) + 1 / 1024) / 2
        p[0] += 1 - p.sum()
        q = moved(rng, p, size)
        assert p.sum() == q.sum() == 1
        assert ulps(information.kl(p, q).kl, true_kl(p, q)) <= 4
        assert ulps(information.js(p, q).js, true_js(p, q)) <= 4


def test_a_divergence_is_blind_to_the_rounding_of_sums():
    """rel_entr(p, q).sum() is -1.4e-17 here: the divergence is 7.5e-16 whatever the doubles sum to."""
    p, q = [0.1, 0.2, 0.3, 0.4], [0.1 + 1e-8, 0.2 - 1e-8, 0.3, 0.4]
    assert float(information.kl(p, q).kl) == near(0.5 * (1e-16 / 0.1 + 1e-16 / 0.2), 1e-7)
    p32 = np.float32([0.1, 0.2, 0.7]).astype(float)
    q = np.array([0.3, 0.3, 0.4])
    normal = true_kl(exact(p32), [b * mp.fsum(exact(p32)) for b in exact(q)])
    assert float(information.kl(p32, q).kl) == near(float(normal), 1e-12)


@pytest.mark.parametrize("ratio", [1.0001, 1.1, 1.5, 1.999999, 2.0, 2.1, 2.999999, 3.0, 3.1, 10.0, 1e5])
def test_no_step_between_series_and_logarithms(ratio):
    p = np.array([0.25, 0.75])
    q = np.array([0.25 / ratio, 1 - 0.25 / ratio])
    for a, b in ((p, q), (q, p)):
        assert ulps(information.kl(a, b).kl, true_kl(a, b)) <= 4
        assert ulps(information.js(a, b).js, true_js(a, b)) <= 4


@pytest.mark.slow
def test_long_rows_far_and_near():
    rng = np.random.default_rng(5)
    p, q = (dyadic(rng, 40_000) + 2.0**-20 for _ in range(2))
    p, q = p / p.sum(), q / q.sum()
    truth = true_kl(p, q)
    assert ulps(information.kl(p, q).kl, truth) <= 4
    q = p * (1 + 1e-6 * rng.uniform(-1, 1, p.size))
    assert ulps(information.kl(p, q).kl, true_kl(p, q)) <= 4
    assert ulps(information.js(p, q).js, true_js(p, q)) <= 4


inf = math.inf


def m(x):
    return mp.mpf(float(x))


# Edges as every peer was measured at them, and what we say there.
@pytest.mark.parametrize(
    ("f", "arguments", "message"),
    [
        (information.kl, ([0.5, 0.5], [1.0]), "lengths 2 and 1"),
        (information.kl, ([9, 1], [1, 1]), "sum to 10"),
        (information.kl, ([0.5, 0.5], [1.5, -0.5]), "negative"),
        (information.kl, ([[0.5, 0.5]] * 2, [[0.5, 0.5]] * 3), "p has 2 rows and q has 3"),
    ],
)
def test_what_has_no_answer_says_why(f, arguments, message):
    with pytest.raises(InputError, match=message):
        f(*arguments)


def test_kl_of_equal_rows_is_zero():
    """pytorch#80488 is negative, the article's -1e-16."""
    p = np.random.default_rng(0).dirichlet(np.ones(7), 500)
    assert not information.kl(p, p).kl.any()
    assert not information.js(p, p).js.any()


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
    assert information.js([0.5, 0.5, 0, 0], [0, 0, 0.25, 0.75]).distance == 1
    p = rng.multinomial(1 << 40, rng.dirichlet(np.ones(20))) / 2.0**40
    assert information.js([*p, *np.zeros(20)], [*np.zeros(20), *p]).js == 1


def test_js_of_near_rows_is_not_nan():
    """scipy#20083: jensenshannon takes the root of -1e-17."""
    p = np.array([0.5, 0.5])
    q = np.array([0.5 + 2.0**-53, 0.5 - 2.0**-53])
    assert ulps(information.js(p, q, math.e).js, m(2.0**-53) ** 2 / 2) <= 4
    assert information.js(p, q).distance > 0


@pytest.mark.parametrize("base", [2.0, math.e, 10.0])
def test_terms_of_js_are_what_each_entry_adds(base):
    rng = np.random.default_rng(1)
    for p, q in rng.dirichlet(np.full(6, 0.3), (40, 2)):
        found = information.js(p, q, base)
        true = [true_js([a], [b], base) for a, b in zip(p, q, strict=True)]
        assert max(ulps(term, part) for term, part in zip(found.terms, true, strict=True)) <= 8
    assert information.js([0.5, 0.5, 0], [0.5, 0, 0.5], base).terms.tolist()[0] == 0
