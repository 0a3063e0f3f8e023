"""LoRA over whole files of weights: the rank that each tensor's update needs, and one rank for all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.core.arrays import Array, Check
from aimath.core.lora import beyond, enough, relative
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from aimath.core.lora import LoraUpdate

    Counts = NDArray[np.int64]

ALL = "all tensors"


class LoraRanks(NamedTuple):
    """A row a tensor and share of energy, the tensors together last: the adapter that its update needs."""

    tensor: NDArray[np.str_]  # (rows,) names
    shape: NDArray[np.str_]  # (rows,) as 768x768; empty for the tensors together
    energy: Array  # (rows,) share of the update's squared norm that is kept, 0 .. 1
    rank: Counts  # (rows,) the smallest that keeps it; together: the smallest that all tensors may share
    parameters: Counts  # (rows,) numbers in the factors
    full: Counts  # (rows,) numbers in the tensors
    percent_of_full: Array  # (rows,) 100 parameters / full
    percent_of_total: Array  # (rows,) 100 parameters / (full + parameters), as peft counts
    break_even_rank: Array  # (rows,) m n / (m + n): below it factors are smaller; together: full / Σ (m + n)
    update: Array  # (rows,) Frobenius norm of tuned - base
    relative_update: Array  # (rows,) over the norm of base; inf if that is 0
    entries: Array  # (rows,) the norm of tuned - base again, from its entries

    def check(self) -> Check:
        """Compare the norms of the updates from singular values with those from entries."""
        return Check(self.update, self.entries, size=self.update.max())


class _Tensor(NamedTuple):
    name: str
    shape: tuple[int, int]
    beyond: Array  # (min(m, n) + 1,) share of the squared norm that each rank leaves, from rank 0
    needed: list[int]  # for each energy
    norms: tuple[float, float, float]  # of the update by singular values, by entries; of the base


def lora_ranks(updates: Iterable[tuple[str, LoraUpdate]]) -> LoraRanks:
    """Find the rank that every update of a set needs, and the one rank that serves them all.

    Per tensor as in `lora_update`. Together: the smallest r for which adapters of rank r on every
    tensor (no more than its own sides allow) keep the share of the summed squared norms. Of an
    update that is gone through only its singular values are kept.

    >>> from aimath.core.lora import lora_update
    >>> one = lora_update([[0, 0], [0, 0]], [[3, 0], [0, 4]], [0.6, 1])
    >>> lora_ranks([("w", one)]).rank.tolist()
    [1, 2]
    """
    tensors: list[_Tensor] = []
    shares = np.zeros(0)
    for name, update in updates:
        shares = update.energy
        tensors.append(_kept(name, update))
    if not tensors:
        raise InputError("there are no tensors to compare")
    each = [(t, float(e), r) for t in tensors for e, r in zip(shares, t.needed, strict=True)]
    rows = [_row(t.name, "x".join(map(str, t.shape)), [t], energy, rank) for t, energy, rank in each]
    if len(tensors) > 1:
        shared = zip(shares.tolist(), _shared(tensors, shares).tolist(), strict=True)
        rows += [_row(ALL, "", tensors, energy, rank) for energy, rank in shared]
    return LoraRanks(*(np.array(column) for column in zip(*rows, strict=True)))


def _kept(name: str, update: LoraUpdate) -> _Tensor:
    return _Tensor(
        name,
        update.base.shape,
        beyond(update.singular_values),
        update.ranks.tolist(),
        (update.update, update.entries, float(np.linalg.norm(update.base))),
    )


def _shared(tensors: list[_Tensor], shares: Array) -> Counts:
    """Give the smallest rank for each share of energy at which all tensors together keep it."""
    largest = max(t.norms[0] for t in tensors) or 1.0
    left = np.zeros(max(len(t.beyond) for t in tensors))
    for t in tensors:
        left[: len(t.beyond)] += t.beyond * (t.norms[0] / largest) ** 2
    return enough(left / (left[0] or 1.0), shares)


def _row(name: str, shape: str, tensors: list[_Tensor], energy: float, rank: int) -> tuple[Any, ...]:
    full = sum(m * n for m, n in (t.shape for t in tensors))
    sides = sum(m + n for m, n in (t.shape for t in tensors))
    parameters = sum(min(rank, *t.shape) * sum(t.shape) for t in tensors)
    update, entries, base = (float(np.hypot.reduce([t.norms[k] for t in tensors])) for k in range(3))
    return (
        name,
        shape,
        energy,
        rank,
        parameters,
        full,
        100 * parameters / full,
        100 * parameters / (full + parameters),
        full / sides,
        update,
        relative(update, base),
        entries,
    )
