"""Scores of two models on the same trials: their difference, its interval and the sign test."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aimath.core.numerics.accumulators import MomentsAccumulator, QuantileAccumulator
from aimath.core.numerics.arrays import Check, as_vectors, check_same_length
from aimath.core.numerics.exact import divide_rounded
from aimath.core.numerics.types import may_lack_value
from aimath.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from aimath.core.numerics.axes import Ends, Vector
    from aimath.core.numerics.types import Array

RESAMPLES, LEVEL = 9999, 0.95
"""Of the bootstrap, and the share of resamples in the interval."""
DRAWS = 1 << 18
"""Random numbers that are drawn at a time."""
MAX_EXACT_TRIALS = 1 << 13
"""Trials up to which the sign test adds integers."""
MAX_DRAWS, NORMAL_QUANTILE = 1 << 28, 1.959963984540054
"""Random numbers of a bootstrap; of more trials the means are normal, with .025 beyond so many deviations."""


@may_lack_value("stderr")
class Paired(NamedTuple):
    """How scores of B differ from those of A on the same trials."""

    a: Vector
    b: Vector
    difference: float  # mean of b - a
    stderr: float  # of the difference, s / √n; none of one trial
    interval: Ends  # percentile bootstrap, 95 %
    better: int  # trials in which b is above a
    worse: int
    ties: int
    sign_p: float  # two-sided exact binomial, of what is no tie

    @property
    def differences(self) -> Vector:
        """B - a of each trial."""
        return self.b - self.a

    @property
    def mean_a(self) -> float:
        """The mean of a."""
        return float(_moments(self.a)[0])

    @property
    def mean_b(self) -> float:
        """The mean of b."""
        return float(_moments(self.b)[0])

    @property
    def trials(self) -> int:
        """The number of trials."""
        return len(self.a)

    def check(self) -> Check:
        """Return the difference beside that of the means."""
        scale = np.asarray(max(abs(self.mean_a), abs(self.mean_b)))
        return Check(np.asarray(self.difference), np.asarray(self.mean_b - self.mean_a), scale)


def compare_paired(a: ArrayLike, b: ArrayLike, seed: int = 0) -> Paired:
    """Return how scores b (n,) differ from scores a (n,) of the same trials.

    difference = mean(b - a); stderr = s / √n with the s of n - 1; the interval is from the .025 to the .975
    quantile of the means of 9,999 resamples (Efron 1979), where scipy's default is BCa; sign_p is the exact
    two-sided sign test on what is no tie: for scores of 0 and 1 that is McNemar's exact test.

    >>> found = compare_paired([0, 1, 1, 0], [1, 1, 1, 1])
    >>> found.difference, found.sign_p
    (0.5, 0.5)
    """
    x, y = (np.ravel(as_vectors(scores, "score", operand=name)) for scores, name in ((a, "a"), (b, "b")))
    check_same_length(x, y, ("a", "b"))
    with np.errstate(over="ignore"):
        differences = y - x
    if np.isinf(differences).any():
        raise InputError("a difference is beyond float64", operand="b")
    mean, stderr = _moments(differences)
    better, worse = int((differences > 0.0).sum()), int((differences < 0.0).sum())
    return Paired(
        x,
        y,
        mean,
        stderr,
        bootstrap_interval(differences, seed),
        better,
        worse,
        len(x) - better - worse,
        sign_test(better, worse),
    )


def _moments(x: Array) -> tuple[float, float]:
    moments = MomentsAccumulator(1)
    moments.update(x)
    found = moments.result()
    return float(found.means[0]), float(found.standard_errors()[0])


def bootstrap_interval(x: Array, seed: int = 0, resamples: int = RESAMPLES) -> Array:
    """Return the ends (2,) of the percentile bootstrap interval of the mean of numbers (n,).

    Of more than 26,000 it is the normal distribution that the means are all but drawn from.
    """
    n = len(x)
    if n * resamples > MAX_DRAWS:
        mean, stderr = _moments(x)
        return np.array([mean - NORMAL_QUANTILE * stderr, mean + NORMAL_QUANTILE * stderr])
    rng, means = np.random.Generator(np.random.PCG64(seed)), QuantileAccumulator()
    rows, power = max(1, DRAWS // n), int(np.frexp(np.abs(x).max())[1])
    scaled = np.ldexp(x, -power)  # sums of numbers near the end of float64 would leave it
    for k in range(0, resamples, rows):
        drawn = (rng.random((min(rows, resamples - k), n)) * n).astype(np.intp)
        means.update(np.ldexp(scaled[drawn].mean(axis=1), power))
    return means.quantiles(((1.0 - LEVEL) / 2.0, (1.0 + LEVEL) / 2.0)).values


def sign_test(better: int, worse: int) -> float:
    """Return the two-sided p of so many signs of either kind, were both equally likely.

    >>> round(sign_test(20, 9), 4)
    0.0614
    """
    n, least = better + worse, min(better, worse)
    if 2 * least == n:
        return 1.0
    if n > MAX_EXACT_TRIALS:
        return _sign_test_of_many(n, least)
    term, total = 1, 1  # C(n, k), and the sum of those up to k
    for k in range(least):
        term = term * (n - k) // (k + 1)
        total += term
    return min(1.0, divide_rounded(2 * total, 1 << n))


def _sign_test_of_many(n: int, least: int) -> float:
    """Return the same from logarithms, to about ten digits."""
    share, total, k = 1.0, 1.0, least
    while share > 1e-18 and k > 0:  # C(n, k - 1) over C(n, k)
        share *= k / (n - k + 1)
        total += share
        k -= 1
    log_term = math.lgamma(n + 1) - math.lgamma(least + 1) - math.lgamma(n - least + 1) - n * math.log(2.0)
    return min(1.0, 2.0 * total * math.exp(log_term))
