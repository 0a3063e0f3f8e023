"""The words of a formula, the signs it may be written in, and how a mistake in it is pointed at."""

from __future__ import annotations

import re
from typing import NamedTuple

from aimath.errors import InputError
from aimath.safe import visible

LONGEST, MOST = 10_000, 6000
"""Characters and tokens of a formula."""

DIGITS = 400
"""Characters of one number."""

AROUND = 60
"""A mistake is shown with so many characters around it."""

# Every alternative is unambiguous, so that no text takes more than linear time.
_TOKEN = re.compile(
    r"(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,6})?)"
    r"|(?P<name>[A-Za-z][A-Za-z0-9_]*)"
    r"|(?P<sign>\*\*|[-+*/^(),])"
    r"|(?P<blank>[ \t]+)"
)
_MEANT = {
    "−": "-", "–": "-", "—": "-", "‐": "-", "×": "*", "·": "*", "⋅": "*", "∗": "*", "÷": "/", "∕": "/",
    "π": "pi", "τ": "tau", "²": "^2", "³": "^3", "√": "sqrt(...)", "[": "(", "]": ")", "{": "(", "}": ")",
    "=": "name=number for a value", ";": ",",
}  # fmt: skip


class Token(NamedTuple):
    """A word of a formula: text[start:end], `**` as `^`."""

    kind: str  # "number", "name", "sign", "end"
    text: str
    start: int
    end: int


def tokens(text: str) -> list[Token]:
    """Cut a formula into tokens, the last being its end; limits come before any other work.

    >>> [token.text for token in tokens("2**x_1")]
    ['2', '^', 'x_1', '']
    """
    if len(text.strip(" \t")) > LONGEST:
        raise InputError(f"the formula has {len(text)} characters; the limit is {LONGEST}", usage=True)
    found: list[Token] = []
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise _stranger(text, place)
        kind = match.lastgroup or ""
        if kind != "blank":
            found.append(_checked(text, Token(kind, match[0].replace("**", "^"), place, match.end())))
        place = match.end()
        if len(found) > MOST:
            why = f"the formula has more than {MOST} numbers, names and signs"
            raise InputError(why, shown=point_at(text, found[-1].start), usage=True)
    end = len(text.rstrip(" \t"))
    return [*found, Token("end", "", end, end)]


def _checked(text: str, token: Token) -> Token:
    longest = {"number": DIGITS, "name": 64}.get(token.kind, 2)
    if len(token.text) > longest:
        why = f"a {token.kind} has more than {longest} characters"
        raise InputError(why, shown=point_at(text, token.start), usage=True)
    return token


def _stranger(text: str, place: int) -> InputError:
    """Name a character that the language doesn't have; most have a twin that it has."""
    sign = text[place]
    code = f"U+{ord(sign):04X}"
    shown = f"'{sign}' ({code})" if sign.isprintable() and not sign.isspace() else code
    why = f"{shown} has no place in a formula"
    meant = _MEANT.get(sign, "")
    hint = f"write {meant}" if meant else ""
    if sign == "_":
        hint = "a name begins with a letter"
    return InputError(why, hint=hint, shown=point_at(text, place), usage=True)


def point_at(text: str, place: int) -> str:
    r"""Show a formula around a place, with a caret under it.

    >>> print(point_at("2*x + * 3", 6))
    2*x + * 3
          ^
    """
    start = max(0, min(place - AROUND // 2, len(text) - AROUND))
    piece = text[start : start + AROUND].replace("\t", " ")  # as an escape it would move the caret
    before = "..." * (start > 0) + visible(piece[: place - start])
    line = before + visible(piece[place - start :]) + "..." * (start + AROUND < len(text))
    return f"{line}\n{' ' * len(before)}^"


def short(text: str, room: int = AROUND) -> str:
    r"""Give a user's text in one line: what can't be seen as escapes, the end of a long one left out.

    >>> short("a +\t b"), short("a + b + c", 6)
    ('a + b', 'a +...')
    """
    text = re.sub("[ \t]+", " ", text).strip(" ")
    return visible(text if len(text) <= room else f"{text[: room - 3]}...")
