"""The Jensen-Shannon divergence, which is never infinite, and its root, which is a distance."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aimath.core.arrays import Array, Check
from aimath.core.distributions import pair
from aimath.core.divergence import entropy_rows, js_rows, kl_rows

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


class JS(NamedTuple):
    """Jensen-Shannon divergences of p and q, or the distances that are their roots."""

    p: Array  # (..., n) sums to 1 along n
    q: Array  # (..., n) or (n,) sums to 1 along n
    base: float  # > 1
    distance: bool
    divergence: Array  # (...) 0..log 2
    js: Array  # (...) the divergence, or its square root if a distance was asked for

    @property
    def mixture(self) -> Array:  # (..., n) sums to 1 along n
        """(p + q) / 2."""
        return 0.5 * self.p + 0.5 * self.q

    @property
    def kl_p(self) -> Array:  # (...) 0..log 2
        """KL(p, mixture)."""
        return kl_rows(self.p, self.mixture, self.base)

    @property
    def kl_q(self) -> Array:  # (...) 0..log 2
        """KL(q, mixture)."""
        return kl_rows(self.q, self.mixture, self.base)

    def check(self) -> Check:
        """By entropies: that of the mixture less the mean of both."""
        m, p, q = (entropy_rows(a, self.base) for a in (self.mixture, self.p, self.q))
        other = np.maximum(m - 0.5 * (p + q), 0.0)
        return Check(self.divergence, other)


def js(p: ArrayLike, q: ArrayLike, base: float = 2.0, distance: bool = False, normalize: bool = False) -> JS:
    """Give the Jensen-Shannon divergence of distributions p and q, or the distance, its square root.

    js = (kl(p, m) + kl(q, m)) / 2 with m = (p + q) / 2; in bits, so that it ends at 1, where nothing
    is shared. scipy's jensenshannon is the distance, in nats. Lin (1991).

    >>> float(js([1, 0], [0, 1]).js)
    1.0
    """
    a, b = pair(p, q, normalize=normalize)
    divergence = js_rows(a, b, base, names=() if normalize else ("p", "q"))
    return JS(a, b, float(base), distance, divergence, np.sqrt(divergence) if distance else divergence)
