"""Entropies and divergences of rows of probabilities: the sums behind core/information.py.

A divergence of two nearly equal rows is what is left when terms of both signs cancel. Here every
term is counted with the mass it moves, p log(p/q) - p + q, which is never negative and adds up to
the same number; where p and q are close it comes from the exact p - q by a series, so that nothing
cancels at all. It is also blind to the last digits of the two sums, as scipy's entropy(p, q) is
(which divides by them) and scipy's rel_entr is not.
"""

from __future__ import annotations

import numpy as np

from aimath.core.arrays import Array, simplex
from aimath.core.distributions import SHORT, Terms, logarithm, masses, over_rows, products

Names = tuple[str | None, ...]

SMALLEST = 5e-324
"""Stands for a probability of 0 in a logarithm that is going to be multiplied by that 0."""

DISTANT = 0.25
"""Nats above which the terms of a long row may be added with their signs."""

JS_SERIES = [1.0 / ((2 * k + 1) * (2 * k + 2)) for k in range(26)]
"""((1+s) log(1+s) + (1-s) log(1-s)) / (2 s^2) in powers of s^2, enough of them for |s| <= 1/2."""


def atanh_tail(z: Array) -> Array:
    """Give (atanh(s)/s - 1) / z for z = s^2 <= 1/9, that is 1/3 + z/5 + z^2/7 + ...

    >>> atanh_tail(np.array([0.0]))
    array([0.33333333])
    """
    return series(z, [1.0 / (2 * k + 3) for k in range(17)])


def series(z: Array, coefficients: list[float]) -> Array:
    """Give c0 + c1 z + c2 z^2 + ... by Horner's rule."""
    value = np.full_like(z, coefficients[-1])
    for c in reversed(coefficients[:-1]):
        value *= z
        value += c
    return value


def entropy_rows(p: Array, base: float, *, names: Names = ()) -> Array:
    """Give -Σ p log p of rows (..., n); `names` as in `over_rows`."""
    log, divisor, _ = logarithm(base)

    def kernel(p: Array) -> Terms:
        low = np.minimum.reduce(p, axis=None)
        return Terms((products(p, log(p if low > 0 else np.maximum(p, SMALLEST))),), low=low)

    (sums,) = over_rows(kernel, p, names=names)
    # A certain outcome given as 1.0000001 has no entropy rather than less than none.
    return np.maximum(-sums / divisor, 0.0) + 0.0


def cross_entropy_rows(p: Array, q: Array, base: float, *, names: Names = ()) -> Array:
    """Give -Σ p log q of rows (..., n): inf where q = 0 < p."""
    log, divisor, _ = logarithm(base)

    def kernel(p: Array, q: Array) -> Terms:
        if q.min() > 0:
            return Terms((-products(p, log(q)),))
        return Terms((np.where(p > 0, -p * log(q), 0.0),))

    (sums,) = over_rows(kernel, p, q, names=names)
    return sums / divisor + 0.0


def kl_rows(p: Array, q: Array, base: float, *, gap: Array | None = None, names: Names = ()) -> Array:
    """Give Σ p log(p/q) - p + q of rows (..., n): inf where q = 0 < p, and exactly 0 for equal rows.

    `gap` is p - q where the caller knows it better than the difference of the two doubles.

    Σ|p - q| <= sqrt(2 kl) (Pinsker 1964): a divergence above a quarter loses at most two bits to
    the signs of its terms, fewer as they are many, so only closer and short rows go term by term.
    """
    log, divisor, nat = logarithm(base)
    if gap is not None or p.shape[-1] <= SHORT:
        return _term_by_term(p, q, base, gap, names)

    def kernel(p: Array, q: Array) -> Terms:
        ratio = p / q
        mass_p, mass_q = masses(p), masses(q)  # while p and q are still in the cache
        log(ratio, out=ratio)
        return Terms((products(p, ratio), mass_q - mass_p), (mass_p, mass_q), np.minimum.reduce(p, axis=None))

    logs, moved = over_rows(kernel, p, q, names=names)
    with np.errstate(invalid="ignore"):
        kl = logs / divisor + moved / nat
        close = ~((kl * nat > DISTANT) & (kl < np.inf))
    if np.isnan(kl).any():  # some q < 0 < p, unless it was 0/0
        for operand, name in zip((p, q), names, strict=False):
            simplex(operand, operand=name)
    if close.all():
        return _term_by_term(p, q, base)
    if close.any():
        whole = (*close.shape, p.shape[-1])
        near_p, near_q = (np.broadcast_to(a, whole)[close] for a in (p, q))
        kl[close] = _term_by_term(near_p, near_q, base)
    return kl


def _term_by_term(p: Array, q: Array, base: float, gap: Array | None = None, names: Names = ()) -> Array:
    log, divisor, nat = logarithm(base)

    def kernel(p: Array, q: Array, gap: Array | None = None) -> Terms:
        return Terms(_kl_terms(p, q, p - q if gap is None else gap, log))

    logs, rest = over_rows(kernel, *((p, q) if gap is None else (p, q, gap)), names=names)
    return np.maximum(logs / divisor + rest / nat, 0.0) + 0.0


def _kl_terms(p: Array, q: Array, gap: Array, log: np.ufunc) -> tuple[Array, Array]:
    """Give the parts of p log(p/q) - p + q that carry the base and those that are in nats.

    From half to twice as large, with s = (p - q)/(p + q): gap s (atanh(s)/s + (atanh(s) - s)/s^2).
    """
    far = (p >= 2.0 * q) | (q >= 2.0 * p)
    s = np.where(far, 0.0, gap / (p + q))
    z = s * s
    rest = np.where(far, -gap, gap * s * (1.0 + (z + s) * atanh_tail(z)))
    if not far.any():
        return np.zeros_like(rest), rest
    return p_log_ratio(p, np.where(far, p, 1.0), np.where(far, q, 1.0), log), rest


def p_log_ratio(weight: Array, p: Array, q: Array, log: np.ufunc) -> Array:
    """Give weight log(p/q): 0 where the weight is 0 whatever q is, inf where q = 0."""
    logs = log(p / q)
    wild = ~np.isfinite(logs)
    if wild.any():  # the quotient left float64, the difference of the logarithms does not
        logs[wild] = log(p[wild]) - log(q[wild])
    return np.where(weight > 0, weight * logs, 0.0)


def js_rows(p: Array, q: Array, base: float, *, names: Names = ()) -> Array:
    """Give the mean of kl(p, m) and kl(q, m), m = (p + q)/2, of rows (..., n)."""
    log, divisor, nat = logarithm(base)

    def kernel(p: Array, q: Array) -> Terms:
        return Terms(_js_terms(p, q, log))

    logs, rest = over_rows(kernel, p, q, names=names)
    return np.maximum(logs / divisor + rest / nat, 0.0) + 0.0


def _js_terms(p: Array, q: Array, log: np.ufunc) -> tuple[Array, Array]:
    """Give the parts of (p log(p/m) + q log(q/m)) / 2 that carry the base and those that are in nats."""
    far = (p >= 3.0 * q) | (q >= 3.0 * p)
    gap, both = p - q, p + q
    s = np.where(far, 0.0, gap / both)
    rest = np.where(far, 0.0, 0.5 * gap * s * series(s * s, JS_SERIES))
    if not far.any():
        return np.zeros_like(rest), rest
    m = np.where(far, 0.5 * both, 1.0)
    logs = p_log_ratio(p, np.where(far, p, 1.0), m, log) + p_log_ratio(q, np.where(far, q, 1.0), m, log)
    return np.where(far, 0.5 * logs, 0.0), rest
