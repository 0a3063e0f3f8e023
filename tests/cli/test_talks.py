"""What holds for every command that talks; a new one is found by enumeration and can't escape."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys

import pytest

from aimath.cli.app import COMMANDS, found
from aimath.cli.talk import Talk

TALKS = [name for name, entry in COMMANDS.items() if entry.talks]


@pytest.fixture(params=TALKS)
def line(request):
    return shlex.split(found(request.param).example)[1:]


def test_commands_that_talk_are_known_as_such():
    assert len(TALKS) >= 4
    assert {name for name in COMMANDS if isinstance(found(name), Talk)} == set(TALKS)


def test_example_talks(aimath, line):
    ran = aimath(*line)
    assert (ran.code, ran.err) == (0, "")
    assert len(ran.out.splitlines()) >= 5
    assert "\x1b" not in ran.out
    assert ran.out.endswith("\n")


def test_ascii(aimath, line):
    assert aimath(*line, "--ascii").out.isascii()


def test_typo_in_an_option_is_named(aimath, line):
    ran = aimath(*line, "--asci")
    assert (ran.code, ran.out) == (2, "")
    assert "did you mean --ascii?" in ran.err


def test_environment_changes_no_byte(program, line):
    plain = program(*line).stdout
    for change in ({"COLUMNS": "20"}, {"TERM": "dumb"}, {"FORCE_COLOR": "1"}, {"LC_ALL": "C"}):
        ran = program(*line, env={**os.environ, **change})
        assert (ran.returncode, ran.stdout, ran.stderr) == (0, plain, "")


@pytest.mark.parametrize(
    "words",
    [["--help"], ["help"], [], *([name, "--help"] for name in TALKS), ["man", "kl"], ["completion", "zsh"]],
)
def test_what_is_static_imports_neither_numpy_nor_rich(words):
    code = (
        "import sys\nfrom aimath.cli.app import call\ncode = call(sys.argv[1:])\n"
        "print('loaded', *[m for m in ('numpy', 'rich', 'pydantic') if m in sys.modules], file=sys.stderr)\n"
        "sys.exit(code)"
    )
    ran = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "loaded\n")


@pytest.mark.parametrize("name", ["help", "man"])
def test_unknown_command_is_named(aimath, name):
    ran = aimath(name, "softmxa")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"aimath {name}: error: there is no command 'softmxa'\n")
    assert aimath(name, "a", "b").code == 2
