"""Formatting of numbers as text."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_BATCH_NUMBERS = 1 << 18
"""So many numbers are printed at once."""
MAX_SINGLE_NUMBERS = 64
"""So many numbers are printed one by one sooner than orjson is loaded, which takes 4 ms."""
DISPLAY_DIGITS = 6
"""Significant digits for people; programs get as many as read back to the same float."""


class NumberStyle(NamedTuple):
    """A number format: `digits` significant or `decimals` fixed, shortest round-trip if neither."""

    digits: int | None = None
    decimals: int | None = None
    narrow: bool = False  # columns as narrow as these digits allow: small numbers keep one of theirs

    @property
    def exact(self) -> bool:
        """Whether numbers are printed so that they round-trip."""
        return self.digits is None and self.decimals is None

    def format(self, x: Any) -> str:
        """Return one number as text for programs.

        >>> two = NumberStyle(decimals=2)
        >>> NumberStyle().format(1e-7), NumberStyle(digits=3).format(2 / 3), two.format(2.0)
        ('1e-7', '0.667', '2.00')
        """
        if isinstance(x, (bool, np.bool_)):
            return "true" if x else "false"
        if isinstance(x, (int, np.integer)) or not math.isfinite(x):
            return str(x)
        if self.decimals is not None:
            return f"{x:z.{self.decimals}f}"
        if self.digits is not None:
            return _shorten_exponent(f"{x:.{self.digits}g}")
        return _format_shortest(float(x))

    def format_rows(self, values: np.ndarray[Any, Any], separator: str = " ") -> bytes:
        r"""Return (rows, n) as lines of numbers.

        >>> NumberStyle().format_rows(np.array([[0.5, 2.0], [1e-7, -np.inf]]))
        b'0.5 2\n1e-7 -inf\n'
        """
        many = values.size > MAX_SINGLE_NUMBERS or (values.size and values.dtype == np.float32)
        if many and self.exact:  # float32 has the fewest digits that read back as such
            return _format_batches(values, separator.encode())
        lines = (separator.join(map(self.format, row)) for row in values.tolist())
        return "".join(line + "\n" for line in lines).encode()

    def format_display(self, x: Any) -> str:
        """Return one number as text for display: 6 digits, never 0 or 1 for what only rounds to it.

        Whole numbers are whole, and fixed decimals are what was asked for, whatever they hide.

        >>> [NumberStyle().format_display(x) for x in (0.99999999, 1 / 3, 1234567.0)]
        ['0.99999999', '0.333333', '1234567']
        """
        if self.decimals is not None or isinstance(x, (int, np.integer, np.bool_)) or not math.isfinite(x):
            return self.format(x)
        if self.digits is None and x == round(x) and abs(x) < 1e15:
            return f"{x:z.0f}"
        return _format_without_rounding_up(x, f"{x:.{self.digits or DISPLAY_DIGITS}g}")

    def format_distinct(self, x: Any) -> str:
        """Return one number as text for display, in as many digits as distinguish it from a whole number.

        >>> [NumberStyle().format_distinct(x) for x in (1.00000012, 2.0, 1 / 3)]
        ['1.00000012', '2', '0.333333']
        >>> NumberStyle(digits=4).format_distinct(1230.56)
        '1230.56'
        """
        texts = (self._replace(digits=n).format_display(x) for n in (*range(self.digits or 6, 17, 3), 17))
        if self.decimals is not None or not math.isfinite(x) or x == round(x):
            return self.format_display(x)
        return next(text for text in texts if not float(text).is_integer())

    def format_percent(self, x: float) -> str:
        """Return a share as a percentage with 4 digits, never 100 for less than 1.

        >>> [NumberStyle().format_percent(x) for x in (0.6342952, 0.999999)]
        ['63.43 %', '99.9999 %']
        >>> NumberStyle(decimals=1).format_percent(0.5)
        '50.0 %'
        """
        if self.decimals is not None or not math.isfinite(x):
            return f"{self.format(100 * x)} %"
        value = 100 * x
        texts = (f"{value:.{n}g}" for n in range(self.digits or 4, 18))
        return _shorten_exponent(next(text for text in texts if abs(float(text)) < 100 or abs(x) >= 1)) + " %"

    def format_column(self, values: Sequence[Any]) -> list[str]:
        """Return numbers aligned at the decimal point and padded to one width.

        They have the same number of decimals where that leaves each at least four digits, and an
        exact 0 has none.

        >>> NumberStyle().format_column([0.011617, 0.63429512, 0.0])
        ['0.011617', '0.634295', '0       ']
        >>> NumberStyle(digits=3, narrow=True).format_column([0.011617, 0.63429512, 0.00032931])
        ['0.012', '0.634', '3e-4 ']
        """
        texts = [self.format_display(x) for x in values]
        finite = [abs(x) for x in values if isinstance(x, float) and math.isfinite(x)]
        places = max((len(text.partition(".")[2]) for text in texts if "e" not in text), default=0)
        if not any(finite) or self.decimals is not None or (places <= 3 and not self.narrow):
            return _align_points(texts)
        whole = math.floor(math.log10(max(finite))) + 1
        decimals = max(0, min((self.digits or DISPLAY_DIGITS) - (whole if whole > 1 else 0), places))
        least = 10.0 ** (-decimals if self.narrow else 3 - decimals)
        if self.narrow:
            texts = [self._format_small(x) for x in values]
        fixed = [
            _format_without_rounding_up(x, f"{x:.{decimals}f}")
            if isinstance(x, float) and least <= abs(x) < 1e15
            else text
            for x, text in zip(values, texts, strict=True)
        ]
        return _align_points(fixed)

    def _format_small(self, x: Any) -> str:
        if not isinstance(x, float) or not 0 < abs(x) < 1:
            return self.format_display(x)
        return min(_shorten_exponent(f"{x:.1g}"), _shorten_exponent(f"{x:.0e}"), key=len)


def _format_without_rounding_up(x: float, text: str) -> str:
    """Return `format` with more digits if it rounds a number below 1 up to 1; 0 has no sign."""
    shown = float(text)
    if abs(x) < 1 <= abs(shown):
        text = next(longer for n in range(DISPLAY_DIGITS, 18) if abs(float(longer := f"{x:.{n}g}")) < 1)
    return _shorten_exponent(text.lstrip("-") if shown == 0 else text)


def _shorten_exponent(text: str) -> str:
    """Return an exponent as orjson writes it: 1e-7, not 1e-07."""
    mantissa, e, exponent = text.partition("e")
    return f"{mantissa}e{exponent[0]}{exponent[1:].lstrip('0')}" if e else text


def _align_points(texts: list[str]) -> list[str]:
    """Return numbers padded so that their decimal points align."""
    wholes = [len(text.partition("e")[0].partition(".")[0]) for text in texts]
    left = max(wholes, default=0)
    shifted = [" " * (left - whole) + text for whole, text in zip(wholes, texts, strict=True)]
    width = max(map(len, shifted), default=0)
    return [text.ljust(width) for text in shifted]


def _format_shortest(x: float) -> str:
    """Return a finite number in the fewest digits that read back, as orjson writes it.

    >>> [_format_shortest(x) for x in (2.0, 0.1, 1e-7)]
    ['2', '0.1', '1e-7']
    """
    if x == 0.0 or 1e-4 <= abs(x) < 1e16:
        return repr(x).removesuffix(".0")
    import orjson  # noqa: PLC0415  4 ms, and few numbers have an exponent

    return orjson.dumps(x).decode().removesuffix(".0")


def _format_batches(values: np.ndarray[Any, Any], separator: bytes) -> bytes:
    """Return rows formatted in batches; very long rows in pieces."""
    if values.shape[1] <= MAX_BATCH_NUMBERS:
        step = MAX_BATCH_NUMBERS // values.shape[1]
        return b"".join(
            _format_rows_fast(values[k : k + step], separator) for k in range(0, len(values), step)
        )
    starts = range(0, values.shape[1], MAX_BATCH_NUMBERS)
    parts = (
        [_format_rows_fast(row[None, k : k + MAX_BATCH_NUMBERS], separator)[:-1] for k in starts]
        for row in values
    )
    return b"".join(separator.join(part) + b"\n" for part in parts)


def _strip_integer_suffix(chars: np.ndarray[Any, Any], ends: np.ndarray[Any, Any]) -> bytes:
    """Return text without the .0 of whole numbers, whose end positions are `ends`."""
    whole = ends[(chars[ends - 1] == ord("0")) & (chars[ends - 2] == ord("."))]
    kept = np.ones(len(chars), np.bool_)
    kept[0] = kept[whole - 1] = kept[whole - 2] = False
    return chars[kept].tobytes()


def _format_rows_fast(values: np.ndarray[Any, Any], separator: bytes) -> bytes:
    """Return rows formatted through orjson, 17 ns per number where repr takes 587."""
    import orjson  # noqa: PLC0415  4 ms

    # Where memory ends, orjson crashes as its buffer can't grow; this is a MemoryError.
    np.empty(80 * values.size, np.uint8)
    text = bytearray(orjson.dumps(np.ravel(values), option=orjson.OPT_SERIALIZE_NUMPY))
    # "[1,2,3,4]": the last comma of each row becomes the end of its line, at 14 ns a number where
    # replacing "],[" or "\n " takes 30 to 40.
    signs = np.frombuffer(text, np.uint8)
    commas = np.flatnonzero(signs == ord(","))
    signs[commas] = separator[0]
    signs[commas[values.shape[1] - 1 :: values.shape[1]]] = signs[-1] = ord("\n")
    lines = bytes(memoryview(text)[1:])
    if values.dtype.kind != "f":
        return lines
    if (np.floor(values) == values).any():
        lines = _strip_integer_suffix(signs, np.append(commas, len(signs) - 1))
    finite = np.isfinite(values)
    if not finite.all():  # orjson writes null for each of them
        words = [str(x).encode() for x in values[~finite].tolist()]
        pieces = lines.split(b"null")
        lines = pieces[0] + b"".join(word + piece for word, piece in zip(words, pieces[1:], strict=True))
    return lines
