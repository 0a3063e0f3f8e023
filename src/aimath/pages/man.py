"""The manual page, generated from docstrings and parameters."""

from __future__ import annotations

import inspect
import textwrap
from typing import TYPE_CHECKING, Annotated

from aimath import __version__
from aimath.cli.catalogue import COMMANDS, lookup
from aimath.cli.chapters import INPUT_HELP, commands_by_chapter, summary_of
from aimath.cli.options import InputOptions, OutputOptions, TextArguments
from aimath.cli.text_command import TextOutput, text_command
from aimath.pages.help import parse_command_name
from aimath.text import to_ascii

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from aimath.cli.command import Command, Param

MAN_DATE = "2026-11-30"
SHARED_OPTIONS = {*InputOptions._fields, *OutputOptions._fields}
ROFF_ESCAPES = str.maketrans(
    {"\\": "\\e", "-": "\\-", "^": "\\(ha", "~": "\\(ti", "'": "\\(aq", "`": "\\(ga"}
)
EXIT_STATUSES = (
    ("0", "done"),
    ("1", "the data have no answer"),
    ("2", "the command line is wrong"),
    ("3", "done, but rows were passed over"),
    ("4", "what --check asked for does not hold; a quiz was not all right"),
    ("130", "Ctrl-C"),
    ("141", "the reader of the pipe went away"),
)


@text_command(
    example="aimath man softmax",
    answer="`aimath man | man -l -`",
    after="completion",
)
def man(
    out: TextOutput,
    names: Annotated[list[str], TextArguments("A command; all of them, if none.", "[COMMAND]")],
) -> int:
    """Print the manual as a page for man.

    Read it with: aimath man | man -l -
    """
    name = parse_command_name(names, "man")
    lines = _command_page(name) if name else _program_page()
    out.write("\n".join(lines) + "\n")
    return 0


def _command_page(name: str) -> Iterator[str]:
    command = lookup(name)
    yield from _header(f"aimath-{name}", COMMANDS[name].summary, f"aimath {name}", command)
    _, *rest = _paragraphs(name)
    if rest:
        yield ".SH DESCRIPTION"
        yield from _paragraph_lines(rest)
    yield ".SH OPTIONS"
    yield from _options(command.params)
    yield ".SH EXAMPLES"
    yield from _example(command)
    yield ".SH SEE ALSO"
    yield ".BR aimath (1)"


def _program_page() -> Iterator[str]:
    yield from _header("aimath", "the mathematics behind AI, each step shown", "aimath", None)
    yield ".SH DESCRIPTION"
    yield from _wrap(
        f"{INPUT_HELP} At a terminal answers are tables; in a pipe they are bare numbers. "
        "--explain shows each step."
    )
    for title, names in commands_by_chapter().items():
        yield f".SH {_escape_roff(title.upper())}"
        for name in names:
            command = lookup(name)
            yield f".SS {_escape_roff(name)}"
            yield from _paragraph_lines(_paragraphs(name))
            yield from _options(
                part for part in command.params if part.flags and part.name not in SHARED_OPTIONS
            )
            yield from _example(command)
    yield ".SH COMMON OPTIONS"
    yield from _options(part for part in lookup("softmax").params if part.name in SHARED_OPTIONS)
    yield ".SH EXIT STATUS"
    for code, said in EXIT_STATUSES:
        yield from (".TP", code, *_wrap(said))


def _header(title: str, summary: str, line: str, command: Command | None) -> Iterator[str]:
    yield f'.TH {_escape_roff(title.upper())} 1 {MAN_DATE} "aimath {__version__}" "User commands"'
    yield ".SH NAME"
    yield f"{_escape_roff(title)} \\-"
    yield from _wrap(summary.rstrip("."))
    yield ".SH SYNOPSIS"
    yield f".B {_escape_roff(line)}"
    listed = [part.metavar for part in command.params if not part.flags] if command else ["COMMAND", "[ARGS]"]
    yield _escape_roff(" ".join(["[OPTIONS]", *listed]))


def _paragraphs(name: str) -> list[str]:
    """Return the paragraphs of a command's help, and what it answers."""
    help_ = [" ".join(part.split()) for part in inspect.cleandoc(summary_of(name)).split("\n\n")]
    return [*help_, f"Answer: {COMMANDS[name].answer.replace('`', '')}"]


def _paragraph_lines(paragraphs: Iterable[str]) -> Iterator[str]:
    for k, paragraph in enumerate(paragraphs):
        if k:
            yield ".PP"
        yield from _wrap(paragraph)


def _wrap(text: str) -> Iterator[str]:
    """Yield a paragraph wrapped into lines for roff."""
    yield from map(_escape_roff, textwrap.wrap(text, 60, break_long_words=False, break_on_hyphens=False))


def _options(parts: Iterable[Param]) -> Iterator[str]:
    for part in parts:
        flags = ", ".join(f"\\fB{_escape_roff(flag)}\\fR" for flag in part.flags)
        metavar = f"\\fI{_escape_roff(part.metavar)}\\fR" if part.metavar else ""
        yield ".TP"
        yield " ".join(word for word in (flags, metavar) if word)
        yield from _wrap(part.help)


def _example(command: Command) -> Iterator[str]:
    yield from (".EX", _escape_roff(command.example), ".EE")


def _escape_roff(text: str) -> str:
    r"""Return text escaped for roff, in ASCII.

    >>> _escape_roff(r"a\b -x"), _escape_roff(".5")
    ('a\\eb \\-x', '\\&.5')
    """
    plain = to_ascii(text).translate(ROFF_ESCAPES)
    return f"\\&{plain}" if plain.startswith(".") else plain
