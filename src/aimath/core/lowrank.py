"""The best matrix of a low rank: what is left of weights when only a few directions are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aimath.core import ranks
from aimath.core.arrays import EPS, Array, Check
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Ranks = NDArray[np.int64]


class Spectrum(NamedTuple):
    """Singular values and vectors of W (m, n), from the largest: all, or the leading k."""

    W: Array | None  # (m, n); None if it came in blocks
    method: str  # "exact" or "randomized"
    shape: tuple[int, int]  # m, n
    most: int  # the largest rank it can be cut at
    singular_values: Array  # (k,) descending
    left: Array | None  # (m, k) orthonormal columns; None if W came in blocks
    right: Array  # (k, n) orthonormal rows, the largest |entry| of each positive
    norm: float  # Frobenius norm of W
    rest: float  # share of norm² beyond the k values, 0 .. 1
    residuals: Array  # (k,) |v WᵀW - s² v| / norm²; 0 if exact

    def cut(self, rank: int | Sequence[int]) -> SvdApprox:
        """Keep the largest `rank` singular values; several ranks are answered along a leading axis."""
        asked, (m, n), k = self._asked(rank), self.shape, len(self.singular_values)
        kept = np.minimum(asked, k)  # of a matrix of a lower rank there may be no more
        most = int(kept.max())
        squares = np.square(self.singular_values / (self.norm or 1.0))
        beyond = np.append(np.cumsum(squares[::-1])[::-1], 0.0) + self.rest  # by number kept, 0 .. k
        beyond[0] = 1.0 if self.norm else 0.0
        relative = np.sqrt(beyond[kept])
        largest = np.hypot(self.singular_values, self.norm * np.sqrt(self.residuals))
        following = np.append(largest, self.norm * np.sqrt(self.rest))
        factor = None if self.left is None else self.left[:, :most] * self.singular_values[:most]
        return SvdApprox(
            W=self.W,
            rank=asked,
            method=self.method,
            singular_values=self.singular_values,
            left=factor,
            right=self.right[:most],
            error=np.asarray(relative * self.norm),
            relative_error=np.asarray(relative),
            spectral_error=np.asarray(following[kept]),
            energy=np.asarray(np.maximum(1.0 - beyond[kept], 0.0)),
            error_bound=self._bound(kept, beyond),
            parameters=asked * (m + n),
            full_parameters=m * n,
            ratio=np.asarray(asked * (m + n) / (m * n)),
            norm=self.norm,
            stable_rank=ranks.stable_rank(self.norm, float(self.singular_values[0])),
            errors=np.sqrt(beyond),
        )

    def _asked(self, rank: int | Sequence[int]) -> Ranks:
        asked = check_ranks(rank, self.shape)
        if asked.max() > self.most:
            why = f"rank {asked.max()} of a spectrum that was computed up to {self.most}"
            raise InputError(why, operand="rank")
        return asked

    def _bound(self, kept: Ranks, beyond: Array) -> Array:
        """Bound the error by that of the best matrix of the same rank, which is at least error / bound.

        The r largest eigenvalues of WᵀW exceed the squares found, in sum, by at most the sum of the
        residuals (Ky Fan); where there is a gap to what follows, by the squared residuals over the gap
        (Schur complement). What follows is taken to be no more than the next square and its residual:
        true unless the iteration has missed a direction altogether.
        """
        squares = np.square(self.singular_values / (self.norm or 1.0))
        after = np.append(squares[1:] + self.residuals[1:], self.rest)
        lifted = [np.maximum(x - squares[: k + 1], 0.0).sum() for k, x in enumerate(after)]
        with np.errstate(divide="ignore", invalid="ignore"):
            near = np.cumsum(np.square(self.residuals)) / np.maximum(squares - after, 0.0)
        excess = np.append(0.0, np.fmin(np.cumsum(self.residuals) + lifted, near))
        floor = min(self.shape) * EPS**2  # an error of the size of rounding can't be told from none
        least = np.maximum(beyond - excess, floor)
        return np.asarray(np.sqrt(np.maximum(beyond, floor) / least)[kept])


class SvdApprox(NamedTuple):
    """The best approximation of W (m, n) of rank r, or of several ranks (...)."""

    W: Array | None  # (m, n); None if it came in blocks
    rank: Ranks  # (...) r, 1 .. min(m, n)
    method: str  # "exact" or "randomized"
    singular_values: Array  # (k,) descending: all if exact, else the leading ones, from below
    left: Array | None  # (m, r) factor A = W Bᵀ, of the largest rank; None if W came in blocks
    right: Array  # (r, n) factor B, orthonormal rows, the largest |entry| of each positive
    error: Array  # (...) Frobenius norm of W - A B
    relative_error: Array  # (...) error / norm of W, 0 .. 1
    spectral_error: Array  # (...) largest singular value of W - A B: s_(r+1); randomized: at most so much
    energy: Array  # (...) share of the squared norm that is kept, 1 - relative_error²
    error_bound: Array  # (...) error is at most so many times the least possible, see Spectrum; 1 if exact
    parameters: Ranks  # (...) numbers in both factors, r (m + n)
    full_parameters: int  # numbers in W, m n
    ratio: Array  # (...) parameters / full_parameters
    norm: float  # Frobenius norm of W
    stable_rank: float  # norm² / s_1²
    errors: Array  # (k + 1,) relative error by the number of singular values kept, 0 .. k

    @property
    def shape(self) -> tuple[int, int]:
        """(2,) m and n."""
        n = self.right.shape[1]
        return self.full_parameters // n, n

    @property
    def approximation(self) -> Array | None:
        """(..., m, n) the product A B of the factors."""
        if self.left is None:
            return None
        products = [self.left[:, :r] @ self.right[:r] for r in self.rank.flat]
        return np.reshape(products, (*self.rank.shape, len(self.left), self.right.shape[1]))

    @property
    def every_value(self) -> Array | None:
        """(min(m, n),) all singular values, computed now if the method gave only the leading ones."""
        if self.method == "exact":
            return self.singular_values
        return None if self.W is None else np.asarray(np.linalg.svd(self.W, compute_uv=False))

    @property
    def effective_rank(self) -> Array | None:
        """exp(entropy of the singular values' shares), 1 .. min(m, n)."""
        values = self.every_value
        return None if values is None else ranks.effective_rank(values)

    @property
    def numerical_rank(self) -> int | None:
        """How many singular values are more than rounding."""
        values = self.every_value
        return None if values is None else ranks.numerical_rank(values, self.shape)

    def check(self) -> Check:
        """Recompute the relative error from the entries of W - A B."""
        if self.W is None or self.left is None:
            ones = np.ones(len(self.right))
            return Check(ones, np.square(self.right).sum(axis=1))
        weights, power = scaled(self.W)
        left, norm = np.ldexp(self.left, -power), float(np.linalg.norm(weights)) or 1.0
        errors = [np.linalg.norm(weights - left[:, :r] @ self.right[:r]) / norm for r in self.rank.flat]
        return Check(self.relative_error, np.reshape(errors, self.rank.shape))


def check_ranks(rank: int | Sequence[int], size: tuple[int, int]) -> Ranks:
    """Give ranks as an array, and refuse those that a matrix of this size can't have."""
    asked = np.asarray(rank)
    if asked.dtype.kind not in "iu" or asked.size == 0:
        raise InputError("a rank must be a whole number", operand="rank")
    for r in asked.flat:
        if not 1 <= r <= min(size):
            why = f"rank must be 1 to {min(size)} for a {size[0]}x{size[1]} matrix, not {r}"
            raise InputError(why, operand="rank")
    return asked.astype(np.int64)


def scaled(weights: Array) -> tuple[Array, int]:
    """Give W / 2^power and the power: 0 unless fourth powers of W might leave the range of float64."""
    power = int(np.frexp(max(float(weights.max()), -float(weights.min())))[1])
    return (weights, 0) if abs(power) < 100 else (np.ldexp(weights, -power), power)
