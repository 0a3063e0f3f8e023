"""Plots in a terminal: bars, curves, clouds, and where descents went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from aimath.render._images import Gallery, images
from aimath.render._layout import (
    BAR,
    DOT,
    HEAD,
    SHADES,
    Strip,
    apart,
    bars as drawn_bars,
    drawn,
    ends,
    label,
    left_out,
    ours,
    padded,
    scaled,
    side_by_side,
    strip,
    wrapped,
)
from aimath.render._panels import heat_maps
from aimath.render.fields import Quantities, entry_names
from aimath.render.numbers import Style
from aimath.text import cells, safe

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aimath.render.fields import Wanted
    from aimath.report import Plot, Report

    Points = np.ndarray[Any, Any]
    Values = np.ndarray[Any, Any]

HEIGHT = 12


def curve(x: Points, y: Points, axes: tuple[str, str], wanted: Wanted, width: int) -> list[str]:
    """Draw points (x, y) with their ranges at the edges; what is infinite or nan is only counted."""
    beyond = int((~np.isfinite(x) | ~np.isfinite(y)).sum())
    counted = [ours(f" … {beyond} at infinity", wanted)] * (beyond > 0)
    return [*marked(x, y, np.full(len(x), DOT), axes, wanted, width), *counted]


def cloud(
    points: Points, names: Sequence[str], axes: tuple[str, str], wanted: Wanted, width: int
) -> list[str]:
    """Draw rows (n, 1 or more) by their first two numbers, each as the first sign of its name.

    Where several fall into one cell, the commonest sign is drawn; a single number is drawn on a line.
    """
    x = points[:, 0]
    y = points[:, 1] if points.shape[1] > 1 else np.zeros_like(x)
    marks = np.array([_mark(name) for name in names] or [DOT] * len(x))
    return marked(x, y, marks, axes, wanted, width)


def _mark(name: str) -> str:
    sign = safe(name)[:1]
    return sign if sign.strip() and cells(sign) == 1 else DOT


def marked(
    x: Points, y: Points, marks: Points, axes: tuple[str, str], wanted: Wanted, width: int
) -> list[str]:
    """Draw points (x, y), each as its mark; where several fall into one cell, the commonest is drawn."""
    keep = np.isfinite(x) & np.isfinite(y)
    x, y, marks = x[keep], y[keep], marks[keep]
    if not x.size:
        return []
    high = HEIGHT if axes[1] else 1
    low, top, left, right = (wanted.style.people(float(end)) for end in (y.min(), y.max(), x.min(), x.max()))
    if not axes[1]:
        low = top = ""
    margin = max(len(low), len(top))
    if margin + 2 > width // 3:  # numbers beside the curve would leave it no room
        lines = [*ranged("y", low, top, width), *ranged("x", left, right, width)]
        canvas = (f" │{line}".rstrip() for line in _canvas(x, y, marks, width - 2, high))
        return [ours(line, wanted) for line in (*lines, *canvas, " └" + "─" * (width - 2))]
    room = width - margin - 3
    edge = {0: top, high - 1: low}
    drawn = enumerate(_canvas(x, y, marks, room, high))
    lines = [f" {edge.get(k, ''):>{margin}} │{line}".rstrip() for k, line in drawn]
    between = room - len(left) - len(right)
    start = " " * (margin + 2)
    below = [f"{start} {left}{axes[0] if len(axes[0]) + 2 <= between else '':^{max(0, between)}}{right}"]
    below = below if between > 0 else ranged("x", left, right, width)
    named = [f"{start}{axes[1]}".rstrip()] if axes[1] else []
    return [ours(line, wanted) for line in (*named, *lines, f"{start}└{'─' * room}", *below)]


def ranged(axis: str, low: str, high: str, width: int) -> list[str]:
    """Say the ends of an axis in a line, or in two where it would be too long."""
    line = f" {axis}: {low} to {high}"
    return [line] if len(line) <= width else [f" {axis}: {low}", f" to {high}"]


def _canvas(x: Points, y: Points, marks: Points, room: int, high: int) -> list[str]:
    places = (high - 1 - scaled(y, high)) * room + scaled(x, room)
    signs, which = np.unique(marks, return_inverse=True)
    counts = np.zeros((len(signs), high * room), np.int64)
    np.add.at(counts, (which, places), 1)
    drawn = np.where(counts.any(axis=0), signs[counts.argmax(axis=0)], " ").reshape(high, room)
    return ["".join(line) for line in drawn.tolist()]


HIGH, NARROW = 16, 8
GROUND, WAY, START, END = "·", "o", "S", "E"
SPREAD = 50.0
"""Positive numbers whose largest is so many times their smallest are drawn by their logarithms."""


def way(descent: Any, names: Sequence[str], wanted: Wanted, width: int) -> list[Strip]:
    """Draw a descent (a Trajectory of core) from S to E over the curve or the map of its function."""
    margin = width // 5
    found = descent.surface(max(NARROW, width - margin - 3), HIGH)
    named = [safe(name) for name in names]
    if len(found.y) == 1:
        lines = _along(found, named[0], wanted, width)
    else:
        lines = _over(found, named, wanted, margin)
    said = wrapped(f" {START} start   {END} end   {WAY} between", width)
    return [*(strip(line, BAR) for line in lines), *(strip(line, "dim") for line in said)]


def _along(found: Any, name: str, wanted: Wanted, width: int) -> list[str]:
    """Draw the curve, and the steps on it."""
    x, y = found.path[:, 0], found.losses
    marks = np.full(len(x), WAY)
    marks[[0, -1]] = START, END
    # Ends outweigh the steps in their cell.
    often = np.where(marks == WAY, 1, len(x) + 2)
    ground = np.full(len(found.x), GROUND)
    return marked(
        np.concatenate((found.x, np.repeat(x, often))),
        np.concatenate((found.values[0], np.repeat(y, often))),
        np.concatenate((ground, np.repeat(marks, often))),
        (name, "f"), wanted, width,
    )  # fmt: skip


def _over(found: Any, names: Sequence[str], wanted: Wanted, margin: int) -> list[str]:
    """Draw heights as shades, a fifth of the map each, blank the lowest; and the steps on them."""
    finite = found.values[np.isfinite(found.values)]
    bounds = np.quantile(finite, np.linspace(0.2, 0.8, 4)) if finite.size else np.zeros(4)
    shades = np.array(list(SHADES))[np.searchsorted(bounds, found.values)]
    shades[np.isnan(found.values)] = "?"
    columns, rows = (_places(found.path[:, k], axis) for k, axis in enumerate((found.x, found.y)))
    shades[rows, columns] = WAY
    shades[rows[[0, -1]], columns[[0, -1]]] = START, END
    ends = [wanted.style.people(float(x)) for x in (found.y[-1], found.y[0], found.x[0], found.x[-1])]
    rows_of_map = ["".join(row) for row in shades[::-1].tolist()]
    return [ours(line, wanted) for line in _framed(rows_of_map, names, ends, margin)]


def _framed(rows: Sequence[str], names: Sequence[str], ends: Sequence[str], margin: int) -> list[str]:
    """Set the ends of both axes around a map, or above it where they have no room beside it."""
    top, low, left, right = ends
    wide = len(rows[0])
    between = wide - len(left) - len(right)
    if max(cells(top), cells(low)) > margin or between < 1:
        said = [*ranged(names[1][:margin], low, top, wide), *ranged(names[0][:margin], left, right, wide)]
        return [*said, *(f" │{row}" for row in rows), f" └{'─' * wide}"]
    room = max(cells(top), cells(low), min(cells(names[1]), margin))
    edge = {0: top, 1: names[1][:room], len(rows) - 1: low}
    lines = [f" {edge.get(k, ''):>{room}} │{row}" for k, row in enumerate(rows)]
    start = " " * (room + 2)
    return [*lines, f"{start}└{'─' * wide}", f"{start} {left}{names[0][:between]:^{between}}{right}"]


def _places(values: Values, axis: Values) -> Values:
    """Give the cell of each value on an ascending axis."""
    half = axis / 2
    place = (values / 2 - half[0]) / (half[-1] - half[0]) * (len(axis) - 1)
    return np.asarray(np.clip(np.rint(place), 0, len(axis) - 1), np.int64)


def swept(options: Mapping[str, Values], y: Values, name: str, wanted: Wanted, width: int) -> list[Strip]:
    """Draw one number a run over the option that was swept, or over two of them."""
    if len(options) == 1:
        ((option, x),) = options.items()
        (x, across), (y, up) = _spread(x, option), _spread(y, name)
        return [strip(line, BAR) for line in curve(x, y, (across, up), wanted, width)]
    first, second = list(options.items())[-2:]
    return _map(first, second, y, wanted, width)


def _spread(values: Values, name: str) -> tuple[Values, str]:
    """Give what is drawn of numbers, and how it is called: their logarithms where they span much."""
    values = np.asarray(values, np.float64)
    finite = values[np.isfinite(values)]
    if finite.size and finite.min() > 0.0 and finite.max() / SPREAD > finite.min():
        return np.log10(values), f"log10 {name}"
    return values, name


def _map(
    first: tuple[str, Values], second: tuple[str, Values], y: Values, wanted: Wanted, width: int
) -> list[Strip]:
    """Draw numbers in rows by one option and columns by another, darker the higher among all."""
    down, row = np.unique(first[1], return_inverse=True)
    across, column = np.unique(second[1], return_inverse=True)
    table = np.full((len(down), len(across)), np.nan)
    table[row, column] = y
    order = np.searchsorted(np.sort(table[np.isfinite(table)]), table) / max(1, np.isfinite(table).sum())
    shades = np.array(list(SHADES))[np.minimum((order * len(SHADES)).astype(np.int64), len(SHADES) - 1)]
    short = Style(digits=2, narrow=True)
    labels = padded([f"{first[0]} \\ {second[0]}", *map(short.people, down)])
    blocks = [
        padded(
            [short.people(x), *(f"{short.people(v)} {s * 2}" for v, s in zip(*part, strict=True))], right=True
        )
        for x, part in zip(across, zip(table.T.tolist(), shades.T.tolist(), strict=True), strict=True)
    ]
    lines = [" " + "  ".join(parts) for parts in zip(labels, *blocks, strict=True)]
    if max(map(cells, lines)) > width:
        head = f" {first[0]}, down: {short.people(down[0])} to {short.people(down[-1])}"
        side = f" {second[0]}, across: {short.people(across[0])} to {short.people(across[-1])}"
        lines = [head, side, *(" " + "".join(line[: width - 1]) for line in shades.tolist())]
    return [strip(ours(line, wanted), "dim" if k == 0 else "") for k, line in enumerate(lines)]


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
