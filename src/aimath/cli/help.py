"""Help with examples: what a command answers, then what may be asked of it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated

from aimath.cli.app import COMMANDS, call, found
from aimath.cli.options import Words
from aimath.cli.talk import Voice, talk
from aimath.errors import InputError, meant
from aimath.guide.commands import CALCULATORS
from aimath.safe import echo

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimath.cli.command import Commands

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
