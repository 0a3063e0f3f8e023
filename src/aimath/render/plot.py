"""Pictures in a terminal: bars, curves, and images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from aimath.render.canvas import cloud, curve
from aimath.render.fields import Quantities, entry_names
from aimath.render.landscape import swept, way
from aimath.render.layout import (
    BAR,
    HEAD,
    Strip,
    apart,
    drawn,
    ends,
    label,
    left_out,
    padded,
    side_by_side,
    strip,
    wrapped,
)
from aimath.render.layout import bars as drawn_bars
from aimath.render.numbers import Style
from aimath.render.panels import heat_maps
from aimath.render.picture import Gallery, images
from aimath.safe import cells

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aimath.render.text import Wanted
    from aimath.report import Plot, Report

    Values = np.ndarray[Any, Any]

SHELVES = 100
"""So many lines of images are kept back, to stand below the numbers."""


class Plotter:
    """Draws what the command's plots name: bars at once, curves and images when all rows are known."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted, self.width = wanted, wanted.measure
        self.gallery = Gallery(wanted, self.width)
        self.kept: dict[Plot, list[tuple[Any, Values]]] = {}  # x, or the options that are swept; y

    def add(self, report: Report) -> list[Strip]:
        """Give what can be drawn of one block of rows."""
        known = Quantities(report)
        plots = () if report.void else report.plots
        return apart(self._drawn(plot, known, y) for plot in plots if (y := known[plot.y]) is not None)

    def _drawn(self, plot: Plot, known: Quantities, y: Values) -> list[Strip]:
        match plot.kind:
            case "bars":
                return self._bars(plot, known, y)
            case "heat":
                return self._heat(known.report, y)
            case "scatter":
                return self._scatter(plot, known.report, y)
            case "path":
                return way(known.report.result, known.report.labels, self.wanted, self.width)
            case "picture":
                for image, said in images(known, y, self.wanted):
                    self.gallery.add(image, said)
                return self.gallery.strips() if len(self.gallery.shelves) > SHELVES else []
            case "sweep":
                self.kept.setdefault(plot, []).append((known.report.swept, y))
            case "curve":
                x, points = known[plot.x], self.kept.setdefault(plot, [])
                start = sum(len(ys) for _, ys in points)
                points.append((np.ravel(np.arange(start, start + y.size) if x is None else x), np.ravel(y)))
        return []

    def _scatter(self, plot: Plot, report: Report, y: Values) -> list[Strip]:
        """Draw the rows of each matrix as a cloud."""
        names = entry_names(report, y.shape[-1:], plot.y)
        axes = (names[0], names[1] if len(names) > 1 else "")
        marks = report.row_labels if len(report.row_labels) == y.shape[-2] else ()
        clouds = (
            cloud(matrix, marks, axes, self.wanted, self.width) for matrix in y.reshape(-1, *y.shape[-2:])
        )
        strips = apart([strip(line, BAR) for line in lines] for lines in clouds)
        return strips if report.rest == () else [*strips, strip(f" the first {y.shape[-2]} rows", "dim")]

    def _heat(self, report: Report, y: Values) -> list[Strip]:
        """Give matrices with their numbers, or as images where these have no room."""
        names, heads = (entry_names(report, (size,)) for size in y.shape[-2:])
        matrices = y.reshape(-1, *y.shape[-2:])
        titles = [f"{report.stack} {k + 1}" if report.stack else "" for k in range(len(matrices))]
        maps = heat_maps(matrices, names, heads, self.wanted, self.width)
        if maps is not None:
            named = zip(titles, maps, strict=True)
            return apart([*[strip(f" {title}", "bold")] * bool(title), *lines] for title, lines in named)
        for matrix, title in zip(matrices, titles, strict=True):
            self.gallery.add(matrix, title, among=matrices)
        style = Style(digits=2) if self.wanted.style.exact else self.wanted.style
        said = f" from {style.people(float(matrices.min()))} to {style.people(float(matrices.max()))}"
        return [*self.gallery.strips(), *(strip(line, "dim") for line in wrapped(said, self.width))]

    def rest(self) -> list[Strip]:
        """Give what needed all rows."""
        drawings = (
            self._curve(plot, parts) if plot.kind == "curve" else self._sweep(plot, parts)
            for plot, parts in self.kept.items()
        )
        return apart([self.gallery.strips(), *drawings])

    def _curve(self, plot: Plot, points: list[tuple[Values, Values]]) -> list[Strip]:
        x, y = (np.concatenate(part).astype(np.float64) for part in zip(*points, strict=True))
        return [strip(line, BAR) for line in curve(x, y, (plot.x, plot.y), self.wanted, self.width)]

    def _sweep(self, plot: Plot, parts: list[tuple[Mapping[str, Values], Values]]) -> list[Strip]:
        options = {key: np.concatenate([part[key] for part, _ in parts]) for key in parts[0][0]}
        values = np.concatenate([y for _, y in parts]).astype(np.float64)
        last = _last_of_each(list(options.values()))
        kept = {key: column[last] for key, column in options.items()}
        return swept(kept, values[last], plot.y, self.wanted, self.width)

    def _bars(self, plot: Plot, known: Quantities, y: Values) -> list[Strip]:
        names = entry_names(known.report, y.shape[1:] or (1,))
        words = known[plot.x] if plot.x else None
        if words is not None and words.dtype.kind == "U" and len(y) == 1:
            names = list(words[0])
        shown = y if self.wanted.all_rows else y[:HEAD]
        strips = apart(bars(names, np.ravel(row), self.wanted, self.width) for row in shown)
        return [*strips, *left_out(len(y) - len(shown), self.wanted, "rows")]


def _last_of_each(columns: list[Values]) -> Values:
    """Find the last of the rows in a row that have the same values in all columns."""
    changes = [column[1:] != column[:-1] for column in columns]
    return np.append(np.logical_or.reduce(changes), True)


def bars(names: list[str], values: Values, wanted: Wanted, width: int) -> list[Strip]:
    """Draw a vector as a bar an entry."""
    kept, hidden = ends(len(values), wanted)
    labels = padded([label(names[k], wanted, width // 3) for k in kept])
    lines = side_by_side([labels, wanted.style.column(values[kept].tolist())])
    room = width - cells(lines[0]) - 2
    marks = drawn_bars(values.astype(np.float64), room) if room >= 3 else [""] * len(values)
    strips = drawn(lines, (marks[k] for k in kept), wanted)
    return [*strips[:HEAD], *left_out(hidden, wanted), *strips[HEAD:]]
