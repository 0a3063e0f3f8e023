"""Elementary functions in fixed point: integers in units of 2^-bits, of any length.

Every function returns what is within two units of the truth of its argument. Arguments are halved
until few terms of a Taylor series suffice; inverses are found by Halley's method, which triples
the digits that are right (Brent and Zimmermann 2010, chapter 4).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

SEED = 45
"""Bits of a double's own logarithm or arc tangent that are relied on."""


def shift(x: int, n: int) -> int:
    """Return x * 2^n, rounded down.

    >>> shift(5, 2), shift(5, -1)
    (20, 2)
    """
    return x << n if n >= 0 else x >> -n


def exp(x: int, bits: int) -> int:
    """Return the exponential of 0 <= x < 1.

    >>> exp(1 << 59, 60) / 2**60  # exp(1/2)
    1.6487212707001282
    """
    halvings = math.isqrt(bits) * 2 // 3 + 1
    work = bits + halvings + bits.bit_length() + 4  # every squaring doubles what rounding has done
    x <<= work - bits - halvings
    total = term = 1 << work
    n = 1
    while term := (term * x >> work) // n:
        total += term
        n += 1
    for _ in range(halvings):
        total = total * total >> work
    return total >> work - bits


def sin_cos(x: int, bits: int) -> tuple[int, int]:
    """Return sine and cosine of 0 <= x < 1.

    >>> sin, cos = sin_cos(1 << 59, 60)
    >>> sin / 2**60, cos / 2**60
    (0.479425538604203, 0.8775825618903728)
    """
    halvings = math.isqrt(bits) // 2 + 1
    work = bits + 2 * halvings + bits.bit_length() + 4  # a doubling makes errors at most 4 times as large
    x <<= work - bits - halvings
    square = x * x >> work
    sin = term = x
    n = 2
    while term := (term * square >> work) // (n * (n + 1)):
        sin += term if n % 4 == 0 else -term
        n += 2
    cos = term = 1 << work
    n = 1
    while term := (term * square >> work) // (n * (n + 1)):
        cos += term if n % 4 == 3 else -term
        n += 2
    for _ in range(halvings):
        sin, cos = sin * cos >> work - 1, (1 << work) - (sin * sin >> work - 1)
    return sin >> work - bits, cos >> work - bits


def log(x: int, bits: int) -> int:
    """Return the natural logarithm of 1 <= x < 2.

    >>> log(3 << 59, 60) / 2**60  # log(3/2)
    0.4054651081081644
    """

    def nearer(y: int, work: int) -> int:  # log x - y = log(x / exp(y)) = 2 atanh(z), z = (x - e) / (x + e)
        there, e = shift(x, work - bits), exp(y, work)
        return ((there - e) << work + 1) // (there + e)

    return _halley(math.log(x / (1 << bits)), nearer, bits)


def atan(x: int, bits: int) -> int:
    """Return the arc tangent of 0 <= x <= 1.

    >>> 4 * atan(1 << 60, 60) / 2**60
    3.141592653589793
    """

    def nearer(y: int, work: int) -> int:  # atan x - y = atan((x cos y - sin y) / (cos y + x sin y))
        there = shift(x, work - bits)
        sin, cos = sin_cos(y, work)
        return ((there * cos >> work) - sin << work) // (cos + (there * sin >> work))

    return _halley(math.atan(x / (1 << bits)), nearer, bits)


def _halley(seed: float, nearer: Callable[[int, int], int], bits: int) -> int:
    """Return a root, from a seed, by corrections that are wrong by no more than their cube."""
    goals = [bits + 6]
    while goals[-1] > SEED:
        goals.append(goals[-1] // 3 + 3)
    work = goals.pop()
    y = max(int(math.ldexp(seed, work)), 0)
    while goals:
        goal = goals.pop()
        y = max(shift(y, goal - work), 0)
        work = goal
        step = nearer(y, work)
        y += step
        if not goals and 3 * step.bit_length() > 2 * work:  # the seed was worse than it should be
            goals.append(work)
    return y >> work - bits


_kept: dict[str, tuple[int, int]] = {}


def _constant(name: str, bits: int, compute: Callable[[int], int]) -> int:
    """Return a constant, computed once for the most bits that were asked for."""
    value, known = _kept.get(name, (0, 0))
    if known < bits:
        known = max(bits, known * 3 // 2, 200)
        value = compute(known)
        _kept[name] = value, known
    return value >> known - bits


def log2(bits: int) -> int:
    """Return log(2).

    >>> log2(60) / 2**60
    0.6931471805599453
    """
    # 18 atanh(1/26) - 2 atanh(1/4801) + 8 atanh(1/8749)
    return _constant("log 2", bits, lambda b: _machin(((18, 26), (-2, 4801), (8, 8749)), 1, b))


def pi(bits: int) -> int:
    """Return π.

    >>> pi(60) / 2**60
    3.141592653589793
    """
    # 16 atan(1/5) - 4 atan(1/239): Machin (1706)
    return _constant("pi", bits, lambda b: _machin(((16, 5), (-4, 239)), -1, b))


def _machin(terms: tuple[tuple[int, int], ...], sign: int, bits: int) -> int:
    """Return Σ factor * atanh(1/n), or with sign -1 Σ factor * atan(1/n)."""
    work = bits + bits.bit_length() + 10
    total = 0
    for factor, n in terms:
        power, k, s = (factor << work) // n, 1, 1
        while power:
            total += s * (power // k)
            power //= n * n
            k, s = k + 2, s * sign
            if power in (0, -1):
                break
    return total >> work - bits
