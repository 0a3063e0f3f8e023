"""What a file holds can't move the terminal's cursor, or turn its text around, in any form."""

from __future__ import annotations

import json
import os
import pty
import tty
import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

FORMS = ("plain", "csv", "tsv", "markdown")
HOSTILE = [
    "\x1b]0;PWN\x07",
    "\x1b[2J",
    "\x9b31m",
    "\u202eabc",
    "\u2066x",
    "\u200f",
    "\x7f",
    "\x08\x08",
    "\u2028",
    "\U000e0041",
]
SIGNS = st.characters(categories=["Cc", "Cf", "Zl", "Zp", "Lu", "Ll", "Lo"], exclude_characters="\0\r\n")


def shown(warm, words, data):
    """Give the bytes that a terminal gets, its line ends as they were written."""
    ours, theirs = pty.openpty()
    try:
        tty.setraw(theirs)
        ran = warm(*words, stdin=data, stdout=theirs)
        assert ran.code == 0, ran
        os.close(theirs)
        theirs = None
        text = b""
        try:
            while piece := os.read(ours, 1 << 16):
                text += piece
        except OSError:  # Linux's end of a terminal
            pass
        return text
    finally:
        os.close(ours)
        if theirs is not None:
            os.close(theirs)


def unsafe(text):
    return [
        sign for sign in text if unicodedata.category(sign) in ("Cc", "Cf", "Zl", "Zp") and sign not in "\n\t"
    ]


def rows(name):
    return json.dumps({"logits": [1, 2], "labels": [name, "b"]}).encode()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", HOSTILE)
def test_header_is_escaped_at_a_terminal_and_whole_in_a_pipe(warm, form, name):
    words = ("softmax", "--format", form, "--fields", "logits,probs")
    text = shown(warm, ["softmax", "--format", form, "--fields", "logits,probs", "--ascii"], rows(name))
    assert not unsafe(text.decode().replace("\x1b[0m", "").replace("\x1b[1m", "").replace("\x1b[2m", ""))
    if form in ("plain", "csv", "markdown"):
        assert name in warm(*words, stdin=rows(name)).out.decode()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(st.text(SIGNS, min_size=1, max_size=8), st.sampled_from(["plain", "csv", "tsv", "markdown"]))
def test_any_name_is_escaped_at_a_terminal(warm, name, form):
    text = shown(warm, ["softmax", "--format", form, "--fields", "logits,probs"], rows(name))
    assert not unsafe(text.decode())
