"""Where spectra come from: a matrix in memory, exactly or at random, or row blocks of one that isn't."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import numpy as np

from aimath.core import rayleigh
from aimath.core.krylov import ITERATIONS, OVERSAMPLING, Leading, Passes, every, leading
from aimath.core.lowrank import Spectrum, SvdApprox, check_ranks, scaled
from aimath.core.matrices import matrix, refuse_nonfinite, shape
from aimath.core.signs import upright
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.random import Generator
    from numpy.typing import ArrayLike

    from aimath.core.arrays import Array

Method: TypeAlias = Literal["auto", "exact", "randomized"]

METHODS = get_args(Method)

SMALL = 512
"""The shorter side up to which all singular values are computed unless told otherwise."""

SLACK = 1.01
"""A randomized answer that isn't bounded by so many times the best is computed again exactly."""

BLOCK = 1 << 19
"""Elements multiplied at a time: 4 MiB, which the second product still finds in the cache."""


def svd_approx(
    W: ArrayLike,  # noqa: N803  as in papers
    rank: int | Sequence[int],
    method: Method = "auto",
    rng: Generator | None = None,
) -> SvdApprox:
    """Approximate a matrix by one of rank r, the nearest there is.

    W ~ A B with A = U_r S_r (m, r) and B = V_rᵀ (r, n), from W = U S Vᵀ; the error is
    sqrt(s_(r+1)² + s_(r+2)² + ...), with no need to subtract matrices. Eckart and Young (1936).
    "auto" is exact up to 512 rows or columns, else a block Krylov iteration if `error_bound` shows it
    to be within 1 % of the best (it is usually within .1 %), else exact. Several ranks share one
    decomposition.

    >>> found = svd_approx([[3, 0], [0, 4]], 1)
    >>> found.error, found.relative_error
    (array(3.), array(0.6))
    """
    weights = matrix(W, "W")
    most = int(check_ranks(rank, (len(weights), weights.shape[1])).max())
    return spectrum(weights, most, method, rng).cut(rank)


def spectrum(W: ArrayLike, most: int, method: Method = "auto", rng: Generator | None = None) -> Spectrum:  # noqa: N803
    """Decompose a matrix once, for cuts at any rank up to `most`.

    >>> found = spectrum([[3, 0], [0, 4]], 2)
    >>> [float(found.cut(r).error) for r in (1, 2)]
    [3.0, 0.0]
    """
    weights = matrix(W, "W")
    m, n = weights.shape
    _known(method)
    check_ranks(most, (m, n))
    unit, power = scaled(weights)
    if not takes_all((m, n), most, method):
        found = _randomized(unit, most, np.random.default_rng(0) if rng is None else rng)
        result = _signed(weights, (m, n), found, power, most)
        if method == "randomized" or result.cut(range(1, most + 1)).error_bound.max() <= SLACK:
            return result
    try:
        left, values, right = rayleigh.decomposed(unit)
    except np.linalg.LinAlgError:
        raise InputError("the singular values of W were not found", operand="W") from None
    every = Leading(values, right, left, 0.0, np.zeros(len(values)), m)
    return _signed(weights, (m, n), every, power)


def takes_all(size: tuple[int, int], most: int, method: Method = "auto") -> bool:
    """Tell whether a matrix is decomposed wholly from the start, for ranks up to `most`.

    >>> takes_all((600, 600), 16), takes_all((600, 600), 300)
    (False, True)
    """
    few = ITERATIONS * (most + OVERSAMPLING) < min(size)
    return method == "exact" or (method == "auto" and not (min(size) > SMALL and few))


def streamed_spectrum(
    passes: Passes, most: int, method: Method = "auto", rng: Generator | None = None
) -> Spectrum:
    """Decompose a matrix that comes in row blocks.

    "auto" is exact up to 512 columns, in a pass or two; the other way takes seven. A factor A comes
    out as the blocks come in: block @ right.T.

    >>> rows = np.diag([3.0, 4.0])
    >>> streamed_spectrum(lambda: iter((rows[:1], rows[1:])), 1).cut(1).error
    array(3.)
    """
    _known(method)
    first = next(iter(passes()), None)
    if first is None:
        raise InputError("W has no rows", operand="W")
    width, power = np.shape(first)[1], scaled(matrix(first, "W"))[1]
    if most > width:
        why = f"rank must be 1 to {width} for a matrix of {width} columns, not {most}"
        raise InputError(why, operand="rank")

    def checked() -> Iterator[Array]:
        return _checked(passes(), width, power)

    if method == "exact" or (method == "auto" and width <= SMALL):
        found, ready = every(checked), None
    else:
        found, ready = leading(checked, width, most, np.random.default_rng(0) if rng is None else rng), most
    check_ranks(most, (found.rows, width))
    return _signed(None, (found.rows, width), found, power, ready)


def _randomized(weights: Array, most: int, rng: Generator) -> Leading:
    """Decompose along the shorter side, whose vectors are cheaper to keep orthogonal."""
    wide = weights.shape[1] > weights.shape[0]
    tall = weights.T if wide else weights
    step = max(BLOCK // tall.shape[1], 64)
    passes: Passes = lambda: (tall[k : k + step] for k in range(0, len(tall), step))  # noqa: E731
    found = leading(passes, tall.shape[1], most, rng, keep_left=True)
    if wide and found.left is not None:
        found = found._replace(left=found.right.T, right=found.left.T)
    return found


def _signed(
    weights: Array | None, size: tuple[int, int], found: Leading, power: int, most: int | None = None
) -> Spectrum:
    """Fix the signs, undo the scaling, and turn what is left over into shares of the whole."""
    signs = upright(found.right)
    largest = float(found.values[0]) or 1.0
    norm = largest * float(np.sqrt(np.square(found.values / largest).sum() + found.rest / largest**2))
    whole = norm or 1.0
    return Spectrum(
        W=weights,
        method="exact" if most is None else "randomized",
        shape=size,
        most=min(size) if most is None else most,
        singular_values=np.ldexp(found.values, power),
        left=None if found.left is None else found.left * signs,
        right=found.right * signs[:, np.newaxis],
        norm=_unscaled(norm, power),
        rest=found.rest / whole**2,
        residuals=found.residuals / whole**2,
    )


def _known(method: str) -> None:
    if method not in METHODS:
        hint = f"choose from {', '.join(METHODS)}"
        raise InputError(f"there is no method '{method}'", hint=hint, usage=True)


def _unscaled(norm: float, power: int) -> float:
    try:
        return math.ldexp(norm, power)
    except OverflowError:
        raise InputError("the norm of W is beyond float64", operand="W") from None


def _checked(blocks: Iterable[Array], width: int, power: int) -> Iterator[Array]:
    """Give blocks as float64 by 2^power, or say which entry isn't a number that can be squared."""
    # For QR a few times as many rows as columns, within the cache if that is possible.
    rows, step = 0, max(BLOCK // 4 // width, min(4 * width, 1 << 11))
    for block in blocks:
        array = np.asarray(block, np.float64)
        if array.ndim != 2 or array.shape[1] != width:
            raise InputError(f"a block of {shape(array)} among rows of {width}", row=rows, operand="W")
        with np.errstate(over="ignore", invalid="ignore"):
            unit = array if power == 0 else np.ldexp(array, -power)
            bad = not np.vdot(unit, unit) < 2.0**500
        if bad:
            refuse_nonfinite(array, "W", rows)
            raise InputError("entries differ too much in size to be squared", row=rows, operand="W")
        for k in range(0, len(array), step):
            yield unit[k : k + step]
        rows += len(array)
