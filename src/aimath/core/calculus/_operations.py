"""The operations of formulas on floats and on arrays.

On floats it raises as `math` does; on arrays it gives inf or nan there. Arrays have the kernels of the
other packages; floats have twins of them (see _scalars.py), and tests/core/test_twins.py holds both equal.
"""

from __future__ import annotations

import math
import operator
from functools import reduce
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.core import probability as probability
from aimath.core.calculus import _scalars as _scalars
from aimath.core.numerics import special as special
from aimath.core.numerics.double_double import compensated_sum

if TYPE_CHECKING:
    from collections.abc import Callable

    from aimath.core.numerics.types import Array, Mask


class Operation(NamedTuple):
    """One operation in both forms."""

    scalar: Callable[..., Any]
    array: Callable[..., Any]


def _maximum(*values: Array) -> Array:
    return reduce(np.maximum, values)


def _minimum(*values: Array) -> Array:
    return reduce(np.minimum, values)


def _tie_shares(largest: Array, *values: Array) -> list[Array]:
    chosen = [value == largest for value in values]
    count = reduce(np.add, (part.astype(np.float64) for part in chosen))
    return [np.where(part, 1.0 / np.maximum(count, 1.0), 0.0) for part in chosen]


def _stack_finite(values: tuple[Array, ...]) -> tuple[Array, Mask]:
    """Return values side by side (..., k), and where (...) one of them is undefined; there they are 0."""
    rows = np.stack(np.broadcast_arrays(*values), axis=-1)
    lost = ~np.isfinite(rows).all(axis=-1)
    rows[lost] = 0.0
    return rows, lost


def _logsumexp(*values: Array) -> Array:
    rows, lost = _stack_finite(values)
    return np.where(lost, np.nan, probability.logsumexp_rows(rows))


def _softmax(*values: Array) -> list[Array]:
    rows, lost = _stack_finite(values)
    probs = probability.softmax_rows(rows)[0]
    probs[lost] = np.nan
    return list(np.moveaxis(probs, -1, 0))


# nn.softmax has the same derivative by the mean alone, for rows of any width: pairs cost their square.
def _softmax_vjp(probs: list[Array], *slopes: Array) -> list[Array]:
    if len(probs) > _scalars.MAX_PAIRWISE:
        mean = compensated_sum(np.stack([p * s for p, s in zip(probs, slopes, strict=True)], axis=-1))
        return [p * (s - mean) for p, s in zip(probs, slopes, strict=True)]
    pairs = list(zip(probs, slopes, strict=True))
    return [p * compensated_sum(np.stack([q * (s - t) for q, t in pairs], axis=-1)) for p, s in pairs]


def _cbrt_slope(x: Array) -> Array:
    root = np.cbrt(x)
    return np.asarray(1.0 / (3.0 * root * root))


def _exp_neg_square(x: Array) -> Array:
    high, low = special.square_dd(x, np.zeros_like(x))
    return np.asarray(np.exp(-high) * (1.0 - np.where(high < 2.0 * _scalars.EXP_UNDERFLOW**2, low, 0.0)))


def _normal_cdf(x: Array) -> Array:
    return special.normal_cdf(np.asarray(x), np.zeros_like(x))


def _normal_pdf(x: Array) -> Array:
    return special.normal_pdf(np.asarray(x), np.zeros_like(x), np.ones_like(x))


def _power_log(x: Array, y: Array, logs: int = 1) -> Array:
    return np.where((x == 0.0) & (y > 0.0), 0.0, np.power(x, y) * np.log(x) ** logs)


OPERATIONS: dict[str, Operation] = {
    "add": Operation(operator.add, np.add),
    "sub": Operation(operator.sub, np.subtract),
    "mul": Operation(operator.mul, np.multiply),
    "div": Operation(operator.truediv, np.divide),
    "neg": Operation(operator.neg, np.negative),
    "pow": Operation(math.pow, np.power),
    "sin": Operation(math.sin, np.sin),
    "cos": Operation(math.cos, np.cos),
    "tan": Operation(math.tan, np.tan),
    "asin": Operation(math.asin, np.arcsin),
    "acos": Operation(math.acos, np.arccos),
    "atan": Operation(math.atan, np.arctan),
    "sinh": Operation(math.sinh, np.sinh),
    "cosh": Operation(math.cosh, np.cosh),
    "tanh": Operation(math.tanh, np.tanh),
    "exp": Operation(math.exp, np.exp),
    "log": Operation(math.log, np.log),
    "log2": Operation(math.log2, np.log2),
    "log10": Operation(math.log10, np.log10),
    "log1p": Operation(math.log1p, np.log1p),
    "expm1": Operation(math.expm1, np.expm1),
    "sqrt": Operation(math.sqrt, np.sqrt),
    "cbrt": Operation(_scalars.cbrt, np.cbrt),  # numpy's is within 3 ulp
    "abs": Operation(abs, np.abs),
    "sign": Operation(_scalars.sign, np.sign),
    "step": Operation(_scalars.step, lambda x: np.where(x > 0.0, 1.0, 0.0)),
    "min": Operation(min, _minimum),
    "max": Operation(max, _maximum),
    "sigmoid": Operation(_scalars.sigmoid, special.sigmoid),
    "relu": Operation(_scalars.relu, lambda x: np.maximum(x, 0.0)),
    "softplus": Operation(_scalars.softplus, lambda x: np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))),
    "gelu": Operation(_scalars.gelu, lambda x: x * _normal_cdf(x)),
    "erf": Operation(math.erf, lambda x: special.map_elements(math.erf, np.asarray(x))),
    "logsumexp": Operation(_scalars.logsumexp, _logsumexp),
    # What only derivatives are made of.
    "sigmoid_slope": Operation(_scalars.sigmoid_slope, special.sigmoid_slope),
    "sech2": Operation(_scalars.sech2, special.sech2),
    "cbrt_slope": Operation(_scalars.cbrt_slope, _cbrt_slope),
    "bell": Operation(_scalars.exp_neg_square, _exp_neg_square),
    "normal_cdf": Operation(_scalars.normal_cdf, _normal_cdf),
    "normal_density": Operation(_scalars.normal_pdf, _normal_pdf),
    "power_log": Operation(_scalars.power_log, _power_log),
    "power_log2": Operation(_scalars.power_log2, lambda x, y: _power_log(x, y, 2)),
    # Their answers are lists, of which "item" takes one.
    "softmax": Operation(_scalars.softmax, _softmax),
    "max_shares": Operation(
        lambda *v: _scalars.tie_shares(max(v), *v), lambda *v: _tie_shares(_maximum(*v), *v)
    ),
    "min_shares": Operation(
        lambda *v: _scalars.tie_shares(min(v), *v), lambda *v: _tie_shares(_minimum(*v), *v)
    ),
    "centred": Operation(_scalars.softmax_vjp, _softmax_vjp),
}
LIST_OPERATIONS = frozenset({"softmax", "max_shares", "min_shares", "centred"})
