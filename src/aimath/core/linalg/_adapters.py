"""Adapters of whole models: what they cost, and the factors that stand for an update."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aimath.core.linalg.decompositions._refine import svd_flip
from aimath.core.linalg.decompositions._spectrum import SAFE_SHARE, gram_matrix
from aimath.core.numerics.arrays import Check, as_matrix
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike

    from aimath.core.numerics.axes import LeftFactor, RightFactor, RowCounts, Rows, RowScalars
    from aimath.core.numerics.types import Array

ALL_TENSORS = "all tensors"


class LoraCosts(NamedTuple):
    """A row a matrix, all together last: what factors of a rank cost."""

    tensor: Rows
    shape: Rows  # as 768x768; empty for all together
    rank: RowCounts
    parameters: RowCounts  # rank (m + n)
    full: RowCounts  # m n
    percent_of_full: RowScalars
    percent_of_total: RowScalars  # of the whole model's numbers and the factors, as peft counts
    break_even_rank: RowScalars  # m n / (m + n); together: Σ m n / Σ (m + n)

    def check(self) -> Check:
        """Return percent_of_full beside 100 · rank / break-even rank."""
        return Check(self.percent_of_full, 100.0 * self.rank / self.break_even_rank)


def lora_costs(
    shapes: Mapping[str, Sequence[int]], rank: int = 8, model_parameters: int | None = None
) -> LoraCosts:
    """Return what factors of a rank cost for matrices (m, n) by name, in a model of so many numbers.

    >>> lora_costs({"q": (8, 8), "v": (4, 8)}, rank=2).parameters.tolist()
    [32, 24, 56]
    """
    if not shapes:
        raise InputError("there are no matrices", operand="shapes")
    sides = [(int(m), int(n)) for m, n in shapes.values()]
    total = model_parameters if model_parameters is not None else sum(m * n for m, n in sides)
    groups = [(name, f"{m}x{n}", [(m, n)]) for name, (m, n) in zip(shapes, sides, strict=True)]
    if len(groups) > 1:
        groups.append((ALL_TENSORS, "", sides))
    rows = []
    for name, shape, members in groups:
        full, lengths = sum(m * n for m, n in members), sum(m + n for m, n in members)
        trained = rank * lengths
        shares = (100 * trained / full, 100 * trained / (total + trained), full / lengths)
        rows.append((name, shape, rank, trained, full, *shares))
    return LoraCosts(*(np.array(column) for column in zip(*rows, strict=True)))


class LoraFactors(NamedTuple):
    """Factors whose product is the nearest of its rank to an update (m, n)."""

    B: LeftFactor  # U √S
    A: RightFactor  # √S Vᵀ


def lora_factors(base: ArrayLike, tuned: ArrayLike, rank: int, energy: float = 0.9) -> LoraFactors:
    """Return B (m, r) and A (r, n) with B A nearest to tuned - base: U √S and √S Vᵀ of its SVD.

    By the eigenvectors of the smaller Gram matrix; by an SVD where the share of energy that is kept is
    so near to 1 that these have no digits left. Of each direction the largest entry of A is positive.

    >>> B, A = lora_factors([[0, 0], [0, 0]], [[0, 9], [0, 0]], rank=1)
    >>> (B @ A).tolist()
    [[0.0, 9.0], [0.0, 0.0]]
    """
    change = as_matrix(tuned, "tuned") - as_matrix(base, "base")
    size = float(np.abs(change).max()) or 1.0
    left, values, right = _leading(change / size, rank, exact=energy > 1.0 - SAFE_SHARE)
    root, sign = np.sqrt(values * size), svd_flip(right)
    return LoraFactors(left * (sign * root), (sign * root)[:, np.newaxis] * right)


def _leading(unit: Array, rank: int, *, exact: bool) -> tuple[Array, Array, Array]:
    """Return the leading singular vectors (m, r), values (r,) and vectors (r, n)."""
    if exact:
        left, values, right = np.linalg.svd(unit, full_matrices=False)
        return left[:, :rank], values[:rank], right[:rank]
    _, vectors = np.linalg.eigh(gram_matrix([unit], (len(unit), unit.shape[1])))
    kept = vectors[:, ::-1][:, :rank]
    if len(unit) < unit.shape[1]:
        right = kept.T @ unit
        values = np.linalg.norm(right, axis=1)
        return kept, values, right / values[:, np.newaxis]
    left = unit @ kept
    values = np.linalg.norm(left, axis=0)
    return left / values, values, kept.T
