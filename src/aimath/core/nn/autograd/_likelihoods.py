"""Likelihoods of pixels: of grey values on a grid, and of ink or none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from aimath.core.nn.autograd._errstate import checked
from aimath.core.nn.autograd._tensor import record, unwrap
from aimath.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from aimath.core.numerics.types import FloatArray


@checked
def discretized_logistic_loss(mean: Any, log_scale: Any, levels: ArrayLike, top: int) -> Any:
    """Return the mean over rows of -Σ log p(level), for levels 0 .. top, mean and log_scale (m, n), in nats.

    p(k) = σ(a) - σ(b), a = (k + ½ - mean) / s, b = a - 1 / s, s = exp(log_scale): what a logistic variable
    has from k - ½ to k + ½, where 0 reaches down to -∞ and top up to ∞. Its logarithm is
    log σ(a) + log σ(-b) + log(1 - exp(-1 / s)), in which an end that is infinite leaves out its own term
    and the last. With e = 1 / (exp(1 / s) - 1): d log p / da = σ(-a) + e and d log p / db = -σ(b) - e.
    Salimans et al. (2017).

    >>> float(discretized_logistic_loss([[0.5]], [[0.0]], [[0]], 1)) == float(np.log(2.0))
    True
    """
    m, t, k = np.asarray(unwrap(mean)), np.asarray(unwrap(log_scale)), np.asarray(levels)
    if not m.shape == t.shape == k.shape or k.ndim != 2:
        raise InputError("means, scales and levels must be of one shape (m, n)")
    if k.size and (k.min() < 0 or k.max() > top):
        raise InputError(f"levels are whole numbers from 0 to {top}")
    inverse = np.exp(-t)
    a = np.asarray((k - m + 0.5) * inverse, m.dtype)
    b = a - inverse
    above, below = np.asarray(k < top, m.dtype), np.asarray(k > 0, m.dtype)
    inner = above * below
    gap = -np.expm1(-inverse)
    log_a, by_a = _log_sigmoid(a)
    log_b, by_b = _log_sigmoid(-b)
    log_p = above * log_a + below * log_b + inner * np.log(gap)
    excess = inner * (1.0 / gap - 1.0)
    by_a = above * by_a + excess
    by_b = below * by_b + excess  # down b
    n = len(m)
    return record(
        -log_p.sum() / n,
        (mean, lambda g: (g / n) * (by_a - by_b) * inverse),
        (log_scale, lambda g: (g / n) * (by_a * a - by_b * b)),
    )


@checked
def bernoulli_loss(logits: Any, target: ArrayLike) -> Any:
    """Return the mean over rows of -Σ x log p + (1 - x) log(1 - p), p = σ(logits), x (m, n) from 0 to 1.

    Each is log(1 + exp(l)) - x l of its logit l, and the gradient is σ(l) - x. As torch's
    binary_cross_entropy_with_logits, summed over each row.

    >>> float(bernoulli_loss([[0.0]], [[1.0]])) == float(np.log(2.0))
    True
    """
    z, x = np.asarray(unwrap(logits)), np.asarray(target)
    if z.shape != x.shape or z.ndim != 2:
        raise InputError("logits and targets must be of one shape (m, n)")
    log_not, share = _log_sigmoid(-z)  # log(1 - p), and p
    n = len(z)
    return record(-(log_not + x * z).sum() / n, (logits, lambda g: (g / n) * (share - x)))


def _log_sigmoid(x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return log σ(x) and its derivative, σ(-x).

    >>> _log_sigmoid(np.array([-1000.0, 1000.0]))
    (array([-1000.,     0.]), array([1., 0.]))
    """
    small = np.exp(-np.abs(x))
    total = 1.0 + small
    return np.minimum(x, 0.0) - np.log(total), np.where(x > 0.0, small, 1.0) / total
