"""Rows of attention scores: masks, and the mixing of values in bounded memory."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from aimath.core.matrices import shape
from aimath.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from aimath.core.arrays import Array

BLOCK = 1 << 16
"""Scores worked on at a time: 512 KiB, which stay in the second-level cache."""

BEARABLE = 600.0
"""Scores up to this size have exponentials that float64 holds, sums and products with values included."""


def fit(q: Array, k: Array, v: Array, causal: bool) -> None:
    """Refuse queries, keys and values whose shapes don't go together."""
    if not q.shape[:-2] == k.shape[:-2] == v.shape[:-2]:
        raise InputError(f"Q, K and V differ in their batches: {shape(q)}, {shape(k)}, {shape(v)}")
    if q.shape[-1] != k.shape[-1]:
        raise InputError(f"Q has width {q.shape[-1]} and K {k.shape[-1]}: they must be equal", operand="K")
    if k.shape[-2] != v.shape[-2]:
        raise InputError(f"K has {k.shape[-2]} rows and V {v.shape[-2]}: they must be equal", operand="V")
    if 0 in q.shape or 0 in k.shape or 0 in v.shape:
        raise InputError("needs at least one row")
    if causal and q.shape[-2] != k.shape[-2]:
        why = f"causal needs as many keys as queries, not {k.shape[-2]} and {q.shape[-2]}"
        raise InputError(why, operand="K")


def added_mask(mask: ArrayLike, wanted: tuple[int, ...], causal: bool) -> Array:
    """Give a mask as numbers to add, and refuse one that leaves a query without keys."""
    given = np.asarray(mask)
    if given.dtype == np.bool_:
        given = np.where(given, 0.0, -np.inf)
    if given.dtype.kind not in "iuf":
        raise InputError(f"a mask is of truth values or numbers, not {given.dtype}", operand="mask")
    added = given.astype(np.float64)
    try:
        whole = np.broadcast_to(added, wanted)
    except ValueError:
        why = f"the mask has shape {shape(given)}, but the scores are {'x'.join(map(str, wanted))}"
        raise InputError(why, operand="mask") from None
    if not (added < np.inf).all():
        raise InputError("the mask holds nan or inf: it may hold numbers and -inf", operand="mask")
    whole = masked(whole, None, causal, 0)
    blind = np.flatnonzero((whole == -np.inf).all(axis=-1))
    if len(blind):
        row = int(blind[0]) % wanted[-2]
        raise InputError(f"query {row + 1} sees no key: all of its row is masked", row=row, operand="mask")
    return np.broadcast_to(added, (*added.shape[:-2], *wanted[-2:]))


def masked(scaled: Array, mask: Array | None, causal: bool, first: int) -> Array:
    """Give scores of queries from number `first` on with the mask added, in a new array if there is one."""
    if mask is not None:
        scaled = scaled + mask
    if causal:
        queries, keys = scaled.shape[-2:]
        scaled = np.where(np.tri(queries, keys, first, dtype=np.bool_), scaled, -np.inf)
    return scaled


def attended(q: Array, k: Array, v: Array, scale: float, mask: Array | None, causal: bool) -> Array:
    """Give the output head by head and a block of queries at a time: the scores are never all there."""
    lead, (queries, keys) = q.shape[:-2], (q.shape[-2], k.shape[-2])
    output = np.empty((*q.shape[:-1], v.shape[-1]))
    step = max(1, BLOCK // keys)
    masks = None if mask is None else np.broadcast_to(mask, (*lead, queries, keys))
    with np.errstate(all="ignore"):
        for at in np.ndindex(lead):
            asked, turned = q[at] * scale, k[at].T
            calm = masks is None and _calm(asked, k[at], v[at])
            for first in range(0, queries, step):
                part = slice(first, first + step)
                seen = min(first + step, keys) if causal else keys  # what comes later is hidden anyway
                added = None if masks is None else masks[at][part, :seen]
                scores = masked(asked[part] @ turned[:, :seen], added, causal, first)
                output[at][part] = _mixed(scores, v[at][:seen], calm)
    if not np.isfinite(output).all():
        raise InputError("the scores of Q and K are beyond float64")
    return output


def _calm(q: Array, k: Array, v: Array) -> bool:
    """Say whether exponentials of unshifted scores and their sums must stay within float64 (Cauchy)."""
    longest = math.sqrt(np.vecdot(q, q).max()) * math.sqrt(np.vecdot(k, k).max())
    return bool(longest <= BEARABLE and np.abs(v).max() <= 1e30)


def _mixed(scores: Array, values: Array, calm: bool) -> Array:
    """Give softmax(scores) values, overwriting the scores."""
    if not calm:
        scores -= scores.max(axis=-1, keepdims=True)
    np.exp(scores, out=scores)
    total = (scores @ np.ones(scores.shape[-1]))[:, np.newaxis]
    return np.asarray((scores @ values) / total if calm else (scores / total) @ values)
