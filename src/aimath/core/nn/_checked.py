"""Functions of numpy that say which numbers have no finite result, instead of warning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from aimath.core.numerics.arrays import shape
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

RAISE: dict[str, Any] = {"over": "raise", "divide": "raise", "invalid": "raise"}
"""For np.errstate: the flags of the floating-point unit become errors, at no cost where none is raised."""


def checked(function: Callable[..., Any], *operands: Any, **options: Any) -> Any:
    """Give what a function of numpy makes of its operands, or say why that is no number.

    >>> checked(np.add, 1.0, 2.0)
    np.float64(3.0)
    """
    try:
        return _raising(function, *operands, **options)
    except FloatingPointError as error:
        with np.errstate(all="ignore"):
            result = function(*operands, **options)
        if np.isfinite(result).all():  # some libraries of matrices raise flags for nothing
            return result
        raise InputError(_blamed(_name(function), operands, result, str(error))) from None
    except ValueError as error:
        shapes = " and ".join(shape(np.asarray(x)) or "one number" for x in operands)
        why = f"shapes {shapes} don't fit" if len(operands) > 1 else str(error)
        raise InputError(f"{_name(function)}: {why}") from None


@np.errstate(**RAISE)  # entered by a decorator it takes half the time of a with statement
def _raising(function: Callable[..., Any], *operands: Any, **options: Any) -> Any:
    return function(*operands, **options)


def _name(function: Any) -> str:
    return str(getattr(function, "__self__", function).__name__)  # np.add.reduce is called add


def _blamed(name: str, operands: tuple[Any, ...], result: Any, why: str) -> str:
    """Name the first numbers that an operation by entries has no finite result for, else the operation."""
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
