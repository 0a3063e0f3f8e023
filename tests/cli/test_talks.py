"""What holds for every command that talks; a new one is found by enumeration and can't escape."""

from __future__ import annotations

import shlex

import pytest

from aimath.cli.catalogue import COMMANDS, lookup
from aimath.cli.text_command import TextCommand

TALKS = [name for name, entry in COMMANDS.items() if entry.is_text]


@pytest.fixture(params=TALKS)
def line(request):
    return shlex.split(lookup(request.param).example)[1:]


def test_commands_that_talk_are_known_as_such():
    assert len(TALKS) >= 4
    assert {name for name in COMMANDS if isinstance(lookup(name), TextCommand)} == set(TALKS)


def test_example_talks(answered, line):
    text = answered(*line)
    assert len(text.splitlines()) >= 5
    assert "\x1b" not in text
    assert text.endswith("\n")


def test_ascii(aimath, line):
    assert aimath(*line, "--ascii").out.isascii()


def test_typo_in_an_option_is_named(refused, line):
    assert "did you mean --ascii?" in refused(*line, "--asci")


@pytest.mark.slow
def test_environment_changes_no_byte(warm, line):
    plain = warm(*line).out
    for change in ({"COLUMNS": "20"}, {"TERM": "dumb"}, {"FORCE_COLOR": "1"}, {"LC_ALL": "C"}):
        assert warm(*line, env=change)[:3] == (0, plain, b"")


@pytest.mark.parametrize("name", ["help", "man"])
def test_unknown_command_is_named(aimath, refused, name):
    said = refused(name, "softmxa")
    assert said.startswith(f"aimath {name}: error: there is no command 'softmxa'\n")
    assert aimath(name, "a", "b").code == 2
