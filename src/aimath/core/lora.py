"""LoRA: how many numbers two thin factors save, and which rank an update of weights really needs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aimath.core import ranks
from aimath.core.arrays import EPS, Array, Check, vectors
from aimath.core.lowrank import check_ranks
from aimath.core.matrices import matrix, shape
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

LONGEST = 10**9
"""No side of a matrix is longer: so every count fits in 64 bits."""


class Lora(NamedTuple):
    """The numbers in factors (m, r) and (r, n) beside those in a matrix (m, n); all counts exact."""

    m: int
    n: int
    rank: int  # r
    parameters: int  # r (m + n), those that are trained
    full: int  # m n
    percent_of_full: float  # 100 parameters / full
    percent_of_total: float  # 100 parameters / (full + parameters), as peft counts: both are in memory
    break_even_rank: float  # m n / (m + n): below it the factors are smaller than the matrix

    @property
    def saved(self) -> int:
        """How many numbers fewer are trained; negative above the break-even rank."""
        return self.full - self.parameters

    @property
    def times_smaller(self) -> float:
        """How many times as many numbers the matrix has."""
        return self.full / self.parameters

    def check(self) -> Check:
        """Recompute the share as rank / break-even rank."""
        return Check(np.asarray(self.percent_of_full), np.asarray(100.0 * self.rank / self.break_even_rank))


def lora(shape: Sequence[int], rank: int) -> Lora:
    """Count what a low-rank adapter of a matrix trains.

    parameters = rank (m + n), of m n. A rank above min(m, n) is refused (peft accepts it): such
    factors hold nothing that a smaller rank can't. Hu et al. (2021).

    >>> lora((768, 768), 16)[3:6]
    (24576, 589824, 4.166666666666667)
    """
    if len(shape) != 2 or not all(1 <= int(side) <= LONGEST for side in shape):
        sides = "x".join(map(str, shape))
        raise InputError(f"a shape is two sides from 1 to {LONGEST}, not {sides}", operand="shape")
    m, n, r = int(shape[0]), int(shape[1]), int(rank)
    full, parameters = m * n, r * (m + n)
    try:
        check_ranks(r, (m, n))
    except InputError as error:
        error.hint = f"factors save numbers below rank {full / (m + n):g}"
        raise
    total = full + parameters
    # Python divides whole numbers of any length with one rounding.
    return Lora(m, n, r, parameters, full, 100 * parameters / full, 100 * parameters / total, full / (m + n))


class LoraUpdate(NamedTuple):
    """The rank of what training has changed in a matrix (m, n)."""

    base: Array  # (m, n)
    tuned: Array  # (m, n)
    energy: Array  # (k,) shares of the squared norm of the update, 0 .. 1
    ranks: NDArray[np.int64]  # (k,) smallest rank that keeps so much of tuned - base; 0 if nothing changed
    singular_values: Array  # (min(m, n),) of tuned - base
    update: float  # Frobenius norm of tuned - base
    relative_update: float  # over the norm of base; inf if that is 0
    effective_rank: Array  # exp(entropy of the singular values' shares)
    stable_rank: float  # update² / s_1²
    numerical_rank: int  # singular values beyond float64's rounding; float32 weights have noise above it

    @property
    def parameters(self) -> NDArray[np.int64]:
        """(k,) numbers in the factors of those ranks."""
        return np.asarray(self.ranks * sum(self.base.shape))

    @property
    def kept(self) -> Array:
        """(min(m, n) + 1,) share of the squared norm that each rank keeps, from rank 0."""
        return 1.0 - beyond(self.singular_values)

    @property
    def entries(self) -> float:
        """The norm of tuned - base again, from its entries."""
        change = self.tuned - self.base
        size = float(np.abs(change).max()) or 1.0
        return size * float(np.linalg.norm(change / size))

    def check(self) -> Check:
        """Compare the norm of the update from singular values with that from entries."""
        return Check(np.asarray(self.update), np.asarray(self.entries))


def lora_update(base: ArrayLike, tuned: ArrayLike, energy: ArrayLike = (0.9, 0.95, 0.99)) -> LoraUpdate:
    """Find which rank an adapter would have needed for the change from base to tuned weights.

    The smallest r with s_1² + ... + s_r² >= energy (s_1² + s_2² + ...), of the singular values of
    tuned - base: no adapter of a smaller rank keeps as much (Eckart and Young 1936).

    >>> lora_update([[1, 0], [0, 1]], [[1, 3], [0, 5]], [0.9, 1]).ranks
    array([1, 1])
    """
    before, after, shares = matrix(base, "base"), matrix(tuned, "tuned"), vectors(energy, "energy")
    if before.shape != after.shape:
        raise InputError(f"base is {shape(before)} and tuned is {shape(after)}: they must be equal")
    fine = (shares > 0.0) & (shares <= 1.0)
    if not fine.all():
        raise InputError(f"energy must be above 0 and at most 1, not {shares[~fine][0]:g}", operand="energy")
    with np.errstate(over="ignore"):
        change = after - before
    if not np.isfinite(change).all():
        raise InputError("tuned - base is beyond float64", operand="tuned")
    s = np.asarray(np.linalg.svd(change, compute_uv=False))
    largest = float(s[0])
    norm = largest * float(np.linalg.norm(s / (largest or 1.0)))
    whole = float(np.linalg.norm(before))
    return LoraUpdate(
        before,
        after,
        shares,
        enough(beyond(s), shares),
        s,
        norm,
        relative(norm, whole),
        ranks.effective_rank(s),
        ranks.stable_rank(norm, largest),
        ranks.numerical_rank(s, (len(before), before.shape[1])),
    )


def relative(update: float, base: float) -> float:
    """Give the norm of an update over that of what is updated, inf over 0, but 0 for none."""
    return update / base if base else math.inf if update else 0.0


def beyond(values: Array) -> Array:
    """Give the share of the squares beyond each count of values (k,) kept, (k + 1,) from 1 (or 0) to 0.

    >>> beyond(np.array([4.0, 3.0])).tolist()
    [1.0, 0.36, 0.0]
    """
    squares = np.square(values / (float(values[0]) or 1.0))
    left = np.append(np.cumsum(squares[::-1])[::-1], 0.0)
    return np.asarray(left / (left[0] or 1.0))


def enough(left: Array, energy: Array) -> NDArray[np.int64]:
    """Give the smallest ranks that keep shares `energy` (e,), if rank k leaves the share left[k] (k + 1,).

    >>> enough(beyond(np.array([4.0, 3.0])), np.array([0.6, 1.0])).tolist()
    [1, 2]
    """
    # A share of exactly 1 asks for all but rounding.
    allowed = np.maximum(1.0 - energy, len(left) * EPS**2)
    return np.asarray(np.argmax(left <= allowed[:, np.newaxis], axis=1))
