"""Comparisons of two models' outputs against mpmath and numpy, however rows are cut."""

from __future__ import annotations

import io
import math

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from tests.digits import near

from aimath.core import information
from aimath.core.information import _logit_pairs
from aimath.core.information.metrics._compare import ComparisonAccumulator
from aimath.errors import InputError

INF = math.inf


@pytest.fixture(autouse=True)
def many_digits():
    with mp.workdps(60):
        yield


def truth(a, b, k):
    """KL, total variation, difference of nll and of probabilities at class k, of two rows of logits."""
    x, y = ([mp.mpf(float(v)) for v in row] for row in (a, b))
    log_x, log_y = (mp.log(mp.fsum(map(mp.exp, row))) for row in (x, y))
    p, q = [mp.exp(v - log_x) for v in x], [mp.exp(v - log_y) for v in y]
    kl = mp.fsum(s * ((v - log_x) - (w - log_y)) for s, v, w in zip(p, x, y, strict=True))
    variation = mp.fsum(abs(s - t) for s, t in zip(p, q, strict=True)) / 2
    return kl, variation, (log_y - y[k]) - (log_x - x[k]), q[k] - p[k]


def ulps_apart(found, exact):
    return float(abs(mp.mpf(float(found)) - exact) / abs(exact)) * 2.0**52 if exact else float(found != 0)


@pytest.mark.parametrize("single", [False, True], ids=["float64", "float32"])
@pytest.mark.parametrize("shift", [0.0, 1e-3, 1.0, 100.0, -1e4])
@pytest.mark.parametrize("scale", [1e-9, 1e-6, 1e-3, 0.1, 0.5, 1.0, 3.0, 40.0])
def test_digits_survive_any_nearness_and_any_shift(scale, shift, single):  # the textbook in float32: 18 %
    rng = np.random.default_rng(5)
    dtype = np.float32 if single else np.float64
    for width in (3, 40, 700):
        a = rng.normal(0, 3, width).astype(dtype)
        b = (a + rng.normal(0, scale, width) + shift).astype(dtype)
        a, b = a.astype(float), b.astype(float)
        exact, k = truth(a, b, 1), np.array([1])
        found = _logit_pairs.compare_logits(a[None], b[None], k)
        if exact[0] < 1e-50:  # a shift, and what float32 has rounded to that
            assert found.kl[0] == 0
            continue
        assert ulps_apart(found.kl[0], exact[0]) <= 4
        assert ulps_apart(found.total_variation[0], exact[1]) <= 8
        # A difference at one class that is small beside those of the others keeps less.
        size = max(abs(exact[2]), abs(mp.mpf(scale)) / 10)
        assert abs(mp.mpf(float(found.nll_difference[0])) - exact[2]) <= 60 * 2.0**-52 * size
        assert abs(mp.mpf(float(found.delta[0])) - exact[3]) <= 60 * 2.0**-52 * size


LOGITS = st.one_of(
    st.floats(-30, 30), st.floats(-1e4, 1e4), st.sampled_from([0.0, -INF, 700.0, -750.0, 1e308])
)


@given(st.lists(st.tuples(LOGITS, LOGITS), min_size=1, max_size=30), st.floats(0, 1e-3))
def test_a_divergence_is_never_negative_and_0_of_equals(pairs, nearness):
    a, b = np.array(pairs).T
    if a.max() == -INF or b.max() == -INF:
        return
    with np.errstate(all="ignore"):
        beside = a + nearness * np.sin(np.arange(len(a)))
    for x, y in ((a, b), (a, beside), (a, a)):
        found = _logit_pairs.compare_logits(x[None], y[None])
        assert found.kl[0] >= 0
        assert 0 <= found.total_variation[0] <= 1
        masked = (y == -INF) & (x > -INF)
        assert (found.kl[0] == INF) >= bool((np.exp(x - x.max()) * masked > 0).any())
        if x is y:
            assert (found.kl[0], found.total_variation[0]) == (0, 0)


@given(st.lists(st.tuples(st.floats(-20, 20), st.floats(-20, 20)), min_size=2, max_size=20))
def test_the_careful_way_and_the_plain_one_agree(pairs):
    a, b = np.array(pairs).T[:, None]
    target = np.array([0])
    plain, hard = _logit_pairs._compare_plain(a, b, target)
    careful = _logit_pairs._compare_carefully(a, b, target)
    if hard[0]:
        return
    assert plain.kl == near(careful.kl, 1e-13)
    assert plain.total_variation == pytest.approx(careful.total_variation, rel=1e-12, abs=1e-300)
    assert plain.nll == near(careful.nll, 1e-14)
    assert plain.nll_other == near(careful.nll_other, 1e-14)
    assert plain.nll_difference == pytest.approx(careful.nll_difference, rel=1e-12, abs=1e-14)
    assert plain.delta == pytest.approx(careful.delta, rel=1e-12, abs=1e-15)


def models(rows=60, width=9, seed=0, scale=0.3):
    rng = np.random.default_rng(seed)
    a = rng.normal(0, 2, (rows, width))
    return a, a + rng.normal(0, scale, a.shape), rng.integers(0, width, rows)


def log_softmax(x):
    return x - np.log(np.exp(x).sum(axis=1, keepdims=True))


def test_figures_are_their_definitions():
    a, b, target = models()
    rows, n = np.arange(len(a)), len(a)
    log_p, log_q = log_softmax(a), log_softmax(b)
    p, q = np.exp(log_p), np.exp(log_q)
    kl = (p * (log_p - log_q)).sum(axis=1)
    nll_a, nll_b = -log_p[rows, target], -log_q[rows, target]
    delta = q[rows, target] - p[rows, target]
    same = (a.argmax(axis=1) == b.argmax(axis=1)).astype(float)
    ppl_a, ppl_b = np.exp(nll_a.mean()), np.exp(nll_b.mean())

    def stderr(x):
        return x.std(ddof=1) / math.sqrt(n)

    covariance = np.cov(nll_a, nll_b)[0, 1] / n
    levels = (0.001, 0.01, 0.05, 0.1, 0.5, 0.9, 0.95, 0.99, 0.999)
    found = information.compare(a, b, target, logits=True)
    wanted = {
        "kl": kl.mean(), "kl_stderr": stderr(kl), "kl_min": kl.min(), "kl_max": kl.max(), "row_of_max": kl.argmax() + 1,
        "kl_quantiles": np.quantile(kl, levels), "same_top": same.mean(), "same_top_stderr": math.sqrt(same.mean() * (1 - same.mean()) / (n - 1)),
        "total_variation": (np.abs(p - q).sum(axis=1) / 2).mean(), "nll_a": nll_a.mean(), "nll_b": nll_b.mean(),
        "perplexity_a": ppl_a, "perplexity_b": ppl_b, "perplexity_a_stderr": ppl_a * stderr(nll_a),
        "perplexity_b_stderr": ppl_b * stderr(nll_b), "perplexity_difference": ppl_b - ppl_a,
        # llama.cpp: with the covariance
        "perplexity_difference_stderr": math.sqrt((ppl_b * stderr(nll_b)) ** 2 + (ppl_a * stderr(nll_a)) ** 2 - 2 * ppl_a * ppl_b * covariance),
        "ratio": ppl_b / ppl_a, "ratio_stderr": ppl_b / ppl_a * math.sqrt(stderr(nll_b) ** 2 + stderr(nll_a) ** 2 - 2 * covariance),
        "nll_difference": (nll_b - nll_a).mean(), "nll_difference_stderr": stderr(nll_b - nll_a),
        "rms_delta_p": math.sqrt((delta**2).mean()), "rms_delta_p_stderr": stderr(delta**2) / (2 * math.sqrt((delta**2).mean())),
        "mean_delta_p": delta.mean(), "mean_delta_p_stderr": stderr(delta), "correlation": np.corrcoef(nll_a, nll_b)[0, 1],
    }  # fmt: skip
    for name, value in wanted.items():
        assert getattr(found, name) == near(value, 1e-10), name
    assert found.check().holds


def test_probabilities_and_their_logarithms_say_what_logits_say():
    a, b, target = models(seed=1)
    by_logits = information.compare(a, b, target, logits=True)
    log_p, log_q = log_softmax(a), log_softmax(b)
    for other in (
        information.compare(np.exp(log_p), np.exp(log_q), target),
        information.compare(log_p, log_q, target, log_probs=True),
    ):
        for name in set(other._fields) - {"worst"}:
            assert getattr(other, name) == near(getattr(by_logits, name), 1e-9), name
        assert other.check().holds


def test_the_other_direction_swaps_the_divergence_alone():
    a, b, target = models(seed=2)
    one = information.compare(a, b, target, logits=True)
    back = information.compare(a, b, target, logits=True, reverse=True)
    swapped = information.compare(b, a, target, logits=True)
    for name in ("kl", "kl_stderr", "kl_max", "row_of_max", "kl_quantiles"):
        assert getattr(back, name) == near(getattr(swapped, name), 1e-14)
    for name in (
        "nll_a",
        "nll_b",
        "ratio",
        "ratio_stderr",
        "mean_delta_p",
        "rms_delta_p",
        "correlation",
        "same_top",
    ):
        assert getattr(back, name) == near(getattr(one, name), 1e-9), name
    assert back.check().holds
    bits = information.compare(a, b, target, logits=True, base=2)
    assert bits.kl == near(one.kl / math.log(2), 1e-6)
    assert bits.nll_a == near(one.nll_a / math.log(2), 1e-6)
    assert bits.perplexity_a == one.perplexity_a


def test_rows_of_an_ignored_target_are_left_out_of_all_figures():
    a, b, target = models(seed=3)
    target[::4] = -100
    kept = target != -100
    found = information.compare(a, b, target, logits=True, ignore=-100)
    alone = information.compare(a[kept], b[kept], target[kept], logits=True)
    assert found.ignored == 15
    for name in set(found._fields) - {"ignored", "row_of_max", "worst"}:
        assert getattr(found, name) == pytest.approx(getattr(alone, name), abs=0.0, nan_ok=True), name
    assert np.flatnonzero(kept)[alone.row_of_max - 1] + 1 == found.row_of_max
    with pytest.raises(InputError, match="no rows are left"):
        information.compare(a, b, np.full(60, 7), logits=True, ignore=7)


def test_a_padded_vocabulary_is_cut():
    a, b, _ = models(seed=4)
    padded = np.concatenate((b, np.full((60, 3), 5.0)), axis=1)
    with pytest.raises(InputError, match="a has rows of 9 classes, b of 12; use classes=9"):
        information.compare(a, padded, logits=True)
    found = information.compare(a, padded, logits=True, classes=9)
    assert found.kl == information.compare(a, b, logits=True).kl


def test_masks_on_both_sides_count_0_and_on_one_infinity():
    masked = [[1.0, 2.0, -INF], [0.5, -INF, 3.0]]
    both = information.compare(masked, masked, logits=True)
    assert (both.kl, both.total_variation, both.same_top) == (0, 0, 1)
    found = information.compare([[1.0, 2.0], [1.0, 2.0]], [[1.0, 2.0], [1.0, -INF]], [0, 1], logits=True)
    assert (found.kl, found.kl_max, found.row_of_max) == (INF, INF, 2)
    assert math.isnan(found.kl_stderr)
    assert (found.nll_b, found.perplexity_b, found.ratio) == (INF, INF, INF)
    assert found.check().holds
    assert information.compare([[1.0, -INF]], [[1.0, 2.0]], logits=True).kl == near(1.3132616875182228, 1e-6)
    impossible = information.compare([[1.0, -INF]], [[2.0, -INF]], [1], logits=True)
    assert math.isnan(impossible.ratio)


def test_one_row_has_no_standard_errors():
    found = information.compare([[1.0, 2.0]], [[1.0, 3.0]], [0], logits=True)
    for name in found._fields:
        if name.endswith("_stderr"):
            assert math.isnan(getattr(found, name)), name


def through_a_file(accumulator):
    held = io.BytesIO()
    np.savez(held, **accumulator.state())
    held.seek(0)
    return ComparisonAccumulator.of_state(dict(np.load(held)))


@settings(max_examples=25)
@given(st.integers(0, 2**32), st.lists(st.integers(0, 40), max_size=4), st.booleans(), st.booleans())
def test_comparisons_are_the_same_however_rows_are_cut_and_merged(seed, cuts, reverse, targets):
    a, b, target = models(40, 5, seed)
    target[target == 1] = -100
    settings = {"reverse": reverse, "classes": 4, "ignore": -100 if targets else None, "targets": targets}
    target[target == 4] = 0

    def accumulated(part):
        found = ComparisonAccumulator("logits", **settings)
        for block in np.array_split(np.arange(40)[part], 3):
            found.update(a[block], b[block], target[block] if targets else None)
        return found

    whole = accumulated(slice(None)).result()
    ends = [0, *sorted(cuts), 40]
    parts = [through_a_file(accumulated(slice(*ends[k : k + 2]))) for k in range(len(ends) - 1)]
    while len(parts) > 1:  # any two neighbours, in order
        k = (seed + len(parts)) % (len(parts) - 1)
        parts[k].merge(parts.pop(k + 1))
    found = parts[0].result()
    for name in set(whole._fields) - {"worst"}:
        one, other = getattr(found, name), getattr(whole, name)
        assert one is other or np.array_equal(one, other, equal_nan=True), name
    assert np.array_equal(found.worst.probs, whole.worst.probs)


def test_comparisons_of_different_kinds_do_not_go_together():
    one, other = ComparisonAccumulator("logits"), ComparisonAccumulator("logits", classes=3)
    with pytest.raises(InputError, match="different kinds"):
        one.merge(other)
    with pytest.raises(InputError, match="no rows to compare"):
        one.result()


@pytest.mark.parametrize(
    ("a", "b", "more", "why"),
    [
        ([[1, 2]], [[1, 2], [3, 4]], {}, "a has 1 row, b 2"),
        ([[1, 2], [-INF, -INF]], [[1, 2], [1, 2]], {}, "all logits are -inf"),
        ([[1, 2]], [[1, math.nan]], {}, "logit 2 is nan"),
        ([[1, 2]], [[INF, 2]], {}, "logit 1 is inf"),
        ([[1, 2]], [[1, 2]], {"target": [2]}, "there is no class 2, only 0 to 1"),
        ([[1, 2]], [[1, 2]], {"target": [-100]}, "no class -100, only 0 to 1; use ignore=-100"),
        ([[1, 2]], [[1, 2]], {"target": [0.5]}, "whole number"),
        ([[1, 2]], [[1, 2]], {"target": [0, 1]}, "2 target classes for 1 row"),
        ([[1, 2]], [[1, 2]], {"classes": 3}, "classes must be 1 to 2, not 3"),
        ([[1, 2]], [[1, 2]], {"log_probs": True}, "exclude each other"),
        ([[1, 2]], [[1, 2]], {"base": 1}, "base must be above 1"),
        ([[1, 2]], [[1, 2]], {"paired": True}, "paired scores have no classes"),
    ],
)
def test_what_can_not_be_compared_is_refused(a, b, more, why):
    with pytest.raises(InputError, match=why):
        information.compare(a, b, logits=True, **more)


@pytest.mark.parametrize(
    ("a", "more", "why"),
    [
        ([[0.5, 0.6]], {}, "probabilities sum to 1.1, not 1"),
        ([[-0.5, 1.5]], {}, "probability 1 is negative"),
        ([[-1.0, -1.0]], {"log_probs": True}, "sum to 0.7357588823, not 1, 0.264241 is missing"),
        ([[0.5, -1.0]], {"log_probs": True}, r"log-probability 1 is above 0 \(0.5\)"),
    ],
)
def test_what_is_no_distribution_is_refused(a, more, why):
    with pytest.raises(InputError, match=why):
        information.compare(a, a, **more)


# Paired scores


@pytest.mark.slow
def test_the_sign_test_is_scipy_s():
    stats = pytest.importorskip("scipy.stats")
    for better, worse in ((20, 9), (9, 20), (0, 5), (5, 5), (0, 0), (1, 0), (130, 100)):
        found = information.compare(
            [0] * better + [1] * worse + [3], [1] * better + [0] * worse + [3], paired=True
        )
        wanted = stats.binomtest(better, better + worse).pvalue if better + worse else 1.0
        assert found.sign_p == near(wanted, 1e-9)
        assert (found.better, found.worse, found.ties) == (better, worse, 1)


@pytest.mark.slow
def test_of_many_trials_the_interval_is_that_of_the_normal_distribution():
    from aimath.core.information.metrics import _paired

    x = np.random.default_rng(3).normal(size=20_000)
    drawn, normal = _paired.bootstrap_interval(x), _paired.bootstrap_interval(x, resamples=1 << 14)
    assert drawn == pytest.approx(normal, abs=0.1 / math.sqrt(20_000))


def test_the_sign_test_of_many_is_that_of_few():
    from aimath.core.information.metrics._paired import _sign_test_of_many, sign_test

    stats = pytest.importorskip("scipy.stats")
    assert sign_test(51_000, 50_000) == near(stats.binomtest(51_000, 101_000).pvalue, 1e-8)
    for n, least in ((1000, 480), (8000, 3900), (8192, 4090)):
        assert _sign_test_of_many(n, least) == near(sign_test(n - least, least), 1e-7)


def test_the_interval_is_scipy_s_percentile_bootstrap():
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(0)
    a = rng.normal(size=200)
    b = a + rng.normal(0.2, 1, 200)
    found = information.compare(a, b, paired=True, seed=7)
    other = stats.bootstrap(
        (b - a,), np.mean, n_resamples=9999, method="percentile", rng=1
    ).confidence_interval
    assert found.interval == pytest.approx(list(other), abs=0.15 * found.stderr)
    assert found.stderr == near(stats.sem(b - a), 1e-6)
    assert found.difference == near(np.mean(b - a), 1e-12)
    assert (information.compare(a, b, paired=True, seed=7).interval == found.interval).all()
    assert (information.compare(a, b, paired=True, seed=8).interval != found.interval).any()
    assert found.check().holds


def test_paired_scores_at_their_edges():
    one = information.compare([1.0], [3.0], paired=True)
    assert (one.difference, one.interval.tolist(), one.sign_p) == (2, [2, 2], 1)
    assert math.isnan(one.stderr)
    with pytest.raises(InputError, match="lengths 1 and 2"):
        information.compare([1.0], [3.0, 4.0], paired=True)
    with pytest.raises(InputError, match="beyond float64"):
        information.compare([-1.7e308], [1.7e308], paired=True)
