"""Noise schedules and the forward process of diffusion models."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.core.numerics.arrays import Check, as_vectors, check_number, check_same_rows
from aimath.core.numerics.double_double import divide_dd, sqrt_dd, two_prod, two_sum
from aimath.core.numerics.random import standard_normal
from aimath.core.numerics.types import Array, never_infinite
from aimath.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from aimath.core.numerics.axes import ImagesOrVectors, PerStep, Scalar


DoubleDouble = tuple[Array, Array]
"""A number and the rest that its rounding left."""
NOISE_SCHEDULES = ("linear", "scaled-linear", "cosine")
MAX_BETA = 0.999
"""Where the cosine schedule's last step is clipped, in the paper as in diffusers."""


class NoiseSchedule(NamedTuple):
    """A noise schedule of T steps."""

    name: str
    T: int
    beta_start: float  # used by the linear schedules
    beta_end: float
    betas: PerStep  # variance of the noise that step t adds, inside 0 .. 1
    alpha_bar: PerStep  # share of the signal's variance left after step t, falling
    one_minus_alpha_bar: PerStep  # variance of the noise by then, rising, with its own digits
    snr: PerStep  # alpha_bar / (1 - alpha_bar)

    def check(self) -> Check:
        """Return 1 - alpha_bar beside its step-by-step recurrence."""
        variance, steps = 0.0, []
        for beta in self.betas.tolist():
            variance += beta * (1.0 - variance)
            steps.append(variance)
        return Check(self.one_minus_alpha_bar, np.array(steps))


def noise_schedule(
    name: str = "linear",
    T: int = 1000,  # noqa: N803
    beta_start: float = 1e-4,
    beta_end: float = 0.02,
) -> NoiseSchedule:
    """Return a noise schedule of T steps; step t = 0 .. T-1 is the index into each of its arrays.

    alpha_bar[t] = product of (1 - betas[0 .. t]), so index t is the paper's step t + 1.
    linear: betas evenly from beta_start to beta_end (Ho et al. 2020). scaled-linear: their square
    roots evenly (Rombach et al. 2022). cosine: alpha_bar[t] = f(t + 1) / f(0) with f(s) =
    cos²((s/T + .008) / 1.008 · π/2), the last beta clipped to .999 (Nichol and Dhariwal 2021).
    diffusers counts the same way, in float32; who reads f(t)/f(0) at index t is one step behind.

    >>> noise_schedule("linear").alpha_bar[[0, 500, 999]]
    array([9.99900000e-01, 7.77966584e-02, 4.03582977e-05])
    """
    if name not in NOISE_SCHEDULES:
        raise InputError(f"schedule '{name}' is not one of {', '.join(NOISE_SCHEDULES)}", usage=True)
    steps = _check_integer(T, "T", 1, 1_000_000)
    start = check_number("beta_start", beta_start, "above 0 and below 1")
    end = check_number("beta_end", beta_end, "above 0 and below 1")
    if name == "cosine":
        betas, left, gone = _cosine_schedule(steps)
    else:
        beta, low = _linspace_dd(start, end, steps, square=name == "scaled-linear")
        betas, (left, gone) = beta + low, _cumprod_dd(beta, low)
    with np.errstate(over="ignore"):
        return NoiseSchedule(name, steps, start, end, betas, left, gone, left / gone)


@never_infinite("noisy")
class Diffuse(NamedTuple):
    """A vector after t + 1 steps of noise, reached in one."""

    x0: ImagesOrVectors
    t: int | None  # 0 .. T-1; None if alpha_bar was given
    T: int | None
    schedule: str | None
    beta_start: float | None
    beta_end: float | None
    noise: ImagesOrVectors  # standard normal
    alpha_bar: Scalar  # share of the variance that is left, 0 .. 1
    one_minus_alpha_bar: Scalar  # variance of the noise
    snr: Scalar  # their ratio, inf without noise
    noisy: ImagesOrVectors

    @property
    def signal_scale(self) -> Scalar:
        """sqrt(alpha_bar), what x0 is multiplied by."""
        return np.asarray(np.sqrt(self.alpha_bar))

    @property
    def noise_scale(self) -> Scalar:
        """sqrt(1 - alpha_bar), what the noise is multiplied by."""
        return np.asarray(np.sqrt(self.one_minus_alpha_bar))

    @np.errstate(over="ignore", invalid="ignore")
    def check(self) -> Check:
        """Return noisy beside the step-by-step process; without steps beside a rotation."""
        if self.t is None:
            angle = np.arctan2(self.noise_scale, self.signal_scale)
            return Check(self.noisy, np.cos(angle) * self.x0 + np.sin(angle) * self.noise)
        given: Any = self  # where t is given, the schedule is
        plan = noise_schedule(given.schedule, given.T, given.beta_start, given.beta_end)
        scale, variance = 1.0, 0.0
        for beta in plan.betas[: self.t + 1].tolist():
            scale, variance = scale * (1.0 - beta) ** 0.5, (1.0 - beta) * variance + beta
        return Check(self.noisy, scale * self.x0 + variance**0.5 * self.noise)


def diffuse(
    x0: ArrayLike,
    t: int | None = None,
    T: int = 1000,  # noqa: N803
    schedule: str = "linear",
    beta_start: float = 1e-4,
    beta_end: float = 0.02,
    alpha_bar: float | None = None,
    noise: ArrayLike | None = None,
    image: bool = False,
    seed: int = 0,
) -> Diffuse:
    """Return x0 with the noise of step t of a diffusion model added, q(x_t | x_0).

    noisy = sqrt(alpha_bar) * x0 + sqrt(1 - alpha_bar) * noise, alpha_bar being the schedule's at the
    0-based index t, or given. The noise may be one row for all; unless given it is drawn, a stream of
    random numbers for each row, or with `image` for the last two axes together. Ho et al. (2020),
    equation 4.

    >>> diffuse([1, -1], alpha_bar=0.64, noise=[0, 1]).noisy
    array([ 0.8, -0.2])
    """
    x = as_vectors(x0, "value", operand="x0")
    if (t is None) == (alpha_bar is None):
        raise InputError("give either the step t or alpha_bar", usage=True)
    if noise is None:
        noise = _draw_noise(x.shape, 2 if image else 1, seed)
    mixed = as_vectors(noise, "noise value", operand="noise")
    check_same_rows(x, mixed, ("x0", "noise"))
    x, mixed = np.broadcast_arrays(x, mixed)
    if alpha_bar is None:
        return _diffuse_at_step(x, mixed, t, schedule, T, beta_start, beta_end)
    left = as_vectors(alpha_bar, "alpha_bar", operand="alpha_bar").reshape(())
    if not 0.0 <= left <= 1.0:
        raise InputError("{operand} must be 0 to 1, not {value:g}", operand="alpha_bar", value=left)
    return _mix_noise(x, mixed, left, 1.0 - left)


def _diffuse_at_step(
    x: Array, noise: Array, t: int | None, name: str, steps: int, start: float, end: float
) -> Diffuse:
    plan = noise_schedule(name, steps, start, end)
    at = _check_integer(t, "t", 0, plan.T - 1)
    return _mix_noise(x, noise, plan.alpha_bar[at], plan.one_minus_alpha_bar[at], at, plan)


def _mix_noise(
    x: Array,
    noise: Array,
    alpha_bar: Array,
    one_minus_alpha_bar: Array,
    t: int | None = None,
    schedule: NoiseSchedule | None = None,
) -> Diffuse:
    how: tuple[int | None, str | None, float | None, float | None] = (None, None, None, None)
    if schedule is not None:
        how = (schedule.T, schedule.name, schedule.beta_start, schedule.beta_end)
    with np.errstate(divide="ignore", over="ignore"):
        alpha_bar, one_minus_alpha_bar, snr = (
            np.asarray(share)
            for share in (alpha_bar, one_minus_alpha_bar, np.divide(alpha_bar, one_minus_alpha_bar))
        )
        noisy = np.sqrt(alpha_bar) * x + np.sqrt(one_minus_alpha_bar) * noise
    return Diffuse(x, t, *how, noise, alpha_bar, one_minus_alpha_bar, snr, noisy)


def _draw_noise(shape: tuple[int, ...], axes: int, seed: int) -> Array:
    """Return standard normal samples (..., *), each block of the last `axes` from a stream of its own."""
    lead, each = shape[:-axes], shape[-axes:]
    return standard_normal(seed, range(1, math.prod(lead) + 1), each).reshape(shape)


def _check_integer(value: float | None, name: str, minimum: int, maximum: int) -> int:
    if value is None or value != value // 1 or not minimum <= value <= maximum:
        raise InputError(
            "{operand} must be a whole number from {minimum} to {maximum}, not {value}",
            operand=name,
            minimum=minimum,
            maximum=maximum,
            value=value,
        )
    return int(value)


def _linspace_dd(start: float, end: float, steps: int, *, square: bool) -> tuple[Array, Array]:
    """Return betas from start to end as double-doubles, evenly spaced or by their square roots."""
    ends = np.array([start, end])
    low = np.zeros(2)
    if square:
        ends, low = sqrt_dd(ends, low)
    t, last = np.arange(steps, dtype=np.float64), max(steps - 1.0, 1.0)
    back = last - t
    (a, da), (b, db) = two_prod(ends[:1], back), two_prod(ends[1:], t)
    value, rest = two_sum(a, b)
    value, rest = divide_dd(value, rest + da + db + (low[0] * back + low[1] * t), last)
    if square:
        h, more = two_prod(value, value)
        return h, more + 2.0 * value * rest
    return value, rest


def _cumprod_dd(beta: Array, low: Array) -> tuple[Array, Array]:
    """Return the cumulative products of 1 - beta, and 1 less each, with double-double precision."""
    high, rest = two_sum(np.ones_like(beta), -beta)
    rest -= low
    reach = 1
    while reach < len(beta):  # after each round an entry holds the product of twice as many factors
        p, e = two_prod(high[reach:], high[:-reach])
        e += high[reach:] * rest[:-reach] + rest[reach:] * high[:-reach]
        high[reach:], rest[reach:] = two_sum(p, e)
        reach *= 2
    one, lost = two_sum(np.ones_like(high), -high)
    return high, one + (lost - rest)


HALF_PI_DD = (1.5707963267948966, 6.123233995736766e-17)  # π/2 in two parts


def _cosine_schedule(steps: int) -> tuple[Array, Array, Array]:
    """Return betas, alpha_bar and 1 - alpha_bar in closed form, with sines where cosines would cancel."""
    t = np.arange(steps, dtype=np.float64)
    first = _sin_dd(np.array(1000.0 * steps), steps)  # cos of the offset's angle
    after, before = (_sin_dd(1000.0 * (steps - k), steps) for k in (t + 1.0, t))
    ratio = _divide_dd_dd(after, first)
    left = np.add(*_multiply_dd(ratio, ratio))
    bent, turned = _sin_dd(1000.0 * (t + 1.0), steps), _sin_dd(1000.0 * (t + 1.0) + 16.0 * steps, steps)
    gone = np.add(*_multiply_dd(_divide_dd_dd(bent, first), _divide_dd_dd(turned, first)))
    bent, turned = _sin_dd(np.array(1000.0), steps), _sin_dd(1000.0 * (2.0 * t + 1.0) + 16.0 * steps, steps)
    betas = np.add(*_multiply_dd(_divide_dd_dd(bent, before), _divide_dd_dd(turned, before)))
    betas[-1], left[-1] = MAX_BETA, (left[-2] if steps > 1 else 1.0) * (1.0 - MAX_BETA)
    gone[-1] = 1.0 - left[-1]
    return betas, left, gone


def _sin_dd(above: Array, steps: int) -> DoubleDouble:
    """Return sin(π/2 · above / (1008 steps)), the paper's .008 and 1.008 being 8 and 1008 of a thousand."""
    q, r = divide_dd(above, np.zeros_like(above), 1008.0 * steps)
    a, rest = two_prod(q, np.asarray(HALF_PI_DD[0]))
    return np.sin(a), np.cos(a) * (rest + r * HALF_PI_DD[0] + q * HALF_PI_DD[1])


def _multiply_dd(x: DoubleDouble, y: DoubleDouble) -> DoubleDouble:
    h, rest = two_prod(x[0], y[0])
    return h, rest + x[0] * y[1] + x[1] * y[0]


def _divide_dd_dd(x: DoubleDouble, y: DoubleDouble) -> DoubleDouble:
    q, r = divide_dd(*x, y[0])
    return q, r - q * y[1] / y[0]
