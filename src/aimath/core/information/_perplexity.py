"""Perplexity: how many equally likely choices are as hard to guess as these."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple, overload

import numpy as np

from aimath.core.information._entropy import advise_logits, entropy
from aimath.core.information._reductions import (
    Rounding,
    adds_up,
    as_distribution,
    entropy_rows,
    expectation_terms,
    first_infinite,
    power,
    self_information,
    total,
)
from aimath.core.information._weights import as_weights, normalize_weights
from aimath.core.numerics.arrays import Check, as_vectors, raise_at
from aimath.core.numerics.double_double import divide_dd, two_sum
from aimath.core.numerics.forms import select_form
from aimath.core.probability import log_softmax_rows
from aimath.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from aimath.core.numerics.axes import EntryNumbers, Scalars, Vectors


class Perplexity(NamedTuple):
    """Perplexities of distributions."""

    probs: Vectors  # sums to 1
    nats: Scalars  # mean surprise
    perplexity: Scalars  # 1..n
    rounding: Rounding = Rounding()
    logits: Vectors | None = None  # what softmax made the probabilities of, if it did

    @property
    def surprise(self) -> Vectors:  # nats, inf where p = 0
        """-ln p."""
        if self.logits is not None:
            return np.asarray(0.0 - log_softmax_rows(self.logits))
        return self_information(self.probs, math.e, self.rounding.p)

    @property
    def terms(self) -> Vectors:  # nats
        """What each outcome adds: p times its surprise."""
        return expectation_terms(self.probs, self.surprise)

    def terms_add_up(self) -> Any:
        """Return whether the terms add up to `nats`: not below 0, where p sums to more than 1."""
        return adds_up(self.terms, self.nats)

    def check(self) -> Check:
        """Return the perplexity beside prod(p ** -p)."""
        return Check(self.perplexity, np.maximum(np.prod(self.probs**-self.probs, axis=-1), 1.0))


def _perplexity_of_probs(probs: Any, normalize: bool) -> Perplexity:
    """Return exp(entropy), worked out as 2 ** bits, so that of n = 2^k equal outcomes it is n exactly."""
    if normalize:
        p, low = normalize_weights(as_weights(probs))
        bits, rounding = entropy_rows(p, 2.0, low=low), Rounding(low)
    else:
        p, rounding = as_distribution(probs), Rounding()
        try:
            bits = entropy_rows(p, 2.0, names=(None,))
        except InputError as error:
            raise advise_logits(error, p) from None
    return Perplexity(p, bits * math.log(2.0), np.minimum(power(2.0, bits), float(p.shape[-1])), rounding)


def _perplexity_of_logits(logits: Any) -> Perplexity:
    """Return exp(entropy of softmax(logits)), the entropy kept from the logits."""
    found = entropy(logits=logits, base=2.0)
    most = float(found.probs.shape[-1])
    answer = np.minimum(power(2.0, found.entropy), most)
    return Perplexity(found.probs, found.entropy * math.log(2.0), answer, logits=found.logits)


class TokenPerplexity(NamedTuple):
    """Perplexities of texts, from what a model gave the tokens that came."""

    token_probs: Vectors  # 0..1, of each token given those before
    nats: Scalars  # mean surprise (negative log-likelihood), inf if a token was held impossible
    perplexity: Scalars  # >= 1

    @property
    def surprise(self) -> Vectors:  # nats
        """-ln of each token's probability."""
        return self_information(self.token_probs, math.e)

    @property
    def infinite_entry(self) -> EntryNumbers:  # 1..n, or 0
        """The first token that makes the answer infinite, 0 if none does."""
        return first_infinite(self.surprise)

    def check(self) -> Check:
        """Return the perplexity beside 1 / prod(token_probs ** (1/n))."""
        with np.errstate(divide="ignore", over="ignore"):
            mean = np.prod(self.token_probs ** (1.0 / self.token_probs.shape[-1]), axis=-1)
            return Check(self.perplexity, 1.0 / mean)


def _perplexity_of_tokens(token_probs: Any) -> TokenPerplexity:
    """Return exp(-mean(ln(token_probs))); a token of probability 0 makes it inf."""
    p = as_vectors(token_probs, "token probability")
    raise_at(p < 0, "token probability {k} is negative")
    raise_at(p > 1, "token probability {k} is above 1")
    mantissas, exponents = np.frexp(p)
    rest, whole, n = total(self_information(mantissas, 2.0)), exponents.sum(axis=-1), p.shape[-1]
    bits = (rest - whole) / n
    # Of 2 ** bits only a part below 1 is rounded: else an error in bits would grow with them.
    k = np.where(np.isfinite(bits), np.floor(bits), 0.0).astype(np.int64)
    with np.errstate(over="ignore"):
        found = np.ldexp(power(2.0, (rest - (whole + k * n)) / n), k)
    surprise = self_information(p, math.e)  # a mean lies within what it is of
    nats = np.clip(bits * math.log(2.0), surprise.min(axis=-1), surprise.max(axis=-1))
    return TokenPerplexity(p, nats, found)


class LogProbPerplexity(NamedTuple):
    """Perplexities of texts, from log-probabilities of their tokens."""

    log_probs: Vectors  # <= 0, natural logarithms
    nats: Scalars  # mean surprise
    perplexity: Scalars  # >= 1

    @property
    def token_probs(self) -> Vectors:  # 0..1
        """exp(log_probs)."""
        return np.exp(self.log_probs)

    @property
    def infinite_entry(self) -> EntryNumbers:  # 1..n, or 0
        """The first token that makes the answer infinite, 0 if none does."""
        return first_infinite(-self.log_probs)

    def check(self) -> Check:
        """Return the perplexity beside prod(exp(-log_probs / n))."""
        with np.errstate(over="ignore"):
            shares = np.exp(-self.log_probs / self.log_probs.shape[-1])
            return Check(self.perplexity, np.prod(shares, axis=-1))


def _perplexity_of_log_probs(log_probs: Any) -> LogProbPerplexity:
    """Return exp(-mean(log_probs)), inf past float64."""
    logs = as_vectors(log_probs, "log-probability", allow=(-np.inf,))
    raise_at(logs > 0, "log-probability {k} is above 0")
    # By a power of two where the sum might leave float64, though the mean does not.
    power_off = np.where(logs.min(axis=-1) < -(2.0**950), 64, 0)
    scaled = np.ldexp(logs, -power_off[..., np.newaxis])
    log_likelihood = total(scaled)
    with np.errstate(invalid="ignore", over="ignore"):
        lost = total(np.concatenate((scaled, -log_likelihood[..., np.newaxis]), axis=-1))
        nats, rest = two_sum(*divide_dd(-log_likelihood, -lost, logs.shape[-1]))
        rest = np.where(np.isfinite(rest) & (power_off == 0), rest, 0.0)
        nats = np.clip(np.ldexp(nats, power_off), -logs.max(axis=-1), -logs.min(axis=-1))
    return LogProbPerplexity(logs, nats + 0.0, power(math.e, nats) * (1.0 + rest))


@overload
def perplexity(probs: ArrayLike, normalize: bool = ...) -> Perplexity: ...
@overload
def perplexity(probs: None = None, normalize: bool = ..., *, tokens: ArrayLike) -> TokenPerplexity: ...
@overload
def perplexity(probs: None = None, normalize: bool = ..., *, log_probs: ArrayLike) -> LogProbPerplexity: ...
@overload
def perplexity(probs: None = None, normalize: bool = ..., *, logits: ArrayLike) -> Perplexity: ...
def perplexity(
    probs: ArrayLike | None = None,
    normalize: bool = False,
    *,
    tokens: ArrayLike | None = None,
    log_probs: ArrayLike | None = None,
    logits: ArrayLike | None = None,
) -> Perplexity | TokenPerplexity | LogProbPerplexity:
    """Return the perplexity of distributions, or of texts by their tokens' probabilities or logarithms.

    exp of the entropy in nats along the last axis; of tokens exp of the mean of -ln p, which a token
    of probability 0 makes inf. `log_probs` are natural logarithms of tokens' probabilities; `logits`
    are those of a distribution. Jelinek, Mercer, Bahl and Baker (1977).

    >>> float(perplexity([0.25, 0.25, 0.25, 0.25]).perplexity)
    4.0
    >>> float(perplexity(tokens=[0.5, 0.125]).perplexity)
    4.0
    >>> float(perplexity(log_probs=[-1.0, -3.0]).nats)
    2.0
    """
    forms = {"probs": probs}, {"tokens": tokens}, {"log_probs": log_probs}, {"logits": logits}
    form = select_form(*forms, normalize=normalize)
    if form == "logits":
        return _perplexity_of_logits(logits)
    if form == "probs":
        return _perplexity_of_probs(probs, normalize)
    return _perplexity_of_tokens(tokens) if form == "tokens" else _perplexity_of_log_probs(log_probs)
