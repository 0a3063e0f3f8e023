"""A canvas of dots in the cells of a terminal: Braille, half blocks or ASCII."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.render._layout import StyledLine

if TYPE_CHECKING:
    from aimath.render.report_view import LayoutOptions

    Values = np.ndarray[Any, Any]

BRAILLE = 0x2800
BRAILLE_BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
"""The bits of the dots of a cell, four rows of two, in Unicode's patterns."""
HALF_BLOCKS = " ▀▄█"
ASCII_DOTS = " '.:"
"""Two dots above each other: none, the upper, the lower, both."""
LEVELS = " ▁▂▃▄▅▆▇█"
MAX_JOINED = 1 << 22
"""Points joined by more dots than this are drawn by themselves."""


class DotSize(NamedTuple):
    """How many dots a cell has."""

    high: int
    wide: int


def dot_size(layout: LayoutOptions) -> DotSize:
    """Return how many dots a cell of a terminal has: 4 x 2 in Braille, else 2 x 1."""
    return DotSize(4, 2) if layout.braille and not layout.ascii_only else DotSize(2, 1)


class Canvas:
    """Cells (height, width) with layers of dots in styles, and signs over them."""

    def __init__(self, width: int, height: int, layout: LayoutOptions) -> None:
        self.width, self.height, self.layout = width, height, layout
        self.size = dot_size(layout)
        self.dots_wide, self.dots_high = width * self.size.wide, height * self.size.high
        self.bits = np.zeros((height, width), np.int64)
        self.styles = np.zeros((height, width), np.int64)
        self.signs = np.full((height, width), "", "<U1")
        self.palette = [""]

    def dots(self, places: tuple[Values, Values], style: str, *, alone: bool = False, sign: str = "") -> None:
        """Put dots at (column, row) from the upper left; what lies outside the canvas is left out.

        `alone` takes away what other layers have in their cells; in ASCII a `sign` is put in place of dots.
        """
        columns, rows = places
        inside = (columns >= 0) & (columns < self.dots_wide) & (rows >= 0) & (rows < self.dots_high)
        columns, rows = columns[inside], rows[inside]
        dotted = np.zeros((self.dots_high, self.dots_wide), np.bool_)
        dotted[rows, columns] = True
        high, wide = self.size
        blocks = dotted.reshape(self.height, high, self.width, wide).transpose(0, 2, 1, 3)
        weights = BRAILLE_BITS if wide == 2 else np.array([[1], [2]])
        bits = (blocks * weights).sum(axis=(2, 3))
        cells = bits > 0
        self.bits = np.where(cells & alone, 0, self.bits) | bits
        self.styles[cells] = self._style(style)
        if alone:
            self.signs[cells] = ""
        if sign and self.layout.ascii_only:
            self.signs[cells] = sign

    def line(self, columns: Values, rows: Values, style: str, *, alone: bool = False, sign: str = "") -> None:
        """Put dots at points and on the straight lines between neighbours; nan breaks the line."""
        self.dots(joined(columns, rows, (self.dots_wide, self.dots_high)), style, alone=alone, sign=sign)

    def text(self, row: int, column: int, text: str, style: str) -> None:
        """Put signs, each one cell wide, into a row of cells, cut at its ends."""
        for k, sign in enumerate(text, column):
            if 0 <= row < self.height and 0 <= k < self.width:
                self.signs[row, k], self.styles[row, k] = sign, self._style(style)

    def columns(self, heights: Values, style: str) -> None:
        """Put a bar of so many rows (a fraction in eighths) at the foot of each column of cells."""
        eighths = np.rint(np.clip(np.nan_to_num(heights), 0.0, self.height) * 8.0).astype(np.int64)
        levels = np.clip(eighths - 8 * np.arange(self.height - 1, -1, -1)[:, np.newaxis], 0, 8)
        signs = np.array(list("  ..::###" if self.layout.ascii_only else LEVELS))
        self.signs[levels > 0] = signs[levels[levels > 0]]
        self.styles[levels > 0] = self._style(style)

    def free(self, row: int, column: int, length: int) -> bool:
        """Return whether so many cells are empty and within the canvas."""
        if not (0 <= row < self.height and column >= 0 and column + length <= self.width):
            return False
        part = slice(column, column + length)
        return not (self.bits[row, part].any() or (self.signs[row, part] != "").any())

    def _style(self, style: str) -> int:
        if style not in self.palette:
            self.palette.append(style)
        return self.palette.index(style)

    def spans(self) -> list[tuple[tuple[str, str], ...]]:
        """Return the (text, style) spans of each row."""
        if self.size.wide == 2:
            codes = np.where(self.bits > 0, BRAILLE + self.bits, ord(" "))
            drawn = codes.astype(np.uint32).view("<U1")
        else:
            drawn = np.array(list(ASCII_DOTS if self.layout.ascii_only else HALF_BLOCKS))[self.bits]
        drawn = np.where(self.signs != "", self.signs, drawn)
        rows = []
        for line, styles in zip(drawn, np.where(drawn == " ", 0, self.styles), strict=True):
            cuts = [0, *(np.flatnonzero(np.diff(styles)) + 1).tolist(), self.width]
            spans = [
                ("".join(line[a:b].tolist()), self.palette[styles[a]]) for a, b in itertools.pairwise(cuts)
            ]
            rows.append(tuple(spans))
        return rows

    def lines(self) -> list[StyledLine]:
        """Return the rows as lines whose cells touch."""
        return [StyledLine(spans, touching=True) for spans in self.spans()]


def joined(columns: Values, rows: Values, size: tuple[int, int]) -> tuple[Values, Values]:
    """Return the dots (column, row) of a line through points; points with a nan break it.

    Each pair of neighbours is cut at the canvas, so that what lies far outside costs nothing.
    """
    points = np.stack([columns, rows], axis=1).astype(np.float64)
    whole = np.asarray(np.isfinite(points).all(axis=1))
    if len(points) > 1:
        moves = (np.rint(points[1:]) != np.rint(points[:-1])).any(axis=1) | ~whole[1:]
        ends = np.append(True, moves) | np.append(moves, True)
        points, whole = (
            points[ends],
            whole[ends],
        )  # what is between the ends of a stay in one dot adds nothing
    first, second = points[:-1], points[1:]
    kept = whole[:-1] & whole[1:]
    first, second = _clip_segments(first[kept], second[kept], size)
    lone = points[whole]
    count = np.abs(second - first).max(axis=1, initial=0.0).astype(np.int64) + 1
    if count.sum() > MAX_JOINED:
        first, second, count = first[:0], second[:0], count[:0]
    which = np.repeat(np.arange(len(count)), count)
    step = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
    along = first[which] + (second - first)[which] * (step / count[which])[:, np.newaxis]
    both = np.rint(np.concatenate((lone, along)))
    near = (np.abs(both) < 1e9).all(axis=1)
    found = both[near].astype(np.int64)
    return found[:, 0], found[:, 1]


def _clip_segments(first: Values, second: Values, size: tuple[int, int]) -> tuple[Values, Values]:
    """Return the parts of segments within the canvas and a little around it (Liang and Barsky 1984)."""
    if not len(first) or (
        min(first.min(), second.min()) >= 0.0
        and (np.maximum(first, second).max(axis=0) < np.array(size)).all()
    ):
        return first, second
    delta = second - first
    start, end = np.zeros(len(first)), np.ones(len(first))
    outside = np.zeros(len(first), np.bool_)
    with np.errstate(all="ignore"):
        for axis, extent in enumerate(size):
            for sign, bound in ((-1.0, 1.0), (1.0, float(extent))):
                p, q = sign * delta[:, axis], bound - sign * first[:, axis]
                outside |= (p == 0.0) & (q < 0.0)
                start = np.where(p < 0.0, np.maximum(start, q / p), start)
                end = np.where(p > 0.0, np.minimum(end, q / p), end)
        kept = ~outside & (start <= end)
        start, end = start[kept, np.newaxis], end[kept, np.newaxis]
        return first[kept] + delta[kept] * start, first[kept] + delta[kept] * end


def thin(x: Values, y: Values, columns: Values) -> tuple[Values, Values]:
    """Return of many points in ascending x the first, lowest, highest and last of each column of dots.

    The line through them covers the same dots (the M4 aggregation of Jugel et al. 2014).
    """
    if len(x) < 8 * (int(columns.max(initial=0)) + 1):
        return x, y
    starts = np.flatnonzero(np.append(True, columns[1:] != columns[:-1]))
    ends = np.append(starts[1:], len(x)) - 1
    parts = (y[starts], np.minimum.reduceat(y, starts), np.maximum.reduceat(y, starts), y[ends])
    return np.repeat(x[starts], 4), np.stack(parts, axis=1).ravel()
