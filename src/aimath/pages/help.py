"""The welcome screen and help with examples."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated

from aimath.cli.app import run_line
from aimath.cli.catalogue import COMMANDS, lookup
from aimath.cli.chapters import INPUT_HELP, commands_by_chapter
from aimath.cli.command import shared_params
from aimath.cli.guesses import unknown_name
from aimath.cli.options import InputOptions, OutputOptions, TextArguments
from aimath.cli.text_command import TextOutput, text_command
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence


FIRST_EXAMPLES = (
    ("aimath softmax 2 1 0.1 --explain", "logits become probabilities"),
    ("aimath temperature 2 1 0.1 -1 3 --plot", "what does temperature do to entropy?"),
    ("aimath demo gd", "how a network learns: down the slope"),
)
NEXT_STEPS = (
    ("aimath help COMMAND", "its options, then examples with their output"),
    ("aimath demo, guide", "every idea of the guide at work; where AI uses it"),
    ("aimath quiz", "questions, with the answers derived"),
)


def welcome() -> int:
    """Print the welcome screen and return the exit code."""
    voice = TextOutput()
    voice.paragraph("aimath calculates the mathematics behind AI, and shows each step.")
    voice.paragraph()
    for rows in (
        FIRST_EXAMPLES,
        [(title, " ".join(names)) for title, names in commands_by_chapter().items()],
        NEXT_STEPS,
    ):
        voice.write_dl(rows)
        voice.paragraph()
    voice.paragraph(INPUT_HELP)
    return 0


@text_command(
    example="aimath help softmax",
    answer="`aimath help softmax`",
    after="quiz",
    name="help",
)
def help_command(
    out: TextOutput,
    names: Annotated[list[str], TextArguments("A command, or options; all commands, if none.", "[COMMAND]")],
) -> int:
    """Show the options of a command, then examples with their output.

    The examples run at that moment: what stands below each is what it answers. options shows the
    options that all commands share.
    """
    if names == ["options"]:
        return _shared_options(out)
    name = parse_command_name(names, "help")
    if name is None:
        return run_line(["--help"])
    command = lookup(name)
    code = run_line([name, "--help"])
    if COMMANDS[name].quiz:
        out.paragraph(f"Questions about it: aimath quiz {name}", indent="  ")
    for line in (command.example, f"{command.example} --explain")[: 1 if command.informational else 2]:
        out.paragraph()
        out.write(f"$ {line}\n")
        if not COMMANDS[name].is_text:
            run_line([*shlex.split(line)[1:], *(("--ascii",) * out.ascii_only)])
    return code


def _shared_options(out: TextOutput) -> int:
    """Print the options that all commands share, and return the exit code."""
    for title, options in (("Reading of files and standard input", InputOptions), ("Output", OutputOptions)):
        out.paragraph(f"{title}:")
        rows = [
            (f"{', '.join(one.flags)} {one.metavar}".rstrip(), one.help) for one in shared_params(options)
        ]
        drawing = [row for row in rows if row[0] in {"--log-y", "--ascii"}]
        rows = [row for row in rows if row not in drawing]
        if drawing:  # in one line, so that all fit a screen
            rows.append(
                (", ".join(flag for flag, _ in drawing), "Draw with a log y axis, with ASCII signs only.")
            )
        out.write_dl(rows)
    return 0


def parse_command_name(names: Sequence[str], page: str) -> str | None:
    """Return the command that `aimath help` or `aimath man` is given, or None without one."""
    if len(names) > 1:
        hint = f"try aimath {page} softmax"
        raise InputError(f"takes one command, not {len(names)}", hint=hint, usage=True)
    if names and names[0] not in COMMANDS:
        raise unknown_name(names[0], COMMANDS, "command", "see aimath --help")
    return names[0] if names else None
