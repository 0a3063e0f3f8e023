"""Rows of exponentials whose digits survive: softmax, log-softmax and log-sum-exp on (..., n).

Subtracting the maximum rounds, and exp multiplies that rounding by the size of the difference (up
to 427 ulp in the tails of scipy, torch and jax). Here every difference keeps its rest (two-sum) and
the weights are mended by it. All work is done in blocks that stay in the cache, and what a row
gives depends on that row alone, so a row of a batch equals the single call bit for bit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from aimath.core.arrays import Array, quotient, two_sum
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

BLOCK = 32_768
"""Elements worked on at a time: some arrays of this size fit the second cache together."""

NARROW = 32
"""Rows of up to this length are turned into columns, so that every operation runs along the rows."""

BEARABLE = 1e300
"""Sums of exponentials from 1 to here lost nothing to overflow, nor to underflow what matters to them."""

TURN = 512
"""Rows of up to this length are summed faster as columns, a turned copy included."""

DECIMAL_MOST = 100_000
"""Longest row (entries) whose log-sum-exp is redone in decimals when it cancels: about 3 s."""


def softmax_rows(x: Array, temperature: float = 1.0) -> tuple[Array, Array]:
    """Give the softmax of rows (..., n) at a temperature, and the sums of their weights (...,).

    probs = exp((x - max(x)) / temperature) / total, within 4 ulp at any depth. -inf is a mask;
    temperature 0 is the limit (greedy, ties share), inf is uniform over what is not masked.

    >>> softmax_rows(np.array([[0.0, 0.0], [0.0, -np.inf]]))
    (array([[0.5, 0.5],
           [1. , 0. ]]), array([2., 1.]))
    """
    rows = _rows(x, temperature)
    probs, total = np.empty_like(rows), np.empty(len(rows))
    weigh = _narrow if rows.shape[1] <= NARROW else _wide
    for part in _parts(rows):
        weigh(rows[part], temperature, part, probs[part], total[part])
    return probs.reshape(x.shape), total.reshape(x.shape[:-1])


def log_softmax_rows(x: Array, temperature: float = 1.0) -> Array:
    """Give the logarithms of the softmax of rows (..., n) in nats: the log-odds of a sure thing survive.

    log_probs = (x - max(x)) / temperature - log1p(sum of the other weights).

    >>> log_softmax_rows(np.array([50.0, 0.0]))
    array([-1.92874985e-22, -5.00000000e+01])
    """
    rows = _rows(x, temperature)
    logs = np.empty_like(rows)
    for part in _parts(rows):
        block, out = rows[part], logs[part]
        at, largest = _largest(block)
        _refuse_masked(largest, np.arange(part.start, part.start + len(block)))
        nats = np.log1p(_rest(block, at, largest, temperature))[:, np.newaxis]
        for columns in _columns(block):
            with np.errstate(all="ignore"):
                q, r = _shifted(block[:, columns], largest[:, np.newaxis], temperature)
                difference, lost = two_sum(q, -nats)
                out[:, columns] = np.where(np.isfinite(difference), difference + (lost + r), difference)
    return logs.reshape(x.shape)


def logsumexp_rows(x: Array) -> Array:
    """Give log(sum(exp(x))) of rows (..., n) in nats; -inf for a row of -inf, inf where inf is among them.

    A row whose answer is not near 0 and whose numbers exp can bear is summed as it stands, without
    a shift that would round. Else max + log1p(the others); and where these two cancel, as they do
    for log-probabilities, in decimals.

    >>> logsumexp_rows(np.array([0.0, -40.0]))
    array(4.24835426e-18)
    """
    rows = _rows(x, 1.0)
    result = np.empty(len(rows))
    for part in _parts(rows):
        block = rows[part]
        with np.errstate(all="ignore"):
            largest = np.maximum.reduce(block, axis=-1)
            nats = np.log(_plain_total(block))
        hard = ~((np.abs(nats) >= 1.0) & (np.abs(largest) <= 600.0))
        if hard.any():
            nats[hard] = _careful(block[hard])
        result[part] = nats
    return result.reshape(x.shape[:-1])


def _rows(x: Array, temperature: float) -> Array:
    if not temperature >= 0.0:
        raise InputError(f"temperature must be at least 0, not {temperature:g}", operand="temperature")
    return np.ascontiguousarray(x).reshape(-1, x.shape[-1])


def _parts(rows: Array) -> Iterator[slice]:
    step = max(1, BLOCK // rows.shape[1])
    return (slice(k, k + step) for k in range(0, len(rows), step))


def _columns(block: Array) -> Iterator[slice]:
    return (slice(k, k + BLOCK) for k in range(0, block.shape[1], BLOCK))


def _largest(block: Array) -> tuple[Array, Array]:
    at = np.argmax(block, axis=1)
    return at, block[np.arange(len(block)), at]


def _refuse_masked(largest: Array, rows: NDArray[np.intp]) -> None:
    if np.minimum.reduce(largest) == -np.inf:
        raise InputError("all logits are -inf", row=int(rows[np.argmin(largest)]))


def _narrow(block: Array, temperature: float, part: slice, probs: Array, total: Array) -> None:
    planes = np.array(block.T, order="C")
    largest = np.maximum.reduce(planes, axis=0)
    _refuse_masked(largest, np.arange(part.start, part.start + len(block)))
    _weights(planes, largest, temperature, planes)
    total[:] = _tree_sum(planes)
    for k, weight in enumerate(planes):  # a column at a time: an array turned and then divided takes longer
        np.divide(weight, total, out=probs[:, k])


def _wide(block: Array, temperature: float, part: slice, probs: Array, total: Array) -> None:
    """Give long rows as they stand where exp can bear them: what isn't shifted isn't rounded either."""
    hard = np.arange(len(block))
    if temperature == 1.0:
        with np.errstate(all="ignore"):
            sums, tops = _exponentials(block, probs)
            np.divide(sums, tops, out=total)
            np.divide(probs, sums[:, np.newaxis], out=probs)
        hard = np.flatnonzero(~((sums >= 1.0) & (sums <= BEARABLE)))
    if len(hard):
        at, largest = _largest(block[hard])
        _refuse_masked(largest, part.start + hard)
        weights = np.empty((len(hard), block.shape[1]))
        total[hard] = 1.0 + _wide_rest(block[hard], at, largest, temperature, weights)
        probs[hard] = weights / total[hard, np.newaxis]


def _exponentials(block: Array, out: Array) -> tuple[Array, Array]:
    """Write exp(block) into `out` (rows, n) and give the sums and the largest."""
    sums, tops = [], []
    for columns in _columns(block):
        np.exp(block[:, columns], out=out[:, columns])
        planes = out[:, columns].T
        if block.shape[1] <= TURN:
            planes = np.ascontiguousarray(planes)
        sums.append(_tree_sum(planes))
        tops.append(np.maximum.reduce(planes, axis=0))
    return _tree_sum(np.stack(sums)), np.maximum.reduce(np.stack(tops), axis=0)


def _shifted(x: Array, largest: Array, temperature: float) -> tuple[Array, Array]:
    """Give (x - largest) / temperature in two parts, of which the second is always finite."""
    if temperature == 0.0:
        q = np.where(x == largest, 0.0, -np.inf)
        return q, np.zeros_like(q)
    if temperature == np.inf:
        q = np.where(x == -np.inf, -np.inf, 0.0)
        return q, np.zeros_like(q)
    q = x - largest
    t = q - x
    r = q - t  # Knuth's two-sum, in place: r = (x - (q - t)) - (largest + t)
    np.subtract(x, r, out=r)
    t += largest
    r -= t
    if temperature != 1.0:
        q, r = quotient(q, r, temperature)
    if np.minimum.reduce(q, axis=None) == -np.inf:
        r[q == -np.inf] = 0.0
    return q, r


def _weights(x: Array, largest: Array, temperature: float, out: Array) -> None:
    """Write exp((x - largest) / temperature) into `out`, which may be x itself."""
    with np.errstate(all="ignore"):
        q, r = _shifted(x, largest, temperature)
        np.exp(q, out=out)
        r *= out
        out += r


def _narrow_rest(weights: Array) -> Array:
    """Sum weights (n, rows) in 0..1, of which one is 1, without that one.

    The sum starts at 1 and so is never below what is added to it: the rest of each addition takes
    two operations (Dekker 1971), and taking off the 1 and the largest weight afterwards is exact.
    """
    total, rest = np.ones(weights.shape[1]), np.zeros(weights.shape[1])
    for weight in weights:
        larger = total + weight
        np.subtract(larger, total, out=total)
        rest += np.subtract(weight, total, out=total)
        total = larger
    return (total - 2.0) + rest


def _wide_rest(block: Array, at: Array, largest: Array, temperature: float, out: Array) -> Array:
    """Write the weights of `block` (rows, n) into `out` and give their sum without the largest."""
    for columns in _columns(block):
        _weights(block[:, columns], largest[:, np.newaxis], temperature, out[:, columns])
    place = (np.arange(len(block)), at)
    out[place] = 0.0
    rest = _tree_sum(np.stack([_tree_sum(out[:, columns].T) for columns in _columns(block)]))
    out[place] = 1.0
    return rest


def _tree_sum(planes: Array) -> Array:
    """Sum along the first axis by halves: np.sum's rounding adds up on equal weights (5 ulp at 200)."""
    while len(planes) > 1:
        half = len(planes) // 2
        folded = planes[:half] + planes[half : 2 * half]
        if len(planes) % 2:
            folded[0] += planes[-1]
        planes = folded
    return np.asarray(planes[0])


def _rest(block: Array, at: Array, largest: Array, temperature: float) -> Array:
    if block.shape[1] > NARROW:
        return _wide_rest(block, at, largest, temperature, np.empty_like(block))
    planes = np.array(block.T, order="C")
    _weights(planes, largest, temperature, planes)
    return _narrow_rest(planes)


def _plain_total(block: Array) -> Array:
    """Sum exp(block) along rows (rows, n), holding no more than a block of exponentials."""
    if block.shape[1] <= NARROW:
        return _tree_sum(np.exp(np.array(block.T, order="C")))
    return _tree_sum(np.stack([_tree_sum(np.exp(block[:, c]).T) for c in _columns(block)]))


def _careful(block: Array) -> Array:
    at, largest = _largest(block)
    finite = np.isfinite(largest)
    with np.errstate(all="ignore"):
        rest = _rest(block, at, np.where(finite, largest, 0.0), 1.0)
        nats = np.where(finite, largest + np.log1p(rest), largest)
    cancels = finite & (largest < 0.0) & (np.abs(nats) < 0.5 * np.abs(largest))
    if block.shape[1] <= DECIMAL_MOST:
        for row in np.flatnonzero(cancels):
            nats[row] = _decimal(block[row])
    return nats


def _decimal(row: Array) -> float:
    """Give log(sum(exp(row))) with 40 digits, or with twice as many each time they cancel away."""
    from decimal import Context, Decimal  # noqa: PLC0415  1 ms at start for a rare need

    digits = 40
    while True:
        context = Context(prec=digits)
        total = Decimal(0)
        for value in row[row > -np.inf].tolist():
            total = context.add(total, context.exp(Decimal(value)))
        nats = context.ln(total)
        if nats.adjusted() > 20 - digits or digits > 1000:
            return float(nats)
        digits *= 2
