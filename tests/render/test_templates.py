"""Templates of a derivation, filled with quantities."""

from __future__ import annotations

import re

import numpy as np
import pytest

from aimath.render.numbers import NumberStyle
from aimath.report import Line

NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?(?![\w.])")


@pytest.fixture
def line(answer, seen):
    """Give the text of one template for quantities."""

    def text(template, digits=None, template_words=None, **quantities):
        step = (Line(template),)
        return "\n".join(
            seen(
                answer(steps=step, template_words=template_words or {}, **quantities),
                explain=True,
                style=NumberStyle(digits),
            )
        )

    return text


def test_templates(line):
    assert line("{a} = {b}", a=[0.5], b=[1 / 3]) == "0.5 = 0.333333"
    assert line("{a:+} {b:+}", a=[0.5], b=[-2.0]) == "+0.5 -2"
    assert line("{t: + }", t=[[0.5, -0.25, 1.0]]) == "0.5 - 0.25 + 1"
    assert line("{t: · }", t=[[2.0, -3.0]]) == "2 · -3"
    assert line("{t}", t=[[2.0, 3.0]]) == "2, 3"
    assert line("{a:%} {b:%}", a=[0.6342], b=[0.999999]) == "63.42 % 99.9999 %"
    assert line("{a:.3}", a=[2 / 3]) == "0.667"
    assert line("{a:bar}|", a=[0.5]) == "██████████|"
    assert (
        line("P({A}|{B}) = {p}", template_words={"A": "spam", "B": "x" * 99}, p=[0.5])
        == f"P(spam|{'x' * 23}…) = 0.5"
    )
    assert line("{n} {w} {words}", n=[7], w=["king"], words=[["a", "b"]]) == "7 king a, b"


def test_digits_asked_for_hold_everywhere(line, five, seen):
    assert line("{a} {a:.5} {a:%} {a:+}", digits=2, a=[2 / 3]) == "0.67 0.67 67 % +0.67"
    out = seen(five, explain=True, style=NumberStyle(digits=2))
    digits = {len(re.sub(r"\D", "", text).strip("0")) for row in out[2:] for text in NUMBER.findall(row)}
    assert max(digits) <= 3  # two, and one more where a column aligns them with 1.00


def test_a_line_may_depend_on_a_quantity(answer, seen):
    step = (Line("masked: {masked}", nonzero="masked"),)
    assert seen(answer(masked=[0, 2], steps=step), explain=True) == ["masked: 2"]
    assert seen(answer(masked=[[0, 0], [0, 1]], steps=(Line("some", nonzero="masked"),)), explain=True) == [
        "some"
    ]


def test_unknown_names_are_noticed(line):
    with pytest.raises(KeyError):
        line("{absent}", a=[1.0])


def test_derived_quantities_are_computed_once_a_block(answer, seen):
    calls = []

    def slow(_):
        calls.append(1)
        return np.zeros(50)

    report = answer(a=np.zeros(50), steps=(Line("{slow}"),))
    type(report.result).slow = property(slow)
    seen(report, explain=True)
    assert len(calls) == 1
