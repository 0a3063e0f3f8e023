"""Cells of a record: separators, comments, and quotes as RFC 4180 has them.

The csv module is not used: it has one delimiter, where lines of numbers have blanks and commas, it refuses
blanks before a quote, and its limit of a cell's length is one for the whole process.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from aimath.errors import InputError
from aimath.text import quote

_SEPARATOR = re.compile(r"[ \t]*,[ \t]*|[ \t]+")
_SEPARATOR_OF_COMMAS = re.compile(r"[ \t]*;[ \t]*|[ \t]+")
"""What separates numbers whose decimal sign is a comma."""
_COMMENT = re.compile(r"(?:^|[ \t])[ \t]*#")


@cache
def blanks_around(delimiter: str | None) -> str:
    r"""Return the blanks that belong to no cell: those that don't delimit.

    >>> blanks_around(None), blanks_around("\t")
    (' \t', ' ')
    """
    return " \t".replace(delimiter or ",", "")


def split_cells(text: str, delimiter: str | None, decimal: str = ".") -> list[str]:
    """Return the cells of a line without quotes and comments, none of an empty one.

    Without a delimiter they are separated by blanks and commas, or semicolons if the comma is decimal.

    >>> split_cells("1 2,3", None), split_cells("1 2,3", ",")
    (['1', '2', '3'], ['1 2', '3'])
    """
    blanks = blanks_around(delimiter)
    text = text.strip(blanks)
    if not text:
        return []
    if delimiter is None:
        return (_SEPARATOR if decimal == "." else _SEPARATOR_OF_COMMAS).split(text)
    return [cell.strip(blanks) for cell in text.split(delimiter)]


def cut_comment(text: str) -> str:
    """Return a line without quotes up to its comment.

    >>> cut_comment("1 2 # more"), cut_comment("a#b")
    ('1 2', 'a#b')
    """
    return _COMMENT.split(text, maxsplit=1)[0]


@cache
def _patterns(
    delimiter: str | None, decimal: str, *, comments: bool
) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return the patterns of one cell with the separator behind it, and of what follows a closing quote."""
    comma = "," if decimal == "." else ";"
    comment = r"(?<![^ \t])#" if comments else "(?!)"
    if delimiter is None:
        blanks, separator, sign = "", rf"[ \t]*+{comma}[ \t]*+|[ \t]++(?!#|\Z)", rf"[^ \t{comma}]"
    else:
        blanks, separator = f"[{blanks_around(delimiter)}]*+", re.escape(delimiter)
        sign = f"[^{separator}]"
    plain = f"(?:(?!{comment}){sign})*+" if comments else f"{sign}*+"
    after = rf"(?:(?P<separator>{separator})|[ \t]*+(?:\Z|{comment}))"
    quoted = f'{blanks}"(?P<quoted>[^"]*+(?:""[^"]*+)*+)"{blanks}'
    return (
        re.compile(f'(?:{quoted}|(?!{blanks}")(?P<plain>{plain})){after}'),
        re.compile(f"{blanks}{after}"),
    )


class Piece(NamedTuple):
    """Whole lines, each of which is a record; or one record with quotes, by its cells."""

    data: bytes
    line: int  # the number of the first
    cells: list[str] | InputError | None = None  # of the one record, or why it has none


class CellReader:
    """A reader of one record, line by line: a quoted cell may hold separators and line breaks.

    Blanks around a cell or its quotes are no part of it, those inside the quotes are. A quote that is not
    the first sign of a cell is a sign like any other.
    """

    def __init__(self, delimiter: str | None, *, comments: bool, decimal: str = ".") -> None:
        self.cells: list[str] = []
        self._blanks = blanks_around(delimiter)
        self._cell, self._after_quote = _patterns(delimiter, decimal, comments=comments)
        self._open: list[str] | None = None  # the lines of a quoted cell that is not closed yet

    @property
    def is_open(self) -> bool:
        """Whether the record goes on in the next line."""
        return self._open is not None

    def feed(self, line: str) -> None:
        """Take in a line with its end, behind any number of lines without quotes if the record is open."""
        text = line.removesuffix("\n").removesuffix("\r")
        at = len(text) - len(text.lstrip(self._blanks)) if self._open is None else self._close(line, text, 0)
        while at is not None:
            cell = self._cell.match(text, at)
            if cell is None:  # a quote that this line doesn't close, or not before a separator
                self._open = []
                at = self._close(line, text, text.index('"', at) + 1)
            else:
                plain = cell["plain"]
                self.cells.append(
                    cell["quoted"].replace('""', '"') if plain is None else self._check_plain(plain)
                )
                at = cell.end() if cell["separator"] else None

    def _close(self, line: str, text: str, at: int) -> int | None:
        """Take in the rest of the open cell, and return where the next one starts if there is one."""
        stop = at
        while (stop := line.find('"', stop)) >= 0 and line.startswith('""', stop):
            stop += 2
        held = self._open or []
        held.append(line[at:stop] if stop >= 0 else line[at:])
        self._open = held
        if stop < 0:
            return None
        after = self._after_quote.match(text, stop + 1)
        if after is None:
            raise InputError(f"{quote(text[stop + 1 :])} follows a closing quote")
        self.cells.append("".join(held).replace('""', '"'))
        self._open = None
        return after.end() if after["separator"] else None

    def _check_plain(self, plain: str) -> str:
        if "\r" in plain:
            raise InputError(f"a carriage return is inside the cell {quote(plain)}, which has no quotes")
        return plain.strip(self._blanks)
