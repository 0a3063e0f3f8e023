"""Formulas and their derivatives."""

from typing import TYPE_CHECKING

from aimath.core._lazy import attach

if TYPE_CHECKING:
    from aimath.core.calculus._backprop import backprop as backprop
    from aimath.core.calculus._data import Batches as Batches, Data as Data, as_data as as_data
    from aimath.core.calculus._expression import Function as Function, parse_function as parse_function
    from aimath.core.calculus._gradient import grad as grad
    from aimath.core.calculus._grammar import (
        ARITY as ARITY,
        CONSTANTS as CONSTANTS,
        formula_names as formula_names,
    )
    from aimath.core.calculus._over_data import (
        DataFunction as DataFunction,
        parse_over_data as parse_over_data,
    )

__getattr__, __dir__, __all__ = attach(
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
