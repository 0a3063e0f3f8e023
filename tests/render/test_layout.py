"""Lines that wrap, bars that fit, labels that are cut."""

from __future__ import annotations

import numpy as np
from hypothesis import given, strategies as st

from aimath.render import _layout
from aimath.render._layout import bar, bars, safe_label, wrap
from aimath.render.report_view import LayoutOptions
from aimath.text import display_width

WORDS = st.lists(
    st.sampled_from(["S", "=", "+", "-", "0.123456", "exp(z)", "", "", "bits"]), min_size=1, max_size=30
)


@given(WORDS, st.integers(20, 80))
def test_wrapping_loses_nothing_and_fits(words, width):
    text = " ".join(words)
    lines = wrap(text, width)
    assert " ".join(lines).split() == text.split()
    assert max(map(len, lines)) <= width


def test_operators_stand_below_the_equals_sign():
    text = " S = " + " + ".join(["0.123456"] * 7) + " = 0.864192"
    assert wrap(text, 40) == [
        " S = 0.123456 + 0.123456 + 0.123456", "   + 0.123456 + 0.123456 + 0.123456", "   + 0.123456 = 0.864192",
    ]  # fmt: skip


@given(st.floats(), st.integers(1, 40))
def test_bars_are_never_longer_than_their_room(share, room):
    assert display_width(bar(share, room)) <= room


@given(st.lists(st.floats(allow_subnormal=False), min_size=1, max_size=9), st.integers(5, 40))
def test_signed_bars_fit_and_the_longest_fills(values, room):
    drawn = bars(np.array(values), room)
    assert max(map(display_width, drawn)) <= room
    finite = [abs(x) for x in values if np.isfinite(x)]
    if finite and max(finite) > 0:
        assert max(map(display_width, drawn)) == room


@given(st.text(st.characters(), min_size=1, max_size=30), st.integers(3, 20), st.booleans())
def test_labels_fit_their_room(text, room, ascii_only):
    assert display_width(safe_label(text, LayoutOptions(ascii_only=ascii_only), room)) <= room


def test_a_very_long_label_is_cut_in_one_pass(monkeypatch):  # each sign that was cut took another
    measured = []
    monkeypatch.setattr(
        _layout, "display_width", lambda text: measured.append(len(text)) or display_width(text)
    )
    assert safe_label("猫" * 500, LayoutOptions(), 9) == "猫猫猫猫…"
    assert sum(measured) <= 2 * 500
