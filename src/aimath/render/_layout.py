"""Terminal layout: styled lines, columns, bars, sparklines and wrapping."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.text import display_width, escape_control, to_ascii

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from aimath.render.report_view import LayoutOptions
    from aimath.report import Report

BAR_STYLE = "cyan"
DOT, DOT_LINE = "●", "·"
"""A point, and what leads to it from the left."""
SHADES = " ░▒▓█"
HEAD_LINES, TAIL_LINES = 20, 5
"""A terminal is shown so many of the first and of the last of more lines (`--all` shows each)."""
MAX_SPARK_BARS = 32
"""So many little bars stand beside each other at most."""
OPERATORS = frozenset("+-·×*/=≈")


class StyledLine(NamedTuple):
    """A line of (text, style) spans; `touching` says that its cells and those of the next are one picture."""

    spans: tuple[tuple[str, str], ...]
    touching: bool = False

    @property
    def text(self) -> str:
        """The text of the line, without styles and trailing blanks."""
        return "".join(text for text, _ in self.spans).rstrip()


def styled(text: str, style: str = "", marks: str = "") -> StyledLine:
    """Return a styled line of a text and, behind it, marks such as a bar."""
    return StyledLine(((text, style), (marks, BAR_STYLE)) if marks else ((text, style),))


def append_marks(lines: Iterable[str], marks: Iterable[str], layout: LayoutOptions) -> list[StyledLine]:
    """Return styled lines with their marks appended."""
    pairs = zip(lines, marks, strict=True)
    return [styled(line, "", rendered(f"  {mark}", layout) if mark else "") for line, mark in pairs]


def rendered(text: str, layout: LayoutOptions) -> str:
    """Return text as the terminal can show it, in ASCII if needed."""
    return to_ascii(text) if layout.ascii_only else text


def safe_label(text: str, layout: LayoutOptions, room: int = 0) -> str:
    """Return a user's text escaped for the terminal, truncated to `room` if given."""
    text = rendered(escape_control(text), layout)
    if not room or display_width(text) <= room:
        return text
    dots = rendered("…", layout)
    ends = itertools.accumulate(map(display_width, text))
    return text[: sum(end + len(dots) <= room for end in ends)] + dots


def sweep_settings(report: Report, row: int, layout: LayoutOptions, told: Collection[str] = ()) -> list[str]:
    """Return the swept options of a row as `key = value`, but for those that are `told` already."""
    style = layout.style
    swept = report.swept.items()
    return [f"{key} = {style.format_display(v[row].item())}" for key, v in swept if key not in told]


def separated(blocks: Iterable[Sequence[StyledLine]]) -> list[StyledLine]:
    """Return blocks of lines separated by blank lines, skipping empty blocks."""
    strips: list[StyledLine] = []
    for block in blocks:
        strips += [styled("")] * bool(strips and block)
        strips += block
    return strips


def head_tail(size: int, layout: LayoutOptions) -> tuple[list[int], int]:
    """Return the indices of the first and last lines to show, and how many are hidden.

    >>> from aimath.render.report_view import LayoutOptions
    >>> head_tail(3, LayoutOptions()), head_tail(100, LayoutOptions())[1]
    (([0, 1, 2], 0), 75)
    """
    hidden = size - HEAD_LINES - TAIL_LINES
    if layout.all_rows or hidden <= 1:
        return list(range(size)), 0
    return [*range(HEAD_LINES), *range(size - TAIL_LINES, size)], hidden


def elision(hidden: int, layout: LayoutOptions, noun: str = "") -> list[StyledLine]:
    """Return a line saying how many are hidden, if any, as long as fits the width."""
    said = noun.removesuffix("s") if hidden == 1 else noun
    texts = [f" … {hidden} more {said} (--all)"] if noun else []
    texts += [f" … {hidden} more (--all)", " … (--all)"]
    fitting = (
        text for text in (rendered(text, layout) for text in texts) if display_width(text) <= layout.width
    )
    return [styled(next(fitting, rendered(texts[-1], layout)), "dim")] * (hidden > 0)


def pad(texts: Sequence[str], *, right: bool = False) -> list[str]:
    """Return texts padded to one width.

    >>> pad(["a", "bcd"])
    ['a  ', 'bcd']
    """
    width = max(map(display_width, texts), default=0)
    return [
        " " * (width - display_width(t)) + t if right else t + " " * (width - display_width(t)) for t in texts
    ]


def join_columns(columns: Iterable[Sequence[str]]) -> list[str]:
    """Return columns of texts joined line by line.

    >>> join_columns([["", "a"], [" x", "10"]])
    ['     x', ' a  10']
    """
    rows = zip(*(pad(column) for column in columns), strict=True)
    return [" " + "  ".join(row) for row in rows]


def bar(share: float, room: int) -> str:
    """Return a bar of `share` (0 to 1) of `room` cells, in eighths.

    >>> bar(0.5, 5)
    '██▌'
    """
    share = share if share > 0 else 0.0  # also for nan
    full, part = divmod(round(min(1.0, share) * room * 8), 8)
    return "█" * full + ("▏▎▍▌▋▊▉"[part - 1] if part else "")


def spark(values: np.ndarray[tuple[int], np.dtype[np.float64]], layout: LayoutOptions) -> str:
    """Return a sparkline of nonnegative numbers, subsampled if many; digits in ASCII.

    >>> from aimath.render.report_view import LayoutOptions
    >>> spark(np.array([8.0, 4.0, 1.0]), LayoutOptions())
    '█▄▁'
    """
    signs = "12345678" if layout.ascii_only else "▁▂▃▄▅▆▇█"
    places = np.unique(np.linspace(0, values.size - 1, min(MAX_SPARK_BARS, values.size)).round().astype(int))
    largest = float(values.max(initial=0.0)) or 1.0
    return "".join(signs[max(0, round(x / largest * 8) - 1)] for x in values[places].tolist())


def bars(values: np.ndarray[Any, Any], room: int, together: np.ndarray[Any, Any] | None = None) -> list[str]:
    """Return numbers as bars scaled to the largest of all that are `together`, signed if one is negative.

    >>> bars(np.array([1.0, 2.0]), 4), bars(np.array([1.0]), 6, np.array([1.0, -2.0]))
    (['██', '████'], ['+ ██'])
    """
    finite, all_values = (
        np.where(np.isfinite(some), some, 0.0) for some in (values, values if together is None else together)
    )
    largest = float(np.abs(all_values).max(initial=0.0)) or 1.0
    signs = ("- ", "+ ") if (all_values < 0).any() else ("", "")
    room -= len(signs[0])
    return [signs[x > 0] + bar(abs(x) / largest, room) if x else "" for x in finite.tolist()]


def scale_to_cells(values: np.ndarray[Any, Any], room: int) -> np.ndarray[Any, Any]:
    """Return the cell of each number, scaled linearly from cell 0 to the last."""
    half = values / 2  # the span of finite numbers can overflow
    span = float(half.max() - half.min()) or 1.0
    return np.asarray(np.rint((half - half.min()) / span * (room - 1)), np.int64)


def dot_plot(values: np.ndarray[tuple[int], np.dtype[np.float64]], room: int) -> list[str]:
    """Return numbers as dots on a line from the least to the largest.

    >>> dot_plot(np.array([10.0, 3.0, 5.0]), 8)
    ['·······●', '●', '··●']
    """
    return [DOT_LINE * place + DOT for place in scale_to_cells(values, room).tolist()]


_ONE_UNIT = re.compile(r"(?<![\w.,:/^+-])1 (bit|nat|hartley|degree|step)s\b")


def singular_units(text: str) -> str:
    """Return text with the unit of a 1 in the singular.

    >>> singular_units("= 1 bits, 0.1 bits, -1 nats, 11 bits")
    '= 1 bit, 0.1 bits, -1 nats, 11 bits'
    """
    return _ONE_UNIT.sub(r"1 \1", text)


def wrap(text: str, width: int) -> list[str]:
    """Return a line wrapped between clauses (3 blanks or more), else before an operator.

    >>> wrap("S = 0.1 + 0.2 + 0.3      a sum", 16)
    ['S = 0.1 + 0.2', '  + 0.3', '  a sum']
    """
    if display_width(text) <= width:
        return [text]
    lead = len(text) - len(text.lstrip())
    lines: list[str] = []
    whole = False
    for clause in re.split(r" {3,}", text.strip()):
        indent = lead + 2 * bool(lines)
        if whole and display_width(f"{lines[-1]}   {clause}") <= width:
            lines[-1] += f"   {clause}"
            continue
        filled = _fill(clause, width, indent)
        whole = len(filled) == 1  # behind a broken clause nothing else begins
        lines += filled
    return lines


def _fill(clause: str, width: int, indent: int) -> list[str]:
    """Return a clause wrapped, with operators aligned below its first equals sign."""
    equals = clause.find(" = ")
    hang = indent + (equals + 1 if 0 < equals < width // 3 else 2)
    first, *rest = _split_clause(clause)
    lines = [_indent(first, indent, width)]
    for chunk in rest:
        if display_width(f"{lines[-1]} {chunk}") > width:
            below = chunk[0] in OPERATORS and chunk[1:2] == " " and hang + display_width(chunk) <= width
            lines.append(_indent(chunk, hang if below else indent + 2, width))
        else:
            lines[-1] += f" {chunk}"
    return lines


def _indent(chunk: str, indent: int, width: int) -> str:
    """Return a chunk indented, by less if it would not fit."""
    return " " * max(0, min(indent, width - display_width(chunk))) + chunk


def _split_clause(clause: str) -> list[str]:
    """Return a clause split at blanks, each operator kept with what follows it."""
    chunks: list[str] = []
    for word in clause.split():
        if chunks and chunks[-1] in OPERATORS:
            chunks[-1] += f" {word}"
        else:
            chunks.append(word)
    return chunks
