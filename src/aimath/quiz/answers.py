"""Parsing and grading of typed answers."""

from __future__ import annotations

import decimal
import math
from typing import TYPE_CHECKING, NamedTuple

from aimath.errors import InputError
from aimath.read.numbers import parse_number
from aimath.text import quote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimath.quiz.exercise import Exercise

Decimal = decimal.Decimal
MIN_DIGITS = 2
"""So many significant digits an answer needs, unless it is exact."""
RELATIVE_TOLERANCE = Decimal("1e-12")
"""Where rounding in float64 may have moved the end of a digit, relatively."""
CONTEXT = decimal.Context(prec=60, traps=[])


class Verdict(NamedTuple):
    """Whether an answer is correct, and feedback if it is not; what can't be read is a typo."""

    correct: bool
    feedback: str = ""
    is_typo: bool = False


class TypedNumber(NamedTuple):
    """A typed number with half a unit of its last digit, the rounding error it may have."""

    value: Decimal
    half_unit: Decimal
    digits: int

    def matches(self, answer: float) -> bool:
        """Return whether it is the answer rounded to the digits typed, and those are enough."""
        return self.within(answer, self.half_unit if self.digits >= MIN_DIGITS else Decimal(0))

    def within(self, answer: float, tolerance: Decimal) -> bool:
        """Return whether it is within a tolerance of the answer, up to float rounding."""
        with decimal.localcontext(CONTEXT):
            right = Decimal(answer)
            return abs(self.value - right) <= tolerance + abs(right) * RELATIVE_TOLERANCE


def grade_number(text: str, exercise: Exercise) -> Verdict:
    """Return the verdict on an answer to a numeric question."""
    try:
        typed = parse_answer(text, exercise.unit)
    except InputError as error:
        return Verdict(correct=False, feedback=str(error), is_typo=True)
    if typed.matches(exercise.answer):
        return Verdict(correct=True)
    said = _diagnose(typed, exercise)
    if not said and typed.within(exercise.answer, typed.half_unit):
        said = "right as far as it goes, but give two significant digits"
    return Verdict(correct=False, feedback=said)


def grade_choice(text: str, letters: Sequence[str], explanations: Sequence[str]) -> Verdict:
    """Return the verdict on a chosen letter: the correct choice has an empty explanation."""
    letter = text.strip().lower().strip("().:'\"")
    if letter not in letters:
        why = f"{quote(text)} is none of {', '.join(letters)}"
        return Verdict(correct=False, feedback=why, is_typo=True)
    but = explanations[letters.index(letter)]
    return Verdict(correct=not but, feedback=but)


def parse_answer(text: str, unit: str = "") -> TypedNumber:
    """Return a typed number with the size of its last digit; a unit may follow it.

    >>> parse_answer("0.63"), parse_answer("4.2 %", "%").digits
    (TypedNumber(value=Decimal('0.63'), half_unit=Decimal('0.005'), digits=2), 2)
    """
    bare = text.strip()
    if unit and bare.lower().endswith(unit.lower()):
        bare = bare[: -len(unit)].rstrip()
    bare = bare.replace("−", "-")
    try:
        value = parse_number(bare)
    except InputError as error:
        error.hint = "write a decimal point, not a comma" if "," in bare else ""
        raise
    if not math.isfinite(value):
        raise InputError(f"{quote(text)}: no answer is infinite")
    if "/" in bare:  # as many digits as float64 has
        return TypedNumber(Decimal(value), Decimal(0), 17)
    with decimal.localcontext(CONTEXT):
        _, figures, exponent = Decimal(bare.removesuffix("%")).as_tuple()
        shift = -2 if bare.endswith("%") else 0
        written = Decimal(bare.removesuffix("%")).scaleb(shift)
        # Of 0.00 every digit is a zero: one significant digit.
        return TypedNumber(written, Decimal((0, (5,), int(exponent) + shift - 1)), len(figures))


def _diagnose(typed: TypedNumber, exercise: Exercise) -> str:
    """Return feedback for a known wrong route to the typed number, or an empty string."""
    for wrong in exercise.distractors:
        if typed.matches(wrong.value):
            return wrong.explanation
    if typed.matches(-exercise.answer):
        return "the sign is turned"
    if typed.matches(100 * exercise.answer):
        return "that is 100 times as much: is it in percent?"
    close = typed.within(exercise.answer, abs(Decimal(exercise.answer)) / 100)
    return "close, but the last digit typed is not right" if close else ""
