"""Formulas and their derivatives."""

from typing import TYPE_CHECKING

from aimath.core._lazy import attach

if TYPE_CHECKING:
    from aimath.core.calculus._backprop import backprop
    from aimath.core.calculus._data import Batches, Data, as_data
    from aimath.core.calculus._expression import Function, parse_function
    from aimath.core.calculus._gradient import grad
    from aimath.core.calculus._grammar import ARITY, CONSTANTS, formula_names
    from aimath.core.calculus._over_data import DataFunction, parse_over_data

__all__ = [
    "ARITY",
    "CONSTANTS",
    "Batches",
    "Data",
    "DataFunction",
    "Function",
    "as_data",
    "backprop",
    "formula_names",
    "grad",
    "parse_function",
    "parse_over_data",
]

__getattr__, __dir__ = attach(
    __name__,
    {
        "_backprop": ["backprop"],
        "_data": ["Batches", "Data", "as_data"],
        "_expression": ["Function", "parse_function"],
        "_gradient": ["grad"],
        "_grammar": ["ARITY", "CONSTANTS", "formula_names"],
        "_over_data": ["DataFunction", "parse_over_data"],
    },
)
