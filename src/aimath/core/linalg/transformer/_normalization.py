"""Layer normalisation and its kin: rows brought to one mean and one size."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.core.numerics.arrays import Check, as_vectors, check_number, check_same_rows, raise_at
from aimath.core.numerics.double_double import compensated_sum, two_prod
from aimath.core.probability import describe

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from aimath.core.numerics.axes import Scalars, Vectors
    from aimath.core.numerics.types import Array

LAYER_NORM_EPS, RMS_NORM_EPS = 1e-5, 1e-6
"""What torch's LayerNorm and Llama's RMSNorm add to the mean square: a part of their definitions."""


class Squares(NamedTuple):
    """Mean squares times 4^-power, which nothing takes out of float64."""

    scaled: Array  # (...)
    power: NDArray[np.intp]  # (...)

    def unscaled(self, name: str) -> Array:
        """Return the mean squares, or raise an InputError at the first beyond float64."""
        with np.errstate(all="ignore"):
            found = np.asarray(np.ldexp(self.scaled, 2 * self.power))
        raise_at(
            np.atleast_1d(np.isinf(found))[..., np.newaxis], f"the {name} is beyond float64", operand="x"
        )
        return found

    def in_range(self) -> Any:
        """Return whether float64 has all digits of the mean squares, or they are 0."""
        with np.errstate(all="ignore"):
            found = np.ldexp(self.scaled, 2 * self.power)
        return ((found >= np.finfo(np.float64).tiny) & np.isfinite(found)) | (self.scaled == 0.0)

    def root_with(self, eps: float) -> Array:
        """Return √(mean square + eps), whatever leaves float64 on the way."""
        with np.errstate(all="ignore"):
            scaled_eps = np.ldexp(float(eps), -2 * self.power)
            root = np.ldexp(np.sqrt(self.scaled + scaled_eps), self.power)
        return np.asarray(np.where(np.isfinite(scaled_eps), root, math.sqrt(eps)))

    def compare(self, normalized: Array, eps: float) -> Check:
        """Return the mean squares of normalised rows beside mean square / (mean square + eps)."""
        with np.errstate(all="ignore"):
            found = np.asarray(np.mean(np.square(normalized), axis=-1))
            right = self.scaled / (self.scaled + np.ldexp(float(eps), -2 * self.power))
        return Check(right, found)


class LayerNorm(NamedTuple):
    """Rows of mean 0 and variance 1, stretched and shifted."""

    x: Vectors
    eps: float  # >= 0, added to the variance
    gain: Vectors
    bias: Vectors
    output: Vectors  # normalized · gain + bias
    mean: Scalars
    squares: Squares
    normalized: Vectors  # (x - mean) / √(variance + eps)

    @property
    def variance(self) -> Scalars:
        """By n, not n - 1; an error where it is beyond float64."""
        return self.squares.unscaled("variance")

    def variance_in_range(self) -> Any:
        """Return whether float64 has all digits of the variance, or it is 0."""
        return self.squares.in_range()

    @property
    def scale(self) -> Scalars:
        """√(variance + eps), what the differences to the mean are divided by."""
        return self.squares.root_with(self.eps)

    @property
    def deviations(self) -> Vectors:
        """Value - mean, the mean with all its digits."""
        return describe(self.x).deviations

    def check(self) -> Check:
        """Return the mean square of the normalised row beside variance / (variance + eps)."""
        return self.squares.compare(self.normalized, self.eps)


class RMSNorm(NamedTuple):
    """Rows of mean square 1, stretched."""

    x: Vectors
    eps: float  # >= 0, added to the mean square
    gain: Vectors
    output: Vectors  # normalized · gain
    squares: Squares
    normalized: Vectors  # x / √(mean_square + eps)

    @property
    def mean_square(self) -> Scalars:
        """Mean of x²; an error where it is beyond float64."""
        return self.squares.unscaled("mean square")

    def mean_square_in_range(self) -> Any:
        """Return whether float64 has all digits of the mean square, or it is 0."""
        return self.squares.in_range()

    @property
    def rms(self) -> Scalars:
        """√(mean_square + eps), what the values are divided by."""
        return self.squares.root_with(self.eps)

    def check(self) -> Check:
        """Return the mean square of the normalised row beside mean_square / (mean_square + eps)."""
        return self.squares.compare(self.normalized, self.eps)


def layer_norm(
    x: ArrayLike, gain: ArrayLike | None = None, bias: ArrayLike | None = None, eps: float = LAYER_NORM_EPS
) -> LayerNorm:
    """Return the layer normalisation of vectors (..., n).

    output = (x - mean) / √(variance + eps) · gain + bias, mean and variance (by n) of each row, as
    torch's LayerNorm has it. Ba, Kiros and Hinton (2016).

    >>> layer_norm([1.0, 3.0], eps=0).output
    array([-1.,  1.])
    """
    rows = as_vectors(x, "value", operand="x")
    stretch, shift = _per_entry(rows, gain, "gain", 1.0), _per_entry(rows, bias, "bias", 0.0)
    check_number("eps", eps, "at least 0 and finite", usage=True)
    found = describe(rows)
    squares = Squares(found.moments.variance, found.moments.power)
    normalized = _divide(found.scaled_deviations(), squares, eps, "values are all the same")
    output = _stretch(normalized, stretch, shift)
    return LayerNorm(rows, float(eps), stretch, shift, output, found.mean, squares, normalized)


def rms_norm(x: ArrayLike, gain: ArrayLike | None = None, eps: float = RMS_NORM_EPS) -> RMSNorm:
    """Return the root-mean-square normalisation of vectors (..., n).

    output = x / √(mean(x²) + eps) · gain, as in Llama (torch's RMSNorm takes the dtype's own rounding
    for eps unless told). Zhang and Sennrich (2019).

    >>> rms_norm([3.0, -3.0], eps=0).output
    array([ 1., -1.])
    """
    rows = as_vectors(x, "value", operand="x")
    stretch = _per_entry(rows, gain, "gain", 1.0)
    check_number("eps", eps, "at least 0 and finite", usage=True)
    power = np.asarray(np.frexp(np.abs(rows).max(axis=-1))[1])  # by a power of two, so that squares fit
    with np.errstate(all="ignore"):
        scaled = np.ldexp(rows, -power[..., np.newaxis])
        square, rest = two_prod(scaled, scaled)
        squares = Squares((compensated_sum(square) + compensated_sum(rest)) / rows.shape[-1], power)
    normalized = _divide(scaled, squares, eps, "values are all 0")
    return RMSNorm(rows, float(eps), stretch, _stretch(normalized, stretch), squares, normalized)


def _per_entry(rows: Array, values: ArrayLike | None, operand: str, default: float) -> Array:
    """Return numbers for the entries of rows (..., n), the default where none are given."""
    if values is None:
        return np.full_like(rows, default)
    given = as_vectors(values, "value", operand=operand)
    check_same_rows(rows, given, ("x", operand))
    return np.broadcast_to(given, rows.shape)


def _divide(scaled: Array, squares: Squares, eps: float, why: str) -> Array:
    """Return x / √(mean square + eps) of rows x = scaled 2^power, whatever leaves float64 on the way."""
    square, power = squares
    with np.errstate(all="ignore"):
        scaled_eps = np.ldexp(float(eps), -2 * power)
        nothing = np.atleast_1d((square == 0.0) & (eps == 0.0))[..., np.newaxis]
        raise_at(nothing, f"{why} and eps is 0: there is nothing to divide by", operand="x")
        held = np.isfinite(scaled_eps)  # else eps is all that counts
        size = np.where(held, np.sqrt(square + scaled_eps), math.sqrt(eps))[..., np.newaxis]
        size = np.where(size == 0.0, 1.0, size)  # of zeros beside an eps that is tiny to their scale
        return np.asarray(np.ldexp(scaled / size, np.where(held, 0, power)[..., np.newaxis]))


def _stretch(normalized: Array, gain: Array, bias: Array | float = 0.0) -> Array:
    with np.errstate(all="ignore"):
        output = normalized * gain + bias
    raise_at(np.isinf(output), "entry {k} of the output is beyond float64", operand="gain")
    return np.asarray(output)
