"""What a prediction of each row says of the row's right class: loss, rank, confidence."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aimath.core.information._logit_pairs import check_log_probs, check_logits
from aimath.core.information._reductions import accurate_sum, as_distribution
from aimath.core.numerics.arrays import SUM_TOLERANCE, check_simplex, raise_at
from aimath.core.probability import log_softmax_rows, softmax_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from aimath.core.numerics.types import Array, Indices

SCALES = ("probs", "logits", "log_probs")
"""What the numbers of a prediction may be."""


class Predictions(NamedTuple):
    """What predictions say of the right classes."""

    nll: Array  # (r,) -log p(target), nats
    brier: Array  # (r,) Σ (p - y)²
    expanded_brier: Array  # (r,) Σ p² - 2 p(target) + 1, the same by another route
    predicted: Indices  # (r,) the largest entry, the first of several
    confidence: Array  # (r,) its probability
    rank: Indices  # (r,) how many classes are larger, or equal and earlier, than the target
    score: Array | None  # (r,) of two classes: probability, or log-odds, of the second
    squares: Array | None  # (r,) of two classes: (p - y)² of the second


def predict(rows: Array, target: Indices, scale: str) -> Predictions:
    """Return what checked rows (r, n) of a scale say of target classes (r,).

    A single column is of the second of two classes: its probability, its logarithm, or log-odds.
    """
    if scale == "logits" or (scale == "log_probs" and rows.shape[1] > 1):
        z = np.concatenate((np.zeros_like(rows), rows), axis=1) if rows.shape[1] == 1 else rows
        score = z[:, 1] - z[:, 0] if z.shape[1] == 2 else None
        probs, nll = softmax_rows(z)[0], 0.0 - _at(log_softmax_rows(z), target)
        return _figures(probs, nll, _without(probs, target), z, target, score)
    if rows.shape[1] == 1:
        return _predict_two(rows[:, 0], target, scale)
    score = rows[:, 1] if rows.shape[1] == 2 else None
    p = _at(rows, target)
    return _figures(rows, 0.0 - np.log(p), 1.0 - p, rows, target, score)


def _predict_two(x: Array, target: Indices, scale: str) -> Predictions:
    """Return what probabilities (r,) of the second of two classes, or their logarithms, say."""
    p, q, log_p = (x, 1.0 - x, np.log(x)) if scale == "probs" else (np.exp(x), 0.0 - np.expm1(x), x)
    log_q = np.log1p(-x) if scale == "probs" else np.log(q)
    second = target == 1
    nll = 0.0 - np.where(second, log_p, log_q)
    score = x if scale == "probs" else x - log_q
    probs = np.stack((q, p), axis=1)
    return _figures(probs, nll, np.where(second, q, p), probs, target, score)


def _figures(
    probs: Array, nll: Array, miss: Array, order: Array, target: Indices, score: Array | None
) -> Predictions:
    """Return the figures of probabilities (r, n), `miss` what the target's lack, `order` which are larger."""
    others = probs.copy()
    rows = np.arange(len(probs))
    own = others[rows, target]
    others[rows, target] = 0.0
    brier = accurate_sum(others * others) + miss * miss
    expanded = np.vecdot(probs, probs) - 2.0 * own + 1.0
    at = _at(order, target)[:, np.newaxis]
    earlier = np.arange(probs.shape[1]) < target[:, np.newaxis]
    rank = np.count_nonzero((order > at) | ((order == at) & earlier), axis=1)
    predicted = np.argmax(order, axis=1)
    squares = None
    if score is not None:
        p = probs[:, 1]
        squares = np.where(target == 1, miss, p) ** 2
    return Predictions(nll, brier, expanded, predicted, probs[rows, predicted], rank, score, squares)


def _at(rows: Array, target: Indices) -> Array:
    return np.asarray(rows[np.arange(len(rows)), target])


def _without(probs: Array, target: Indices) -> Array:
    """Return the sum of all probabilities but the target's."""
    others = probs.copy()
    others[np.arange(len(probs)), target] = 0.0
    return np.minimum(accurate_sum(others), 1.0)


def check_predictions(rows: Array, scale: str) -> Array:
    """Return rows (r, n) of predictions, or raise InputError at the first that is none."""
    if scale == "logits":
        check_logits(rows, scale)
        return rows
    if rows.shape[1] > 1:
        if scale == "log_probs":
            check_logits(rows, scale)
            check_log_probs(rows, scale)
            return rows
        return as_distribution(check_simplex(rows, operand=scale))
    raise_at(np.isnan(rows), "{operand} {k} is nan", operand=scale)
    if scale == "probs":
        _check_range(rows < 0.0, "probability {value:.17g} is negative", rows)
        _check_range(
            rows > 1.0 + SUM_TOLERANCE, "{value:.17g} is above 1: a single column is the second class's", rows
        )
        return np.minimum(rows, 1.0)
    _check_range(rows > SUM_TOLERANCE, "log-probability {value:.17g} is above 0", rows, scale)
    return np.minimum(rows, 0.0)


def _check_range(bad: NDArray[np.bool_], problem: str, rows: Array, scale: str = "probs") -> None:
    if bad.any():
        raise_at(bad, problem, operand=scale, value=float(rows[bad][0]))
