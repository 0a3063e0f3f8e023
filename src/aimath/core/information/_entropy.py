"""Entropy of probabilities, and straight from logits, where probabilities would have lost the digits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.core.information._logit_pairs import as_log_probs
from aimath.core.information._reductions import (
    Rounding,
    adds_up,
    as_distribution,
    entropy_rows,
    expectation_terms,
    kl_rows,
    logarithm,
    power,
    self_information,
    total,
)
from aimath.core.information._weights import as_weights, normalize_weights
from aimath.core.numerics.arrays import Check, as_vectors, raise_at
from aimath.core.numerics.forms import select_form
from aimath.core.probability import log_softmax_rows, softmax_rows
from aimath.errors import InputError, Remedy

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from aimath.core.numerics.axes import Scalars, Vectors
    from aimath.core.numerics.types import Array


class Entropy(NamedTuple):
    """The entropy of distributions."""

    logits: Vectors | None  # what softmax made the probabilities of, if it did
    probs: Vectors  # sums to 1
    base: float  # > 1
    entropy: Scalars  # 0..log n
    rounding: Rounding = Rounding()

    @property
    def surprise(self) -> Vectors:  # >= 0, inf where p = 0
        """-log p."""
        if self.logits is None:
            return self_information(self.probs, self.base, self.rounding.p)
        nats = log_softmax_rows(self.logits)
        with np.errstate(over="ignore"):
            found = np.asarray(0.0 - nats / logarithm(self.base)[2])
        beyond = np.isinf(found) & (self.logits > -np.inf)
        raise_at(np.atleast_2d(beyond), "the surprise of outcome {k} is beyond float64", operand="logits")
        return found

    @property
    def terms(self) -> Vectors:  # >= 0
        """What each outcome adds: p times its surprise."""
        if self.logits is None:
            return expectation_terms(self.probs, self.surprise)
        possible = np.where(self.probs > 0.0, log_softmax_rows(self.logits), 0.0)
        return np.asarray(expectation_terms(self.probs, 0.0 - possible) / logarithm(self.base)[2])

    @property
    def nats(self) -> Scalars:
        """The entropy in nats."""
        return self.entropy * logarithm(self.base)[2]

    @property
    def perplexity(self) -> Scalars:  # 1..n
        """Base ** entropy: as many equally likely outcomes are as uncertain."""
        return np.minimum(power(self.base, self.entropy), float(self.probs.shape[-1]))

    @property
    def maximum(self) -> float:
        """Log n, the entropy of the uniform distribution."""
        log, divisor, _ = logarithm(self.base)
        return float(log(float(self.probs.shape[-1])) / divisor)

    def terms_add_up(self) -> Any:
        """Return whether the terms add up to the entropy: not below 0, where p sums to more than 1."""
        return adds_up(self.terms, self.entropy)

    def check(self) -> Check:
        """Return the entropy beside log n - KL(p, uniform)."""
        n = self.probs.shape[-1]
        kl = kl_rows(self.probs, np.full(n, 1.0 / n), self.base)
        excess = total(self.probs) - 1.0
        other = self.maximum * (1.0 + excess) - kl - excess / logarithm(self.base)[2]
        return Check(self.entropy, np.clip(other, 0.0, self.maximum))


def entropy(
    probs: ArrayLike | None = None,
    base: float = 2.0,
    normalize: bool = False,
    *,
    logits: ArrayLike | None = None,
    log_probs: ArrayLike | None = None,
) -> Entropy:
    """Return the Shannon entropy of distributions along the last axis, or of softmax(logits).

    entropy = -sum(probs * log(probs)), 0 log 0 = 0; in bits (base 2). scipy.stats.entropy counts
    in nats and normalises whatever it is given. `log_probs` are natural logarithms. Shannon (1948).

    >>> float(entropy([0.5, 0.25, 0.25]).entropy)
    1.5
    >>> float(entropy(logits=[0.0, 0.0]).entropy)
    1.0
    """
    forms = {"probs": probs}, {"logits": logits}, {"log_probs": log_probs}
    form = select_form(*forms, normalize=normalize and log_probs is None)
    if form == "log_probs":
        return _entropy_of_logits(as_log_probs(log_probs, normalize=normalize), base)
    return _entropy_of_logits(logits, base) if form == "logits" else _entropy_of_probs(probs, base, normalize)


def _entropy_of_probs(probs: Any, base: float, normalize: bool) -> Entropy:
    if normalize:
        p, low = normalize_weights(as_weights(probs))
        return Entropy(None, p, float(base), entropy_rows(p, base, low=low), Rounding(low))
    p = as_distribution(probs)
    try:
        return Entropy(None, p, float(base), entropy_rows(p, base, names=(None,)))
    except InputError as error:
        raise advise_logits(error, p) from None


def advise_logits(error: InputError, p: Array) -> InputError:
    """Return the error about a row of `p` that is no distribution, with what it may be instead."""
    row = p.reshape(-1, p.shape[-1])[error.row or 0 :][:1]
    if (row < 0.0).any():
        error.hint = Remedy("use {logits} if these are logits", logits=...)
    elif (row > 1.0).any() and (row != np.floor(row)).any():  # whole numbers are more likely counts
        error.hint = Remedy(
            "use {logits} if these are logits, or {normalize} to divide weights by their sum",
            logits=...,
            normalize=True,
        )
    return error


def _entropy_of_logits(logits: Any, base: float) -> Entropy:
    """Return the Shannon entropy of softmax(logits) along the last axis; -inf masks an outcome.

    entropy = sum(probs * (logsumexp(logits) - logits)). Where one outcome is all but sure its
    surprise comes from the others, as 1 - p would have no digits left.
    """
    x = as_vectors(logits, "logit", allow=(-np.inf,))
    probs, _ = softmax_rows(x)
    found = np.array(entropy_rows(probs, base))
    sure = probs.max(axis=-1) > 0.5
    if sure.any():
        nats = 0.0 - total(expectation_terms(probs[sure], log_softmax_rows(x[sure])))
        log, divisor, nat = logarithm(base)
        found[sure] = np.minimum(nats / nat, log(float(x.shape[-1])) / divisor)
    return Entropy(x, probs, float(base), found)
