"""Beta distributions to many digits: their quantiles, and how likely one is to exceed another.

Everything is a sum of positive terms in decimals, begun at its largest term, so that neither tails
nor millions of trials lose digits.
"""

from __future__ import annotations

import decimal
import math
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from aimath.core.numerics.types import Array

DIGITS = 40
MAX_DIGITS = 400
GUARD = 20
"""Digits that a probability must have left after it was taken from 1."""
LIFTED = 50
"""The parameter from which on the series of `exceeds` converges fast."""
MAX_NEWTON, CLOSE = 200, Decimal("1e-12")
"""Newton's steps, and the last of them: the next would be its square."""
STEP, CORE = 0.25, 12.0
"""Cells of the quadrature, in standard deviations of a density of log-odds, and how far they go."""
FALL, TAIL_CELLS = 45.0, 200
"""What falls off as exp(-a u) is followed to exp(-FALL), in so many cells of growing width."""


class BetaParameters(NamedTuple):
    """The parameters of a beta distribution, above 0."""

    a: Decimal
    b: Decimal


def beta_quantile(a: float, b: float, share: float, *, upper: bool = False) -> float:
    """Return the x below which, with `upper` above which, a share (0..1/2) of Beta(a, b) lies, rounded once.

    Newton's steps on the logarithm of the share, which is concave in the log-odds of x: from the
    second step on they rise to the root.

    >>> beta_quantile(1.0, 1.0, 0.25)
    0.25
    """
    with _context(DIGITS):
        p = BetaParameters(*map(Decimal, (b, a) if upper else (a, b)))  # 1 - X ~ Beta(b, a)
        target = Decimal(share).ln()
        u = p.a.ln() - p.b.ln() - 2 * (1 / p.a + 1 / p.b).sqrt()
        for _ in range(MAX_NEWTON):
            log_below, log_density = _log_below(p, u)
            step = (target - log_below) / (log_density - log_below).exp()
            u += step
            if abs(step) < CLOSE:
                break
        return float(1 / (1 + (u if upper else -u).exp()))


def exceeds(first: tuple[float, float], second: tuple[float, float]) -> float:
    """Return P(X > Y) of independent X ~ Beta(*first) and Y ~ Beta(*second), rounded once.

    The distribution function of one in powers, times the density of the other, is a sum of beta
    functions; of its four mirror images the one with the largest parameter converges fastest.

    >>> exceeds((2.0, 1.0), (1.0, 1.0))
    0.6666666666666666
    """
    digits = DIGITS
    while True:
        with _context(digits):
            (a, b), (c, d) = ((Decimal(x) for x in pair) for pair in (first, second))
            # P(Y < X) = S(c, d, a, b), and P(Y < X) = P(1 - X < 1 - Y); the fourth parameter is the fast one.
            ways = ((c, d, a, b, False), (b, a, d, c, False), (a, b, c, d, True), (d, c, b, a, True))
            *way, complement = max(ways, key=lambda way: way[3])
            total = _share_below(*way)
            found = 1 - total if complement else total
            if not complement or found.adjusted() > GUARD - digits or digits >= MAX_DIGITS:
                return float(max(found, Decimal(0)))
        digits *= 2


def best_shares(parameters: Sequence[tuple[float, float]]) -> Array:
    """Return for each of several independent beta variables how likely it is the largest, by quadrature.

    In log-odds every density is smooth and falls off exponentially: Gauss's rule in small cells gives
    distribution functions as running sums, and the integrals.

    >>> best_shares([(1.0, 1.0), (1.0, 1.0)]).round(12)
    array([0.5, 0.5])
    """
    edges = _cells(parameters)
    nodes, weights = np.polynomial.legendre.leggauss(8)
    middles, half = (edges[1:] + edges[:-1]) / 2, (edges[1:] - edges[:-1]) / 2
    places = middles[:, np.newaxis] + half[:, np.newaxis] * nodes
    within = _integration_matrix(nodes)
    densities, below = [], []
    for a, b in parameters:
        density = _log_odds_density(a, b, places)
        mass = (density @ weights) * half
        density /= mass.sum()
        mass /= mass.sum()
        before = np.concatenate(([0.0], np.cumsum(mass)[:-1]))
        densities.append(density)
        below.append(before[:, np.newaxis] + (density @ within.T) * half[:, np.newaxis])
    shares = []
    for k, density in enumerate(densities):
        others = math.prod((f for j, f in enumerate(below) if j != k), start=np.ones_like(density))
        shares.append(float((((density * others) @ weights) * half).sum()))
    return np.array(shares)


def beta_density(a: float, b: float, x: Array) -> Array:
    """Return the density of Beta(a, b) at x within 0..1, to the digits of a picture.

    >>> beta_density(1.0, 1.0, np.array([0.25]))
    array([1.])
    """
    with np.errstate(all="ignore"):
        log_beta = math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
        return np.asarray(np.exp((a - 1.0) * np.log(x) + (b - 1.0) * np.log1p(-x) - log_beta))


def _cells(parameters: Sequence[tuple[float, float]]) -> Array:
    """Return edges of cells in log-odds that hold all of every density, fine where one is narrow."""
    edges: list[Array] = []
    for a, b in parameters:
        centre, width = math.log(a) - math.log(b), math.sqrt(1 / a + 1 / b)
        left, right = centre - CORE * width, centre + CORE * width
        edges.append(np.linspace(left, right, math.ceil(2 * CORE / STEP) + 1))
        edges.append(left - np.geomspace(STEP * width, FALL / a + STEP * width, TAIL_CELLS))
        edges.append(right + np.geomspace(STEP * width, FALL / b + STEP * width, TAIL_CELLS))
    return np.unique(np.concatenate(edges))


def _integration_matrix(nodes: Array) -> Array:
    """Return the integrals from -1 to each node of polynomials that are 1 at one node, 0 at the others."""
    powers = np.vander(nodes, increasing=True)
    degrees = np.arange(1, len(nodes) + 1)
    integrals = (nodes[:, np.newaxis] ** degrees - (-1.0) ** degrees) / degrees
    return np.asarray(np.linalg.solve(powers.T, integrals.T).T)


def _log_odds_density(a: float, b: float, u: Array) -> Array:
    """Return the density of the log-odds of Beta(a, b), times a constant: it is 1 at the largest."""
    p, q = a / (a + b), b / (a + b)
    away = u - (math.log(a) - math.log(b))
    with np.errstate(all="ignore"):
        return np.exp(-(a * _log_mix(q, p, -away) + b * _log_mix(p, q, away)))


def _log_mix(share: float, rest: float, t: Array) -> Array:
    """Return log(rest + share · e^t), where the shares sum to 1."""
    small = np.log1p(share * np.expm1(np.minimum(t, 1.0)))
    return np.where(t <= 1.0, small, t + np.log(share + rest * np.exp(-np.maximum(t, 1.0))))


def _context(digits: int) -> AbstractContextManager[decimal.Context]:
    return decimal.localcontext(prec=digits, Emax=decimal.MAX_EMAX, Emin=decimal.MIN_EMIN)


def _log_below(p: BetaParameters, u: Decimal) -> tuple[Decimal, Decimal]:
    """Return logarithms of the share below log-odds u, and of the density there of the log-odds."""
    x, y = 1 / (1 + (-u).exp()), 1 / (1 + u.exp())
    log_density = p.a * x.ln() + p.b * y.ln() - _log_beta(p.a, p.b)
    if y < x:  # the other side's series is the shorter
        left = 1 - _series_below(p.b, p.a, y, log_density)
        if left.adjusted() > -decimal.getcontext().prec // 2:
            return left.ln(), log_density
    return _series_below(p.a, p.b, x, log_density).ln(), log_density


def _series_below(a: Decimal, b: Decimal, x: Decimal, log_density: Decimal) -> Decimal:
    """Return the share of Beta(a, b) below x: x^a (1-x)^b / (a B(a, b)) · Σ (a+b)_n / (a+1)_n x^n."""
    ratios = ((a + b + n) / (a + 1 + n) * x for n in _count_up())
    return (log_density - a.ln()).exp() * _sum_series(Decimal(1), ratios)


def _share_below(a: Decimal, b: Decimal, c: Decimal, d: Decimal) -> Decimal:
    """Return P(X < Y) of X ~ Beta(a, b) and Y ~ Beta(c, d).

    Σ_n (a+b)_n / (a+1)_n · B(a+c+n, b+d) / (a B(a, b) B(c, d)); a d below LIFTED is first raised by
    P(d) = P(d + 1) + B(a + c, b + d) / (d B(a, b) B(c, d)).
    """
    lifted = Decimal(0)
    while d < LIFTED:
        lifted += (_log_beta(a + c, b + d) - d.ln() - _log_beta(a, b) - _log_beta(c, d)).exp()
        d += 1
    whole = a + b + c + d
    # The ratio (a+b+n)(a+c+n) / ((a+1+n)(whole+n)) is 1 at one n: there is the largest term.
    rise, fall = (a + b) * (a + c) - (a + 1) * whole, whole + 1 - a - b - c
    top = max(0, int(rise / fall))
    log_term = _log_gamma(a + b + top) - _log_gamma(a + b) - _log_gamma(a + 1 + top) + _log_gamma(a + 1)
    log_term += _log_beta(a + c + top, b + d) - a.ln() - _log_beta(a, b) - _log_beta(c, d)
    up = ((a + b + n) * (a + c + n) / ((a + 1 + n) * (whole + n)) for n in _count_up(top))
    down = ((a + n) * (whole + n - 1) / ((a + b + n - 1) * (a + c + n - 1)) for n in range(top, 0, -1))
    one = Decimal(1)
    return lifted + log_term.exp() * (_sum_series(one, up) + _sum_series(one, down) - one)


def _count_up(start: int = 0) -> Iterator[int]:
    while True:
        yield start
        start += 1


def _sum_series(term: Decimal, ratios: Iterator[Decimal]) -> Decimal:
    """Return the sum of a term and those that follow it by their ratios, falling ones in the end."""
    total = Decimal(0)
    least = Decimal(10) ** (-decimal.getcontext().prec - 2)
    for ratio in ratios:
        total += term
        term *= ratio
        if ratio < 1 and term < least * total * (1 - ratio):
            break
        if not term:
            break
    else:
        return total + term
    return total


def _log_beta(a: Decimal, b: Decimal) -> Decimal:
    return _log_gamma(a) + _log_gamma(b) - _log_gamma(a + b)


@cache
def _log_gamma_at(x: Decimal, digits: int) -> Decimal:
    """Return log Γ(x) by Stirling's series, from where it has so many digits."""
    product, shifted = Decimal(1), x
    while shifted < digits:
        product *= shifted
        shifted += 1
    total = (shifted - Decimal(1) / 2) * shifted.ln() - shifted + _half_log_two_pi(digits)
    power = 1 / shifted
    for number in _stirling_coefficients(digits):
        total += Decimal(number.numerator) / number.denominator * power
        power /= shifted * shifted
    return total - product.ln()


def _log_gamma(x: Decimal) -> Decimal:
    return _log_gamma_at(x, decimal.getcontext().prec)


@cache
def _half_log_two_pi(digits: int) -> Decimal:
    """Return log(2π) / 2, π by Machin's formula."""
    with _context(digits + 5):
        pi = 4 * (4 * _arctan_of_inverse(5, digits) - _arctan_of_inverse(239, digits))
        return (2 * pi).ln() / 2


def _arctan_of_inverse(n: int, digits: int) -> Decimal:
    total, power, k = Decimal(0), Decimal(1) / n, 1
    while power > Decimal(10) ** -(digits + 8):
        total += power / k
        power, k = -power / (n * n), k + 2
        if power < 0:
            total += power / k
            power, k = -power / (n * n), k + 2
    return total


@cache
def _stirling_coefficients(digits: int) -> tuple[Fraction, ...]:
    """Return B_2k / (2k (2k - 1)) of Bernoulli's numbers: at x = digits so many terms give the digits."""
    count = digits // 2 + 5
    numbers = [Fraction(1)]
    for m in range(1, 2 * count + 1):
        total = sum((math.comb(m + 1, k) * numbers[k] for k in range(m)), Fraction(0))
        numbers.append(-total / (m + 1))
    return tuple(numbers[2 * k] / (2 * k * (2 * k - 1)) for k in range(1, count + 1))
