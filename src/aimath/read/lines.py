"""Lines of a text file or of standard input that stand for arguments, such as a formula each."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from aimath.errors import InputError
from aimath.read._sources import locate_errors, open_source, sniff_format
from aimath.read._stream import Stream
from aimath.read.blocks import STDIN
from aimath.text import display_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MAX_BYTES = 1 << 24
"""A text of more bytes is refused."""


def expand_lines(words: Sequence[str], stdin: int | None) -> list[str]:
    """Return the words, with the lines of the file for @FILE and those of standard input for -.

    Empty lines and comments (#) are left out. `stdin` is None where it is closed.
    """
    expanded: list[str] = []
    for word in words:
        if word == "-" or word.startswith("@"):
            with open_text(word.removeprefix("@"), stdin) as stream:
                expanded += _text_lines(stream)
        else:
            expanded.append(word)
    return expanded


@contextmanager
def open_text(path: str, stdin: int | None = 0) -> Iterator[Stream]:
    """Open a file, or standard input for -."""
    if path != "-":
        with open_source(path) as stream:
            yield stream
        return
    if not has_piped_text(stdin) or stdin is None:
        raise InputError("there is nothing to read on standard input", usage=True)
    with locate_errors(STDIN):
        yield Stream(stdin, STDIN)


def has_piped_text(stdin: int | None) -> bool:
    """Return whether standard input is there and no terminal."""
    return stdin is not None and stdin >= 0 and not os.isatty(stdin)


def _text_lines(stream: Stream) -> list[str]:
    sniff_format(stream, "text")
    data = stream.read_all(MAX_BYTES)
    if len(data) > MAX_BYTES:
        raise InputError(f"it has more than {MAX_BYTES >> 20} MiB").within(display_path(stream.source))
    lines = data.split(b"\n")
    texts = []
    for number, line in enumerate(lines, 1):
        try:
            texts.append(line.decode().partition("#")[0].strip())
        except UnicodeDecodeError as error:
            why = f"byte {error.start + 1} (0x{line[error.start]:02x}) is not UTF-8"
            raise InputError(why).within(f"{display_path(stream.source)}:{number}") from None
    return [text for text in texts if text]
