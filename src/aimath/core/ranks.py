"""How many dimensions a matrix really has, by three definitions on its singular values."""

from __future__ import annotations

import numpy as np

from aimath.core.arrays import Array, row_sum


def effective_rank(values: Array) -> Array:
    """Give exp(entropy of s / sum(s)) of singular values (..., k): 1 .. k, 0 for a zero matrix.

    Roy and Vetterli (2007).

    >>> float(effective_rank(np.array([3.0, 3.0, 0.0])).round(12))
    2.0
    """
    largest = values.max(axis=-1, keepdims=True)
    shares = values / np.where(largest > 0.0, largest, 1.0)
    total = row_sum(shares)[..., np.newaxis]
    p = shares / np.where(total > 0.0, total, 1.0)
    nats = -row_sum(p * np.log(np.where(p > 0.0, p, 1.0)))
    return np.asarray(np.where(largest[..., 0] > 0.0, np.exp(nats), 0.0))


def stable_rank(norm: float, largest: float) -> float:
    """Give |A|² (Frobenius) / |A|² (spectral), 1 .. rank; 0 for a zero matrix.

    Rudelson and Vershynin (2007). It hardly moves with small singular values, unlike the rank.

    >>> stable_rank(5.0, 4.0)
    1.5625
    """
    return (norm / largest) ** 2 if largest > 0.0 else 0.0


def numerical_rank(values: Array, shape: tuple[int, int]) -> int:
    """Count the singular values above max(m, n) eps s_1, as numpy's matrix_rank does.

    >>> numerical_rank(np.array([1.0, 1e-3, 1e-17]), (3, 3))
    2
    """
    return int((values > max(shape) * np.finfo(np.float64).eps * values.max()).sum())
