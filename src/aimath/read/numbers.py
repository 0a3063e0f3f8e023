"""Parsing of numbers: a stricter, locale-free grammar than float().

Python's float() also takes 1_0, nan, full-width digits and 1e400 (as inf); people who mistype
deserve to hear of it.
"""

from __future__ import annotations

import re
from math import isinf
from typing import TYPE_CHECKING, TypeVar

from aimath.errors import InputError
from aimath.text import quote

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
MAX_CHARS = 400  # characters of one number; 1e-324 written out needs 326
MAX_WHOLE = 2**53  # from here on not every whole number is a float64
MAX_SWEEP_VALUES = 10_000  # values of one sweep
# Every alternative is unambiguous: a regex such as \d*\.?\d* takes quadratic time to say no.
_PLAIN = r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
_DECIMAL = re.compile(rf"[-+]?{_PLAIN}")
_NUMBER = rf"[-+]?(?:(?P<whole>inf|{_PLAIN})|(?P<top>{_PLAIN})/(?P<bottom>[-+]?{_PLAIN})|(?P<cent>{_PLAIN})%)"
"""The rarer forms: compiled when one is met."""
_MISSING = frozenset({"", "na", "n/a", "nan", "null"})
_NUMERIC = re.compile(r"[\s\[]*[-+]?(?:\.?[0-9]|inf(?![0-9A-Za-z_]))")


def parse_number(token: str) -> float:
    """Read one number: 2, -1e3, .5, inf, 1/3, 30%, with - or U+2212 as minus; rounded once.

    >>> parse_number("1/3"), parse_number(" -30%")
    (0.3333333333333333, -0.3)
    """
    text = token.strip(" \t")
    if len(text) <= MAX_CHARS and _DECIMAL.fullmatch(text):
        value = float(text)
    else:
        text = text.replace("−", "-")
        match = re.fullmatch(_NUMBER, text) if len(text) <= MAX_CHARS else None
        if match is None:
            what = "is not a number" + f" of at most {MAX_CHARS} characters" * (len(text) > MAX_CHARS)
            raise InputError(f"{quote(token)} {what}")
        if match["whole"] == "inf":
            return float(text)
        value = _parse_compound(text, match["bottom"])
    if isinf(value):
        raise InputError(f"{quote(token)} overflows float64")
    return value


def _parse_compound(text: str, bottom: str | None) -> float:
    """Return the value of a fraction, a percentage or a decimal, rounded once."""
    if bottom is None:
        if not text.endswith("%"):
            return float(text)
        mantissa, _, exponent = text[:-1].lower().partition("e")
        return float(f"{mantissa}e{int(exponent or 0) - 2}")
    from fractions import Fraction  # noqa: PLC0415  rare, and 3 ms to load

    top = text[: -len(bottom) - 1]
    parts = parse_number(top), parse_number(bottom)  # an overflow of either part is said here
    if parts[1] == 0.0:
        raise InputError(f"{quote(text)} divides by zero")
    if parts[0] == 0.0:
        return parts[0] / parts[1]  # 0 with its sign; and 1e-999999 never becomes a big integer
    try:
        return float(Fraction(top) / Fraction(bottom))
    except OverflowError:
        raise InputError(f"{quote(text)} overflows float64") from None


def looks_numeric(token: str) -> bool:
    """Return whether a token starts like a number, and so is an operand and not an option.

    >>> looks_numeric("-1,2"), looks_numeric("[-.5, 1]"), looks_numeric("-inf"), looks_numeric("-info")
    (True, True, True, False)
    """
    return _NUMERIC.match(token.replace("−", "-")) is not None


def is_number(token: str) -> bool:
    """Return whether a token is a number as a whole, be it one that overflows.

    >>> is_number("1e400"), is_number("-1/3"), is_number("1stFlrSF")
    (True, True, False)
    """
    text = token.strip(" \t").replace("−", "-")
    return len(text) <= MAX_CHARS and re.fullmatch(_NUMBER, text) is not None


def is_missing(token: str) -> bool:
    """Return whether a token stands for a number that is missing: nothing, NA, nan or null.

    >>> is_missing(" NaN"), is_missing("n/a"), is_missing("0")
    (True, True, False)
    """
    return token.strip().lower() in _MISSING


def parse_integer(token: str, name: str, low: int, high: int) -> int:
    """Return an integer of at most 18 digits within low..high; 1e3, 1.0 and 1_0 are refused.

    >>> parse_integer("12", "--steps", 1, 100)
    12
    """
    text = token.strip(" \t")
    if not re.fullmatch(r"[-+]?[0-9]{1,18}", text):
        raise InputError(
            f"{name} must be a whole number, not {quote(text)}", hint=_whole_hint(text), usage=True
        )
    value = int(text)
    if not low <= value <= high:
        raise InputError(f"{name} must be {low} to {high}, not {value}", usage=True)
    return value


def _whole_hint(text: str) -> str:
    """Return how a whole number with an exponent or a point is written, or nothing of another text."""
    value = parse_number(text) if _DECIMAL.fullmatch(text) and len(text) <= MAX_CHARS else 0.5
    return f"write {value:.0f}" if value.is_integer() and abs(value) < MAX_WHOLE else ""


def parse_binary_integer(token: str, name: str, low: int, high: int) -> int:
    """Return an integer within low..high that may end in k or M, 1024 and 1024², as contexts are named.

    >>> parse_binary_integer("32k", "--context", 1, 10**9), parse_binary_integer("9", "--context", 1, 10**9)
    (32768, 9)
    """
    found = re.fullmatch(r"([0-9]{1,9})([kKmM])", token.strip(" \t"))
    if not found:
        try:
            return parse_integer(token, name, low, high)
        except InputError as error:
            error.hint = error.hint or "write 32768 or 32k"
            raise
    return parse_integer(str(int(found[1]) << (10 if found[2] in "kK" else 20)), name, low, high)


def parse_option(option: str, parser: Callable[[str], T], text: str) -> T:
    """Return a parsed text, with the option's name in front of errors."""
    try:
        return parser(text)
    except InputError as error:
        error.usage = True
        raise error.within(option) from None


def parse_sweep(text: str) -> list[float]:
    """Return the values of a swept option: "1", ".1,.2", "lin:0:1:5", "log:1e-3:1:7".

    The points of a range are computed in decimal and rounded once, so log:1e-3:1:4 holds 0.01.

    >>> parse_sweep("log:1e-3:1:4"), parse_sweep("lin:0:1:3")
    ([0.001, 0.01, 0.1, 1.0], [0.0, 0.5, 1.0])
    """
    kind, *rest = text.strip(" \t").split(":")
    if rest:
        return _parse_range(text, kind, rest)
    tokens = text.strip(" \t[]").split(",")
    if len(tokens) > MAX_SWEEP_VALUES:
        raise InputError(f"asks for {len(tokens)} values; the limit is {MAX_SWEEP_VALUES}", usage=True)
    return [_parse_argument(token) for token in tokens]


def _parse_argument(token: str) -> float:
    try:
        return parse_number(token)
    except InputError as error:
        error.usage = True
        raise


def _parse_range(text: str, kind: str, rest: list[str]) -> list[float]:
    from decimal import Context, Decimal, localcontext  # noqa: PLC0415  only for ranges

    if kind not in ("lin", "log") or len(rest) != 3:
        raise InputError(f"{quote(text)} is not a range", hint="write lin:A:B:N or log:A:B:N", usage=True)
    first, last = _parse_argument(rest[0]), _parse_argument(rest[1])
    count = parse_integer(rest[2], f"the number of values in {quote(text)}", 2, MAX_SWEEP_VALUES)
    if isinf(first) or isinf(last):
        raise InputError(f"{quote(text)}: the ends of a range are finite", usage=True)
    if kind == "log" and not (first > 0 and last > 0):
        raise InputError(f"{quote(text)}: both ends of a log range must be above 0", usage=True)
    with localcontext(Context(prec=60)):
        a, b = Decimal(repr(first)), Decimal(repr(last))
        if kind == "lin":
            between = [float(a + (b - a) * k / (count - 1)) for k in range(1, count - 1)]
        else:
            # A product costs a thirtieth of an exponential, and 60 digits last for many of them.
            growth = ((b / a).ln() / (count - 1)).exp()
            between = [float(a := a * growth) for _ in range(1, count - 1)]
    return [first, *between, last]
