"""Entropies and divergences along rows, by accurate blocked reductions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.core.numerics.arrays import (
    SUM_TOLERANCE,
    as_floats,
    check_number,
    check_simplex,
)
from aimath.core.numerics.double_double import compensated_sum, divide_dd
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    from aimath.core.numerics.types import Array

    _DivergenceTerms = Callable[[Array, Array, Array, np.ufunc], tuple[Array, Array]]
    PendingChecks = list[tuple[Array, str | None]]

BLOCK = 32_768
"""Elements worked on at a time: a handful of such buffers stays in the second-level cache."""
ONES = np.ones(256)
SHORT_ROW, LONG_ROW, CHUNK = 32, 2048, 128
"""Rows are added column by column up to SHORT entries; from LONG on, lanes of products are."""


def logarithm(base: float) -> tuple[np.ufunc, float, float]:
    """Return (log, divisor, ln base): log(x) / divisor is the logarithm to `base`, which must be > 1.

    Bases 2, 10 and e have their own logarithm, so that powers of them come out exact.

    >>> log, divisor, _ = logarithm(2)
    >>> float(log(8) / divisor)
    3.0
    """
    b = check_number("base", float(base), "above 1 and finite")
    own: dict[float, np.ufunc] = {2.0: np.log2, 10.0: np.log10, math.e: np.log}
    nats = 1.0 if b == math.e else math.log(b)
    return (own[b], 1.0, nats) if b in own else (np.log, nats, nats)


def power(base: float, exponent: Array) -> Array:
    """Return base ** exponent, the inverse of `logarithm`; past float64 it is inf."""
    with np.errstate(over="ignore"):
        if base == math.e:
            return np.exp(exponent)
        return np.exp2(exponent) if base == 2.0 else np.asarray(np.power(base, exponent))


def as_distribution(values: ArrayLike, operand: str | None = None) -> Array:
    """Return distributions as float64 (..., n); arrays are checked later by `reduce_rows`."""
    if isinstance(values, np.ndarray) and values.dtype == np.float64 and values.ndim and values.shape[-1]:
        return np.require(values, requirements="A")
    return as_floats(values, "probability", operand=operand)


def exact_sum(x: Array) -> Array:
    """Return the sum along the last axis, rounded once or twice; inf if an entry is infinite.

    What lies above the last bit of a power of two > 2 Σ|x| is split off: those parts add without
    rounding in any order (Rump, Ogita and Oishi 2008, ExtractVector).
    """
    x = np.ascontiguousarray(x)  # in another order the sums of the rest would differ
    ones = np.ones(x.shape[-1])
    with np.errstate(invalid="ignore"):
        high = np.abs(x)
        size = np.vecdot(high, ones)
        grid = np.ldexp(2.0, np.frexp(size)[1])[..., np.newaxis]
        np.add(x, grid, out=high)  # a second array of this size would come from the system each time
        high -= grid
        sums = np.vecdot(high, ones)
        sums += np.vecdot(np.subtract(x, high, out=high), ones)
    return np.asarray(np.where(np.isfinite(sums), sums, size))


def accurate_sum(x: Array) -> Array:
    """Return the accurate sum along the last axis, by the faster method for the row's length."""
    # Columns are added with all their rows at once, twice as fast when they are contiguous.
    return compensated_sum(np.ascontiguousarray(x.T).T) if x.shape[-1] <= SHORT_ROW else exact_sum(x)


def row_dots(p: Array, x: Array) -> Array:
    """Return partial sums of p x along contiguous blocks (r, n): products, in long rows chunk sums.

    Such a lane rounds twice or so, which averages out over the many lanes that a long row has.
    """
    return p * x if p.shape[-1] < LONG_ROW else _chunk_sums(p, x, CHUNK)


def row_sums(p: Array) -> Array:
    """Return partial sums of p along contiguous blocks (r, n): p itself, in long rows chunk sums."""
    return p if p.shape[-1] < LONG_ROW else _chunk_sums(p, ONES, ONES.size)


def _chunk_sums(p: Array, x: Array, size: int) -> Array:
    lanes, rest = divmod(p.shape[-1], size)
    whole = p.shape[-1] - rest
    other = x if x is ONES else x[:, :whole].reshape(-1, lanes, size)
    sums = np.vecdot(p[:, :whole].reshape(-1, lanes, size), other)
    if not rest:
        return np.asarray(sums)
    last = np.vecdot(p[:, whole:], x[:rest] if x is ONES else x[:, whole:])
    return np.asarray(np.concatenate((sums, last[:, np.newaxis]), axis=1))


class PartialSums(NamedTuple):
    """Partial sums that a kernel computes for a block, to be added along the rows."""

    terms: tuple[Array, ...]  # each (r, k), k <= n
    row_sums: tuple[Array, ...] = ()  # of the operands, each (r, k)
    minimum: float | None = None  # the least probability, or nan


def reduce_rows(
    kernel: Callable[..., PartialSums], *operands: Array, names: tuple[str | None, ...] = ()
) -> tuple[Array, ...]:
    """Return the sums along each row of the terms of `kernel`, computed block by block.

    The first `len(names)` operands are distributions still to be checked, and are so while they are
    in the cache. A row longer than a block is cut in chunks; a row's bits are the same in any batch.
    """
    n = operands[0].shape[-1]
    batch = np.broadcast_shapes(*(a.shape[:-1] for a in operands))
    if math.prod(batch) == 0:
        raise InputError("needs at least one row")
    tables = [_broadcast_rows(a, batch) for a in operands]
    rows, step = range(math.prod(batch)), max(1, BLOCK // n)
    checks = list(zip(operands, names, strict=False))
    with np.errstate(all="ignore"):  # a block is checked right after it was used
        found = [_reduce_block(kernel, [t[k : k + step] for t in tables], checks) for k in rows[::step]]
    return tuple(np.concatenate(sums).reshape(batch) for sums in zip(*found, strict=True))


def _broadcast_rows(a: Array, batch: tuple[int, ...]) -> Array:
    n = a.shape[-1]
    if a.ndim == 1:
        return np.broadcast_to(a, (math.prod(batch), n))  # one row for all, without a copy
    return np.broadcast_to(a, (*batch, n)).reshape(-1, n)


def _reduce_block(
    kernel: Callable[..., PartialSums], rows: list[Array], checks: PendingChecks
) -> list[Array]:
    """Return the row sums of one block, or of one long row chunk by chunk."""
    found: list[tuple[Array, ...]] = []
    weights: list[list[Array]] = []
    low = np.inf
    for start in range(0, rows[0].shape[-1], BLOCK):
        parts = [np.ascontiguousarray(a[:, start : start + BLOCK]) for a in rows]
        part = kernel(*parts)
        # Terms of a long row are added chunk by chunk, so that they never fill the memory at once.
        found.append(tuple(t if t.shape[-1] <= LONG_ROW else exact_sum(t)[:, np.newaxis] for t in part.terms))
        if checks:
            parts = parts[: len(checks)]
            weights.append(list(part.row_sums) or [_fast_row_sums(p) for p in parts])
            lows = (
                [np.minimum.reduce(p, axis=None) for p in parts] if part.minimum is None else [part.minimum]
            )
            low = np.minimum.reduce([low, *lows])  # nan stays nan
    _check_distributions(
        checks, low, [np.add.reduce(np.concatenate(w, axis=1), axis=-1) for w in zip(*weights, strict=True)]
    )
    return [accurate_sum(np.concatenate(chunks, axis=1)) for chunks in zip(*found, strict=True)]


def _fast_row_sums(p: Array) -> Array:
    """Return row sums for a check only: fast, not reproducible to the last bit."""
    return row_sums(p) if p.shape[-1] >= LONG_ROW else (p @ np.ones(p.shape[-1]))[:, np.newaxis]


def _check_distributions(checks: PendingChecks, minimum: float, row_sums: list[Array]) -> None:
    for (operand, name), mass in zip(checks, row_sums, strict=True):
        if not (minimum >= 0 and (np.abs(mass - 1.0) <= SUM_TOLERANCE).all()):
            check_simplex(operand, operand=name)  # finds what is wrong and says so


def self_information(p: Array, base: float, low: Array | None = None) -> Array:
    """Return the self-information -log(p + low): inf where p is 0, never -0."""
    log, divisor, nat = logarithm(base)
    with np.errstate(all="ignore"):
        found = 0.0 - log(np.ascontiguousarray(p)) / divisor
        if low is not None:
            found = np.where(p > 0.0, found - low / p / nat, found)
        return np.asarray(found) + 0.0


def expectation_terms(p: Array, x: Array) -> Array:
    """Return p x with 0 · inf = 0, the terms of an expectation."""
    with np.errstate(invalid="ignore"):
        return np.where(p > 0, p * x, 0.0)


def first_infinite(terms: Array) -> Any:
    """Return the number, from 1, of the first infinite entry of rows (..., n), 0 where there is none."""
    infinite = np.isposinf(terms)
    return np.where(infinite.any(axis=-1), infinite.argmax(axis=-1) + 1, 0)


def adds_up(terms: Array, outcome: Array) -> Any:
    """Return whether terms (..., n) add up to outcomes (...), to nine digits of the largest term."""
    with np.errstate(invalid="ignore"):
        difference = np.abs(accurate_sum(terms) - outcome)
        return ~(difference > 1e-10 * np.abs(terms).max(axis=-1))


def total(p: Array) -> Array:
    """Return the accurate sums of rows (..., n)."""
    return reduce_rows(lambda part: PartialSums((row_sums(part),)), p)[0]


def smooth_labels(p: Array, label_smoothing: float) -> Array:
    """Return the label-smoothed target (1 - label_smoothing) p + label_smoothing / n."""
    if label_smoothing == 0.0:
        return p
    return np.asarray((1.0 - label_smoothing) * p + label_smoothing / p.shape[-1])


class Rounding(NamedTuple):
    """What rounding took from distributions that were made of weights, and p - q with all its digits."""

    p: Array | None = None  # (..., n)
    q: Array | None = None  # (..., n) or (n,)
    difference: Array | None = None  # (..., n)

    def swap(self) -> Rounding:
        """Return the same for q and p."""
        return Rounding(self.q, self.p, None if self.difference is None else -self.difference)


def row_parts(rows: Array) -> list[slice]:
    """Return slices of rows (r, n) of a block's size: temporaries of more leave the cache."""
    step = max(1, BLOCK // rows.shape[-1])
    return [slice(k, k + step) for k in range(0, len(rows), step)]


def sum_dd(x: Array) -> tuple[Array, Array]:
    """Return accurate sums along the last axis, and what rounding took from them."""
    sums = accurate_sum(x)
    return sums, accurate_sum(np.concatenate((x, -sums[..., np.newaxis]), axis=-1))


OperandNames = tuple[str | None, ...]
SMALLEST_SUBNORMAL = 5e-324
"""Stands for a probability of 0 in a logarithm that is going to be multiplied by that 0."""
MIN_DIRECT_KL = 0.25
"""Nats above which the terms of a long row may be added with their signs."""
JS_SERIES = [1.0 / ((2 * k + 1) * (2 * k + 2)) for k in range(26)]
"""((1+s) log(1+s) + (1-s) log(1-s)) / (2 s^2) in powers of s^2, enough of them for |s| <= 1/2."""


def atanh_tail(z: Array) -> Array:
    """Return (atanh(s)/s - 1) / z for z = s^2 <= 1/9, that is 1/3 + z/5 + z^2/7 + ...

    >>> atanh_tail(np.array([0.0]))
    array([0.33333333])
    """
    return horner(z, [1.0 / (2 * k + 3) for k in range(17)])


def horner(z: Array, coefficients: list[float]) -> Array:
    """Return the polynomial c0 + c1 z + c2 z^2 + ... by Horner's rule."""
    value = np.full_like(z, coefficients[-1])
    for c in reversed(coefficients[:-1]):
        value *= z
        value += c
    return value


def entropy_rows(p: Array, base: float, *, low: Array | None = None, names: OperandNames = ()) -> Array:
    """Return -Σ p log p of rows (..., n), at most log n; `names` as in `reduce_rows`."""
    log, divisor, _ = logarithm(base)
    most = float(log(float(p.shape[-1])) / divisor)
    if low is not None:
        return np.minimum(accurate_sum(expectation_terms(p, self_information(p, base, low))), most)

    def kernel(p: Array) -> PartialSums:
        low = np.minimum.reduce(p, axis=None)
        return PartialSums(
            (row_dots(p, log(p if low > 0 else np.maximum(p, SMALLEST_SUBNORMAL))),), minimum=low
        )

    (sums,) = reduce_rows(kernel, p, names=names)
    # A certain outcome given as 1.0000001 has no entropy rather than less than none.
    return np.minimum(np.maximum(-sums / divisor, 0.0) + 0.0, most)


def cross_entropy_rows(
    p: Array, q: Array, base: float, *, q_low: Array | None = None, names: OperandNames = ()
) -> Array:
    """Return -Σ p log q of rows (..., n): inf where q = 0 < p."""
    log, divisor, _ = logarithm(base)
    if q_low is not None:
        return accurate_sum(expectation_terms(p, self_information(q, base, q_low)))

    def kernel(p: Array, q: Array) -> PartialSums:
        if q.min() > 0:
            return PartialSums((-row_dots(p, log(q)),))
        return PartialSums((np.where(p > 0, -p * log(q), 0.0),))

    (sums,) = reduce_rows(kernel, p, q, names=names)
    return sums / divisor + 0.0


def kl_rows(
    p: Array, q: Array, base: float, *, difference: Array | None = None, names: OperandNames = ()
) -> Array:
    """Return Σ p log(p/q) - p + q of rows (..., n): inf where q = 0 < p, exactly 0 for equal rows.

    `difference` is p - q where the caller knows it better than the difference of the two doubles.

    Σ|p - q| <= sqrt(2 kl) (Pinsker 1964): a divergence above a quarter loses at most two bits to
    the signs of its terms, fewer as they are many, so only closer and short rows go term by term.
    """
    log, divisor, nat = logarithm(base)
    if difference is not None or p.shape[-1] <= SHORT_ROW:
        return _sum_terms(_kl_terms, p, q, base, difference, names)

    def kernel(p: Array, q: Array) -> PartialSums:
        ratio = p / q
        mass_p, mass_q = row_sums(p), row_sums(q)  # while p and q are still in the cache
        log(ratio, out=ratio)
        return PartialSums(
            (row_dots(p, ratio), mass_q - mass_p), (mass_p, mass_q), np.minimum.reduce(p, axis=None)
        )

    logs, moved = reduce_rows(kernel, p, q, names=names)
    with np.errstate(invalid="ignore"):
        kl = logs / divisor + moved / nat
        close = ~((kl * nat > MIN_DIRECT_KL) & (kl < np.inf))
    if np.isnan(kl).any():  # some q < 0 < p, unless it was 0/0
        for operand, name in zip((p, q), names, strict=False):
            check_simplex(operand, operand=name)
    if close.all():
        return _sum_terms(_kl_terms, p, q, base)
    if close.any():
        whole = (*close.shape, p.shape[-1])
        near_p, near_q = (np.broadcast_to(a, whole)[close] for a in (p, q))
        kl[close] = _sum_terms(_kl_terms, near_p, near_q, base)
    return kl


def _sum_terms(
    terms: _DivergenceTerms,
    p: Array,
    q: Array,
    base: float,
    difference: Array | None = None,
    names: OperandNames = (),
) -> Array:
    log, divisor, nat = logarithm(base)

    def kernel(p: Array, q: Array, difference: Array | None = None) -> PartialSums:
        return PartialSums(terms(p, q, p - q if difference is None else difference, log))

    logs, rest = reduce_rows(kernel, *((p, q) if difference is None else (p, q, difference)), names=names)
    return np.maximum(logs / divisor + rest / nat, 0.0) + 0.0


def _kl_terms(p: Array, q: Array, difference: Array, log: np.ufunc) -> tuple[Array, Array]:
    """Return the terms of p log(p/q) - p + q in units of the base, and those in nats.

    From half to twice as large, with s = (p - q)/(p + q): gap s (atanh(s)/s + (atanh(s) - s)/s^2).
    """
    far = (p >= 2.0 * q) | (q >= 2.0 * p)
    rest = kl_near_terms(p, q, difference, far)
    if not far.any():
        return np.zeros_like(rest), rest
    return p_log_ratio(p, np.where(far, p, 1.0), np.where(far, q, 1.0), log), rest


def kl_near_terms(p: Array, q: Array, difference: Array, far: NDArray[np.bool_]) -> Array:
    """Return the terms p log(p/q) - p + q in nats, and q - p alone where p and q are far apart."""
    s = np.where(far, 0.0, difference / (p + q))
    z = s * s
    return np.where(far, -difference, difference * s * (1.0 + (z + s) * atanh_tail(z)))


def divergence_terms(p: Array, q: Array, base: float, rounding: Rounding) -> Array:
    """Return p log(p/q), from p - q where p is near q: 0 where p is 0, inf where q is 0 < p."""
    zero = np.zeros(())
    lows = [zero if low is None else low for low in (rounding.p, rounding.q)]
    shape = np.broadcast_shapes(p.shape, q.shape)
    tables = [np.broadcast_to(a, shape).reshape(-1, shape[-1]) for a in (p, q, *lows)]
    if rounding.difference is not None:
        tables.append(np.broadcast_to(rounding.difference, shape).reshape(-1, shape[-1]))
    parts = [_row_terms(base, *(a[part] for a in tables)) for part in row_parts(tables[0])]
    return np.concatenate(parts).reshape(shape)


def _row_terms(
    base: float, p: Array, q: Array, p_low: Array, q_low: Array, difference: Array | None = None
) -> Array:
    log, divisor, nat = logarithm(base)
    difference = p - q if difference is None else difference
    with np.errstate(all="ignore"):
        near = np.abs(difference) < 0.5 * q
        close = np.log1p(difference / np.where(near, q, 1.0)) / nat
        ratio, rest = divide_dd(p, p_low, q)
        rest = rest / ratio - q_low / q
        logs = p_log_ratio(np.ones_like(p), p, q, log) / divisor
        logs = np.where(near, close, logs + np.where(np.isfinite(rest), rest, 0.0) / nat)
        return np.where(p > 0.0, p * logs, 0.0) + 0.0


def p_log_ratio(weight: Array, p: Array, q: Array, log: np.ufunc) -> Array:
    """Return weight log(p/q): 0 where the weight is 0 whatever q is, inf where q = 0."""
    logs = log(p / q)
    wild = ~np.isfinite(logs)
    if wild.any():  # the quotient left float64, the difference of the logarithms does not
        logs[wild] = log(p[wild]) - log(q[wild])
    return np.where(weight > 0, weight * logs, 0.0)


def js_rows(
    p: Array, q: Array, base: float, *, difference: Array | None = None, names: OperandNames = ()
) -> Array:
    """Return the mean of kl(p, m) and kl(q, m), m = (p + q)/2, of rows (..., n): at most log 2.

    `difference` is p - q where the caller knows it better than the difference of the two doubles.
    """
    log, divisor, _ = logarithm(base)
    js = _sum_terms(_js_terms, p, q, base, difference, names)
    return np.minimum(js, float(log(2.0) / divisor))


def js_terms(p: Array, q: Array, base: float, *, difference: Array | None = None) -> Array:
    """Return what each entry of rows (..., n) adds to js: (p log(p/m) + q log(q/m)) / 2, m = (p + q)/2."""
    log, divisor, nat = logarithm(base)
    with np.errstate(all="ignore"):
        logs, rest = _js_terms(p, q, p - q if difference is None else difference, log)
    return np.asarray(logs / divisor + rest / nat)


def _js_terms(p: Array, q: Array, difference: Array, log: np.ufunc) -> tuple[Array, Array]:
    """Return the terms of (p log(p/m) + q log(q/m)) / 2 in units of the base, and those in nats."""
    far = (p >= 3.0 * q) | (q >= 3.0 * p)
    both = p + q
    s = np.where(far, 0.0, difference / both)
    rest = np.where(far, 0.0, 0.5 * difference * s * horner(s * s, JS_SERIES))
    if not far.any():
        return np.zeros_like(rest), rest
    m = np.where(far, 0.5 * both, 1.0)
    logs = p_log_ratio(p, np.where(far, p, 1.0), m, log) + p_log_ratio(q, np.where(far, q, 1.0), m, log)
    return np.where(far, 0.5 * logs, 0.0), rest
