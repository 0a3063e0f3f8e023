"""The README keeps its word: its sessions are replayed, and those beside it; its commands are all commands."""

from __future__ import annotations

import doctest
import math
import os
import re
import shlex
import subprocess
import sys
from itertools import zip_longest
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from aimath.cli.chapters import commands_by_chapter

README = Path(__file__).parent.parent / "README.md"
TEXT = README.read_text(encoding="utf-8")
MORE = (Path(__file__).parent / "sessions.md").read_text(encoding="utf-8")
SESSIONS = re.findall(r"```console\n(.*?)```", TEXT + MORE, re.DOTALL)


def calls(session):
    """Give each command of a session with the output that stands below it."""
    return re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", session, re.MULTILINE)


def same(wanted, found):
    """Whether two words are equal; numbers may differ in the last digits, which depend on the processor."""
    try:
        return math.isclose(float(wanted), float(found), rel_tol=1e-12) or wanted == found
    except ValueError:
        return wanted == found


@pytest.mark.slow
@pytest.mark.parametrize("session", SESSIONS)
def test_session(session, tmp_path):
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for command, output in calls(session):
        ran = subprocess.run(
            ["sh", "-c", f"({command}) 2>&1"],
            cwd=tmp_path,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        split = r"([\s,{}\[\]]+)"
        pairs = zip_longest(re.split(split, output), re.split(split, ran.stdout), fillvalue="")
        assert all(same(a, b) for a, b in pairs), f"$ {command}\n{ran.stdout}"


def test_sessions_are_found():
    assert sum(len(calls(session)) for session in SESSIONS) == (TEXT + MORE).count("\n$ ")
    assert len(SESSIONS) >= 5


def test_table_lists_every_command_in_its_chapter():
    rows = re.findall(r"^\| ([\w ]+) \| (`[`\w -]+`) \|$", TEXT, re.MULTILINE)
    assert {title: re.findall(r"`([\w-]+)`", names) for title, names in rows} == commands_by_chapter()


def test_library_session():
    (session,) = re.findall(r"```pycon\n(.*?)```", TEXT, re.DOTALL)
    test = doctest.DocTestParser().get_doctest(session, {}, "README", str(README), 0)
    assert doctest.DocTestRunner().run(test).failed == 0


PICTURES = re.findall(
    r"```sh\n(aimath .* --out (\w+\.svg))\n```\n\n!\[[^]]+\]\(tests/pictures/(\w+\.svg)\)", TEXT
)


LEARNED = ("aimath train ", "aimath generate ")
"""What is trained differs in its last digits from processor to processor, and so in what it draws."""


@pytest.mark.parametrize(
    ("command", "made", "shown"), [one for one in PICTURES if not one[0].startswith(LEARNED)]
)
def test_pictures_are_what_the_lines_above_them_draw(command, made, shown, aimath, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert aimath(*shlex.split(command)[1:]) == (0, "", "")
    drawn, committed = (
        path.read_text() for path in (tmp_path / made, README.parent / "tests/pictures" / shown)
    )
    split = r"([\s,<>\"]+)"
    pairs = zip_longest(re.split(split, committed), re.split(split, drawn), fillvalue="")
    assert all(same(a, b) for a, b in pairs)
    assert made == shown


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "made", "shown"), [one for one in PICTURES if one[0].startswith(LEARNED)]
)
def test_pictures_of_what_was_trained_are_as_wide_and_have_its_words(
    command, made, shown, aimath, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert aimath(*shlex.split(command)[1:]) == (0, "", "")
    drawn, committed = (
        ET.fromstring(path.read_text())  # noqa: S314  our own
        for path in (tmp_path / made, README.parent / "tests/pictures" / shown)
    )
    assert drawn.get("viewBox").split()[2] == committed.get("viewBox").split()[2]
    words = [
        sorted({word for word in re.findall(r"[a-z]{4,}", "".join(one.itertext())) if len(set(word)) > 2})
        for one in (drawn, committed)
    ]
    assert words[0] == words[1]
    assert made == shown


def test_every_picture_has_its_line():
    assert len(PICTURES) == TEXT.count("![") >= 4


CONTRIBUTING = (README.parent / ".github" / "CONTRIBUTING.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`((?:[a-z_]+/)*[a-z_]+\.(?:py|json))(?:: (\w+))?`", CONTRIBUTING)
FILES = {
    f"/{file.relative_to(README.parent).as_posix()}": file
    for top in ("src", "tests", ".github")
    for file in (README.parent / top).rglob("*.*")
}


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_contributing_names_files_and_functions_that_there_are(path, name):
    found = [file for known, file in FILES.items() if known.endswith(f"/{path}")]
    assert found
    assert not name or any(f"def {name}(" in file.read_text() for file in found)


def test_files_that_contributing_names_are_found():
    assert len(NAMED) >= 20


def test_checks_before_a_merge_end_in_the_readmes_own_test_command():
    command = re.compile(r"^```sh\n(.* && .* -m pytest)\n```$", re.MULTILINE)
    (wanted,) = command.findall(TEXT)
    run = (README.parent / ".ci" / "run").read_text()
    (found,) = re.findall(r"^run_tests=(.*)$", run, re.MULTILINE)
    shell = f'run_tests={found} && printf %s "$run_tests"'
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", shell],
        cwd=README.parent,
        check=False,
        capture_output=True,
        text=True,
    )
    assert (ran.returncode, ran.stdout) == (0, wanted)
    assert run.rstrip().endswith('"$run_tests"')
