"""Special functions of arrays: the normal distribution and activation functions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from aimath.core.numerics.double_double import scaled_difference, two_prod, two_sum
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aimath.core.numerics.types import Array

LN2_DD = (0.6931471803691238, 1.9082149292705877e-10)  # the first has 32 bits: k * it is exact
SQRT_HALF_DD = (0.7071067811865476, -4.833646656726457e-17)  # 1/√2 in two parts
NORMAL_PDF_AT_0 = 0.3989422804014327  # 1/√(2π)


def standardize(x: Array, mu: Array, sigma: Array) -> tuple[Array, Array]:
    """Return the z-score (x - mu) / sigma as a double-double; an infinite x gives an infinite z.

    >>> standardize(np.array(1.0), np.array(0.0), np.array(3.0))
    (array(0.33333333), array(1.85037171e-17))
    """
    return scaled_difference(x, mu, sigma)


def square_dd(z: Array, dz: Array) -> tuple[Array, Array]:
    """Return (z + dz)² as a double-double, inf where exp(-z²) is 0."""
    with np.errstate(all="ignore"):
        h, low = two_prod(z, z)
        return np.asarray(h), np.where(np.isfinite(low) & (h < 1e300), low + 2.0 * z * dz, 0.0)


def normal_pdf(z: Array, dz: Array, sigma: Array) -> Array:
    """Return the normal pdf exp(-z²/2) / (sigma √(2π)).

    >>> normal_pdf(np.array(1.0), np.array(0.0), np.array(2.0))
    array(0.12098536)
    """
    h, low = square_dd(z, dz)
    with np.errstate(all="ignore"):
        t = np.maximum(-0.5 * h, -3000.0)
        k = np.rint(t / LN2_DD[0])
        r = (t - k * LN2_DD[0]) - k * LN2_DD[1]
        unit, power = np.frexp(sigma)
        value = np.exp(r) * (1.0 - 0.5 * low) * NORMAL_PDF_AT_0 / unit
        return np.asarray(np.ldexp(value, k.astype(np.int32) - power))


def normal_cdf(z: Array, dz: Array) -> Array:
    """Return the standard normal cdf P(Z <= z + dz), accurate in the lower tail.

    >>> normal_cdf(np.array(-10.0), np.array(0.0))
    array(7.61985302e-24)
    """
    with np.errstate(all="ignore"):
        a, rest = two_prod(-z, np.asarray(SQRT_HALF_DD[0]))
        rest = np.where(np.isfinite(rest), rest - z * SQRT_HALF_DD[1] - dz * SQRT_HALF_DD[0], 0.0)
        slope = np.exp(-a * a) * (2.0 / math.sqrt(math.pi))
        return np.asarray(0.5 * (map_elements(math.erfc, a) - slope * rest))


DEEP_TAIL = -37.0
"""Below so many sigmas the cdf nears the least normal float, and a short series has all its digits."""


def log_normal_cdf(z: Array, dz: Array) -> Array:
    """Return log P(Z <= z + dz) in nats, where the cdf itself is 0 or 1 too.

    >>> log_normal_cdf(np.array([-100.0, 10.0]), np.zeros(2))
    array([-5.00552421e+03, -7.61985302e-24])
    """
    with np.errstate(all="ignore"):
        h, low = square_dd(z, dz)
        rest = np.log(-z / NORMAL_PDF_AT_0) - np.log1p(_mills_series(z)) + 0.5 * low
        deep = np.where(z == -np.inf, -np.inf, -0.5 * h - rest)
        upper = np.log1p(-normal_cdf(-z, -dz))
        found = np.where(z > 0.0, upper, np.log(normal_cdf(z, dz)))
        return np.asarray(np.where(z < DEEP_TAIL, deep, found) + 0.0)


def _mills_series(z: Array) -> Array:
    """Return |z| P(Z <= z) / density - 1 of z below -35, by its asymptotic series in 1/z²."""
    v = 1.0 / (z * z)
    return -v * (1.0 - v * (3.0 - v * (15.0 - v * (105.0 - v * 945.0))))


def map_elements(function: Callable[[float], float], x: Array) -> Array:
    """Return function(x) for every element."""
    return np.fromiter(map(function, x.ravel().tolist()), np.float64, x.size).reshape(x.shape)


def normal_quantile(p: Array) -> tuple[Array, Array]:
    """Return the standard normal quantile of p as a double-double: -inf at 0, inf at 1.

    Wichura's AS 241 (1988), then one step of Newton: on erf near the middle, on the lower tail
    outside, on its logarithm where the tail itself is too small to be told from its neighbours.

    >>> normal_quantile(np.array(0.975))[0]
    array(1.95996398)
    """
    with np.errstate(all="ignore"):
        upper = p > 0.5
        tail = np.where(upper, 1.0 - p, p)  # exact: no digit of 1 - p is lost above 0.5
        z = _as241(tail)
        step = np.empty_like(z)
        middle, deep = tail >= 0.25, tail < 1e-280
        between = ~(middle | deep)
        step[middle] = _newton_on_erf(z[middle], tail[middle])
        step[between] = _newton_on_tail(z[between], tail[between])
        step[deep] = _newton_on_log_tail(z[deep], tail[deep])
        ends = tail == 0.0
        z, step = np.where(ends, -np.inf, z), np.where(ends, 0.0, step)
        z, step = two_sum(z, -step)
        step = np.where(np.isfinite(step), step, 0.0)
        return np.where(upper, -z, z), np.where(upper, -step, step)


def _newton_on_erf(z: Array, p: Array) -> Array:
    half = 0.5 * map_elements(math.erf, z * SQRT_HALF_DD[0])
    return (half - (p - 0.5)) / normal_pdf(z, np.zeros_like(z), np.ones_like(z))


def _newton_on_tail(z: Array, p: Array) -> Array:
    zero = np.zeros_like(z)
    return (normal_cdf(z, zero) - p) / normal_pdf(z, zero, zero + 1.0)


def _newton_on_log_tail(z: Array, p: Array) -> Array:
    """Return the step for log P: below -35 the tail is density / |z| times a short series in 1/z²."""
    series = _mills_series(z)
    log_tail = -0.5 * z * z - np.log(-z / NORMAL_PDF_AT_0) + np.log1p(series)
    return (log_tail - np.log(p)) * (1.0 + series) / -z


def _as241(p: Array) -> Array:
    """Return the quantile of 0 < p <= 1/2 to about 1e-16 (Wichura 1988, AS 241, PPND16)."""
    q = p - 0.5
    r = np.sqrt(-np.log(p))
    centre = q * _rational(0.180625 - q * q, *AS241_CENTRE)
    near, far = _rational(r - 1.6, *AS241_TAIL), _rational(r - 5.0, *AS241_FAR_TAIL)
    return np.where(q >= -0.425, centre, -np.where(r <= 5.0, near, far))


def _rational(x: Array, numerator: Sequence[float], denominator: Sequence[float]) -> Array:
    return np.asarray(np.polyval(numerator, x) / np.polyval(denominator, x))


AS241_CENTRE = (
    (2509.0809287301227, 33430.57558358813, 67265.7709270087, 45921.95393154987,
     13731.69376550946, 1971.5909503065513, 133.14166789178438, 3.3871328727963665),
    (5226.495278852854, 28729.085735721943, 39307.89580009271, 21213.794301586597,
     5394.196021424751, 687.1870074920579, 42.31333070160091, 1.0),
)  # fmt: skip
AS241_TAIL = (
    (0.0007745450142783414, 0.022723844989269184, 0.2417807251774506, 1.2704582524523684,
     3.6478483247632045, 5.769497221460691, 4.630337846156546, 1.4234371107496835),
    (1.0507500716444169e-09, 0.0005475938084995345, 0.015198666563616457, 0.14810397642748008,
     0.6897673349851, 1.6763848301838038, 2.053191626637759, 1.0),
)  # fmt: skip
AS241_FAR_TAIL = (
    (2.0103343992922881e-07, 2.7115555687434876e-05, 0.0012426609473880784, 0.026532189526576124,
     0.29656057182850487, 1.7848265399172913, 5.463784911164114, 6.657904643501103),
    (2.0442631033899397e-15, 1.421511758316446e-07, 1.8463183175100548e-05, 0.0007868691311456133,
     0.014875361290850615, 0.1369298809227358, 0.599832206555888, 1.0),
)  # fmt: skip


def sigmoid(z: Array, z_low: Array | None = None) -> Array:
    """Return 1 / (1 + exp(-z)), whose exponential never overflows; `z_low` is what rounding took from z.

    >>> sigmoid(np.array([0.0, -800.0]))
    array([0.5, 0. ])
    """
    with np.errstate(under="ignore"):
        small = np.exp(-np.abs(z))
        if z_low is not None:
            small -= small * np.copysign(1.0, z) * z_low
        return np.asarray(np.where(z >= 0.0, 1.0, small) / (1.0 + small))


def sigmoid_slope(z: Array) -> Array:
    """Return the derivative of sigmoid, s(z) s(-z), where s (1 - s) has no digits left.

    >>> sigmoid_slope(np.array([0.0, 40.0]))
    array([2.50000000e-01, 4.24835426e-18])
    """
    small = np.exp(-np.abs(z))
    whole = 1.0 + small
    return np.asarray(small / (whole * whole))


def sech2(z: Array) -> Array:
    """Return 1 / cosh(z)², the derivative of tanh, where 1 - tanh(z)² has no digits left."""
    return 4.0 * sigmoid_slope(2.0 * z)


def gelu(z: Array, z_low: Array | None = None) -> Array:
    """Return z P(Z <= z) with the normal distribution itself, not the approximation by tanh.

    `z_low` is what rounding took from z: far below 0 it matters more than z² times.

    >>> gelu(np.array([0.0, 1.0]))
    array([0.        , 0.84134475])
    """
    with np.errstate(under="ignore"):
        return np.asarray(z * normal_cdf(z, np.zeros_like(z) if z_low is None else z_low) + 0.0)


ACTIVATIONS: dict[str, Callable[..., Array]] = {
    "none": np.asarray,
    "relu": lambda z: np.maximum(z, 0.0),
    "tanh": np.tanh,
    "sigmoid": sigmoid,
    "gelu": gelu,
}
ROUNDING_SENSITIVE = frozenset({"sigmoid", "gelu"})
"""Activations with tails that show what rounding took from a sum."""


def activate(z: Array, activation: str, z_low: Array | None = None) -> Array:
    """Return the activation of that name of z (...).

    relu: max(z, 0) (Fukushima 1969). gelu: z Φ(z) (Hendrycks and Gimpel 2016), torch's default; GPT-2
    has the approximation by tanh, which differs by up to 5e-4.
    """
    if activation not in ACTIVATIONS:
        why = f"activation '{activation}' is not one of {', '.join(ACTIVATIONS)}"
        raise InputError(why, usage=True)
    return np.asarray(ACTIVATIONS[activation](*((z, z_low) if activation in ROUNDING_SENSITIVE else (z,))))
