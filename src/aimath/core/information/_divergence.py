"""Divergences of distributions along the last axis: Kullback-Leibler and Jensen-Shannon."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.core.information._reductions import (
    Rounding,
    accurate_sum,
    adds_up,
    cross_entropy_rows,
    divergence_terms,
    entropy_rows,
    first_infinite,
    js_rows,
    kl_rows,
    logarithm,
)
from aimath.core.information._weights import as_distribution_pair
from aimath.core.numerics.arrays import Check

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from aimath.core.numerics.axes import Entries, EntryNumbers, Scalars, Vectors


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


def kl(p: ArrayLike, q: ArrayLike, base: float = math.e, normalize: bool = False) -> KL:
    """Return the Kullback-Leibler divergence KL(p, q) of distributions along the last axis.

    kl = sum(p * log(p / q) - p + q), which is sum(p * log(p / q)) where both sum to 1 and is not
    moved by the last digits of the sums; in nats. q = 0 < p gives inf. torch's kl_div takes
    (log q, p), and the mean by default. Kullback and Leibler (1951).

    >>> float(kl([0.5, 0.5, 0], [0.25, 0.25, 0.5], base=2).kl)
    1.0
    """
    a, b, rounding = as_distribution_pair(p, q, normalize=normalize)
    names = () if normalize else ("p", "q")
    return KL(a, b, float(base), kl_rows(a, b, base, difference=rounding.difference, names=names), rounding)


class JS(NamedTuple):
    """Jensen-Shannon divergences of p and q, and the distances that are their roots."""

    p: Vectors  # sums to 1
    q: Vectors  # sums to 1
    base: float  # > 1
    js: Scalars  # 0..log 2
    rounding: Rounding = Rounding()

    @property
    def distance(self) -> Scalars:  # >= 0
        """The square root of the divergence, a metric."""
        return np.sqrt(self.js)

    @property
    def mixture(self) -> Vectors:  # sums to 1
        """(p + q) / 2."""
        return 0.5 * self.p + 0.5 * self.q

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


def js(p: ArrayLike, q: ArrayLike, base: float = 2.0, normalize: bool = False) -> JS:
    """Return the Jensen-Shannon divergence of distributions p and q, and its square root, the distance.

    js = (kl(p, m) + kl(q, m)) / 2 with m = (p + q) / 2; in bits, so that it ends at 1, where nothing
    is shared. scipy's jensenshannon is the distance, in nats. Lin (1991).

    >>> float(js([1, 0], [0, 1]).js)
    1.0
    """
    a, b, rounding = as_distribution_pair(p, q, normalize=normalize)
    names = () if normalize else ("p", "q")
    return JS(a, b, float(base), js_rows(a, b, base, difference=rounding.difference, names=names), rounding)
