"""The focal loss: a cross-entropy that looks away from what is already right."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aimath.core.information._cross_entropy import _check_target
from aimath.core.numerics.arrays import Check, as_vectors, check_number, raise_at
from aimath.core.probability import log_softmax_rows, softmax_rows

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from aimath.core.numerics.axes import Classes, Scalars, Vectors
    from aimath.core.numerics.types import Array, Indices


class Focal(NamedTuple):
    """Focal losses of predictions."""

    logits: Vectors
    target: Classes
    gamma: float  # >= 0
    alpha: float  # weight of class 1 of two, 1 - alpha of class 0; of several classes 1
    loss: Scalars  # nats, at least 0
    gradients: Vectors  # by the logits
    nats: Scalars  # ln(1/p), the cross-entropy

    @property
    def prob(self) -> Scalars:
        """Probability of the target."""
        return np.exp(-self.nats)

    @property
    def doubt(self) -> Scalars:
        """1 - probability, with the digits of a small one."""
        return -np.expm1(-self.nats)

    @property
    def focus(self) -> Scalars:
        """(1 - probability)^gamma, what the cross-entropy is multiplied by."""
        return np.asarray(_power(self.doubt, self.gamma))

    @property
    def weight(self) -> Scalars:
        """Alpha or 1 - alpha as the target is; 1 of several classes."""
        return np.asarray(_class_weight(self.logits, self.target, self.alpha))

    def is_first_class(self) -> NDArray[np.bool_]:
        """Return whether the target is class 1."""
        return np.asarray(np.asarray(self.target) == 1)

    def check(self) -> Check:
        """Return the loss beside the same of the probabilities, not of their logarithms."""
        p, doubt = _split_probability(self.logits, self.target)
        with np.errstate(all="ignore"):
            nats = np.where(p > 0.5, -np.log1p(-doubt), -np.log(p))
            other = self.weight * _power(doubt, self.gamma) * nats
        return Check(self.loss, np.asarray(np.where(p == 0.0, self.loss, other)))


def focal(logits: ArrayLike, target: ArrayLike, gamma: float = 2.0, alpha: float = 0.25) -> Focal:
    """Return the focal loss of logits (..., n) with target class indices (...,), in nats.

    loss = (1 - p)^gamma ln(1/p), p the softmax's probability of the target; of one logit a row p is
    its sigmoid, or 1 - that for target 0, and the loss is weighted by alpha, or 1 - alpha for target 0
    (torchvision's sigmoid_focal_loss). Lin et al. (2017).

    >>> bool(focal([0.0, 0.0], 0, gamma=1).loss == np.log(2.0) / 2)
    True
    """
    z = as_vectors(logits, "logit", operand="logits")
    check_number("gamma", gamma, "at least 0 and finite", usage=True)
    check_number("alpha", alpha, "from 0 to 1", usage=True)
    both = _with_zero(z)
    classes = _check_target(target, both)
    place = classes[..., np.newaxis]
    nats = 0.0 - np.take_along_axis(log_softmax_rows(both), place, axis=-1)[..., 0]
    p, doubt = _split_probability(z, classes)
    weight = _class_weight(z, classes, alpha)
    with np.errstate(all="ignore"):
        loss = weight * _power(-np.expm1(-nats), gamma) * nats
        # d loss / d z_j = (gamma p (1-p)^(gamma-1) ln p - (1-p)^gamma) (1[j = target] - p_j)
        lead = -gamma * p * np.where(gamma == 0.0, 0.0, _power(doubt, gamma - 1.0)) * nats
        slope = np.where(nats > 0.0, lead, 0.0) - _power(doubt, gamma)
        hit = np.arange(both.shape[-1]) == place
        distance = np.where(hit, doubt[..., np.newaxis], -softmax_rows(both)[0])
        gradients = ((weight * slope)[..., np.newaxis] * distance)[..., -z.shape[-1] :]
    raise_at(~np.isfinite(loss)[..., np.newaxis], "the loss is beyond float64", operand="logits")
    raise_at(~np.isfinite(gradients), "the gradient by logit {k} is beyond float64", operand="logits")
    return Focal(z, classes, float(gamma), float(alpha), loss, gradients, nats)


def _with_zero(logits: Array) -> Array:
    """Return one logit a row beside a 0, as sigmoid(z) is softmax(0, z)[1]; more as they are."""
    if logits.shape[-1] > 1:
        return logits
    return np.concatenate((np.zeros_like(logits), logits), axis=-1)


def _split_probability(logits: Array, target: Indices) -> tuple[Array, Array]:
    """Return the target's probability and that of all others, both with their digits."""
    probs = softmax_rows(_with_zero(logits))[0]
    hit = np.arange(probs.shape[-1]) == np.asarray(target)[..., np.newaxis]
    return np.where(hit, probs, 0.0).sum(axis=-1), np.where(hit, 0.0, probs).sum(axis=-1)


def _class_weight(logits: Array, target: Indices, alpha: float) -> Array:
    if logits.shape[-1] > 1:
        return np.ones(np.shape(target))
    return np.where(np.asarray(target) == 1, alpha, 1.0 - alpha)


def _power(x: Array, exponent: float) -> Array:
    with np.errstate(all="ignore"):
        return np.asarray(np.power(x, exponent))
