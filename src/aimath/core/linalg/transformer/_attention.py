"""Attention of one head or several: of given queries, keys and values, or of one matrix that makes them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple, overload

import numpy as np

from aimath.core.linalg.transformer._scaled_dot_product import (
    Attention,
    ScaleRest,
    as_qkv,
    attend,
    group_heads,
    group_mask,
)
from aimath.core.numerics.arrays import Check, as_finite, as_matrix, format_shape
from aimath.core.numerics.forms import select_form
from aimath.core.numerics.types import never_infinite
from aimath.errors import InputError, Remedy

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import ArrayLike

    from aimath.core.numerics.axes import (
        HeadKeys,
        HeadMixtures,
        HeadQueries,
        HeadScores,
        HeadValues,
        OptionalHeadMixtures,
        Positions,
        Projection,
        Scores,
        SharedKeys,
    )
    from aimath.core.numerics.types import Array, FloatArray


@overload
def attention(
    Q: ArrayLike,  # noqa: N803
    K: ArrayLike,  # noqa: N803
    V: ArrayLike,  # noqa: N803
    causal: bool = ...,
    mask: ArrayLike | None = ...,
    scale: float | None = ...,
    *,
    heads: None = ...,
    kv_heads: None = ...,
    window: int | None = ...,
) -> Attention: ...
@overload
def attention(
    Q: ArrayLike,  # noqa: N803
    K: ArrayLike,  # noqa: N803
    V: ArrayLike,  # noqa: N803
    causal: bool = ...,
    mask: ArrayLike | None = ...,
    scale: float | None = ...,
    *,
    heads: int | None = ...,
    kv_heads: int,
    window: int | None = ...,
) -> HeadsAttention: ...
@overload
def attention(
    Q: ArrayLike,  # noqa: N803
    K: ArrayLike,  # noqa: N803
    V: ArrayLike,  # noqa: N803
    causal: bool = ...,
    mask: ArrayLike | None = ...,
    scale: float | None = ...,
    *,
    heads: int,
    kv_heads: None = ...,
    window: int | None = ...,
) -> HeadsAttention: ...
@overload
def attention(
    Q: ArrayLike,  # noqa: N803
    *,
    heads: int,
    causal: bool = ...,
    mask: ArrayLike | None = ...,
    scale: float | None = ...,
    window: int | None = ...,
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
    window: int | None = ...,
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
    kv_heads: int | None = None,
    window: int | None = None,
    seed: int = 0,
) -> Attention | HeadsAttention | MultiHead:
    """Return the scaled dot-product attention of queries Q to keys K and values V, or of X with heads.

    output = softmax(Q Kᵀ · scale + mask) V with scale = 1/√d. A mask of truth values says what is
    seen, one of numbers is added (torch's convention). causal: position i sees up to i, with a
    window W only i - W + 1 .. i; both need as many keys as queries, since torch and
    flash-attention align others differently. A query that sees nothing is an error; torch answers
    zeros. Arrays of float32 are answered in float32, as by torch.

    With `heads` H, head h of matrices Q, K and V is columns h d .. (h + 1) d, and the heads' answers
    stand side by side; arrays (H, n, d), or (batch, H, n, d), have them as an axis. With `kv_heads` G
    keys and values have fewer: head h uses those of h // (H/G), as by torch's repeat_interleave.

    With `heads` the one matrix X makes Q, K and V by random weights of the seed: see multi_head,
    which takes the weights. Vaswani et al. (2017), grouped queries: Ainslie et al. (2023).

    >>> attention([[1, 0], [0, 1]], [[1, 0], [0, 1]], [[1], [2]], causal=True).weights[0]
    array([1., 0.])
    >>> attention([[1.0, 0.0], [0.0, 1.0]], heads=2).Q.shape
    (2, 2, 1)
    """
    if X is None and K is not None and V is not None and (heads is not None or kv_heads is not None):
        select_form({"Q": Q, "K": K, "V": V})
        return _heads_of_given(Q, K, V, heads, kv_heads, causal, mask, scale, window)
    if heads is None:
        if X is not None:
            raise InputError("X is for self-attention: give heads too", usage=True)
        select_form({"Q": Q, "K": K, "V": V})
        return attend(Q, K, V, causal, mask, scale, window)
    x, others = (Q, (K, V)) if X is None else (X, (Q, K, V))
    if x is None or any(matrix is not None for matrix in others):
        raise InputError("heads make Q, K and V of one matrix X, or are cut from all three", usage=True)
    if kv_heads is not None:
        raise InputError("{operand} is for given Q, K and V", operand="kv_heads", usage=True)
    # The stream (seed, 1): a matrix drawn as randn:MxN takes the stream of the seed itself.
    rng = np.random.default_rng((seed, 1))
    return multi_head(x, heads, rng=rng, causal=causal, mask=mask, scale=scale, window=window)


@never_infinite("scores", "scaled", "mixed", "output")
class HeadsAttention(NamedTuple):
    """Attention of given queries, keys and values with several heads, some of which may share keys."""

    Q: HeadQueries
    K: SharedKeys  # of kv_heads
    V: HeadValues  # of kv_heads
    heads: int
    kv_heads: int
    causal: bool
    mask: Scores | None
    scale: float
    mixed: HeadMixtures  # what each head found
    output: OptionalHeadMixtures  # the same, of matrices side by side
    scale_rest: ScaleRest
    window: int | None = None  # position i sees i - window + 1 .. i

    @property
    def attention(self) -> Attention:
        """All heads' attention, those that share keys along one axis, and the groups along another."""
        q, k, v = group_heads(self.Q, self.K, self.V)
        mixed = self.mixed.reshape(*q.shape[:-1], v.shape[-1])
        mask = group_mask(self.mask, self.kv_heads)
        return Attention(q, k, v, self.causal, mask, self.scale, mixed, self.scale_rest, self.window)

    @property
    def scores(self) -> HeadScores:
        """Q Kᵀ of each head."""
        return self._by_head(self.attention.scores)

    @property
    def scaled(self) -> HeadScores:
        """Scores times scale."""
        return self._by_head(self.attention.scaled)

    @property
    def masked(self) -> HeadScores:
        """Scaled, with -inf for what a position must not see."""
        return self._by_head(self.attention.masked)

    @property
    def weights(self) -> HeadScores:
        """Softmax of masked: rows of sum 1."""
        return self._by_head(self.attention.weights)

    def _by_head(self, grouped: Array) -> Array:
        return grouped.reshape(*self.Q.shape[:-1], grouped.shape[-1])

    def check(self) -> Check:
        """Return what each head found beside the online softmax, key by key (Milakov and Gimelshein 2018)."""
        return self.attention.check()


def _heads_of_given(
    Q: Any,  # noqa: N803
    K: Any,  # noqa: N803
    V: Any,  # noqa: N803
    heads: int | None,
    kv_heads: int | None,
    causal: bool,
    mask: ArrayLike | None,
    scale: float | None,
    window: int | None,
) -> HeadsAttention:
    """Return the attention of matrices whose columns are cut into heads, or of arrays (..., H, n, d)."""
    q, k, v = as_qkv(Q, K, V)
    if len({x.ndim for x in (q, k, v)}) > 1:
        shapes = ", ".join(map(format_shape, (q, k, v)))
        raise InputError(f"Q, K and V differ in their axes: {shapes}")
    stacked = q.ndim > 2
    if heads is None:
        if not stacked:
            raise InputError("{operand} needs the number of heads", operand="kv_heads", usage=True)
        heads = q.shape[-3]
    groups = heads if kv_heads is None else kv_heads
    if heads < 1 or groups < 1 or heads % groups:
        raise InputError(
            "{heads} heads can't share the {value} of {operand} evenly",
            operand="kv_heads",
            heads=heads,
            value=groups,
            usage=True,
        )
    if not stacked:
        q, k, v = (
            _columns_of_heads(x, count, name)
            for x, count, name in ((q, heads, "Q"), (k, groups, "K"), (v, groups, "V"))
        )
    for x, count, name in ((q, heads, "Q"), (k, groups, "K"), (v, groups, "V")):
        found = x.shape[-3]
        if found != count:
            shared = name != "Q" and kv_heads is None and heads % found == 0
            raise InputError(
                "{operand} is {shape}, which is {found} heads, not {count}",
                operand=name,
                hint=Remedy("use {kv_heads} to share them", kv_heads=found)
                if shared
                else "the axes are heads, rows and width, after that of a batch if there is one",
                shape=format_shape(x),
                found=found,
                count=count,
            )
    if q.shape[:-3] != k.shape[:-3] or k.shape[:-2] != v.shape[:-2]:
        shapes = ", ".join(map(format_shape, (q, k, v)))
        raise InputError(f"Q, K and V differ in their batches: {shapes}")
    asked, keys, values = group_heads(q, k, v)
    added = None if mask is None else group_mask(np.asarray(mask), groups)
    a = attend(asked, keys, values, causal, added, scale, window)
    mixed = a.output.reshape(*q.shape[:-1], v.shape[-1])
    output = mixed if stacked else np.concatenate(mixed, axis=-1)
    shown = (
        a.mask
        if a.mask is None or a.mask.ndim < 4
        else a.mask.reshape(*a.mask.shape[:-4], -1, *a.mask.shape[-2:])
    )
    return HeadsAttention(q, k, v, heads, groups, causal, shown, a.scale, mixed, output, a.scale_rest, window)


def _columns_of_heads(x: FloatArray, heads: int, name: str) -> FloatArray:
    """Return (heads, n, d) of a matrix (n, heads · d)."""
    if x.shape[-1] % heads:
        raise InputError(
            "{count} heads can't share the width {width} of {operand} evenly",
            operand=name,
            count=heads,
            width=x.shape[-1],
        )
    return split_heads(x, heads)


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
    window: int | None = None

    @property
    def attention(self) -> Attention:
        """All heads' attention, with heads as one more axis before the queries."""
        made = self.causal, self.mask, self.scale, self.mixed, self.scale_rest, self.window
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
            head = Attention(q, k, v, self.causal, mask, self.scale, q, self.scale_rest, self.window)
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
    window: int | None = None,
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
        q, k, v = (split_heads(x @ w, heads) for w in (wq, wk, wv))
    if mask is not None and np.ndim(mask) > 2:
        mask = np.expand_dims(np.asarray(mask), -3)  # one mask for all heads of a sequence
    a = attend(q, k, v, causal, mask, scale, window)
    with np.errstate(all="ignore"):
        output = np.swapaxes(a.output, -2, -3).reshape(x.shape) @ wo
    return MultiHead(
        x, heads, causal, a.mask, a.scale, wq, wk, wv, wo, q, k, v, a.output, output, a.scale_rest, window
    )


def split_heads(x: FloatArray, heads: int) -> FloatArray:
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
