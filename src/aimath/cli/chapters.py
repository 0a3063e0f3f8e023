"""The commands by chapter, and the help of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aimath.cli.catalogue import COMMANDS, lookup
from aimath.content.chapters import CHAPTERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aimath.cli.catalogue import CatalogueEntry

OTHER_CHAPTER = "Guide and help"
INPUT_HELP = "Numbers come as arguments, from files (@FILE) or on stdin, one vector a line."


def calculators() -> dict[str, tuple[str, ...]]:
    """Return the names of the calculators of each chapter of the guide by its id.

    >>> calculators()["linear-algebra"][:2]
    ('dot', 'neuron')
    """
    return {
        chapter.id: tuple(name for name, entry in COMMANDS.items() if entry.chapter == chapter.id)
        for chapter in CHAPTERS
    }


def commands_by_chapter(entries: Mapping[str, CatalogueEntry] = COMMANDS) -> dict[str, list[str]]:
    """Return the command names of each chapter by title, with commands of no chapter last.

    >>> list(commands_by_chapter())[0], commands_by_chapter()["Linear algebra"][:2]
    ('Linear algebra', ['dot', 'neuron'])
    """
    titles = {chapter.id: chapter.title for chapter in CHAPTERS}
    found: dict[str, list[str]] = {title: [] for title in (*titles.values(), OTHER_CHAPTER)}
    for name, entry in entries.items():
        found[titles.get(entry.chapter, OTHER_CHAPTER)].append(name)
    return found


def summary_of(name: str) -> str:
    """Return the help text of a command: its docstring, or its summary under python -OO."""
    return (
        lookup(name).function.__doc__
        or f"{COMMANDS[name].summary}\n\nThe rest of this text is dropped by python -OO."
    )
