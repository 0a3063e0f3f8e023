"""An oracle for formulas: Python's own parser on mpmath's functions, in 80 digits. It knows nothing of ours."""

import math
import re

import mpmath as mp

mp.mp.dps = 80

NAMES = {
    "sin": mp.sin, "cos": mp.cos, "tan": mp.tan, "asin": mp.asin, "acos": mp.acos, "atan": mp.atan,
    "sinh": mp.sinh, "cosh": mp.cosh, "tanh": mp.tanh, "exp": mp.exp, "log": mp.log, "ln": mp.log,
    "log2": lambda x: mp.log(x) / mp.log(2), "log10": mp.log10, "log1p": lambda x: mp.log(1 + x),
    "expm1": lambda x: mp.exp(x) - 1, "sqrt": mp.sqrt, "cbrt": lambda x: mp.sign(x) * mp.cbrt(abs(x)),
    "abs": abs, "sign": mp.sign, "min": min, "max": max, "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "relu": lambda x: max(x, mp.mpf(0)), "softplus": lambda x: mp.log(1 + mp.exp(x)), "erf": mp.erf,
    "gelu": lambda x: x * mp.erfc(-x / mp.sqrt(2)) / 2, "logsumexp": lambda *z: mp.log(sum(map(mp.exp, z))),
    "pi": mp.mpf(math.pi), "e": mp.mpf(math.e), "tau": mp.mpf(math.tau), "M": mp.mpf,
}  # fmt: skip
_NUMBER = re.compile(r"(?<![A-Za-z_0-9.])(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")


def exactly(text, variables):
    """The formula as a function of mpmath's numbers; its literals are read as floats, as ours are."""
    python = _NUMBER.sub(lambda found: f"M({float(found[0])!r})", text.replace("^", "**"))
    return eval(f"lambda {', '.join(variables)}: {python}", dict(NAMES))  # noqa: S307


def derivative(text, variables, point, *by):
    """The derivative by variables (their places), from differences of numbers of several hundred digits."""
    with mp.workdps(400):
        f = exactly(text, variables)
        at = tuple(map(mp.mpf, point))
        return mp.diff(f, at, tuple(by.count(k) for k in range(len(at)))) if by else f(*at)
