"""Types of arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

Result = TypeVar("Result", bound=type)
Array = np.ndarray[Any, np.dtype[np.float64]]
FloatArray = np.ndarray[Any, np.dtype[Any]]  # of float64 or float32
Indices = np.ndarray[Any, np.dtype[np.intp]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]
EPS = 2.0**-52
"""From 1 to the next float64."""


def never_infinite(*names: str) -> Callable[[Result], Result]:
    """Return a decorator that says of which quantities an infinity is never the truth but an overflow."""

    def mark(result: Result) -> Result:
        result.finite_fields = frozenset(names)  # type: ignore[attr-defined]
        return result

    return mark


def may_lack_value(*names: str) -> Callable[[Result], Result]:
    """Return a decorator that says which quantities may have no value, nan: a spread of one number, say."""

    def mark(result: Result) -> Result:
        result.optional_fields = frozenset(names)  # type: ignore[attr-defined]
        return result

    return mark
