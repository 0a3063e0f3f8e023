"""Principal component analysis of data in memory or in row blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from aimath.core.linalg.decompositions import _refine as _refine
from aimath.core.linalg.decompositions._directions import Parts, gram_matrix, refine_eigenvectors
from aimath.core.linalg.decompositions._refine import svd_flip
from aimath.core.numerics.arrays import Check, as_finite, as_matrix, check_finite, format_shape
from aimath.core.numerics.double_double import two_sum
from aimath.core.numerics.types import EPS, Array, never_infinite
from aimath.core.numerics.units import UNIT_ROWS, as_units
from aimath.core.probability import describe
from aimath.errors import InputError, Remedy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike

    from aimath.core.numerics.accumulators import State
    from aimath.core.numerics.axes import Components, Covariance, Data, PerComponent, PerFeature, Projected
    from aimath.core.numerics.units import BlockSource, Units

BLOCK = 1 << 16
"""Numbers centred at a time: 512 KiB, which stay in the cache between centring and multiplying."""


class Moments(NamedTuple):
    """Count, mean and covariance of rows."""

    count: int  # type: ignore[assignment]  # rows seen; a tuple's method of this name is not missed
    mean: Array  # (d,)
    mean_rest: Array  # (d,) what rounding took from the mean: far from the origin it matters
    covariance: Array  # (d, d) with divisor count - 1


class CovarianceAccumulator:
    """An accumulator of mean and scatter matrix of rows, in one pass.

    Rows are shifted by the mean of the first hundreds, and blocks are merged with the products of the
    differences of their means, so what cancels is never large beside the result: an offset of 1e8, or
    a drift, costs no digits. Chan, Golub and LeVeque (1983).

    >>> gram = CovarianceAccumulator()
    >>> for block in ([[1e8 + 1, 2]], [[1e8 + 3, 2], [1e8 + 5, 8]]):
    ...     gram.update(block)
    >>> gram.result().covariance.tolist()
    [[4.0, 6.0], [6.0, 12.0]]
    """

    def __init__(self, unit: int = 0) -> None:
        self.unit = unit
        self.count = 0
        self.origin = self.mean = np.zeros(0)  # the mean counts from the origin
        self.scatter = np.zeros((0, 0))
        self._buffer = np.zeros((0, 0))

    def update(self, block: ArrayLike) -> None:
        """Add rows (r, d)."""
        rows = np.asarray(block)
        if not len(rows):
            return
        if self.count == 0:
            self._initialize(np.atleast_2d(rows))
        if rows.ndim != 2 or rows.shape[1] != len(self.mean):
            why = f"a block of {format_shape(rows)} among rows of {len(self.mean)}"
            raise InputError(why, row=self._next_row, operand="X")
        with np.errstate(over="ignore", invalid="ignore"):
            total, products = self._shifted_sums(rows)
            if not np.isfinite(total).all():
                check_finite(rows, "X", self._next_row)
                raise InputError("the rows spread beyond float64", row=self._next_row, operand="X")
            mean = total / len(rows)
            self._merge_moments(len(rows), mean, products - np.outer(total, mean))

    @property
    def _next_row(self) -> int:
        return self.unit * UNIT_ROWS + self.count

    def merge(self, other: Self) -> None:
        """Add the moments of another accumulator over other rows."""
        if self.count == 0:
            self.origin, self._buffer = other.origin.copy(), np.empty_like(other._buffer)
            self.count, self.mean, self.scatter = other.count, other.mean.copy(), other.scatter.copy()
        elif other.count:
            if len(other.mean) != len(self.mean):
                raise InputError(f"rows of {len(other.mean)} and of {len(self.mean)} don't go together")
            self._merge_moments(other.count, other.mean + (other.origin - self.origin), other.scatter)

    def result(self) -> Moments:
        """Return mean and covariance of all rows added so far."""
        if self.count < 2:
            rows = "1 row has" if self.count else "no rows have"
            raise InputError(f"{rows} no variance: at least 2 are needed", operand="X")
        covariance = self.scatter / (self.count - 1)
        if not np.isfinite(covariance).all():
            raise InputError("the variance is beyond float64", operand="X")
        return Moments(self.count, *two_sum(self.origin, self.mean), covariance)

    def state(self) -> State:
        """Return all that is held."""
        return {
            "count": np.array([self.unit, self.count]),
            "moments": np.stack((self.origin, self.mean)),
            "scatter": self.scatter.copy(),
        }

    @classmethod
    def of_state(cls, state: Mapping[str, Any]) -> Self:
        """Return the accumulator that holds a state."""
        found = cls(int(state["count"][0]))
        found.count, found.scatter = int(state["count"][1]), np.array(state["scatter"])
        found.origin, found.mean = np.array(state["moments"])
        found._buffer = np.empty((_buffer_rows(len(found.mean)), len(found.mean)))
        return found

    def _initialize(self, rows: Array) -> None:
        d = rows.shape[1]
        self.mean, self.scatter = np.zeros(d), np.zeros((d, d))
        self._buffer = np.empty((_buffer_rows(d), d))
        some = as_finite(rows[: len(self._buffer)], "X")
        with np.errstate(over="ignore"):
            self.origin = some[0] + (some - some[0]).mean(axis=0)

    def _shifted_sums(self, rows: Array) -> tuple[Array, Array]:
        """Return sums (d,) and sums of products (d, d) of rows less the origin."""
        step, ones = len(self._buffer), np.ones(len(self._buffer))
        total, products = np.zeros_like(self.mean), np.zeros_like(self.scatter)
        for k in range(0, len(rows), step):
            some = rows[k : k + step]
            shifted = np.subtract(some, self.origin, out=self._buffer[: len(some)])
            total += ones[: len(some)] @ shifted
            products += shifted.T @ shifted
        return total, products

    def _merge_moments(self, n: int, mean: Array, scatter: Array) -> None:
        total = self.count + n
        delta = mean - self.mean
        self.scatter += scatter
        with np.errstate(over="ignore", invalid="ignore"):
            self.scatter += np.outer(delta * (self.count * (n / total)), delta)
        self.mean, self.count = self.mean + delta * (n / total), total


def _buffer_rows(d: int) -> int:
    """Return how many rows of d are centred at a time: d at least, as adding costs as much as these."""
    return max(BLOCK // d, d) if d else 0


MAX_EXACT_MEAN = 1 << 14
"""Numbers up to which means are rounded once, whatever cancels."""
MAX_SVD_ELEMENTS = 1 << 20
"""Numbers up to which the data are decomposed themselves; beyond, if there are more rows than columns,
their covariance: faster by far, but it tells variances apart from 0 only down to 1e-16 of the largest."""


class SingularValues(NamedTuple):
    """The singular values of centred data, which float64 holds where it doesn't hold their squares."""

    values: Array  # (k,) descending


@never_infinite("variance", "total_variance", "projected", "centred", "singular_values")
class PCA(NamedTuple):
    """The k directions of largest variance of rows X (n, d)."""

    X: Data | None  # None if the rows came in blocks
    whiten: bool  # projections are divided by their standard deviations
    count: int  # type: ignore[assignment]  # n, rows; a tuple's method of this name is not missed
    mean: PerFeature
    mean_rest: PerFeature  # what rounding took from the mean: far from the origin it matters
    components: Components  # orthonormal rows, the largest |entry| of each positive
    variance: PerComponent  # along each component, divisor n - 1, descending; 0 if only rounding is left
    ratio: PerComponent  # share of the total variance
    total_variance: float  # of all d directions together
    method: str  # "svd" of the centred data, or "covariance"
    spectrum: SingularValues

    @property
    def projected(self) -> Projected | None:
        """The rows' coordinates along the components, from the mean."""
        return None if self.X is None else self.project(self.X)

    @property
    def cumulative(self) -> PerComponent:
        """Share of the total variance in this component and those before it."""
        together = np.cumsum(self.ratio)
        return np.where(together > 1.0 - len(self.ratio) * EPS, 1.0, together)

    @property
    def singular_values(self) -> PerComponent:
        """Of the centred data: sqrt((n - 1) variance)."""
        return self.spectrum.values

    @property
    def centred(self) -> Data | None:
        """The rows less their mean."""
        with np.errstate(all="ignore"):
            return None if self.X is None else self.X - self.mean - self.mean_rest

    @property
    def covariance(self) -> Covariance | None:
        """Of the columns, divisor n - 1."""
        if self.X is None:
            return None
        gram = CovarianceAccumulator()
        gram.update(self.X)
        return gram.result().covariance

    def project(self, rows: ArrayLike) -> Array:
        """Return the coordinates of rows (r, d) along the components, from the mean.

        A row's answer can differ in the last bit with the rows beside it, as BLAS's products do.
        """
        block = np.atleast_2d(np.asarray(rows))
        if block.shape[-1] != len(self.mean):
            raise InputError(f"rows of {block.shape[-1]} for components of {len(self.mean)}", operand="X")
        axes = self.components
        if self.whiten:
            axes = axes / (self.spectrum.values / np.sqrt(self.count - 1.0))[:, np.newaxis]
        step, projected = max(BLOCK // block.shape[-1], 1), np.empty((len(block), len(axes)))
        space = np.empty((min(step, len(block)), block.shape[-1]))
        for k in range(0, len(block), step):
            some = block[k : k + step]
            with np.errstate(all="ignore"):
                centred = np.subtract(some, self.mean, out=space[: len(some)])
                projected[k : k + step] = (axes @ centred.T).T  # BLAS likes the few vectors as rows
        with np.errstate(all="ignore"):
            projected -= axes @ self.mean_rest
        return projected

    def check(self) -> Check:
        """Return variance ratios beside those of the projections; of blocks, norms of components."""
        if self.X is None:
            return Check(np.ones(len(self.variance)), np.square(self.components).sum(axis=1))
        largest = float(np.abs(self.X).max())
        power = int(np.frexp(largest)[1]) if not 1e-100 < largest < 1e100 else 0
        unit = np.ldexp(self.X, -power)
        unit = unit - unit[0]
        unit = unit - unit.mean(axis=0)
        spread = np.square(unit @ self.components.T).sum(axis=0)
        return Check(self.ratio, spread / np.square(unit).sum())


def pca(X: ArrayLike, components: float | None = None, whiten: bool = False) -> PCA:  # noqa: N803
    """Return the principal components of the rows of X.

    C = centredᵀ centred / (n - 1), C v = variance v; projected = centred Vᵀ. `components` are so many,
    or below 1 the fewest with more than this share of variance. Divisor n - 1, shares and signs as in
    scikit-learn; but right at any offset, where its default loses every digit at 1e8, because
    the data are centred before anything is squared. Pearson (1901), Hotelling (1933).

    >>> found = pca([[1e8, 0], [1e8 + 2, 2], [1e8 + 4, 4]])
    >>> found.variance.round(9).tolist(), found.ratio.round(9).tolist()
    ([8.0, 0.0], [1.0, 0.0])
    """
    large = isinstance(X, np.ndarray) and X.ndim == 2 and X.dtype.kind == "f" and X.size > MAX_SVD_ELEMENTS
    data = np.asarray(X) if large else as_matrix(X, "X")
    _check_components(components, *data.shape)
    if data.size <= MAX_SVD_ELEMENTS or data.shape[0] < data.shape[1]:
        return _pca_by_svd(as_matrix(data, "X"), components, whiten=whiten)
    gram = CovarianceAccumulator()
    gram.update(data)  # finds nan and inf, and converts from float32, without a copy of the whole
    return pca_from_moments(gram.result(), components, whiten)._replace(X=data)


def pca_from_moments(moments: Moments, components: float | None = None, whiten: bool = False) -> PCA:
    """Return the principal components from mean and covariance.

    >>> gram = CovarianceAccumulator()
    >>> gram.update([[0, 0], [2, 2]])
    >>> gram.update([[4, 4]])
    >>> pca_from_moments(gram.result(), 1).variance.round(9).tolist()
    [8.0]
    """
    n, d = moments.count, len(moments.mean)
    _check_components(components, n, d)
    values, vectors = np.linalg.eigh(moments.covariance)
    most, total = min(n, d), float(np.trace(moments.covariance))
    variance = np.where(values > d * EPS * values[-1], values, 0.0)[::-1][:most]
    return _select_components(
        PCA(
            X=None,
            whiten=whiten,
            count=n,
            mean=moments.mean,
            mean_rest=moments.mean_rest,
            components=vectors.T[::-1][:most],
            variance=variance,
            ratio=variance / (total or 1.0),
            total_variance=total,
            method="covariance",
            spectrum=SingularValues(np.sqrt(variance * (n - 1))),
        ),
        components,
    )


def streaming_pca(rows: Units | BlockSource, components: float | None = None, whiten: bool = False) -> PCA:
    """Return the principal components of data in units or blocks of rows, in one pass.

    >>> streaming_pca(lambda: iter(([[0, 0], [2, 2]], [[4, 4]])), 1).ratio.tolist()
    [1.0]
    """
    gram = as_units(rows).reduce(CovarianceAccumulator)
    return pca_from_moments(gram.result(), components, whiten)


def _pca_by_svd(data: Array, components: float | None, *, whiten: bool) -> PCA:
    n, d = data.shape
    largest = float(np.abs(data).max())
    # Where squares might leave float64, all is done on the data times a power of two.
    power = int(np.frexp(largest)[1]) + 1 if not 1e-100 < largest < 1e100 else 0
    unit = np.ldexp(data, -power) if power else data
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        # The first row comes off without rounding where digits are at stake: far from the origin.
        shifted = unit - unit[0]
        offset = shifted.mean(axis=0)
        centred = shifted - offset
        rest = centred.mean(axis=0)
        centred -= rest
        _, s, vectors = _refine.refine_svd(centred)
        s = np.where(s > max(n, d) * EPS * s[0], s, 0.0)
        variance = np.ldexp(np.square(s / np.sqrt(n - 1.0)), 2 * power)
        total = float(variance.sum())
        mean, mean_rest = two_sum(unit[0], offset + rest)
        if data.size <= MAX_EXACT_MEAN:
            moments = describe(unit.T).moments
            mean, mean_rest = (np.ldexp(m, moments.power) for m in (moments.mean, moments.mean_rest))
            if n * d * max(d, d * d // n) <= _refine.MAX_MULTIPLICATIONS:
                vectors = _refined_directions(unit, mean, mean_rest, vectors)
        mean = np.clip(np.ldexp(mean, power), data.min(axis=0), data.max(axis=0))
        values = np.ldexp(s, power)
    shares = np.square(s / (s[0] or 1.0))
    return _select_components(
        PCA(
            X=data,
            whiten=whiten,
            count=n,
            mean=mean,
            mean_rest=np.ldexp(mean_rest, power),
            components=vectors,
            variance=variance,
            ratio=shares / (shares.sum() or 1.0),
            total_variance=total,
            method="svd",
            spectrum=SingularValues(values),
        ),
        components,
    )


def _refined_directions(data: Array, mean: Array, mean_rest: Array, vectors: Array) -> Array:
    """Return the principal directions, rows (k, d), nearest to `vectors`, to the last digit."""
    high, low = two_sum(data, -mean)
    centred = Parts(*two_sum(high, low - mean_rest)).transposed
    others = np.linalg.qr(vectors.T, mode="complete")[0][:, len(vectors) :]  # at right angles to all data
    return refine_eigenvectors(gram_matrix(centred), np.concatenate((vectors, others.T)))[: len(vectors)]


def _select_components(found: PCA, components: float | None) -> PCA:
    if not found.ratio[0] > 0.0:
        raise InputError("all rows are equal: there is no direction in which they vary", operand="X")
    k = _count_components(found, components)
    variance, values = found.variance[:k], found.spectrum.values[:k]
    if found.whiten and (values == 0.0).any():
        have = int((values > 0.0).sum())
        why = f"component {have + 1} has variance 0 and can't be whitened"
        raise InputError(why, hint=Remedy("use {components}", components=have), operand="components")
    vectors = found.components[:k]
    return found._replace(
        components=np.clip(vectors * svd_flip(vectors)[:, np.newaxis], -1.0, 1.0),
        variance=variance,
        ratio=found.ratio[:k],
        spectrum=SingularValues(values),
    )


def _count_components(found: PCA, components: float | None) -> int:
    """Return how many components are asked for, below 1 the fewest with more than that share of variance."""
    if components is None:
        return len(found.variance)
    if components >= 1.0:
        return int(components)
    return int(np.searchsorted(found.cumulative, components, side="right")) + 1


def _check_components(components: float | None, n: int, d: int) -> None:
    if n < 2:
        raise InputError("1 row has no variance: at least 2 are needed", operand="X")
    if components is None or 0.0 < components < 1.0:
        return
    if components > 1 and components != np.floor(components):
        raise InputError(
            "{operand} must be a whole number, or a share of variance below 1, not {value:g}",
            operand="components",
            value=components,
        )
    if not 1 <= components <= min(n, d):
        raise InputError(
            "{operand} must be 1 to {most} for {rows}x{columns} data, not {value}",
            operand="components",
            most=min(n, d),
            rows=n,
            columns=d,
            value=int(components) if float(components).is_integer() else components,
        )
