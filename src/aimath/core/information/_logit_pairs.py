"""Divergences of pairs of logits: log p - log q is kept from the logits, probabilities would lose it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aimath.core.information._reductions import accurate_sum, horner, row_dots, row_sums
from aimath.core.numerics.arrays import SUM_TOLERANCE, as_vectors, check_same_rows
from aimath.core.numerics.double_double import divide_dd, two_sum
from aimath.core.probability import log_softmax_rows, logsumexp_rows, softmax_rows
from aimath.errors import InputError, Remedy

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from aimath.core.numerics.types import Array, Indices, Mask

NEAR = 1.0
"""|log p - log q| up to which d + expm1(-d) is a series: beyond, its parts don't cancel."""
DEGREES = tuple(
    (bound, next(k for k in range(40) if 2 * bound**k / math.factorial(k + 2) < 2.0**-54))
    for bound in (1e-3, 0.03, 0.15, 0.4, NEAR)
)
"""Up to which |d| so many terms of the series are enough."""
SERIES = [(-1.0) ** k / math.factorial(k + 2) for k in range(DEGREES[-1][1] + 1)]
"""(d + expm1(-d)) / d² in powers of d."""
MAX_PLAIN_LOGIT = 600.0
"""Exponentials of logits up to here are added as they stand."""
MAX_SHIFT, MIN_PLAIN_KL = 16.0, 1e-14
"""Common shifts of the logits, and divergences, beyond and below which the normalisers' rounding shows."""
TINY = 2.0**-20
"""Differences of logits up to which the normalisers' logarithms would hide digits of them."""
CORRECTED = 0.1
"""Divergences (nats) below which the normaliser is corrected by what the differences say of it."""


class LogitPairs(NamedTuple):
    """What pairs of rows of logits say of each other, in nats."""

    kl: Array  # (r,) KL(p, q) >= 0
    total_variation: Array  # (r,) 0..1
    tops: tuple[Indices, Indices]  # (r,) of p and of q, the first of several
    nll: Array | None = None  # (r,) -log p of the targets
    nll_other: Array | None = None  # (r,) -log q of the targets
    nll_difference: Array | None = None  # (r,) log(p/q) of the targets
    delta: Array | None = None  # (r,) q - p of the targets


class LogRatios(NamedTuple):
    """Two softmaxes and the difference of their logarithms."""

    p: Array  # (..., n)
    q: Array  # (..., n)
    log_ratio: Array  # (..., n) log p - log q; inf where q alone is masked, 0 where both are

    @property
    def divergences(self) -> Array:
        """The terms p log(p/q) - p + q, none below 0, whose sum is the divergence."""
        d = self.log_ratio
        with np.errstate(all="ignore"):
            near = np.abs(d) <= NEAR
            close = np.where(near, d, 0.0)
            far = np.where(self.p > 0.0, self.p * np.where(self.p > 0.0, d, 0.0), 0.0) - self.p + self.q
            return np.where(near, self.p * close * close * horner(close, SERIES), np.maximum(far, 0.0))

    @property
    def kl(self) -> Array:
        """The divergences KL(p, q) in nats: inf where q alone is masked."""
        return np.asarray(accurate_sum(self.divergences)) + 0.0

    def swap(self) -> LogRatios:
        """Return the same for q and p."""
        return LogRatios(self.q, self.p, 0.0 - self.log_ratio)

    @property
    def difference(self) -> Array:
        """The probabilities' difference p - q."""
        with np.errstate(all="ignore"):
            near = np.abs(self.log_ratio) <= NEAR
            return np.where(near, -self.p * np.expm1(-np.where(near, self.log_ratio, 0.0)), self.p - self.q)


def as_logit_pair(
    p: ArrayLike, q: ArrayLike, *, log_probs: bool = False, normalize: bool = False
) -> tuple[Array, Array]:
    """Return two stacks of logits of equal shape, or raise InputError; `log_probs` must sum to 1."""
    a, b = (
        as_vectors(x, "log-probability" if log_probs else "logit", allow=(-np.inf,), operand=name)
        for x, name in ((p, "p"), (q, "q"))
    )
    check_same_rows(a, b, ("p", "q"))
    for x, name in ((a, "p"), (b, "q")):
        rows = x.reshape(-1, x.shape[-1])
        check_logits(rows, name)
        if log_probs and not normalize:
            check_log_probs(rows, name)
    a, b = np.broadcast_arrays(a, b)
    return a, b


def as_log_probs(values: ArrayLike | None, *, normalize: bool) -> Array:
    """Return log-probabilities (..., n) that sum to 1, or any with `normalize`, as logits."""
    operand = "log_probs"
    x = as_vectors([] if values is None else values, "log-probability", allow=(-np.inf,), operand=operand)
    rows = x.reshape(-1, x.shape[-1])
    check_logits(rows, operand)
    if not normalize:
        check_log_probs(rows, operand)
    return x


def log_ratios(a: Array, b: Array, temperature: float = 1.0) -> LogRatios:
    """Return softmax(a / T), softmax(b / T) and the difference of their logarithms, rows (..., n) of logits.

    Differences of logits are taken in double-double, from those of the largest: a shift that both
    share costs no digits. Where the two are close, the normaliser is what makes q sum to 1.
    """
    p, q = softmax_rows(a, temperature)[0], softmax_rows(b, temperature)[0]
    with np.errstate(all="ignore"):
        largest = (a.max(axis=-1, keepdims=True), b.max(axis=-1, keepdims=True))
        (x, x_low), (y, y_low) = (_minus(z, top) for z, top in zip((a, b), largest, strict=True))
        d, low = two_sum(x, -y)
        low += x_low - y_low
        if temperature != 1.0:
            d, low = divide_dd(d, low, temperature)
        d = np.where(np.isfinite(d), d + low, d)
        log_a, log_b = (
            np.take_along_axis(log_softmax_rows(z, temperature), z.argmax(axis=-1, keepdims=True), axis=-1)
            for z in (a, b)
        )
        d = np.where((a == -np.inf) & (b == -np.inf), 0.0, d)
        # Of the smallest differences the logarithms would leave no digits: Σ p exp(-d) = 1 says their shift.
        tiny = np.abs(d).max(axis=-1, keepdims=True) < TINY
        shift = np.log1p(accurate_sum(p * np.expm1(-np.where(tiny, d, 0.0)))[..., np.newaxis])
        d = d + np.where(tiny, np.where(p > 0.0, shift, 0.0), log_a - log_b)
        d = np.where((a == -np.inf) & (b == -np.inf), 0.0, d)
    found = LogRatios(p, q, d)
    kl = accurate_sum(found.divergences)
    close = kl < CORRECTED
    if close.any():
        with np.errstate(all="ignore"):
            mean = accurate_sum(np.where(p > 0.0, p * d, 0.0))
            outside = accurate_sum(np.where(p > 0.0, 0.0, q))
            inside = accurate_sum(np.where(p > 0.0, found.divergences, 0.0))
            shift = np.log1p((inside - mean + outside) / (1.0 - outside))
        d = np.where(close[..., np.newaxis] & np.isfinite(d) & (p > 0.0), d + shift[..., np.newaxis], d)
    return LogRatios(p, q, d)


def _minus(z: Array, top: Array) -> tuple[Array, Array]:
    """Return z - top in two parts, what lies beyond float64 at its end."""
    high, low = two_sum(z, -top)
    high = np.where(z > -np.inf, np.maximum(high, -np.finfo(np.float64).max), -np.inf)
    return high, np.where(np.isfinite(low), low, 0.0)


def check_logits(rows: Array, operand: str | None) -> None:
    """Raise InputError at the first row of logits (r, n) with nan or inf, or with nothing but -inf."""
    top = rows.max(axis=-1)  # nan if there is one
    if np.isfinite(top).all():
        return
    row = int(np.argmin(np.isfinite(top)))
    if top[row] == -np.inf:
        raise InputError("all logits are -inf", row=row, operand=operand)
    wrong = np.isnan(rows[row]) if np.isnan(top[row]) else rows[row] == np.inf
    entry = int(np.argmax(wrong))
    what = "nan" if np.isnan(top[row]) else "inf"
    raise InputError(f"logit {entry + 1} is {what}", row=row, entry=entry, operand=operand)


def check_log_probs(rows: Array, operand: str | None) -> None:
    """Raise InputError at the first row of log-probabilities (r, n) that don't sum to 1."""
    total = logsumexp_rows(rows)
    off = ~(np.abs(total) <= SUM_TOLERANCE)
    if not off.any():
        return
    row = int(np.argmax(off))
    positive = rows[row] > SUM_TOLERANCE
    if positive.any():
        entry = int(np.argmax(positive))
        why = f"log-probability {entry + 1} is above 0 ({rows[row, entry]:g})"
        raise InputError(why, row=row, entry=entry, operand=operand)
    missing = -math.expm1(float(total[row]))
    said = f", {missing:.6g} is missing" if missing > 0.0 else ""
    raise InputError(
        f"the probabilities of these logarithms sum to {1.0 - missing:.10g}, not 1{said}",
        row=row,
        operand=operand,
        hint=Remedy("use {normalize} to divide by the sum", normalize=True),
    )


def compare_logits(a: Array, b: Array, target: Indices | None = None) -> LogitPairs:
    """Return what rows of logits (r, n) say of each other, and of target classes (r,).

    Exponentials are added as they stand, the differences d of the logits less that of their normalisers;
    KL = Σ p (d + expm1(-d)), whose terms are none below 0 and hide no rounding of the normalisers.
    Rows with masks, or whose logits differ by a common shift, go the careful way of `log_ratios`.
    """
    with np.errstate(all="ignore"):
        found, hard = _compare_plain(a, b, target)
    if hard.any():
        careful = _compare_carefully(a[hard], b[hard], None if target is None else target[hard])
        for into, other in zip(found, careful, strict=True):
            if isinstance(into, np.ndarray) and isinstance(other, np.ndarray):
                into[hard] = other
    return found


def _compare_plain(a: Array, b: Array, target: Indices | None) -> tuple[LogitPairs, Mask]:
    """Return what most rows say, and which rows (r,) are too hard for that."""
    rows = np.arange(len(a))
    tops = (np.argmax(a, axis=1), np.argmax(b, axis=1))
    largest = (a[rows, tops[0]], b[rows, tops[1]])
    weights, logs, sums = [], [], []
    for x, top in zip((a, b), tops, strict=True):
        weight = np.exp(x)
        first = weight[rows, top]
        weight[rows, top] = 0.0
        rest = accurate_sum(row_sums(weight))
        weight[rows, top] = first
        weights.append(weight)
        logs.append(np.log1p(rest / first))  # -log of the largest probability
        sums.append(first + rest)
    shift = (largest[0] - largest[1]) + (logs[0] - logs[1])
    p, total, d = weights[0], sums[0], a - b
    low = weights[1]  # no longer needed: its room is
    _subtraction_error(a, b, d, low)
    d -= shift[:, np.newaxis]
    d += low
    size = np.maximum(d.max(axis=1), -d.min(axis=1))
    divergence = np.empty_like(d)
    levels = np.searchsorted([bound for bound, _ in DEGREES], size)
    for level in np.unique(levels):
        rows_of = levels == level
        part = d if rows_of.all() else d[rows_of]
        terms = _divergence_terms(
            part, DEGREES[min(int(level), len(DEGREES) - 1)][1], far=level == len(DEGREES)
        )
        if part is d:
            divergence = terms
        else:
            divergence[rows_of] = terms
    kl, mean = accurate_sum(row_dots(p, divergence)) / total, accurate_sum(row_dots(p, d)) / total
    correction = np.where(kl < CORRECTED, np.log1p(kl - mean), 0.0)
    d += correction[:, np.newaxis]
    hard = ~(np.isfinite(kl) & (size < MAX_PLAIN_LOGIT))
    hard |= np.abs(shift) > MAX_SHIFT
    hard |= (kl < MIN_PLAIN_KL * (1.0 + shift * shift)) & (size > 0.0)
    for logit in largest:
        hard |= ~(np.abs(logit) < MAX_PLAIN_LOGIT)
    at = None if target is None else d[rows, target]
    np.subtract(d, divergence, out=divergence)  # 1 - q/p
    variation = 0.5 * accurate_sum(row_dots(p, np.abs(divergence, out=divergence))) / total
    found = LogitPairs(kl, np.minimum(variation, 1.0), tops)
    if target is None or at is None:
        return found, hard
    nll, other = ((top - x[rows, target]) + log for x, top, log in zip((a, b), largest, logs, strict=True))
    return found._replace(nll=nll, nll_other=other, nll_difference=at, delta=_delta(nll, at)), hard


def _subtraction_error(a: Array, b: Array, difference: Array, out: Array) -> None:
    """Write what rounding took from a - b into `out`, by Knuth's two-sum."""
    np.subtract(difference, a, out=out)
    rest = difference - out
    np.subtract(a, rest, out=rest)
    out += b
    np.subtract(rest, out, out=out)


def _divergence_terms(d: Array, degree: int, *, far: bool) -> Array:
    """Return d + expm1(-d), by a series where |d| is at most NEAR."""
    terms = horner(d, SERIES[: degree + 1])
    terms *= d
    terms *= d
    if far:
        place = np.abs(d) > NEAR
        x = d[place]
        terms[place] = x - 1.0 + np.exp(-x)
    return terms


def _delta(nll: Array, difference: Array) -> Array:
    """Return q - p of the targets."""
    return np.asarray(np.exp(-nll) * np.expm1(-difference))


def _compare_carefully(a: Array, b: Array, target: Indices | None) -> LogitPairs:
    pairs = log_ratios(a, b)
    variation = np.minimum(0.5 * accurate_sum(np.abs(pairs.difference)), 1.0)
    found = LogitPairs(pairs.kl, variation, (np.argmax(a, axis=1), np.argmax(b, axis=1)))
    if target is None:
        return found
    place = (np.arange(len(a)), target)
    nll, other = (0.0 - log_softmax_rows(x)[place] for x in (a, b))
    ratio = pairs.log_ratio[place]
    delta = pairs.q[place] - pairs.p[place]
    with np.errstate(all="ignore"):
        close = np.abs(ratio) < NEAR
        delta = np.where(close, _delta(nll, np.where(close, ratio, 0.0)), delta)
        # Impossible to both is no difference that could be told.
        ratio = np.where(np.isinf(nll) & np.isinf(other), np.nan, ratio)
    return found._replace(nll=nll, nll_other=other, nll_difference=ratio, delta=delta)
