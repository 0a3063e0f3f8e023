"""Beta posteriors of arms against mpmath's integrals and sums of binomials in fractions."""

from fractions import Fraction
from math import comb

import mpmath as mp
import numpy as np
import pytest
from tests.digits import near

from aimath.core import probability
from aimath.core.probability._arms import arms
from aimath.core.probability._beta import best_shares, beta_quantile, exceeds
from aimath.errors import InputError


def beta_of_whole(a, b):
    """B(a, b) of whole numbers, as a fraction."""
    return Fraction(1, a * comb(a + b - 1, a))


def true_exceeds(a, b, c, d):
    """P(X > Y) of whole parameters: the second's distribution function is a sum of binomials in x."""
    total = Fraction(0)
    for j in range(c, c + d):  # P(Y <= x) = P(at least c of c + d - 1 are below x)
        total += comb(c + d - 1, j) * beta_of_whole(a + j, b + c + d - 1 - j)
    return total / beta_of_whole(a, b)


@pytest.mark.parametrize(
    "four",
    [(1, 1, 1, 1), (121, 881, 101, 901), (2, 9, 9, 2), (1, 40, 1, 1), (3, 1, 200, 7), (1, 300, 300, 1)],
)
def test_whole_counts_are_exact(four):
    a, b, c, d = four
    truth = true_exceeds(a, b, c, d)
    assert exceeds((a, b), (c, d)) == float(truth)
    assert exceeds((c, d), (a, b)) == float(1 - truth)


def integral(first, second):
    """P(X > Y) by mpmath's quadrature, cut where the density of X is."""
    (a, b), (c, d) = first, second

    def weighed(x):
        return mp.betainc(c, d, 0, x, regularized=True) * x ** (a - 1) * (1 - x) ** (b - 1) / mp.beta(a, b)

    mean = mp.mpf(a) / (a + b)
    width = mp.sqrt(mean * (1 - mean) / (a + b + 1))
    cuts = [x for k in (-12, -6, -3, 0, 3, 6, 12) if 0 < (x := mean + k * width) < 1]
    return mp.quad(weighed, [0, *cuts, 1])


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((0.5, 0.5), (1.5, 0.5)),
        ((12.25, 88.5), (10.5, 90.75)),
        ((0.1, 7.0), (3.3, 0.9)),
        ((700.5, 1e3), (0.5, 0.5)),
    ],
)
def test_other_counts_are_integrals(first, second):
    with mp.workdps(25):
        truth = float(integral(first, second))
    assert exceeds(first, second) == near(truth, 1e-13)
    assert best_shares([first, second]) == near(np.array([truth, 1 - truth]), 1e-11)


@pytest.mark.parametrize("a", [0.1, 0.5, 1.0, 2.5, 121.0, 5e3])
@pytest.mark.parametrize("b", [0.3, 1.0, 3.0, 881.0])
def test_intervals_leave_out_equal_tails(a, b):
    low, high = beta_quantile(a, b, 0.025), beta_quantile(a, b, 0.025, upper=True)
    with mp.workdps(40):
        for x, side in ((low, 0), (high, 1)):
            whole = mp.betainc(a, b, 0, mp.mpf(x), regularized=True)
            off = (whole if side == 0 else 1 - whole) - mp.mpf(0.025)
            density = mp.mpf(x) ** (a - 1) * (1 - mp.mpf(x)) ** (b - 1) / mp.beta(a, b) if x < 1 else mp.inf
            assert abs(off / density) <= 0.51 * np.spacing(x)  # so far is the true quantile from x


def test_a_million_trials_take_no_time_and_lose_nothing():
    n = 10**6
    mean, rest = (101_000 + 1) / (n + 2), (100_000 + 1) / (n + 2)
    spread = sum(p * (1 - p) / (n + 3) for p in (mean, rest)) ** 0.5
    normal = float(mp.ncdf((mean - rest) / spread))
    found = exceeds((101_001, n - 100_999), (100_001, n - 99_999))
    assert found == near(normal, 1e-4)
    assert found + exceeds((100_001, n - 99_999), (101_001, n - 100_999)) == 1.0


@pytest.mark.parametrize("count", [3, 4])
def test_best_of_several(count):
    rng = np.random.default_rng(count)
    trials = rng.integers(5, 60, count)
    successes = rng.integers(0, trials)
    found = arms(successes, trials)
    draws = np.random.default_rng(1).beta(found.a, found.b, (200_000, count))
    shares = np.bincount(draws.argmax(axis=1), minlength=count) / len(draws)
    assert np.abs(found.p_best - shares).max() < 5 * 0.5 / len(draws) ** 0.5
    assert found.p_best.sum() == near(1.0, 1e-12)
    assert found.check().holds.all()
    with mp.workdps(20):
        mean = float(found.posterior_mean[0])
        whole = mp.quad(
            lambda x: mp.fprod(
                mp.betainc(a, b, 0, x, regularized=True) for a, b in zip(found.a[1:], found.b[1:], strict=True)
            )
            * x ** (found.a[0] - 1) * (1 - x) ** (found.b[0] - 1) / mp.beta(found.a[0], found.b[0]),
            [0, mean / 2, mean, (1 + mean) / 2, 1],
        )  # fmt: skip
    assert float(found.p_best[0]) == near(float(whole), 1e-10)


def test_fields():
    found = arms([120, 100], [1000, 1000])
    assert found.posterior_mean.tolist() == [121 / 1002, 101 / 1002]
    assert found.difference.tolist() == [0.0, 101 / 1002 - 121 / 1002]
    assert found.p_best[0] == near(0.92318343897356, 1e-13)
    assert found.check().holds.all()
    assert not found._replace(p_best=found.p_best + 1e-6).check().holds.all()
    same = probability.bayes(successes=[120, 100], trials=[1000, 1000])
    assert all((x == y).all() for x, y in zip(same, found, strict=True))
    jeffreys = arms([0, 3], [10, 10], [0.5, 0.5])
    assert (jeffreys.a.tolist(), jeffreys.b.tolist()) == ([0.5, 3.5], [10.5, 7.5])
    assert arms([3], [10]).p_best.tolist() == [1.0]


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (([1, 2], [3]), "trials has 1 number, and successes 2"),
        (([1, -2], [3, 3]), "entry 2 of successes is negative"),
        (([1, 4], [3, 3]), "arm 2 has more successes than trials"),
        (([1], [2e9]), "arm 1 has more trials than a billion"),
        (([1, 2], [3, 3], [1]), "pseudo_counts are two"),
        (([1, 2], [3, 3], [-1, 1]), "pseudo_counts are two"),
        (([0, 2], [3, 3], [0, 0]), "arm 1 has no successes"),
        (([1, 3], [3, 3], [0, 0]), "arm 2 has no failures"),
        (([np.nan, 3], [3, 3]), "is nan"),
    ],
)
def test_what_is_no_test_of_arms(call, why):
    with pytest.raises(InputError, match=why):
        arms(*call)
