"""The catalogue of commands: what lists say of each, known without importing it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, NamedTuple

from aimath.cli._generated import ENTRIES

if TYPE_CHECKING:
    from aimath.cli.command import Command


class CatalogueEntry(NamedTuple):
    """A command's declaration: where it is defined and what is said of it, in the order of the lists."""

    module: str
    chapter: str  # its id
    summary: str
    example: str
    answer: str  # what it prints, in the manual's words
    quiz: tuple[str, ...]  # the functions of `quiz` that ask about it, as MODULE.FUNCTION
    is_text: bool  # it writes words, not an answer in one of many forms


COMMANDS = {name: CatalogueEntry(*entry) for name, entry in ENTRIES.items()}


def lookup(name: str) -> Command:
    """Return a command by name, importing its module."""
    importlib.import_module(f"aimath.{COMMANDS[name].module}")
    from aimath.cli.command import DECLARED  # noqa: PLC0415  not for lists

    return DECLARED[name]
