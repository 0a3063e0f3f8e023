"""An answer is right if it is right as far as it was typed; hostile ones get one clear line."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, strategies as st

from aimath.quiz.answers import grade_choice, grade_number
from aimath.quiz.exercise import Distractor, Exercise


def asked(answer, unit="", near=()):
    return Exercise("softmax", "?", ("softmax", "0"), "probs", (0,), answer, near, unit)


@pytest.mark.parametrize(
    ("text", "answer", "unit"),
    [
        ("0.63", 0.6343, ""),
        (".634", 0.6343, ""),
        ("63.43%", 0.6343, ""),
        ("6.3e-1", 0.6343, ""),
        ("0.13", 0.125, ""),  # a tie may go either way
        ("0.12", 0.125, ""),
        ("0.63", 0.62499999999999, ""),  # as does one that float64 has moved
        ("-0", 0.0, ""),
        ("−2.0", -2.0, ""),
        ("3", 3.0, ""),  # exact needs no second digit
        ("1/3", 1 / 3, ""),
        ("2.5e4", 24576, ""),
        ("1.45 bits", 1.4542, "bits"),
        ("1.45BITS", 1.4542, "bits"),
        ("18.3 dB", 18.3037, "dB"),
        ("18.3db", 18.3037, "dB"),
        ("4.2%", 4.1667, "%"),
        ("4.2", 4.1667, "%"),
        ("  0.63\t", 0.6343, ""),
    ],
)
def test_right_as_far_as_typed(text, answer, unit):
    assert grade_number(text, asked(answer, unit)).correct


@pytest.mark.parametrize(
    ("text", "answer", "said"),
    [
        ("0.635", 0.6343, "close, but the last digit typed is not right"),
        ("0.62", 0.6343, ""),
        ("0.6", 0.6343, "right as far as it goes, but give two significant digits"),
        ("25000", 24576, ""),
        ("-0.63", 0.6343, "the sign is turned"),
        ("63", 0.6343, "that is 100 times as much: is it in percent?"),
        ("1/4", 0.2512, "close, but the last digit typed is not right"),
        ("inf", 0.6343, "'inf': no answer is infinite"),
        ("0,63", 0.6343, "'0,63' is not a number; write a decimal point, not a comma"),
        ("1e999", 0.6343, "'1e999' overflows float64"),
        ("nan", 0.6343, "'nan' is not a number"),
        ("\x1b[2J", 0.6343, r"'\x1b[2J' is not a number"),
        ("0.63 nats", 0.6343, "'0.63 nats' is not a number"),
        ("1e-999999", 0.6343, ""),
        ("1/0", 0.6343, "'1/0' divides by zero"),
    ],
)
def test_wrong_answers_are_told_why(text, answer, said):
    assert grade_number(text, asked(answer))[:2] == (False, said)


def test_usual_mistake_is_named_before_anything_else():
    near = (Distractor(0.4397, "in nats"), Distractor(2.0, "twice"))
    question = asked(0.6343, near=near)
    assert grade_number("0.44", question)[:2] == (False, "in nats")
    assert grade_number("0.4397", question).feedback == "in nats"
    assert grade_number("2", question).feedback == "twice"  # exact, though of one digit
    assert grade_number("0.4", question).feedback == ""


def right(text, answer):
    """Say by fractions whether `text`, of the form d.ddd, is `answer` rounded to its digits."""
    half = Fraction(1, 2 * 10 ** len(text.partition(".")[2]))
    return abs(Fraction(text) - Fraction(answer)) <= half


@given(
    answer=st.floats(0.01, 1e3).filter(lambda x: x != round(x, 6)),
    places=st.integers(2, 6),
    off=st.integers(-2, 2),
)
def test_tolerance_is_half_of_the_last_digit(answer, places, off):
    text = f"{round(answer, places) + off * 10.0**-places:.{places}f}"
    digits = text.replace(".", "").lstrip("0")
    if (
        len(digits) < 2
        or abs(abs(Fraction(text) - Fraction(answer)) / Fraction(1, 10**places) - Fraction(1, 2)) < 1e-3
    ):
        return
    assert grade_number(text, asked(answer)).correct == right(text, answer)


@given(st.text())
def test_any_text_gets_at_most_one_line(text):
    verdict = grade_number(text, asked(0.6343))
    assert "\n" not in verdict.feedback
    assert len(verdict.feedback) < 1000
    assert len(grade_choice(text, "abcd", ["", "x", "y", "z"]).feedback.splitlines()) <= 1


@pytest.mark.parametrize("text", ["b", "B", " b) ", "(b)", "b.", "'b'"])
def test_letter_is_taken_in_every_dress(text):
    assert grade_choice(text, "abcd", ["no", "", "no", "no"]).correct


@pytest.mark.parametrize(
    ("text", "said"),
    [("a", "why not"), ("e", "'e' is none of a, b, c, d"), ("bb", "'bb' is none of a, b, c, d")],
)
def test_other_letters_are_told_why_not(text, said):
    assert grade_choice(text, "abcd", ["why not", "", "no", "no"])[:2] == (False, said)
