"""Pictures in a terminal: bars, curves, and images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from aimath.render.canvas import cloud, curve
from aimath.render.fields import Quantities, entry_names
from aimath.render.landscape import swept, way
from aimath.render.layout import BAR, Strip, label, left_out, ours, padded, side_by_side, strip
from aimath.render.layout import bars as drawn_bars
from aimath.render.panels import heat_map
from aimath.render.picture import Gallery, images
from aimath.safe import cells

if TYPE_CHECKING:
    from aimath.render.text import Wanted
    from aimath.report import Plot, Report

    Values = np.ndarray[Any, Any]

WIDEST = 80
HEAD, TAIL = 20, 5
"""Of a longer vector, or of more rows, so many bars are drawn (`--all` draws each)."""
SHELVES = 100
"""So many lines of images are kept back, to stand below the numbers."""


class Plotter:
    """Draws what the command's plots name: bars at once, curves and images when all rows are known."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted, self.width = wanted, max(20, min(wanted.width, WIDEST))
        self.curves: dict[Plot, list[tuple[Values, Values]]] = {}
        self.gallery = Gallery(wanted, self.width)
        self.sweeps: dict[Plot, list[tuple[dict[str, Values], Values]]] = {}

    def add(self, report: Report) -> list[Strip]:
        """Give what can be drawn of one block of rows."""
        strips: list[Strip] = []
        for drawing in report.plots:
            known = Quantities(report)
            y = known[drawing.y]
            if y is not None and not report.void:
                drawn = self._drawn(drawing, known, y)
                strips += [*([strip("")] if strips and drawn else []), *drawn]
        return strips

    def _drawn(self, drawing: Plot, known: Quantities, y: Values) -> list[Strip]:
        if drawing.kind == "heat":
            return self._heat(known, y)
        if drawing.kind == "picture":
            for image, said in images(known, y, self.wanted):
                self.gallery.add(image, said)
            return self.gallery.strips() if len(self.gallery.shelves) > SHELVES else []
        if drawing.kind == "scatter":
            return self._scatter(drawing, known.report, y)
        if drawing.kind == "path":
            return way(known.report.result, known.report.labels, self.wanted, self.width)
        if drawing.kind == "sweep":
            ends = dict(known.report.swept)
            self.sweeps.setdefault(drawing, []).append(({key: np.asarray(ends[key]) for key in ends}, y))
            return []
        if drawing.kind != "curve":
            return self._bars(drawing, known, y)
        x, points = known[drawing.x], self.curves.setdefault(drawing, [])
        start = sum(len(ys) for _, ys in points)
        points.append((np.ravel(np.arange(start, start + y.size) if x is None else x), np.ravel(y)))
        return []

    def _scatter(self, drawing: Plot, report: Report, y: Values) -> list[Strip]:
        """Draw the rows of each matrix as a cloud."""
        strips: list[Strip] = []
        names = entry_names(report, y.shape[-1:], drawing.y)
        axes = (names[0], names[1] if len(names) > 1 else "")
        for matrix in y.reshape(-1, *y.shape[-2:]):
            marks = report.row_labels if len(report.row_labels) == len(matrix) else ()
            drawn = cloud(matrix, marks, axes, self.wanted, self.width)
            strips += [*([strip("")] if strips else []), *(strip(line, BAR) for line in drawn)]
        return strips if report.rest == () else [*strips, strip(f" the first {y.shape[-2]} rows", "dim")]

    def _heat(self, known: Quantities, y: Values) -> list[Strip]:
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
        strips = self.gallery.strips()
        for drawing, points in self.curves.items():
            x, y = (np.concatenate(part).astype(np.float64) for part in zip(*points, strict=True))
            lines = curve(x, y, (drawing.x, drawing.y), self.wanted, self.width)
            strips += [*([strip("")] if strips and lines else []), *(strip(line, BAR) for line in lines)]
        for drawing, parts in self.sweeps.items():
            options = {key: np.concatenate([part[key] for part, _ in parts]) for key in parts[0][0]}
            values = np.concatenate([y for _, y in parts]).astype(np.float64)
            ends = _last_of_each(list(options.values()))
            kept = {key: column[ends] for key, column in options.items()}
            lines_of_sweep = swept(kept, values[ends], drawing.y, self.wanted, self.width)
            strips += [*([strip("")] if strips else []), *lines_of_sweep]
        return strips

    def _bars(self, drawing: Plot, known: Quantities, y: Values) -> list[Strip]:
        names = entry_names(known.report, y.shape[1:] or (1,))
        words = known[drawing.x] if drawing.x else None
        if words is not None and words.dtype.kind == "U" and len(y) == 1:
            names = list(words[0])
        strips: list[Strip] = []
        for row in y if self.wanted.all_rows else y[:HEAD]:
            strips += [strip("")] if strips else []
            strips += bars(names, np.ravel(row), self.wanted, self.width)
        if (hidden := len(y) - HEAD) > 0 and not self.wanted.all_rows:
            strips.append(left_out(hidden, self.wanted, "rows"))
        return strips


def _last_of_each(columns: list[Values]) -> Values:
    """Find the last of the rows in a row that have the same values in all columns."""
    changes = [column[1:] != column[:-1] for column in columns]
    return np.append(np.logical_or.reduce(changes), True)


def bars(names: list[str], values: Values, wanted: Wanted, width: int) -> list[Strip]:
    """Draw a vector as a bar an entry."""
    hidden = 0 if wanted.all_rows else max(0, len(values) - HEAD - TAIL)
    kept = [*range(HEAD), *range(len(values) - TAIL, len(values))] if hidden > 1 else list(range(len(values)))
    labels = padded([label(names[k], wanted, width // 3) for k in kept])
    lines = side_by_side([labels, wanted.style.column(values[kept].tolist())])
    room = width - cells(lines[0]) - 2
    marks = drawn_bars(values.astype(np.float64), room) if room >= 3 else [""] * len(values)
    strips = [strip(line, "", ours(f"  {marks[k]}", wanted)) for k, line in zip(kept, lines, strict=True)]
    if hidden > 1:
        strips.insert(HEAD, left_out(hidden, wanted))
    return strips
