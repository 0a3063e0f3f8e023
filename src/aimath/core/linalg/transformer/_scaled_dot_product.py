"""Scaled dot-product attention: by blocks of queries, or of few scores to the last digits."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.core.linalg.transformer._scores import (
    ScoreParts,
    is_small,
    mask_parts,
    scores_in_parts,
    softmax_of_parts,
    unseen_keys,
)
from aimath.core.numerics.arrays import Check, as_finite, format_shape
from aimath.core.numerics.exact import sqrt_ratio_rounded
from aimath.core.numerics.types import never_infinite
from aimath.core.probability import softmax_rows
from aimath.errors import InputError, pluralize

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from aimath.core.numerics.axes import AttentionValues, Keys, Mixtures, Queries, Scores
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


def check_qkv_shapes(
    q: FloatArray, k: FloatArray, v: FloatArray, causal: bool, window: int | None = None
) -> None:
    """Raise an InputError if the shapes of queries, keys and values or the window don't fit."""
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
            "K has {rows} and {operand} {other}: they must be equal",
            operand="V",
            rows=pluralize(k.shape[-2], "row"),
            other=v.shape[-2],
        )
    if 0 in q.shape or 0 in k.shape or 0 in v.shape:
        raise InputError("needs at least one row")
    if window is not None and window < 1:
        raise InputError("{operand} must be at least 1, not {value}", operand="window", value=window)
    if (causal or window) and q.shape[-2] != k.shape[-2]:
        what = "a window" if window else "causal"
        why = f"{what} needs as many keys as queries, not {k.shape[-2]} and {q.shape[-2]}"
        raise InputError(why, operand="K")


def as_additive_mask(
    mask: ArrayLike, scores_shape: tuple[int, ...], causal: bool, window: int | None = None
) -> Array:
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
    whole = apply_mask(whole, None, causal, window)
    blind = np.flatnonzero((whole == -np.inf).all(axis=-1))
    if len(blind):
        row = int(blind[0]) % scores_shape[-2]
        raise InputError(f"query {row + 1} sees no key: all of its row is masked", row=row, operand="mask")
    return np.broadcast_to(added, (*added.shape[:-2], *scores_shape[-2:]))


def apply_mask(scaled: Array, mask: Array | None, causal: bool, window: int | None = None) -> Array:
    """Return scores (..., L, S) with the mask added and -inf for what positions don't let see."""
    if mask is not None:
        scaled = np.where(mask == -np.inf, -np.inf, scaled + mask)  # hidden, however large the score
    if causal or window:
        scaled = np.where(unseen_keys(scaled.shape, window), -np.inf, scaled)
    return scaled


def scaled_dot_product_attention(
    q: FloatArray,
    k: FloatArray,
    v: FloatArray,
    scale: float | None = None,
    mask: Array | None = None,
    causal: bool = False,
    window: int | None = None,
) -> FloatArray:
    """Return softmax(Q Kᵀ · scale + mask) V, computed by blocks of queries and in the arrays' own precision.

    The fast way, of checked arrays q (..., L, d), k (..., S, d) and v (..., S, e). Where q has more
    heads (..., H, L, d) than k and v (..., G, S, d), head h uses those of h // (H/G). The rest is as
    in `attention`.

    >>> one, two = np.eye(2), np.array([[1.0], [2.0]])
    >>> scaled_dot_product_attention(one, one, two, causal=True)[0]
    array([1.])
    """
    factor = _inverse_sqrt(q.shape[-1])[0] if scale is None else scale
    if q.ndim > 2 and q.shape[-3] != k.shape[-3]:
        grouped = group_heads(q, k, v)
        output = scaled_dot_product_attention(*grouped, factor, group_mask(mask, k.shape[-3]), causal, window)
        return output.reshape(*q.shape[:-1], v.shape[-1])
    lead, (queries, keys) = q.shape[:-2], (q.shape[-2], k.shape[-2])
    output = np.empty((*q.shape[:-1], v.shape[-1]), q.dtype)
    step = max(1, BLOCK // (q.itemsize * keys))
    masks = None if mask is None else np.broadcast_to(mask, (*lead, queries, keys))
    # One piece of memory for all blocks: a fresh one each costs half as much again as the product in it.
    memory = np.empty(min(step, queries) * keys, q.dtype)
    with np.errstate(all="ignore"):
        for at in np.ndindex(lead):
            asked, turned = q[at] * q.dtype.type(factor), np.ascontiguousarray(k[at].T)
            calm = masks is None and _exp_is_safe(asked, k[at], v[at])
            for first in range(0, queries, step):
                part = slice(first, first + step)
                seen = _keys_seen(first, min(first + step, queries), keys, causal, window)
                rows, shown = asked[part], turned[:, seen]
                scores = memory[: len(rows) * shown.shape[1]].reshape(len(rows), -1)
                np.matmul(rows, shown, out=scores)
                if masks is not None:
                    scores += masks[at][part, seen]
                if causal or window:
                    _hide_unseen(scores, first - seen.start, window)
                _softmax_matmul(scores, v[at][seen], output[at][part], exp_is_safe=calm)
    if not np.isfinite(output).all():
        weights = _shrunk_weights(q, k, factor, mask, causal=causal, window=window)
        output[...] = weights @ v.astype(np.float64)
    return _clip_to_values(output, v)


def _keys_seen(first: int, end: int, keys: int, causal: bool, window: int | None) -> slice:
    """Return the keys that queries first .. end - 1 see any of."""
    return slice(max(0, first - window + 1) if window else 0, end if causal or window else keys)


def _hide_unseen(scores: FloatArray, ahead: int, window: int | None) -> None:
    """Write -inf over scores of keys that positions hide; the first query is `ahead` of the first key."""
    later = scores[:, ahead:]
    np.copyto(later, -np.inf, where=unseen_keys(later.shape))
    if window:
        early = scores[:, : max(0, ahead + len(scores) - window)]
        np.copyto(early, -np.inf, where=np.tri(len(early), early.shape[1], ahead - window, dtype=np.bool_))


def group_heads(q: FloatArray, k: FloatArray, v: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return q (..., H, L, d), k and v (..., G, S, d) as views (..., G, H/G, ...): each group shares keys."""
    groups = k.shape[-3]
    share = q.shape[-3] // groups
    asked = q.reshape(*q.shape[:-3], groups, share, *q.shape[-2:])
    wide = (np.broadcast_to(x[..., np.newaxis, :, :], (*x.shape[:-2], share, *x.shape[-2:])) for x in (k, v))
    return (asked, *wide)  # type: ignore[return-value]


def group_mask(mask: Array | None, groups: int) -> Array | None:
    """Return a mask (..., H or 1, L, S) of heads as (..., G or 1, H/G or 1, L, S); others as they are."""
    if mask is None or mask.ndim < 3:
        return mask
    heads = mask.shape[-3]
    split = (1, 1) if heads == 1 else (groups, heads // groups)
    return mask.reshape(*mask.shape[:-3], *split, *mask.shape[-2:])


def _clip_to_values(output: FloatArray, v: FloatArray) -> FloatArray:
    """Return means clipped to what they are of, within which they lie however their weights were rounded."""
    return np.clip(output, v.min(axis=-2, keepdims=True), v.max(axis=-2, keepdims=True), out=output)


def _shrunk_weights(
    q: FloatArray, k: FloatArray, scale: float, mask: Array | None, *, causal: bool, window: int | None
) -> Array:
    """Return softmax(Q Kᵀ · scale + mask) of scores that may be beyond float64.

    Scores and mask are taken times a power of two, which is the temperature that softmax undoes.
    """
    scores, exponent = _shrunk_scores(q, k, scale)
    with np.errstate(all="ignore"):
        power = max(exponent, 2)  # the sum of a score and a mask has a bit more
        added = None if mask is None else np.ldexp(mask, -power)
        scores = np.ldexp(scores, exponent - power)
        return softmax_rows(apply_mask(scores, added, causal, window), float(np.ldexp(1.0, -power)))[0]


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
    window: int | None = None  # position i sees i - window + 1 .. i

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
                return mask_parts(
                    self._scaled_parts(), self.mask, causal=self.causal, window=self.window
                ).high
            return apply_mask(self.scaled, self.mask, self.causal, self.window)

    def _beyond(self, masked: Scores) -> Any:
        """Return which masked scores are beyond float64, where nothing hides the key."""
        return ~(np.isfinite(masked) | self.hides(masked.shape))

    def hides(self, shape: tuple[int, ...]) -> Any:
        """Return which keys are hidden from which queries, a mask of the shape of the scores."""
        return apply_mask(np.zeros(shape), self.mask, self.causal, self.window) == -np.inf

    @property
    def weights(self) -> Scores:
        """Softmax of masked: rows of sum 1."""
        masked = self._masked()
        if self._beyond(masked).any():
            q, k, hides = self.Q, self.K, self.causal
            return _shrunk_weights(q, k, self.scale, self.mask, causal=hides, window=self.window)
        if is_small(self.Q, self.K):
            return softmax_of_parts(
                mask_parts(self._scaled_parts(), self.mask, causal=self.causal, window=self.window)
            )
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
            if self.causal or self.window:
                score = np.where(unseen_keys((queries, k + 1), self.window)[:, key], -np.inf, score)
            most = np.maximum(largest, score)
            level = np.where(most == -np.inf, 0.0, most)
            shrink, weight = np.exp(largest - level), np.exp(score - level)
            total, mixed = total * shrink + weight, mixed * shrink + weight * v[..., key, :]
            largest = most
        return Check(self.output, mixed / total, np.abs(v).max(axis=-2, keepdims=True))


def attend(
    Q: Any,  # noqa: N803
    K: Any,  # noqa: N803
    V: Any,  # noqa: N803
    causal: bool,
    mask: ArrayLike | None,
    scale: float | None,
    window: int | None = None,
) -> Attention:
    """Return the attention of queries, keys and values of equal batches: see `attention`."""
    q, k, v = as_qkv(Q, K, V)
    check_qkv_shapes(q, k, v, causal, window)
    factor, rest = _inverse_sqrt(q.shape[-1]) if scale is None else (float(scale), 0.0)
    if not math.isfinite(factor):
        raise InputError("{operand} must be finite, not {value:g}", operand="scale", value=factor)
    added = None if mask is None else as_additive_mask(mask, (*q.shape[:-1], k.shape[-2]), causal, window)
    found = Attention(q, k, v, causal, added, factor, v, ScaleRest(rest), window)
    if is_small(q, k):
        output = _clip_to_values((found.weights @ v).astype(q.dtype, copy=False), v)
    else:
        output = scaled_dot_product_attention(q, k, v, factor, added, causal, window)
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
