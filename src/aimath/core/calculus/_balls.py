"""Ball arithmetic: numbers that are known up to a radius, with as many bits as are asked for.

A ball (m, r, e) is every number within r * 2^e of m * 2^e, all three being integers: what is exact
has the radius 0, doubles are exact at any precision, and exponents have no end. The rules give
balls that hold every result of numbers from their operands (van der Hoeven 2009; Johansson 2017).
"""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING

from aimath.core.calculus import _fixed_point as fixed
from aimath.core.calculus._fixed_point import shift

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Ball = tuple[int, int, int]

RADIUS = 30
"""Bits of a radius; what a midpoint has beyond them means nothing."""
LARGEST = 5000
"""Exponentials are computed of arguments below 2^5000, which is 10^1505."""
POWERS = 4096
"""The largest exponent of a power that is a product."""
ZERO, ONE = (0, 0, 0), (1, 0, 0)


class UndecidedError(ArithmeticError):
    """A sign is not known: more digits may tell."""


class UndefinedError(ArithmeticError):
    """There is no value for certain."""


class TooLargeError(ArithmeticError):
    """A number is too large to be worked with."""


def ball(x: float) -> Ball:
    """Return a float as a ball, exactly.

    >>> ball(0.75)
    (3, 0, -2)
    """
    m, d = x.as_integer_ratio()
    return m, 0, 1 - d.bit_length()


def nearest(m: int, e: int) -> float:
    """Return the float next to m * 2^e, inf if that is beyond float64; 0 is never -0.

    >>> nearest(3, -2), nearest(1, -1075), nearest(1, 1024)
    (0.75, 0.0, inf)
    """
    size = abs(m)
    n = size.bit_length()
    if not n or n + e < -1080:
        return 0.0
    if n + e > 1025:
        return math.inf if m > 0 else -math.inf
    if n > 2200:  # the last bit says whether anything was below
        low = n - 2200
        size = size >> low | (size & ((1 << low) - 1) > 0)
        e += low
    try:
        value = float(size << e) if e >= 0 else size / (1 << -e)  # rounded once, also to a subnormal
    except OverflowError:
        value = math.inf
    return -value if m < 0 and value else value


def rounded(a: Ball) -> float | None:
    """Return the float next to every number of a ball, None if there are several.

    >>> rounded((1 << 60, 1, -60)), rounded((0, 1, -60))
    (1.0, None)
    """
    m, r, e = a
    high = nearest(m + r, e)
    return high if not r or nearest(m - r, e) == high else None


def middle(a: Ball) -> float:
    """Return the float next to the middle of a ball."""
    return nearest(a[0], a[2])


def top(a: Ball) -> int:
    """Return a power of two above a ball's numbers: all are below 2^top."""
    m, r, e = a
    return (abs(m) + r).bit_length() + e if m or r else -sys.maxsize


def sign(a: Ball) -> int:
    """Return the sign of a ball's numbers: -1, 0 or 1."""
    m, r, _ = a
    if m > r:
        return 1
    if -m > r:
        return -1
    if m or r:
        raise UndecidedError
    return 0


class Balls:
    """Arithmetic and elementary functions of balls with so many bits.

    With `final` what can't be told from 0 is taken for 0 where a sign is asked for.
    """

    def __init__(self, bits: int, *, final: bool = False) -> None:
        self.bits, self.final = bits, final
        self._finer: dict[int, Balls] = {}
        self._known: dict[tuple[str, Ball], Ball] = {}
        self._circles: dict[Ball, tuple[Ball, Ball]] = {}

    def sign(self, a: Ball) -> int:
        """Return -1, 0 or 1."""
        if self.final and abs(a[0]) <= a[1]:
            return 0
        return sign(a)

    def finer(self, more: int) -> Balls:
        """Return arithmetic with more bits."""
        if more not in self._finer:
            self._finer[more] = Balls(self.bits + more)
        return self._finer[more]

    def fit(self, m: int, r: int, e: int) -> Ball:
        """Return a ball with no more bits than these, around another."""
        n = m.bit_length() - self.bits
        if r:
            n = max(n, r.bit_length() - RADIUS)
            return (m >> n, (r >> n) + 2, e + n) if n > 0 else (m, r, e)
        if n <= 0:
            return m, 0, e
        low = m >> n
        return low, int(low << n != m), e + n

    def neg(self, a: Ball) -> Ball:
        """Return -a."""
        return -a[0], a[1], a[2]

    def abs(self, a: Ball) -> Ball:
        """Return |a|."""
        return abs(a[0]), a[1], a[2]

    def add(self, a: Ball, b: Ball) -> Ball:
        """Return a + b."""
        am, ar, ae = a
        bm, br, be = b
        if ae < be:
            am, ar, ae, bm, br, be = bm, br, be, am, ar, ae
        if not (am or ar):
            return self.fit(bm, br, be)
        d = ae - be
        room = max(self.bits + 4 - max(am.bit_length(), ar.bit_length()), 0)
        if d - max(bm.bit_length(), br.bit_length()) > room:  # b is below the last bit of the sum
            if not (bm or br):
                return self.fit(am, ar, ae)
            return self.fit(am << room, (ar << room) + 1, ae - room)
        return self.fit((am << d) + bm, (ar << d) + br, be)

    def sub(self, a: Ball, b: Ball) -> Ball:
        """Return a - b, which is 0 for one and the same number."""
        return ZERO if a is b else self.add(a, (-b[0], b[1], b[2]))

    def mul(self, a: Ball, b: Ball) -> Ball:
        """Return a * b."""
        am, ar, ae = a
        bm, br, be = b
        r = abs(am) * br + ar * (abs(bm) + br) if ar or br else 0
        return self.fit(am * bm, r, ae + be)

    def div(self, a: Ball, b: Ball) -> Ball:
        """Return a / b."""
        am, ar, ae = a
        bm, br, be = b
        size = abs(bm)
        if size <= br:
            if br:
                raise UndecidedError
            raise UndefinedError
        if not (am or ar):
            return ZERO
        n = max(self.bits + 2 + size.bit_length() - max(am.bit_length(), ar.bit_length()), 0)
        q, rest = divmod(am << n, bm)
        r = ((ar << n) + (abs(q) + 1) * br) // (size - br) + 2 if ar or br else int(rest != 0)
        return self.fit(q, r, ae - be - n)

    def scale(self, a: Ball, n: int) -> Ball:
        """Return a * 2^n."""
        return a[0], a[1], a[2] + n

    def square(self, a: Ball) -> Ball:
        """Return a²."""
        m, r, e = a
        return self.fit(m * m, r * (2 * abs(m) + r), 2 * e)

    def sqrt(self, a: Ball) -> Ball:
        """Return √a."""
        m, r, e = a
        if not (m or r):
            return ZERO
        if m + r < 0:
            raise UndefinedError
        if m <= r:
            raise UndecidedError
        n = max(2 * self.bits + 4 - m.bit_length(), 0)
        n += (e - n) & 1
        root = math.isqrt(m << n)
        radius = (r << n) // root + 2 if r else int(root * root != m << n)
        return self.fit(root, radius, (e - n) // 2)

    def cbrt(self, a: Ball) -> Ball:
        """Return ∛a."""
        m, r, e = a
        size = abs(m)
        if not (m or r):
            return ZERO
        if size <= 2 * r:  # all of it is no further from 0 than that of the upper end
            above = self.cbrt((size + r, 0, e))
            return 0, above[0] + above[1], above[2]
        n = max(3 * self.bits + 6 - size.bit_length(), 0)
        n += (e - n) % 3
        root = _cube_root(size << n)
        # |∛x - ∛m| is at most |x - m| / ∛m², for x on the same side of 0.
        radius = (r << n) // (root * root) + 2 if r else int(root**3 != size << n)
        return self.fit(root if m > 0 else -root, radius, (e - n) // 3)

    def largest(self, values: Sequence[Ball]) -> Ball:
        """Return the largest of some numbers."""
        best = values[0]
        for value in values[1:]:
            if value is best:
                continue
            difference = self.sub(value, best)
            if difference[0] > difference[1]:
                best = value
            elif (
                -difference[0] < difference[1] and difference[1]
            ):  # either: between both maxima of their ends
                half = self.add(self.add(value, best), self.abs(difference))
                best = self.scale(half, -1)
        return best

    def power(self, a: Ball, n: int) -> Ball:
        """Return a^n."""
        if n < 0:
            return self.div(ONE, self.power(a, -n))
        result = ONE
        for bit in f"{n:b}":
            result = self.square(result)
            if bit == "1":
                result = self.mul(result, a)
        return result

    def pow(self, a: Ball, b: Ball) -> Ball:
        """Return a^b: a product if b is a whole number, or twice it is; else exp(b log a)."""
        m, r, e = b
        if not r and -10_000 < e < 2000:
            while m and not m & 1 and e < 0:
                m, e = m >> 1, e + 1
            if e >= 0 or not m:
                return self._whole_power(a, m << e if m else 0)
            if e == -1 and abs(m) <= POWERS:
                return self.power(self.sqrt(a), m)
        if not (a[0] or a[1]):
            if sign(b) < 0:
                raise UndefinedError
            return ZERO if sign(b) else ONE
        if sign(a) < 0:
            low, high = shift(b[0] - r, b[2]), shift(b[0] + r, b[2])
            if low == high and shift(low, -b[2]) != b[0] - r:  # no whole number is that near
                raise UndefinedError
            raise UndecidedError
        return self.exp(self.mul(b, self.log(a)))

    def _whole_power(self, a: Ball, n: int) -> Ball:
        if abs(n) <= POWERS:
            return self.power(a, n)
        if not (a[0] or a[1]):
            if n < 0:
                raise UndefinedError
            return ZERO
        if not a[1] and a[0] in (1, -1) and not a[2]:
            return a if n & 1 else ONE
        more = self.finer(n.bit_length())
        size = more.exp(more.mul((n, 0, 0), more.log(self.abs(a))))
        return self.neg(size) if n & 1 and sign(a) < 0 else size

    # Elementary functions: of the middle in fixed point, the radius by what the slope is at most.

    def exp(self, a: Ball) -> Ball:
        """Return the exponential of a."""
        return self._once("exp", self._exp, a)

    def log(self, a: Ball) -> Ball:
        """Return the natural logarithm of a."""
        return self._once("log", self._log, a)

    def _once(self, name: str, function: Callable[[Ball], Ball], a: Ball) -> Ball:
        """Return what a function gives, which is worked out once: a slope often needs it too."""
        key = name, a
        if key not in self._known:
            self._known[key] = function(a)
        return self._known[key]

    def _exp(self, a: Ball) -> Ball:
        m, r, e = a
        if not (m or r):
            return ONE
        above, bits = top(a), self.bits
        if above > LARGEST:
            if -m > 2 * r:
                return 0, 1, -(1 << LARGEST - 3)  # |a| is at least 2^(LARGEST - 3)
            if m > 2 * r:
                raise TooLargeError
            raise UndecidedError
        if above < -bits:
            return 1 << bits, 4, -bits
        if r and e + r.bit_length() > -1:  # all that is told is an upper bound, by 1 / log 2 < 3/2 and > 4/3
            most = shift(m + r, e) + 1
            power = most * 3 // 2 + 1 if most > 0 else -(-most * 4 // 3)
            return 1, 1, power - 1
        above = max(above, 0)
        work = bits + above + 12
        n, rest = divmod(shift(m, e + work), fixed.log2(work))  # off by 2^(above + 2) units
        value = fixed.exp(rest >> above, bits + 12)
        wide = (2 * value * r >> -e) + 1 if r else 0  # exp(r) - 1 <= 2 r for r <= 1/2
        return self.fit(value, wide + 16, n - bits - 12)

    def _log(self, a: Ball) -> Ball:
        m, r, e = a
        if m + r <= 0:
            raise UndefinedError
        if m <= r:
            raise UndecidedError
        n = m.bit_length()
        if not r and m == 1 << n - 1 and e == 1 - n:
            return ZERO
        power, work = n + e, self.bits + 10
        if power in (0, 1):  # 1/2 <= a < 2
            work += max(0, -((m - (1 << -e)).bit_length() + e))  # near 1, near 0
            x = shift(m, work + e)
            value = fixed.log(x, work) if power else -fixed.log((1 << 2 * work) // x, work)
        else:
            value = fixed.log(shift(m, work + 1 - n), work)
            more = power.bit_length()
            value += (power - 1) * fixed.log2(work + more) >> more
        wide = (r << work) // (m - r) + 1 if r else 0
        return self.fit(value, wide + 6, -work)

    def sin_cos(self, a: Ball) -> tuple[Ball, Ball]:
        """Return sin(a) and cos(a)."""
        if a not in self._circles:
            self._circles[a] = self._sin_cos(a)
        return self._circles[a]

    def _sin_cos(self, a: Ball) -> tuple[Ball, Ball]:
        m, r, e = a
        if not (m or r):
            return ZERO, ONE
        above = top(a)
        if above > LARGEST or (r and e + r.bit_length() > 1):
            return (0, 1, 0), (0, 1, 0)
        if above < -self.bits:
            return self._nearly(a), (1 << self.bits, 1, -self.bits)
        work, quarter, rest = self._turned(m, e, above)
        sin, cos = fixed.sin_cos(abs(rest), work)
        sin = sin if rest >= 0 else -sin
        error = 4 + (shift(r, work + e) + 1 if r else 0)
        turned = ((sin, cos), (cos, -sin), (-sin, -cos), (-cos, sin))[quarter % 4]
        return self.fit(turned[0], error, -work), self.fit(turned[1], error, -work)

    def _turned(self, m: int, e: int, above: int) -> tuple[int, int, int]:
        """Return bits, n and the rest y of m * 2^e = n π/2 + y in fixed point with so many bits."""
        lost = 0
        while True:
            work = self.bits + 10 + lost
            more = max(above, 0) + 2
            x = shift(m, e + work + more)
            half = fixed.pi(work + more) >> 1
            n = (2 * x + half) // (2 * half)
            rest = x - n * half >> more  # off by 2 units
            missing = work - rest.bit_length() if m else 0  # near a multiple, fewer digits are left
            if missing <= lost or lost > 2 * self.bits + LARGEST:
                return work, n, rest
            lost = missing

    def _nearly(self, a: Ball) -> Ball:
        """Return a with room for what is below its last bits."""
        m, r, e = a
        n = max(self.bits - m.bit_length(), 0)
        return (m << n, (r << n) + 1 + (r << n >> self.bits), e - n) if m else (0, r + 1, e)

    def tan(self, a: Ball) -> Ball:
        """Return the tangent of a."""
        sin, cos = self.sin_cos(a)
        return self.div(sin, cos)

    def atan(self, a: Ball) -> Ball:
        """Return the arc tangent of a."""
        m, r, e = a
        if not (m or r):
            return ZERO
        above = top(a)
        if above < -self.bits // 2 - 1:  # off by a³/3
            return self._nearly(a)
        size = abs(m)
        if size <= 2 * r:  # |atan a| is below |a| and below 2
            return (0, size + r, e) if above < 1 else (0, 1, 1)
        power = m.bit_length() + e
        if power > 0:  # |m| >= 1: π/2 - atan(1 / |m|)
            work = self.bits + 10
            x = (1 << 2 * work) // shift(size, e + work) if power < work else 0
            value = (fixed.pi(work) >> 1) - fixed.atan(x, work)
            wide = shift(r, work - e) // (size - r) ** 2 + 1 if r else 0
        else:
            work = self.bits + 10 - power
            value = fixed.atan(shift(size, e + work), work)
            wide = shift(r, e + work) + 1 if r else 0
        return self.fit(value if m > 0 else -value, wide + 5, -work)

    def pi(self) -> Ball:
        """Return π."""
        work = self.bits + 4
        return fixed.pi(work), 1, -work


def _cube_root(n: int) -> int:
    """Return the integer below ∛n (Newton)."""
    x = 1 << -(-n.bit_length() // 3)
    while True:
        y = (2 * x + n // (x * x)) // 3
        if y >= x:
            return x
        x = y
