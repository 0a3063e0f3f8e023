"""Weights exp((x - max) / temperature) of rows, with the digits that the difference loses, and their sums.

Subtracting the maximum rounds, and exp multiplies that rounding by the size of the difference (up
to 427 ulp in the tails of scipy, torch and jax). Here every difference keeps its rest (two-sum) and
the weights are mended by it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from aimath.core.arrays import Array, quotient

if TYPE_CHECKING:
    from collections.abc import Iterator

BLOCK = 32_768
"""Elements worked on at a time: some arrays of this size fit the second cache together."""

NARROW = 32
"""Rows of up to this length are turned into columns, so that every operation runs along the rows."""


def row_parts(rows: Array) -> Iterator[slice]:
    """Cut rows (r, n) in blocks of whole rows."""
    step = max(1, BLOCK // rows.shape[1])
    return (slice(k, k + step) for k in range(0, len(rows), step))


def column_parts(block: Array) -> Iterator[slice]:
    """Cut rows (r, n) that are longer than a block in pieces."""
    return (slice(k, k + BLOCK) for k in range(0, block.shape[1], BLOCK))


def largest_of(block: Array) -> tuple[Array, Array]:
    """Give the place and the value of each row's largest entry, the first of several."""
    at = np.argmax(block, axis=1)
    return at, block[np.arange(len(block)), at]


def shifted(x: Array, largest: Array, temperature: float) -> tuple[Array, Array]:
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


def write_weights(x: Array, largest: Array, temperature: float, out: Array) -> None:
    """Write exp((x - largest) / temperature) into `out`, which may be x itself."""
    with np.errstate(all="ignore"):
        q, r = shifted(x, largest, temperature)
        np.exp(q, out=out)
        r *= out
        out += r


def rest_of(block: Array, at: Array, largest: Array, temperature: float) -> Array:
    """Give the sums of the weights of rows (r, n) without that of the largest, which is 1."""
    if block.shape[1] > NARROW:
        return wide_rest(block, at, largest, temperature, np.empty_like(block))
    planes = np.array(block.T, order="C")
    write_weights(planes, largest, temperature, planes)
    return _narrow_rest(planes)


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


def wide_rest(block: Array, at: Array, largest: Array, temperature: float, out: Array) -> Array:
    """Write the weights of `block` (rows, n) into `out` and give their sum without the largest."""
    for columns in column_parts(block):
        write_weights(block[:, columns], largest[:, np.newaxis], temperature, out[:, columns])
    place = (np.arange(len(block)), at)
    out[place] = 0.0
    rest = tree_sum(np.stack([tree_sum(out[:, columns].T) for columns in column_parts(block)]))
    out[place] = 1.0
    return rest


def tree_sum(planes: Array) -> Array:
    """Sum along the first axis by halves: np.sum's rounding adds up on equal weights (5 ulp at 200)."""
    while len(planes) > 1:
        half = len(planes) // 2
        folded = planes[:half] + planes[half : 2 * half]
        if len(planes) % 2:
            folded[0] += planes[-1]
        planes = folded
    return np.asarray(planes[0])
