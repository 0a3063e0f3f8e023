"""Entropy and cross-entropy straight from logits, where probabilities would have lost the digits."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.core.arrays import Array, Check, vectors
from aimath.core.distributions import (
    Terms,
    expected,
    logarithm,
    mass,
    over_rows,
    power,
    products,
    smoothed,
    smoothing,
    uniform_entropy,
)
from aimath.core.divergence import entropy_rows
from aimath.core.exponentials import log_softmax_rows, logsumexp_rows, softmax_rows
from aimath.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Indices = np.ndarray[Any, np.dtype[np.intp]]


class EntropyOfLogits(NamedTuple):
    """Entropies of what softmax makes of logits."""

    logits: Array  # (..., n)
    base: float  # > 1
    probs: Array  # (..., n) sums to 1 along n
    entropy: Array  # (...) 0..log n

    @property
    def surprise(self) -> Array:  # (..., n) >= 0
        """-log of the probabilities, from the logits."""
        return np.asarray(0.0 - log_softmax_rows(self.logits) / logarithm(self.base)[2])

    @property
    def terms(self) -> Array:  # (..., n) >= 0
        """Probs times surprise."""
        return expected(self.probs, self.surprise)

    @property
    def nats(self) -> Array:  # (...)
        """The entropy in nats."""
        return self.entropy * logarithm(self.base)[2]

    @property
    def perplexity(self) -> Array:  # (...) 1..n
        """Base ** entropy."""
        return power(self.base, self.entropy)

    @property
    def maximum(self) -> float:
        """Log n, the entropy of equal logits."""
        return uniform_entropy(self.logits.shape[-1], self.base)

    def check(self) -> Check:
        """By the log-sum-exp less the mean logit."""
        scale = np.abs(np.where(np.isfinite(self.logits), self.logits, 0.0)).max(axis=-1)
        mean = expected(self.probs, self.logits).sum(axis=-1)
        nats = logsumexp_rows(self.logits) - mean
        exact = np.where(scale > 1e6, entropy_rows(self.probs, math.e), nats)  # the difference has lost them
        return Check(self.entropy, exact / logarithm(self.base)[2])


def entropy_of_logits(logits: ArrayLike, base: float = 2.0) -> EntropyOfLogits:
    """Give the entropy of the softmax of logits along the last axis; -inf masks an outcome.

    entropy = sum(probs * (logsumexp(logits) - logits)); in bits (base 2). Where one outcome is all
    but sure its surprise comes from the others, as 1 - p would have no digits left. Shannon (1948).

    >>> float(entropy_of_logits([0.0, 0.0]).entropy)
    1.0
    """
    x = vectors(logits, "logit", allow=(-np.inf,))
    nat = logarithm(base)[2]
    probs, _ = softmax_rows(x)
    plain = np.array(entropy_rows(probs, base))
    sure = probs.max(axis=-1) > 0.5
    if sure.any():

        def kernel(p: Array, logs: Array) -> Terms:
            return Terms((products(p, np.where(p > 0, logs, 0.0)),))

        (sums,) = over_rows(kernel, probs[sure], log_softmax_rows(x[sure]))
        plain[sure] = 0.0 - sums / nat
    return EntropyOfLogits(x, float(base), probs, plain)


class CrossEntropyOfLogits(NamedTuple):
    """Losses of logits where the right classes are known."""

    logits: Array  # (..., n)
    target: Indices  # (...) 0..n-1
    base: float  # > 1
    label_smoothing: float  # 0..1
    cross_entropy: Array  # (...) >= 0, inf where the right class is masked

    @property
    def probs(self) -> Array:  # (..., n) sums to 1 along n
        """softmax(logits)."""
        return softmax_rows(self.logits)[0]

    @property
    def target_probs(self) -> Array:  # (..., n) sums to 1 along n
        """The target as a distribution, smoothed."""
        hot = np.arange(self.logits.shape[-1]) == self.target[..., np.newaxis]
        return smoothed(hot.astype(np.float64), self.label_smoothing)

    @property
    def terms(self) -> Array:  # (..., n) >= 0
        """-target_probs log(probs)."""
        nats = 0.0 - log_softmax_rows(self.logits)
        return np.asarray(expected(self.target_probs, nats) / logarithm(self.base)[2])

    @property
    def perplexity(self) -> Array:  # (...) >= 1
        """Base ** cross_entropy."""
        return power(self.base, self.cross_entropy)

    def check(self) -> Check:
        """By the log-sum-exp less the logit hoped for."""
        x = self.logits
        wanted = expected(self.target_probs, x).sum(axis=-1)
        return Check(self.cross_entropy, (logsumexp_rows(x) - wanted) / logarithm(self.base)[2])


def cross_entropy_of_logits(
    logits: ArrayLike, target: ArrayLike, base: float = math.e, label_smoothing: float = 0.0
) -> CrossEntropyOfLogits:
    """Give the cross-entropy of logits along the last axis where class `target` (from 0) is right.

    cross_entropy = logsumexp(logits) - logits[target]; in nats; label_smoothing as in torch:
    (1 - label_smoothing) * target + label_smoothing / n. torch skips target -100, optax wraps -1:
    both are errors here. Bridle (1990).

    >>> float(cross_entropy_of_logits([50.0, 0.0], 0).cross_entropy)
    1.9287498479639178e-22
    """
    x = vectors(logits, "logit", allow=(-np.inf,), operand="logits")
    classes, share, nat = _classes(target, x), smoothing(label_smoothing), logarithm(base)[2]
    logs = log_softmax_rows(x)
    nats = 0.0 - np.take_along_axis(logs, classes[..., np.newaxis], axis=-1)[..., 0]
    if share > 0.0:
        with np.errstate(invalid="ignore"):
            kept = (1.0 - share) * nats if share < 1.0 else 0.0
            nats = kept - share * (mass(logs) / x.shape[-1])
    return CrossEntropyOfLogits(x, classes, float(base), share, nats / nat)


def _classes(target: ArrayLike, logits: Array) -> Indices:
    given = np.asarray(target)
    if given.dtype.kind not in "iu":
        raise InputError("a target class must be a whole number, counted from 0", operand="target")
    if given.size != 1 and given.shape != logits.shape[:-1]:
        raise InputError(
            f"{given.size} target classes for {logits[..., 0].size} rows: give as many, or one for all",
            operand="target",
        )
    n = logits.shape[-1]
    bad = ((given < 0) | (given >= n)).reshape(-1)
    if bad.any():
        row = int(np.argmax(bad))
        raise InputError(
            f"there is no class {given.reshape(-1)[row]}, only 0 to {n - 1}", row=row, operand="target"
        )
    rows = given.astype(np.intp).reshape(()) if given.size == 1 else given.astype(np.intp)
    return np.broadcast_to(rows, logits.shape[:-1])
