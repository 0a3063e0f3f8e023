"""Scaled dot-product attention and multi-head attention."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple, overload

import numpy as np

from aimath.core.linalg._scores import ScoreParts, is_small, mask_parts, scores_in_parts, softmax_of_parts
from aimath.core.numerics.arrays import Check, as_finite, as_matrix, format_shape
from aimath.core.numerics.exact import sqrt_ratio_rounded
from aimath.core.numerics.forms import select_form
from aimath.core.numerics.types import never_infinite
from aimath.core.probability import softmax_rows
from aimath.errors import InputError

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import ArrayLike

    from aimath.core.numerics.axes import (
        AttentionValues,
        HeadKeys,
        HeadQueries,
        HeadScores,
        Keys,
        Mixtures,
        Positions,
        Projection,
        Queries,
        Scores,
    )
    from aimath.core.numerics.types import Array, FloatArray

BLOCK = 1 << 20
"""Bytes of scores worked on at a time: products of fewer rows are slower, and more leave the cache."""
EXP_SAFE_LIMITS = {"float64": (600.0, 1e30), "float32": (60.0, 1e5)}
"""Scores and values up to these sizes give exponentials, sums and products that the type holds."""


def as_qkv(*arrays: ArrayLike) -> tuple[FloatArray, ...]:
    """Return Q, K and V as finite arrays (..., rows, d): float64, or float32 if all are float32."""
    single = all(isinstance(x, np.ndarray) and x.dtype == np.float32 and np.isfinite(x).all() for x in arrays)
    named = zip(arrays, "QKV", strict=True)
    return tuple(np.atleast_2d(np.asarray(x) if single else as_finite(x, name)) for x, name in named)


def check_qkv_shapes(q: FloatArray, k: FloatArray, v: FloatArray, causal: bool) -> None:
    """Raise an InputError if the shapes of queries, keys and values don't match."""
    if not q.shape[:-2] == k.shape[:-2] == v.shape[:-2]:
        raise InputError(
            f"Q, K and V differ in their batches: {format_shape(q)}, {format_shape(k)}, {format_shape(v)}"
        )
    if q.shape[-1] != k.shape[-1]:
        raise InputError(
            "Q has width {width} and {operand} {other}: they must be equal",
            operand="K",
            width=q.shape[-1],
            other=k.shape[-1],
        )
    if k.shape[-2] != v.shape[-2]:
        raise InputError(
            "K has {rows} rows and {operand} {other}: they must be equal",
            operand="V",
            rows=k.shape[-2],
            other=v.shape[-2],
        )
    if 0 in q.shape or 0 in k.shape or 0 in v.shape:
        raise InputError("needs at least one row")
    if causal and q.shape[-2] != k.shape[-2]:
        why = f"causal needs as many keys as queries, not {k.shape[-2]} and {q.shape[-2]}"
        raise InputError(why, operand="K")


def as_additive_mask(mask: ArrayLike, scores_shape: tuple[int, ...], causal: bool) -> Array:
    """Return an additive mask, or raise an InputError if it hides every key from a query."""
    given = np.asarray(mask)
    if given.dtype == np.bool_:
        given = np.where(given, 0.0, -np.inf)
    if given.dtype.kind not in "iuf":
        raise InputError(
            "a {operand} is of truth values or numbers, not {dtype}", operand="mask", dtype=given.dtype
        )
    added = given.astype(np.float64)
    try:
        whole = np.broadcast_to(added, scores_shape)
    except ValueError:
        raise InputError(
            "the {operand} has shape {shape}, but the scores are {scores}",
            operand="mask",
            shape=format_shape(given),
            scores="x".join(map(str, scores_shape)),
        ) from None
    if not (added < np.inf).all():
        raise InputError("the {operand} holds nan or inf: it may hold numbers and -inf", operand="mask")
    whole = apply_mask(whole, None, causal)
    blind = np.flatnonzero((whole == -np.inf).all(axis=-1))
    if len(blind):
        row = int(blind[0]) % scores_shape[-2]
        raise InputError(f"query {row + 1} sees no key: all of its row is masked", row=row, operand="mask")
    return np.broadcast_to(added, (*added.shape[:-2], *scores_shape[-2:]))


def apply_mask(scaled: Array, mask: Array | None, causal: bool) -> Array:
    """Return scores (..., L, S) with the mask added and, if causal, -inf for later keys."""
    if mask is not None:
        scaled = np.where(mask == -np.inf, -np.inf, scaled + mask)  # hidden, however large the score
    if causal:
        scaled = np.where(np.tri(*scaled.shape[-2:], dtype=np.bool_), scaled, -np.inf)
    return scaled


def scaled_dot_product_attention(
    q: FloatArray, k: FloatArray, v: FloatArray, scale: float, mask: Array | None, causal: bool
) -> FloatArray:
    """Return softmax(Q Kᵀ · scale + mask) V, computed by blocks of queries: for many scores."""
    lead, (queries, keys) = q.shape[:-2], (q.shape[-2], k.shape[-2])
    output = np.empty((*q.shape[:-1], v.shape[-1]), q.dtype)
    step = max(1, BLOCK // (q.itemsize * keys))
    masks = None if mask is None else np.broadcast_to(mask, (*lead, queries, keys))
    with np.errstate(all="ignore"):
        for at in np.ndindex(lead):
            asked, turned = q[at] * q.dtype.type(scale), np.ascontiguousarray(k[at].T)
            calm = masks is None and _exp_is_safe(asked, k[at], v[at])
            for first in range(0, queries, step):
                part = slice(first, first + step)
                seen = min(first + step, keys) if causal else keys  # what comes later is hidden anyway
                scores = asked[part] @ turned[:, :seen]
                if masks is not None:
                    scores += masks[at][part, :seen]
                if causal:
                    later = scores[:, first:]
                    np.copyto(later, -np.inf, where=~np.tri(*later.shape, dtype=np.bool_))
                _softmax_matmul(scores, v[at][:seen], output[at][part], exp_is_safe=calm)
    if not np.isfinite(output).all():
        output[...] = _shrunk_weights(q, k, scale, mask, causal=causal) @ v.astype(np.float64)
    return _clip_to_values(output, v)


def _clip_to_values(output: FloatArray, v: FloatArray) -> FloatArray:
    """Return means clipped to what they are of, within which they lie however their weights were rounded."""
    return np.clip(output, v.min(axis=-2, keepdims=True), v.max(axis=-2, keepdims=True), out=output)


def _shrunk_weights(q: FloatArray, k: FloatArray, scale: float, mask: Array | None, *, causal: bool) -> Array:
    """Return softmax(Q Kᵀ · scale + mask) of scores that may be beyond float64.

    Scores and mask are taken times a power of two, which is the temperature that softmax undoes.
    """
    scores, exponent = _shrunk_scores(q, k, scale)
    with np.errstate(all="ignore"):
        power = max(exponent, 2)  # the sum of a score and a mask has a bit more
        added = None if mask is None else np.ldexp(mask, -power)
        scores = np.ldexp(scores, exponent - power)
        return softmax_rows(apply_mask(scores, added, causal), float(np.ldexp(1.0, -power)))[0]


def _shrunk_scores(q: FloatArray, k: FloatArray, scale: float) -> tuple[Array, int]:
    """Return Q Kᵀ · scale times a power of two that keeps it in float64, and the power taken off."""
    (a, e), (b, f) = (_shrink(x.astype(np.float64)) for x in (q, k))
    mantissa, power = np.frexp(scale)
    return np.matmul(a, np.swapaxes(b, -1, -2)) * mantissa, e + f + int(power)


def _shrink(x: Array) -> tuple[Array, int]:
    """Return an array times a power of two, below 1 / its last axis, and the power taken off."""
    power = int(np.frexp(np.abs(x).max())[1]) + 10
    return np.ldexp(x, -power), power


def _exp_is_safe(q: FloatArray, k: FloatArray, v: FloatArray) -> bool:
    """Return whether exponentials of unshifted scores and their sums can't overflow (Cauchy)."""
    score, value = EXP_SAFE_LIMITS[q.dtype.name]
    longest = math.sqrt(np.vecdot(q, q).max()) * math.sqrt(np.vecdot(k, k).max())
    return bool(longest <= score and np.abs(v).max() <= value)


def _softmax_matmul(scores: FloatArray, values: FloatArray, out: FloatArray, *, exp_is_safe: bool) -> None:
    """Write softmax(scores) @ values into `out`, overwriting the scores."""
    if not exp_is_safe:
        scores -= scores.max(axis=-1, keepdims=True)
    np.exp(scores, out=scores)
    total = (scores @ np.ones(scores.shape[-1], scores.dtype))[:, np.newaxis]
    if exp_is_safe and total.min() >= 1.0:  # smaller weights might take small values below the type's least
        np.matmul(scores, values, out=out)
        out /= total
    else:
        scores /= total
        np.matmul(scores, values, out=out)


class ScaleRest(NamedTuple):
    """What rounding took from the scale: 1/√d is meant, and a score of some hundreds shows the difference."""

    value: float


@never_infinite("scores", "scaled", "output")
class Attention(NamedTuple):
    """Scaled dot-product attention of L queries to S keys; what it is made of is float64 in any case.

    Of few scores the rounding is kept until the softmax is taken (`_scores`).
    """

    Q: Queries  # float64, or float32 as K, V and output are
    K: Keys
    V: AttentionValues
    causal: bool
    mask: Scores | None  # is added to the scores, -inf hides
    scale: float
    output: Mixtures
    scale_rest: ScaleRest

    @property
    def scores(self) -> Scores:
        """Q Kᵀ."""
        if is_small(self.Q, self.K):
            return scores_in_parts(self.Q, self.K).high
        with np.errstate(all="ignore"):
            return np.asarray(np.matmul(self.Q, np.swapaxes(self.K, -1, -2), dtype=np.float64))

    @property
    def scaled(self) -> Scores:
        """Scores times scale."""
        if is_small(self.Q, self.K):
            return self._scaled_parts().high
        with np.errstate(all="ignore"):
            found = self.scores * self.scale
            if not np.isfinite(found).all():  # the product may be beyond float64 where this is not
                scores, power = _shrunk_scores(self.Q, self.K, self.scale)
                found = np.where(np.isfinite(found), found, np.ldexp(scores, power))
            return found

    @property
    def masked(self) -> Scores:
        """Scaled, with -inf for what a query must not see."""
        found = self._masked()
        if self._beyond(found).any():
            raise InputError("a masked score is beyond float64", operand="Q")
        return found

    def _masked(self) -> Scores:
        with np.errstate(all="ignore"):
            if is_small(self.Q, self.K):
                return mask_parts(self._scaled_parts(), self.mask, causal=self.causal).high
            return apply_mask(self.scaled, self.mask, self.causal)

    def _beyond(self, masked: Scores) -> Any:
        """Return which masked scores are beyond float64, where nothing hides the key."""
        hidden = apply_mask(np.zeros_like(masked), self.mask, self.causal) == -np.inf
        return ~(np.isfinite(masked) | hidden)

    @property
    def weights(self) -> Scores:
        """Softmax of masked: rows of sum 1."""
        masked = self._masked()
        if self._beyond(masked).any():
            return _shrunk_weights(self.Q, self.K, self.scale, self.mask, causal=self.causal)
        if is_small(self.Q, self.K):
            return softmax_of_parts(mask_parts(self._scaled_parts(), self.mask, causal=self.causal))
        return softmax_rows(masked)[0]

    def _scaled_parts(self) -> ScoreParts:
        return scores_in_parts(self.Q, self.K, self.scale, self.scale_rest.value)

    @np.errstate(all="ignore")
    def check(self) -> Check:
        """Return the output beside the online softmax, key by key (Milakov and Gimelshein 2018)."""
        q, keys, v = (x.astype(np.float64, copy=False) for x in (self.Q, self.K, self.V))
        if self._beyond(self._masked()).any():  # a sum key by key would leave float64, too
            return Check(self.output, self.weights @ v)
        lead, queries = self.output.shape[:-2], q.shape[-2]
        largest, total = np.full((*lead, queries, 1), -np.inf), np.zeros((*lead, queries, 1))
        mixed = np.zeros(self.output.shape)
        for k in range(keys.shape[-2]):
            key = slice(k, k + 1)
            score = (q * keys[..., key, :]).sum(axis=-1, keepdims=True) * self.scale
            if self.mask is not None:
                score = score + self.mask[..., key]
            if self.causal:
                score = np.where(np.arange(queries)[:, np.newaxis] < k, -np.inf, score)
            most = np.maximum(largest, score)
            level = np.where(most == -np.inf, 0.0, most)
            shrink, weight = np.exp(largest - level), np.exp(score - level)
            total, mixed = total * shrink + weight, mixed * shrink + weight * v[..., key, :]
            largest = most
        return Check(self.output, mixed / total, np.abs(v).max(axis=-2, keepdims=True))


@overload
def attention(
    Q: ArrayLike,  # noqa: N803
    K: ArrayLike,  # noqa: N803
    V: ArrayLike,  # noqa: N803
    causal: bool = ...,
    mask: ArrayLike | None = ...,
    scale: float | None = ...,
) -> Attention: ...
@overload
def attention(
    Q: ArrayLike,  # noqa: N803
    *,
    heads: int,
    causal: bool = ...,
    mask: ArrayLike | None = ...,
    scale: float | None = ...,
    seed: int = ...,
) -> MultiHead: ...
@overload
def attention(
    *,
    X: ArrayLike,  # noqa: N803
    heads: int,
    causal: bool = ...,
    mask: ArrayLike | None = ...,
    scale: float | None = ...,
    seed: int = ...,
) -> MultiHead: ...
def attention(
    Q: ArrayLike | None = None,  # noqa: N803
    K: ArrayLike | None = None,  # noqa: N803
    V: ArrayLike | None = None,  # noqa: N803
    causal: bool = False,
    mask: ArrayLike | None = None,
    scale: float | None = None,
    *,
    X: ArrayLike | None = None,  # noqa: N803
    heads: int | None = None,
    seed: int = 0,
) -> Attention | MultiHead:
    """Return the scaled dot-product attention of queries Q to keys K and values V, or of X with heads.

    output = softmax(Q Kᵀ · scale + mask) V with scale = 1/√d. A mask of truth values says what is
    seen, one of numbers is added (torch's convention). causal: position i sees up to i, and needs
    as many keys as queries, since torch and flash-attention align others differently. A query that
    sees nothing is an error; torch answers zeros. Arrays of float32 are answered in float32, as by
    torch. With `heads` the one matrix X makes Q, K and V by random weights of the seed: see
    multi_head, which takes the weights. Vaswani et al. (2017).

    >>> attention([[1, 0], [0, 1]], [[1, 0], [0, 1]], [[1], [2]], causal=True).weights[0]
    array([1., 0.])
    >>> attention([[1.0, 0.0], [0.0, 1.0]], heads=2).Q.shape
    (2, 2, 1)
    """
    if heads is None:
        if X is not None:
            raise InputError("X is for self-attention: give heads too", usage=True)
        select_form({"Q": Q, "K": K, "V": V})
        return _single_head(Q, K, V, causal, mask, scale)
    x, others = (Q, (K, V)) if X is None else (X, (Q, K, V))
    if x is None or any(matrix is not None for matrix in others):
        raise InputError("heads make Q, K and V of one matrix X: give that alone", usage=True)
    # The stream (seed, 1): a matrix drawn as randn:MxN takes the stream of the seed itself.
    rng = np.random.default_rng((seed, 1))
    return multi_head(x, heads, rng=rng, causal=causal, mask=mask, scale=scale)


def _single_head(
    Q: Any,  # noqa: N803
    K: Any,  # noqa: N803
    V: Any,  # noqa: N803
    causal: bool,
    mask: ArrayLike | None,
    scale: float | None,
) -> Attention:
    q, k, v = as_qkv(Q, K, V)
    check_qkv_shapes(q, k, v, causal)
    factor, rest = _inverse_sqrt(q.shape[-1]) if scale is None else (float(scale), 0.0)
    if not math.isfinite(factor):
        raise InputError("{operand} must be finite, not {value:g}", operand="scale", value=factor)
    added = None if mask is None else as_additive_mask(mask, (*q.shape[:-1], k.shape[-2]), causal)
    found = Attention(q, k, v, causal, added, factor, v, ScaleRest(rest))
    if is_small(q, k):
        output = _clip_to_values((found.weights @ v).astype(q.dtype, copy=False), v)
    else:
        output = scaled_dot_product_attention(q, k, v, factor, added, causal)
    return found._replace(output=output)


def _inverse_sqrt(width: int) -> tuple[float, float]:
    """Return 1/√d rounded once, and what rounding took.

    >>> _inverse_sqrt(4)
    (0.5, 0.0)
    """
    near = sqrt_ratio_rounded(1, width)
    # r - near = (1 - d near²) / (d (r + near)), to some digits, with the numerator exact.
    excess = 1 - width * Fraction(near) ** 2
    return near, float(excess) / (2.0 * width * near)


@never_infinite("Q", "K", "V", "scores", "scaled", "mixed", "output")
class MultiHead(NamedTuple):
    """Self-attention of L positions with several heads."""

    X: Positions
    heads: int
    causal: bool
    mask: Scores | None
    scale: float
    Wq: Projection  # head h makes its queries with columns h d/heads .. (h + 1) d/heads
    Wk: Projection
    Wv: Projection
    Wo: Projection
    Q: HeadQueries
    K: HeadKeys
    V: HeadKeys
    mixed: HeadQueries  # what each head found
    output: Positions  # the heads side by side, times Wo
    scale_rest: ScaleRest

    @property
    def attention(self) -> Attention:
        """All heads' attention, with heads as one more axis before the queries."""
        made = self.causal, self.mask, self.scale, self.mixed, self.scale_rest
        return Attention(self.Q, self.K, self.V, *made)

    @property
    def scores(self) -> HeadScores:
        """Q Kᵀ of each head."""
        return self.attention.scores

    @property
    def scaled(self) -> HeadScores:
        """Scores times scale."""
        return self.attention.scaled

    @property
    def masked(self) -> HeadScores:
        """Scaled, with -inf for what a position must not see."""
        return self.attention.masked

    @property
    def weights(self) -> HeadScores:
        """Softmax of masked: rows of sum 1."""
        return self.attention.weights

    @np.errstate(all="ignore")
    def check(self) -> Check:
        """Return the output beside the sum over heads, each times its own rows of Wo."""
        width = self.X.shape[-1] // self.heads
        other = np.zeros(self.output.shape)
        for h in range(self.heads):
            part = slice(h * width, (h + 1) * width)
            q, k, v = (self.X @ w[:, part] for w in (self.Wq, self.Wk, self.Wv))
            mask = self.mask if self.mask is None or self.mask.ndim < 3 else self.mask[..., 0, :, :]
            head = Attention(q, k, v, self.causal, mask, self.scale, q, self.scale_rest)
            other += head.weights @ v @ self.Wo[part]
        return Check(self.output, other)


def multi_head(
    X: ArrayLike,  # noqa: N803
    heads: int,
    Wq: ArrayLike | None = None,  # noqa: N803
    Wk: ArrayLike | None = None,  # noqa: N803
    Wv: ArrayLike | None = None,  # noqa: N803
    Wo: ArrayLike | None = None,  # noqa: N803
    rng: Generator | None = None,
    causal: bool = False,
    mask: ArrayLike | None = None,
    scale: float | None = None,
) -> MultiHead:
    """Return the multi-head self-attention of the rows of X.

    Q = X Wq, K = X Wk, V = X Wv, each cut into heads of width d / heads; output = the heads' outputs
    side by side times Wo. Weights not given are drawn from rng in this order, normal with variance
    1/d, and there are no biases; torch's module has them and holds transposed weights. Vaswani et
    al. (2017).

    >>> multi_head([[1.0, 0.0], [0.0, 1.0]], 2, rng=np.random.default_rng(0)).Q.shape
    (2, 2, 1)
    """
    x = np.atleast_2d(as_finite(X, "X"))
    width = x.shape[-1]
    if heads < 1 or width % heads:
        raise InputError(f"{heads} heads can't share a width of {width} evenly", operand="heads")
    given = zip((Wq, Wk, Wv, Wo), ("Wq", "Wk", "Wv", "Wo"), strict=True)
    wq, wk, wv, wo = (_projection_weight(w, name, width, rng) for w, name in given)
    with np.errstate(all="ignore"):  # what is beyond float64 is refused by its name
        q, k, v = (_split_heads(x @ w, heads) for w in (wq, wk, wv))
    if mask is not None and np.ndim(mask) > 2:
        mask = np.expand_dims(np.asarray(mask), -3)  # one mask for all heads of a sequence
    a = _single_head(q, k, v, causal, mask, scale)
    with np.errstate(all="ignore"):
        output = np.swapaxes(a.output, -2, -3).reshape(x.shape) @ wo
    return MultiHead(
        x, heads, causal, a.mask, a.scale, wq, wk, wv, wo, q, k, v, a.output, output, a.scale_rest
    )


def _split_heads(x: Array, heads: int) -> Array:
    """Return (..., heads, L, d / heads) of (..., L, d)."""
    parts = x.reshape(*x.shape[:-1], heads, x.shape[-1] // heads)
    return np.ascontiguousarray(np.swapaxes(parts, -2, -3))


def _projection_weight(weight: ArrayLike | None, name: str, width: int, rng: Generator | None) -> Array:
    if weight is None:
        if rng is None:
            raise InputError(f"give {name}, or a generator to draw it from", usage=True)
        return rng.standard_normal((width, width)) / math.sqrt(width)
    found = as_matrix(weight, name)
    if found.shape != (width, width):
        why = f"{name} is {format_shape(found)}, but X of width {width} needs {width}x{width}"
        raise InputError(why, operand=name)
    return found
