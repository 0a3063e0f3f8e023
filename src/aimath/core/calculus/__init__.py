"""Formulas and their derivatives."""

from typing import TYPE_CHECKING

from aimath.core._lazy import attach

if TYPE_CHECKING:
    from aimath.core.calculus._backprop import backprop
    from aimath.core.calculus._expression import Function, function
    from aimath.core.calculus._gradient import gradient, jacobian
    from aimath.core.calculus._grammar import ARGUMENTS, CONSTANTS, short

__all__ = ["ARGUMENTS", "CONSTANTS", "Function", "backprop", "function", "gradient", "jacobian", "short"]

__getattr__, __dir__ = attach(
    __name__,
    {
        "_backprop": ["backprop"],
        "_expression": ["Function", "function"],
        "_gradient": ["gradient", "jacobian"],
        "_grammar": ["ARGUMENTS", "CONSTANTS", "short"],
    },
)
