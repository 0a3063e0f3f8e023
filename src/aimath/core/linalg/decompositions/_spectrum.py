"""Spectra of matrices by the eigenvalues of the smaller Gram matrix, a third of an SVD's time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.core.linalg.decompositions import _svd as _svd
from aimath.core.numerics.types import EPS, Array

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROUNDING = 16.0
"""Times k EPS s_1²: by so much the eigenvalues of a Gram matrix of k rows may be off."""
SAFE_POWER = 200
"""Between two to minus and to plus this squares and their sums are within float64."""
SAFE_SHARE = 1e-10
"""A share of energy that is nearer to 1 asks for small singular values, which a Gram matrix has lost."""
SAFE_ENTROPY = 1e-9
"""How far small singular values may move an effective rank before they are computed by an SVD."""


class Spectrum(NamedTuple):
    """What the singular values of a matrix (m, n) say of it."""

    values: Array  # (min(m, n),) from the largest
    spectral_norm: float  # s_1
    stable_rank: float  # norm² / s_1²; nan for a zero matrix
    effective_rank: float  # exp(entropy of s / Σ s); nan for a zero matrix
    rank_90: int  # the least r with s_1² + ... + s_r² >= .9 norm²
    rank_99: int
    top_energy: float  # share of norm² in 1 % of the directions, at least one
    noise_edge: float  # std (√m + √n): where the singular values of noise end, of large sides
    beyond_edge: int  # singular values that are


def unit_power(largest: float) -> int:
    """Return the power of two that matrices are divided by so that their squares stay in float64."""
    power = math.frexp(largest)[1] if largest else 0
    return power if abs(power) > SAFE_POWER else 0


def gram_matrix(blocks: Iterable[Array], shape: tuple[int, int]) -> Array:
    """Return the smaller of A Aᵀ and Aᵀ A of a matrix (m, n) in blocks of rows.

    Of more rows than columns no more than a block is held beside the answer, else the whole.

    >>> gram_matrix([np.array([[1.0], [2.0]])], (2, 1)).tolist()
    [[5.0]]
    """
    m, n = shape
    if m < n:
        whole = _gather(blocks, shape)
        return np.asarray(whole @ whole.T)
    total: Array | float = 0.0
    for block in blocks:
        total = block.T @ block + total if np.ndim(total) else block.T @ block
    return np.asarray(total)


def _gather(blocks: Iterable[Array], shape: tuple[int, int]) -> Array:
    whole, at = np.empty(shape, np.float64), 0
    for block in blocks:
        if len(block) == shape[0]:
            return np.asarray(block)
        whole[at : at + len(block)] = block
        at += len(block)
    return np.asarray(whole)


def gram_values(gram: Array) -> Array:
    """Return the singular values of a matrix from its Gram matrix, from the largest.

    What is below √(k EPS) s_1 has none of its digits: use it for shares of energy.
    """
    return np.asarray(np.sqrt(np.maximum(np.linalg.eigvalsh(gram)[::-1], 0.0)))


def spectrum(blocks: Iterable[Array], shape: tuple[int, int], deviation: float, largest: float) -> Spectrum:
    """Return the spectrum of a matrix (m, n) in blocks of rows, which may be gone through twice.

    By its Gram matrix; by an SVD where the effective rank needs digits of small singular values.
    A norm beyond float64 is inf.
    `deviation` is σ of the entries, `largest` the largest in size. Marchenko and Pastur (1967).

    >>> found = spectrum([np.array([[3.0, 0.0], [0.0, 4.0]])], (2, 2), 1.0, 4.0)
    >>> found.values.tolist(), found.stable_rank
    ([4.0, 3.0], 1.5625)
    """
    power = unit_power(largest)
    units = _Units(blocks, power)
    values = gram_values(gram_matrix(units, shape))
    if _entropy_error(values) > SAFE_ENTROPY:
        values = _exact_values(units, shape)
    edge = math.ldexp(deviation, -power) * (math.sqrt(shape[0]) + math.sqrt(shape[1]))
    return _describe(values, edge, power)


class _Units:
    """Blocks of rows times 2^-power."""

    def __init__(self, blocks: Iterable[Array], power: int) -> None:
        self.blocks, self.power = blocks, power

    def __iter__(self) -> Iterator[Array]:
        """Iterate over the blocks from the start."""
        return (np.ldexp(block, -self.power) if self.power else block for block in self.blocks)


def _exact_values(blocks: Iterable[Array], shape: tuple[int, int]) -> Array:
    """Return singular values by an SVD: of the R of QR where there are more rows than columns."""
    if shape[0] <= shape[1]:
        return np.asarray(np.linalg.svd(_gather(blocks, shape), compute_uv=False))
    rest = np.empty((0, shape[1]))
    for block in blocks:
        rest = np.asarray(np.linalg.qr(np.concatenate((rest, block)), mode="r"))
    return np.asarray(np.linalg.svd(rest, compute_uv=False))


def _entropy_error(values: Array) -> float:
    """Return by what share the effective rank of singular values by a Gram matrix may be wrong."""
    top = float(values[0])
    if not top:
        return 0.0
    error = ROUNDING * len(values) * EPS * top**2
    each = np.minimum(error / np.maximum(values, math.sqrt(error)), math.sqrt(error))
    return float(each.sum() / values.sum()) * (1.0 + math.log(len(values)))


def _describe(values: Array, edge: float, power: int) -> Spectrum:
    k, top = len(values), float(values[0])
    squares = np.square(values / (top or 1.0))
    left = np.append(np.cumsum(squares[::-1])[::-1], 0.0)
    norm = top * math.sqrt(float(left[0]))
    tail = left / (left[0] or 1.0)
    ninety, most = (int(np.argmax(tail <= 1.0 - share)) for share in (0.9, 0.99))
    return Spectrum(
        _scaled(values, power),
        float(_scaled(top, power)),
        _svd.stable_rank(norm, top, k),
        float(_svd.effective_rank(values)),
        ninety,
        most,
        1.0 - float(tail[max(1, round(k / 100))]) if top else math.nan,
        float(_scaled(edge, power)),
        int(np.count_nonzero(values > edge)),
    )


def _scaled(values: Any, power: int) -> Array:
    """Return values times 2^power, inf beyond float64."""
    with np.errstate(over="ignore", under="ignore"):
        return np.asarray(np.ldexp(values, power))
