"""Cross-entropy of distributions, and of logits, where probabilities would have lost the digits."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.core.information._reductions import (
    adds_up,
    as_distribution_pair,
    check_label_smoothing,
    cross_entropy_rows,
    entropy_rows,
    expectation_terms,
    kl_rows,
    logarithm,
    power,
    self_information,
    smooth_labels,
    total,
)
from aimath.core.numerics.arrays import Check, as_vectors, check_simplex
from aimath.core.probability import log_softmax_rows, logsumexp_rows, softmax_rows
from aimath.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from aimath.core.numerics.types import Array, Indices


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
        return smooth_labels(self.p, self.label_smoothing)

    @property
    def terms(self) -> Array:  # (..., n) >= 0
        """-target log q."""
        return expectation_terms(self.target, self_information(self.q, self.base))

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

    def parts_add_up(self) -> Any:  # (...) truth values
        """Return whether cross_entropy is entropy + kl alone, as where target and q sum to the same."""
        parts = np.broadcast_arrays(self.entropy, self.kl)
        return adds_up(np.stack(parts, axis=-1), self.cross_entropy)

    def check(self) -> Check:
        """Return the cross-entropy beside entropy + KL."""
        drift = (total(self.target) - total(self.q)) / logarithm(self.base)[2]
        own = cross_entropy_rows(self.target, self.target, self.base)  # the entropy, not cut off at 0
        return Check(self.cross_entropy, own + self.kl + drift)


def cross_entropy(
    p: ArrayLike, q: ArrayLike, base: float = math.e, label_smoothing: float = 0.0, normalize: bool = False
) -> CrossEntropy:
    """Return the cross-entropy of distributions p relative to q along the last axis.

    cross_entropy = -sum(target * log(q)), target = (1 - label_smoothing) * p + label_smoothing / n
    as in torch; in nats. q = 0 < target gives inf, where scikit-learn clips. Good (1952).

    >>> float(cross_entropy([0.0, 1.0], [0.5, 0.5], base=2).cross_entropy)
    1.0
    """
    a, b = as_distribution_pair(p, q, normalize=normalize)
    share = check_label_smoothing(label_smoothing)
    if share > 0 and not normalize:
        a = check_simplex(a, operand="p")
    names = () if normalize else ("p", "q")
    found = cross_entropy_rows(smooth_labels(a, share), b, base, names=names)
    return CrossEntropy(a, b, float(base), share, found)


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
        return smooth_labels(hot.astype(np.float64), self.label_smoothing)

    @property
    def terms(self) -> Array:  # (..., n) >= 0
        """-target_probs log(probs)."""
        nats = 0.0 - log_softmax_rows(self.logits)
        return np.asarray(expectation_terms(self.target_probs, nats) / logarithm(self.base)[2])

    @property
    def perplexity(self) -> Array:  # (...) >= 1
        """Base ** cross_entropy."""
        return power(self.base, self.cross_entropy)

    def check(self) -> Check:
        """Return the cross-entropy beside logsumexp less the expected logit."""
        x = self.logits
        wanted = expectation_terms(self.target_probs, x).sum(axis=-1)
        return Check(self.cross_entropy, (logsumexp_rows(x) - wanted) / logarithm(self.base)[2])


def cross_entropy_of_logits(
    logits: ArrayLike, target: ArrayLike, base: float = math.e, label_smoothing: float = 0.0
) -> CrossEntropyOfLogits:
    """Return the cross-entropy of logits along the last axis with target class indices.

    cross_entropy = logsumexp(logits) - logits[target]; in nats; label_smoothing as in torch:
    (1 - label_smoothing) * target + label_smoothing / n. torch skips target -100, optax wraps -1:
    both are errors here. Bridle (1990).

    >>> float(cross_entropy_of_logits([50.0, 0.0], 0).cross_entropy)
    1.9287498479639178e-22
    """
    x = as_vectors(logits, "logit", allow=(-np.inf,), operand="logits")
    classes, share, nat = _check_target(target, x), check_label_smoothing(label_smoothing), logarithm(base)[2]
    logs = log_softmax_rows(x)
    nats = 0.0 - np.take_along_axis(logs, classes[..., np.newaxis], axis=-1)[..., 0]
    if share > 0.0:
        with np.errstate(invalid="ignore"):
            kept = (1.0 - share) * nats if share < 1.0 else 0.0
            nats = kept - share * (total(logs) / x.shape[-1])
    return CrossEntropyOfLogits(x, classes, float(base), share, nats / nat)


def _check_target(target: ArrayLike, logits: Array) -> Indices:
    given = np.asarray(target)
    if given.dtype.kind not in "iu":
        raise InputError("a {operand} class must be a whole number, counted from 0", operand="target")
    if given.size != 1 and given.shape != logits.shape[:-1]:
        raise InputError(
            "{count} {operand} classes for {rows} rows: give as many, or one for all",
            operand="target",
            count=given.size,
            rows=logits[..., 0].size,
        )
    n = logits.shape[-1]
    bad = ((given < 0) | (given >= n)).reshape(-1)
    if bad.any():
        row = int(np.argmax(bad))
        why = f"there is no class {given.reshape(-1)[row]}, only 0 to {n - 1}"
        raise InputError(why, row=row, operand="target")
    rows = given.astype(np.intp).reshape(()) if given.size == 1 else given.astype(np.intp)
    return np.broadcast_to(rows, logits.shape[:-1])
