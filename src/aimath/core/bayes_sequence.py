"""Bayes' rule for one piece of evidence after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aimath.core.arrays import Array, Check, blame, row_sum, simplex, together, two_prod, two_sum
from aimath.core.bayes import chance
from aimath.core.exponentials import logsumexp_rows, softmax_rows
from aimath.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Powers = NDArray[np.int64]


class BayesSequence(NamedTuple):
    """Beliefs after each of m pieces of evidence that are independent given the hypothesis."""

    prior: Array  # (...) P(A), or (..., k) for k hypotheses
    likelihood: Array  # (..., m) P(piece|A), or (..., m, k)
    false_positive: Array | None  # (..., m) P(piece|not A); None for k hypotheses
    posteriors: Array  # (..., m) or (..., m, k) after each piece
    posterior: Array  # (...) or (..., k) after all of them
    log_odds: Array  # (...) or (..., k) log2 of the posterior odds, in bits: never underflows

    @property
    def odds(self) -> Array:
        """(...) or (..., k) posterior odds, 2^log_odds; may be inf or 0 where their logarithm is neither."""
        with np.errstate(over="ignore"):
            return np.asarray(np.exp2(self.log_odds))

    def check(self) -> Check:
        """Recompute the posterior as a softmax of log prior + sum of log likelihoods."""
        with np.errstate(divide="ignore"):
            first, pieces = _hypotheses(self.prior, self.likelihood, self.false_positive)
            probs, _ = softmax_rows(np.log(first) + np.log(pieces).sum(axis=0))
        return Check(self.posterior, probs if self.false_positive is None else probs[..., 0])


def bayes_sequence(
    priors: ArrayLike, likelihoods: ArrayLike, false_positives: ArrayLike | None = None
) -> BayesSequence:
    """Update a prior by m pieces of evidence, one after the other.

    odds = prior odds * product of the Bayes factors. The products keep their exponents apart, so a
    hundred likelihoods of 1e-5 underflow nothing, and lose fewer digits than sums of logarithms.
    With false positives A stands against not A; without, k hypotheses stand along the last axis.
    Good (1950), whose weights of evidence are the logarithms of these factors.

    >>> bayes_sequence(0.01, [0.9, 0.9], [0.05, 0.05]).posteriors.round(4)
    array([0.1538, 0.766 ])
    """
    p, seen = chance(priors, "prior"), chance(likelihoods, "likelihood")
    alarm = (
        None if false_positives is None else chance(false_positives, "false positive rate", "false_positives")
    )
    if alarm is None:
        p = simplex(p, "prior", operand="priors")
    elif seen.shape != alarm.shape:
        count = f"{seen.shape[-1]} likelihoods need as many false positive rates"
        raise InputError(f"{count}, not {alarm.shape[-1]}", usage=True)
    weights, pieces = _hypotheses(p, seen, alarm)
    low, power = np.zeros_like(weights), np.zeros_like(weights, np.int64)
    posteriors = np.empty((len(pieces), *weights.shape))
    for k, piece in enumerate(pieces):
        weights, low, power = _multiplied(weights, low, power, piece)
        posteriors[k] = _shares(weights, power, k)
    log_odds, posterior = _log_odds(weights, power), posteriors[-1]
    posteriors = np.moveaxis(posteriors, 0, -2)
    if alarm is not None:
        posteriors, posterior, log_odds = posteriors[..., 0], posterior[..., 0], log_odds[..., 0]
    return BayesSequence(p, seen, alarm, posteriors, np.asarray(posterior), np.asarray(log_odds))


def _hypotheses(p: Array, seen: Array, alarm: Array | None) -> tuple[Array, Array]:
    """Give priors (..., k) and likelihoods, pieces first: (m, ..., k), not A being the second of two."""
    if alarm is not None:
        p, seen = np.stack((p, 1.0 - p), axis=-1), np.stack((seen, alarm), axis=-1)
    seen = np.moveaxis(seen, -2, 0)
    seen = seen.reshape(len(seen), *(1,) * (p.ndim + 1 - seen.ndim), *seen.shape[1:])
    pieces = together(likelihood=seen, prior=np.broadcast_to(p, (1, *p.shape)))[0]
    return together(prior=p, likelihood=pieces[0])[0], pieces


def _multiplied(weights: Array, low: Array, power: Powers, piece: Array) -> tuple[Array, Array, Powers]:
    factor, shift = np.frexp(piece)
    product, rest = two_prod(weights, factor)
    value, more = np.frexp(product)
    value, low = two_sum(value, np.ldexp(low * factor + rest, -more))
    return value, low, power + shift + more


def _shares(weights: Array, power: Powers, k: int) -> Array:
    alive = weights > 0.0
    blame(
        ~np.asarray(alive.any(axis=-1))[..., np.newaxis],
        f"after piece {k + 1} no hypothesis is left: the evidence has probability 0",
    )
    top = np.where(alive, power, -(2**62)).max(axis=-1, keepdims=True)
    scaled = np.ldexp(weights, np.where(alive, np.maximum(power - top, -5000), 0).astype(np.int32))
    return np.asarray(scaled / row_sum(scaled)[..., np.newaxis])


def _log_odds(weights: Array, power: Powers) -> Array:
    with np.errstate(divide="ignore"):
        bits = np.log2(weights) + power
    k = bits.shape[-1]
    rivals = np.where(np.eye(k, dtype=np.bool_), -np.inf, bits[..., np.newaxis, :])
    return np.asarray(bits - logsumexp_rows(rivals * np.log(2.0)) / np.log(2.0))
