"""Digits and edges of the sums behind entropies and divergences, against 50 digits of mpmath."""

import math
import warnings

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from tests.digits import near, ulps

from aimath.core import information
from aimath.errors import InputError

BASES = (2.0, math.e, 10.0, 3.0)


@pytest.fixture(autouse=True, scope="module")
def _digits():
    with mp.workdps(50):
        yield


def exact(values):
    return [mp.mpf(float(v)) for v in values]


def true_entropy(p, base=2.0):
    return -mp.fsum(a * mp.log(a) for a in exact(p) if a) / mp.log(mp.mpf(base))


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


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("n", [2, 5, 40, 900])
def test_kl_of_random_rows_within_four_ulp(n, base):
    rng = np.random.default_rng(n)
    for _ in range(8 if n < 100 else 2):
        p, q = dyadic(rng, n), dyadic(rng, n)
        q = np.where(q > 0, q, 2.0**-40)
        assert ulps(information.kl(p, q, base).kl, true_kl(p, q, base)) <= 4


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


def test_long_rows_far_and_near():
    rng = np.random.default_rng(5)
    p, q = (dyadic(rng, 40_000) + 2.0**-20 for _ in range(2))
    p, q = p / p.sum(), q / q.sum()
    truth = true_kl(p, q)
    assert ulps(information.kl(p, q).kl, truth) <= 4
    q = p * (1 + 1e-6 * rng.uniform(-1, 1, p.size))
    assert ulps(information.kl(p, q).kl, true_kl(p, q)) <= 4
    assert ulps(information.js(p, q).js, true_js(p, q)) <= 4


def test_long_rows_with_zeros():
    rng = np.random.default_rng(6)
    p, q = rng.dirichlet(np.ones(40_000), 2)
    p[::7] = 0
    p /= p.sum()
    assert ulps(information.kl(p, q).kl, true_kl(p, q)) <= 4
    assert information.kl(q, p).kl == math.inf
    assert information.cross_entropy(q, p).cross_entropy == math.inf
    assert (
        ulps(
            information.cross_entropy(p, q).cross_entropy,
            -mp.fsum(a * mp.log(b) for a, b in zip(exact(p), exact(q), strict=True)),
        )
        <= 2
    )


@pytest.mark.parametrize("n", [1, 2, 5, 16, 31, 33, 64, 130, 2048, 40_000])
def test_row_of_a_batch_equals_the_single_call_bit_for_bit(n):
    rng = np.random.default_rng(n)
    rows = max(3, min(2000, 70_000 // n))
    p, q = rng.dirichlet(np.full(n, 0.7), (2, rows))
    p, q = np.maximum(p, 1e-12), np.maximum(q, 1e-12)
    p, q = p / p.sum(-1, keepdims=True), q / q.sum(-1, keepdims=True)
    q[::3] = p[::3] * (1 + 1e-7 * rng.uniform(-1, 1, p[::3].shape))
    many = [
        information.entropy(p).entropy,
        information.entropy(np.asfortranarray(p)).entropy,
        information.cross_entropy(p, q).cross_entropy,
        information.kl(p, q).kl,
        information.js(p, q).js,
    ]
    for k in {0, 1, 2, rows // 2, rows - 1}:
        one = [
            information.entropy(p[k]).entropy,
            information.entropy(p[k][::-1][::-1].copy()).entropy,
            information.cross_entropy(p[k], q[k]).cross_entropy,
            information.kl(p[k], q[k]).kl,
            information.js(p[k], q[k]).js,
        ]
        assert [float(m[k]) for m in many] == [float(s) for s in one]


def test_one_q_serves_all_rows():
    p = np.random.default_rng(1).dirichlet(np.ones(6), (4, 3))
    q = np.random.default_rng(2).dirichlet(np.ones(6))
    for f, name in (
        (information.kl, "kl"),
        (information.js, "js"),
        (information.cross_entropy, "cross_entropy"),
    ):
        got = getattr(f(p, q), name)
        assert got.shape == (4, 3)
        assert got[2, 1] == getattr(f(p[2, 1], q), name)


@pytest.mark.parametrize("n", [3, 40, 3000, 40_000])
@pytest.mark.parametrize(
    ("value", "message"), [(-0.1, "is negative"), (math.nan, "is nan"), (math.inf, "is inf"), (0.5, "sum to")]
)
@pytest.mark.parametrize("side", ["p", "q"])
def test_the_quick_check_misses_nothing(n, value, message, side):
    """Rows are checked in the pass that sums them: the place and the operand must come out right."""
    rows = np.full((3, n), 1.0 / n)
    bad = rows.copy()
    bad[1, n - 2] = value
    p, q = (bad, rows) if side == "p" else (rows, bad)
    for f in (information.kl, information.js, information.cross_entropy):
        with pytest.raises(InputError, match=message) as caught:
            f(p, q)
        assert (caught.value.operand, caught.value.row) == (side, 1)
        assert caught.value.entry == (None if message == "sum to" else n - 2)
    with pytest.raises(InputError, match=message) as caught:
        information.entropy(bad)
    assert caught.value.row == 1


@pytest.mark.parametrize("n", [4, 40, 40_000])
def test_two_negatives_do_not_make_a_probability(n):
    """p/q is positive where both are negative: the logarithm alone would let that pass."""
    p = np.full(n, 1.0 / n)
    p[:2] = [-1.0 / n, 3.0 / n]
    with pytest.raises(InputError, match="probability 1 is negative"):
        information.kl(p, p.copy())
    for a, b, operand in ((p, np.full(n, 1.0 / n), "p"), (np.full(n, 1.0 / n), p, "q")):
        for f in (information.kl, information.js, information.cross_entropy):
            with pytest.raises(InputError, match="probability 1 is negative") as caught:
                f(a, b)
            assert caught.value.operand == operand


weights = st.lists(st.integers(0, 2**40), min_size=2, max_size=8)


@settings(deadline=None, max_examples=150)
@given(weights.filter(any), weights.filter(any), st.sampled_from(BASES))
def test_bounds_hold_for_all_rows(a, b, base):
    n = min(len(a), len(b))
    a, b = a[:n], b[:n]
    if not any(a) or not any(b):
        return
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        kl = information.kl(a, b, base, normalize=True)
        js = information.js(a, b, base, normalize=True)
        h = information.entropy(a, base, normalize=True)
    assert kl.kl >= 0
    assert information.kl(a, a, base, normalize=True).kl == 0
    assert 0 <= js.js <= math.log(2, base) * (1 + 1e-15)
    assert js.js == information.js(b, a, base, normalize=True).js
    assert 0 <= h.entropy <= h.maximum * (1 + 4e-16)
    assert not math.copysign(1, float(h.entropy)) < 0
    for result in (kl, js, h):
        assert np.all(result.check().holds)


def test_entropy_of_joint_counts_is_the_sum_of_independent_ones():
    p, q = np.array([0.5, 0.25, 0.25]), np.array([0.125, 0.875])
    both = information.entropy(np.outer(p, q).ravel()).entropy
    assert ulps(both, mp.mpf(3) / 2 + true_entropy(q)) <= 2
