"""The operations of formulas on balls, by name: the plain formula of each, with digits to spare.

What a formula cancels is made good by more bits, here where it is known how many are lost, else by
whoever asks again with more (`_exact.py`). Where a number's sign decides and isn't known, UndecidedError
is raised.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aimath.core.calculus._balls import ONE, ZERO, Balls, ball, sign, top
from aimath.core.calculus._fixed_point import shift
from aimath.core.calculus._scalars import MAX_PAIRWISE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aimath.core.calculus._balls import Ball

HALF = ball(0.5)


def _spared(b: Balls, a: Ball) -> Balls | None:
    """Return arithmetic for f(a) - f(0), f smooth, losing no bits; None if f is nearly linear."""
    above = top(a)
    if above < -b.bits:
        return None
    return b if above > 0 else b.finer(4 - above)


def _nearly(b: Balls, a: Ball) -> Ball:
    """Return a with room for a², |a| < 2^-bits."""
    m, r, e = a
    if not (m or r):
        return ZERO
    n = max(b.bits - m.bit_length(), 0)
    return m << n, (r << n) + 1 + (r << n >> b.bits), e - n


def expm1(b: Balls, a: Ball) -> Ball:
    """Return exp(a) - 1."""
    more = _spared(b, a)
    return _nearly(b, a) if more is None else more.sub(more.exp(a), ONE)


def log1p(b: Balls, a: Ball) -> Ball:
    """Return log(1 + a)."""
    more = _spared(b, a)
    return _nearly(b, a) if more is None else more.log(more.add(ONE, a))


def sinh(b: Balls, a: Ball) -> Ball:
    """Return (exp(a) - exp(-a)) / 2."""
    more = _spared(b, a)
    if more is None:
        return _nearly(b, a)
    u = more.exp(_outwards(a))
    value = more.scale(more.sub(u, more.div(ONE, u)), -1)
    return more.neg(value) if a[0] < 0 else value


def cosh(b: Balls, a: Ball) -> Ball:
    """Return (exp(a) + exp(-a)) / 2."""
    u = b.exp(_outwards(a))
    return b.scale(b.add(u, b.div(ONE, u)), -1)


def _outwards(a: Ball) -> Ball:
    """Return a with the sign that its middle would lose: for functions that are even or odd."""
    return (-a[0], a[1], a[2]) if a[0] < 0 else a


def _inwards(a: Ball) -> Ball:
    """Return -|a|, as far as the middle tells the sign."""
    return (-a[0], a[1], a[2]) if a[0] > 0 else a


def tanh(b: Balls, a: Ball) -> Ball:
    """Return (1 - u) / (1 + u), u = exp(-2 a)."""
    more = _spared(b, a)
    if more is None:
        return _nearly(b, a)
    u = more.exp(more.scale(_inwards(a), 1))
    value = more.div(more.sub(ONE, u), more.add(ONE, u))
    return more.neg(value) if a[0] < 0 else value


def sech2(b: Balls, a: Ball) -> Ball:
    """Return 1 / cosh(a)² = 4 u / (1 + u)², u = exp(-2 |a|)."""
    return b.scale(_bump(b, b.scale(a, 1)), 2)


def sigmoid(b: Balls, a: Ball) -> Ball:
    """Return 1 / (1 + exp(-a))."""
    u = b.exp(_inwards(a))
    return b.div(ONE if a[0] > 0 else u, b.add(ONE, u))


def sigmoid_slope(b: Balls, a: Ball) -> Ball:
    """Return sigmoid(a) (1 - sigmoid(a))."""
    return _bump(b, a)


def _bump(b: Balls, a: Ball) -> Ball:
    u = b.exp(_inwards(a))
    return b.div(u, b.square(b.add(ONE, u)))


def softplus(b: Balls, a: Ball) -> Ball:
    """Return log(1 + exp(a))."""
    small = log1p(b, b.exp(_inwards(a)))
    return b.add(a, small) if a[0] > 0 else small


def relu(b: Balls, a: Ball) -> Ball:
    """Return max(a, 0)."""
    return b.largest((a, ZERO))


def asin(b: Balls, a: Ball) -> Ball:
    """Return atan(a / √((1 - a)(1 + a)))."""
    below, above = b.sub(ONE, a), b.add(ONE, a)
    if not any(below[:2]) or not any(above[:2]):
        half = b.scale(b.pi(), -1)
        return half if a[0] > 0 else b.neg(half)
    return b.atan(b.div(a, b.sqrt(b.mul(below, above))))


def acos(b: Balls, a: Ball) -> Ball:
    """Return 2 atan(√((1 - a) / (1 + a)))."""
    if a[0] < 0:
        return b.sub(b.pi(), acos(b, b.neg(a)))
    return b.scale(b.atan(b.sqrt(b.div(b.sub(ONE, a), b.add(ONE, a)))), 1)


def bell(b: Balls, a: Ball) -> Ball:
    """Return exp(-a²)."""
    return b.exp(b.neg(b.square(a)))


def normal_density(b: Balls, a: Ball) -> Ball:
    """Return exp(-a²/2) / √(2π)."""
    return b.div(b.exp(b.neg(b.scale(b.square(a), -1))), b.sqrt(b.scale(b.pi(), 1)))


def normal_cdf(b: Balls, a: Ball) -> Ball:
    """Return erfc(-a / √2) / 2."""
    return b.scale(erfc(b, b.neg(b.div(a, b.sqrt((2, 0, 0))))), -1)


def gelu(b: Balls, a: Ball) -> Ball:
    """Return a P(X <= a) of the standard normal distribution."""
    return b.mul(a, normal_cdf(b, a))


def erf(b: Balls, a: Ball) -> Ball:
    """Return the error function: its series near 0, else 1 - erfc."""
    m, r, e = a
    if not (m or r):
        return ZERO
    if top(a) < 1:
        factor = b.div((2, 0, 0), b.sqrt(b.pi()))
        if top(a) < -b.bits // 2 - 1:
            return b.mul(factor, _nearly(b, a))
        middle = (m, 0, e)
        value = b.mul(b.mul(factor, b.mul(middle, b.exp(b.neg(b.square(middle))))), _series(b, middle))
        return b.add(value, (0, 2 * r, e)) if r else value  # the slope is below 2
    value = b.sub(ONE, erfc(b, _outwards(a)))
    return b.neg(value) if m < 0 else value


def _series(b: Balls, a: Ball) -> Ball:
    """Return Σ (2a²)^n / (1·3·5·...·(2n+1)), of an exact a: erf = 2a/√π exp(-a²) Σ."""
    work = b.bits + 12 + b.bits.bit_length()
    m, _, e = b.square(a)
    y = shift(m, e + 1 + work)
    total = term = 1 << work
    n = 1
    while term := (term * y >> work) // (2 * n + 1):
        total += term
        n += 1
    # Each term may be off by as many units as have gone before, in proportion.
    return b.fit(total, (total * 4 * (n + 1) >> work) + 4 * (n + 1), -work)


def erfc(b: Balls, a: Ball) -> Ball:
    """Return 1 - erf(a), which keeps its digits in the upper tail."""
    m, r, e = a
    if m < 0:
        return b.sub((2, 0, 0), erfc(b, b.neg(a)))
    near = shift(m, e + 1) / 2 if top(a) < 60 else 0.0  # the middle, to a half
    slack = b.mul(b.add(b.scale((m, 0, e), 1), (2, 0, 0)), (r, 0, e))  # |Δ log erfc| is below it, if small
    if r and top(slack) > -2:
        low = b.sub((m, 0, e), (r, 0, e))
        above = ONE if low[0] <= low[1] else b.exp(b.neg(b.square(low)))
        return 0, 2 * (abs(above[0]) + above[1]), above[2]  # 0 .. 2 exp(-low²)
    middle = (m, 0, e)
    if top(a) >= 60 or near * near * 0.69 > b.bits + 24:
        value = _tail(b, middle)
    else:
        more = b.finer(int(1.45 * (near + 0.5) ** 2 + near) + 8)
        scale = more.div((2, 0, 0), more.sqrt(more.pi()))
        whole = more.mul(more.mul(middle, more.exp(more.neg(more.square(middle)))), _series(more, middle))
        value = more.sub(ONE, more.mul(scale, whole))
    if not r:
        return value
    return b.add(value, b.mul(value, (0, 2 * (abs(slack[0]) + slack[1]), slack[2])))


def _tail(b: Balls, a: Ball) -> Ball:
    """Return erfc of a large exact a: exp(-a²) / (a √π) (1 - 1/(2a²) + 3/(2a²)² - ...).

    The error is below the first term that is left out (Abramowitz and Stegun 7.1.23).
    """
    square = b.square(a)
    front = b.div(b.exp(b.neg(square)), b.mul(a, b.sqrt(b.pi())))
    work = b.bits + 12
    step = b.div(HALF, square)
    inverse = shift(step[0] + step[1], step[2] + work) + 1
    total = term = 1 << work
    n, previous = 1, term + 1
    while term and term < previous:
        previous = term
        term = term * inverse * (2 * n - 1) >> work
        total += -term if n & 1 else term
        n += 1
    return b.mul(front, (total, min(term, previous) + 4 * n + 4, -work))


def logsumexp(b: Balls, *values: Ball) -> Ball:
    """Return log Σ exp(values)."""
    first, weights = _weights(b, values)
    return b.add(first, b.log(_sum(b, weights)))


def softmax(b: Balls, *values: Ball) -> list[Ball]:
    """Return exp(values) / Σ exp(values)."""
    _, weights = _weights(b, values)
    total = _sum(b, weights)
    return [b.div(weight, total) for weight in weights]


def _weights(b: Balls, values: Sequence[Ball]) -> tuple[Ball, list[Ball]]:
    """Return the value whose middle is largest, and exp(value - it)."""
    first = values[0]
    for value in values[1:]:
        if b.sub(value, first)[0] > 0:
            first = value
    return first, [b.exp(b.sub(value, first)) for value in values]


def _sum(b: Balls, values: Sequence[Ball]) -> Ball:
    total = ZERO
    for value in values:
        total = b.add(total, value)
    return total


def centred(b: Balls, probs: Sequence[Ball], *slopes: Ball) -> list[Ball]:
    """Return p_j Σ_i p_i (slope_j - slope_i)."""
    pairs = list(zip(probs, slopes, strict=True))
    if len(pairs) > MAX_PAIRWISE:
        mean = _sum(b, [b.mul(p, s) for p, s in pairs])
        return [b.mul(p, b.sub(s, mean)) for p, s in pairs]
    return [b.mul(p, _sum(b, [b.mul(q, b.sub(s, t)) for q, t in pairs])) for p, s in pairs]


def log_base(n: int) -> Callable[[Balls, Ball], Ball]:
    """Return the function log(a) / log(n)."""
    return lambda b, a: b.div(b.log(a), b.log((n, 0, 0)))


def cbrt_slope(b: Balls, a: Ball) -> Ball:
    """Return 1 / (3 ∛a²)."""
    return b.div(ONE, b.mul((3, 0, 0), b.square(b.cbrt(a))))


def power_log(b: Balls, x: Ball, y: Ball) -> Ball:
    """Return x^y log x; its limit 0 at x = 0 < y."""
    return b.mul(b.pow(x, y), b.log(x)) if any(x[:2]) or sign(y) <= 0 else ZERO


def power_log2(b: Balls, x: Ball, y: Ball) -> Ball:
    """Return x^y log² x; its limit 0 at x = 0 < y."""
    return b.mul(b.pow(x, y), b.square(b.log(x))) if any(x[:2]) or sign(y) <= 0 else ZERO


def step(b: Balls, a: Ball) -> Ball:
    """Return 1 above 0, else 0."""
    return ONE if b.sign(a) > 0 else ZERO


def shares(b: Balls, values: Sequence[Ball], way: int) -> list[Ball]:
    """Return the derivative of the maximum (way 1) or minimum (-1) by each value; ties share it."""
    best = [0]
    for k in range(1, len(values)):
        side = way * b.sign(b.sub(values[k], values[best[0]]))
        best = [k] if side > 0 else [*best, k] if side == 0 else best
    share = b.div(ONE, (len(best), 0, 0))
    return [share if k in best else ZERO for k in range(len(values))]


def tied(b: Balls, values: Sequence[Ball], way: int) -> bool:
    """Return whether the maximum (way 1) or minimum (-1) of some values is there twice."""
    return sum(any(share[:2]) for share in shares(b, values, way)) > 1


FUNCTIONS: dict[str, Callable[..., Ball | list[Ball]]] = {
    "add": Balls.add,
    "sub": Balls.sub,
    "mul": Balls.mul,
    "div": Balls.div,
    "neg": Balls.neg,
    "pow": Balls.pow,
    "sin": lambda b, a: b.sin_cos(a)[0],
    "cos": lambda b, a: b.sin_cos(a)[1],
    "tan": Balls.tan,
    "asin": asin,
    "acos": acos,
    "atan": Balls.atan,
    "sinh": sinh,
    "cosh": cosh,
    "tanh": tanh,
    "exp": Balls.exp,
    "log": Balls.log,
    "log2": log_base(2),
    "log10": log_base(10),
    "log1p": log1p,
    "expm1": expm1,
    "sqrt": Balls.sqrt,
    "cbrt": Balls.cbrt,
    "abs": Balls.abs,
    "sign": lambda b, a: (b.sign(a), 0, 0),
    "step": step,
    "min": lambda b, *values: b.neg(b.largest([b.neg(value) for value in values])),
    "max": lambda b, *values: b.largest(values),
    "sigmoid": sigmoid,
    "relu": relu,
    "softplus": softplus,
    "gelu": gelu,
    "erf": erf,
    "logsumexp": logsumexp,
    "sigmoid_slope": sigmoid_slope,
    "sech2": sech2,
    "cbrt_slope": cbrt_slope,
    "bell": bell,
    "normal_cdf": normal_cdf,
    "normal_density": normal_density,
    "power_log": power_log,
    "power_log2": power_log2,
    "softmax": softmax,
    "max_shares": lambda b, *values: shares(b, values, 1),
    "min_shares": lambda b, *values: shares(b, values, -1),
    "centred": centred,
}
