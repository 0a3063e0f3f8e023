"""Formulas and their derivatives."""

from typing import TYPE_CHECKING

from aimath.core._lazy import attach

if TYPE_CHECKING:
    from aimath.core.calculus._backprop import backprop
    from aimath.core.calculus._expression import Function, parse_function
    from aimath.core.calculus._gradient import grad
    from aimath.core.calculus._grammar import ARITY, CONSTANTS

__all__ = ["ARITY", "CONSTANTS", "Function", "backprop", "grad", "parse_function"]

__getattr__, __dir__ = attach(
    __name__,
    {
        "_backprop": ["backprop"],
        "_expression": ["Function", "parse_function"],
        "_gradient": ["grad"],
        "_grammar": ["ARITY", "CONSTANTS"],
    },
)
