"""The only functions that turn numbers into text."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import orjson

if TYPE_CHECKING:
    from collections.abc import Sequence

AT_ONCE = 1 << 18
"""So many numbers are printed at once."""
SHOWN = 6
"""Significant digits for people; programs get as many as read back to the same float."""


class Style(NamedTuple):
    """How many digits were asked for: `digits` significant or `decimals` fixed; neither is shortest."""

    digits: int | None = None
    decimals: int | None = None
    narrow: bool = False  # columns as narrow as these digits allow: small numbers keep one of theirs

    @property
    def exact(self) -> bool:
        """Whether numbers are printed so that they read back as the same float."""
        return self.digits is None and self.decimals is None

    def text(self, x: Any) -> str:
        """Give one number as text for programs.

        >>> Style().text(1e-7), Style(digits=3).text(2 / 3), Style(decimals=2).text(2.0)
        ('1e-7', '0.667', '2.00')
        """
        if isinstance(x, (bool, np.bool_)):
            return "true" if x else "false"
        if isinstance(x, (int, np.integer)) or not math.isfinite(x):
            return str(x)
        if self.decimals is not None:
            return f"{x:z.{self.decimals}f}"
        if self.digits is not None:
            return _short(f"{x:.{self.digits}g}")
        return orjson.dumps(float(x)).decode().removesuffix(".0")

    def rows(self, values: np.ndarray[Any, Any], separator: str = " ") -> bytes:
        r"""Give (rows, n) as lines of numbers.

        >>> Style().rows(np.array([[0.5, 2.0], [1e-7, -np.inf]]))
        b'0.5 2\n1e-7 -inf\n'
        """
        if values.size and self.exact:
            return _in_parts(values, separator.encode())
        lines = (separator.join(map(self.text, row)) for row in values.tolist())
        return "".join(line + "\n" for line in lines).encode()

    def people(self, x: Any) -> str:
        """Give one number as text for people: 6 digits, never 0 for what isn't, nor 1 for less.

        Whole numbers are whole, and fixed decimals are what was asked for, whatever they hide.

        >>> Style().people(0.99999999), Style().people(1 / 3), Style().people(1234567.0)
        ('0.99999999', '0.333333', '1234567')
        """
        if self.decimals is not None or isinstance(x, (int, np.integer, np.bool_)) or not math.isfinite(x):
            return self.text(x)
        if self.digits is None and x == round(x) and abs(x) < 1e15:
            return f"{x:z.0f}"
        return _honest(x, f"{x:.{self.digits or SHOWN}g}")

    def percent(self, x: float) -> str:
        """Give a share of 1 as a percentage of 4 digits, never 100 for less than all.

        >>> Style().percent(0.6342952), Style().percent(0.999999), Style(decimals=1).percent(0.5)
        ('63.43 %', '99.9999 %', '50.0 %')
        """
        if self.decimals is not None or not math.isfinite(x):
            return f"{self.text(100 * x)} %"
        value = 100 * x
        texts = (f"{value:.{n}g}" for n in range(self.digits or 4, 18))
        return _short(next(text for text in texts if abs(float(text)) < 100 or abs(x) >= 1)) + " %"

    def column(self, values: Sequence[Any]) -> list[str]:
        """Give numbers that stand below each other: point under point, all of one width.

        They have the same number of decimals where that leaves each at least four digits, and an
        exact 0 has none.

        >>> Style().column([0.011617, 0.63429512, 0.0])
        ['0.011617', '0.634295', '0       ']
        >>> Style(digits=3, narrow=True).column([0.011617, 0.63429512, 0.00032931])
        ['0.012', '0.634', '3e-4 ']
        """
        texts = [self.people(x) for x in values]
        finite = [abs(x) for x in values if isinstance(x, float) and math.isfinite(x)]
        places = max((len(text.partition(".")[2]) for text in texts if "e" not in text), default=0)
        if not any(finite) or self.decimals is not None or (places <= 3 and not self.narrow):
            return _pointed(texts)
        whole = math.floor(math.log10(max(finite))) + 1
        decimals = max(0, min((self.digits or SHOWN) - (whole if whole > 1 else 0), places))
        least = 10.0 ** (-decimals if self.narrow else 3 - decimals)
        if self.narrow:
            texts = [self._small(x) for x in values]
        fixed = [
            _honest(x, f"{x:.{decimals}f}") if isinstance(x, float) and least <= abs(x) < 1e15 else text
            for x, text in zip(values, texts, strict=True)
        ]
        return _pointed(fixed)

    def _small(self, x: Any) -> str:
        if not isinstance(x, float) or not 0 < abs(x) < 1:
            return self.people(x)
        return min(_short(f"{x:.1g}"), _short(f"{x:.0e}"), key=len)


def _honest(x: float, text: str) -> str:
    """Lengthen `text` until it doesn't call 1 what is below; 0 has no sign."""
    shown = float(text)
    if abs(x) < 1 <= abs(shown):
        text = next(longer for n in range(SHOWN, 18) if abs(float(longer := f"{x:.{n}g}")) < 1)
    return _short(text.lstrip("-") if shown == 0 else text)


def _short(text: str) -> str:
    """Write an exponent as orjson does: 1e-7, not 1e-07."""
    mantissa, e, exponent = text.partition("e")
    return f"{mantissa}e{exponent[0]}{exponent[1:].lstrip('0')}" if e else text


def _pointed(texts: list[str]) -> list[str]:
    """Pad numbers on both sides so that their points stand below each other."""
    wholes = [len(text.partition("e")[0].partition(".")[0]) for text in texts]
    left = max(wholes, default=0)
    shifted = [" " * (left - whole) + text for whole, text in zip(wholes, texts, strict=True)]
    width = max(map(len, shifted), default=0)
    return [text.ljust(width) for text in shifted]


def _in_parts(values: np.ndarray[Any, Any], separator: bytes) -> bytes:
    """Print some rows at a time, of a very long row some numbers at a time."""
    if values.shape[1] <= AT_ONCE:
        step = AT_ONCE // values.shape[1]
        return b"".join(_fast_rows(values[k : k + step], separator) for k in range(0, len(values), step))
    starts = range(0, values.shape[1], AT_ONCE)
    parts = ([_fast_rows(row[None, k : k + AT_ONCE], separator)[:-1] for k in starts] for row in values)
    return b"".join(separator.join(part) + b"\n" for part in parts)


def _whole(signs: np.ndarray[Any, Any], ends: np.ndarray[Any, Any]) -> bytes:
    """Take the .0 off whole numbers, whose `ends` are known: a third of what replacing it takes."""
    whole = ends[(signs[ends - 1] == ord("0")) & (signs[ends - 2] == ord("."))]
    kept = np.ones(len(signs), np.bool_)
    kept[0] = kept[whole - 1] = kept[whole - 2] = False
    return signs[kept].tobytes()


def _fast_rows(values: np.ndarray[Any, Any], separator: bytes) -> bytes:
    """Print through orjson, which takes 17 ns a number where repr takes 587."""
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
        lines = _whole(signs, np.append(commas, len(signs) - 1))
    finite = np.isfinite(values)
    if not finite.all():  # orjson writes null for each of them
        words = [str(x).encode() for x in values[~finite].tolist()]
        pieces = lines.split(b"null")
        lines = pieces[0] + b"".join(word + piece for word, piece in zip(words, pieces[1:], strict=True))
    return lines
