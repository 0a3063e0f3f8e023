"""The chapters hold every command once."""

from __future__ import annotations

from aimath.cli.catalogue import COMMANDS
from aimath.cli.chapters import commands_by_chapter


def test_every_command_is_in_one_chapter():
    names = [name for names in commands_by_chapter().values() for name in names]
    assert sorted(names) == sorted(COMMANDS)
