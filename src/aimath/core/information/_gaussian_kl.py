"""Divergences of Gaussians in closed form, and the one that a variational autoencoder minimises."""

from __future__ import annotations

import math
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple, overload

import numpy as np

from aimath.core.information._reductions import accurate_sum, atanh_tail, horner, logarithm
from aimath.core.numerics.arrays import Check, as_positive, as_vectors, check_same_rows
from aimath.core.numerics.forms import select_form
from aimath.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from aimath.core.numerics.axes import OptionalVectors, Scalars, Vectors
    from aimath.core.numerics.types import Array


class GaussianKL(NamedTuple):
    """Divergences of diagonal Gaussians."""

    mu: Vectors
    sigma: OptionalVectors  # > 0
    mu2: OptionalVectors
    sigma2: OptionalVectors  # > 0
    base: float  # > 1
    kl: Scalars  # >= 0

    @property
    def terms(self) -> Vectors:  # >= 0
        """The divergence along each dimension."""
        return _gaussian_terms(self.mu, self.sigma, self.mu2, self.sigma2) / logarithm(self.base)[2]

    def check(self) -> Check:
        """Return kl beside log(sigma2/sigma) + (sigma^2 + (mu - mu2)^2) / (2 sigma2^2) - 1/2."""
        with np.errstate(over="ignore", invalid="ignore"):
            ratio, z = self.sigma / self.sigma2, self.mu / self.sigma2 - self.mu2 / self.sigma2
            logs = np.log(self.sigma2) - np.log(self.sigma)
            nats = (logs + (ratio**2 + z**2) / 2.0 - 0.5).sum(axis=-1)
        return Check(self.kl, nats / logarithm(self.base)[2])


def _kl_of_gaussians(mu: Any, sigma: Any, mu2: Any, sigma2: Any, base: float) -> GaussianKL:
    m1, m2 = as_vectors(mu, "mu", operand="mu"), as_vectors(mu2, "mu2", operand="mu2")
    s1, s2 = as_positive(sigma, "sigma", operand="sigma"), as_positive(sigma2, "sigma2", operand="sigma2")
    sides = (("mu", mu, m1), ("sigma", sigma, s1), ("mu2", mu2, m2), ("sigma2", sigma2, s2))
    several = [(name, a) for name, given, a in sides if np.ndim(given) > 0]
    for (one, a), (other, b) in combinations(several, 2):
        check_same_rows(a, b, (one, other))
    nat = logarithm(base)[2]
    return GaussianKL(m1, s1, m2, s2, float(base), accurate_sum(_gaussian_terms(m1, s1, m2, s2)) / nat)


def _gaussian_terms(mu: Array, sigma: Array, mu2: Array, sigma2: Array) -> Array:
    """Return r - log1p(r) + r^2/2 + ((mu - mu2)/sigma2)^2 / 2 with r = (sigma - sigma2) / sigma2.

    From half to twice as wide, log1p(r) = 2 atanh(u) with u = r/(2 + r), and r - 2u = r u.
    """
    with np.errstate(all="ignore"):
        r, ratio = (sigma - sigma2) / sigma2, sigma / sigma2
        near = (ratio > 0.5) & (ratio < 2.0)
        u = np.where(near, r / (2.0 + r), 0.0)
        close = r * u + 0.5 * r * r - 2.0 * u * u * u * atanh_tail(u * u)
        logs = np.where((ratio > 0) & (ratio < np.inf), np.log(ratio), np.log(sigma) - np.log(sigma2))
        spread = np.where(near, close, 0.5 * (ratio - 1.0) * (ratio + 1.0) - logs)
        gap = mu - mu2
        z = np.where(np.isfinite(gap), gap / sigma2, 2.0 * ((0.5 * mu - 0.5 * mu2) / sigma2))
        return np.asarray(spread + 0.5 * z * z)


class VaeKL(NamedTuple):
    """Divergences of an encoder's Gaussians from the standard one."""

    mu: Vectors
    logvar: Vectors  # ln sigma^2
    base: float  # > 1
    kl: Scalars  # >= 0

    @property
    def terms(self) -> Vectors:  # >= 0
        """The divergence along each dimension."""
        return _vae_terms(self.mu, self.logvar) / logarithm(self.base)[2]

    @property
    def sigma(self) -> Vectors:  # > 0
        """exp(logvar / 2)."""
        with np.errstate(over="ignore"):
            return np.exp(0.5 * self.logvar)

    def check(self) -> Check:
        """Return kl beside -1/2 sum(1 + logvar - mu^2 - exp(logvar))."""
        with np.errstate(over="ignore"):
            nats = -0.5 * (1.0 + self.logvar - self.mu**2 - np.exp(self.logvar)).sum(axis=-1)
        return Check(self.kl, nats / logarithm(self.base)[2])


def _vae_kl(mu: Any, logvar: Any, base: float) -> VaeKL:
    """Return KL(N(mu, exp(logvar)), N(0, 1)), summed over the last axis.

    kl = sum(exp(logvar) - 1 - logvar + mu^2) / 2. Kingma and Welling (2013), appendix B.
    """
    m, v = as_vectors(mu, "mu", operand="mu"), as_vectors(logvar, "logvar", operand="logvar")
    check_same_rows(m, v, ("mu", "logvar"))
    return VaeKL(m, v, float(base), accurate_sum(_vae_terms(m, v)) / logarithm(base)[2])


EXP_SERIES = [1.0 / math.factorial(k) for k in range(2, 22)]
"""(exp(v) - 1 - v) / v^2 in powers of v, enough of them for |v| <= 1."""


def _vae_terms(mu: Array, logvar: Array) -> Array:
    with np.errstate(over="ignore"):
        near = np.abs(logvar) <= 1.0
        v = np.where(near, logvar, 0.0)
        spread = np.where(near, v * v * horner(v, EXP_SERIES), np.expm1(logvar) - logvar)
        return np.asarray(0.5 * (spread + mu * mu))


@overload
def gaussian_kl(
    mu: ArrayLike,
    sigma: ArrayLike,
    mu2: ArrayLike | None = ...,
    sigma2: ArrayLike | None = ...,
    base: float = ...,
) -> GaussianKL: ...
@overload
def gaussian_kl(
    mu: ArrayLike,
    sigma: None = None,
    mu2: None = None,
    sigma2: None = None,
    base: float = ...,
    *,
    logvar: ArrayLike,
) -> VaeKL: ...
def gaussian_kl(
    mu: ArrayLike,
    sigma: ArrayLike | None = None,
    mu2: ArrayLike | None = None,
    sigma2: ArrayLike | None = None,
    base: float = math.e,
    *,
    logvar: ArrayLike | None = None,
) -> GaussianKL | VaeKL:
    """Return KL(N(mu, sigma^2), N(mu2, sigma2^2)) of diagonal Gaussians, summed over the last axis.

    kl = sum(log(sigma2 / sigma) + (sigma^2 + (mu - mu2)^2) / (2 sigma2^2) - 1/2); in nats; a single
    number stands for all dimensions; mu2 = 0 and sigma2 = 1 unless given. A VAE's logvar = ln(sigma^2)
    may stand in place of sigma, against N(0, 1). Kullback (1959), Kingma and Welling (2013); exact
    to the last digits where torch's is 0.

    >>> float(gaussian_kl([1.0, 0.0], 1.0).kl)
    0.5
    >>> float(gaussian_kl([1.0, 0.0], logvar=[0.0, 0.0]).kl)
    0.5
    """
    if select_form({"sigma": sigma}, {"logvar": logvar}) == "sigma":
        second = (0.0 if mu2 is None else mu2, 1.0 if sigma2 is None else sigma2)
        return _kl_of_gaussians(mu, sigma, *second, base)
    if mu2 is not None or sigma2 is not None:
        raise InputError("logvar is measured against N(0, 1): give mu and logvar alone", usage=True)
    return _vae_kl(mu, logvar, base)
