"""Differentiable functions of Tensors and arrays: activations, softmax, logarithms of probabilities.

All work along the last axis or entry by entry, with any number of axes before.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from aimath.core import information
from aimath.core.nn.autograd._errstate import checked_call
from aimath.core.nn.autograd._fused import concatenate
from aimath.core.nn.autograd._tensor import Tensor, record, unwrap
from aimath.core.numerics import special as special
from aimath.core.numerics.special import NORMAL_PDF_AT_0, normal_cdf, normal_pdf
from aimath.core.probability import log_softmax_rows, logsumexp_rows, softmax_rows
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from aimath.core.numerics.types import Array


NORMAL_TAIL = (
    3.761920432570597e-06, 2.527766622096807e-05, -9.35778491313964e-06, -0.00022388175870623642,
    0.00013940260415697998, 0.0016281934315082994, -0.003481921535631414, -0.007539713753463589,
    0.06039694411209749, -0.1865218960308299, 0.3871373784039949, -0.6078966410505319,
    0.7552851306343525,
)  # fmt: skip
"""(x + 4) exp(x²/2) P(Z > x) as a polynomial of (x - 4) / (x + 4), to 5e-10 of it for x from 0 to 40."""
GELU_SLOPE, GELU_CUBE = math.sqrt(2.0 / math.pi), 0.044715
"""Of the approximation of gelu by tanh."""
BLOCK = 16_384
"""Numbers of a large array that are worked on at a time: a dozen such buffers stay in the cache."""


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


def gelu(x: Any, approximate: str = "none") -> Any:
    """Return x Φ(x), Φ the normal cdf (Hendrycks and Gimpel 2016); its derivative is Φ(x) + x φ(x).

    With approximate="tanh", as GPT-2 has it, x (1 + t) / 2, t = tanh(√(2/π) (x + .044715 x³)), up to 5e-4
    from it.
    """
    v = np.asarray(_real_value(x))
    if approximate == "tanh":
        square = v * v
        t = np.tanh(GELU_SLOPE * v * (1.0 + GELU_CUBE * square))
        half = 0.5 + 0.5 * t

        def share(g: Array) -> Array:
            return np.asarray(
                g * (half + half * (1.0 - t) * GELU_SLOPE * v * (1.0 + 3.0 * GELU_CUBE * square))
            )

        return record(v * half, (x, share))
    if approximate != "none":
        raise InputError(f"approximate is 'none' or 'tanh', not '{approximate}'", operand="approximate")
    bell, cdf = _bell_and_cdf(v) if v.dtype == np.float32 else (None, normal_cdf(v, np.zeros_like(v)))

    def slope(g: Array) -> Array:
        density = bell if bell is not None else normal_pdf(v, np.zeros_like(v), np.ones_like(v))
        return np.asarray(g * (cdf + v * density))

    return record(v * cdf, (x, slope))


def _bell_and_cdf(v: Array) -> tuple[Array, Array]:
    """Return the normal density and cdf of float32, within 6 units, a tenth of the time that erfc takes."""
    if v.size <= BLOCK:
        return _bell_and_cdf_of_block(v)
    flat, shape = v.ravel(), v.shape
    bell, cdf = np.empty_like(flat), np.empty_like(flat)
    for k in range(0, flat.size, BLOCK):
        bell[k : k + BLOCK], cdf[k : k + BLOCK] = _bell_and_cdf_of_block(flat[k : k + BLOCK])
    return bell.reshape(shape), cdf.reshape(shape)


def _bell_and_cdf_of_block(v: Array) -> tuple[Array, Array]:
    x = np.minimum(np.abs(v), 40.0)
    near = np.rint(16.0 * x) / 16.0  # its square is exact, so that the exponential keeps its digits
    bell = np.exp(-0.5 * near * near) * np.exp(-0.5 * (x - near) * (x + near))
    whole = x + 4.0
    t = (x - 4.0) / whole
    tail = np.full_like(t, NORMAL_TAIL[0])
    for coefficient in NORMAL_TAIL[1:]:
        tail *= t
        tail += coefficient
    tail *= bell / whole
    return bell * NORMAL_PDF_AT_0, np.where(v > 0.0, 1.0 - tail, tail)


def silu(x: Any) -> Any:
    """Return x s(x), s the sigmoid, whose derivative is s (1 + x (1 - s)).

    Elfwing, Uchibe and Doya (2018).
    """
    v = _real_value(x)
    s = special.sigmoid(v)
    return record(v * s, (x, lambda g: g * (s * (1.0 + v * (1.0 - s)))))


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


def stack(parts: Sequence[Any], axis: int = 0) -> Any:
    """Return parts of one shape (...) joined along a new axis."""
    first = np.expand_dims(unwrap(parts[0]), axis).shape
    tensors = (part if isinstance(part, Tensor) else np.asarray(part) for part in parts)
    return concatenate([part.reshape(first) for part in tensors], axis)


def _real_value(x: Any) -> Any:
    v = unwrap(x)
    if np.iscomplexobj(v):
        raise InputError("this function takes real numbers only")
    return v
