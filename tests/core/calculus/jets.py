"""An oracle for derivatives: Taylor jets forwards through Python's own parse of a formula, in mpmath's numbers.

It shares no rule with the package: each function has its value and two slopes here, in as many digits as
it takes for two precisions to agree. Numbers are the floats that the text names.
"""

import ast
import math

import mpmath as mp

LEVELS = (450, 900, 1800, 3600)
AGREE = 40


class NoAnswerError(Exception):
    """Undefined: there is no derivative. Anything else that is raised: the oracle doesn't know."""


class UnsureError(Exception):
    """Too close to a kink or pole to be told."""


class Jet:
    """A value with its first and second derivatives by n variables."""

    def __init__(self, value, first, second=None):
        self.v, self.d, self.h = value, first, second

    def chain(self, value, slope, curve):
        """f(self), from f, f' and f'' there; a derivative that is 0 stays so."""
        first = [slope * d if d else d for d in self.d]
        second = None
        if self.h is not None:
            second = [
                [
                    (curve * a * b if a and b else mp.mpf(0)) + (slope * h if h else mp.mpf(0))
                    for b, h in zip(self.d, row, strict=True)
                ]
                for a, row in zip(self.d, self.h, strict=True)
            ]
        return Jet(value, first, second)

    def __add__(self, other):
        second = None
        if self.h is not None:
            second = [
                [a + b for a, b in zip(r, s, strict=True)] for r, s in zip(self.h, other.h, strict=True)
            ]
        return Jet(self.v + other.v, [a + b for a, b in zip(self.d, other.d, strict=True)], second)

    def __neg__(self):
        second = None if self.h is None else [[-a for a in row] for row in self.h]
        return Jet(-self.v, [-a for a in self.d], second)

    def __sub__(self, other):
        return self + -other

    def __mul__(self, other):
        n = len(self.d)
        first = [self.v * b + other.v * a for a, b in zip(self.d, other.d, strict=True)]
        second = None
        if self.h is not None:
            second = [
                [
                    self.v * other.h[i][j]
                    + other.v * self.h[i][j]
                    + self.d[i] * other.d[j]
                    + self.d[j] * other.d[i]
                    for j in range(n)
                ]
                for i in range(n)
            ]
        return Jet(self.v * other.v, first, second)

    def __truediv__(self, other):
        pole(other.v)
        return self * other.chain(1 / other.v, -1 / other.v**2, 2 / other.v**3)

    def __pow__(self, other):
        a, b = self.v, other.v
        if not any(other.d):
            if a == 0:
                if b < 0:
                    raise NoAnswerError
                if b == 0:
                    return self.chain(mp.mpf(1), mp.mpf(0), mp.mpf(0))
                return self.chain(mp.mpf(0), zero_power(b, 1, self), zero_power(b, 2, self))
            if a < 0 and b != mp.floor(b):
                tell(b - mp.nint(b), b)
                raise NoAnswerError
            return self.chain(mp.power(a, b), b * mp.power(a, b - 1), b * (b - 1) * mp.power(a, b - 2))
        if a == 0 and b > 0 and not any(self.d):
            raise UnsureError
        if a == 0 and b >= 1 and self.h is None:  # by b the slope is 0^b log 0 = 0
            return self.chain(mp.mpf(0), mp.mpf(1 if b == 1 else 0), mp.mpf(0))
        if a <= 0:
            raise NoAnswerError
        tell(a, a)
        return exp(other * log(self))


def zero_power(b, n, jet):
    """The n-th derivative of u^b at u = 0, where it matters."""
    used = any(jet.d) if n == 1 else jet.h is not None and any(jet.d)
    if b == n:
        return mp.mpf(math.factorial(n))
    if b > n or (b == 1 and n == 2):
        return mp.mpf(0)
    if used:
        raise NoAnswerError
    raise UnsureError


def edge(u):
    """Where a slope is infinite there is no derivative, but perhaps if u stands still there."""
    if any(u.d):
        raise NoAnswerError
    raise UnsureError


def tell(x, size):
    """Refuse to say where a number is 0 for all that is known of it, though not exactly 0."""
    if x and abs(x) < mp.mpf(10) ** (-mp.mp.dps // 2) * min(1, abs(size) or 1):
        raise UnsureError


def pole(x):
    if not x:
        raise NoAnswerError
    tell(x, 1 if abs(x) > mp.mpf(10) ** -3000 else x)


def slopes(f, first, second):
    """A function of one argument from its value and slopes at a number."""
    return lambda u: u.chain(f(u.v), first(u.v), second(u.v) if u.h is not None else mp.mpf(0))


def rooted(power):
    def function(u):
        sign = -1 if power == 3 and u.v < 0 else 1
        if u.v < 0 and power == 2:
            raise NoAnswerError
        if not u.v:
            edge(u)
        size = abs(u.v)
        root = mp.root(size, power)
        slope = root / size / power
        return u.chain(sign * root, slope, sign * (mp.mpf(1) / power - 1) * slope / size)

    return function


def log(u):
    if u.v <= 0:
        raise NoAnswerError
    return u.chain(mp.log(u.v), 1 / u.v, -1 / u.v**2)


def exp(u):
    value = mp.exp(u.v)
    return u.chain(value, value, value)


def arc(sign, function):
    def arcs(u):
        if abs(u.v) > 1:
            raise NoAnswerError
        if abs(u.v) == 1:
            edge(u)
        rest = (1 - u.v) * (1 + u.v)
        slope = sign / mp.sqrt(rest)
        return u.chain(function(u.v), slope, slope * u.v / rest)

    return arcs


def absolute(u):
    tell(u.v, 1)
    return u.chain(abs(u.v), mp.mpf(mp.sign(u.v)), mp.mpf(0))


def relu(u):
    tell(u.v, 1)
    return u.chain(max(u.v, mp.mpf(0)), mp.mpf(1 if u.v > 0 else 0), mp.mpf(0))


def sign(u):
    tell(u.v, 1)
    return u.chain(mp.mpf(mp.sign(u.v)), mp.mpf(0), mp.mpf(0))


def sigmoid(u):
    e = mp.exp(-abs(u.v))
    value = (1 if u.v >= 0 else e) / (1 + e)
    slope = e / (1 + e) ** 2
    return u.chain(value, slope, slope * (-1 if u.v > 0 else 1) * (1 - e) / (1 + e))


def softplus(u):
    e = mp.exp(-abs(u.v))
    s = (1 if u.v >= 0 else e) / (1 + e)
    return u.chain(max(u.v, mp.mpf(0)) + mp.log1p(e), s, e / (1 + e) ** 2)


def tanh(u):
    e = mp.exp(-2 * abs(u.v))
    value = (1 if u.v >= 0 else -1) * -mp.expm1(-2 * abs(u.v)) / (1 + e)
    slope = 4 * e / (1 + e) ** 2
    return u.chain(value, slope, -2 * value * slope)


def density(x):
    return mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)


def gelu(u):
    x = u.v
    p, f = mp.erfc(-x / mp.sqrt(2)) / 2, density(x)
    return u.chain(x * p, p + x * f, (2 - x * x) * f)


def extreme(way):
    def chosen(*args):
        best = way * max(way * u.v for u in args)
        for u in args:
            tell(u.v - best, best)
        among = [u for u in args if u.v == best]
        share = mp.mpf(1) / len(among)
        total = among[0].chain(best, share, mp.mpf(0))
        for u in among[1:]:
            total = total + u.chain(mp.mpf(0), share, mp.mpf(0))
        return total

    return chosen


def logsumexp(*args):
    best = max(u.v for u in args)
    shift = Jet(
        best,
        [mp.mpf(0)] * len(args[0].d),
        None if args[0].h is None else [[mp.mpf(0)] * len(args[0].d)] * len(args[0].d),
    )
    total = None
    for u in args:
        term = exp(u - shift)
        total = term if total is None else total + term
    return log(total) + shift


def scaled(base):
    def function(u):
        value = log(u)
        c = 1 / mp.log(base)
        return value.chain(value.v * c, c, mp.mpf(0))

    return function


FUNCTIONS = {
    "sin": slopes(mp.sin, mp.cos, lambda x: -mp.sin(x)),
    "cos": slopes(mp.cos, lambda x: -mp.sin(x), lambda x: -mp.cos(x)),
    "tan": slopes(mp.tan, lambda x: 1 / mp.cos(x) ** 2, lambda x: 2 * mp.tan(x) / mp.cos(x) ** 2),
    "asin": arc(1, mp.asin),
    "acos": arc(-1, mp.acos),
    "atan": slopes(mp.atan, lambda x: 1 / (1 + x * x), lambda x: -2 * x / (1 + x * x) ** 2),
    "sinh": slopes(mp.sinh, mp.cosh, mp.sinh),
    "cosh": slopes(mp.cosh, mp.sinh, mp.cosh),
    "tanh": tanh,
    "exp": exp,
    "log": log,
    "ln": log,
    "log2": scaled(2),
    "log10": scaled(10),
    "log1p": lambda u: log(u + one(u)),
    "expm1": lambda u: exp(u) - one(u),
    "sqrt": rooted(2),
    "cbrt": rooted(3),
    "abs": absolute,
    "sign": sign,
    "sigmoid": sigmoid,
    "relu": relu,
    "softplus": softplus,
    "gelu": gelu,
    "erf": slopes(
        mp.erf,
        lambda x: 2 / mp.sqrt(mp.pi) * mp.exp(-x * x),
        lambda x: -4 * x / mp.sqrt(mp.pi) * mp.exp(-x * x),
    ),
    "min": extreme(-1),
    "max": extreme(1),
    "logsumexp": logsumexp,
}
CONSTANTS = {"pi": math.pi, "e": math.e, "tau": math.tau}


def one(u):
    n = len(u.d)
    return Jet(mp.mpf(1), [mp.mpf(0)] * n, None if u.h is None else [[mp.mpf(0)] * n] * n)


def jet(text, names, point, order=1):
    """The formula's jet at a point, in mpmath's precision of the moment."""
    n = len(names)

    def number(value, k=None):
        first = [mp.mpf(int(i == k)) for i in range(n)]
        return Jet(mp.mpf(value), first, [[mp.mpf(0)] * n for _ in range(n)] if order > 1 else None)

    def walk(node):
        if isinstance(node, ast.Expression):
            return walk(node.body)
        if isinstance(node, ast.Constant):
            return number(float(node.value))
        if isinstance(node, ast.Name):
            return (
                number(point[names.index(node.id)], names.index(node.id))
                if node.id in names
                else number(CONSTANTS[node.id])
            )
        if isinstance(node, ast.UnaryOp):
            return -walk(node.operand) if isinstance(node.op, ast.USub) else walk(node.operand)
        if isinstance(node, ast.Call):
            return FUNCTIONS[node.func.id](*map(walk, node.args))
        left, right = walk(node.left), walk(node.right)
        operation = {
            ast.Add: "__add__",
            ast.Sub: "__sub__",
            ast.Mult: "__mul__",
            ast.Div: "__truediv__",
            ast.Pow: "__pow__",
        }
        return getattr(left, operation[type(node.op)])(right)

    return walk(ast.parse(text.replace("^", "**"), mode="eval"))


def truth(text, names, point, order=1):
    """All derivatives of one order as mpmath's numbers of 60 digits; NoAnswerError, UnsureError or another error."""
    before = None
    for digits in LEVELS:
        with mp.workdps(digits):
            try:
                found = jet(text, names, point, order)
            except UnsureError:
                continue
            now = found.d if order == 1 else [x for row in found.h for x in row]
            if before is not None and all(map(same, before, now)):
                with mp.workdps(60):
                    return [+x for x in now]
            before = now
    raise UnsureError


def same(a, b):
    tiny = mp.mpf(2) ** -1200
    return a == b or abs(a - b) <= abs(b) * mp.mpf(10) ** -AGREE or (abs(a) < tiny and abs(b) < tiny)
