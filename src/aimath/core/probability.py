"""Softmax, log-sum-exp, Bayes, Gaussian and describe: what is on the way from numbers to chances.

Bayes, the Gaussian and describe live in rooms of their own; all public names can be had from here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.core.arrays import Array, Check, floats, row_sum, vectors
from aimath.core.bayes import Bayes as Bayes, bayes as bayes
from aimath.core.bayes_sequence import BayesSequence as BayesSequence, bayes_sequence as bayes_sequence
from aimath.core.describe import Describe as Describe, describe as describe
from aimath.core.exponentials import log_softmax_rows, logsumexp_rows, softmax_rows
from aimath.core.gaussian import (
    Between as Between,
    Gaussian as Gaussian,
    Quantile as Quantile,
    Sample as Sample,
    gaussian as gaussian,
    gaussian_between as gaussian_between,
    gaussian_quantile as gaussian_quantile,
    gaussian_sample as gaussian_sample,
)

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


class Softmax(NamedTuple):
    """Probabilities in the ratios of exp(logit / temperature)."""

    logits: Array  # (..., n) finite, or -inf for a mask
    temperature: float  # 0 greedy .. inf uniform
    probs: Array  # (..., n) sums to 1 along n
    total: Array  # (...) sum of the weights, 1 .. n

    @property
    def maximum(self) -> Array:
        """(...) the largest logit."""
        return np.asarray(self.logits.max(axis=-1))

    @property
    def shifted(self) -> Array:
        """(..., n) (logit - the largest) / temperature, at most 0; at temperature 0 and inf the limit."""
        with np.errstate(all="ignore"):
            difference = self.logits - self.logits.max(axis=-1, keepdims=True)
            if self.temperature == 0.0:
                return np.where(difference == 0.0, 0.0, -np.inf)
            if self.temperature == np.inf:
                return np.where(difference == -np.inf, -np.inf, 0.0)
            return np.asarray(difference / self.temperature)

    @property
    def weights(self) -> Array:
        """(..., n) exp(shifted), 0 .. 1: the largest logit weighs 1."""
        return np.where(self.shifted == 0.0, 1.0, np.minimum(self.probs * self.total[..., np.newaxis], 1.0))

    @property
    def log_probs(self) -> Array:
        """(..., n) natural logarithms of the probabilities, at most 0."""
        return log_softmax_rows(self.logits, self.temperature)

    @property
    def entropy(self) -> Array:
        """(...) bits, 0 .. log2(n): near 1 the logarithm is kept from the logits, where p forgot it."""
        p = np.where(self.probs == 0.0, 1.0, self.probs)
        surprise = np.where(self.probs > 0.5, self.log_probs / -np.log(2.0), -np.log2(p))
        return row_sum(p * surprise) + 0.0

    @property
    def perplexity(self) -> Array:
        """(...) 2^entropy, 1 .. n: so many equally likely outcomes are as uncertain."""
        return np.asarray(np.exp2(self.entropy))

    @property
    def argmax(self) -> Any:
        """(...) index of the most probable entry, the first of several."""
        return np.argmax(self.logits, axis=-1)

    def check(self) -> Check:
        """Recompute the probabilities as exponentials of log-probabilities."""
        return Check(self.probs, np.exp(self.log_probs))

    def check_entropy(self) -> Check:
        """Recompute the entropy as the log-sum-exp less the mean of the shifted logits."""
        kept = self.probs > 0.0
        mean = row_sum(np.where(kept, self.probs * np.where(kept, self.shifted, 0.0), 0.0))
        return Check(self.entropy, (np.log(self.total) - mean) / np.log(2.0))


def softmax(logits: ArrayLike, temperature: float = 1.0) -> Softmax:
    """Turn logits into probabilities.

    probs = exp((logits - max(logits)) / temperature) / total, the total being the sum of those
    exponentials. -inf is a mask (probability 0). Temperature 0 is the limit: all to the largest,
    ties share; torch divides by it and gives nan. Always along the last axis, scipy's default is
    the whole array. Boltzmann (1868); the name: Bridle (1990).

    >>> softmax([2, 1, 0.1]).probs.round(4)
    array([0.659 , 0.2424, 0.0986])
    """
    z = floats(logits, "logit", operand="logits")
    temperature = float(temperature)
    if not 0.0 < temperature < np.inf:
        vectors(z, "logit", allow=(-np.inf,), operand="logits")
    found = Softmax(z, temperature, *softmax_rows(z, temperature))
    if np.isnan(found.total).any():  # nan and inf show here, which spares a pass over millions of rows
        vectors(z, "logit", allow=(-np.inf,), operand="logits")
    return found


class LogSoftmax(NamedTuple):
    """Logarithms of softmax probabilities."""

    logits: Array  # (..., n) finite, or -inf for a mask
    temperature: float  # 0 greedy .. inf uniform
    log_probs: Array  # (..., n) nats, at most 0

    @property
    def maximum(self) -> Array:
        """(...) the largest logit."""
        return np.asarray(self.logits.max(axis=-1))

    @property
    def logsumexp(self) -> Array:
        """(...) nats, of the logits as they stand (temperature 1)."""
        return logsumexp_rows(self.logits)

    @property
    def probs(self) -> Array:
        """(..., n) the probabilities themselves."""
        return softmax_rows(self.logits, self.temperature)[0]

    def check(self) -> Check:
        """Recompute as logits / temperature less their own log-sum-exp; at 0 and inf as log(probs)."""
        with np.errstate(all="ignore"):
            scaled = self.logits / self.temperature
            if not 0.0 < self.temperature < np.inf or np.isinf(scaled).any():
                return Check(self.log_probs, np.log(self.probs))
            return Check(self.log_probs, scaled - logsumexp_rows(scaled)[..., np.newaxis])


def log_softmax(logits: ArrayLike, temperature: float = 1.0) -> LogSoftmax:
    """Give the natural logarithms of the softmax of logits.

    log_probs = (logits - max(logits)) / temperature - log1p(the other weights): of [50, 0] the
    first is -1.93e-22, where scipy and torch say 0.

    >>> log_softmax([50, 0]).log_probs
    array([-1.92874985e-22, -5.00000000e+01])
    """
    z = vectors(logits, "logit", allow=(-np.inf,), operand="logits")
    temperature = float(temperature)
    return LogSoftmax(z, temperature, log_softmax_rows(z, temperature))


class LogSumExp(NamedTuple):
    """The logarithm of a sum of exponentials."""

    values: Array  # (..., n) may hold inf and -inf
    logsumexp: Array  # (...) nats, at least the maximum

    @property
    def maximum(self) -> Array:
        """(...) the largest value."""
        return np.asarray(self.values.max(axis=-1))

    @property
    def shifted(self) -> Array:
        """(..., n) value - maximum, at most 0; 0 for what equals an infinite maximum."""
        with np.errstate(invalid="ignore"):
            difference = self.values - self.maximum[..., np.newaxis]
        return np.where(self.values == self.maximum[..., np.newaxis], 0.0, difference)

    @property
    def weights(self) -> Array:
        """(..., n) exp(shifted), 0 .. 1."""
        return np.asarray(np.exp(self.shifted))

    @property
    def total(self) -> Array:
        """(...) sum of the weights, 1 .. n."""
        return row_sum(self.weights)

    @property
    def excess(self) -> Array:
        """(...) what the others add to the maximum, 0 .. log(n)."""
        with np.errstate(invalid="ignore"):
            excess = self.logsumexp - self.maximum
        return np.where(np.isfinite(self.maximum), excess, 0.0)

    def check(self) -> Check:
        """Add the values one after the other by numpy's log(exp(a) + exp(b))."""
        with np.errstate(all="ignore"):
            return Check(self.logsumexp, np.asarray(np.logaddexp.reduce(self.values, axis=-1)))


def logsumexp(values: ArrayLike) -> LogSumExp:
    """Give log(sum(exp(values))) in nats, the soft maximum.

    Of [0, -40] it is 4.25e-18, where torch says 0; log-probabilities that sum to nearly 1, whose
    answer all peers lose, are summed in decimals. A row of -inf gives -inf, an inf gives inf. See
    Blanchard, Higham and Higham (2021) on what shifts cost.

    >>> logsumexp([1000, 1000]).logsumexp
    array(1000.69314718)
    """
    x = floats(values, operand="values")
    found = LogSumExp(x, logsumexp_rows(x))
    if np.isnan(found.logsumexp).any():
        vectors(x, allow=(np.inf, -np.inf), operand="values")
    return found
