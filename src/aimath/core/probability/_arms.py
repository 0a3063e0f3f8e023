"""Shares of successes of several arms: their beta posteriors, and which is likely the best."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aimath.core.numerics.arrays import Check, as_vectors, raise_at
from aimath.core.probability._beta import best_shares, beta_quantile, exceeds
from aimath.errors import InputError, pluralize

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from aimath.core.numerics.axes import Pair, RowCounts, RowEnds, RowScalars
    from aimath.core.numerics.types import Array

TAIL = 0.025
"""What the 95 % interval leaves out on each side."""
LEAST, MAX_TRIALS = 1e-6, 1e9
"""Less of a count puts all of a posterior at an end; sums over the roots of more trials take seconds."""


class Arms(NamedTuple):
    """Beta posteriors of the shares of successes of some arms."""

    arm: RowCounts  # 1 .. k
    successes: RowScalars
    trials: RowScalars
    pseudo_counts: Pair  # of successes and failures before the trials
    a: RowScalars  # successes and pseudo-successes
    b: RowScalars  # failures and pseudo-failures
    posterior_mean: RowScalars
    interval: RowEnds  # equal tails, 95 %
    p_best: RowScalars  # that it has the largest share
    difference: RowScalars  # posterior mean less that of the first arm

    @property
    def failures(self) -> RowScalars:
        """Trials without success."""
        return self.trials - self.successes

    @property
    def std(self) -> RowScalars:
        """Standard deviation of the posterior: √(a b / (a + b + 1)) / (a + b)."""
        return np.sqrt(self.a * self.b / (self.a + self.b + 1.0)) / (self.a + self.b)

    def check(self) -> Check:
        """Return P(best) of two arms beside a quadrature, of more the sum of all beside 1."""
        if len(self.a) == 2:
            return Check(self.p_best, best_shares(list(zip(self.a, self.b, strict=True))), np.ones(2))
        return Check(np.ones(1), np.atleast_1d(self.p_best.sum()))


def arms(successes: ArrayLike, trials: ArrayLike, pseudo_counts: ArrayLike | None = None) -> Arms:
    """Return the beta posteriors of the shares of successes (k,) in trials (k,) of k arms.

    Beta(s + successes, f + trials - successes), s and f the pseudo-counts: 1 and 1 are a uniform
    prior, .5 and .5 Jeffreys'. P(best) of two arms is P(A > B) to the last digit, by a sum of beta
    functions; of more arms it is an integral, to some 13 digits. Bayes (1763), Jeffreys (1946).

    >>> arms([3, 1], [4, 4]).p_best.round(6)
    array([0.896825, 0.103175])
    """
    s, n = (
        as_vectors(x, "count", operand=name) for x, name in ((successes, "successes"), (trials, "trials"))
    )
    if s.ndim > 1 or s.shape != n.shape:
        raise InputError(
            "{operand} has {there}, and successes {wanted}",
            operand="trials", there=pluralize(n.size, "number"), wanted=s.size, usage=True,
        )  # fmt: skip
    raise_at(s < 0.0, "entry {k} of {operand} is negative", operand="successes")
    raise_at(n < s, "arm {k} has more successes than {operand}", operand="trials")
    raise_at(n > MAX_TRIALS, "arm {k} has more {operand} than a billion", operand="trials")
    prior = as_vectors(
        (1.0, 1.0) if pseudo_counts is None else pseudo_counts, "count", operand="pseudo_counts"
    )
    if prior.shape != (2,) or (prior < 0.0).any() or (prior > MAX_TRIALS).any():
        raise InputError(
            "{operand} are two, of successes and failures, from 0 to a billion",
            operand="pseudo_counts",
            usage=True,
        )
    a, b = s + prior[0], (n - s) + prior[1]
    for counts, what in ((a, "successes"), (b, "failures")):
        raise_at(
            counts < LEAST,
            f"arm {{k}} has no {what}: it has a posterior with pseudo-counts above 0 alone",
            operand="pseudo_counts",
        )
    mean = a / (a + b)
    pairs = list(zip(a.tolist(), b.tolist(), strict=True))
    ends = [(beta_quantile(*one, TAIL), beta_quantile(*one, TAIL, upper=True)) for one in pairs]
    if len(pairs) == 1:
        best: Array = np.ones(1)
    elif len(pairs) == 2:
        best = np.array([exceeds(*pairs), exceeds(*pairs[::-1])])
    else:
        best = best_shares(pairs)
    return Arms(np.arange(1, len(s) + 1), s, n, prior, a, b, mean, np.array(ends), best, mean - mean[0])
