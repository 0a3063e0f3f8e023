"""What somebody sees who types `aimath` alone, and the commands by chapter."""

from __future__ import annotations

from aimath.cli.app import COMMANDS, found
from aimath.cli.talk import Voice
from aimath.guide.chapters import CHAPTERS
from aimath.guide.commands import CALCULATORS

TRY = (
    ("aimath softmax 2 1 0.1 --explain", "logits become probabilities"),
    ("aimath temperature 2 1 0.1 -1 3 --plot", "what does temperature do to entropy?"),
    ("aimath demo gd", "how a network learns: down the slope"),
)
NEXT = (
    ("aimath help COMMAND", "examples with their output, then all options"),
    ("aimath demo, guide", "every idea of the guide at work; where AI uses it"),
    ("aimath quiz", "questions, with the answers derived"),
)
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


def welcome() -> int:
    """Write the first screen: what this is, what to try, what there is."""
    voice = Voice()
    voice.say("aimath calculates the mathematics behind AI, and shows each step.")
    voice.say()
    voice.say("Try:")
    for rows in (TRY, [(title, " ".join(names)) for title, names in chapters().items()], NEXT):
        voice.rows(rows)
        voice.say()
    voice.say(INPUT)
    return 0
