"""Pictures in a terminal: bars, curves, and images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from aimath.render.fields import entry_names
from aimath.render.layout import BAR, Strip, label, left_out, ours, padded, side_by_side, strip
from aimath.render.layout import bars as drawn_bars
from aimath.render.panels import heat_map
from aimath.render.picture import Gallery, images
from aimath.safe import cells

if TYPE_CHECKING:
    from aimath.render.fields import Quantities
    from aimath.render.text import Wanted

WIDEST, HEIGHT = 80, 12
HEAD, TAIL = 20, 5
"""Of a longer vector, or of more rows, so many bars are drawn (`--all` draws each)."""
SHELVES = 100
"""So many lines of images are kept back, to stand below the numbers."""


class Plotter:
    """Draws what the command's Plot names: bars at once, curves and images when all rows are known."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted, self.width = wanted, max(20, min(wanted.width, WIDEST))
        self.points: list[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]] = []
        self.axes = ("", "")
        self.gallery = Gallery(wanted, self.width)

    def add(self, known: Quantities) -> list[Strip]:
        """Give what can be drawn of one block of rows."""
        drawing = known.report.plot
        y = known[drawing.y] if drawing else None
        if drawing is None or y is None or known.report.void:
            return []
        if drawing.kind == "heat":
            return self._heat(known, y)
        if drawing.kind == "picture":
            for image, said in images(known, y, self.wanted):
                self.gallery.add(image, said)
            return self.gallery.strips() if len(self.gallery.shelves) > SHELVES else []
        if drawing.kind != "curve":
            return self._bars(known, y)
        x = known[drawing.x]
        start = sum(len(ys) for _, ys in self.points)
        self.points.append((np.ravel(np.arange(start, start + y.size) if x is None else x), np.ravel(y)))
        self.axes = (drawing.x, drawing.y)
        return []

    def _heat(self, known: Quantities, y: np.ndarray[Any, Any]) -> list[Strip]:
        """Give each matrix with its numbers, or as an image where they have no room."""
        strips: list[Strip] = []
        names, heads = (entry_names(known.report, (size,)) for size in y.shape[-2:])
        for matrix in y.reshape(-1, *y.shape[-2:]):
            drawn = heat_map(matrix, names, heads, self.wanted, self.width)
            if drawn is None:
                self.gallery.add(matrix, "")
                drawn = self.gallery.strips()
            strips += [*([strip("")] if strips else []), *drawn]
        return strips

    def rest(self) -> list[Strip]:
        """Give what needed all rows."""
        if not self.points:
            return self.gallery.strips()
        x, y = (np.concatenate(part).astype(np.float64) for part in zip(*self.points, strict=True))
        lines = curve(x, y, self.axes, self.wanted, self.width)
        return [strip(ours(line, self.wanted), BAR) for line in lines]

    def _bars(self, known: Quantities, y: np.ndarray[Any, Any]) -> list[Strip]:
        names = entry_names(known.report, y.shape[1:] or (1,))
        words = known[known.report.plot.x] if known.report.plot and known.report.plot.x else None
        if words is not None and words.dtype.kind == "U" and len(y) == 1:
            names = list(words[0])
        strips: list[Strip] = []
        for row in y if self.wanted.all_rows else y[:HEAD]:
            strips += [strip("")] if strips else []
            strips += bars(names, np.ravel(row), self.wanted, self.width)
        if (hidden := len(y) - HEAD) > 0 and not self.wanted.all_rows:
            strips.append(left_out(hidden, self.wanted, "rows"))
        return strips


def bars(names: list[str], values: np.ndarray[Any, Any], wanted: Wanted, width: int) -> list[Strip]:
    """Draw a vector as a bar an entry."""
    hidden = 0 if wanted.all_rows else max(0, len(values) - HEAD - TAIL)
    kept = [*range(HEAD), *range(len(values) - TAIL, len(values))] if hidden > 1 else list(range(len(values)))
    labels = padded([label(names[k], wanted, width // 3) for k in kept])
    lines = side_by_side([labels, wanted.style.column(values[kept].tolist())])
    marks = drawn_bars(values.astype(np.float64), max(3, width - cells(lines[0]) - 2))
    strips = [strip(line, "", ours(f"  {marks[k]}", wanted)) for k, line in zip(kept, lines, strict=True)]
    if hidden > 1:
        strips.insert(HEAD, left_out(hidden, wanted))
    return strips


def curve(
    x: np.ndarray[Any, Any], y: np.ndarray[Any, Any], axes: tuple[str, str], wanted: Wanted, width: int
) -> list[str]:
    """Draw points (x, y) with their ranges at the edges; what is infinite or nan can't be drawn."""
    keep = np.isfinite(x) & np.isfinite(y)
    x, y = x[keep], y[keep]
    if not x.size:
        return []
    low, high, left, right = (wanted.style.people(float(end)) for end in (y.min(), y.max(), x.min(), x.max()))
    margin = max(len(low), len(high))
    if margin + 2 > width // 3:  # numbers beside the curve would leave it no room
        lines = [*_range("y", low, high, width), *_range("x", left, right, width)]
        return [
            *lines,
            *(f" │{line}".rstrip() for line in _canvas(x, y, width - 2)),
            " └" + "─" * (width - 2),
        ]
    room = width - margin - 3
    edge = {0: high, HEIGHT - 1: low}
    drawn = enumerate(_canvas(x, y, room))
    lines = [f" {edge.get(k, ''):>{margin}} │{line}".rstrip() for k, line in drawn]
    between = room - len(left) - len(right)
    start = " " * (margin + 2)
    below = [f"{start} {left}{axes[0] if len(axes[0]) + 2 <= between else '':^{max(0, between)}}{right}"]
    below = below if between > 0 else _range("x", left, right, width)
    return [f"{start}{axes[1]}".rstrip(), *lines, f"{start}└{'─' * room}", *below]


def _range(axis: str, low: str, high: str, width: int) -> list[str]:
    line = f" {axis}: {low} to {high}"
    return [line] if len(line) <= width else [f" {axis}: {low}", f" to {high}"]


def _canvas(x: np.ndarray[Any, Any], y: np.ndarray[Any, Any], room: int) -> list[str]:
    cells_of = [[" "] * room for _ in range(HEIGHT)]
    for across, down in zip(_scaled(x, room), _scaled(y, HEIGHT), strict=True):
        cells_of[HEIGHT - 1 - down][across] = "●"
    return ["".join(line) for line in cells_of]


def _scaled(values: np.ndarray[Any, Any], room: int) -> list[int]:
    """Give the cell of each value; halves, because the span of finite numbers can overflow."""
    half = values / 2
    span = float(half.max() - half.min()) or 1.0
    return [int(place) for place in np.rint((half - half.min()) / span * (room - 1))]
