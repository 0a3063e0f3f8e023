"""Divergences of distributions along the last axis: Kullback-Leibler and Jensen-Shannon."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.core.information._logit_pairs import LogRatios, as_logit_pair, log_ratios
from aimath.core.information._reductions import (
    Rounding,
    accurate_sum,
    adds_up,
    cross_entropy_rows,
    divergence_terms,
    entropy_rows,
    expectation_terms,
    first_infinite,
    js_rows,
    js_terms,
    kl_rows,
    logarithm,
)
from aimath.core.information._weights import as_distribution_pair
from aimath.core.numerics.arrays import Check
from aimath.core.numerics.forms import check_scale
from aimath.core.probability import log_softmax_rows
from aimath.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from aimath.core.numerics.axes import Entries, EntryNumbers, Scalars, Vectors
    from aimath.core.numerics.types import Array


TEMPERATURES = (1e-100, 1e100)
"""Temperatures at which T² and what it multiplies are within float64."""


class KL(NamedTuple):
    """Divergences of p from q."""

    p: Vectors  # sums to 1
    q: Vectors  # sums to 1
    base: float  # > 1
    kl: Scalars  # >= 0, inf where q = 0 < p
    rounding: Rounding = Rounding()

    @property
    def terms(self) -> Vectors:  # of both signs
        """What each outcome adds: p log(p/q)."""
        return divergence_terms(self.p, self.q, self.base, self.rounding)

    @property
    def cross_entropy(self) -> Scalars:
        """-sum(p log q)."""
        return cross_entropy_rows(self.p, self.q, self.base, q_low=self.rounding.q)

    @property
    def entropy(self) -> Scalars:
        """The entropy of p."""
        return entropy_rows(self.p, self.base, low=self.rounding.p)

    @property
    def reverse(self) -> Scalars:  # >= 0
        """KL(q, p)."""
        return kl_rows(self.q, self.p, self.base, difference=self.rounding.swap().difference)

    @property
    def reverse_terms(self) -> Vectors:  # of both signs
        """What each outcome adds the other way round: q log(q/p)."""
        return self._swap().terms

    @property
    def infinite_at(self) -> Entries:  # 0..n-1, or -1
        """Where q = 0 < p first, -1 if nowhere."""
        impossible = (self.q == 0) & (self.p > 0)
        return np.where(impossible.any(axis=-1), impossible.argmax(axis=-1), -1)

    @property
    def infinite_entry(self) -> EntryNumbers:  # 1..n, or 0
        """The first entry that makes the answer infinite, 0 if none does."""
        return first_infinite(self.terms)

    @property
    def reverse_infinite_entry(self) -> EntryNumbers:  # 1..n, or 0
        """The first entry that makes the reverse divergence infinite, 0 if none does."""
        return first_infinite(self.reverse_terms)

    @property
    def mass_difference(self) -> Scalars:  # near 0
        """(Σ q - Σ p) / ln base: the part of kl that is not in `terms`."""
        p, q = np.broadcast_arrays(self.p, self.q)
        return accurate_sum(np.concatenate((q, -p), axis=-1)) / logarithm(self.base)[2]

    def terms_add_up(self) -> Any:
        """Return whether the terms alone add up to kl, as where p and q sum to the same."""
        return adds_up(self.terms, self.kl)

    def reverse_terms_add_up(self) -> Any:
        """Return whether the reverse terms alone add up to the reverse divergence."""
        return self._swap().terms_add_up()

    def entropies_add_up(self) -> Any:
        """Return whether kl is cross_entropy - entropy alone, as where p and q sum to the same."""
        parts = np.broadcast_arrays(self.cross_entropy, -self.entropy)
        return adds_up(np.stack(parts, axis=-1), self.kl)

    def check(self) -> Check:
        """Return the divergence beside cross-entropy - entropy."""
        own = cross_entropy_rows(self.p, self.p, self.base)  # the entropy, not cut off at 0
        return Check(self.kl, self.cross_entropy - own + self.mass_difference)

    def check_reverse(self) -> Check:
        """Return the reverse divergence beside its cross-entropy - entropy."""
        return self._swap().check()

    def _swap(self) -> KL:
        return KL(self.q, self.p, self.base, self.reverse, self.rounding.swap())


class KLOfLogits(NamedTuple):
    """Divergences of softmax(p_logits) from softmax(q_logits), kept from the logits."""

    p_logits: Vectors
    q_logits: Vectors
    base: float  # > 1
    kl: Scalars  # >= 0, inf where q alone is masked
    reverse: Scalars  # >= 0
    ratios: LogRatios
    temperature: float = 1.0

    @property
    def distillation(self) -> Scalars:
        """T² kl, the loss whose gradients keep their size at every temperature (Hinton et al. 2015)."""
        with np.errstate(over="ignore"):
            return np.asarray(self.kl * self.temperature * self.temperature)

    @property
    def p(self) -> Vectors:  # sums to 1
        """softmax(p_logits / temperature)."""
        return self.ratios.p

    @property
    def q(self) -> Vectors:  # sums to 1
        """softmax(q_logits / temperature)."""
        return self.ratios.q

    @property
    def log_ratio(self) -> Vectors:
        """log(p/q), in digits that p and q no longer have."""
        return self.ratios.log_ratio / logarithm(self.base)[2]

    @property
    def terms(self) -> Vectors:  # of both signs
        """What each outcome adds: p log(p/q)."""
        return expectation_terms(self.p, self.log_ratio)

    @property
    def reverse_terms(self) -> Vectors:  # of both signs
        """What each outcome adds the other way round: q log(q/p)."""
        return expectation_terms(self.q, -self.log_ratio)

    @property
    def cross_entropy(self) -> Scalars:
        """-sum(p log q)."""
        return self._expected_surprise(self.p, self.q_logits)

    @property
    def entropy(self) -> Scalars:
        """The entropy of p."""
        found = self._expected_surprise(self.p, self.p_logits)
        return np.asarray(np.minimum(found, np.log(float(self.p.shape[-1])) / logarithm(self.base)[2]))

    def _expected_surprise(self, p: Array, logits: Array) -> Array:
        surprise = 0.0 - log_softmax_rows(logits, self.temperature)
        return np.asarray(accurate_sum(expectation_terms(p, surprise)) / logarithm(self.base)[2]) + 0.0

    @property
    def infinite_at(self) -> Entries:  # 0..n-1, or -1
        """Where q = 0 < p first, -1 if nowhere."""
        impossible = (self.q_logits == -np.inf) & (self.p > 0)
        return np.where(impossible.any(axis=-1), impossible.argmax(axis=-1), -1)

    def terms_add_up(self) -> Any:
        """Return whether the terms add up to kl in the digits that are shown."""
        return adds_up(self.terms, self.kl)

    def reverse_terms_add_up(self) -> Any:
        """Return whether the reverse terms add up to the reverse divergence."""
        return adds_up(self.reverse_terms, self.reverse)

    def check(self) -> Check:
        """Return the divergence beside cross-entropy - entropy."""
        return self._check(self.kl, self.cross_entropy, self.entropy)

    def check_reverse(self) -> Check:
        """Return the reverse divergence beside its cross-entropy - entropy."""
        crossed, own = (self._expected_surprise(self.q, z) for z in (self.p_logits, self.q_logits))
        return self._check(self.reverse, crossed, own)

    def _check(self, kl: Array, crossed: Array, own: Array) -> Check:
        return Check(kl, np.where(np.isinf(crossed), np.inf, crossed - own), np.maximum(own, 1.0))


def kl(
    p: ArrayLike,
    q: ArrayLike,
    base: float = math.e,
    normalize: bool = False,
    *,
    logits: bool = False,
    log_probs: bool = False,
    temperature: float = 1.0,
) -> KL | KLOfLogits:
    """Return the Kullback-Leibler divergence KL(p, q) of distributions along the last axis.

    kl = sum(p * log(p / q) - p + q), which is sum(p * log(p / q)) where both sum to 1 and is not
    moved by the last digits of the sums; in nats. q = 0 < p gives inf. With `logits` p and q are
    those of softmaxes, with `log_probs` natural logarithms, and log(p / q) is kept from them. With a
    `temperature` T the softmaxes are those of logits / T; `distillation` is T² kl, and kl without it.
    torch's kl_div takes (log q, p), and the mean by default. Kullback and Leibler (1951).

    >>> float(kl([0.5, 0.5, 0], [0.25, 0.25, 0.5], base=2).kl)
    1.0
    >>> float(kl([0.0, -800.0], [-800.0, 0.0], logits=True).kl)
    800.0
    """
    check_scale(logits=logits, log_probs=log_probs, normalize=normalize)
    _check_temperature(temperature, logits=logits)
    if logits or log_probs:
        z, w = as_logit_pair(p, q, log_probs=log_probs, normalize=normalize)
        nat, found = logarithm(base)[2], log_ratios(z, w, temperature)
        back = found.swap()
        return KLOfLogits(z, w, float(base), found.kl / nat, back.kl / nat, found, float(temperature))
    a, b, rounding = as_distribution_pair(p, q, normalize=normalize)
    names = () if normalize else ("p", "q")
    return KL(a, b, float(base), kl_rows(a, b, base, difference=rounding.difference, names=names), rounding)


def _check_temperature(temperature: float, *, logits: bool) -> None:
    """Raise an InputError unless there are logits that the temperature divides, and it leaves numbers."""
    if temperature == 1.0:
        return
    if not logits:
        raise InputError("{operand} divides logits", operand="temperature", usage=True)
    low, high = TEMPERATURES
    if not low <= temperature <= high:
        raise InputError(
            "{operand} must be from {low:g} to {high:g} here, not {value:g}",
            operand="temperature",
            low=low,
            high=high,
            value=temperature,
            usage=True,
        )


class JS(NamedTuple):
    """Jensen-Shannon divergences of p and q, and the distances that are their roots."""

    p: Vectors  # sums to 1
    q: Vectors  # sums to 1
    base: float  # > 1
    js: Scalars  # 0..log 2
    rounding: Rounding = Rounding()
    p_logits: Vectors | None = None  # what p and q are softmaxes of, if they are
    q_logits: Vectors | None = None

    @property
    def distance(self) -> Scalars:  # >= 0
        """The square root of the divergence, a metric."""
        return np.sqrt(self.js)

    @property
    def mixture(self) -> Vectors:  # sums to 1
        """(p + q) / 2."""
        return 0.5 * self.p + 0.5 * self.q

    @property
    def terms(self) -> Vectors:  # 0..log 2
        """What each outcome adds: (p log(p/m) + q log(q/m)) / 2 with m the mixture."""
        return js_terms(self.p, self.q, self.base, difference=self.rounding.difference)

    @property
    def kl_p(self) -> Scalars:  # 0..log 2
        """KL(p, mixture)."""
        return kl_rows(self.p, self.mixture, self.base, difference=self._half_difference())

    @property
    def kl_q(self) -> Scalars:  # 0..log 2
        """KL(q, mixture)."""
        return kl_rows(self.q, self.mixture, self.base, difference=-self._half_difference())

    def _half_difference(self) -> Vectors:
        """Return p - mixture, which the rounded mixture has lost the digits of."""
        difference = self.rounding.difference
        return np.asarray(0.5 * (self.p - self.q if difference is None else difference))

    def check(self) -> Check:
        """Return the divergence beside the entropy of the mixture less the mean of both entropies."""
        m, p, q = (entropy_rows(a, self.base) for a in (self.mixture, self.p, self.q))
        other = np.maximum(m - 0.5 * (p + q), 0.0)
        return Check(self.js, other)


def js(
    p: ArrayLike,
    q: ArrayLike,
    base: float = 2.0,
    normalize: bool = False,
    *,
    logits: bool = False,
    log_probs: bool = False,
) -> JS:
    """Return the Jensen-Shannon divergence of distributions p and q, and its square root, the distance.

    js = (kl(p, m) + kl(q, m)) / 2 with m = (p + q) / 2; in bits, so that it ends at 1, where nothing
    is shared. With `logits` p and q are those of softmaxes, with `log_probs` natural logarithms.
    scipy's jensenshannon is the distance, in nats. Lin (1991).

    >>> float(js([1, 0], [0, 1]).js)
    1.0
    """
    check_scale(logits=logits, log_probs=log_probs, normalize=normalize)
    if logits or log_probs:
        z, w = as_logit_pair(p, q, log_probs=log_probs, normalize=normalize)
        found = log_ratios(z, w)
        rounding = Rounding(difference=found.difference)
        answer = js_rows(found.p, found.q, base, difference=rounding.difference)
        return JS(found.p, found.q, float(base), answer, rounding, z, w)
    a, b, rounding = as_distribution_pair(p, q, normalize=normalize)
    names = () if normalize else ("p", "q")
    return JS(a, b, float(base), js_rows(a, b, base, difference=rounding.difference, names=names), rounding)
