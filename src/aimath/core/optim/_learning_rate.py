"""Convergence rate of gradient descent on quadratics, and the optimal learning rate."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aimath.core.numerics.arrays import Check, as_vectors, raise_at
from aimath.core.numerics.double_double import two_prod, two_sum
from aimath.core.optim._rules import check_learning_rate
from aimath.core.optim._start import DEFAULT_FUNCTION, resolve_start
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike

    from aimath.core.calculus import Data, Function
    from aimath.core.numerics.axes import Scalars, Vectors, Words
    from aimath.core.numerics.types import Array

CURVATURE_RTOL = 1e-12
"""An eigenvalue of a Hessian of so little of the largest is 0 up to rounding: along it nothing happens."""


class LearningRate(NamedTuple):
    """The effect of a learning rate on a quadratic with these Hessian eigenvalues."""

    curvatures: Vectors  # >= 0, one above 0
    lr: float  # above 0
    factors: Vectors  # 1 - lr * curvature: what a step makes of the distance in that direction
    rate: Scalars  # largest size of a factor; below 1 it converges
    regime: Words  # converges, oscillates or diverges
    oscillates: Scalars  # whether the steepest direction changes sides at every step
    smallest: Scalars  # mu, the smallest curvature that isn't 0
    largest: Scalars  # L
    condition: Scalars  # L / mu, >= 1
    max_lr: Scalars  # 2 / L: from here on it doesn't converge
    best_lr: Scalars  # 2 / (mu + L)
    best_rate: Scalars  # (L - mu) / (L + mu), the least possible

    @property
    def steps(self) -> Scalars:
        """Steps for each further decimal digit, inf where there is none to be had."""
        with np.errstate(all="ignore"):
            small = self.lr * self.curvatures  # where 1 less it is 1, it still knows how far below
            slow = np.where(small < 0.5, -np.log1p(-small), -np.log(np.abs(self.factors)))
            digits = np.where(self.curvatures > 0.0, slow, np.inf).min(axis=-1) / np.log(10.0)
            return np.asarray(1.0 / (np.maximum(digits, 0.0) + 0.0))  # + 0: no -0

    def check(self) -> Check:
        """Return the rate beside that of 8 steps in each direction."""
        bent = self.curvatures > 0.0
        distance, power = np.where(bent, 1.0, 0.0), np.zeros(bent.shape, np.int64)
        with np.errstate(over="ignore"):
            for _ in range(8):  # with their powers of two apart, as 8 steps may leave float64
                distance, more = np.frexp(distance - self.lr * (self.curvatures * distance))
                power += more
            return Check(self.rate, (np.abs(distance) ** 0.125 * 2.0 ** (power / 8.0)).max(axis=-1))


def learning_rate(
    curvatures: ArrayLike | None = None,
    lr: float = 0.1,
    *,
    function: str | Function | None = None,
    at: Mapping[str, float] | Sequence[float] | None = None,
    data: Mapping[str, ArrayLike] | Data | None = None,
) -> LearningRate:
    """Return the convergence of gradient descent where the Hessian has these eigenvalues.

    In place of the eigenvalues a function may be given, and the point where its Hessian is taken; its
    mean(...) and sum(...) go over the rows of `data`.

    A step multiplies the distance to the minimum by 1 - lr * curvature in each direction, so rate =
    max |1 - lr * curvature|; it converges if lr < 2/L, and fastest at lr = 2/(mu + L), by
    (kappa - 1)/(kappa + 1) with kappa = L/mu. Flat directions don't count. Polyak (1987).

    >>> found = learning_rate([1.0, 9.0], lr=0.2)
    >>> float(found.rate), float(found.best_rate), str(found.regime)
    (0.8, 0.8, 'converges')
    """
    if function is not None or at is not None:
        if curvatures is not None:
            raise InputError("give either the curvatures or a function", usage=True)
        curvatures = _hessian_eigenvalues(*resolve_start(function or DEFAULT_FUNCTION, at, {}, data))
    elif curvatures is None:
        raise InputError("give the curvatures, or a function and a point", usage=True)
    bends = _check_curvatures(curvatures)
    check_learning_rate(lr)
    largest = bends.max(axis=-1)
    bent = bends > 0.0
    smallest = np.where(bent, bends, np.inf).min(axis=-1)
    with np.errstate(all="ignore"):
        product, rest = two_prod(np.asarray(lr, np.float64), bends)
        factor, more = two_sum(np.ones_like(product), -product)
        factors = np.where(np.isfinite(rest), factor + (more - rest), 1.0 - product)
        raise_at(np.isinf(factors), "1 - lr · curvature {k} is beyond float64", operand="curvatures")
        rate = np.where(bent, np.abs(factors), 0.0).max(axis=-1)
        # By a power of two that brings the largest to 0.5 .. 1, where sums neither overflow nor lose digits.
        top, power = np.frexp(largest)
        low = np.ldexp(smallest, -power)
        most = 2.0 / largest
        best = np.minimum(np.ldexp(2.0 / (low + top), -power), most)
        condition = largest / smallest
        best_rate = (top - low) / (top + low)
    steepest = np.where(bends == largest[..., np.newaxis], factors, np.inf).min(axis=-1)
    return LearningRate(
        curvatures=bends,
        lr=float(lr),
        factors=factors,
        rate=rate,
        regime=np.where(steepest == -1.0, "oscillates", np.where(steepest > -1.0, "converges", "diverges")),
        oscillates=np.asarray(steepest < 0.0),
        smallest=smallest,
        largest=largest,
        condition=condition,
        max_lr=most,
        best_lr=best,
        best_rate=best_rate,
    )


def _check_curvatures(curvatures: ArrayLike) -> Array:
    """Return curvatures (..., n), or raise an InputError if they aren't a minimum's."""
    bends = as_vectors(curvatures, "curvature", operand="curvatures")
    largest = bends.max(axis=-1, keepdims=True)
    why = "curvature {k} is negative: gradient descent leaves this point at any rate"
    raise_at(bends < 0.0, why, operand="curvatures")
    raise_at(largest <= 0.0, "every curvature is 0: there is no minimum to go to", operand="curvatures")
    return bends


def _hessian_eigenvalues(objective: Function, point: Sequence[float]) -> Array:
    """Return the eigenvalues (n,) of the Hessian at a point, ascending."""
    values = np.asarray(np.linalg.eigvalsh(np.array(objective.hessian(point))))
    rounding = CURVATURE_RTOL * max(abs(float(values[-1])), abs(float(values[0])))
    if values[0] < -rounding:
        where = ", ".join(f"{name} = {x:.6g}" for name, x in zip(objective.variables, point, strict=True))
        why = f"a curvature at {where} is {values[0]:.6g}: gradient descent leaves this point at any rate"
        raise InputError(why, hint="give a point nearer to a minimum")
    return np.where(values > rounding, values, 0.0)
