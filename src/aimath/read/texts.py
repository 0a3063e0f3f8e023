"""Texts to be worked on one by one: words of the command line, lines of files and of standard input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aimath.errors import InputError
from aimath.read._sources import locate_errors, open_source, sniff_format
from aimath.read._stream import Stream, line_chunks
from aimath.read.blocks import STDIN
from aimath.read.lines import has_piped_text
from aimath.text import display_path, quote

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aimath.read._stream import Stream as Source


def read_texts(words: Sequence[str], stdin: int | None) -> Iterator[tuple[str, str]]:
    """Yield each text and where it stands: words, the lines of @FILE, those of standard input for -.

    Lines are read as they are needed. An empty one among them is an error, none at the end.
    """
    for number, word in enumerate(words, 1):
        if word in ("-", "@-"):
            if not has_piped_text(stdin):
                raise InputError("there is nothing to read on standard input", usage=True)
            with locate_errors(STDIN):
                yield from _lines(Stream(stdin or 0, STDIN))
        elif word.startswith("@"):
            with open_source(word[1:]) as stream:
                yield from _lines(stream)
        elif not word:
            raise InputError("a text is empty", usage=True).within(f"text {number}")
        else:
            yield word, f"text {number}"


def _lines(stream: Source) -> Iterator[tuple[str, str]]:
    sniff_format(stream, "text")
    number, empty = 0, 0
    for chunk in line_chunks(stream):
        for line in chunk.split(b"\n")[:-1]:
            number += 1
            place = f"{display_path(stream.source)}:{number}"
            try:
                text = line.removesuffix(b"\r").decode()
            except UnicodeDecodeError as error:
                why = f"byte {error.start + 1} (0x{line[error.start]:02x}) is not UTF-8"
                raise InputError(why).within(place) from None
            if not text.strip():
                empty = empty or number
                continue
            if empty:
                why = f"the text before {quote(text)} is empty"
                raise InputError(why, hint="leave the line out").within(
                    f"{display_path(stream.source)}:{empty}"
                )
            yield text, place
