"""Softmax, log-softmax and log-sum-exp of rows (..., n), of which all digits survive.

All work is done in blocks that stay in the cache, and what a row gives depends on that row alone,
so a row of a batch equals the single call bit for bit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from aimath.core.arrays import Array, two_sum
from aimath.core.weights import (
    NARROW,
    column_parts,
    largest_of,
    rest_of,
    row_parts,
    shifted,
    tree_sum,
    wide_rest,
    write_weights,
)
from aimath.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

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
    for part in row_parts(rows):
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
    for part in row_parts(rows):
        block, out = rows[part], logs[part]
        at, largest = largest_of(block)
        _refuse_masked(largest, np.arange(part.start, part.start + len(block)))
        nats = np.log1p(rest_of(block, at, largest, temperature))[:, np.newaxis]
        for columns in column_parts(block):
            with np.errstate(all="ignore"):
                q, r = shifted(block[:, columns], largest[:, np.newaxis], temperature)
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
    for part in row_parts(rows):
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


def _refuse_masked(largest: Array, rows: NDArray[np.intp]) -> None:
    if np.minimum.reduce(largest) == -np.inf:
        raise InputError("all logits are -inf", row=int(rows[np.argmin(largest)]))


def _narrow(block: Array, temperature: float, part: slice, probs: Array, total: Array) -> None:
    planes = np.array(block.T, order="C")
    largest = np.maximum.reduce(planes, axis=0)
    _refuse_masked(largest, np.arange(part.start, part.start + len(block)))
    write_weights(planes, largest, temperature, planes)
    total[:] = tree_sum(planes)
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
        at, largest = largest_of(block[hard])
        _refuse_masked(largest, part.start + hard)
        weights = np.empty((len(hard), block.shape[1]))
        total[hard] = 1.0 + wide_rest(block[hard], at, largest, temperature, weights)
        probs[hard] = weights / total[hard, np.newaxis]


def _exponentials(block: Array, out: Array) -> tuple[Array, Array]:
    """Write exp(block) into `out` (rows, n) and give the sums and the largest."""
    sums, tops = [], []
    for columns in column_parts(block):
        np.exp(block[:, columns], out=out[:, columns])
        planes = out[:, columns].T
        if block.shape[1] <= TURN:
            planes = np.ascontiguousarray(planes)
        sums.append(tree_sum(planes))
        tops.append(np.maximum.reduce(planes, axis=0))
    return tree_sum(np.stack(sums)), np.maximum.reduce(np.stack(tops), axis=0)


def _plain_total(block: Array) -> Array:
    """Sum exp(block) along rows (rows, n), holding no more than a block of exponentials."""
    if block.shape[1] <= NARROW:
        return tree_sum(np.exp(np.array(block.T, order="C")))
    return tree_sum(np.stack([tree_sum(np.exp(block[:, c]).T) for c in column_parts(block)]))


def _careful(block: Array) -> Array:
    at, largest = largest_of(block)
    finite = np.isfinite(largest)
    with np.errstate(all="ignore"):
        rest = rest_of(block, at, np.where(finite, largest, 0.0), 1.0)
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
