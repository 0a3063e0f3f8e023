"""Entropy, cross-entropy and divergences of distributions along the last axis; the door to their kin.

Probabilities are used as given if they sum to 1 within 1e-6 and refused otherwise; `normalize`
divides weights or counts by their sum. No epsilon stands in any logarithm: 0 log 0 is 0, and what
is infinite is inf. Entropies count in bits unless told, KL and cross-entropy in nats.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.core.arrays import Array, Check, simplex
from aimath.core.contingency import MutualInformation, mutual_information
from aimath.core.distributions import (
    expected,
    loaded,
    logarithm,
    mass,
    pair,
    power,
    smoothed,
    smoothing,
    surprises,
    uniform_entropy,
    unit,
)
from aimath.core.divergence import cross_entropy_rows, entropy_rows, kl_rows, p_log_ratio
from aimath.core.gaussian_divergence import GaussianKL, VaeKL, gaussian_kl, vae_kl
from aimath.core.jensen_shannon import JS, js
from aimath.core.logits import (
    CrossEntropyOfLogits,
    EntropyOfLogits,
    cross_entropy_of_logits,
    entropy_of_logits,
)
from aimath.core.perplexities import (
    LogPerplexity,
    Perplexity,
    TokenPerplexity,
    perplexity,
    perplexity_of_log_probs,
    perplexity_of_tokens,
)
from aimath.core.preferences import RLHF, rlhf

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = [
    "JS",
    "KL",
    "RLHF",
    "CrossEntropy",
    "CrossEntropyOfLogits",
    "Entropy",
    "EntropyOfLogits",
    "GaussianKL",
    "LogPerplexity",
    "MutualInformation",
    "Perplexity",
    "TokenPerplexity",
    "VaeKL",
    "cross_entropy",
    "cross_entropy_of_logits",
    "entropy",
    "entropy_of_logits",
    "gaussian_kl",
    "js",
    "kl",
    "mutual_information",
    "perplexity",
    "perplexity_of_log_probs",
    "perplexity_of_tokens",
    "rlhf",
    "unit",
    "vae_kl",
]


class Entropy(NamedTuple):
    """Entropies and how they came about."""

    probs: Array  # (..., n) sums to 1 along n
    base: float  # > 1
    entropy: Array  # (...) 0..log n

    @property
    def surprise(self) -> Array:  # (..., n) >= 0, inf where p = 0
        """-log p."""
        return surprises(self.probs, self.base)

    @property
    def terms(self) -> Array:  # (..., n) >= 0
        """P times surprise."""
        return expected(self.probs, self.surprise)

    @property
    def nats(self) -> Array:  # (...)
        """The entropy in nats."""
        return self.entropy * logarithm(self.base)[2]

    @property
    def perplexity(self) -> Array:  # (...) 1..n
        """Base ** entropy: as many equally likely outcomes are as uncertain."""
        return power(self.base, self.entropy)

    @property
    def maximum(self) -> float:
        """Log n, the entropy of the uniform distribution."""
        return uniform_entropy(self.probs.shape[-1], self.base)

    def check(self) -> Check:
        """By the divergence from the uniform distribution: log n - KL(p, uniform)."""
        n = self.probs.shape[-1]
        kl = kl_rows(self.probs, np.full(n, 1.0 / n), self.base)
        excess = mass(self.probs) - 1.0
        other = self.maximum * (1.0 + excess) - kl - excess / logarithm(self.base)[2]
        return Check(self.entropy, np.maximum(other, 0.0))


def entropy(probs: ArrayLike, base: float = 2.0, normalize: bool = False) -> Entropy:
    """Give the entropy of distributions along the last axis: the mean surprise of an outcome.

    entropy = -sum(probs * log(probs)), 0 log 0 = 0; in bits (base 2). scipy.stats.entropy counts
    in nats and normalises whatever it is given. Shannon (1948).

    >>> float(entropy([0.5, 0.25, 0.25]).entropy)
    1.5
    """
    p = loaded(probs, normalize=normalize)
    return Entropy(p, float(base), entropy_rows(p, base, names=() if normalize else (None,)))


class CrossEntropy(NamedTuple):
    """Cross-entropies of p relative to q."""

    p: Array  # (..., n) sums to 1 along n, as given
    q: Array  # (..., n) or (n,) sums to 1 along n
    base: float  # > 1
    label_smoothing: float  # 0..1
    cross_entropy: Array  # (...) >= entropy, inf where q = 0 < target

    @property
    def target(self) -> Array:  # (..., n) sums to 1 along n
        """(1 - label_smoothing) p + label_smoothing / n."""
        return smoothed(self.p, self.label_smoothing)

    @property
    def terms(self) -> Array:  # (..., n) >= 0
        """-target log q."""
        return expected(self.target, surprises(self.q, self.base))

    @property
    def entropy(self) -> Array:  # (...)
        """The entropy of the target, which no q can go below."""
        return entropy_rows(self.target, self.base)

    @property
    def kl(self) -> Array:  # (...) >= 0
        """KL(target, q), what q costs above the entropy."""
        return kl_rows(self.target, self.q, self.base)

    @property
    def perplexity(self) -> Array:  # (...)
        """Base ** cross_entropy."""
        return power(self.base, self.cross_entropy)

    def check(self) -> Check:
        """By its parts: entropy + KL."""
        drift = (mass(self.target) - mass(self.q)) / logarithm(self.base)[2]
        return Check(self.cross_entropy, self.entropy + self.kl + drift)


def cross_entropy(
    p: ArrayLike, q: ArrayLike, base: float = math.e, label_smoothing: float = 0.0, normalize: bool = False
) -> CrossEntropy:
    """Give the cross-entropy of distributions p relative to q: the mean surprise of who believes q.

    cross_entropy = -sum(target * log(q)), target = (1 - label_smoothing) * p + label_smoothing / n
    as in torch; in nats. q = 0 < target gives inf, where scikit-learn clips. Good (1952).

    >>> float(cross_entropy([0.0, 1.0], [0.5, 0.5], base=2).cross_entropy)
    1.0
    """
    a, b = pair(p, q, normalize=normalize)
    share = smoothing(label_smoothing)
    if share > 0 and not normalize:
        a = simplex(a, operand="p")
    names = () if normalize else ("p", "q")
    found = cross_entropy_rows(smoothed(a, share), b, base, names=names)
    return CrossEntropy(a, b, float(base), share, found)


class KL(NamedTuple):
    """Divergences of p from q."""

    p: Array  # (..., n) sums to 1 along n
    q: Array  # (..., n) or (n,) sums to 1 along n
    base: float  # > 1
    kl: Array  # (...) >= 0, inf where q = 0 < p

    @property
    def terms(self) -> Array:  # (..., n) of both signs
        """P log(p/q)."""
        log, divisor, _ = logarithm(self.base)
        with np.errstate(all="ignore"):
            p, q = np.broadcast_arrays(self.p, self.q)
            return p_log_ratio(p, p, q, log) / divisor

    @property
    def cross_entropy(self) -> Array:  # (...)
        """-sum(p log q)."""
        return cross_entropy_rows(self.p, self.q, self.base)

    @property
    def entropy(self) -> Array:  # (...)
        """The entropy of p."""
        return entropy_rows(self.p, self.base)

    @property
    def reverse(self) -> Array:  # (...) >= 0
        """KL(q, p)."""
        return kl_rows(self.q, self.p, self.base)

    @property
    def reverse_terms(self) -> Array:  # (..., n) of both signs
        """Q log(q/p)."""
        return self._reversed().terms

    @property
    def infinite_at(self) -> np.ndarray[Any, np.dtype[np.intp]]:  # (...) 0..n-1, or -1
        """Where q = 0 < p first, -1 if nowhere."""
        impossible = (self.q == 0) & (self.p > 0)
        return np.where(impossible.any(axis=-1), impossible.argmax(axis=-1), -1)

    def check(self) -> Check:
        """By what coding for q costs above the entropy: cross-entropy - entropy."""
        drift = (mass(self.p) - mass(self.q)) / logarithm(self.base)[2]
        return Check(self.kl, self.cross_entropy - self.entropy - drift)

    def check_reverse(self) -> Check:
        """By what coding for p costs above the entropy of q."""
        return self._reversed().check()

    def _reversed(self) -> KL:
        return KL(self.q, self.p, self.base, self.reverse)


def kl(p: ArrayLike, q: ArrayLike, base: float = math.e, normalize: bool = False) -> KL:
    """Give the Kullback-Leibler divergence of distributions p from q, along the last axis.

    kl = sum(p * log(p / q) - p + q), which is sum(p * log(p / q)) where both sum to 1 and is not
    moved by the last digits of the sums; in nats. q = 0 < p gives inf. torch's kl_div takes
    (log q, p), and the mean by default. Kullback and Leibler (1951).

    >>> float(kl([0.5, 0.5, 0], [0.25, 0.25, 0.5], base=2).kl)
    1.0
    """
    a, b = pair(p, q, normalize=normalize)
    return KL(a, b, float(base), kl_rows(a, b, base, names=() if normalize else ("p", "q")))
