"""Diffusion models' forward half: noise schedules, and a vector with noise mixed in."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aimath.core.arrays import Array, Check, quotient, two_prod, two_sum, vectors
from aimath.errors import InputError

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import ArrayLike

Pair = tuple[Array, Array]
"""A number and the rest that its rounding left."""

SCHEDULES = ("linear", "scaled-linear", "cosine")
LARGEST_BETA = 0.999
"""Where the cosine schedule's last step is clipped, in the paper as in diffusers."""

MOST_STEPS = 1_000_000


class Schedule(NamedTuple):
    """How much noise each of T steps adds, and how much signal is left after it."""

    name: str
    T: int
    beta_start: float  # used by the linear schedules
    beta_end: float
    betas: Array  # (T,) variance of the noise that step t adds, inside 0 .. 1
    alpha_bar: Array  # (T,) share of the signal's variance left after step t, falling
    one_minus_alpha_bar: Array  # (T,) variance of the noise by then, rising, with its own digits
    snr: Array  # (T,) alpha_bar / (1 - alpha_bar)

    @property
    def alphas(self) -> Array:
        """(T,) 1 - beta, what a step leaves of the variance."""
        return np.asarray(1.0 - self.betas)

    @property
    def log_snr(self) -> Array:
        """(T,) natural logarithm of the signal-to-noise ratio: 0 where both are equal."""
        return np.log(self.snr)

    def check(self) -> Check:
        """Recompute 1 - alpha_bar step by step: the noise so far shrinks, and each step adds its beta."""
        variance, steps = 0.0, []
        for beta in self.betas.tolist():
            variance += beta * (1.0 - variance)
            steps.append(variance)
        return Check(self.one_minus_alpha_bar, np.array(steps))


def schedule(
    name: str = "linear",
    T: int = 1000,  # noqa: N803
    beta_start: float = 1e-4,
    beta_end: float = 0.02,
) -> Schedule:
    """Give a noise schedule of T steps; step t = 0 .. T-1 is the index into each of its arrays.

    alpha_bar[t] = product of (1 - betas[0 .. t]), so index t is the paper's step t + 1.
    linear: betas evenly from beta_start to beta_end (Ho et al. 2020). scaled-linear: their square
    roots evenly (Rombach et al. 2022). cosine: alpha_bar[t] = f(t + 1) / f(0) with f(s) =
    cos²((s/T + .008) / 1.008 · π/2), the last beta clipped to .999 (Nichol and Dhariwal 2021).
    diffusers counts the same way, in float32; who reads f(t)/f(0) at index t is one step behind.

    >>> schedule("linear").alpha_bar[[0, 500, 999]]
    array([9.99900000e-01, 7.77966584e-02, 4.03582977e-05])
    """
    if name not in SCHEDULES:
        raise InputError(f"schedule '{name}' is not one of {', '.join(SCHEDULES)}", usage=True)
    steps = _whole(T, "T", 1, MOST_STEPS)
    start, end = _beta(beta_start, "beta_start"), _beta(beta_end, "beta_end")
    if name == "cosine":
        betas, left, gone = _cosine(steps)
    else:
        beta, low = _evenly(start, end, steps, square=name == "scaled-linear")
        betas, (left, gone) = beta + low, _products(beta, low)
    return Schedule(name, steps, start, end, betas, left, gone, left / gone)


class Diffuse(NamedTuple):
    """A vector after t + 1 steps of noise, reached in one."""

    x0: Array  # (..., n)
    t: int | None  # 0 .. T-1; None if alpha_bar was given
    T: int | None
    schedule: str | None
    beta_start: float | None
    beta_end: float | None
    noise: Array  # (..., n) standard normal
    alpha_bar: Array  # () share of the variance that is left, 0 .. 1
    one_minus_alpha_bar: Array  # () variance of the noise
    snr: Array  # () their ratio, inf without noise
    noisy: Array  # (..., n)

    @property
    def signal_scale(self) -> Array:
        """() sqrt(alpha_bar), what x0 is multiplied by."""
        return np.asarray(np.sqrt(self.alpha_bar))

    @property
    def noise_scale(self) -> Array:
        """() sqrt(1 - alpha_bar), what the noise is multiplied by."""
        return np.asarray(np.sqrt(self.one_minus_alpha_bar))

    def check(self) -> Check:
        """Recompute by steps that each shrink what is there and add noise; without steps as a rotation."""
        if self.t is None:
            angle = np.arctan2(self.noise_scale, self.signal_scale)
            return Check(self.noisy, np.cos(angle) * self.x0 + np.sin(angle) * self.noise)
        scale, variance = 1.0, 0.0
        for beta in _plan(self).betas[: self.t + 1].tolist():
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
    rng: Generator | None = None,
) -> Diffuse:
    """Mix noise into a vector as a diffusion model's step t does, in one stroke.

    noisy = sqrt(alpha_bar) * x0 + sqrt(1 - alpha_bar) * noise, alpha_bar being the schedule's at the
    0-based index t, or given. The noise is given or drawn from rng. Ho et al. (2020), equation 4.

    >>> diffuse([1, -1], alpha_bar=0.64, noise=[0, 1]).noisy
    array([ 0.8, -0.2])
    """
    x = vectors(x0, "value", operand="x0")
    if (t is None) == (alpha_bar is None):
        raise InputError("give either the step t or alpha_bar", usage=True)
    mixed = _noise(noise, x.shape, rng)
    if alpha_bar is not None:
        left = vectors(alpha_bar, "alpha_bar", operand="alpha_bar").reshape(())
        if not 0.0 <= left <= 1.0:
            raise InputError(f"alpha_bar must be 0 to 1, not {left:g}", operand="alpha_bar")
        return _mixed(Diffuse(x, None, None, None, None, None, mixed, left, 1.0 - left, left, x))
    steps = _whole(T, "T", 1, MOST_STEPS)
    at = _whole(t, "t", 0, steps - 1)
    asked = Diffuse(x, at, steps, schedule, float(beta_start), float(beta_end), mixed, x, x, x, x)
    plan = _plan(asked)
    left, gone = np.asarray(plan.alpha_bar[at]), np.asarray(plan.one_minus_alpha_bar[at])
    return _mixed(asked._replace(alpha_bar=left, one_minus_alpha_bar=gone))


def _plan(asked: Diffuse) -> Schedule:
    return schedule(str(asked.schedule), asked.T or 1, asked.beta_start or 0.0, asked.beta_end or 0.0)


def _mixed(asked: Diffuse) -> Diffuse:
    left, gone = np.asarray(asked.alpha_bar), np.asarray(asked.one_minus_alpha_bar)
    with np.errstate(divide="ignore"):
        snr = np.asarray(np.divide(left, gone))
    noisy = np.sqrt(left) * asked.x0 + np.sqrt(gone) * asked.noise
    return asked._replace(alpha_bar=left, one_minus_alpha_bar=gone, snr=snr, noisy=noisy)


def _noise(noise: ArrayLike | None, shape: tuple[int, ...], rng: Generator | None) -> Array:
    if noise is not None:
        given = vectors(noise, "noise value", operand="noise")
        if given.shape != shape:
            raise InputError(
                f"x0 and noise have lengths {shape[-1]} and {given.shape[-1]}: they must be equal"
            )
        return given
    if rng is None:
        raise InputError("give the noise, or a generator to draw it from", usage=True)
    return rng.standard_normal(shape)


def _whole(value: float | None, name: str, least: int, most: int) -> int:
    if value is None or value != value // 1 or not least <= value <= most:
        raise InputError(f"{name} must be a whole number from {least} to {most}, not {value}", operand=name)
    return int(value)


def _beta(value: float, name: str) -> float:
    if not 0.0 < value < 1.0:
        raise InputError(f"{name} must be above 0 and below 1, not {value:g}", operand=name)
    return float(value)


def _evenly(start: float, end: float, steps: int, *, square: bool) -> tuple[Array, Array]:
    """Give betas from start to end in two parts, evenly spaced themselves or by their square roots."""
    ends = np.array([start, end])
    low = np.zeros(2)
    if square:
        root = np.sqrt(ends)
        h, rest = two_prod(root, root)
        ends, low = root, ((ends - h) - rest) / (2.0 * root)
    t = np.arange(steps, dtype=np.float64)
    back = np.maximum(steps - 1.0, 1.0) - t
    (a, da), (b, db) = two_prod(ends[:1], back), two_prod(ends[1:], t)
    value, rest = two_sum(a, b)
    value, rest = quotient(value, rest + da + db + (low[0] * back + low[1] * t), np.maximum(steps - 1.0, 1.0))
    if square:
        h, more = two_prod(value, value)
        return h, more + 2.0 * value * rest
    return value, rest


def _products(beta: Array, low: Array) -> tuple[Array, Array]:
    """Give the running products of 1 - beta and 1 less each, from products with twice the digits."""
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


HALF_PI = (1.5707963267948966, 6.123233995736766e-17)  # π/2 in two parts


def _cosine(steps: int) -> tuple[Array, Array, Array]:
    """Give betas, alpha_bar and 1 - alpha_bar in closed form, with sines where cosines would cancel."""
    t = np.arange(steps, dtype=np.float64)
    first = _sine(np.array(1000.0 * steps), steps)  # cos of the offset's angle
    after, before = (_sine(1000.0 * (steps - k), steps) for k in (t + 1.0, t))
    ratio = _over(after, first)
    left = _rounded(_times(ratio, ratio))
    bent, turned = _sine(1000.0 * (t + 1.0), steps), _sine(1000.0 * (t + 1.0) + 16.0 * steps, steps)
    gone = _rounded(_times(_over(bent, first), _over(turned, first)))
    bent, turned = _sine(np.array(1000.0), steps), _sine(1000.0 * (2.0 * t + 1.0) + 16.0 * steps, steps)
    betas = _rounded(_times(_over(bent, before), _over(turned, before)))
    betas[-1], left[-1] = LARGEST_BETA, (left[-2] if steps > 1 else 1.0) * (1.0 - LARGEST_BETA)
    gone[-1] = 1.0 - left[-1]
    return betas, left, gone


def _sine(above: Array, steps: int) -> Pair:
    """Give sin(π/2 · above / (1008 steps)), the paper's .008 and 1.008 being 8 and 1008 of a thousand."""
    q, r = quotient(above, np.zeros_like(above), 1008.0 * steps)
    a, rest = two_prod(q, np.asarray(HALF_PI[0]))
    return np.sin(a), np.cos(a) * (rest + r * HALF_PI[0] + q * HALF_PI[1])


def _times(x: Pair, y: Pair) -> Pair:
    h, rest = two_prod(x[0], y[0])
    return h, rest + x[0] * y[1] + x[1] * y[0]


def _rounded(x: Pair) -> Array:
    return np.asarray(x[0] + x[1])


def _over(x: Pair, y: Pair) -> Pair:
    q, r = quotient(*x, y[0])
    return q, r - q * y[1] / y[0]
