"""Accurate functions of floats that `math` lacks, twins of the array functions of core.

Sigmoid, gelu, the normal distribution and their slopes stand in numerics/special.py for arrays, softmax
and logsumexp in probability/_softmax.py for rows. A descent evaluates a formula at one point after the
other, and a float is ten times as fast here as in an array of one; tests/core/test_twins.py holds the
twins equal.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from aimath.core import probability
from aimath.core.numerics.double_double import two_prod, two_sum
from aimath.core.numerics.special import NORMAL_PDF_AT_0, SQRT_HALF_DD

if TYPE_CHECKING:
    from collections.abc import Sequence

EXP_UNDERFLOW = 40.0
"""exp(-x²/2) is 0 from here on."""


def sigmoid(x: float) -> float:
    """Return 1 / (1 + exp(-x)).

    >>> sigmoid(0.0), sigmoid(-800.0)
    (0.5, 0.0)
    """
    small = math.exp(-abs(x))
    return (1.0 if x >= 0.0 else small) / (1.0 + small)


def sigmoid_slope(x: float) -> float:
    """Return sigmoid(x) (1 - sigmoid(x)).

    >>> sigmoid_slope(0.0), sigmoid_slope(40.0)
    (0.25, 4.248354255291589e-18)
    """
    small = math.exp(-abs(x))
    return small / ((1.0 + small) * (1.0 + small))


def softplus(x: float) -> float:
    """Return log(1 + exp(x)).

    >>> softplus(-50.0), softplus(800.0)
    (1.9287498479639178e-22, 800.0)
    """
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def cbrt(x: float) -> float:
    """Return the cube root, refined by one Newton step.

    >>> cbrt(-27.0)
    -3.0
    """
    root = math.cbrt(x)
    if not 1e-290 < abs(x) < 1e290:
        return root
    square, low = _multiply_dd(root, root)
    cube, lower = _multiply_dd(square, root)
    return root - (cube - x + lower + low * root) / (3.0 * square)


def cbrt_slope(x: float) -> float:
    """Return the derivative of cbrt, 1 / (3 ∛x²)."""
    root = cbrt(x)
    return 1.0 / (3.0 * root * root)


def relu(x: float) -> float:
    """Return max(x, 0)."""
    return max(0.0, x)


def sign(x: float) -> float:
    """Return -1, 0 or 1."""
    return float((x > 0.0) - (x < 0.0))


def step(x: float) -> float:
    """Return 1 above 0, else 0: the derivative of relu, with torch's choice at 0."""
    return 1.0 if x > 0.0 else 0.0


def sech2(x: float) -> float:
    """Return 1 / cosh(x)², the derivative of tanh, where 1 - tanh(x)² has no digits left.

    >>> sech2(20.0)
    1.6993417021166355e-17
    """
    small = math.exp(-2.0 * abs(x))
    return 4.0 * small / ((1.0 + small) * (1.0 + small))


def exp_neg_square(x: float) -> float:
    """Return exp(-x²), corrected for the rounding of x².

    >>> exp_neg_square(1.0)
    0.36787944117144233
    """
    if abs(x) > EXP_UNDERFLOW:
        return 0.0
    high, low = _multiply_dd(x, x)
    return math.exp(-high) * (1.0 - low)


def normal_pdf(x: float) -> float:
    """Return exp(-x²/2) / √(2π).

    >>> normal_pdf(0.0)
    0.3989422804014327
    """
    if abs(x) > EXP_UNDERFLOW:
        return 0.0
    high, low = _multiply_dd(x, x)
    return math.exp(-0.5 * high) * (1.0 - 0.5 * low) * NORMAL_PDF_AT_0


def normal_cdf(x: float) -> float:
    """Return P(X <= x) of the standard normal distribution, right in the lower tail too.

    >>> normal_cdf(-10.0)
    7.619853024160525e-24
    """
    if abs(x) > EXP_UNDERFLOW:
        return float(x > 0.0)
    a, rest = _multiply_dd(-x, SQRT_HALF_DD[0])
    slope = math.exp(-a * a) * (2.0 / math.sqrt(math.pi))
    return 0.5 * (math.erfc(a) - slope * (rest - x * SQRT_HALF_DD[1]))


def gelu(x: float) -> float:
    """Return x P(X <= x), the exact one (Hendrycks and Gimpel 2016).

    >>> gelu(1.0)
    0.841344746068543
    """
    return x * normal_cdf(x)


def power_log(x: float, y: float) -> float:
    """Return x^y log x, the derivative of x^y by y; its limit 0 at x = 0 < y."""
    return 0.0 if x == 0.0 < y else math.pow(x, y) * math.log(x)


def power_log2(x: float, y: float) -> float:
    """Return x^y log² x, the next derivative by y; its limit 0 at x = 0 < y."""
    return 0.0 if x == 0.0 < y else math.pow(x, y) * math.log(x) ** 2


def tie_shares(chosen: float, *values: float) -> list[float]:
    """Return the partial derivatives of max or min, shared equally by values that tie.

    >>> tie_shares(3.0, 1.0, 3.0, 3.0)
    [0.0, 0.5, 0.5]
    """
    count = values.count(chosen)
    return [1.0 / count if value == chosen else 0.0 for value in values]


def softmax(*values: float) -> list[float]:
    """Return the softmax of values, the gradient of logsumexp.

    >>> softmax(0.0, 0.0)
    [0.5, 0.5]
    """
    weights = _exp_differences(values, max(values))
    total = math.fsum(weights)
    return [weight / total for weight in weights]


def logsumexp(*values: float) -> float:
    """Return log(sum(exp(values))) as max + log1p(sum of the other weights).

    >>> logsumexp(0.0, -40.0)
    4.248354255291589e-18
    """
    at = max(range(len(values)), key=values.__getitem__)
    others = _exp_differences(values[:at] + values[at + 1 :], values[at])
    nats = values[at] + math.log1p(math.fsum(others))
    if values[at] < 0.0 and abs(nats) < -0.5 * values[at]:  # the two cancel: rows know a way
        return float(probability.logsumexp_rows(np.array(values)))
    return nats


def softmax_vjp(probs: Sequence[float], *slopes: float) -> list[float]:
    """Return p_j Σ_i p_i (slope_j - slope_i), the vjp of softmax, without cancellation."""
    if len(probs) > MAX_PAIRWISE:
        mean = math.fsum(p * s for p, s in zip(probs, slopes, strict=True))
        return [p * (s - mean) for p, s in zip(probs, slopes, strict=True)]
    pairs = list(zip(probs, slopes, strict=True))
    return [p * math.fsum(q * (s - t) for q, t in pairs) for p, s in pairs]


MAX_PAIRWISE = 64
"""A softmax of more values is centred by its mean: pair by pair would take quadratic time."""


def _exp_differences(values: Sequence[float], largest: float) -> list[float]:
    """Return exp(value - largest), the rounding of the difference made good."""
    weights = []
    for value in values:
        difference, rest = _subtract_dd(value, largest)
        weights.append(math.exp(difference) * (1.0 + rest) if math.isfinite(difference) else 0.0)
    return weights


def _subtract_dd(x: float, y: float) -> tuple[float, float]:
    """Return x - y in two parts; what holds for arrays holds for floats."""
    return two_sum(x, -y)  # type: ignore[arg-type, return-value]


def _multiply_dd(x: float, y: float) -> tuple[float, float]:
    """Return x * y in two parts."""
    return two_prod(x, y)  # type: ignore[arg-type, return-value]
