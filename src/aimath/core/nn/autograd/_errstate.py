"""Calls of numpy functions that raise an InputError instead of a floating-point warning."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

import numpy as np

from aimath.core.numerics.arrays import format_shape
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

RAISE_ALL: dict[str, Any] = {"over": "raise", "divide": "raise", "invalid": "raise"}
"""For np.errstate: the flags of the floating-point unit become errors, at no cost where none is raised."""


def checked_call(function: Callable[..., Any], *operands: Any, **options: Any) -> Any:
    """Return function(*operands, **options), or raise an InputError if it isn't finite.

    >>> checked_call(np.add, 1.0, 2.0)
    np.float64(3.0)
    """
    try:
        return _call_raising(function, *operands, **options)
    except FloatingPointError as error:
        with np.errstate(all="ignore"):
            result = function(*operands, **options)
        if np.isfinite(result).all():  # some libraries of matrices raise flags for nothing
            return result
        raise InputError(_describe_failure(_function_name(function), operands, result, str(error))) from None
    except ValueError as error:
        shapes = " and ".join(format_shape(np.asarray(x)) or "one number" for x in operands)
        why = f"shapes {shapes} don't fit" if len(operands) > 1 else str(error)
        raise InputError(f"{_function_name(function)}: {why}") from None


@np.errstate(**RAISE_ALL)  # entered by a decorator it takes half the time of a with statement
def _call_raising(function: Callable[..., Any], *operands: Any, **options: Any) -> Any:
    return function(*operands, **options)


def checked(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function, raising an InputError where its result isn't finite or shapes don't fit."""
    raising, quiet = np.errstate(**RAISE_ALL)(function), np.errstate(all="ignore")(function)

    @wraps(function)
    def call(*operands: Any, **options: Any) -> Any:
        try:
            return raising(*operands, **options)
        except FloatingPointError:
            result = quiet(*operands, **options)
            if np.isfinite(getattr(result, "value", result)).all():
                return result  # some libraries of matrices raise flags for nothing
            raise InputError(f"{function.__name__}: the result is beyond the floating-point range") from None
        except InputError:
            raise
        except ValueError as error:
            raise InputError(f"{function.__name__}: {error}") from None

    return call


def _function_name(function: Any) -> str:
    return str(getattr(function, "__self__", function).__name__)  # np.add.reduce is called add


def _describe_failure(name: str, operands: tuple[Any, ...], result: Any, why: str) -> str:
    """Return a sentence on the first entry whose result isn't finite, else on the operation."""
    arrays = [np.asarray(x) for x in operands]
    if name == "matmul" or np.broadcast_shapes(*(x.shape for x in arrays)) != np.shape(result):
        return f"{name}: the result is beyond float64"
    arrays = [np.broadcast_to(x, np.shape(result)) for x in arrays]
    bad = ~np.isfinite(result) & np.logical_and.reduce([np.isfinite(x) for x in arrays])
    if not bad.any():
        return f"{name}: {why}"
    place = np.unravel_index(int(np.argmax(bad)), bad.shape)
    given = ", ".join(f"{x[place]:g}" for x in arrays)
    at = f" at {list(map(int, place))}" if place else ""
    return f"{name}({given}){at} is no finite number"
