"""Text that isn't ours: nothing in it steers a terminal, and what is echoed is short."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, strategies as st

from aimath.text import display_width, encode_utf8, escape_control, quote, to_ascii


def test_echo_shows_what_a_terminal_would_obey():
    assert (
        quote("\x1b[31m\u202e\u200b\x9b\udc80\U000e0041\r") == r"'\x1b[31m\u202e\u200b\x9b\udc80\U000e0041\r'"
    )


def test_echo_is_short():
    assert quote("x" * 60) == f"'{'x' * 60}'"
    assert quote("x" * 61) == f"'{'x' * 57}...'"


STEERS = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def harmless(lines) -> bool:
    return not any(unicodedata.category(sign) in STEERS for line in lines for sign in line)


@given(st.text(st.characters(), max_size=20))
def test_no_text_steers_a_terminal(text):
    assert harmless([escape_control(text)])
    assert to_ascii(escape_control(text)).isascii()


@given(st.text(st.characters(exclude_categories=sorted(STEERS)), max_size=20))
def test_harmless_text_is_left_alone(text):
    assert escape_control(text) == text


@pytest.mark.parametrize(
    ("text", "width"), [("abc", 3), ("Σ·█", 3), ("猫", 2), ("e\u0301", 1), ("ｗ", 2), ("", 0)]
)
def test_cells(text, width):
    assert display_width(text) == width


@pytest.mark.parametrize(
    ("text", "written"),
    [("Σ p", "sum p"), ("√n", "sqrt n"), ("√(n)", "sqrt(n)"), ("p² ≥ ½", "p^2 >= 1/2"), ("KL(p‖q)", "KL(p||q)"),
     ("✓ ok", "ok ok"), ("œ", "\\u0153"), ("plain", "plain")],
)  # fmt: skip
def test_our_signs_in_ascii(text, written):
    assert to_ascii(text) == written


@given(st.binary(max_size=20))
def test_bytes_of_an_argument_come_out_as_they_went_in(data):
    assert encode_utf8(data.decode("utf-8", "surrogateescape")) == data


def test_half_of_a_surrogate_pair_is_its_escape():
    assert encode_utf8("a\ud800") == b"a\\ud800"
