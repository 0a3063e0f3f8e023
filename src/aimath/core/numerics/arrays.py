"""Validation and conversion of arrays, and row norms."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.core.numerics.double_double import compensated_sum
from aimath.errors import InputError, Remedy, pluralize

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from numpy.typing import ArrayLike, NDArray

    from aimath.core.numerics.types import Array

SUM_TOLERANCE = 1e-6
"""How far from 1 probabilities may sum: float32 softmax outputs do no better (torch's own bound)."""


class Check(NamedTuple):
    """An answer and the same quantity computed by another route."""

    answer: Array  # (...)
    alternative: Array  # (...)
    scale: Array | float = 1.0  # (...) of what was added up, where the answer may be less than its rounding
    undecided: NDArray[np.bool_] | bool = False  # (...) where the other route is too coarse to say anything

    @property
    def holds(self) -> Any:
        """Whether both agree to nine digits (of `scale`, if that is larger), or are the same infinity.

        To five digits, if the answer is in float32.
        """
        scale = np.maximum(self.scale, np.abs(self.answer))
        near = 1e-5 if np.asarray(self.answer).dtype == np.float32 else 1e-9
        with np.errstate(invalid="ignore"):
            return (self.answer == self.alternative) | (
                np.abs(self.answer - self.alternative) <= near * scale
            )


def raise_at(
    mask: NDArray[np.bool_],
    problem: str,
    *,
    operand: str | None = None,
    hint: str | Remedy = "",
    **values: Any,
) -> None:
    """Raise an InputError at the first True of `mask` (..., n); `{k}` in the problem is its place, from 1."""
    if not mask.any():
        return
    row, entry = divmod(int(np.argmax(mask)), mask.shape[-1])
    place = entry if "{k}" in problem else None  # else the whole row is to blame
    raise InputError(problem, row=row, entry=place, operand=operand, hint=hint, k=entry + 1, **values)


def as_vectors(
    values: ArrayLike, entry_name: str = "value", *, allow: tuple[float, ...] = (), operand: str | None = None
) -> Array:
    """Return `values` as float64 (..., n), n >= 1, free of nan and of infinities not in `allow`.

    `entry_name` is what one entry is called in an error ("logit", "probability").

    >>> as_vectors([2, 1, 0.1])
    array([2. , 1. , 0.1])
    """
    entry_name = name_entry(entry_name, operand)
    array = as_floats(values, entry_name, operand=operand)
    if not np.isfinite(array).all():
        which = f"{entry_name} {{k}}" if np.ndim(values) else entry_name
        raise_at(np.isnan(array), f"{which} is nan", operand=operand)
        for bound in (np.inf, -np.inf):
            if bound not in allow:
                raise_at(array == bound, f"{which} is {bound}", operand=operand)
    return array


def as_floats(values: ArrayLike, entry_name: str = "value", *, operand: str | None = None) -> Array:
    """Return `values` as float64 (..., n), n >= 1, without checking for nan or infinities."""
    entry_name = name_entry(entry_name, operand)
    try:
        raw = np.asarray(values)
    except ValueError:
        raise InputError(f"rows of {plural(entry_name)} differ in length", operand=operand) from None
    if raw.dtype.kind not in "iuf" and not (raw.dtype.kind == "O" and raw.size):
        kind = "nothing" if raw.size == 0 else str(raw.dtype)
        raise InputError(f"{plural(entry_name)} must be real numbers, not {kind}", operand=operand)
    try:
        array = np.atleast_1d(raw).astype(np.float64, copy=False)
    except (TypeError, ValueError, OverflowError):
        raise InputError(
            f"{plural(entry_name)} must be real numbers within float64", operand=operand
        ) from None
    if array.shape[-1] == 0:
        raise InputError(f"needs at least one {entry_name}", operand=operand)
    return array


def name_entry(entry_name: str, operand: str | None) -> str:
    """Return the name of an entry in a problem: a reference to the operand, if it is called the same."""
    return "{operand}" if entry_name == operand else entry_name


def plural(word: str) -> str:
    """Return the plural of a word for an entry: probability, probabilities."""
    return word[:-1] + "ies" if word.endswith("y") else word + "s"


def check_simplex(
    values: ArrayLike, entry_name: str = "probability", *, normalize: bool = False, operand: str | None = None
) -> Array:
    """Return `values` as distributions along the last axis, checked to sum to 1 within 1e-6.

    With `normalize`, weights or counts are divided by their sum (by the largest first, so that
    1e308 and 1e308 are one half each).

    >>> check_simplex([1, 3], normalize=True)
    array([0.25, 0.75])
    """
    entry_name = name_entry(entry_name, operand)
    if normalize:
        p = check_weights(values, entry_name, operand=operand)
        scaled = p / p.max(axis=-1, keepdims=True)
        return np.asarray(scaled / compensated_sum(scaled)[..., np.newaxis])
    p = _check_nonnegative(values, entry_name, operand)
    with np.errstate(over="ignore"):
        total = p.sum(axis=-1, keepdims=True)
    off = ~(np.abs(total - 1.0) <= SUM_TOLERANCE)
    if off.any():
        found = float(total[off][0])
        remedy = Remedy("use {normalize} to divide by the sum", normalize=True) if found else ""
        hint = remedy if p.shape[-1] > 1 else "list the other outcomes too"  # one alone would be 1
        aim = ", not 1" if found else ""
        raise_at(off, f"{plural(entry_name)} sum to {found:.10g}{aim}", operand=operand, hint=hint)
    return p


def check_weights(values: ArrayLike, entry_name: str = "probability", *, operand: str | None = None) -> Array:
    """Return `values` as weights (..., n), checked to be at least 0, and not all 0 along the last axis."""
    entry_name = name_entry(entry_name, operand)
    p = _check_nonnegative(values, entry_name, operand)
    raise_at(p.max(axis=-1, keepdims=True) == 0, f"{plural(entry_name)} sum to 0", operand=operand)
    return p


def _check_nonnegative(values: ArrayLike, entry_name: str, operand: str | None) -> Array:
    p = as_vectors(values, entry_name, operand=operand)
    if (p < 0).any():
        raise_at(p < 0, f"{entry_name} {{k}} is negative ({p[p < 0][0]:g})", operand=operand)
    return p


def as_positive(values: ArrayLike, entry_name: str, *, operand: str | None = None) -> Array:
    """Return `values` as finite float64 above 0, or raise an InputError."""
    entry_name = name_entry(entry_name, operand)
    array = as_vectors(values, entry_name, operand=operand)
    if (array <= 0).any():
        which = f"{entry_name} {{k}}" if array.shape[-1] > 1 else entry_name
        raise_at(array <= 0, f"{which} must be above 0, not {array[array <= 0][0]:g}", operand=operand)
    return array


def check_same_length(a: Array, b: Array, names: tuple[str, str]) -> None:
    """Raise an InputError if the last axes of two stacks of vectors differ."""
    if a.shape[-1] != b.shape[-1]:
        raise InputError(
            f"{names[0]} and {names[1]} have lengths {a.shape[-1]} and {b.shape[-1]}: they must be equal"
        )


def check_same_rows(a: Array, b: Array, names: tuple[str, str]) -> None:
    """Raise an InputError if two stacks of vectors can't be broadcast row by row."""
    check_same_length(a, b, names)
    try:
        np.broadcast_shapes(a.shape[:-1], b.shape[:-1])
    except ValueError:
        counts = f"{names[0]} has {pluralize(a[..., 0].size, 'row')} and {names[1]} has {b[..., 0].size}"
        raise InputError(f"{counts}: give as many, or one for all") from None


def broadcast_operands(**operands: Array) -> list[Array]:
    """Return the arrays broadcast to one shape.

    >>> broadcast_operands(x=np.array([1.0, 2.0]), mu=np.array(0.0))[1]
    array([0., 0.])
    """
    try:
        return [np.array(a) for a in np.broadcast_arrays(*operands.values())]
    except ValueError:
        shapes = ", ".join(f"{name} {'x'.join(map(str, a.shape))}" for name, a in operands.items())
        raise InputError(f"shapes differ: {shapes}") from None


def row_norms(rows: Array) -> Array:
    """Return the Euclidean norms (...) of vectors (..., n), inf only where the norm itself is beyond float64.

    >>> row_norms(np.array([[3e200, 4e200], [-3e-200, 0.0]]))
    array([5.e+200, 3.e-200])
    """
    with np.errstate(over="ignore"):
        if rows.shape[-1] <= 3:  # more of them round too often
            return np.asarray(np.hypot.reduce(rows, axis=-1, initial=0.0))
        largest = np.abs(rows).max(axis=-1)
        scaled = rows / np.where(largest > 0.0, largest, 1.0)[..., np.newaxis]
        return np.asarray(largest * np.sqrt(np.square(scaled).sum(axis=-1)))


def as_finite(values: ArrayLike, operand: str) -> Array:
    """Return float64 (..., m, n), or raise an InputError at the first nan or infinity."""
    array = as_floats(values, "entry", operand=operand)
    check_finite(array, operand)
    return array


def check_finite(array: Array, operand: str, first_row: int = 0) -> None:
    """Raise an InputError at the first nan or infinity of rows (..., m, n)."""
    sound = np.isfinite(array)
    if sound.all():
        return
    *_, row, column = place = tuple(map(int, np.unravel_index(int(np.argmin(sound)), (1, *array.shape))))
    at = f"({first_row + row + 1},{column + 1})" if array.ndim > 1 else f"{column + 1}"
    raise InputError(
        "entry {at} of {operand} is {value:g}",
        row=first_row + row,
        entry=column,
        operand=operand,
        at=at,
        value=array[place[1:]],
    )


def as_matrix(values: ArrayLike, operand: str) -> Array:
    """Return `values` as a finite float64 matrix (m, n), m and n >= 1; a vector is a row.

    >>> as_matrix([[1, 2], [3, 4]], "a").shape
    (2, 2)
    """
    array = np.atleast_2d(as_finite(values, operand))
    if array.ndim != 2 or not len(array):
        raise InputError(
            "{operand} must be a matrix, not of shape {shape}", operand=operand, shape=format_shape(array)
        )
    return array


def as_square_matrix(values: ArrayLike, operand: str) -> Array:
    """Return `values` as a finite square float64 matrix (n, n)."""
    array = as_matrix(values, operand)
    if array.shape[0] != array.shape[1]:
        raise InputError(f"the matrix must be square, not {format_shape(array)}", operand=operand)
    return array


def format_shape(array: Array) -> str:
    """Return an array's shape as text: 4x3."""
    return "x".join(map(str, array.shape))


BOUNDS: dict[str, Callable[[float], bool]] = {
    "0 to 1": lambda x: 0.0 <= x <= 1.0,
    "from 0 to 1": lambda x: 0.0 <= x <= 1.0,
    "above 0 and below 1": lambda x: 0.0 < x < 1.0,
    "above 0 and finite": lambda x: 0.0 < x < math.inf,
    "above 1 and finite": lambda x: 1.0 < x < math.inf,
    "at least 0 and finite": lambda x: 0.0 <= x < math.inf,
}


def check_number(name: str, value: float, bound: str, *, usage: bool = False) -> float:
    """Return a number, or raise InputError unless it is within one of BOUNDS.

    >>> check_number("beta", 0.5, "above 0 and finite")
    0.5
    """
    if not BOUNDS[bound](value):
        raise InputError(
            "{operand} must be {bound}, not {value:g}", operand=name, bound=bound, value=value, usage=usage
        )
    return float(value)


def check_between(name: str, value: int, low: int, high: int, *, usage: bool = False) -> None:
    """Raise InputError unless low <= value <= high."""
    if not low <= value <= high:
        raise InputError(
            "{operand} must be {low} to {high}, not {value}",
            operand=name, low=low, high=high, value=value, usage=usage,
        )  # fmt: skip


def check_choice(name: str, value: str, known: Collection[str]) -> None:
    """Raise InputError unless a value is one of the known ones."""
    if value not in known:
        raise InputError(f"{name} '{value}' is not one of {', '.join(known)}", operand=name)
