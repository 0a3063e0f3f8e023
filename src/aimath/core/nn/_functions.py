"""Differentiable functions of Tensors and arrays: activations, softmax, losses, layer norm.

All work along the last axis or entry by entry, with any number of axes before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from aimath.core import information
from aimath.core.nn._errstate import checked_call
from aimath.core.nn._tensor import Tensor, record, unwrap
from aimath.core.numerics import special as special
from aimath.core.numerics.arrays import format_shape
from aimath.core.numerics.special import normal_cdf, normal_pdf
from aimath.core.probability import log_softmax_rows, logsumexp_rows, softmax_rows
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from aimath.core.numerics.types import Array


def exp(x: Any) -> Any:
    """Return the exponential."""
    y = checked_call(np.exp, unwrap(x))
    return record(y, (x, lambda g: g * y))


def log(x: Any) -> Any:
    """Return the natural logarithm."""
    v = unwrap(x)
    return record(checked_call(np.log, v), (x, lambda g: g / v))


def sqrt(x: Any) -> Any:
    """Return the square root; at 0 it has a value, but no derivative."""
    y = checked_call(np.sqrt, unwrap(x))
    return record(y, (x, lambda g: g * 0.5 / y))


def tanh(x: Any) -> Any:
    """Return the hyperbolic tangent, whose derivative 1 / cosh² keeps its digits far out."""
    v = unwrap(x)
    return record(np.tanh(v), (x, lambda g: g * special.sech2(v)))


def sigmoid(x: Any) -> Any:
    """Return s(x) = 1 / (1 + exp(-x)), whose derivative is s(x) s(-x); torch's s (1 - s) is 0 at 40."""
    v = _real_value(x)
    return record(special.sigmoid(v), (x, lambda g: g * special.sigmoid_slope(v)))


def relu(x: Any) -> Any:
    """Return max(x, 0), whose derivative at 0 is 0, as in torch."""
    v = unwrap(x)
    return record(np.maximum(v, 0.0), (x, lambda g: g * (v > 0.0)))


def gelu(x: Any) -> Any:
    """Return x Φ(x), torch's default, not the approximation by tanh (Hendrycks and Gimpel 2016)."""
    v = np.asarray(_real_value(x))
    zero, one = np.zeros_like(v), np.ones_like(v)
    tail = normal_cdf(v, zero)
    return record(v * tail, (x, lambda g: g * (tail + v * normal_pdf(v, zero, one))))


def where(condition: ArrayLike, a: Any, b: Any) -> Any:
    """Return a where the condition holds, else b."""
    holds = np.asarray(condition)
    value = checked_call(np.where, holds, unwrap(a), unwrap(b))
    return record(value, (a, lambda g: np.where(holds, g, 0.0)), (b, lambda g: np.where(holds, 0.0, g)))


def softmax(x: Any) -> Any:
    """Return exp(x) / sum(exp(x)) of rows (..., n); -inf is a mask."""
    p = softmax_rows(_real_value(x))[0]
    return record(p, (x, lambda g: p * (g - (g * p).sum(axis=-1, keepdims=True))))


def log_softmax(x: Any) -> Any:
    """Return the logarithm of softmax of rows (..., n), with the digits that its own logarithm has lost."""
    v = _real_value(x)
    return record(log_softmax_rows(v), (x, lambda g: g - softmax_rows(v)[0] * g.sum(axis=-1, keepdims=True)))


def logsumexp(x: Any) -> Any:
    """Return log(sum(exp(x))) of rows (..., n), (...,)."""
    v = _real_value(x)
    return record(logsumexp_rows(v), (x, lambda g: g[..., np.newaxis] * softmax_rows(v)[0]))


def cross_entropy(logits: Any, target: ArrayLike) -> Any:
    """Return -log softmax(logits)[target] of rows (..., n) for classes (...), one loss a row, in nats.

    torch gives their mean: take `.mean()`.
    """
    found = information.cross_entropy(logits=_real_value(logits), target=target)
    share = lambda g: g[..., np.newaxis] * softmax_residual(found.probs, found.target)  # noqa: E731
    return record(found.cross_entropy, (logits, share))


def softmax_residual(probs: Array, target: Any) -> Array:
    """Return probs - onehot(target) (..., n), without cancellation at the target.

    >>> softmax_residual(np.array([1.0, 4e-18]), np.array(0))
    array([-4.e-18,  4.e-18])
    """
    place, rest = np.asarray(target)[..., np.newaxis], probs.copy()
    np.put_along_axis(rest, place, 0.0, axis=-1)
    np.put_along_axis(rest, place, -rest.sum(axis=-1, keepdims=True), axis=-1)
    return rest


def layer_norm(x: Any, gain: Any = 1.0, bias: Any = 0.0, eps: float = 1e-5) -> Any:
    """Return gain · (x - mean) / √(variance + eps) + bias of rows (..., n), gain and bias (n,).

    The variance is that of the n entries, from their deviations (two passes); eps as in torch, and
    0 where a row isn't constant. Ba, Kiros and Hinton (2016).
    """
    v = unwrap(x)
    centred = v - v.mean(axis=-1, keepdims=True)
    centred = centred - centred.mean(axis=-1, keepdims=True)  # what rounding left of an offset
    std = np.sqrt(np.square(centred).mean(axis=-1, keepdims=True) + eps)
    z = checked_call(np.divide, centred, std)

    def share(g: Array) -> Array:
        along = z * (g * z).mean(axis=-1, keepdims=True)
        return np.asarray((g - g.mean(axis=-1, keepdims=True) - along) / std)

    return record(z, (x, share)) * gain + bias


def embedding(table: Any, ids: ArrayLike) -> Any:
    """Return the rows (..., d) of a table (n, d) at integer ids (...).

    A row named twice gets the sum of both gradients.
    """
    rows, n = np.asarray(ids), len(unwrap(table))
    if rows.dtype.kind not in "iu":
        raise InputError("ids of an embedding must be whole numbers, counted from 0")
    if ((rows < 0) | (rows >= n)).any():
        raise InputError(f"there is no id {rows[(rows < 0) | (rows >= n)][0]}, only 0 to {n - 1}")
    return table[rows]


def concatenate(parts: Sequence[Any], axis: int = -1) -> Any:
    """Return parts (..., n_k, ...) joined along an existing axis."""
    arrays = [np.asarray(unwrap(part)) for part in parts]
    try:
        value = np.concatenate(arrays, axis=axis)
    except ValueError:
        shapes = ", ".join(format_shape(array) or "a number" for array in arrays)
        raise InputError(f"parts of shapes {shapes} can't be set side by side along axis {axis}") from None
    ends = np.cumsum([array.shape[axis] for array in arrays])
    cuts = [(end - array.shape[axis], end) for end, array in zip(ends, arrays, strict=True)]
    lead = axis % value.ndim
    pieces = [(slice(None),) * lead + (slice(*cut),) for cut in cuts]
    shares = [lambda g, piece=piece: g[piece] for piece in pieces]
    return record(value, *zip(parts, shares, strict=True))


def stack(parts: Sequence[Any], axis: int = 0) -> Any:
    """Return parts of one shape (...) joined along a new axis."""
    first = np.expand_dims(unwrap(parts[0]), axis).shape
    tensors = (part if isinstance(part, Tensor) else np.asarray(part) for part in parts)
    return concatenate([part.reshape(first) for part in tensors], axis)


def _real_value(x: Any) -> Any:
    """Return the value of x, or raise an InputError if it is complex."""
    v = unwrap(x)
    if np.iscomplexobj(v):
        raise InputError("this function takes real numbers only")
    return v
