"""The layers of networks, each one node of the tape: its formula forward, and those of its gradients.

Each is what its formula says, operation by operation, in one step of the tape; rows lie along the last
axis, with any axes before. Results are of their operands' type, float64 or float32.
"""

from __future__ import annotations

import math
from functools import partial
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from aimath.core.nn.autograd._errstate import checked, checked_call
from aimath.core.nn.autograd._tensor import (
    Tensor,
    identity,
    matmul,
    matmul_vjp_left,
    matmul_vjp_right,
    product_of_rows,
    record,
    unwrap,
)
from aimath.core.numerics.arrays import format_shape
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike, NDArray

    from aimath.core.numerics.types import Array, FloatArray

SAFE_EXPONENT = 60.0
"""Scores within ± this have exponentials, and sums and quotients of them, that float32 holds too."""


def linear(x: Any, w: Any, b: Any = None) -> Any:
    """Return y = x W + b of rows x (..., m), W (m, n), b (n,).

    With g = dL/dy: dL/dx = g Wᵀ, dL/dW = xᵀ g and dL/db = Σ g over all rows.
    """
    if b is None:
        return matmul(x, w)
    v, weights = np.asarray(unwrap(x)), np.asarray(unwrap(w))
    y = checked_call(np.add, checked_call(product_of_rows, v, weights), unwrap(b))
    return record(
        y,
        (x, lambda g: matmul_vjp_left(g, v, weights)),
        (w, lambda g: matmul_vjp_right(g, v, weights)),
        (b, identity),
    )


def embedding(table: Any, ids: ArrayLike) -> Any:
    """Return the rows (..., d) of a table (n, d) at integer ids (...).

    A row named twice gets the sum of both gradients.
    """
    rows, n = np.asarray(ids), len(unwrap(table))
    if rows.dtype.kind not in "iu":
        raise InputError("ids of an embedding must be whole numbers, counted from 0")
    if rows.size and (rows.min() < 0 or rows.max() >= n):
        raise InputError(f"there is no id {rows[(rows < 0) | (rows >= n)][0]}, only 0 to {n - 1}")
    return table[rows]


def layer_norm(x: Any, gain: Any = 1.0, bias: Any = 0.0, eps: float = 1e-5) -> Any:
    """Return y = gain · z + bias, z = (x - mean) / √(variance + eps), of rows (..., n), gain and bias (n,).

    With h = g · gain: dL/dx = (h - mean(h) - z mean(h z)) / √(variance + eps), dL/dgain = Σ g z and
    dL/dbias = Σ g. The variance is that of the n entries, from their deviations (two passes); eps as in
    torch, and 0 where a row isn't constant. Ba, Kiros and Hinton (2016).
    """
    v, scale, shift = unwrap(x), unwrap(gain), unwrap(bias)
    centred = v - row_means(v)
    centred -= row_means(centred)  # what rounding left of an offset
    std = np.sqrt(row_means(centred * centred) + eps)
    z = checked_call(np.divide, centred, std)

    def by_x(g: Array) -> Array:
        h = g * scale
        return np.asarray((h - row_means(h) - z * row_means(h * z)) / std)

    return record(
        checked_call(np.add, z * scale, shift), (x, by_x), (gain, lambda g: g * z), (bias, identity)
    )


def rms_norm(x: Any, gain: Any = 1.0, eps: float = 1e-6) -> Any:
    """Return y = gain · z, z = x / √(mean(x²) + eps), of rows (..., n), gain (n,).

    With h = g · gain: dL/dx = (h - z mean(h z)) / √(mean(x²) + eps) and dL/dgain = Σ g z. Zhang and
    Sennrich (2019).
    """
    v, scale = unwrap(x), unwrap(gain)
    rms = np.sqrt(row_means(checked_call(np.square, v)) + eps)
    z = checked_call(np.divide, v, rms)

    def by_x(g: Array) -> Array:
        h = g * scale
        return np.asarray((h - z * row_means(h * z)) / rms)

    return record(checked_call(np.multiply, z, scale), (x, by_x), (gain, lambda g: g * z))


def row_means(x: Array) -> Array:
    """Return the means (..., 1) of rows (..., n): a product with ones, a third of the time that mean() takes.

    >>> row_means(np.array([[1.0, 2.0, 6.0]]))
    array([[3.]])
    """
    return np.asarray((x @ np.ones(x.shape[-1], x.dtype))[..., np.newaxis] / x.shape[-1])


@checked
def attention(
    q: Any, k: Any = None, v: Any = None, *, heads: int, kv_heads: int | None = None, causal: bool = True
) -> Any:
    """Return softmax(Q Kᵀ / √d) V of every head, side by side: (..., T, heads · d).

    q (..., T, heads · d), k and v (..., S, kv_heads · d), or the three side by side as q alone; `causal`
    hides the keys behind a query's own place, the last query being at the last key. Fewer heads of keys
    and values than of queries are each shared by as many neighbouring ones. With P the weights, O = P V and
    a head's G = dL/dO:
    dL/dV = Pᵀ G, dP = G Vᵀ, dS = P · (dP - Σ P dP), dL/dQ = dS K / √d, dL/dK = dSᵀ Q / √d.
    Vaswani et al. (2017); Ainslie et al. (2023) for the groups.
    """
    groups = heads if kv_heads is None else kv_heads
    packed, split = (
        (q, partial(_split_rows, heads=heads, groups=groups)) if k is None else _pack(q, k, v, heads, groups)
    )
    queries, keys, values = split(np.asarray(unwrap(packed)))
    scale = 1.0 / math.sqrt(queries.shape[-1])
    weights, out = attend(queries, keys, values, _seen_before(queries, keys) if causal else None)

    def by_packed(g: Array) -> Array:
        back = np.empty_like(unwrap(packed))
        by_q, by_k, by_v = split(back)
        one = _rows_to_heads(g, groups, heads)
        by_scores = one @ values.mT
        by_scores -= np.einsum("...k,...k->...", by_scores, weights)[..., np.newaxis]
        by_scores *= weights
        by_scores *= scale
        np.matmul(by_scores, keys, out=by_q)
        if groups == heads:
            np.matmul(by_scores.mT, queries, out=by_k)
            np.matmul(weights.mT, one, out=by_v)
        else:
            np.add.reduce(by_scores.mT @ queries, axis=-3, keepdims=True, out=by_k)
            np.add.reduce(weights.mT @ one, axis=-3, keepdims=True, out=by_v)
        return np.asarray(back)

    return record(_heads_to_rows(out), (packed, by_packed))


def attend(
    queries: FloatArray, keys: FloatArray, values: FloatArray, seen: NDArray[np.bool_] | None = None
) -> tuple[FloatArray, FloatArray]:
    """Return the weights softmax(Q Kᵀ / √d) (..., T, S), and with them P V (..., T, d).

    Q (..., T, d), K and V (..., S, d); `seen` (..., T, S) says which keys each query sees, at least one.
    """
    weights = _masked_softmax(queries @ keys.mT, 1.0 / math.sqrt(queries.shape[-1]), seen)
    return weights, weights @ values


def _seen_before(queries: FloatArray, keys: FloatArray) -> NDArray[np.bool_]:
    """Return which keys (T, S) the last T of S places see: those up to their own."""
    tokens, places = queries.shape[-2], keys.shape[-2]
    if tokens > places:
        raise InputError(f"{tokens} queries can't be the last of {places} keys", hint="use causal=False")
    return np.tri(tokens, places, places - tokens, dtype=np.bool_)


def _pack(
    q: Any, k: Any, v: Any, heads: int, groups: int
) -> tuple[Any, Callable[[Array], tuple[Array, ...]]]:
    """Return the rows of Q, K and V in one axis (..., n), and what gives the heads of such an array."""
    shapes = [np.shape(unwrap(rows)) for rows in (q, k, v)]
    if any(len(shape) < 2 for shape in shapes) or len({shape[:-2] for shape in shapes}) > 1:
        raise InputError(f"Q, K and V of shapes {', '.join(map(str, shapes))} don't fit together")
    sizes = ((groups, heads), (groups, groups), (groups, groups))
    if heads % groups or any(shape[-1] % n for shape, (_, n) in zip(shapes, sizes, strict=True)):
        told = f"{heads} heads of queries and {groups} of keys and of values"
        raise InputError(f"rows of {', '.join(str(shape[-1]) for shape in shapes)} can't be {told}")
    ends = (0, *accumulate(shape[-2] * shape[-1] for shape in shapes))
    flat = [
        rows.reshape((*shape[:-2], -1))
        for rows, shape in zip(map(_tensor_or_array, (q, k, v)), shapes, strict=True)
    ]

    def split(packed: Array) -> tuple[Array, ...]:
        parts = zip(pairwise(ends), shapes, sizes, strict=True)
        return tuple(_rows_to_heads(packed[..., a:b].reshape(shape), *size) for (a, b), shape, size in parts)

    return concatenate(flat), split


def _tensor_or_array(x: Any) -> Any:
    return x if isinstance(x, Tensor) else np.asarray(x)


def _split_rows(packed: Array, *, heads: int, groups: int) -> tuple[Array, ...]:
    """Return views of Q (..., groups, heads / groups, T, d), K and V (..., groups, 1, T, d) of rows."""
    d, rest = divmod(packed.shape[-1], heads + 2 * groups)
    if rest or not d or packed.ndim < 2 or heads % groups:
        sizes = f"{heads} heads of queries and {groups} of keys and of values"
        raise InputError(f"rows of {packed.shape[-1]} can't be {sizes}")
    ends = (0, heads * d, (heads + groups) * d, (heads + 2 * groups) * d)
    q, k, v = (packed[..., a:b] for a, b in pairwise(ends))
    return (
        _rows_to_heads(q, groups, heads),
        _rows_to_heads(k, groups, groups),
        _rows_to_heads(v, groups, groups),
    )


def _rows_to_heads(rows: Array, groups: int, heads: int) -> Array:
    """Return (..., groups, heads / groups, T, d) of rows (..., T, heads · d): a view."""
    split = rows.reshape(*rows.shape[:-1], groups, heads // groups, -1)
    return np.moveaxis(split, -4, -2)


def _heads_to_rows(heads: Array) -> Array:
    """Return rows (..., T, heads · d) of (..., groups, heads / groups, T, d)."""
    rows = np.moveaxis(heads, -2, -4)
    return rows.reshape(*rows.shape[:-3], -1)


def _masked_softmax(scores: Array, scale: float, seen: NDArray[np.bool_] | None) -> Array:
    """Return softmax(scores · scale) of rows (..., T, S) in place of the scores, what isn't seen hidden."""
    scores *= scale
    if np.abs(scores).max(initial=0.0) > SAFE_EXPONENT:
        if seen is not None:
            np.copyto(scores, -np.inf, where=~seen)
        scores -= scores.max(axis=-1, keepdims=True)
    np.exp(scores, out=scores)
    if seen is not None:
        scores *= seen.astype(scores.dtype)
    scores /= (scores @ np.ones(scores.shape[-1], scores.dtype))[..., np.newaxis]
    return scores


@checked
def cross_entropy_loss(
    logits: Any, target: ArrayLike, ignore: int | None = None, weights: ArrayLike | None = None
) -> Any:
    """Return the mean of -Σ t log softmax(logits) over rows (..., n), one number, in nats.

    `target` is classes (...), t their ones, or rows t (..., n) of their own. Rows whose class is `ignore`
    don't count; `weights` (...) make it Σ w loss / Σ w. The exponentials and their sum are kept:
    dL/dlogits = w / Σ w · (Σ t · softmax(logits) - t). As torch's; `cross_entropy` has each row's with all
    its digits.
    """
    z = unwrap(logits)
    rows, n = z.reshape(-1, z.shape[-1]), z.shape[-1]
    t = np.asarray(target)
    soft = t.dtype.kind == "f" and t.shape == z.shape
    if not soft and t.shape != z.shape[:-1]:
        raise InputError(f"targets of shape {format_shape(t)} don't fit logits of {format_shape(z)}")
    w = np.ones(len(rows), z.dtype) if weights is None else np.asarray(weights, z.dtype).reshape(-1)
    if len(w) != len(rows):
        raise InputError(f"{len(w)} weights don't fit {len(rows)} rows of logits")
    shifted = rows - rows.max(axis=-1, keepdims=True)
    if soft:
        t = t.reshape(-1, n).astype(z.dtype, copy=False)
        hit, mass = np.einsum("ij,ij->i", t, shifted), t @ np.ones(n, z.dtype)
    else:
        t = t.reshape(-1)
        if ignore is not None:
            w, t = w * (t != ignore), np.where(t == ignore, 0, t)
        if t.dtype.kind not in "iu":
            raise InputError("classes must be whole numbers, counted from 0")
        if t.size and (t.min() < 0 or t.max() >= n):
            raise InputError(f"there is no class {t[(t < 0) | (t >= n)][0]}, only 0 to {n - 1}")
        places = np.arange(len(rows)), t
        hit, mass = shifted[places], np.ones(1, z.dtype)
    exponentials = np.exp(shifted, out=shifted)
    sums = exponentials @ np.ones(n, z.dtype)
    total = w.sum()
    if not total > 0.0:
        raise InputError("no row counts: the weights of all that have a class are 0")
    loss = w @ (mass * np.log(sums) - hit) / total
    w = w / total

    def by_logits(g: Array) -> Array:
        back = exponentials * (w * mass / sums)[:, np.newaxis]
        if soft:
            back -= w[:, np.newaxis] * t
        else:
            back[places] -= w
        back *= g
        return np.asarray(back.reshape(z.shape))

    return record(loss, (logits, by_logits))


def dropout(x: Any, mask: ArrayLike) -> Any:
    """Return x · mask, of a mask whose entries are 0 with probability p, else 1 / (1 - p).

    The mask is drawn by who trains, so that a run can be repeated. dL/dx = g · mask. Srivastava et al.
    (2014).
    """
    v, kept = unwrap(x), np.asarray(mask)
    return record(checked_call(np.multiply, v, kept), (x, lambda g: g * kept))


def concatenate(parts: Sequence[Any], axis: int = -1) -> Any:
    """Return parts (..., n_k, ...) joined along an existing axis."""
    arrays = [np.asarray(unwrap(part)) for part in parts]
    try:
        value = np.concatenate(arrays, axis=axis)
    except ValueError:
        shapes = ", ".join(format_shape(array) or "a number" for array in arrays)
        raise InputError(f"parts of shapes {shapes} can't be set side by side along axis {axis}") from None
    pieces = _slices([array.shape[axis] for array in arrays], axis % value.ndim)
    shares = [lambda g, piece=piece: g[piece] for piece in pieces]
    return record(value, *zip(parts, shares, strict=True))


def split(x: Any, lengths: Sequence[int], axis: int = -1) -> list[Any]:
    """Return x cut into parts of these lengths along an axis: what `concatenate` joins again."""
    v = unwrap(x)
    if sum(lengths) != v.shape[axis] or min(lengths, default=0) < 0:
        raise InputError(f"parts of {', '.join(map(str, lengths))} don't make up {v.shape[axis]}")
    return [x[piece] for piece in _slices(lengths, axis % v.ndim)]


def _slices(lengths: Sequence[int], axis: int) -> list[tuple[slice, ...]]:
    """Return the indices of parts of these lengths along an axis."""
    ends = np.cumsum([0, *lengths]).tolist()
    return [(slice(None),) * axis + (slice(a, b),) for a, b in pairwise(ends)]
