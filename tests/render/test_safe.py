"""Text that isn't ours: nothing in it steers a terminal, wherever it is printed."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import given, strategies as st

from aimath.render import _layout as layout
from aimath.render._layout import label
from aimath.render.fields import Wanted
from aimath.report import Line, Plot
from aimath.text import cells, encoded, safe, to_ascii

HOSTILE = ["[red]a[/red]", "[/x]", ":smile:", "[link=http://a]b[/link]", "a\x1b[31mb", "\x1b]0;t\x07", "\x9b2J",
           "a\u202eb", "\u2066c", "\u200bd", "\u2028e", "\x7f", "\r\n", "\tf", "\ud83d", "\U000e0041", "{probs}", "%s"]  # fmt: skip
STEERS = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def harmless(lines) -> bool:
    return not any(unicodedata.category(sign) in STEERS for line in lines for sign in line)


@given(st.text(st.characters(), max_size=20))
def test_no_text_steers_a_terminal(text):
    assert harmless([safe(text)])
    assert to_ascii(safe(text)).isascii()


@given(st.text(st.characters(exclude_categories=sorted(STEERS)), max_size=20))
def test_harmless_text_is_left_alone(text):
    assert safe(text) == text


@pytest.mark.parametrize("colour", [False, True])
@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("view", [{}, {"explain": True}, {"draw": True}, {"width": 20}, {"rows": 2}])
def test_hostile_labels_are_shown_as_they_are_written(softmax, seen, hostile, view, colour):
    rows = view.get("rows", 1)
    view = {key: value for key, value in view.items() if key != "rows"}
    report = softmax(
        np.arange(3.0 * rows).reshape(rows, 3), labels=("ok", hostile, "c"), names={"A": hostile}
    )
    report = report._replace(steps=(Line("{A} has {total}"), *report.steps))
    text = "\n".join(seen(report, colour=colour, **view))
    for code in ("\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[32m", "\x1b[36m"):  # the only ones that are ours
        text = text.replace(code, "")
    assert harmless(text.splitlines())
    assert safe(hostile)[:4] in text


@pytest.mark.parametrize(
    "view", [{}, {"explain": True}, {"draw": True}, {"width": 20}, {"width": 40, "explain": True}]
)
def test_ascii_is_ascii(five, softmax, seen, view):
    labels = ("é", "猫", "▌", "…", "ß")
    long = softmax(np.arange(60.0))
    for report in (five, five._replace(labels=labels), long, softmax(np.ones((40, 2)))):
        assert "".join(seen(report, ascii_only=True, **view)).isascii()


@pytest.mark.parametrize("kind", ["curve", "picture", "bars"])
def test_ascii_pictures_are_ascii(answer, seen, kind):
    report = answer(y=[[0.5, -1.0, 2.0, 3.0]], plot=Plot("y", "", kind))
    out = seen(report, ascii_only=True, draw=True, colour=True)
    assert "".join(out).replace("\x1b", "").isascii()


@given(st.text(st.characters(), min_size=1, max_size=30), st.integers(3, 20), st.booleans())
def test_labels_fit_their_room(text, room, ascii_only):
    assert cells(label(text, Wanted(ascii_only=ascii_only), room)) <= room


def test_a_very_long_label_is_cut_in_one_pass(monkeypatch):  # each sign that was cut took another
    measured = []
    monkeypatch.setattr(layout, "cells", lambda text: measured.append(len(text)) or cells(text))
    assert label("猫" * 500, Wanted(), 9) == "猫猫猫猫…"
    assert sum(measured) <= 2 * 500


@pytest.mark.parametrize(
    ("text", "width"), [("abc", 3), ("Σ·█", 3), ("猫", 2), ("e\u0301", 1), ("ｗ", 2), ("", 0)]
)
def test_cells(text, width):
    assert cells(text) == width


@pytest.mark.parametrize(
    ("text", "written"),
    [("Σ p", "sum p"), ("√n", "sqrt n"), ("√(n)", "sqrt(n)"), ("p² ≥ ½", "p^2 >= 1/2"), ("KL(p‖q)", "KL(p||q)"),
     ("✓ ok", "ok ok"), ("œ", "\\u0153"), ("plain", "plain")],
)  # fmt: skip
def test_our_signs_in_ascii(text, written):
    assert to_ascii(text) == written


@given(st.binary(max_size=20))
def test_bytes_of_an_argument_come_out_as_they_went_in(data):
    assert encoded(data.decode("utf-8", "surrogateescape")) == data


def test_half_of_a_surrogate_pair_is_its_escape():
    assert encoded("a\ud800") == b"a\\ud800"
