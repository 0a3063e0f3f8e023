"""Matrices as the formulas want them: two axes, finite, of shapes that fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from aimath.core.arrays import Array, floats
from aimath.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


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
