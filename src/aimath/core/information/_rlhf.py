"""The optimal policy of KL-regularised reward maximisation (RLHF), in closed form."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aimath.core.information._reductions import accurate_sum, kl_rows
from aimath.core.numerics.arrays import Check, as_vectors, check_number, check_same_rows, check_simplex
from aimath.core.numerics.double_double import scaled_difference, two_prod

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from aimath.core.numerics.axes import Scalars, Vectors
    from aimath.core.numerics.types import Array, Mask


class RLHF(NamedTuple):
    """The optimal policy under a KL penalty."""

    rewards: Vectors
    reference: Vectors  # sums to 1
    beta: float  # > 0, nats are worth that much reward
    policy: Vectors  # sums to 1, 0 where the reference is
    kl: Scalars  # nats, of the policy from the reference
    expected_reward: Scalars  # under the policy
    objective: Scalars  # expected_reward - beta kl, the highest there is

    @property
    def log_partition(self) -> Scalars:  # nats
        """Log Z, Z = sum(reference exp(rewards / beta))."""
        with np.errstate(over="ignore"):
            return _beta_log_partition(self.rewards, self.reference, self.beta) / self.beta

    def check(self) -> Check:
        """Return the objective beside beta log Z, its value by the partition function."""
        return Check(self.objective, _beta_log_partition(self.rewards, self.reference, self.beta))


def rlhf(rewards: ArrayLike, reference: ArrayLike, beta: float = 1.0, normalize: bool = False) -> RLHF:
    """Return the policy that maximises reward - beta * KL(policy, reference).

    policy = reference * exp(rewards / beta) / Z along the last axis, objective = expected_reward -
    beta * kl(policy, reference); kl in nats. Peters et al. (2010); as used by DPO, Rafailov et al. (2023).

    >>> rlhf([1.0, 1.0], [0.25, 0.75]).policy
    array([0.25, 0.75])
    """
    r = as_vectors(rewards, "reward", operand="rewards")
    q = check_simplex(reference, normalize=normalize, operand="reference")
    check_same_rows(r, q, ("rewards", "reference"))
    check_number("beta", beta, "above 0 and finite")
    y, _, pivot_q = _scaled_advantages(r, q, beta)
    weights = _policy_weights(y, q, pivot_q)
    policy = weights / accurate_sum(weights)[..., np.newaxis]
    kl = kl_rows(
        policy, q / accurate_sum(q)[..., np.newaxis], math.e, difference=_policy_difference(y, q, policy)
    )
    within = np.where(policy > 0.0, r, np.nan)
    reward = np.clip(
        _expectation(policy, np.broadcast_to(r, policy.shape)), np.nanmin(within, -1), np.nanmax(within, -1)
    )
    return RLHF(r, q, float(beta), policy, kl, reward, reward - beta * kl)


def _scaled_advantages(r: Array, q: Array, beta: float) -> tuple[tuple[Array, Array], Array, Array]:
    """Return (rewards - pivot) / beta in two parts, the pivot's reward and its reference.

    The pivot is the likeliest outcome under the policy: measured from there, no weight overflows.
    """
    with np.errstate(all="ignore"):
        highest = np.where(q > 0, r, -np.inf).max(axis=-1, keepdims=True)
        score = np.where(q > 0, np.log(q) + scaled_difference(r, highest, beta)[0], -np.inf)
        pivot = score.argmax(axis=-1)[..., np.newaxis]
        r, q = np.broadcast_arrays(r, q)
        pivot_r, pivot_q = np.take_along_axis(r, pivot, axis=-1), np.take_along_axis(q, pivot, axis=-1)
        value, lost = scaled_difference(r, pivot_r, beta)
    return (value, lost), pivot_r, pivot_q


def _policy_weights(y: tuple[Array, Array], q: Array, pivot_q: Array) -> Array:
    """Return q exp(y) / pivot_q in two halves where either factor alone would leave float64."""
    value, lost = y
    with np.errstate(all="ignore"):
        half = np.exp(0.5 * value)
        near = (np.abs(value) < 700.0) & (pivot_q > 1e-290)
        plain = q / pivot_q * np.exp(value)
        weights = np.where(near, plain + plain * lost, (q * half) / pivot_q * half)
    return np.where(q > 0, weights, 0.0)


def _relative_changes(y: tuple[Array, Array], q: Array) -> tuple[Array, Array, Mask]:
    """Return exp(y) - 1, its mean under the reference, and whether a row's values are all small.

    From larger steps on, differences of the probabilities themselves have more digits.
    """
    value, lost = y
    share = q / accurate_sum(q)[..., np.newaxis]
    with np.errstate(all="ignore"):
        step = np.where(q > 0, np.expm1(value) + lost * np.exp(value), 0.0)
        mean = _expectation(np.broadcast_to(share, step.shape), step)[..., np.newaxis]
    return step, mean, np.abs(step).max(axis=-1, keepdims=True) < 0.6


def _policy_difference(y: tuple[Array, Array], q: Array, policy: Array) -> Array:
    """Return policy - reference, without cancellation where the policy is close."""
    share = q / accurate_sum(q)[..., np.newaxis]
    step, mean, small = _relative_changes(y, q)
    with np.errstate(all="ignore"):
        return np.where(small, share * (step - mean) / (1.0 + mean), policy - share)


def _expectation(p: Array, x: Array) -> Array:
    with np.errstate(all="ignore"):
        product, rest = two_prod(p, x)
        rest = np.where(np.isfinite(rest), rest, 0.0)
    return accurate_sum(product) + accurate_sum(rest)


def _beta_log_partition(r: Array, q: Array, beta: float) -> Array:
    y, pivot_r, pivot_q = _scaled_advantages(r, q, beta)
    _, mean, small = _relative_changes(y, q)
    with np.errstate(all="ignore"):
        far = np.log(accurate_sum(_policy_weights(y, q, pivot_q))) + np.log(pivot_q[..., 0] / accurate_sum(q))
        return np.asarray(pivot_r[..., 0] + beta * np.where(small[..., 0], np.log1p(mean[..., 0]), far))
