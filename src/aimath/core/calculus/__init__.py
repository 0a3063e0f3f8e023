"""Formulas and their derivatives."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aimath.core.calculus._backprop import backprop as backprop
    from aimath.core.calculus._expression import Function as Function, function as function
    from aimath.core.calculus._gradient import gradient as gradient, jacobian as jacobian
    from aimath.core.calculus._grammar import ARGUMENTS as ARGUMENTS, CONSTANTS as CONSTANTS, short as short

_HOMES = {
    "ARGUMENTS": "_grammar",
    "CONSTANTS": "_grammar",
    "Function": "_expression",
    "backprop": "_backprop",
    "function": "_expression",
    "gradient": "_gradient",
    "jacobian": "_gradient",
    "short": "_grammar",
}
__all__ = [*_HOMES]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    """Import the module that has a name when the name is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
