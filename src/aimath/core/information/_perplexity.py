"""Perplexity: how many equally likely choices are as hard to guess as these."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aimath.core.information._row_sums import entropy_rows, expected, loaded, mass, power, surprises
from aimath.core.numerics.arrays import Check, blame, vectors
from aimath.core.numerics.double_double import quotient

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from aimath.core.numerics.types import Array


class Perplexity(NamedTuple):
    """Perplexities of distributions."""

    probs: Array  # (..., n) sums to 1 along n
    nats: Array  # (...) mean surprise
    perplexity: Array  # (...) 1..n

    @property
    def surprise(self) -> Array:  # (..., n) nats, inf where p = 0
        """-ln p."""
        return surprises(self.probs, math.e)

    @property
    def terms(self) -> Array:  # (..., n) nats
        """What each outcome adds: p times its surprise."""
        return expected(self.probs, self.surprise)

    def check(self) -> Check:
        """By the weighted product of 1/p: prod(p ** -p)."""
        return Check(self.perplexity, np.maximum(np.prod(self.probs**-self.probs, axis=-1), 1.0))


def perplexity(probs: ArrayLike, normalize: bool = False) -> Perplexity:
    """Give the perplexity of distributions along the last axis.

    perplexity = exp(nats), nats = -sum(probs * ln(probs)); it is worked out as 2 ** bits, so that
    of n = 2^k equal outcomes it is n exactly. Jelinek, Mercer, Bahl and Baker (1977).

    >>> float(perplexity([0.25, 0.25, 0.25, 0.25]).perplexity)
    4.0
    """
    p = loaded(probs, normalize=normalize)
    bits = entropy_rows(p, 2.0, names=() if normalize else (None,))
    return Perplexity(p, bits * math.log(2.0), power(2.0, bits))


class TokenPerplexity(NamedTuple):
    """Perplexities of texts, from what a model gave the tokens that came."""

    token_probs: Array  # (..., n) 0..1, of each token given those before
    nats: Array  # (...) mean surprise (negative log-likelihood), inf if a token was held impossible
    perplexity: Array  # (...) >= 1

    @property
    def surprise(self) -> Array:  # (..., n) nats
        """-ln of each token's probability."""
        return surprises(self.token_probs, math.e)

    def check(self) -> Check:
        """By the geometric mean: 1 / prod(token_probs ** (1/n))."""
        with np.errstate(divide="ignore", over="ignore"):
            mean = np.prod(self.token_probs ** (1.0 / self.token_probs.shape[-1]), axis=-1)
            return Check(self.perplexity, 1.0 / mean)


def perplexity_of_tokens(token_probs: ArrayLike) -> TokenPerplexity:
    """Give the perplexity of texts along the last axis from the probabilities of their tokens.

    perplexity = exp(nats), nats = -mean(ln(token_probs)); a token of probability 0 makes it inf.
    Jelinek, Mercer, Bahl and Baker (1977).

    >>> float(perplexity_of_tokens([0.5, 0.125]).perplexity)
    4.0
    """
    p = vectors(token_probs, "token probability")
    blame(p < 0, "token probability {k} is negative")
    blame(p > 1, "token probability {k} is above 1")
    mantissas, exponents = np.frexp(p)
    rest, whole, n = mass(surprises(mantissas, 2.0)), exponents.sum(axis=-1), p.shape[-1]
    bits = (rest - whole) / n
    # Of 2 ** bits only a part below 1 is rounded: else an error in bits would grow with them.
    k = np.where(np.isfinite(bits), np.floor(bits), 0.0).astype(np.int64)
    with np.errstate(over="ignore"):
        found = np.ldexp(power(2.0, (rest - (whole + k * n)) / n), k)
    return TokenPerplexity(p, bits * math.log(2.0), found)


class LogPerplexity(NamedTuple):
    """Perplexities of texts, from log-probabilities of their tokens."""

    log_probs: Array  # (..., n) <= 0, natural logarithms
    nats: Array  # (...) mean surprise
    perplexity: Array  # (...) >= 1

    @property
    def token_probs(self) -> Array:  # (..., n) 0..1
        """exp(log_probs)."""
        return np.exp(self.log_probs)

    def check(self) -> Check:
        """By the product of each token's share: prod(exp(-log_probs / n))."""
        with np.errstate(over="ignore"):
            shares = np.exp(-self.log_probs / self.log_probs.shape[-1])
            return Check(self.perplexity, np.prod(shares, axis=-1))


def perplexity_of_log_probs(log_probs: ArrayLike) -> LogPerplexity:
    """Give the perplexity of texts along the last axis from natural log-probabilities of their tokens.

    perplexity = exp(-mean(log_probs)), inf past float64. Jelinek, Mercer, Bahl and Baker (1977).

    >>> float(perplexity_of_log_probs([-1.0, -3.0]).nats)
    2.0
    """
    logs = vectors(log_probs, "log-probability", allow=(-np.inf,))
    blame(logs > 0, "log-probability {k} is above 0")
    total = mass(logs)
    with np.errstate(invalid="ignore"):
        lost = mass(np.concatenate((logs, -total[..., np.newaxis]), axis=-1))
        nats, rest = quotient(-total, -lost, logs.shape[-1])
    return LogPerplexity(logs, nats + 0.0, power(math.e, nats) * (1.0 + rest))
