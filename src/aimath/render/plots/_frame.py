"""The frame of a plot: two axes with ticks around a canvas, and a legend below."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from aimath.render._layout import BAR_STYLE, StyledLine, rendered, safe_label, styled, wrap
from aimath.render._scales import Scale, tick_labels
from aimath.render.plots._canvas import Canvas, dot_size
from aimath.text import display_width

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from aimath.render.report_view import LayoutOptions

    Values = np.ndarray[Any, Any]

HEIGHT = 13
MAX_X_TICKS, ROWS_PER_TICK = 8, 2
SERIES_STYLES = (
    BAR_STYLE, "magenta", "green", "yellow", "red", "blue", "orange3", "medium_purple3", "grey50", "bold",
)  # fmt: skip
"""The colours of series and classes, ten as there are digits; they repeat what a letter says already."""
REFERENCE_STYLE, MARK_STYLE = "dim", "bold"
EDGE_TICK = ("▁│", "_|")
"""A tick at the lower edge of a row, and the same in ASCII."""
DASH = 3
"""A dashed line has a dot in so many."""


def series_style(k: int) -> str:
    """Return the style of the k-th of several series."""
    return SERIES_STYLES[k % len(SERIES_STYLES)]


class Frame:
    """A canvas with an x axis below it and a y axis at its left; a y axis without a name has no numbers."""

    def __init__(
        self,
        scales: tuple[Scale, Scale],
        names: tuple[str, str],
        layout: LayoutOptions,
        width: int,
        height: int = HEIGHT,
        room: int = 0,
        y_ticks: Sequence[float] = (),
        *,
        at_edges: bool = False,
    ) -> None:
        self.x, self.y = scales
        self.at_edges = at_edges  # of bars: a tick is the lower edge of its row, as a bar's end is
        self.layout, self.width = layout, width
        self.y_ticks = [*y_ticks] or (self.y.ticks(max(2, height // ROWS_PER_TICK)) if names[1] else [])
        texts = tick_labels(self.y_ticks)
        self.margin = max(map(len, texts), default=0)
        self.has_room = self.margin + 2 <= width // 3  # else the ends of the axes are said above
        if not self.has_room:
            self.margin = 0
        self.room = min(room or width, width - self.margin - 3)
        self.names = [
            _axis_name(name, scale, layout, width - self.margin - 2)
            for name, scale in zip(names, scales, strict=True)
        ]
        self.canvas = Canvas(self.room, height, layout)
        if self.at_edges:
            places = (height - 1 - round(share * height) for share in self.y.shares(np.array(self.y_ticks)))
        else:
            rows = self.y.cells(np.array(self.y_ticks), self.canvas.dots_high)
            places = (height - 1 - row // self.canvas.size.high for row in rows.tolist())
        self.y_labels = dict(zip(places, texts, strict=True)) if self.has_room else {}

    def columns(self, values: Values) -> Values:
        """Return the dot column of each x, as a fraction, beyond the canvas or nan for what is not in it."""
        return self.x.shares(values) * (self.canvas.dots_wide - 1)

    def rows(self, values: Values) -> Values:
        """Return the dot row of each y, from above."""
        return (1.0 - self.y.shares(values)) * (self.canvas.dots_high - 1)

    def cell_columns(self, values: Values) -> Values:
        """Return the column of cells of each x, -1 outside."""
        return self._cells(self.columns(values), self.canvas.size.wide, self.room)

    def cell_rows(self, values: Values) -> Values:
        """Return the row of cells of each y, -1 outside."""
        return self._cells(self.rows(values), self.canvas.size.high, self.canvas.height)

    @staticmethod
    def _cells(dots: Values, size: int, count: int) -> Values:
        places = np.rint(np.where(np.isfinite(dots), dots, -1e9).clip(-1e9, 1e9)).astype(np.int64) // size
        return np.asarray(np.where((places >= 0) & (places < count), places, -1))

    def reference(self, value: float, *, upright: bool = False) -> int:
        """Draw a dashed line at a y, or `upright` at an x; return its row or column of cells, -1 outside."""
        canvas = self.canvas
        dots = self.columns(np.array([value])) if upright else self.rows(np.array([value]))
        length = canvas.dots_wide if upright else canvas.dots_high
        if not (np.isfinite(dots[0]) and -0.5 < dots[0] < length - 0.5):
            return -1
        place = int(np.rint(dots[0]))
        along = np.arange(0, canvas.dots_high if upright else canvas.dots_wide, DASH)
        across = np.full(len(along), place)
        sign = "|" if upright else "-"
        canvas.dots((across, along) if upright else (along, across), REFERENCE_STYLE, sign=sign)
        return place // canvas.size.wide if upright else place // canvas.size.high

    def put_beside(self, cell: int, text: str, *, upright: bool) -> bool:
        """Put a text beside a dashed line where nothing is drawn; return whether there is such a place."""
        text = rendered(text, self.layout)
        length = len(text)
        if upright:
            spots = [(row, column) for row in (0, 1, 2, *range(3, self.canvas.height))
                     for column in (cell + 2, cell - length - 1)]  # fmt: skip
        else:
            starts = range(self.room - length, -1, -1)
            spots = [(row, column) for row in (cell - 1, cell + 1) for column in starts]
        for row, column in spots:
            if self.canvas.free(row, column, length) and self._is_apart(row, column, length):
                self.canvas.text(row, column, text, REFERENCE_STYLE)
                return True
        return False

    def _is_apart(self, row: int, column: int, length: int) -> bool:
        """Return whether the cells around a text are free, and no other text is near."""
        around = (column - 2, column - 1, column + length, column + length + 1)
        return all(not 0 <= k < self.room or self.canvas.signs[row, k] == "" for k in around) and all(
            not 0 <= k < self.room or self.canvas.free(row, k, 1) for k in around[1:3]
        )

    def lines(self) -> list[StyledLine]:
        """Return the y axis's name, the canvas beside its ticks, and the x axis."""
        if not self.has_room:
            return self._lines_without_ticks()
        start = " " * (self.margin + 2)
        named = [styled(f"{start}{self.names[1]}".rstrip(), "dim")] if self.names[1] else []
        rows = []
        for k, spans in enumerate(self.canvas.spans()):
            label = self.y_labels.get(k, "")
            tick = EDGE_TICK[self.layout.ascii_only] if self.at_edges else " ┤"
            edge = rendered(tick if label else " │", self.layout)
            rows.append(StyledLine(((f" {label:>{self.margin}}{edge}", ""), *spans), touching=True))
        return [*named, *rows, *self._x_axis(start)]

    def _x_axis(self, start: str) -> list[StyledLine]:
        ticks, texts = self._fitting_x_ticks(len(start))
        axis = ["─"] * self.room
        labels = [" "] * self.width
        for column, text, left in zip(
            ticks, texts, self._label_starts(ticks, texts, len(start)), strict=True
        ):
            axis[column] = "┬"
            labels[left : left + len(text)] = text
        said = "".join(labels).rstrip()
        below = [said] if said.strip() else []
        if self.names[0]:
            below.append(f"{start} {self.names[0]:^{self.room}}".rstrip())
        ruler = rendered(f"{start}└" + "".join(axis), self.layout)
        return [styled(line) for line in (ruler, *below)]

    def _fitting_x_ticks(self, start: int) -> tuple[list[int], list[str]]:
        """Return the columns and labels of as many ticks as stand beside each other."""
        for most in range(MAX_X_TICKS, 1, -1):
            ticks = self.x.ticks(most)
            texts = tick_labels(ticks)
            cells = self.cell_columns(np.array(ticks)).tolist()
            pairs = [(cell, text) for cell, text in zip(cells, texts, strict=True) if cell >= 0]
            columns, labels = [cell for cell, _ in pairs], [text for _, text in pairs]
            starts = self._label_starts(columns, labels, start)
            ends = [left + len(text) + 2 for left, text in zip(starts, labels, strict=True)]
            if all(end <= left for end, left in zip(ends, starts[1:], strict=False)) and all(
                len(text) <= self.room for text in labels
            ):
                return columns, labels
        return [], []

    def _label_starts(self, columns: Sequence[int], texts: Sequence[str], start: int) -> list[int]:
        """Return where labels centred below their ticks begin."""
        middles = (start + 1 + column for column in columns)
        return [
            max(0, min(middle - len(text) // 2, self.width - len(text)))
            for middle, text in zip(middles, texts, strict=True)
        ]

    def _lines_without_ticks(self) -> list[StyledLine]:
        style = self.layout.style
        said = []
        for name, scale in ((self.names[1], self.y), (self.names[0], self.x)):
            if name:
                low, high = (style.format_display(end) for end in (scale.low, scale.high))
                said += wrap(f" {name}: {low} to {high}", self.width)
        edge = rendered(" │", self.layout)
        rows = [StyledLine(((edge, ""), *spans), touching=True) for spans in self.canvas.spans()]
        ruler = rendered(" └" + "─" * self.room, self.layout)
        return [*(styled(rendered(line, self.layout)) for line in said), *rows, styled(ruler)]


def even_rows(scale: Scale, most: int, layout: LayoutOptions) -> tuple[Scale, int, list[float]]:
    """Return a y axis moved outwards, its rows and its ticks, each in the same dot of its row of cells.

    So a tick, a dashed line there and a point there are at one height, and what is evenly apart looks so.
    Where no number of rows up to `most` does it, the tick is in the row of its value.
    """
    ticks = scale.ticks(max(2, most // ROWS_PER_TICK))
    shares = scale.shares(np.array(ticks))
    if len(ticks) < 2 or not (shares[0] < shares[-1]):
        return scale, most, ticks
    high = dot_size(layout).high
    foot = high // 2 - 1  # dots of its cell that are below a tick
    across = float(shares[-1] - shares[0])
    for cells in range(most - 1, 0, -1):
        by_share = cells * high / across
        below = max(0, math.ceil((shares[0] * by_share - foot) / high - 1e-9))
        above = max(0, math.ceil(((1.0 - shares[-1]) * by_share - (high - 1 - foot)) / high - 1e-9))
        rows = below + cells + 1 + above
        dots = np.rint((shares - shares[0]) * by_share).astype(np.int64)
        if rows > most or (dots % high).any():
            continue
        with np.errstate(all="ignore"):
            low = scale.value(float(shares[0]) - (below * high + foot) / by_share)
            top = scale.value(float(shares[-1]) + ((above + 1) * high - 1 - foot) / by_share)
        if math.isfinite(low) and math.isfinite(top) and (low > 0.0 or not scale.log):
            return scale._replace(low=low, high=top), rows, ticks
    return scale, most, ticks


def _axis_name(name: str, scale: Scale, layout: LayoutOptions, room: int) -> str:
    """Return the name of an axis as long as fits, and that it is logarithmic."""
    said = " (log scale)" if scale.log and name else ""
    if said and room < 2 * len(said):
        return safe_label(f"log {name}", layout, max(1, room))
    return safe_label(name, layout, max(1, room - len(said))) + said if name else ""


def legend_lines(
    entries: Iterable[tuple[str, str, str]], layout: LayoutOptions, width: int, text_style: str | None = None
) -> list[StyledLine]:
    """Return (sign, text, style) entries side by side, as many in a line as fit."""
    lines: list[list[tuple[str, str]]] = []
    used = width
    for sign, text, style in entries:
        label = safe_label(f"{sign} {text}" if sign else text, layout, width - 2)
        if used + 3 + display_width(label) > width:
            lines.append([(" ", "")])
            used = 1
        else:
            lines[-1].append(("   ", ""))
            used += 3
        if text_style is not None and sign:
            lines[-1] += [(label[: len(sign)], style), (label[len(sign) :], text_style)]
        else:
            lines[-1].append((label, style if text_style is None else text_style))
        used += display_width(label)
    return [StyledLine(tuple(line)) for line in lines]


def said_lines(notes: Iterable[str], layout: LayoutOptions, width: int) -> list[StyledLine]:
    """Return notes below a plot, which may hold names of the user's, wrapped."""
    texts = [safe_label(f" {note}", layout) for note in notes if note]
    return [styled(line, "dim") for text in texts for line in wrap(text, width)]
