"""Arrays and matrices as the formulas want them: float64, checked, of shapes that fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.core.numerics.double_double import row_sum
from aimath.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from aimath.core.numerics.types import Array

SUM_TOLERANCE = 1e-6
"""How far from 1 probabilities may sum: float32 softmax outputs do no better (torch's own bound)."""


class Check(NamedTuple):
    """An answer, and the same quantity reached by another route."""

    answer: Array  # (...)
    other: Array  # (...)
    size: Array | float = 1.0  # (...) of what was added up, where the answer may be less than its rounding

    @property
    def holds(self) -> Any:
        """Whether both agree to nine digits (of `size`, if that is larger), or are the same infinity.

        To five digits, if the answer is in float32.
        """
        scale = np.maximum(self.size, np.abs(self.answer))
        near = 1e-5 if np.asarray(self.answer).dtype == np.float32 else 1e-9
        with np.errstate(invalid="ignore"):
            return (self.answer == self.other) | (np.abs(self.answer - self.other) <= near * scale)


def blame(bad: NDArray[np.bool_], why: str, *, operand: str | None = None, hint: str = "") -> None:
    """Raise an InputError at the first True of `bad` (..., n); `{k}` in `why` is its place, from 1."""
    if not bad.any():
        return
    row, entry = divmod(int(np.argmax(bad)), bad.shape[-1])
    place = entry if "{k}" in why else None  # else the whole row is to blame
    raise InputError(why.format(k=entry + 1), row=row, entry=place, operand=operand, hint=hint)


def vectors(
    values: ArrayLike, word: str = "value", *, allow: tuple[float, ...] = (), operand: str | None = None
) -> Array:
    """Give `values` as float64 (..., n), n >= 1, without nan and without the infinities not in `allow`.

    `word` is what one entry is called in an error ("logit", "probability").

    >>> vectors([2, 1, 0.1])
    array([2. , 1. , 0.1])
    """
    array = floats(values, word, operand=operand)
    if not np.isfinite(array).all():
        blame(np.isnan(array), f"{word} {{k}} is nan", operand=operand)
        for bound in (np.inf, -np.inf):
            if bound not in allow:
                blame(array == bound, f"{word} {{k}} is {bound}", operand=operand)
    return array


def floats(values: ArrayLike, word: str = "value", *, operand: str | None = None) -> Array:
    """Give `values` as float64 (..., n), n >= 1, whatever their value: for who sees a nan in the result."""
    try:
        raw = np.asarray(values)
    except ValueError:
        raise InputError(f"rows of {plural(word)} differ in length", operand=operand) from None
    if raw.dtype.kind not in "iuf" and not (raw.dtype.kind == "O" and raw.size):
        kind = "nothing" if raw.size == 0 else str(raw.dtype)
        raise InputError(f"{plural(word)} must be real numbers, not {kind}", operand=operand)
    try:
        array = np.atleast_1d(raw).astype(np.float64, copy=False)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{plural(word)} must be real numbers within float64", operand=operand) from None
    if array.shape[-1] == 0:
        raise InputError(f"needs at least one {word}", operand=operand)
    return array


def plural(word: str) -> str:
    """Give the plural of a word for an entry: probability, probabilities."""
    return word[:-1] + "ies" if word.endswith("y") else word + "s"


def simplex(
    values: ArrayLike, word: str = "probability", *, normalize: bool = False, operand: str | None = None
) -> Array:
    """Give `values` as distributions along the last axis, used as given if they sum to 1 within 1e-6.

    With `normalize`, weights or counts are divided by their sum (by the largest first, so that
    1e308 and 1e308 are one half each).

    >>> simplex([1, 3], normalize=True)
    array([0.25, 0.75])
    """
    p = vectors(values, word, operand=operand)
    if (p < 0).any():
        blame(p < 0, f"{word} {{k}} is negative ({p[p < 0][0]:g})", operand=operand)
    if normalize:
        largest = p.max(axis=-1, keepdims=True)
        blame(largest == 0, f"{plural(word)} sum to 0", operand=operand)
        scaled = p / largest
        return np.asarray(scaled / row_sum(scaled)[..., np.newaxis])
    with np.errstate(over="ignore"):
        total = p.sum(axis=-1, keepdims=True)
    off = ~(np.abs(total - 1.0) <= SUM_TOLERANCE)
    if off.any():
        found = float(total[off][0])
        hint = "" if found == 0 else "use --normalize to divide by the sum"
        aim = "" if found == 0 else ", not 1"
        blame(off, f"{plural(word)} sum to {found:.10g}{aim}", operand=operand, hint=hint)
    return p


def positive(values: ArrayLike, word: str, *, operand: str | None = None) -> Array:
    """Give `values` as finite float64 above 0, or say which is not."""
    array = vectors(values, word, operand=operand)
    if (array <= 0).any():
        which = f"{word} {{k}}" if array.shape[-1] > 1 else word
        blame(array <= 0, f"{which} must be above 0, not {array[array <= 0][0]:g}", operand=operand)
    return array


def same_length(a: Array, b: Array, names: tuple[str, str]) -> None:
    """Refuse two stacks of vectors whose last axes differ: nothing is broadcast along a vector."""
    if a.shape[-1] != b.shape[-1]:
        raise InputError(
            f"{names[0]} and {names[1]} have lengths {a.shape[-1]} and {b.shape[-1]}: they must be equal"
        )


def same_rows(a: Array, b: Array, names: tuple[str, str]) -> None:
    """Refuse two stacks of vectors of other lengths, or neither equally many nor one for all."""
    same_length(a, b, names)
    try:
        np.broadcast_shapes(a.shape[:-1], b.shape[:-1])
    except ValueError:
        counts = f"{names[0]} has {a[..., 0].size} rows and {names[1]} has {b[..., 0].size}"
        raise InputError(f"{counts}: give as many, or one for all") from None


def together(**operands: Array) -> list[Array]:
    """Give arrays of one shape, in which single numbers stand for every element.

    >>> together(x=np.array([1.0, 2.0]), mu=np.array(0.0))[1]
    array([0., 0.])
    """
    try:
        return [np.array(a) for a in np.broadcast_arrays(*operands.values())]
    except ValueError:
        shapes = ", ".join(f"{name} {'x'.join(map(str, a.shape))}" for name, a in operands.items())
        raise InputError(f"shapes differ: {shapes}") from None


def norms(rows: Array) -> Array:
    """Give the lengths (...) of vectors (..., n), whose squares may leave float64.

    >>> norms(np.array([[3e200, 4e200], [-3e-200, 0.0]]))
    array([5.e+200, 3.e-200])
    """
    if rows.shape[-1] <= 3:  # more of them round too often
        return np.asarray(np.hypot.reduce(rows, axis=-1, initial=0.0))
    largest = np.abs(rows).max(axis=-1)
    scaled = rows / np.where(largest > 0.0, largest, 1.0)[..., np.newaxis]
    return np.asarray(largest * np.sqrt(np.square(scaled).sum(axis=-1)))


def finite(values: ArrayLike, operand: str) -> Array:
    """Give float64 (..., m, n) without nan and infinities, or say which entry (row, column) is one."""
    array = floats(values, "entry", operand=operand)
    refuse_nonfinite(array, operand)
    return array


def refuse_nonfinite(array: Array, operand: str, start: int = 0) -> None:
    """Name the first nan or infinity of (..., m, n), whose first row is row `start` of the whole."""
    sound = np.isfinite(array)
    if sound.all():
        return
    *_, row, column = place = tuple(map(int, np.unravel_index(int(np.argmin(sound)), (1, *array.shape))))
    at = f"({start + row + 1},{column + 1})" if array.ndim > 1 else f"{column + 1}"
    why = f"entry {at} of {operand} is {array[place[1:]]:g}"
    raise InputError(why, row=start + row, entry=column, operand=operand)


def matrix(values: ArrayLike, operand: str) -> Array:
    """Give float64 (m, n), m and n >= 1; a vector is a row.

    >>> matrix([[1, 2], [3, 4]], "a").shape
    (2, 2)
    """
    array = np.atleast_2d(finite(values, operand))
    if array.ndim != 2 or not len(array):
        raise InputError(f"{operand} must be a matrix, not of shape {shape(array)}", operand=operand)
    return array


def square(values: ArrayLike, operand: str) -> Array:
    """Give float64 (n, n)."""
    array = matrix(values, operand)
    if array.shape[0] != array.shape[1]:
        raise InputError(f"the matrix must be square, not {shape(array)}", operand=operand)
    return array


def shape(array: Array) -> str:
    """Give a shape as it is spoken of: 4x3."""
    return "x".join(map(str, array.shape))
