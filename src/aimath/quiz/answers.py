"""What somebody typed for an answer: whether it is right as far as it goes, and what else it may be."""

from __future__ import annotations

import decimal
import math
from typing import TYPE_CHECKING, NamedTuple

from aimath.errors import InputError
from aimath.read.numbers import number
from aimath.text import echo

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimath.quiz.exercise import Exercise

Decimal = decimal.Decimal
ENOUGH = 2
"""So many significant digits an answer needs, unless it is exact."""
ROUGHLY = Decimal("1e-12")
"""Where rounding in float64 may have moved the end of a digit, relatively."""
CONTEXT = decimal.Context(prec=60, traps=[])


class Verdict(NamedTuple):
    """Whether an answer is right, and what to say of it if it isn't."""

    right: bool
    said: str = ""


class Typed(NamedTuple):
    """A number as it was typed: half of its last digit is how far it may be off."""

    value: Decimal
    half: Decimal
    digits: int

    def meets(self, answer: float) -> bool:
        """Whether it is the answer, correctly rounded to the digits typed, and those are enough."""
        return self.within(answer, self.half if self.digits >= ENOUGH else Decimal(0))

    def within(self, answer: float, most: Decimal) -> bool:
        """Whether it is at most so far from the answer, but for rounding."""
        with decimal.localcontext(CONTEXT):
            right = Decimal(answer)
            return abs(self.value - right) <= most + abs(right) * ROUGHLY


def graded(text: str, asked: Exercise) -> Verdict:
    """Say of an answer to a numeric question whether it is right, and if not, how it may have come about."""
    try:
        typed = typed_number(text, asked.unit)
    except InputError as error:
        return Verdict(right=False, said=error.why)
    if typed.meets(asked.answer):
        return Verdict(right=True)
    said = _recognised(typed, asked)
    if not said and typed.within(asked.answer, typed.half):
        said = "right as far as it goes, but give two significant digits"
    return Verdict(right=False, said=said)


def chosen(text: str, letters: Sequence[str], buts: Sequence[str]) -> Verdict:
    """Say of a letter whether it is the right one: the one without a `but`."""
    letter = text.strip().lower().strip("().:'\"")
    if letter not in letters:
        return Verdict(right=False, said=f"{echo(text)} is none of {', '.join(letters)}")
    but = buts[letters.index(letter)]
    return Verdict(right=not but, said=but)


def typed_number(text: str, unit: str = "") -> Typed:
    """Read a number with its last digit's size; its unit may stand behind it.

    >>> typed_number("0.63"), typed_number("4.2 %", "%").digits
    (Typed(value=Decimal('0.63'), half=Decimal('0.005'), digits=2), 2)
    """
    bare = text.strip()
    if unit and bare.lower().endswith(unit):
        bare = bare[: -len(unit)].rstrip()
    bare = bare.replace("−", "-")
    try:
        value = number(bare)
    except InputError as error:
        point = " (a decimal point, not a comma)" if "," in bare else ""
        raise InputError(error.why + point) from None
    if not math.isfinite(value):
        raise InputError(f"{echo(text)}: no answer is infinite")
    if "/" in bare:  # as many digits as float64 has
        return Typed(Decimal(value), Decimal(0), 17)
    with decimal.localcontext(CONTEXT):
        _, figures, exponent = Decimal(bare.removesuffix("%")).as_tuple()
        shift = -2 if bare.endswith("%") else 0
        written = Decimal(bare.removesuffix("%")).scaleb(shift)
        # Of 0.00 every digit is a zero: one significant digit.
        return Typed(written, Decimal((0, (5,), int(exponent) + shift - 1)), len(figures))


def _recognised(typed: Typed, asked: Exercise) -> str:
    """Name the wrong route that leads to what was typed, if it is a usual one."""
    for wrong in asked.near:
        if typed.meets(wrong.value):
            return wrong.said
    if typed.meets(-asked.answer):
        return "the sign is turned"
    if typed.meets(100 * asked.answer):
        return "that is 100 times as much: is it in percent?"
    close = typed.within(asked.answer, abs(Decimal(asked.answer)) / 100)
    return "close, but the last digit typed is not right" if close else ""
