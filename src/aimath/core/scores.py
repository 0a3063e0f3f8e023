"""Rows of attention scores: masks, and the mixing of values in bounded memory."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from aimath.core.matrices import finite, shape
from aimath.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from aimath.core.arrays import Array, Real

BLOCK = 1 << 20
"""Bytes of scores worked on at a time: products of fewer rows are slower, and more leave the cache."""

BEARABLE = {"float64": (600.0, 1e30), "float32": (60.0, 1e5)}
"""Scores and values up to these sizes give exponentials, sums and products that the type holds."""


def operands(*given: ArrayLike) -> tuple[Real, ...]:
    """Give Q, K and V as finite numbers (..., rows, d): float64, or float32 if all are arrays of it."""
    single = all(isinstance(x, np.ndarray) and x.dtype == np.float32 and np.isfinite(x).all() for x in given)
    named = zip(given, "QKV", strict=True)
    return tuple(np.atleast_2d(np.asarray(x) if single else finite(x, name)) for x, name in named)


def fit(q: Real, k: Real, v: Real, causal: bool) -> None:
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
    whole = masked(whole, None, causal)
    blind = np.flatnonzero((whole == -np.inf).all(axis=-1))
    if len(blind):
        row = int(blind[0]) % wanted[-2]
        raise InputError(f"query {row + 1} sees no key: all of its row is masked", row=row, operand="mask")
    return np.broadcast_to(added, (*added.shape[:-2], *wanted[-2:]))


def masked(scaled: Array, mask: Array | None, causal: bool) -> Array:
    """Give scores (..., L, S) with the mask added and, if causal, -inf for later keys: a new array then."""
    if mask is not None:
        scaled = scaled + mask
    if causal:
        scaled = np.where(np.tri(*scaled.shape[-2:], dtype=np.bool_), scaled, -np.inf)
    return scaled


def attended(q: Real, k: Real, v: Real, scale: float, mask: Array | None, causal: bool) -> Real:
    """Give the output head by head and a block of queries at a time: the scores are never all there."""
    lead, (queries, keys) = q.shape[:-2], (q.shape[-2], k.shape[-2])
    output = np.empty((*q.shape[:-1], v.shape[-1]), q.dtype)
    step = max(1, BLOCK // (q.itemsize * keys))
    masks = None if mask is None else np.broadcast_to(mask, (*lead, queries, keys))
    with np.errstate(all="ignore"):
        for at in np.ndindex(lead):
            asked, turned = q[at] * q.dtype.type(scale), np.ascontiguousarray(k[at].T)
            calm = masks is None and _calm(asked, k[at], v[at])
            for first in range(0, queries, step):
                part = slice(first, first + step)
                seen = min(first + step, keys) if causal else keys  # what comes later is hidden anyway
                scores = asked[part] @ turned[:, :seen]
                if masks is not None:
                    scores += masks[at][part, :seen]
                if causal:
                    later = scores[:, first:]
                    np.copyto(later, -np.inf, where=~np.tri(*later.shape, dtype=np.bool_))
                _mix(scores, v[at][:seen], output[at][part], calm=calm)
    if not np.isfinite(output).all():
        raise InputError(f"the scores of Q and K are beyond {output.dtype}")
    return output


def _calm(q: Real, k: Real, v: Real) -> bool:
    """Say whether exponentials of unshifted scores and their sums must stay within the type (Cauchy)."""
    score, value = BEARABLE[q.dtype.name]
    longest = math.sqrt(np.vecdot(q, q).max()) * math.sqrt(np.vecdot(k, k).max())
    return bool(longest <= score and np.abs(v).max() <= value)


def _mix(scores: Real, values: Real, out: Real, *, calm: bool) -> None:
    """Write softmax(scores) values into `out`, overwriting the scores."""
    if not calm:
        scores -= scores.max(axis=-1, keepdims=True)
    np.exp(scores, out=scores)
    total = (scores @ np.ones(scores.shape[-1], scores.dtype))[:, np.newaxis]
    if calm and total.min() >= 1.0:  # smaller weights might take small values below the type's least
        np.matmul(scores, values, out=out)
        out /= total
    else:
        scores /= total
        np.matmul(scores, values, out=out)
