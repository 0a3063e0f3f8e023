"""Lines for people: coloured pieces, columns, bars, and breaks where a line is wider than its terminal."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.text import cells, safe, to_ascii

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from aimath.render.fields import Wanted
    from aimath.report import Report

BAR = "cyan"
DOT = "●"
SHADES = " ░▒▓█"
HEAD, TAIL = 20, 5
"""A terminal is shown so many of the first and of the last of more lines (`--all` shows each)."""
SPARKS = 32
"""So many little bars stand beside each other at most."""
OPERATORS = frozenset("+-·×*/=≈")


class Strip(NamedTuple):
    """A line in pieces: (text, style), the style for where there is colour."""

    pieces: tuple[tuple[str, str], ...]

    @property
    def text(self) -> str:
        """Give the line without colour, nor blanks at its end."""
        return "".join(text for text, _ in self.pieces).rstrip()


def strip(text: str, style: str = "", drawn: str = "") -> Strip:
    """Make a line of a text and, behind it, what is drawn."""
    return Strip(((text, style), (drawn, BAR)) if drawn else ((text, style),))


def drawn(lines: Iterable[str], marks: Iterable[str], wanted: Wanted) -> list[Strip]:
    """Set what is drawn, if anything, behind each line."""
    pairs = zip(lines, marks, strict=True)
    return [strip(line, "", ours(f"  {mark}", wanted) if mark else "") for line, mark in pairs]


def ours(text: str, wanted: Wanted) -> str:
    """Write text as this terminal can show it, before it is measured: Σ is four signs in ASCII."""
    return to_ascii(text) if wanted.ascii_only else text


def label(text: str, wanted: Wanted, room: int = 0) -> str:
    """Write the user's words so that they steer no terminal; unlike numbers they may be cut (to `room`)."""
    text = ours(safe(text), wanted)
    if not room or cells(text) <= room:
        return text
    dots = ours("…", wanted)
    ends = itertools.accumulate(map(cells, text))
    return text[: sum(end + len(dots) <= room for end in ends)] + dots


def settings(report: Report, row: int, wanted: Wanted) -> list[str]:
    """Say what the options that were swept are for a row."""
    return [f"{key} = {wanted.style.people(v[row].item())}" for key, v in report.swept.items()]


def apart(blocks: Iterable[Sequence[Strip]]) -> list[Strip]:
    """Set blocks of lines below each other, a blank one between two; an empty block is none."""
    strips: list[Strip] = []
    for block in blocks:
        strips += [strip("")] * bool(strips and block)
        strips += block
    return strips


def ends(size: int, wanted: Wanted) -> tuple[list[int], int]:
    """Choose which of many lines are shown, and say how many are not: one alone would save nothing.

    >>> from aimath.render.fields import Wanted
    >>> ends(3, Wanted()), ends(100, Wanted())[1]
    (([0, 1, 2], 0), 75)
    """
    hidden = size - HEAD - TAIL
    if wanted.all_rows or hidden <= 1:
        return list(range(size)), 0
    return [*range(HEAD), *range(size - TAIL, size)], hidden


def left_out(hidden: int, wanted: Wanted, word: str = "") -> list[Strip]:
    """Say in a line how many are missing here, if any, in as many words as there is room for."""
    texts = [f" … {hidden} more {word} (--all)"] if word else []
    texts += [f" … {hidden} more (--all)", " … (--all)"]
    fitting = (text for text in (ours(text, wanted) for text in texts) if cells(text) <= wanted.width)
    return [strip(next(fitting, ours(texts[-1], wanted)), "dim")] * (hidden > 0)


def padded(texts: Sequence[str], *, right: bool = False) -> list[str]:
    """Give texts one width.

    >>> padded(["a", "bcd"])
    ['a  ', 'bcd']
    """
    width = max(map(cells, texts), default=0)
    return [" " * (width - cells(t)) + t if right else t + " " * (width - cells(t)) for t in texts]


def side_by_side(columns: Iterable[Sequence[str]]) -> list[str]:
    """Set columns, each of texts of one width, beside each other.

    >>> side_by_side([["", "a"], [" x", "10"]])
    ['     x', ' a  10']
    """
    rows = zip(*(padded(column) for column in columns), strict=True)
    return [" " + "  ".join(row) for row in rows]


def bar(share: float, room: int) -> str:
    """Draw `share` (0 to 1) of `room` cells in eighths.

    >>> bar(0.5, 5)
    '██▌'
    """
    share = share if share > 0 else 0.0  # also for nan
    full, part = divmod(round(min(1.0, share) * room * 8), 8)
    return "█" * full + ("▏▎▍▌▋▊▉"[part - 1] if part else "")


def spark(values: np.ndarray[tuple[int], np.dtype[np.float64]], wanted: Wanted) -> str:
    """Draw numbers from 0 as little bars beside each other, of many those at even distances; ASCII: 1 to 8.

    >>> from aimath.render.fields import Wanted
    >>> spark(np.array([8.0, 4.0, 1.0]), Wanted())
    '█▄▁'
    """
    signs = "12345678" if wanted.ascii_only else "▁▂▃▄▅▆▇█"
    places = np.unique(np.linspace(0, values.size - 1, min(SPARKS, values.size)).round().astype(int))
    largest = float(values.max(initial=0.0)) or 1.0
    return "".join(signs[max(0, round(x / largest * 8) - 1)] for x in values[places].tolist())


def bars(values: np.ndarray[tuple[int], np.dtype[np.float64]], room: int) -> list[str]:
    """Draw numbers as bars, the longest as long as there is room; with signs if one is negative."""
    finite = np.where(np.isfinite(values), values, 0.0)
    largest = float(np.abs(finite).max(initial=0.0)) or 1.0
    signs = ("- ", "+ ") if (finite < 0).any() else ("", "")
    room -= len(signs[0])
    return [signs[x >= 0] + bar(abs(x) / largest, room) for x in finite.tolist()]


def scaled(values: np.ndarray[Any, Any], room: int) -> np.ndarray[Any, Any]:
    """Give the cell of each number, the least in cell 0 and the largest in the last of the room."""
    half = values / 2  # the span of finite numbers can overflow
    span = float(half.max() - half.min()) or 1.0
    return np.asarray(np.rint((half - half.min()) / span * (room - 1)), np.int64)


def tracks(values: np.ndarray[tuple[int], np.dtype[np.float64]], room: int) -> list[str]:
    """Draw numbers as places on a line from the least to the largest.

    >>> tracks(np.array([10.0, 3.0, 5.0]), 8)
    ['·······●', '●', '··●']
    """
    return ["·" * place + DOT for place in scaled(values, room).tolist()]


def wrapped(text: str, width: int) -> list[str]:
    """Break a line between its clauses (3 blanks or more), else before an operator, never within a number.

    >>> wrapped("S = 0.1 + 0.2 + 0.3      a sum", 16)
    ['S = 0.1 + 0.2', '  + 0.3', '  a sum']
    """
    if cells(text) <= width:
        return [text]
    lead = len(text) - len(text.lstrip())
    lines: list[str] = []
    whole = False
    for clause in re.split(r" {3,}", text.strip()):
        indent = lead + 2 * bool(lines)
        if whole and cells(f"{lines[-1]}   {clause}") <= width:
            lines[-1] += f"   {clause}"
            continue
        filled = _filled(clause, width, indent)
        whole = len(filled) == 1  # behind a broken clause nothing else begins
        lines += filled
    return lines


def _filled(clause: str, width: int, lead: int) -> list[str]:
    """Fill lines with a clause; the operators that begin lines stand below its first equals sign."""
    equals = clause.find(" = ")
    hang = lead + (equals + 1 if 0 < equals < width // 3 else 2)
    first, *rest = _chunks(clause)
    lines = [_indented(first, lead, width)]
    for chunk in rest:
        if cells(f"{lines[-1]} {chunk}") > width:
            below = chunk[0] in OPERATORS and chunk[1:2] == " " and hang + cells(chunk) <= width
            lines.append(_indented(chunk, hang if below else lead + 2, width))
        else:
            lines[-1] += f" {chunk}"
    return lines


def _indented(chunk: str, lead: int, width: int) -> str:
    """Move what is longer than its room to the left, as far as it takes."""
    return " " * max(0, min(lead, width - cells(chunk))) + chunk


def _chunks(clause: str) -> list[str]:
    """Split at blanks, but keep an operator with what follows it."""
    chunks: list[str] = []
    for word in clause.split():
        if chunks and chunks[-1] in OPERATORS:
            chunks[-1] += f" {word}"
        else:
            chunks.append(word)
    return chunks
