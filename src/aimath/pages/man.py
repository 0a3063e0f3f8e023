"""The manual as a page for man, made of docstrings and of the parts that the command line is read by."""

from __future__ import annotations

import inspect
import textwrap
from typing import TYPE_CHECKING, Annotated

from aimath import __version__
from aimath.cli.catalogue import COMMANDS, found
from aimath.cli.chapters import INPUT, chapters, said_of
from aimath.cli.options import Input, Output, Words
from aimath.cli.text_command import Voice, talk
from aimath.pages.help import one_command
from aimath.text import to_ascii

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from aimath.cli.command import Command, Commands, Part

commands: Commands = {}
WRITTEN = "2026-11-26"
SHARED = {*Input._fields, *Output._fields}
ROFF = str.maketrans({"\\": "\\e", "-": "\\-", "^": "\\(ha", "~": "\\(ti", "'": "\\(aq", "`": "\\(ga"})
EXITS = (
    ("0", "done"),
    ("1", "the data have no answer"),
    ("2", "the command line is wrong"),
    ("3", "done, but rows were passed over"),
    ("4", "what --check asked for does not hold; a quiz was not all right"),
    ("130", "Ctrl-C"),
    ("141", "the reader of the pipe went away"),
)


@talk(commands, example="aimath man softmax")
def man(
    voice: Voice, names: Annotated[list[str], Words("A command; all of them, if none.", "[COMMAND]")]
) -> int:
    """Print the manual as a page for man.

    Read it with: aimath man | man -l -
    """
    name = one_command(names, "man")
    lines = _of_command(name) if name else _of_all()
    voice.write("\n".join(lines) + "\n")
    return 0


def _of_command(name: str) -> Iterator[str]:
    command = found(name)
    yield from _head(f"aimath-{name}", COMMANDS[name].summary, f"aimath {name}", command)
    _, *rest = _paragraphs(name)
    if rest:
        yield ".SH DESCRIPTION"
        yield from _joined(rest)
    yield ".SH OPTIONS"
    yield from _options(command.parts)
    yield ".SH EXAMPLES"
    yield from _example(command)
    yield ".SH SEE ALSO"
    yield ".BR aimath (1)"


def _of_all() -> Iterator[str]:
    yield from _head("aimath", "the mathematics behind AI, each step shown", "aimath", None)
    yield ".SH DESCRIPTION"
    yield from _filled(
        f"{INPUT} At a terminal answers are tables; in a pipe they are bare numbers. "
        "--explain shows each step."
    )
    for title, names in chapters().items():
        yield f".SH {_text(title.upper())}"
        for name in names:
            command = found(name)
            yield f".SS {_text(name)}"
            yield from _joined(_paragraphs(name))
            yield from _options(part for part in command.parts if part.flags and part.key not in SHARED)
            yield from _example(command)
    yield ".SH COMMON OPTIONS"
    yield from _options(part for part in found("softmax").parts if part.key in SHARED)
    yield ".SH EXIT STATUS"
    for code, said in EXITS:
        yield from (".TP", code, *_filled(said))


def _head(title: str, summary: str, line: str, command: Command | None) -> Iterator[str]:
    yield f'.TH {_text(title.upper())} 1 {WRITTEN} "aimath {__version__}" "User commands"'
    yield ".SH NAME"
    yield f"{_text(title)} \\-"
    yield from _filled(summary.rstrip("."))
    yield ".SH SYNOPSIS"
    yield f".B {_text(line)}"
    listed = [part.metavar for part in command.parts if not part.flags] if command else ["COMMAND", "[ARGS]"]
    yield _text(" ".join(["[OPTIONS]", *listed]))


def _paragraphs(name: str) -> list[str]:
    """Give the paragraphs of a command's help."""
    return [" ".join(part.split()) for part in inspect.cleandoc(said_of(name)).split("\n\n")]


def _joined(paragraphs: Iterable[str]) -> Iterator[str]:
    for k, paragraph in enumerate(paragraphs):
        if k:
            yield ".PP"
        yield from _filled(paragraph)


def _filled(text: str) -> Iterator[str]:
    """Cut a paragraph into lines, which roff fills anew."""
    yield from map(_text, textwrap.wrap(text, 60, break_long_words=False, break_on_hyphens=False))


def _options(parts: Iterable[Part]) -> Iterator[str]:
    for part in parts:
        flags = ", ".join(f"\\fB{_text(flag)}\\fR" for flag in part.flags)
        metavar = f"\\fI{_text(part.metavar)}\\fR" if part.metavar else ""
        yield ".TP"
        yield " ".join(word for word in (flags, metavar) if word)
        yield from _filled(part.help)


def _example(command: Command) -> Iterator[str]:
    yield from (".EX", _text(command.example), ".EE")


def _text(text: str) -> str:
    r"""Write text so that roff takes it as it is: in ASCII, no sign of it a request.

    >>> _text(r"a\b -x"), _text(".5")
    ('a\\eb \\-x', '\\&.5')
    """
    plain = to_ascii(text).translate(ROFF)
    return f"\\&{plain}" if plain.startswith(".") else plain
