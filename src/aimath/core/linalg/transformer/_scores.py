"""Attention scores in two parts, and the softmax of them: what rounding takes from a score is kept.

A score of some hundreds is rounded to some 2^-45, and exp makes that a relative error of its weight:
hundreds of units in the last place. So Q Kᵀ is the sum of exact products of slices (Ozaki, Ogita, Oishi
and Rump 2012), and stays a double-double until the exponential is taken.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.core.numerics.double_double import compensated_sum, two_prod, two_sum
from aimath.core.numerics.exact import ozaki_split, split_dots

if TYPE_CHECKING:
    from aimath.core.numerics.types import Array, FloatArray

MAX_MULTIPLICATIONS = 1 << 18
"""Multiplications of Q and Kᵀ up to which scores have two parts: 64² scores of width 64, a ms more."""


class ScoreParts(NamedTuple):
    """Scores high + low, high being their sum rounded."""

    high: Array  # (..., L, S)
    low: Array  # (..., L, S) 0 where high isn't finite


def is_small(q: FloatArray, k: FloatArray) -> bool:
    """Return whether there are so few scores that two parts of them cost little."""
    return bool(q.size * k.shape[-2] <= MAX_MULTIPLICATIONS)


def scores_in_parts(q: FloatArray, k: FloatArray, scale: float = 1.0, scale_rest: float = 0.0) -> ScoreParts:
    """Return Q Kᵀ · (scale + scale_rest) of queries (..., L, d) and keys (..., S, d).

    What is beyond float64 is so only after it was scaled.

    >>> scores_in_parts(np.array([[1e200]]), np.array([[1e200]]), 1e-300).high
    array([[1.e+100]])
    """
    with np.errstate(all="ignore"):
        a, b = (ozaki_split(x.astype(np.float64, copy=False)) for x in (q, k))
        sums = split_dots(a, b, all_pairs=True)
        factor, power = math.frexp(scale)
        high, lost = two_prod(sums.high, np.asarray(factor))
        low = lost + (sums.low * factor + sums.high * math.ldexp(scale_rest, -power))
        return _with_finite_rest(*(np.ldexp(part, sums.exponent + power) for part in two_sum(high, low)))


def unseen_keys(shape: tuple[int, ...], window: int | None = None) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return where key j is later than query i, or `window` and more before it: (L, S) of shape (..., L, S).

    >>> unseen_keys((3, 3), 2).astype(int)
    array([[0, 1, 1],
           [0, 0, 1],
           [1, 0, 0]])
    """
    queries, keys = shape[-2:]
    hidden = ~np.tri(queries, keys, dtype=np.bool_)
    return hidden if window is None else hidden | np.tri(queries, keys, -window, dtype=np.bool_)


def mask_parts(
    scores: ScoreParts, mask: Array | None, *, causal: bool, window: int | None = None
) -> ScoreParts:
    """Return scores with the mask added and -inf for what positions don't let see."""
    high, low = scores
    with np.errstate(all="ignore"):
        if mask is not None:
            total, lost = two_sum(high, mask)
            high, low = two_sum(total, lost + low)
            high = np.where(np.isnan(high), total, high)  # beside -inf
            high = np.where(mask == -np.inf, -np.inf, high)  # hidden, however large the score
        if causal or window:
            high = np.where(unseen_keys(high.shape, window), -np.inf, high)
    return _with_finite_rest(high, low)


def softmax_of_parts(scores: ScoreParts) -> Array:
    """Return the softmax along the last axis of scores (..., L, S) in two parts.

    >>> softmax_of_parts(ScoreParts(np.array([[800.0, 800.0]]), np.array([[0.0, 0.0]])))
    array([[0.5, 0.5]])
    """
    at = np.argmax(scores.high, axis=-1, keepdims=True)
    largest, rest = (np.take_along_axis(part, at, axis=-1) for part in scores)
    with np.errstate(all="ignore"):
        difference, lost = _with_finite_rest(*two_sum(scores.high, -largest))
        difference, lost = _with_finite_rest(*two_sum(difference, lost + (scores.low - rest)))
        # Of scores above 2^53 the low parts alone may say which is the largest.
        at = np.argmax(difference, axis=-1, keepdims=True)
        largest, rest = (np.take_along_axis(part, at, axis=-1) for part in (difference, lost))
        difference, more = _with_finite_rest(*two_sum(difference, -largest))
        weights = np.exp(difference)
        weights += np.where(weights > 0.0, weights * np.expm1(np.clip(more + (lost - rest), -1.0, 1.0)), 0.0)
    return np.asarray(weights / compensated_sum(weights)[..., np.newaxis])


def _with_finite_rest(high: Array, low: Array) -> ScoreParts:
    """Return two parts, the rest 0 beside an infinity."""
    return ScoreParts(high, np.where(np.isfinite(high) & np.isfinite(low), low, 0.0))
