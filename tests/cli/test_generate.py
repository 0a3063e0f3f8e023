"""What is generated is fresh, and lists are in the order that the declarations give."""

from __future__ import annotations

from pathlib import Path

import pytest

from aimath.cli import _generated
from aimath.cli.catalogue import COMMANDS
from aimath.cli.command import DECLARED, command as declare
from aimath.cli.generate import catalogue, catalogue_source, declared_commands, readme_table, replace_table
from aimath.report import Report  # noqa: TC001

README = Path(__file__).parents[2] / "README.md"
AGAIN = "run python -m aimath.cli.generate"


def test_catalogue_is_what_the_commands_declare():
    text = Path(_generated.__file__).read_text(encoding="utf-8")
    assert catalogue_source(catalogue(declared_commands())) == text, AGAIN


def test_readme_has_the_table_of_the_catalogue():
    text = README.read_text(encoding="utf-8")
    assert readme_table(COMMANDS) in text, AGAIN
    assert replace_table(text, readme_table(COMMANDS)) == text


def declared(*places):
    """Give commands a, b, c ... of one module that stand after others or open a chapter."""
    commands = {}
    for name, place in zip("abcdefg", places, strict=False):

        def function() -> Report:
            """Say nothing."""

        function.__name__, function.__module__ = name, "aimath.commands.linalg.x"
        declare(example="", answer="", **place)(function)
        commands[name] = DECLARED.pop(name)
    return commands


CHAPTERS = ("linear-algebra", "calculus", "probability", "information")


def order(*places):
    opened = [{"chapter": chapter} for chapter in CHAPTERS]
    return "".join(catalogue(declared(*opened, *places)))


def test_a_command_stands_behind_the_one_above_it():
    assert order({}, {}) == "abcdef"


def test_a_command_stands_after_the_one_that_it_names():
    assert order({"after": "a"}) == "aebcd"
    assert order({"after": "f"}, {"after": "b"}) == "abfecd"


def test_of_two_after_one_the_last_of_its_line_comes_first():
    assert order({"after": "a"}, {}, {"after": "a"}) == "agefbcd"


@pytest.mark.parametrize("places", [({"after": "x"},), ({"after": "f"}, {"after": "e"})])
def test_a_command_that_stands_nowhere_is_told_with_its_place(places):
    with pytest.raises(ValueError, match=r"test_generate\.py:\d+: [ef] stands after"):
        order(*places)
