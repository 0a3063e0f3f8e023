"""The chapters hold every command once."""

from __future__ import annotations

from aimath.cli.catalogue import COMMANDS
from aimath.cli.chapters import chapters


def test_every_command_is_in_one_chapter():
    names = [name for names in chapters().values() for name in names]
    assert sorted(names) == sorted(COMMANDS)
