"""Cross-entropy of distributions, and of logits, where probabilities would have lost the digits."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple, overload

import numpy as np

from aimath.core.information._logit_pairs import as_log_probs
from aimath.core.information._reductions import (
    Rounding,
    adds_up,
    cross_entropy_rows,
    entropy_rows,
    expectation_terms,
    first_infinite,
    kl_rows,
    logarithm,
    power,
    self_information,
    smooth_labels,
    total,
)
from aimath.core.information._weights import as_distribution_pair, as_weights, normalize_weights
from aimath.core.numerics.arrays import (
    Check,
    as_floats,
    as_vectors,
    check_number,
    check_same_rows,
    check_simplex,
    raise_at,
)
from aimath.core.numerics.forms import select_form
from aimath.core.probability import log_softmax_rows, logsumexp_rows, softmax_rows
from aimath.errors import InputError, pluralize

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from aimath.core.numerics.axes import Classes, EntryNumbers, Scalars, Vectors
    from aimath.core.numerics.types import Array, Indices


class CrossEntropy(NamedTuple):
    """Cross-entropies of p relative to q."""

    p: Vectors  # sums to 1, as given
    q: Vectors  # sums to 1
    base: float  # > 1
    label_smoothing: float  # 0..1
    cross_entropy: Scalars  # >= entropy, inf where q = 0 < target
    rounding: Rounding = Rounding()

    @property
    def target(self) -> Vectors:  # sums to 1
        """(1 - label_smoothing) p + label_smoothing / n."""
        return smooth_labels(self.p, self.label_smoothing)

    @property
    def terms(self) -> Vectors:  # >= 0
        """-target log q."""
        return expectation_terms(self.target, self_information(self.q, self.base, self.rounding.q))

    @property
    def infinite_entry(self) -> EntryNumbers:  # 1..n, or 0
        """The first entry that makes the answer infinite, 0 if none does."""
        return first_infinite(self.terms)

    @property
    def entropy(self) -> Scalars:
        """The entropy of the target, which no q can go below."""
        return entropy_rows(self.target, self.base, low=self._unsmoothed().p)

    @property
    def kl(self) -> Scalars:  # >= 0
        """KL(target, q), what q costs above the entropy."""
        return kl_rows(self.target, self.q, self.base, difference=self._unsmoothed().difference)

    def _unsmoothed(self) -> Rounding:
        """Return what rounding took, of targets that are p itself."""
        return Rounding() if self.label_smoothing > 0.0 else self.rounding

    @property
    def perplexity(self) -> Scalars:
        """Base ** cross_entropy."""
        return power(self.base, self.cross_entropy)

    def parts_add_up(self) -> Any:
        """Return whether cross_entropy is entropy + kl alone, as where target and q sum to the same."""
        parts = np.broadcast_arrays(self.entropy, self.kl)
        return adds_up(np.stack(parts, axis=-1), self.cross_entropy)

    def check(self) -> Check:
        """Return the cross-entropy beside entropy + KL."""
        drift = (total(self.target) - total(self.q)) / logarithm(self.base)[2]
        own = cross_entropy_rows(self.target, self.target, self.base)  # the entropy, not cut off at 0
        return Check(self.cross_entropy, own + self.kl + drift)


def _cross_entropy_of_probs(
    p: Any, q: Any, base: float, label_smoothing: float, normalize: bool
) -> CrossEntropy:
    a, b, rounding = as_distribution_pair(p, q, normalize=normalize)
    share = check_number("label_smoothing", float(label_smoothing), "0 to 1")
    if share > 0 and not normalize:
        a = check_simplex(a, operand="p")
    names = () if normalize else ("p", "q")
    found = cross_entropy_rows(smooth_labels(a, share), b, base, q_low=rounding.q, names=names)
    return CrossEntropy(a, b, float(base), share, found, rounding)


def _cross_entropy_of_class(
    probs: Any, target: Any, base: float, label_smoothing: float, normalize: bool
) -> CrossEntropy:
    q = as_floats(probs, operand="probs")
    certain = _one_hot(_check_target(target, q), q.shape[-1])
    return _cross_entropy_of_probs(certain, q, base, label_smoothing, normalize)


class CrossEntropyOfLogits(NamedTuple):
    """Losses of logits where the right classes are known."""

    logits: Vectors
    target: Classes  # 0..n-1
    base: float  # > 1
    label_smoothing: float  # 0..1
    cross_entropy: Scalars  # >= 0, inf where the right class is masked

    @property
    def probs(self) -> Vectors:  # sums to 1
        """softmax(logits)."""
        return softmax_rows(self.logits)[0]

    @property
    def target_probs(self) -> Vectors:  # sums to 1
        """The target as a distribution, smoothed."""
        return smooth_labels(_one_hot(self.target, self.logits.shape[-1]), self.label_smoothing)

    @property
    def terms(self) -> Vectors:  # >= 0
        """-target_probs log(probs)."""
        nats = 0.0 - log_softmax_rows(self.logits)
        return np.asarray(expectation_terms(self.target_probs, nats) / logarithm(self.base)[2])

    @property
    def infinite_entry(self) -> EntryNumbers:  # 1..n, or 0
        """The first entry that makes the answer infinite, 0 if none does."""
        return first_infinite(self.terms)

    @property
    def perplexity(self) -> Scalars:  # >= 1
        """Base ** cross_entropy."""
        return power(self.base, self.cross_entropy)

    def check(self) -> Check:
        """Return the cross-entropy beside logsumexp less the expected logit."""
        x = self.logits
        wanted = expectation_terms(self.target_probs, x).sum(axis=-1)
        return Check(self.cross_entropy, (logsumexp_rows(x) - wanted) / logarithm(self.base)[2])


class SoftCrossEntropy(NamedTuple):
    """Losses of logits where a distribution is right, as of a teacher or of uncertain labels."""

    p: Vectors  # sums to 1, as given
    logits: Vectors
    base: float  # > 1
    label_smoothing: float  # 0..1
    cross_entropy: Scalars  # >= entropy, inf where a class that is possible is masked

    @property
    def target(self) -> Vectors:  # sums to 1
        """(1 - label_smoothing) p + label_smoothing / n."""
        return smooth_labels(self.p, self.label_smoothing)

    @property
    def probs(self) -> Vectors:  # sums to 1
        """softmax(logits)."""
        return softmax_rows(self.logits)[0]

    @property
    def terms(self) -> Vectors:  # >= 0
        """-target log(probs), from the logits."""
        return _soft_terms(self.target, self.logits) / logarithm(self.base)[2]

    @property
    def entropy(self) -> Scalars:
        """The entropy of the target, which no logits can go below."""
        return entropy_rows(self.target, self.base)

    @property
    def perplexity(self) -> Scalars:  # >= 1
        """Base ** cross_entropy."""
        return power(self.base, self.cross_entropy)

    def check(self) -> Check:
        """Return the cross-entropy beside logsumexp, once for all of the target, less the expected logit."""
        x, t = self.logits, self.target
        expected = total(expectation_terms(t, x))
        other = (total(t) * logsumexp_rows(x) - expected) / logarithm(self.base)[2]
        return Check(self.cross_entropy, other, np.abs(logsumexp_rows(x)) + np.abs(expected) + 1.0)


def _soft_terms(target: Array, logits: Array) -> Array:
    return np.asarray(expectation_terms(target, 0.0 - log_softmax_rows(logits)))


def _cross_entropy_of_soft_targets(
    p: Any, logits: Any, base: float, label_smoothing: float, normalize: bool
) -> SoftCrossEntropy:
    x = as_vectors(logits, "logit", allow=(-np.inf,), operand="logits")
    share, nat = check_number("label_smoothing", float(label_smoothing), "0 to 1"), logarithm(base)[2]
    given = normalize_weights(as_weights(p, operand="p"))[0] if normalize else check_simplex(p, operand="p")
    check_same_rows(given, x, ("p", "logits"))
    given, x = np.broadcast_arrays(given, x)
    nats = total(_soft_terms(smooth_labels(given, share), x))
    return SoftCrossEntropy(given, x, float(base), share, nats / nat + 0.0)


@overload
def cross_entropy(
    p: ArrayLike,
    q: None = None,
    base: float = ...,
    label_smoothing: float = ...,
    normalize: bool = ...,
    *,
    logits: ArrayLike,
) -> SoftCrossEntropy: ...
@overload
def cross_entropy(
    p: ArrayLike | None = None,
    q: None = None,
    base: float = ...,
    label_smoothing: float = ...,
    normalize: bool = ...,
    *,
    log_probs: ArrayLike,
    target: ArrayLike | None = ...,
) -> CrossEntropyOfLogits | SoftCrossEntropy: ...
@overload
def cross_entropy(
    p: None = None,
    q: None = None,
    base: float = ...,
    label_smoothing: float = ...,
    normalize: bool = ...,
    *,
    logits: ArrayLike,
    target: ArrayLike,
) -> CrossEntropyOfLogits: ...
@overload
def cross_entropy(
    p: None = None,
    q: None = None,
    base: float = ...,
    label_smoothing: float = ...,
    normalize: bool = ...,
    *,
    probs: ArrayLike,
    target: ArrayLike,
) -> CrossEntropy: ...
@overload
def cross_entropy(
    p: ArrayLike, q: ArrayLike, base: float = ..., label_smoothing: float = ..., normalize: bool = ...
) -> CrossEntropy: ...
def cross_entropy(
    p: ArrayLike | None = None,
    q: ArrayLike | None = None,
    base: float = math.e,
    label_smoothing: float = 0.0,
    normalize: bool = False,
    *,
    logits: ArrayLike | None = None,
    probs: ArrayLike | None = None,
    target: ArrayLike | None = None,
    log_probs: ArrayLike | None = None,
) -> CrossEntropy | CrossEntropyOfLogits | SoftCrossEntropy:
    """Return the cross-entropy of p relative to q or logits, or of logits or probs with target classes.

    -sum(t * log(q)) along the last axis, t = (1 - label_smoothing) * p + label_smoothing / n as in
    torch; in nats. q = 0 < t gives inf, where scikit-learn clips. Of logits it is logsumexp(logits) -
    logits[target]; torch skips target -100, optax wraps -1: both are errors here. Of probs it is
    -log(probs[target]), as they are; of natural log_probs as of logits. Good (1952), Bridle (1990).

    >>> float(cross_entropy([0.0, 1.0], [0.5, 0.5], base=2).cross_entropy)
    1.0
    >>> float(cross_entropy(logits=[50.0, 0.0], target=0).cross_entropy)
    1.9287498479639178e-22
    >>> float(cross_entropy([0.5, 0.5], logits=[0.0, 0.0], base=2).cross_entropy)
    1.0
    """
    if log_probs is not None:
        if logits is not None or probs is not None:
            raise InputError("give one of logits, probs and log_probs", usage=True)
        logits = as_log_probs(log_probs, normalize=normalize)
        if target is not None:
            normalize = False  # it is done by the softmax of logits
    if p is not None and logits is not None and q is None and target is None and probs is None:
        return _cross_entropy_of_soft_targets(p, logits, base, label_smoothing, normalize)
    if logits is not None and probs is not None:
        raise InputError("give logits or probs, not both", usage=True)
    form = select_form(
        {"p": p, "q": q},
        *([{"logits": logits, "target": target}] if probs is None else []),
        *([{"probs": probs, "target": target}] if logits is None else []),
        normalize=normalize and probs is None,
    )
    if form == "p":
        return _cross_entropy_of_probs(p, q, base, label_smoothing, normalize)
    if form == "probs":
        return _cross_entropy_of_class(probs, target, base, label_smoothing, normalize)
    return _cross_entropy_of_logits(logits, target, base, label_smoothing)


def _cross_entropy_of_logits(
    logits: Any, target: Any, base: float, label_smoothing: float
) -> CrossEntropyOfLogits:
    x = as_vectors(logits, "logit", allow=(-np.inf,), operand="logits")
    classes, share, nat = (
        _check_target(target, x),
        check_number("label_smoothing", float(label_smoothing), "0 to 1"),
        logarithm(base)[2],
    )
    logs = log_softmax_rows(x)
    nats = 0.0 - np.take_along_axis(logs, classes[..., np.newaxis], axis=-1)[..., 0]
    if share > 0.0:
        with np.errstate(invalid="ignore"):
            kept = (1.0 - share) * nats if share < 1.0 else 0.0
            nats = kept - share * (total(logs) / x.shape[-1])
    masked = x == -np.inf
    masked = (
        masked.any(axis=-1)
        if share > 0.0
        else np.take_along_axis(masked, classes[..., np.newaxis], -1)[..., 0]
    )
    wild = np.atleast_1d(np.isinf(nats) & ~masked)[..., np.newaxis]
    raise_at(wild, "the cross-entropy is beyond float64", operand="logits")
    return CrossEntropyOfLogits(x, classes, float(base), share, nats / nat)


def _one_hot(classes: Indices, count: int) -> Array:
    """Return the distributions (..., count) that are sure of their classes (...)."""
    return np.asarray(np.arange(count) == classes[..., np.newaxis], np.float64)


def _check_target(target: ArrayLike, logits: Array) -> Indices:
    given = np.asarray(target)
    if given.dtype.kind not in "iu":
        raise InputError("a {operand} class must be a whole number, counted from 0", operand="target")
    if given.size != 1 and given.shape != logits.shape[:-1]:
        raise InputError(
            "{count} {operand} classes for {rows}: give as many, or one for all",
            operand="target",
            count=given.size,
            rows=pluralize(logits[..., 0].size, "row"),
        )
    n = logits.shape[-1]
    bad = ((given < 0) | (given >= n)).reshape(-1)
    if bad.any():
        row = int(np.argmax(bad))
        why = f"there is no class {given.reshape(-1)[row]}, only 0 to {n - 1}"
        raise InputError(why, row=row, operand="target")
    rows = given.astype(np.intp).reshape(()) if given.size == 1 else given.astype(np.intp)
    return np.broadcast_to(rows, logits.shape[:-1])
