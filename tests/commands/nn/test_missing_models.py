"""Models that aren't there: each command that opens one says what was typed, and what it takes instead."""

from __future__ import annotations

import itertools

import pytest

LINES = {
    "gpt": ("gpt", "{}", "123"),
    "generate": ("generate", "{}"),
    "embed": ("embed", "{}", "king"),
    "weights": ("weights", "{}"),
    "weights, the other": ("weights", "randn:4x4", "--against", "{}"),
}
NAMES = ("gone", "3x", "no/folder", "gone.d", "-gone", "göne")


@pytest.mark.parametrize(("line", "name"), [*itertools.product(LINES, NAMES)])
def test_what_is_not_there_is_named_with_a_way_out(aimath, line, name):
    words = [word.format(f"./{name}") for word in LINES[line]]
    ran = aimath(*words)
    why, way = ran.err.splitlines()
    assert (ran.code, ran.out) == (1, "")
    assert f"cannot read './{name}': No such file or directory" in why
    assert ".safetensors" in way


@pytest.mark.parametrize(
    ("command", "typed", "meant"),
    [("gpt", "revers", "reverse"), ("gpt", "nmes", "names"), ("generate", "digts", "digits")],
)
def test_a_run_misspelt_is_guessed(refused, command, typed, meant):
    said = refused(command, typed, *(("1",) if command == "gpt" else ()), code=1)
    assert f"cannot read '{typed}'" in said
    assert f"did you mean {meant}?" in said


def test_a_file_of_another_kind_is_named(refused, tmp_path):
    file = tmp_path / "notes"
    file.write_text("the cat\n", encoding="utf-8")
    assert f"the suffix of '{file}' is not known" in refused("weights", str(file), code=2)
    assert "'x' is not a number" in refused("weights", "1 2; 3 x", code=2)
    assert "randn:l4x64" in refused("weights", "randn:l4x64", code=2)
