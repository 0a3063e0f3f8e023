"""What networks are made of, with exact derivatives: of Tensors they give a Tensor, of arrays an array.

All work along the last axis or entry by entry, with any number of axes before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from aimath.core.information import cross_entropy_of_logits
from aimath.core.nn._checked import checked
from aimath.core.nn._tensor import Tensor, plain, recorded
from aimath.core.numerics import special as activations
from aimath.core.numerics.arrays import shape
from aimath.core.numerics.special import density, lower_tail
from aimath.core.probability import log_softmax_rows, logsumexp_rows, softmax_rows
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from aimath.core.numerics.types import Array


def exp(x: Any) -> Any:
    """Give the exponential."""
    y = checked(np.exp, plain(x))
    return recorded(y, (x, lambda g: g * y))


def log(x: Any) -> Any:
    """Give the natural logarithm."""
    v = plain(x)
    return recorded(checked(np.log, v), (x, lambda g: g / v))


def sqrt(x: Any) -> Any:
    """Give the square root; at 0 it has a value, but no derivative."""
    y = checked(np.sqrt, plain(x))
    return recorded(y, (x, lambda g: g * 0.5 / y))


def tanh(x: Any) -> Any:
    """Give the hyperbolic tangent; its derivative 1 / cosh² is right at 20, where torch's 1 - tanh² is 0."""
    v = plain(x)
    return recorded(np.tanh(v), (x, lambda g: g / np.square(np.cosh(v))))


def sigmoid(x: Any) -> Any:
    """Give s(x) = 1 / (1 + exp(-x)), whose derivative is s(x) s(-x); torch's s (1 - s) is 0 at 40."""
    v = _real(x)
    s = activations.sigmoid(v)
    return recorded(s, (x, lambda g: g * (s * activations.sigmoid(-v))))


def relu(x: Any) -> Any:
    """Give max(x, 0), whose derivative at 0 is 0, as in torch."""
    v = plain(x)
    return recorded(np.maximum(v, 0.0), (x, lambda g: g * (v > 0.0)))


def gelu(x: Any) -> Any:
    """Give x Φ(x), torch's default, not the approximation by tanh (Hendrycks and Gimpel 2016)."""
    v = np.asarray(_real(x))
    zero, one = np.zeros_like(v), np.ones_like(v)
    tail = lower_tail(v, zero)
    return recorded(v * tail, (x, lambda g: g * (tail + v * density(v, zero, one))))


def where(condition: ArrayLike, a: Any, b: Any) -> Any:
    """Give a where the condition holds, else b; either may be a number, such as -inf for a mask."""
    holds = np.asarray(condition)
    value = checked(np.where, holds, plain(a), plain(b))
    return recorded(value, (a, lambda g: np.where(holds, g, 0.0)), (b, lambda g: np.where(holds, 0.0, g)))


def softmax(x: Any) -> Any:
    """Give exp(x) / sum(exp(x)) of rows (..., n); -inf is a mask."""
    p = softmax_rows(_real(x))[0]
    return recorded(p, (x, lambda g: p * (g - (g * p).sum(axis=-1, keepdims=True))))


def log_softmax(x: Any) -> Any:
    """Give the logarithm of softmax of rows (..., n), with the digits that its own logarithm has lost."""
    v = _real(x)
    return recorded(
        log_softmax_rows(v), (x, lambda g: g - softmax_rows(v)[0] * g.sum(axis=-1, keepdims=True))
    )


def logsumexp(x: Any) -> Any:
    """Give log(sum(exp(x))) of rows (..., n), (...,)."""
    v = _real(x)
    return recorded(logsumexp_rows(v), (x, lambda g: g[..., np.newaxis] * softmax_rows(v)[0]))


def cross_entropy(logits: Any, target: ArrayLike) -> Any:
    """Give -log softmax(logits)[target] of rows (..., n) for classes (...), one loss a row, in nats.

    torch gives their mean: take `.mean()`.
    """
    found = cross_entropy_of_logits(_real(logits), target)
    share = lambda g: g[..., np.newaxis] * residual(found.probs, found.target)  # noqa: E731
    return recorded(found.cross_entropy, (logits, share))


def residual(probs: Array, target: Any) -> Array:
    """Give probs (..., n) less 1 at the target (...): there minus the others' sum, for p - 1 has no digits.

    >>> residual(np.array([1.0, 4e-18]), np.array(0))
    array([-4.e-18,  4.e-18])
    """
    place, rest = np.asarray(target)[..., np.newaxis], probs.copy()
    np.put_along_axis(rest, place, 0.0, axis=-1)
    np.put_along_axis(rest, place, -rest.sum(axis=-1, keepdims=True), axis=-1)
    return rest


def layer_norm(x: Any, gain: Any = 1.0, bias: Any = 0.0, eps: float = 1e-5) -> Any:
    """Give gain · (x - mean) / √(variance + eps) + bias of rows (..., n), gain and bias (n,).

    The variance is that of the n entries, from their deviations (two passes); eps as in torch, and
    0 where a row isn't constant. Ba, Kiros and Hinton (2016).
    """
    v = plain(x)
    centred = v - v.mean(axis=-1, keepdims=True)
    centred = centred - centred.mean(axis=-1, keepdims=True)  # what rounding left of an offset
    std = np.sqrt(np.square(centred).mean(axis=-1, keepdims=True) + eps)
    z = checked(np.divide, centred, std)

    def share(g: Array) -> Array:
        along = z * (g * z).mean(axis=-1, keepdims=True)
        return np.asarray((g - g.mean(axis=-1, keepdims=True) - along) / std)

    return recorded(z, (x, share)) * gain + bias


def embedding(table: Any, ids: ArrayLike) -> Any:
    """Give the rows (..., d) of a table (n, d) that whole numbers (...) from 0 to n - 1 name.

    A row named twice gets the sum of both gradients.
    """
    rows, n = np.asarray(ids), len(plain(table))
    if rows.dtype.kind not in "iu":
        raise InputError("ids of an embedding must be whole numbers, counted from 0")
    if ((rows < 0) | (rows >= n)).any():
        raise InputError(f"there is no id {rows[(rows < 0) | (rows >= n)][0]}, only 0 to {n - 1}")
    return table[rows]


def concatenate(parts: Sequence[Any], axis: int = -1) -> Any:
    """Set parts (..., n_k, ...) one behind the other along an axis they all have."""
    arrays = [np.asarray(plain(part)) for part in parts]
    try:
        value = np.concatenate(arrays, axis=axis)
    except ValueError:
        shapes = ", ".join(shape(array) or "a number" for array in arrays)
        raise InputError(f"parts of shapes {shapes} can't be set side by side along axis {axis}") from None
    ends = np.cumsum([array.shape[axis] for array in arrays])
    cuts = [(end - array.shape[axis], end) for end, array in zip(ends, arrays, strict=True)]
    lead = axis % value.ndim
    pieces = [(slice(None),) * lead + (slice(*cut),) for cut in cuts]
    shares = [lambda g, piece=piece: g[piece] for piece in pieces]
    return recorded(value, *zip(parts, shares, strict=True))


def stack(parts: Sequence[Any], axis: int = 0) -> Any:
    """Set parts of one shape (...) side by side along a new axis."""
    first = np.expand_dims(plain(parts[0]), axis).shape
    tensors = (part if isinstance(part, Tensor) else np.asarray(part) for part in parts)
    return concatenate([part.reshape(first) for part in tensors], axis)


def _real(x: Any) -> Any:
    """Give the numbers of x, unless they are complex: these functions are of real numbers alone."""
    v = plain(x)
    if np.iscomplexobj(v):
        raise InputError("this function takes real numbers only")
    return v
