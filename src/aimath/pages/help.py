"""The welcome screen and help with examples."""

from __future__ import annotations

import re
import shlex
import textwrap
from typing import TYPE_CHECKING, Annotated

from aimath.cli.app import run_line
from aimath.cli.catalogue import COMMANDS, lookup
from aimath.cli.chapters import INPUT_HELP, commands_by_chapter
from aimath.cli.command import shared_params
from aimath.cli.guesses import unknown_name
from aimath.cli.options import InputOptions, Option, OutputOptions, TextArguments
from aimath.cli.output import detect_terminal
from aimath.cli.text_command import TextOutput, text_command
from aimath.content.conventions import CONVENTIONS
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence


FIRST_EXAMPLES = (
    ("aimath softmax 2 1 0.1 --explain", "logits become probabilities"),
    ("aimath temperature 2 1 0.1 -1 3 --plot", "what does temperature do to entropy?"),
    ("aimath train digits", "how a network learns, in a second"),
)
NEXT_STEPS = (("aimath help COMMAND", "its options and examples; demo, guide, quiz lead on"),)


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


TOPICS = (*CONVENTIONS, "options")
"""The pages of help that are of no command."""
SCREEN_LINES = 23
"""Lines of a page at a terminal of 24, the next prompt being the last."""


@text_command(
    example="aimath help softmax",
    answer="`aimath help softmax`",
    after="quiz",
    name="help",
)
def help_command(
    out: TextOutput,
    names: Annotated[
        list[str], TextArguments("A command, input, formulas, output or options; else a list.", "[TOPIC]")
    ],
    all_options: Annotated[bool, Option("--all", help="The whole page, at a terminal too.")] = False,
) -> int:
    """Show the options of a command, then examples with their output.

    The examples run at that moment: what stands below each is what it answers. A terminal shows a screen
    of it, --all the whole. input, formulas and output show what holds for all commands, options the
    options that all share.
    """
    if names == ["options"]:
        return _shared_options(out)
    if len(names) == 1 and names[0] in CONVENTIONS:
        out.write_dl([*CONVENTIONS[names[0]].items()])
        return 0
    name = parse_command_name(names, "help", TOPICS)
    if name is None:
        return run_line(["--help"])
    if not all_options and detect_terminal(OutputOptions()).is_terminal:
        return _first_screen(out, name)
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


def _first_screen(out: TextOutput, name: str) -> int:
    """Print what of a command's help fits a screen, the first options whole and the others by name."""
    from aimath.cli.typer_group import help_of  # noqa: PLC0415  25 ms, and a start without it is quicker

    head, _, rest = help_of(name).partition("\n\nOptions:\n")
    *options, _ = re.split(r"\n(?=  -)", rest.partition("\n\n")[0])  # but --help, which is known by now
    said = (f"Example: {lookup(name).example}", f"More: aimath help {name} --all, aimath help options")
    foot = [f"  {line}" for one in said for line in textwrap.wrap(one, out.width - 2, break_on_hyphens=False)]
    for count in range(len(options), -1, -1):
        names = [re.findall(r"^ *(?:-\w, )?(--?[\w-]+)", option)[0] for option in options[count:]]
        others = textwrap.wrap(f"and {' '.join(names)}", out.width - 2, break_on_hyphens=False) * bool(names)
        lines = [head, "", "Options:", *options[:count], *(f"  {line}" for line in others), "", *foot]
        page = "\n".join(lines) + "\n"
        if page.count("\n") <= SCREEN_LINES:
            break
    out.write(page)
    return 0


def _shared_options(out: TextOutput) -> int:
    """Print the options that all commands share, and return the exit code."""
    for title, options in (("Reading of files and standard input", InputOptions), ("Output", OutputOptions)):
        out.paragraph(f"{title}:")
        rows = [
            (f"{', '.join(one.flags)} {one.metavar}".rstrip(), one.help) for one in shared_params(options)
        ]
        out.write_dl(_join_rows(rows))
    return 0


JOINED_OPTIONS = {
    "--labels": ("--labels, --row-labels A,B", "Names of the entries, and of the rows."),
    "--row-labels": None,
    "--column": ("--column, --exclude NAMES", "Columns: a name or number, lists, 2-5, 'p_*'."),
    "--exclude": None,
    "--delimiter": ("--delimiter, --decimal SIGN", "What separates cells; a decimal comma."),
    "--decimal": None,
    "--rows": ("--rows, --header", "Single numbers are rows; a header comes first."),
    "--header": None,
    "--workers": ("--workers, --dask", "Share the work of files: see aimath combine."),
    "--dask": None,
    "--part": ("--part, --state FILE", "One part of the work, for aimath combine."),
    "--state": None,
    "--json": ("--json, --csv", "One JSON object a row; comma-separated, with a header."),
    "--csv": None,
    "--digits": ("--digits, --decimals N", "Digits that are significant; after the point."),
    "--decimals": None,
    "--plot": ("--plot, --figure FILE", "Draw; into a .svg, .png or .pdf as a figure."),
    "--figure": None,
    "--log-y": ("--log-y, --ascii", "Draw with a log y axis, with ASCII signs only."),
    "--ascii": None,
}
"""Options that share a line, so that all fit a screen; None: it stands beside another."""


def _join_rows(rows: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the lines of a list of options, some of which share one."""
    lines = (JOINED_OPTIONS.get(row[0].partition(" ")[0], row) for row in rows)
    return [line for line in lines if line is not None]


def parse_command_name(names: Sequence[str], page: str, topics: Sequence[str] = ()) -> str | None:
    """Return the command that `aimath help` or `aimath man` is given, or None without one."""
    if len(names) > 1:
        hint = f"try aimath {page} softmax"
        raise InputError(f"takes one command, not {len(names)}", hint=hint, usage=True)
    if names and names[0] not in COMMANDS:
        raise unknown_name(names[0], [*COMMANDS, *topics], "command", "see aimath --help")
    return names[0] if names else None
