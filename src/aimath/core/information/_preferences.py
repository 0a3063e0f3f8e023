"""Losses of learning from preferences: DPO's of pairs, GRPO's advantages of groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aimath.core.numerics.arrays import Check, as_vectors, check_number, check_same_rows, raise_at
from aimath.core.numerics.double_double import two_sum
from aimath.core.probability import describe
from aimath.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from aimath.core.numerics.axes import Scalars, Vectors
    from aimath.core.numerics.types import Array


class DPO(NamedTuple):
    """Losses of pairs of answers, of which one was preferred."""

    chosen: Vectors  # log-probability of each chosen answer
    rejected: Vectors
    ref_chosen: Vectors  # the same under the reference model
    ref_rejected: Vectors
    beta: float  # > 0
    margin: Vectors  # beta ((chosen - ref_chosen) - (rejected - ref_rejected))
    losses: Vectors  # nats, -ln sigmoid(margin)

    @property
    def loss(self) -> Scalars:
        """Mean of the losses."""
        return describe(self.losses).mean

    @property
    def reward_chosen(self) -> Vectors:
        """Beta (chosen - ref_chosen), the reward that the model implies."""
        with np.errstate(over="ignore"):
            return np.asarray(self.beta * (self.chosen - self.ref_chosen))

    @property
    def reward_rejected(self) -> Vectors:
        """Beta (rejected - ref_rejected)."""
        with np.errstate(over="ignore"):
            return np.asarray(self.beta * (self.rejected - self.ref_rejected))

    @property
    def accuracy(self) -> Scalars:
        """Share of pairs whose margin is above 0."""
        return np.asarray(np.mean(self.margin > 0.0, axis=-1))

    @property
    def gradients(self) -> Vectors:
        """Of each loss by its chosen log-probability, -beta sigmoid(-margin); by the rejected minus that."""
        with np.errstate(all="ignore"):
            return np.asarray(-self.beta * np.exp(-np.logaddexp(0.0, self.margin)))

    def check(self) -> Check:
        """Return the losses beside -ln of the probability that Bradley and Terry's model gives the choice."""
        with np.errstate(all="ignore"):
            better, worse = self.reward_chosen, self.reward_rejected
            top = np.maximum(better, worse)
            share = np.log(np.exp(better - top) + np.exp(worse - top)) + (top - better)
            scale = np.maximum(np.abs(better), np.abs(worse))
        return Check(self.losses, share, scale)


def dpo(
    chosen: ArrayLike,
    rejected: ArrayLike,
    ref_chosen: ArrayLike,
    ref_rejected: ArrayLike,
    beta: float = 0.1,
) -> DPO:
    """Return the losses of direct preference optimisation of pairs (..., n).

    loss = -ln sigmoid(beta ((chosen - ref_chosen) - (rejected - ref_rejected))), of the
    log-probabilities of whole answers under the model and under the reference. trl's "sigmoid" loss
    without label smoothing. Rafailov et al. (2023).

    >>> bool(dpo([-10.0], [-12.0], [-10.0], [-12.0]).loss == np.log(2.0))
    True
    """
    names = ("chosen", "rejected", "ref_chosen", "ref_rejected")
    given = [
        as_vectors(x, "log-probability", operand=name)
        for x, name in zip((chosen, rejected, ref_chosen, ref_rejected), names, strict=True)
    ]
    for x, name in zip(given[1:], names[1:], strict=True):
        check_same_rows(given[0], x, (names[0], name))
    check_number("beta", beta, "above 0 and finite", usage=True)
    c, r, ref_c, ref_r = np.broadcast_arrays(*given)
    with np.errstate(all="ignore"):
        margin = beta * _sum_of_four(c, -ref_c, -r, ref_r)
        raise_at(~np.isfinite(margin), "the margin of pair {k} is beyond float64", operand="chosen")
        losses = np.where(margin > 0.0, np.log1p(np.exp(-margin)), np.log1p(np.exp(margin)) - margin)
    return DPO(c, r, ref_c, ref_r, float(beta), margin, losses)


def _sum_of_four(a: Array, b: Array, c: Array, d: Array) -> Array:
    """Return a + b + c + d with the rests of its additions."""
    (s, e), (t, f) = two_sum(a, b), two_sum(c, d)
    total, rest = two_sum(s, t)
    return np.asarray(total + (rest + (e + f)))


class GRPO(NamedTuple):
    """Advantages within a group of answers to one question."""

    rewards: Vectors
    advantages: Vectors  # (rewards - mean) / std, all 0 where all rewards are the same
    mean: Scalars

    @property
    def std(self) -> Scalars:
        """By n - 1."""
        return describe(self.rewards, ddof=1).std

    @property
    def deviations(self) -> Vectors:
        """Reward - mean."""
        return describe(self.rewards).deviations

    def check(self) -> Check:
        """Return the sums of the squared advantages beside n - 1, or 0 where all rewards are the same."""
        found = np.square(self.advantages).sum(axis=-1)
        varied = self.rewards.max(axis=-1) > self.rewards.min(axis=-1)
        return Check(np.where(varied, self.rewards.shape[-1] - 1.0, 0.0), found)


def grpo(rewards: ArrayLike) -> GRPO:
    """Return the advantages of group relative policy optimisation, a group along the last axis.

    advantage = (reward - mean) / std, std by n - 1 as in trl, without the 1e-4 that trl adds to it; of
    a group whose rewards are all the same, 0. Shao et al. (2024).

    >>> grpo([1.0, 0.0, 1.0, 0.0]).advantages.round(4)
    array([ 0.866, -0.866,  0.866, -0.866])
    """
    r = as_vectors(rewards, "reward", operand="rewards")
    if r.shape[-1] < 2:
        raise InputError("needs at least two rewards: one has no spread", operand="rewards")
    found = describe(r, ddof=1)
    with np.errstate(all="ignore"):
        size = np.sqrt(found.moments.variance)[..., np.newaxis]
        advantages = np.where(size > 0.0, found.scaled_deviations() / size, 0.0)
    return GRPO(r, advantages, found.mean)
