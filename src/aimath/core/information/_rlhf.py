"""The policy that reinforcement learning from human feedback aims at, in closed form."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aimath.core.information._row_sums import kl_rows, total
from aimath.core.numerics.arrays import Check, same_rows, simplex, vectors
from aimath.core.numerics.double_double import quotient, two_prod, two_sum
from aimath.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from aimath.core.numerics.types import Array


class RLHF(NamedTuple):
    """Best policies under a penalty for leaving the reference."""

    rewards: Array  # (..., n)
    reference: Array  # (..., n) sums to 1 along n
    beta: float  # > 0, nats are worth that much reward
    policy: Array  # (..., n) sums to 1 along n, 0 where the reference is
    kl: Array  # (...) nats, of the policy from the reference
    expected_reward: Array  # (...) under the policy
    objective: Array  # (...) expected_reward - beta kl, the highest there is

    @property
    def log_partition(self) -> Array:  # (...) nats
        """Log Z, Z = sum(reference exp(rewards / beta))."""
        with np.errstate(over="ignore"):
            return _beta_log_partition(self.rewards, self.reference, self.beta) / self.beta

    def check(self) -> Check:
        """By the partition function: the best objective is beta log Z."""
        return Check(self.objective, _beta_log_partition(self.rewards, self.reference, self.beta))


def rlhf(rewards: ArrayLike, reference: ArrayLike, beta: float = 1.0, normalize: bool = False) -> RLHF:
    """Give the policy with the most reward less beta times its divergence from a reference.

    policy = reference * exp(rewards / beta) / Z along the last axis, objective = expected_reward -
    beta * kl(policy, reference); kl in nats. Peters et al. (2010); as used by DPO, Rafailov et al. (2023).

    >>> rlhf([1.0, 1.0], [0.25, 0.75]).policy
    array([0.25, 0.75])
    """
    r = vectors(rewards, "reward", operand="rewards")
    q = simplex(reference, normalize=normalize, operand="reference")
    same_rows(r, q, ("rewards", "reference"))
    if not 0.0 < beta < math.inf:
        raise InputError(f"beta must be above 0 and finite, not {beta:g}", operand="beta")
    y, _, pivot_q = _tilts(r, q, beta)
    weights = _weights(y, q, pivot_q)
    policy = weights / total(weights)[..., np.newaxis]
    kl = kl_rows(policy, q / total(q)[..., np.newaxis], math.e, gap=_gap(y, q, policy))
    reward = _mean(policy, np.broadcast_to(r, policy.shape))
    return RLHF(r, q, float(beta), policy, kl, reward, reward - beta * kl)


def _tilts(r: Array, q: Array, beta: float) -> tuple[tuple[Array, Array], Array, Array]:
    """Give (rewards - pivot) / beta in two parts, the reward of the pivot and its reference.

    The pivot is the likeliest outcome under the policy: measured from there, no weight overflows.
    """
    with np.errstate(all="ignore"):
        highest = np.where(q > 0, r, -np.inf).max(axis=-1, keepdims=True)
        score = np.where(q > 0, np.log(q) + (r - highest) / beta, -np.inf)
        pivot = score.argmax(axis=-1)[..., np.newaxis]
        r, q = np.broadcast_arrays(r, q)
        pivot_r, pivot_q = np.take_along_axis(r, pivot, axis=-1), np.take_along_axis(q, pivot, axis=-1)
        d, rest = two_sum(r, -pivot_r)
        value, lost = quotient(d, np.where(np.isfinite(rest), rest, 0.0), beta)
    return (value, lost), pivot_r, pivot_q


def _weights(y: tuple[Array, Array], q: Array, pivot_q: Array) -> Array:
    """Give q exp(y) / pivot_q in two halves where either factor alone would leave float64."""
    value, lost = y
    with np.errstate(all="ignore"):
        half = np.exp(0.5 * value)
        near = (np.abs(value) < 700.0) & (pivot_q > 1e-290)
        plain = q / pivot_q * np.exp(value)
        weights = np.where(near, plain + plain * lost, (q * half) / pivot_q * half)
    return np.where(q > 0, weights, 0.0)


def _steps(y: tuple[Array, Array], q: Array) -> tuple[Array, Array, Array]:
    """Give exp(y) - 1, its mean under the reference, and whether all of a row's are small.

    From larger steps on, differences of the probabilities themselves have more digits.
    """
    value, lost = y
    share = q / total(q)[..., np.newaxis]
    with np.errstate(all="ignore"):
        step = np.where(q > 0, np.expm1(value) + lost * np.exp(value), 0.0)
        mean = _mean(np.broadcast_to(share, step.shape), step)[..., np.newaxis]
    return step, mean, np.abs(step).max(axis=-1, keepdims=True) < 0.6


def _gap(y: tuple[Array, Array], q: Array, policy: Array) -> Array:
    """Give policy - reference, from the steps where the policy hardly moves."""
    share = q / total(q)[..., np.newaxis]
    step, mean, small = _steps(y, q)
    with np.errstate(all="ignore"):
        return np.where(small, share * (step - mean) / (1.0 + mean), policy - share)


def _mean(p: Array, x: Array) -> Array:
    with np.errstate(all="ignore"):
        product, rest = two_prod(p, x)
        rest = np.where(np.isfinite(rest), rest, 0.0)
    return total(product) + total(rest)


def _beta_log_partition(r: Array, q: Array, beta: float) -> Array:
    y, pivot_r, pivot_q = _tilts(r, q, beta)
    _, mean, small = _steps(y, q)
    with np.errstate(all="ignore"):
        far = np.log(total(_weights(y, q, pivot_q))) + np.log(pivot_q[..., 0] / total(q))
        return np.asarray(pivot_r[..., 0] + beta * np.where(small[..., 0], np.log1p(mean[..., 0]), far))
