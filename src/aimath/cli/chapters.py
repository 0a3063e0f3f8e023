"""The commands by chapter, and the help of each."""

from __future__ import annotations

from aimath.cli.catalogue import COMMANDS, lookup
from aimath.content.chapters import CALCULATORS, CHAPTERS

OTHER_CHAPTER = "Guide and help"
INPUT_HELP = "Numbers come as arguments, from files (@FILE) or on standard input, one vector a line."


def commands_by_chapter() -> dict[str, list[str]]:
    """Return the command names of each chapter by title, with commands of no chapter last.

    >>> list(commands_by_chapter())[0], commands_by_chapter()["Linear algebra"][:2]
    ('Linear algebra', ['dot', 'neuron'])
    """
    found = {
        chapter.title: [name for name in CALCULATORS[chapter.id] if name in COMMANDS] for chapter in CHAPTERS
    }
    known = {name for names in found.values() for name in names}
    return found | {OTHER_CHAPTER: [name for name in COMMANDS if name not in known]}


def summary_of(name: str) -> str:
    """Return the help text of a command: its docstring, or its summary under python -OO."""
    return (
        lookup(name).function.__doc__
        or f"{COMMANDS[name].summary}\n\nThe rest of this text is dropped by python -OO."
    )
