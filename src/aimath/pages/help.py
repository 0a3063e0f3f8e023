"""What somebody sees who types `aimath` alone, and help with examples."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated

from aimath.cli.app import call
from aimath.cli.catalogue import COMMANDS, found
from aimath.cli.chapters import INPUT, chapters
from aimath.cli.options import Words
from aimath.cli.text_command import Voice, talk
from aimath.content.chapters import CALCULATORS
from aimath.errors import InputError, meant
from aimath.text import echo

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimath.cli.command import Commands

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


commands: Commands = {}


@talk(commands, example="aimath help softmax", name="help")
def helps(
    voice: Voice,
    names: Annotated[list[str], Words("A command; all of them, if none.", "[COMMAND]")],
) -> int:
    """Show examples of a command with their output, then its options.

    The examples run at that moment: what stands below each is what it answers.
    """
    name = one_command(names, "help")
    if name is None:
        return call(["--help"])
    command = found(name)
    for line in (command.example, f"{command.example} --explain")[: 1 if command.guides else 2]:
        voice.write(f"$ {line}\n")
        if not COMMANDS[name].talks:
            call([*shlex.split(line)[1:], *(("--ascii",) * voice.ascii_only)])
        voice.say()
    code = call([name, "--help"])
    if any(name in names for names in CALCULATORS.values()):
        voice.say()
        voice.say(f"Questions about it: aimath quiz {name}", indent="  ")
    return code


def one_command(names: Sequence[str], asker: str) -> str | None:
    """Give the command that `aimath help` or `aimath man` is asked for; None for all of them."""
    if len(names) > 1:
        hint = f"try aimath {asker} softmax"
        raise InputError(f"takes one command, not {len(names)}", hint=hint, usage=True)
    if names and names[0] not in COMMANDS:
        hint = meant(names[0], COMMANDS, "see aimath --help", f"aimath {asker} ")
        raise InputError(f"there is no command {echo(names[0])}", hint=hint, usage=True)
    return names[0] if names else None
