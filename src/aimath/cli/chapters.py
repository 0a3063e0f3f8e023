"""The commands by chapter, and the help of each."""

from __future__ import annotations

from aimath.cli.catalogue import COMMANDS, found
from aimath.content.chapters import CALCULATORS, CHAPTERS

REST = "Guide and help"
INPUT = "Numbers come as arguments, from files (@FILE) or on standard input, one vector a line."


def chapters() -> dict[str, list[str]]:
    """Name the commands of each chapter, by its title; what belongs to none comes last.

    >>> list(chapters())[0], chapters()["Linear algebra"][:2]
    ('Linear algebra', ['dot', 'neuron'])
    """
    found = {
        chapter.title: [name for name in CALCULATORS[chapter.id] if name in COMMANDS] for chapter in CHAPTERS
    }
    known = {name for names in found.values() for name in names}
    return found | {REST: [name for name in COMMANDS if name not in known]}


def said_of(name: str) -> str:
    """Give the help of a command, its docstring; its first sentence where python -OO has dropped that."""
    return (
        found(name).function.__doc__
        or f"{COMMANDS[name].summary}\n\nThe rest of this text is dropped by python -OO."
    )
