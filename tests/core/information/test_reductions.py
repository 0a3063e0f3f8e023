"""Sums of rows that entropies and divergences share: long ones, zeros, batches, refusals."""

import math
import warnings

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from tests.digits import ulps

from aimath.core import information
from aimath.errors import InputError

BASES = (2.0, math.e, 10.0, 3.0)


@pytest.fixture(autouse=True, scope="module")
def _digits():
    with mp.workdps(50):
        yield


def exact(values):
    return [mp.mpf(float(v)) for v in values]


def true_kl(p, q, base=math.e):  # with the masses: what a divergence of rounded probabilities means
    pairs = zip(exact(p), exact(q), strict=True)
    return mp.fsum((a * mp.log(a / b) if a else 0) - a + b for a, b in pairs) / mp.log(mp.mpf(base))


@pytest.mark.slow
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


@pytest.mark.slow
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
