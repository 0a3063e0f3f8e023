"""The normal distribution: density, cdf, quantiles, intervals, samples."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, overload

import numpy as np

from aimath.core.numerics import special as special
from aimath.core.numerics.arrays import Check, as_positive, as_vectors, broadcast_operands
from aimath.core.numerics.double_double import divide_dd, two_prod, two_sum
from aimath.core.numerics.forms import select_form
from aimath.core.probability._bayes import as_probability
from aimath.errors import InputError

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import ArrayLike

    from aimath.core.numerics.axes import OptionalVectors, Scalar, Scalars
    from aimath.core.numerics.types import Array


FRACTION_TERMS = 100
"""Terms of a continued fraction: from two sigmas on they give ten digits."""


class Gaussian(NamedTuple):
    """The normal distribution at x."""

    x: OptionalVectors  # may be infinite
    mu: Scalar
    sigma: Scalar  # above 0
    density: OptionalVectors  # per unit of x, at least 0

    @property
    def z(self) -> OptionalVectors:
        """Distance from the mean in sigmas."""
        return special.standardize(self.x, self.mu, self.sigma)[0]

    @property
    def log_density(self) -> OptionalVectors:
        """Nats, within 2 ulp of the larger of its two terms; finite where the density underflows."""
        with np.errstate(over="ignore"):
            h, low = special.square_dd(*special.standardize(self.x, self.mu, self.sigma))
        return np.asarray(-0.5 * h - 0.5 * low - (np.log(self.sigma) - np.log(special.NORMAL_PDF_AT_0)))

    @property
    def cdf(self) -> OptionalVectors:
        """P(X <= x)."""
        return special.normal_cdf(*special.standardize(self.x, self.mu, self.sigma))

    @property
    def log_cdf(self) -> OptionalVectors:
        """Log of P(X <= x) in nats, finite where the cdf underflows."""
        return special.log_normal_cdf(*special.standardize(self.x, self.mu, self.sigma))

    @property
    def survival(self) -> OptionalVectors:
        """P(X > x), with its own digits where the cdf is nearly 1."""
        z, dz = special.standardize(self.x, self.mu, self.sigma)
        return special.normal_cdf(-z, -dz)

    def check(self) -> Check:
        """Return the density beside exp(log_density)."""
        with np.errstate(over="ignore"):
            return Check(self.density, np.exp(self.log_density))

    def check_log(self) -> Check:
        """Return the log-density beside log(density), where that hasn't underflowed."""
        with np.errstate(divide="ignore"):
            other = np.log(self.density)
        return Check(self.log_density, np.where(self.density > 1e-300, other, self.log_density))

    def check_cdf(self) -> Check:
        """Return the cdf beside the integral of the density up to x."""
        low = np.full_like(self.x, -np.inf)
        return GaussianInterval(low, self.x, self.mu, self.sigma, self.cdf).check()

    def check_log_cdf(self) -> Check:
        """Return the log-cdf beside the log of an area, in the lower tail beside a continued fraction."""
        far = np.full_like(self.x, np.inf)
        upper = self.z > 0.0
        ends = np.where(upper, self.x, -far), np.where(upper, far, self.x)
        area = GaussianInterval(*ends, self.mu, self.sigma, self.cdf).check().alternative
        with np.errstate(all="ignore"):
            near = np.where(upper, np.log1p(-area), np.log(area))
            return Check(self.log_cdf, np.where(self.z < -2.0, _log_tail_by_fraction(self.z), near))


def _log_tail_by_fraction(z: Array) -> Array:
    """Return log P(Z <= z) for z < -2 by the continued fraction of Mills' ratio (Laplace 1805)."""
    t = np.abs(z)
    below = t
    for k in range(FRACTION_TERMS, 0, -1):
        below = t + k / below
    return np.asarray(np.log(special.NORMAL_PDF_AT_0) - 0.5 * t * t - np.log(below))


def _density(x: Any, mu: Any, sigma: Any) -> Gaussian:
    """Return density and cdf at x; z in two parts, else its rounding costs z² ulp (scipy: 431 at 30)."""
    at, mean, width = broadcast_operands(
        x=_as_reals(x, "x", infinite=True), mu=_as_reals(mu, "mu"), sigma=_as_sigma(sigma)
    )
    density = special.normal_pdf(*special.standardize(at, mean, width), width)
    return Gaussian(at, *_keep_scalars(mean, width, mu, sigma), density)


class GaussianQuantile(NamedTuple):
    """A quantile of a normal distribution."""

    p: OptionalVectors  # 0 .. 1
    mu: Scalar
    sigma: Scalar  # above 0
    quantile: OptionalVectors  # -inf at 0, inf at 1

    @property
    def z(self) -> OptionalVectors:
        """The quantile in sigmas from the mean."""
        return special.normal_quantile(self.p)[0]

    def check(self) -> Check:
        """Return p beside the cdf at the quantile."""
        return Check(self.p, special.normal_cdf(*special.standardize(self.quantile, self.mu, self.sigma)))


def _quantile(p: Any, mu: Any, sigma: Any) -> GaussianQuantile:
    """Return mu + sigma * z, where P(Z <= z) = p: Wichura's AS 241 (1988) and a step of Newton."""
    share, mean, width = broadcast_operands(
        p=as_probability(p, "probability", "p"), mu=_as_reals(mu, "mu"), sigma=_as_sigma(sigma)
    )
    with np.errstate(all="ignore"):
        z, dz = special.normal_quantile(share)
        step, lost = two_prod(z, width)
        value, rest = two_sum(step, mean)
        rest = rest + lost + dz * width
        quantile = np.where(np.isfinite(rest), value + rest, z * width + mean)
    return GaussianQuantile(share, *_keep_scalars(mean, width, mu, sigma), quantile)


class GaussianInterval(NamedTuple):
    """The probability of an interval under a normal distribution."""

    low: Scalars  # may be -inf
    high: Scalars  # at least low, may be inf
    mu: Scalar
    sigma: Scalar  # above 0
    probability: Scalars  # P(low < X <= high)

    @property
    def z_low(self) -> Scalars:
        """The lower end in sigmas from the mean."""
        return special.standardize(self.low, self.mu, self.sigma)[0]

    @property
    def z_high(self) -> Scalars:
        """The upper end in sigmas from the mean."""
        return special.standardize(self.high, self.mu, self.sigma)[0]

    def check(self) -> Check:
        """Return the probability beside Gauss-Legendre quadrature of the density on 64 pieces."""
        nodes, weights = _gauss_legendre()
        ends = np.clip(self.z_low, -40.0, 40.0), np.clip(self.z_high, -40.0, 40.0)
        peak = np.clip(0.0, *ends)  # of a tail, its inner end
        a, b = (np.clip(z, peak - 9.0, peak + 9.0)[..., np.newaxis] for z in ends)
        half = (b - a) / 128.0
        middles = a + half * (2.0 * np.arange(64) + 1.0)
        z = middles[..., np.newaxis] + half[..., np.newaxis] * nodes
        area = (np.exp(-0.5 * z * z) @ weights * half).sum(axis=-1) * special.NORMAL_PDF_AT_0
        return Check(self.probability, area)


def _interval(low: Any, high: Any, mu: Any, sigma: Any) -> GaussianInterval:
    """Return the probability that a normal variable lies between low and high.

    cdf(high) - cdf(low), taken in the tail where it loses nothing; an interval so narrow that the
    two would cancel is integrated instead (Gauss and Legendre, 16 points).
    """
    ends = {k: _as_reals(v, k, infinite=True) for k, v in (("low", low), ("high", high))}
    a, b, mean, width = broadcast_operands(**ends, mu=_as_reals(mu, "mu"), sigma=_as_sigma(sigma))
    if (a > b).any():
        k = int(np.argmax(a > b))
        raise InputError(
            "{operand} {low:g} is above high {high:g}", operand="low", low=a.flat[k], high=b.flat[k]
        )
    (za, da), (zb, db) = (special.standardize(end, mean, width) for end in (a, b))
    flip = za > 0.0  # in the upper half the tails above are small, so the interval is turned around
    za, da, zb, db = (np.where(flip, -s, t) for s, t in ((zb, za), (db, da), (za, zb), (da, db)))
    with np.errstate(all="ignore"):
        wide = special.normal_cdf(zb, db) - special.normal_cdf(za, da)
        both = 1.0 - (special.normal_cdf(za, da) + special.normal_cdf(-zb, -db))
        probability = np.where(zb > 0.0, both, wide)
        gap = special.standardize(b, a, width)[0]
        narrow = (gap <= 2.0) & (gap * np.maximum(np.abs(za), np.abs(zb)) <= 1.5)
        if narrow.any():
            probability[narrow] = _integrate_density(a[narrow], b[narrow], mean[narrow], width[narrow])
    return GaussianInterval(a, b, *_keep_scalars(mean, width, mu, sigma), probability)


def _integrate_density(low: Array, high: Array, mu: Array, sigma: Array) -> Array:
    """Return the integral of the density over a narrow interval, by Gauss-Legendre quadrature."""
    # By a power of two, which changes no ratio, where a sum might leave float64.
    size = np.maximum.reduce((np.abs(low), np.abs(high), np.abs(mu), sigma))
    power = np.where(size > 2.0**1000, -30, 0)
    low, high, mu, sigma = (np.ldexp(a, power) for a in (low, high, mu, sigma))
    d, e = two_sum(low, high)
    top, rest = two_sum(d, -2.0 * mu)
    m, dm = divide_dd(top, rest + e, 2.0 * sigma)
    gap, more = divide_dd(*two_sum(high, -low), sigma)
    excess = np.zeros_like(m)  # of the mean over 1: what is small may be rounded
    for node, weight in zip(*_gauss_legendre(), strict=True):
        t = 0.5 * gap * node
        excess += 0.5 * weight * np.expm1(-t * (m + 0.5 * t))
    value, rest = two_prod(special.normal_pdf(m, dm, np.ones_like(m)), gap)
    density_more = value * (more / np.where(gap == 0.0, 1.0, gap)) + rest
    return np.where(low == high, 0.0, value + (value * excess + density_more))


@cache
def _gauss_legendre() -> tuple[Array, Array]:
    nodes, weights = np.polynomial.legendre.leggauss(16)
    return nodes, weights


class GaussianSample(NamedTuple):
    """A random sample of a normal distribution."""

    mu: float
    sigma: float  # above 0
    sample: Scalars

    @property
    def z(self) -> Scalars:
        """Each number in sigmas from the mean."""
        return special.standardize(self.sample, np.asarray(self.mu), np.asarray(self.sigma))[0]

    def check(self) -> Check:
        """Return each z-score beside the quantile of its own tail."""
        z = self.z
        below = special.normal_quantile(special.normal_cdf(-np.abs(z), np.zeros_like(z)))[0]
        return Check(z, np.where(z > 0.0, -below, below))


def _sample(count: float, mu: Any, sigma: Any, rng: Generator) -> GaussianSample:
    """Return a random sample, by numpy's own method: the ziggurat of Marsaglia and Tsang (2000)."""
    if count != int(count) or count < 1:
        raise InputError(
            "{operand} must be a whole number of at least 1, not {value:g}", operand="count", value=count
        )
    mean, width = float(_as_reals(mu, "mu")), float(_as_sigma(sigma))
    with np.errstate(over="ignore"):
        drawn = mean + width * rng.standard_normal(int(count))
    if np.isinf(drawn).any():
        raise InputError("a number of the sample is beyond float64", operand="sigma")
    return GaussianSample(mean, width, drawn)


@overload
def gaussian(x: ArrayLike, mu: ArrayLike = ..., sigma: ArrayLike = ...) -> Gaussian: ...
@overload
def gaussian(
    x: None = None, mu: ArrayLike = ..., sigma: ArrayLike = ..., *, quantile: ArrayLike
) -> GaussianQuantile: ...
@overload
def gaussian(
    x: None = None, mu: ArrayLike = ..., sigma: ArrayLike = ..., *, between: tuple[ArrayLike, ArrayLike]
) -> GaussianInterval: ...
@overload
def gaussian(
    x: None = None, mu: float = ..., sigma: float = ..., *, sample: int, seed: int = ...
) -> GaussianSample: ...
def gaussian(
    x: ArrayLike | None = None,
    mu: ArrayLike = 0.0,
    sigma: ArrayLike = 1.0,
    *,
    quantile: ArrayLike | None = None,
    between: tuple[ArrayLike, ArrayLike] | None = None,
    sample: int | None = None,
    seed: int = 0,
) -> Gaussian | GaussianQuantile | GaussianInterval | GaussianSample:
    """Return density and cdf of the normal distribution at x, or what else is asked of it.

    density = exp(-((x - mu) / sigma)² / 2) / (sigma * sqrt(2π)), sigma being the standard deviation,
    not the variance. `quantile`: the x with P(X <= x) = each of these probabilities; `between`: the
    probability of an interval (low, high); `sample`: so many random numbers. Gauss (1809).

    >>> gaussian(0).density
    array(0.39894228)
    >>> gaussian(quantile=0.975).quantile
    array(1.95996398)
    >>> gaussian(between=(10, 11)).probability
    array(7.61966196e-24)
    """
    form = select_form({"x": x}, {"quantile": quantile}, {"between": between}, {"sample": sample})
    if form == "quantile":
        return _quantile(quantile, mu, sigma)
    if between is not None:
        return _interval(*between, mu, sigma)
    if sample is not None:
        return _sample(sample, mu, sigma, np.random.default_rng(seed))
    return _density(x, mu, sigma)


def _as_reals(values: ArrayLike, name: str, *, infinite: bool = False) -> Array:
    allow = (np.inf, -np.inf) if infinite else ()
    return as_vectors(values, name, allow=allow, operand=name).reshape(np.shape(values))


def _keep_scalars(mean: Array, width: Array, mu: ArrayLike, sigma: ArrayLike) -> tuple[Array, Array]:
    """Return the parameters back as single numbers where they came as such."""
    mu, sigma = np.asarray(mu, np.float64), np.asarray(sigma, np.float64)
    return mean if mu.ndim else mu, width if sigma.ndim else sigma


def _as_sigma(sigma: ArrayLike) -> Array:
    return as_positive(sigma, "sigma", operand="sigma").reshape(np.shape(sigma))
